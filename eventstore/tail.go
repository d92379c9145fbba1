package eventstore

import "sync"

// Bounds of the events that stay in memory.
const (
	tailEvents = 32_768
	tailBytes  = 32 << 20 // unless the configuration says otherwise
)

// tail keeps the newest events of a log that this process has appended, without a hole, so that its projectors need
// not read back what it has just written. It is safe for concurrent use.
type tail struct {
	most int // bytes

	mu      sync.Mutex
	buf     []Recorded
	events  []Recorded // the part of buf in use
	bytes   int
	changed chan struct{} // closed and replaced when the log has grown
	wakes   int           // how often others' appends were announced

	reads reads // older events, that were read back
}

func newTail(most int) *tail {
	return &tail{most: most, changed: make(chan struct{}), reads: reads{most: most / 2}}
}

// add takes over events with consecutive positions. When another process wrote in between, the tail begins anew.
func (t *tail) add(events []Recorded) {
	if len(events) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.events); n > 0 && events[0].Position != t.events[n-1].Position+1 {
		if events[0].Position <= t.events[n-1].Position {
			t.announce() // late: what follows them is here already
			return
		}
		t.buf, t.events, t.bytes = nil, nil, 0
	}
	t.makeRoom(len(events))
	t.events = append(t.events, events...)
	for i := range events {
		t.bytes += sizeOf(&events[i])
	}
	drop := 0
	for len(t.events)-drop > tailEvents || (t.bytes > t.most && drop < len(t.events)) {
		t.bytes -= sizeOf(&t.events[drop])
		drop++
	}
	clear(t.events[:drop]) // the array may live on, its bodies need not
	t.events = t.events[drop:]
	t.announce()
}

// makeRoom sees to it that n events can be appended. It moves the events to the buffer's begin rather than to a new
// buffer, as soon as a quarter of it is free there. The caller holds mu.
func (t *tail) makeRoom(n int) {
	if cap(t.events)-len(t.events) >= n {
		return
	}
	kept := len(t.events)
	if need := kept + n; need+need/4 > cap(t.buf) {
		buf := make([]Recorded, kept, 2*need)
		copy(buf, t.events)
		t.buf, t.events = buf, buf
		return
	}
	whole := t.buf[:cap(t.buf)]
	copy(whole, t.events)
	clear(whole[kept:])
	t.events = whole[:kept]
}

// announce tells everybody who waits. The caller holds mu.
func (t *tail) announce() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// forget empties the tail: the log may have become another one.
func (t *tail) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf, t.events, t.bytes = nil, nil, 0
	t.reads.forget()
}

// after returns the events after a position, at most limit of them, if the tail is sure to have the next one.
func (t *tail) after(position Position, limit int) ([]Recorded, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.events) == 0 || limit < 1 {
		return nil, false
	}
	skip := int(position - t.events[0].Position + 1)
	if skip < 0 || skip >= len(t.events) {
		return nil, false
	}
	end := min(skip+limit, len(t.events))
	return append([]Recorded(nil), t.events[skip:end]...), true
}

// signal returns a channel that is closed when the log grows: by an append of this process, or by news of another's.
func (t *tail) signal() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changed
}

// wake tells everybody who waits that the log may have grown elsewhere.
func (t *tail) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wakes++
	t.announce()
}

func sizeOf(e *Recorded) int { return len(e.Data) + len(e.Metadata) + 256 }
