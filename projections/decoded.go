package projections

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// Bounds of the bodies that are kept.
const (
	decodedBlock  = 1024 // events
	decodedBlocks = 64
)

// decodedBodies keeps the bodies of the events that the projections of a process have decoded last, by place in the log,
// so that those who follow it more or less together decode each event once. Bodies are read only. It is safe for
// concurrent use.
type decodedBodies struct {
	mu     sync.Mutex
	blocks map[blockKey]*block
	recent []blockKey // in the order in which they were made
}

type blockKey struct {
	log    eventstore.LogID
	number eventstore.Position
}

type block [decodedBlock]atomic.Pointer[decodedBody]

// decodedBody names its event, since another past of the log has others at the same places.
type decodedBody struct {
	id   uuid.UUID
	body any
}

func newDecodedBodies() *decodedBodies { return &decodedBodies{blocks: make(map[blockKey]*block)} }

// block returns the place of a block's bodies. The oldest one is forgotten when there are too many.
func (d *decodedBodies) block(key blockKey) *block {
	d.mu.Lock()
	defer d.mu.Unlock()
	b, ok := d.blocks[key]
	if !ok {
		if len(d.recent) == decodedBlocks {
			delete(d.blocks, d.recent[0])
			d.recent = slices.Delete(d.recent, 0, 1)
		}
		b = new(block)
		d.blocks[key], d.recent = b, append(d.recent, key)
	}
	return b
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
	place := &d.block[rec.Position%decodedBlock]
	if known := place.Load(); known != nil && known.id == rec.ID {
		e.Body = known.body
		return e, nil
	}
	var err error
	if e.Body, err = decodeBody(rec); err == nil {
		place.Store(&decodedBody{rec.ID, e.Body})
	}
	return e, err
}
