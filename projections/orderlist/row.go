package orderlist

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections"
)

// key is a row's primary key.
type key struct {
	tenant string
	id     uuid.UUID
}

// row is what the list knows of an order: the facts that its statuses follow from, not the statuses themselves.
type row struct {
	key
	number, externalID, channel, currency, customer, country string

	status         order.Status
	total          int64 // as placed
	released       int64 // taken off by cancellations
	credited       int64 // taken off by returns
	payments       []order.Payment
	lines          int32
	units          int64 // as placed
	unitsCanceled  int64
	unitsToShip    int64 // of the live ones, those that need a parcel
	unitsDelivered int64 // of those
	unitsReturned  int64
	skus           []string // sorted, each once
	placedAt       time.Time
	confirmedAt    time.Time
	completedAt    time.Time
	canceledAt     time.Time
	expiresAt      time.Time
	updatedAt      time.Time
	version        int64
	position       int64
}

func byKey(a, b *row) int {
	return cmp.Or(cmp.Compare(a.tenant, b.tenant), bytes.Compare(a.id[:], b.id[:]))
}

// apply moves the row on by one event.
func (r *row) apply(e *projections.Event, fact order.Event) error {
	switch f := fact.(type) {
	case order.Placed:
		r.begin(&f.Contents, f.PlacedAt)
		r.status, r.expiresAt = order.StatusPending, f.ExpiresAt
	case order.Imported:
		at := f.OriginalPlacedAt
		r.begin(&f.Contents, at)
		r.status, r.confirmedAt, r.completedAt, r.updatedAt = f.Statuses.Status, at, at, f.ImportedAt
		r.unitsDelivered = r.unitsToShip
		r.payments = []order.Payment{{
			PaymentID: f.OrderID, Method: "imported", State: order.PaymentCaptured, Authorized: f.Captured, Captured: f.Captured,
		}}
	case order.Confirmed:
		r.status, r.confirmedAt, r.updatedAt, r.expiresAt = order.StatusConfirmed, f.ConfirmedAt, f.ConfirmedAt, time.Time{}
	case order.PaymentUpdated:
		r.pay(f.Payment)
		r.updatedAt = f.UpdatedAt
	case order.Canceled:
		r.status, r.canceledAt, r.updatedAt, r.expiresAt = order.StatusCanceled, f.CanceledAt, f.CanceledAt, time.Time{}
		r.released += f.AmountReleased
		r.unitsToShip = 0 // it ends the order: nothing of it is live
		for i := range f.Lines {
			r.unitsCanceled += f.Lines[i].Quantity
		}
	case order.ReturnImported:
		r.credited += f.Refund
		r.refund(f.Refund)
		r.updatedAt = f.ImportedAt
		for i := range f.Lines {
			r.unitsReturned += f.Lines[i].Quantity
		}
	default:
		return fmt.Errorf("order list: event %s at position %d is new to this build", e.Type, e.Position)
	}
	r.version, r.position = int64(e.Version), int64(e.Position)
	return nil
}

func (r *row) begin(c *order.Contents, at time.Time) {
	r.number, r.externalID, r.channel, r.currency = c.Number, c.ExternalID, c.Channel, c.Currency
	r.customer, r.country, r.total = c.CustomerID, c.Country, c.Totals.Total
	r.placedAt, r.updatedAt = at, at
	r.lines = int32(len(c.Lines))
	r.skus = make([]string, len(c.Lines))
	for i := range c.Lines {
		l := &c.Lines[i]
		r.skus[i] = l.SKU
		r.units += l.Quantity
		if l.RequiresShipping {
			r.unitsToShip += l.Quantity
		}
	}
	slices.Sort(r.skus)
	r.skus = slices.Compact(r.skus)
}

// pay states a payment anew, in its place among the others.
func (r *row) pay(p order.Payment) {
	for i := range r.payments {
		if r.payments[i].PaymentID == p.PaymentID {
			r.payments[i] = p
			return
		}
	}
	r.payments = append(r.payments, p)
}

// refund spreads a refund over the payments in their order, each up to what it still holds.
func (r *row) refund(amount int64) {
	for i := range r.payments {
		p := &r.payments[i]
		part := min(amount, p.Captured-p.Refunded)
		p.Refunded += part
		amount -= part
	}
}

// order returns an order with the same statuses and amounts, which the domain derives: one line stands for all units
// that need a parcel and one for the others.
func (r *row) order(lines *[2]order.LineState) order.Order {
	lines[0] = order.LineState{
		Line: order.Line{RequiresShipping: true},
		Counters: order.Counters{
			Ordered: r.unitsToShip, Fulfilled: r.unitsDelivered, Shipped: r.unitsDelivered, Delivered: r.unitsDelivered,
			ReturnRequested: r.unitsReturned, Returned: r.unitsReturned,
		},
	}
	lines[1] = order.LineState{Counters: order.Counters{Ordered: r.units - r.unitsCanceled - r.unitsToShip}}
	return order.Order{
		ID: r.id, Status: r.status, Lines: lines[:], Totals: order.Totals{Total: r.total},
		Released: r.released, Credited: r.credited, Payments: r.payments,
	}
}

// times are the times of a row that may be absent.
type times struct{ confirmed, completed, canceled, expires *time.Time }

func (t *times) into(r *row) {
	for _, f := range [...]struct {
		from *time.Time
		to   *time.Time
	}{{t.confirmed, &r.confirmedAt}, {t.completed, &r.completedAt}, {t.canceled, &r.canceledAt}, {t.expires, &r.expiresAt}} {
		if f.from != nil {
			*f.to = f.from.UTC()
		}
	}
	r.placedAt, r.updatedAt = r.placedAt.UTC(), r.updatedAt.UTC()
}

// present returns nil for the zero time.
func present(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
