package projections

import (
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// Bounds of the bodies that are kept.
const (
	decodedBlock  = 32 // events: few, since a block goes as a whole, and one event may be a large order
	decodedBlocks = 2048
	decodedBytes  = 16 << 20 // of the stored events that the bodies come from, roughly, unless the configuration says otherwise
)

// decodedBodies keeps the bodies of the events that the projections of a process have decoded last, by place in the log,
// so that those who follow it more or less together decode each event once. Bodies are read only. It is safe for
// concurrent use.
type decodedBodies struct {
	most int

	mu     sync.Mutex
	blocks map[blockKey]*block
	recent []blockKey // in the order in which they were made
	bytes  int        // of the stored events of all of them
}

type blockKey struct {
	log    eventstore.LogID
	number eventstore.Position
}

type block struct {
	bodies [decodedBlock]atomic.Pointer[decodedBody]
	bytes  int  // of the stored events, as the next
	gone   bool // it is forgotten; whoever still uses it keeps it alive
}

// decodedBody names its event, since another past of the log has others at the same places.
type decodedBody struct {
	id   uuid.UUID
	body any
}

func newDecodedBodies(most int) *decodedBodies {
	return &decodedBodies{most: most, blocks: make(map[blockKey]*block)}
}

// block returns the place of a block's bodies. The oldest ones are forgotten when there are too many, or too much in them.
func (d *decodedBodies) block(key blockKey) *block {
	d.mu.Lock()
	defer d.mu.Unlock()
	b, ok := d.blocks[key]
	if !ok {
		for len(d.recent) == decodedBlocks || len(d.recent) > 0 && d.bytes > d.most {
			old := d.blocks[d.recent[0]]
			d.bytes, old.gone = d.bytes-old.bytes, true
			delete(d.blocks, d.recent[0])
			d.recent = d.recent[1:]
		}
		b = new(block)
		d.blocks[key], d.recent = b, append(d.recent, key)
	}
	return b
}

// count adds the size of a stored event to its block, unless that is forgotten already.
func (d *decodedBodies) count(b *block, size int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !b.gone {
		b.bytes += size
		d.bytes += size
	}
}

// decoder is one reader's way along a log. It is for one goroutine.
type decoder struct {
	bodies *decodedBodies
	key    blockKey
	block  *block
}

// decode is Decode, of what nobody else has decoded.
func (d *decoder) decode(rec *eventstore.Recorded) (Event, error) {
	key := blockKey{rec.Log, rec.Position / decodedBlock}
	if d.block == nil || key != d.key {
		d.key, d.block = key, d.bodies.block(key)
	}
	e := Event{Recorded: *rec}
	place := &d.block.bodies[rec.Position%decodedBlock]
	if known := place.Load(); known != nil && known.id == rec.ID {
		e.Body = known.body
		return e, nil
	}
	var err error
	if e.Body, err = decodeSafely(rec); err == nil {
		place.Store(&decodedBody{rec.ID, e.Body})
		d.bodies.count(d.block, len(rec.Data))
	}
	return e, err
}
