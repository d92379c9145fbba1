package orderlist

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections"
)

// key is a row's primary key.
type key struct {
	tenant string
	id     uuid.UUID
}

// row is what the list knows of an order: the facts that its statuses follow from, not the statuses themselves.
//
// An order that is as it was placed, or over, needs no more than sums. What goes on between is told by life, in which
// the domain itself folds the order's events.
type row struct {
	key
	number, externalID, channel, currency, customer, country string

	status         order.Status
	total          int64 // of lines and shipping as they stand
	added          int64 // put on by edits
	released       int64 // taken off by cancellations
	credited       int64 // taken off by returns
	payments       []order.Payment
	lines          int32
	units          int64 // ordered in all
	unitsCanceled  int64
	unitsToShip    int64 // of the live ones, those that need a parcel
	unitsDelivered int64 // of those
	unitsReturned  int64
	skus           []string     // sorted, each once; of a row that was loaded only if it was asked for
	open           []byte       // the live units of each line of an order that is not over and has no life: see appendOpen
	life           *order.Order // what is not told by the sums; nil if they tell all
	renewed        renewed
	placedAt       time.Time
	confirmedAt    time.Time
	completedAt    time.Time
	canceledAt     time.Time
	expiresAt      time.Time
	updatedAt      time.Time
	version        int64
	position       int64
}

// renewed says which of the columns have changed that most events leave alone.
type renewed struct{ contents, country, lines, total bool }

func byKey(a, b *row) int {
	return cmp.Or(cmp.Compare(a.tenant, b.tenant), bytes.Compare(a.id[:], b.id[:]))
}

// apply moves the row on by one event.
func (r *row) apply(e *projections.Event, fact order.Event) {
	if r.life != nil || !r.applyPlain(fact) {
		r.describe(fact)
		r.live(fact)
	}
	r.version, r.position = int64(e.Version), int64(e.Position)
}

// applyPlain moves on a row whose sums tell all, and reports whether they still do. It is what nearly all events of a
// rebuild need, several times as fast as the domain's own fold.
func (r *row) applyPlain(fact order.Event) bool {
	switch f := fact.(type) {
	case order.Placed:
		if r.status != "" || len(f.Backordered) > 0 {
			return false
		}
		r.begin(&f.Contents)
		r.open = appendOpen(nil, f.Lines)
		r.status, r.placedAt, r.updatedAt, r.expiresAt = order.StatusPending, f.PlacedAt, f.PlacedAt, f.ExpiresAt
	case order.Imported:
		at := f.OriginalPlacedAt
		if f.Statuses.Status != order.StatusCompleted {
			return false
		}
		r.begin(&f.Contents)
		r.status, r.placedAt, r.confirmedAt, r.completedAt, r.updatedAt = f.Statuses.Status, at, at, at, f.ImportedAt
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
		if r.status == order.StatusDraft {
			return false
		}
		r.status, r.canceledAt, r.updatedAt, r.expiresAt = order.StatusCanceled, f.CanceledAt, f.CanceledAt, time.Time{}
		r.released = money.Clamped(r.released, f.AmountReleased)
		r.unitsToShip, r.open = 0, nil // it ends the order: nothing of it is live
		for i := range f.Lines {
			r.unitsCanceled += f.Lines[i].Quantity
		}
	case order.ReturnImported:
		r.credited = money.Clamped(r.credited, f.Refund)
		r.refund(f.Refund)
		r.updatedAt = f.ImportedAt
		for i := range f.Lines {
			r.unitsReturned += f.Lines[i].Quantity
		}
	default:
		return false
	}
	return true
}

// begin fills in what an order is made of, which a draft may be told again.
func (r *row) begin(c *order.Contents) {
	r.number, r.externalID, r.channel, r.currency = c.Number, c.ExternalID, c.Channel, c.Currency
	r.customer, r.country, r.total = c.CustomerID, c.Country, c.Totals.Total
	r.lines = int32(len(c.Lines))
	r.skus = make([]string, len(c.Lines))
	r.units, r.unitsToShip = 0, 0
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

// describe takes over what an event says of the order that life does not know.
func (r *row) describe(fact order.Event) {
	switch f := fact.(type) {
	case order.Placed:
		r.begin(&f.Contents)
		r.renewed.contents = true
	case order.Drafted:
		r.begin(&f.Contents)
	case order.DraftUpdated:
		r.begin(&f.Contents)
		r.renewed.contents = true
	case order.Imported:
		r.begin(&f.Contents)
	case order.ShippingAddressChanged:
		r.country, r.renewed.country = f.Country, true
		r.renewed.total = r.renewed.total || f.Requote != nil
	case order.EditCommitted:
		r.renewed.total = true
		if len(f.LinesAdded) == 0 {
			return
		}
		r.skus = slices.Clone(r.skus)
		for i := range f.LinesAdded {
			r.skus = append(r.skus, f.LinesAdded[i].SKU)
		}
		slices.Sort(r.skus)
		r.skus, r.renewed.lines = slices.Compact(r.skus), true
		r.lines += int32(len(f.LinesAdded)) //nolint:gosec // orders have few lines
	default:
	}
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
