package customers

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections"
)

// columns are those of the sums, in their own sequence; the first three are the key.
var columns = slices.Concat([]string{"tenant_id", "customer_id", "currency"}, figureColumns[:], []string{
	"first_order_at", "first_position", "first_order_id", "last_order_at", "last_position", "last_order_id", "pii", "erased_at",
	"position",
})

// fold holds the rows of a rebuild in memory. Who was erased counts at the end.
type fold struct {
	rows   map[key]*row
	erased map[person]erasure
	names  map[string]string // they repeat: each is kept once
}

// NewFold returns an empty fold.
func (Model) NewFold() projections.Fold {
	return &fold{rows: make(map[key]*row), erased: make(map[person]erasure), names: make(map[string]string)}
}

// Add folds one event.
func (f *fold) Add(e *projections.Event) error {
	switch fact := e.Body.(type) {
	case customer.Erased:
		p := person{f.shared(e.Tenant), f.shared(fact.CustomerID)}
		if _, again := f.erased[p]; !again {
			f.erased[p] = erasure{fact.ErasedAt, int64(e.Position)}
		}
		return nil
	case order.Event:
		return f.change(e, fact)
	case customer.LegalHoldSet, customer.LegalHoldLifted: // nothing of what was ordered
		return nil
	default:
		return nil
	}
}

func (f *fold) change(e *projections.Event, fact order.Event) error {
	c, err := changeOf(fact)
	if err != nil {
		return fmt.Errorf("customers: %s at position %d: %w", e.Type, e.Position, err)
	}
	if !c.counts() {
		return nil
	}
	k := c.key(e.Tenant)
	r := f.rows[k]
	if r == nil && !c.placed {
		return fmt.Errorf("customers: customer %q at position %d: %s comes before the order", k.id, e.Position, e.Type)
	}
	if r == nil {
		r = &row{}
		f.rows[key{person{f.shared(k.tenant), f.shared(k.id)}, f.shared(k.currency)}] = r
	}
	r.figures.add(&c.figures)
	r.position = max(r.position, int64(e.Position))
	if c.placed {
		r.place(begun{c.placedAt, int64(e.Position), e.Stream}, bytes.Clone(c.pii)) // not the whole event's memory
	} else if c.contact && r.last.order == e.Stream {
		r.pii = bytes.Clone(c.pii)
	}
	return nil
}

// shared returns the one copy of a name.
func (f *fold) shared(name string) string {
	if kept, ok := f.names[name]; ok {
		return kept
	}
	f.names[name] = name
	return name
}

// Len returns the number of rows.
func (f *fold) Len() int { return len(f.rows) }

// Merge takes in the rows of another fold.
func (f *fold) Merge(other projections.Fold) error {
	from, ok := other.(*fold)
	if !ok {
		return fmt.Errorf("customers: merge with %T", other)
	}
	for k, theirs := range from.rows {
		ours := f.rows[k]
		if ours == nil {
			f.rows[k] = theirs
			continue
		}
		ours.figures.add(&theirs.figures)
		if theirs.first.before(&ours.first) {
			ours.first = theirs.first
		}
		if ours.last.before(&theirs.last) {
			ours.last, ours.pii = theirs.last, theirs.pii
		}
		ours.position = max(ours.position, theirs.position)
	}
	maps.Copy(f.erased, from.erased) // a customer's events are all in one fold
	return nil
}

// Tables returns the rows of both tables in key order.
func (f *fold) Tables() []projections.Table {
	return []projections.Table{
		{Name: Name, Columns: columns, Key: 3, Rows: f.sorted},
		{Name: erasuresName, Columns: []string{"tenant_id", "customer_id", "erased_at", "position"}, Key: 2, Rows: f.erasures},
	}
}

func (f *fold) sorted(yield func(*projections.Row) bool) {
	var out projections.Row
	for _, k := range slices.SortedFunc(maps.Keys(f.rows), byKey) {
		r := f.rows[k]
		erased, gone := f.erased[k.person]
		out.Begin()
		out.Text(k.tenant)
		out.Text(k.id)
		out.Text(k.currency)
		for _, value := range r.figures {
			out.Total(value)
		}
		for _, b := range [...]*begun{&r.first, &r.last} {
			out.Time(b.at)
			out.Int64(b.position)
			out.UUID(b.order)
		}
		if gone || r.pii == nil {
			out.Null()
		} else {
			out.Bytes(r.pii)
		}
		out.TimeOrNull(erased.at)
		out.Int64(max(r.position, erased.position))
		if !yield(&out) {
			return
		}
	}
}

func (f *fold) erasures(yield func(*projections.Row) bool) {
	var out projections.Row
	for _, p := range slices.SortedFunc(maps.Keys(f.erased), byPerson) {
		out.Begin()
		out.Text(p.tenant)
		out.Text(p.id)
		out.Time(f.erased[p].at)
		out.Int64(f.erased[p].position)
		if !yield(&out) {
			return
		}
	}
}
