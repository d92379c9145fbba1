package orderlist

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections"
)

// fold holds the rows of a rebuild in memory.
type fold struct {
	rows  projections.Streams[row]
	names map[string]string // channels, currencies, countries and customers repeat: each is kept once
	arena []byte            // what open lines are kept in: the collector has fewer pieces to look at
}

// arenaSize is how much is allocated at once.
const arenaSize = 1 << 16

// NewFold returns an empty fold.
func (Model) NewFold() projections.Fold {
	return &fold{names: make(map[string]string)}
}

// Add folds one event.
func (f *fold) Add(e *projections.Event) error {
	fact, ok := e.Body.(order.Event)
	if !ok {
		return nil
	}
	r := f.rows.Get(e)
	if r == nil {
		if !begins(e, fact) {
			return fmt.Errorf("order list: order %s at position %d: %s comes before the order", e.Stream, e.Position, e.Type)
		}
		r = f.rows.Put(e)
		r.key = key{f.shared(e.Tenant), e.Stream}
		r.renewed.contents = true
	}
	r.apply(e, fact)
	if r.renewed == (renewed{}) {
		return nil
	}
	r.renewed, r.open = renewed{}, f.kept(r.open)
	for _, name := range [...]*string{&r.channel, &r.currency, &r.country, &r.customer} {
		*name = f.shared(*name)
	}
	for i, sku := range r.skus {
		r.skus[i] = f.shared(sku)
	}
	return nil
}

// shared returns the one copy of a name, so that a million rows do not hold it a million times.
func (f *fold) shared(name string) string {
	if kept, ok := f.names[name]; ok {
		return kept
	}
	f.names[name] = name
	return name
}

// kept returns a copy of open lines that lies beside those of other rows.
func (f *fold) kept(open []byte) []byte {
	if len(open) == 0 {
		return open
	}
	if len(open) > cap(f.arena)-len(f.arena) {
		f.arena = make([]byte, 0, max(arenaSize, len(open)))
	}
	start := len(f.arena)
	f.arena = append(f.arena, open...)
	return f.arena[start:len(f.arena):len(f.arena)]
}

// Len returns the number of rows.
func (f *fold) Len() int { return f.rows.Len() }

// fewOf is which part of the rows few are at most.
const fewOf = 50

// Few implements projections.Sparse.
func (f *fold) Few(number int) bool {
	mayHave := indexes[number].mayHave
	if mayHave == nil {
		return false
	}
	most := f.rows.Len() / fewOf
	for r := range f.rows.Each {
		if !mayHave(r) {
			continue
		}
		if most--; most < 0 {
			return false
		}
	}
	return true
}

// Merge takes over the rows of another fold.
func (f *fold) Merge(other projections.Fold) error {
	from, ok := other.(*fold)
	if !ok {
		return fmt.Errorf("order list: merge with %T", other)
	}
	f.rows.Take(&from.rows)
	return nil
}

// Tables returns the rows in key order.
func (f *fold) Tables() []projections.Table {
	return []projections.Table{{Name: Name, Columns: columns, Key: 2, Rows: f.sorted}}
}

func (f *fold) sorted(yield func(*projections.Row) bool) {
	var out projections.Row
	var buf [512]byte
	var plain standIn
	for _, r := range f.rows.Sorted(byKey) {
		out.Begin()
		r.values(&out, &plain, buf[:])
		if !yield(&out) {
			return
		}
	}
}

// values puts the row's values in the sequence of columns.
func (r *row) values(out *projections.Row, plain *standIn, buf []byte) {
	d := r.derive(plain)
	out.Text(r.tenant)
	out.UUID(r.id)
	for _, text := range [...]string{
		r.number, r.externalID, r.channel, r.currency, r.customer, r.country, string(r.status),
		string(d.payment), string(d.fulfillment), string(d.returns),
	} {
		out.Text(text)
	}
	for _, count := range [...]int64{r.total, d.open, d.waiting} {
		out.Int64(count)
	}
	out.Texts(r.skus)
	textsOrNull(out, d.tags)
	textsOrNull(out, d.reasons)
	out.Bytes(r.appendFacts(buf[:0], &d))
	out.Time(r.placedAt)
	for _, at := range [...]time.Time{r.confirmedAt, d.shipBy, d.dueAt} {
		out.TimeOrNull(at)
	}
	if d.dueHold == uuid.Nil {
		out.Null()
	} else {
		out.UUID(d.dueHold)
	}
	out.TimeOrNull(d.archivedAt)
	out.Time(r.updatedAt)
	out.Int64(r.version)
	out.Int64(r.position)
}

func textsOrNull(out *projections.Row, values []string) {
	if len(values) == 0 {
		out.Null()
		return
	}
	out.Texts(values)
}
