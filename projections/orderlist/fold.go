package orderlist

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections"
)

// fold holds the rows of a rebuild in memory.
type fold struct {
	rows  map[uuid.UUID]*row // by stream, whose id is unique beyond tenants
	names map[string]string  // channels, currencies, countries and customers repeat: each is kept once
}

// NewFold returns an empty fold.
func (Model) NewFold() projections.Fold {
	return &fold{rows: make(map[uuid.UUID]*row), names: make(map[string]string)}
}

// Add folds one event.
func (f *fold) Add(e *projections.Event) error {
	fact, ok := e.Body.(order.Event)
	if !ok {
		return nil
	}
	r, there := f.rows[e.Stream]
	if !there {
		if !begins(fact) {
			return fmt.Errorf("order list: order %s at position %d: %s comes before the order", e.Stream, e.Position, e.Type)
		}
		r = &row{key: key{f.shared(e.Tenant), e.Stream}}
		f.rows[e.Stream] = r
	}
	if err := r.apply(e, fact); err != nil {
		return err
	}
	if !there {
		for _, name := range [...]*string{&r.channel, &r.currency, &r.country, &r.customer} {
			*name = f.shared(*name)
		}
		for i, sku := range r.skus {
			r.skus[i] = f.shared(sku)
		}
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

// Merge takes over the rows of another fold.
func (f *fold) Merge(other projections.Fold) error {
	from, ok := other.(*fold)
	if !ok {
		return fmt.Errorf("order list: merge with %T", other)
	}
	if len(f.rows) < len(from.rows) {
		f.rows, from.rows = from.rows, f.rows
	}
	maps.Copy(f.rows, from.rows)
	return nil
}

// Tables returns the rows in key order.
func (f *fold) Tables() []projections.Table {
	return []projections.Table{{Name: Name, Columns: columns, Key: 2, Rows: f.sorted()}}
}

func (f *fold) sorted() iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		values := make([]any, 0, len(columns))
		var lines [2]order.LineState
		for _, r := range slices.SortedFunc(maps.Values(f.rows), byKey) {
			o := r.order(&lines)
			values = append(values[:0],
				r.tenant, r.id, r.number, r.externalID, r.channel, r.currency, r.customer, r.country, string(r.status),
				string(o.PaymentStatus()), string(o.FulfillmentStatus()), string(o.ReturnStatus()), r.total, r.released,
				r.credited, o.AmountDue(), o.AmountOwedToCustomer(), r.lines, r.units, r.unitsCanceled, r.unitsToShip,
				r.unitsDelivered, r.unitsReturned, r.skus, r.encodePayments(), r.placedAt, orNil(r.confirmedAt),
				orNil(r.completedAt), orNil(r.canceledAt), orNil(r.expiresAt), r.updatedAt, r.version, r.position)
			if !yield(values) {
				return
			}
		}
	}
}

// orNil returns the time as a column's value, which is null for the zero time.
func orNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}
