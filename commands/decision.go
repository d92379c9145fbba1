package commands

import (
	"time"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
)

// Command is something that somebody wants. The types of this package are all there are.
type Command interface {
	// decide returns what the command changes, or the *rule.Violation that forbids it; in that case the decision need
	// only have its target, its time and its resource, and whatever else it has is ignored. It is pure: it sees
	// aggregates through v and changes none. When v lacks one, what it returns is thrown away and it is called again, so
	// it must look at what it is given without a fuss: an aggregate that is not loaded yet looks like one that does not
	// exist.
	decide(v *view) (decision, error)
}

// decision is what a command changes. A command that decides once on an aggregate reads its state and adds what came of
// it:
//
//	p := v.product(c.SKU)
//	events, err := catalog.Decide(p.productState(), cmd)
//	...
//	d.add(p, facts(events)...)
//
// What is decided on orders has consequences: see work.order.
//
// One that decides several times on the same aggregate reads d.stockOf(s) and its like instead, which have the events
// added so far:
//
//	events, err := stock.Decide(d.stockOf(s), release)
//	...
//	d.add(s, facts(events)...)
//	events, err = stock.Decide(d.stockOf(s), reserve)
//
// The events of one aggregate stay together and in order, and aggregates come in the order in which they were first
// added to. Until a command decides for a second time on one, nothing is copied.
type decision struct {
	target   *aggregate // whose state and version the answer shows
	changes  []change   // in the order in which the aggregates were first added to
	claims   []eventstore.Claim
	occurred time.Time
	resource string          // id of the target as clients know it
	result   any             // what Outcome.State is instead of the target's state
	pick     stock.PickOrder // Outcome.PickOrder

	places map[*aggregate]int // in changes, once there are many
}

// change is the new events of one aggregate, in the order in which they were decided.
type change struct {
	of      *aggregate
	facts   []fact
	scratch state // with the first facts applied; nil until somebody asks for it
	applied int   // facts that scratch has
}

// facts converts the events of one aggregate's package.
func facts[E fact](events []E) []fact {
	out := make([]fact, len(events))
	for i, e := range events {
		out[i] = e
	}
	return out
}

// add appends events to those that the decision has of an aggregate. None change nothing. The slice becomes the
// decision's own.
func (d *decision) add(a *aggregate, events ...fact) {
	if len(events) == 0 {
		return
	}
	if c := d.change(a); c.facts == nil {
		c.facts = events
	} else {
		c.facts = append(c.facts, events...)
	}
}

// change returns what there is about an aggregate, to be added to. It is valid until the next call. Calling it early
// gives the aggregate its place among the changes before its events are known.
func (d *decision) change(a *aggregate) *change {
	if i := d.place(a); i >= 0 {
		return &d.changes[i]
	}
	if d.changes == nil {
		d.changes = make([]change, 0, 4)
	}
	if d.places != nil {
		d.places[a] = len(d.changes)
	}
	d.changes = append(d.changes, change{of: a})
	return &d.changes[len(d.changes)-1]
}

// place returns where an aggregate is in changes, -1 if it is not.
func (d *decision) place(a *aggregate) int {
	if d.places == nil && len(d.changes) > manyReads {
		d.places = make(map[*aggregate]int, 2*len(d.changes))
		for i := range d.changes {
			d.places[d.changes[i].of] = i
		}
	}
	if d.places != nil {
		if i, ok := d.places[a]; ok {
			return i
		}
		return -1
	}
	for i := range d.changes {
		if d.changes[i].of == a {
			return i
		}
	}
	return -1
}

// on returns an aggregate's state with what the decision has added to it.
func (d *decision) on(a *aggregate) state {
	at := d.place(a)
	if at < 0 || len(d.changes[at].facts) == 0 {
		return a.state
	}
	c := &d.changes[at]
	if c.scratch == nil {
		c.scratch = a.state.scratch()
	}
	for _, f := range c.facts[c.applied:] {
		c.scratch.apply(f)
	}
	c.applied = len(c.facts)
	return c.scratch
}

// events counts what is to be appended.
func (d *decision) events() (n int) {
	for i := range d.changes {
		n += len(d.changes[i].facts)
	}
	return n
}
