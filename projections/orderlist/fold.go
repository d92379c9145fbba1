package orderlist

import (
	"fmt"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections"
)

// fold holds the rows of a rebuild in memory.
type fold struct {
	rows  projections.Streams[row]
	names map[string]string // channels, currencies, countries and customers repeat: each is kept once
}

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
	if r := f.rows.Get(e); r != nil {
		return r.apply(e, fact)
	}
	if !begins(fact) {
		return fmt.Errorf("order list: order %s at position %d: %s comes before the order", e.Stream, e.Position, e.Type)
	}
	r := f.rows.Put(e)
	r.key = key{f.shared(e.Tenant), e.Stream}
	if err := r.apply(e, fact); err != nil { // not of an event that begins an order
		return err
	}
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

// Len returns the number of rows.
func (f *fold) Len() int { return f.rows.Len() }

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
	var lines [2]order.LineState
	var buf [512]byte
	for _, r := range f.rows.Sorted(byKey) {
		out.Begin()
		r.values(&out, &lines, buf[:])
		if !yield(&out) {
			return
		}
	}
}

// values puts the row's values in the sequence of columns.
func (r *row) values(out *projections.Row, lines *[2]order.LineState, buf []byte) {
	o := r.order(lines)
	out.Text(r.tenant)
	out.UUID(r.id)
	for _, text := range [...]string{
		r.number, r.externalID, r.channel, r.currency, r.customer, r.country, string(r.status),
		string(o.PaymentStatus()), string(o.FulfillmentStatus()), string(o.ReturnStatus()),
	} {
		out.Text(text)
	}
	for _, sum := range [...]int64{r.total, r.released, r.credited, o.AmountDue(), o.AmountOwedToCustomer()} {
		out.Int64(sum)
	}
	out.Int32(r.lines)
	for _, count := range [...]int64{r.units, r.unitsCanceled, r.unitsToShip, r.unitsDelivered, r.unitsReturned} {
		out.Int64(count)
	}
	out.Texts(r.skus)
	out.JSON(appendPayments(buf[:0], r.payments))
	out.Time(r.placedAt)
	out.TimeOrNull(r.confirmedAt)
	out.TimeOrNull(r.completedAt)
	out.TimeOrNull(r.canceledAt)
	out.TimeOrNull(r.expiresAt)
	out.Time(r.updatedAt)
	out.Int64(r.version)
	out.Int64(r.position)
}
