package commands

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/stock"
)

// kind is what the engine knows of a kind of aggregates, whatever their rules are.
type kind struct {
	streamType string
	stream     func(tenant, key string) uuid.UUID // of a natural key; nil: aggregates have ids of their own
	empty      func() state
	decode     func(eventType string, data []byte) (fact, error)
	encode     func(fact) ([]byte, error)
	weigh      func(s state, bytes int) int // of memory, roughly, given the bytes of its events; nil: twice as many

	// Of kinds with long streams, whose states are kept as snapshots now and then.
	format  [32]byte // of the snapshots; zero: there are none
	save    func(state) []byte
	restore func([]byte) (state, error)
}

// fact is a domain event of any aggregate.
type fact interface{ EventType() string }

// state is an aggregate's state, whatever its kind.
type state interface {
	// apply moves the state on by an event of its own kind, in place.
	apply(f fact)

	// scratch returns a state to apply further events to, which this one does not see. It is of use until this one
	// changes.
	scratch() state

	// value returns a pointer to the domain's own type.
	value() any
}

// typed is the state of an aggregate whose package has S for its state and E for its events.
type typed[S any, E fact] struct {
	of    *S
	moved func(*S, E)
	clone func(*S) *S
}

// define describes a kind by what its package offers: how its states are moved on and copied, and how its events are
// stored. The copy must not be reached by later changes of the original, nor the other way round.
func define[S any, E fact](
	streamType string, apply func(*S, E), decode func(string, []byte) (E, error), encode func(E) ([]byte, error), clone func(*S) *S,
) *kind {
	return &kind{
		streamType: streamType,
		empty:      func() state { return &typed[S, E]{of: new(S), moved: apply, clone: clone} },
		decode: func(eventType string, data []byte) (fact, error) {
			e, err := decode(eventType, data)
			if err != nil {
				return nil, err
			}
			return e, nil
		},
		encode: func(f fact) ([]byte, error) {
			e, ok := f.(E)
			if !ok {
				return nil, fmt.Errorf("event %s does not belong to a stream of type %s", f.EventType(), streamType)
			}
			return encode(e)
		},
	}
}

func (h *typed[S, E]) apply(f fact) {
	if e, ok := f.(E); ok {
		h.moved(h.of, e)
	}
}

func (h *typed[S, E]) scratch() state {
	return &typed[S, E]{of: h.clone(h.of), moved: h.moved, clone: h.clone}
}

func (h *typed[S, E]) value() any { return h.of }

// keyed makes a kind one whose aggregates have natural keys. The function gives the stream of one.
func (k *kind) keyed(stream func(tenant, key string) uuid.UUID) *kind {
	k.stream = stream
	return k
}

// weighed gives a kind a measure of its states that is better than the sizes of their events.
func (k *kind) weighed(weigh func(s state, bytes int) int) *kind {
	k.weigh = weigh
	return k
}

// atMost weighs by events, of which most replace what others have said.
func atMost(most int) func(state, int) int {
	return func(_ state, bytes int) int { return min(2*bytes, most) }
}

// copied makes a kind's copy of its package's Clone.
func copied[S any](clone func(*S) S) func(*S) *S {
	return func(s *S) *S {
		c := clone(s)
		return &c
	}
}

// overlaid is a copy that costs the same however many reservations there are.
func overlaid(s *stock.Stock) *stock.Stock { return stock.NewScratch(s).State() }

// snapshotted makes a kind keep snapshots of its states. The format names how they are written and what they are the fold
// of: snapshots of another one are not read. A read function that fails means that the events are folded instead.
func snapshotted[S any](k *kind, format [32]byte, write func(*S, []byte) []byte, read func([]byte) (S, error)) *kind {
	k.format = format
	k.save = func(s state) []byte { return write(valueOf[S](s), nil) }
	k.restore = func(data []byte) (state, error) {
		of, err := read(data)
		if err != nil {
			return nil, err
		}
		s := k.empty()
		*valueOf[S](s) = of
		return s, nil
	}
	return k
}

// valueOf returns a state in its domain's own type.
func valueOf[S any](s state) *S {
	of, _ := s.value().(*S) // the accessors name the right one
	return of
}
