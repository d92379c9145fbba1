package reservations

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/projections"
)

// columns are the table's; the first two are its key.
var columns = []string{
	"tenant_id", "reservation_id", "status", "customer_id", "reference", "lines", "expires_at", "order_id", "reason",
	"made_at", "updated_at", "version", "position",
}

// fold holds the reservations of a rebuild in memory.
type fold struct {
	rows projections.Streams[row]
}

// NewFold returns an empty fold.
func (Model) NewFold() projections.Fold { return &fold{} }

// Add folds one event.
func (f *fold) Add(e *projections.Event) error {
	fact, ok := e.Body.(reservation.Event)
	if !ok {
		return nil
	}
	r := f.rows.Get(e)
	if r == nil {
		if _, made := fact.(reservation.Made); !made {
			return fmt.Errorf("reservations: reservation %s at position %d: %s comes before it was made", e.Stream, e.Position, e.Type)
		}
		r = f.rows.Put(e)
		r.tenant = e.Tenant
	}
	r.apply(e, fact)
	return nil
}

// Len returns the number of rows.
func (f *fold) Len() int { return f.rows.Len() }

// Merge takes over the rows of another fold.
func (f *fold) Merge(other projections.Fold) error {
	from, ok := other.(*fold)
	if !ok {
		return fmt.Errorf("reservations: merge with %T", other)
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
	for _, r := range f.rows.Sorted(byKey) {
		out.Begin()
		out.Text(r.tenant)
		out.UUID(r.ID)
		out.Text(string(r.Status))
		out.Text(r.CustomerID)
		out.Text(r.Reference)
		out.JSON([]byte(r.encodeLines()))
		out.Time(r.ExpiresAt)
		if r.OrderID == uuid.Nil {
			out.Null()
		} else {
			out.UUID(r.OrderID)
		}
		out.Text(r.Reason)
		out.Time(r.MadeAt)
		out.Time(r.UpdatedAt)
		out.Int64(r.Version)
		out.Int64(r.Position)
		if !yield(&out) {
			return
		}
	}
}
