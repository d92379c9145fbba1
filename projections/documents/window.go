package documents

// Bounds of the memory that a fold's documents share.
const (
	openDocuments = 1 << 14 // states that are kept, of the documents that changed last
	spareStates   = 16
	writtenArena  = 1 << 20
	writtenMargin = 16 << 10 // a document that is larger moves the arena
)

// window keeps the states of the documents of a fold that were changed last. The others are written down: that takes
// half the room, and most streams have all their events within a short time. One that goes on later is read back.
type window struct {
	most  int       // open documents
	open  []*folded // as on a clock: the hand goes round and leaves those alone that were touched since it last came by
	hand  int
	spare []state // to be used again: memory that is touched for the first time costs more than what is in it
	arena []byte
}

// state returns an empty state.
func (w *window) state(kind *Kind) state {
	if len(w.spare) == 0 {
		return kind.empty()
	}
	last := len(w.spare) - 1
	s := w.spare[last]
	w.spare = w.spare[:last]
	s.reset()
	return s
}

// add takes in a document that has a state, and writes another one down if there are too many.
func (w *window) add(d *folded) {
	if len(w.open) < w.most {
		w.open = append(w.open, d)
		return
	}
	for w.open[w.hand].touched {
		w.open[w.hand].touched = false
		w.hand = (w.hand + 1) % w.most
	}
	_ = w.write(w.open[w.hand]) // what cannot be written keeps its state, and fails again when all is sealed
	w.open[w.hand] = d
	w.hand = (w.hand + 1) % w.most
}

// write writes a document down, which costs it its state.
func (w *window) write(d *folded) error {
	if d.body == nil {
		var err error
		if d.body, err = w.encode(d); err != nil {
			d.body = nil
			return err
		}
	}
	if len(w.spare) < spareStates {
		w.spare = append(w.spare, d.state)
	}
	d.state, d.size = nil, len(d.body)
	return nil
}

// encode returns the document's bytes: in the arena when it is written for the first time, else on its own, so that what
// is written again and again leaves nothing behind.
func (w *window) encode(d *folded) ([]byte, error) {
	if d.size > 0 {
		return d.state.append(make([]byte, 0, d.size+d.size/8+64))
	}
	if cap(w.arena)-len(w.arena) < writtenMargin {
		w.arena = make([]byte, 0, writtenArena)
	}
	start := len(w.arena)
	out, err := d.state.append(w.arena)
	if err != nil {
		return nil, err
	}
	w.arena = out
	return out[start:len(out):len(out)], nil
}
