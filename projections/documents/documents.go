// Package documents builds read models that are one JSON document for each stream, such as an order or the stock of a
// SKU, and reads them.
//
// The same fold serves three places: a table in Postgres (Model), which has every document; Redis (Backend), which has
// those that many processes ask for; and Reader, which answers from Redis, else from Postgres, else folds the stream
// itself, and always says up to which position of the log its answer is proven. Cache stands in front of Reader in the
// memory of one process.
//
// In Redis a log's documents are spread over 64 buckets. A bucket has a checkpoint beside its documents, and both change
// in one script; a reader gets both in one command. What a document proves is therefore known without asking anybody
// else: it is what the log says at the bucket's checkpoint. Documents may be absent at any time, since they expire and
// may be evicted; checkpoints never are, and a bucket without one counts as lost.
package documents

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// Key names a document. The zero Key names none.
type Key struct {
	Tenant string
	Stream uuid.UUID
}

// Document is the fold of a stream up to some event. Its zero version says that the stream has no events.
type Document struct {
	Version  eventstore.Version  // of the last event that is in it
	Position eventstore.Position // of that event
	Body     []byte              // JSON; shared with other readers: not to be changed. Empty: there is nothing to show
}

// errBroken says that a stream's events do not follow each other, or not on the document at hand.
var errBroken = errors.New("documents: event does not follow the document")

// Fold returns prev with more events of its stream, which come in order. Events that prev has already are left out; one
// that is missing in between is an error. It is pure: the same events give the same bytes, however they are cut.
func (k *Kind) Fold(prev Document, events []projections.Event) (Document, error) {
	h, err := k.hold(prev)
	if err != nil {
		return Document{}, err
	}
	for i := range events {
		if err := h.add(&events[i]); err != nil {
			return Document{}, err
		}
	}
	return h.document()
}

// holding is a document as a state that events can be applied to. It is for one goroutine.
type holding struct {
	state    state
	version  eventstore.Version
	position eventstore.Position
	size     int // bytes of the document when it was last written or read
}

// hold reads a document back.
func (k *Kind) hold(d Document) (*holding, error) {
	h := &holding{state: k.empty(), version: d.Version, position: d.Position, size: len(d.Body)}
	if len(d.Body) > 0 {
		if err := h.state.decode(d.Body); err != nil {
			return nil, fmt.Errorf("%s document at version %d: %w", k.name, d.Version, err)
		}
	}
	return h, nil
}

// add applies the next event; one that is already in h is left out.
func (h *holding) add(e *projections.Event) error {
	if e.Version <= h.version {
		return nil
	}
	if e.Version != h.version+1 {
		return fmt.Errorf("%w: version %d of stream %s, the document has %d", errBroken, e.Version, e.Stream, h.version)
	}
	if err := h.state.apply(e.Body); err != nil {
		return fmt.Errorf("event at position %d: %w", e.Position, err)
	}
	h.version, h.position = e.Version, e.Position
	return nil
}

// document writes h down.
func (h *holding) document() (Document, error) {
	d := Document{Version: h.version, Position: h.position}
	if h.version > 0 {
		body, err := h.state.append(make([]byte, 0, h.size+h.size/8+64))
		if err != nil {
			return Document{}, err
		}
		d.Body, h.size = body, len(body)
	}
	return d, nil
}
