package orderlist

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
)

// derived is what follows from a row.
type derived struct {
	payment     order.PaymentStatus
	fulfillment order.FulfillmentStatus
	returns     order.ReturnStatus
	due, owed   int64 // money
	open        int64 // live units that need a parcel and have not left
	waiting     int64 // units that wait for stock
	tags        []string
	reasons     []string  // of the holds, sorted, each once
	shipBy      time.Time // the earliest of those planned
	dueAt       time.Time // when the order expires or a hold ends, whichever is first
	dueHold     uuid.UUID // that hold
	archivedAt  time.Time
	life        []byte
}

// standIn is an order in the place of a row without a life. It is used for one row after the other.
type standIn struct {
	order.Order
	lines [2]order.LineState
}

// derive computes what follows from the row, with the domain's own words.
func (r *row) derive(s *standIn) derived {
	if r.life == nil {
		s.is(r)
		return r.statuses(&s.Order)
	}
	o := r.life
	d := r.statuses(o)
	d.tags, d.archivedAt, d.life, d.open = o.Tags, o.ArchivedAt, encodeLife(o), 0
	for i := range o.Lines {
		l := &o.Lines[i]
		d.waiting += l.Counters.Backordered
		if l.RequiresShipping {
			d.open += l.Counters.Live() - l.Counters.Shipped
		}
	}
	for i := range o.Holds {
		h := &o.Holds[i]
		d.reasons = append(d.reasons, string(h.Reason))
		if first := d.dueAt.IsZero() || h.Until.Before(d.dueAt); first && !h.Until.IsZero() {
			d.dueAt, d.dueHold = h.Until, h.HoldID
		}
	}
	slices.Sort(d.reasons)
	d.reasons = slices.Compact(d.reasons)
	for i := range o.Fulfillments {
		if at := o.Fulfillments[i].ShipBy; !at.IsZero() && (d.shipBy.IsZero() || at.Before(d.shipBy)) {
			d.shipBy = at
		}
	}
	return d
}

// statuses returns the part of it that every row has, o being the row's order.
func (r *row) statuses(o *order.Order) derived {
	d := derived{
		payment: o.PaymentStatus(), fulfillment: o.FulfillmentStatus(), returns: o.ReturnStatus(),
		due: o.AmountDue(), owed: o.AmountOwedToCustomer(), open: r.unitsToShip - r.unitsDelivered,
	}
	if r.status == order.StatusPending && !secured(r.payments) {
		d.dueAt = r.expiresAt
	}
	return d
}

// is gives the order the statuses and amounts of a row without a life.
func (s *standIn) is(r *row) {
	r.standIns(&s.lines)
	s.ID, s.Status, s.Lines, s.Totals.Total, s.Added = r.id, r.status, s.lines[:], r.total, r.added
	s.Released, s.Credited, s.Payments = r.released, r.credited, r.payments
}

// secured reports whether the shop has money for an order, or may take some: then it does not expire.
func secured(payments []order.Payment) bool {
	var authorized, captured, refunded, voided int64
	for i := range payments {
		p := &payments[i]
		authorized, captured = authorized+p.Authorized, captured+p.Captured
		refunded, voided = refunded+p.Refunded, voided+p.Voided
	}
	return captured > refunded || authorized > voided+refunded
}
