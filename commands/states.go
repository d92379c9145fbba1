package commands

import (
	"container/list"
	"fmt"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
)

// ref names an aggregate of a tenant by its stream.
type ref struct {
	tenant string
	kind   string // the aggregate's stream type
	stream uuid.UUID
}

// aggregate is an aggregate's state as the engine holds it: what the log says, and the events of appends that are still
// on their way.
type aggregate struct {
	ref
	version eventstore.Version
	event   uuid.UUID // of version
	order   *order.Order
	stock   *stock.Stock
	product *catalog.Product
	place   *list.Element // in the states' order of use
}

func newAggregate(r ref) *aggregate {
	a := &aggregate{ref: r}
	switch r.kind {
	case order.StreamType:
		a.order = new(order.Order)
	case stock.StreamType:
		a.stock = new(stock.Stock)
	default:
		a.product = new(catalog.Product)
	}
	return a
}

// fact is a domain event of any aggregate.
type fact interface{ EventType() string }

// apply moves the state on by one event.
func (a *aggregate) apply(id uuid.UUID, f fact) {
	switch e := f.(type) {
	case order.Event:
		a.order.Apply(e)
	case stock.Event:
		a.stock.Apply(e)
	case catalog.Event:
		a.product.Apply(e)
	}
	a.version++
	a.event = id
}

// replay moves the state on by a recorded event.
func (a *aggregate) replay(rec *eventstore.Recorded) error {
	if rec.Version != a.version+1 {
		return fmt.Errorf("stream %s: version %d follows %d", rec.Stream, rec.Version, a.version)
	}
	var f fact
	var err error
	switch a.kind {
	case order.StreamType:
		f, err = order.Decode(rec.Type, rec.Data)
	case stock.StreamType:
		f, err = stock.Decode(rec.Type, rec.Data)
	default:
		f, err = catalog.Decode(rec.Type, rec.Data)
	}
	if err != nil {
		return fmt.Errorf("stream %s version %d: %w", rec.Stream, rec.Version, err)
	}
	a.apply(rec.ID, f)
	return nil
}

// encode returns an event as it is stored.
func encode(f fact) ([]byte, error) {
	switch e := f.(type) {
	case order.Event:
		return order.Encode(e)
	case stock.Event:
		return stock.Encode(e)
	case catalog.Event:
		return catalog.Encode(e)
	}
	return nil, fmt.Errorf("event %s belongs to no aggregate", f.EventType())
}

// states keeps the aggregates that were used last. It belongs to the engine's goroutine.
type states struct {
	limit int
	byRef map[ref]*aggregate
	used  *list.List // of *aggregate, the last used one in front
}

func newStates(limit int) *states {
	return &states{limit: limit, byRef: make(map[ref]*aggregate), used: list.New()}
}

func (s *states) get(r ref) *aggregate {
	a := s.byRef[r]
	if a != nil {
		s.used.MoveToFront(a.place)
	}
	return a
}

func (s *states) put(a *aggregate) {
	s.drop(a.ref)
	a.place = s.used.PushFront(a)
	s.byRef[a.ref] = a
}

func (s *states) drop(r ref) {
	if a := s.byRef[r]; a != nil {
		s.used.Remove(a.place)
		delete(s.byRef, r)
	}
}

// trim forgets the aggregates that were not used for longest. It runs between batches, so that none goes away while a
// decision holds it.
func (s *states) trim() {
	for s.used.Len() > s.limit {
		if oldest, ok := s.used.Back().Value.(*aggregate); ok {
			s.drop(oldest.ref)
		}
	}
}

// view is what one decision sees. It notes what was read, for the append's read set, and what was not there, so that it
// can be loaded and the decision begun again.
type view struct {
	tenant  string
	states  *states
	first   bool // the first attempt: a new id is taken to be unused
	read    []*aggregate
	seen    map[ref]*aggregate // the same, once there are many
	missing []ref
}

// manyReads is where a map becomes faster than a look through the list.
const manyReads = 16

func (v *view) look(kind string, stream uuid.UUID) *aggregate {
	r := ref{v.tenant, kind, stream}
	if a := v.again(r); a != nil {
		return a
	}
	a := v.states.get(r)
	if a == nil {
		v.missing = append(v.missing, r)
		return newAggregate(r) // not in v.read: the decision does not count
	}
	v.read = append(v.read, a)
	if v.seen != nil {
		v.seen[r] = a
	}
	return a
}

// again returns an aggregate that this decision has looked at before.
func (v *view) again(r ref) *aggregate {
	if v.seen != nil {
		return v.seen[r]
	}
	for _, a := range v.read {
		if a.ref == r {
			return a
		}
	}
	if len(v.read) > manyReads {
		v.seen = make(map[ref]*aggregate, 2*len(v.read))
		for _, a := range v.read {
			v.seen[a.ref] = a
		}
	}
	return nil
}

func (v *view) order(id uuid.UUID) *aggregate { return v.look(order.StreamType, id) }

func (v *view) stock(sku string) *aggregate {
	return v.look(stock.StreamType, stock.StreamID(v.tenant, sku))
}

func (v *view) product(sku string) *aggregate {
	return v.look(catalog.StreamType, catalog.StreamID(v.tenant, sku))
}

// fresh is order for an id that was just made: the database is not asked, since the append would notice.
func (v *view) fresh(id uuid.UUID) *aggregate {
	r := ref{v.tenant, order.StreamType, id}
	if v.first && v.states.get(r) == nil {
		v.states.put(newAggregate(r))
	}
	return v.order(id)
}

func (v *view) readSet() []eventstore.Expectation {
	reads := make([]eventstore.Expectation, len(v.read))
	for i, a := range v.read {
		reads[i] = eventstore.Expectation{Stream: a.stream, Version: a.version, Event: a.event}
	}
	return reads
}
