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

// derive computes what follows from the row, with the domain's own words.
func (r *row) derive() derived {
	var (
		simple order.Order
		lines  [2]order.LineState
	)
	o := r.life
	if o == nil {
		simple = r.plainOrder(&lines)
		o = &simple
	}
	d := derived{
		payment: o.PaymentStatus(), fulfillment: o.FulfillmentStatus(), returns: o.ReturnStatus(),
		due: o.AmountDue(), owed: o.AmountOwedToCustomer(), open: r.unitsToShip - r.unitsDelivered,
	}
	if r.status == order.StatusPending && !secured(r.payments) {
		d.dueAt = r.expiresAt
	}
	if r.life == nil {
		return d
	}
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

// plainOrder returns an order with the same statuses and amounts as a row without a life.
func (r *row) plainOrder(lines *[2]order.LineState) order.Order {
	r.standIns(lines)
	return order.Order{
		ID: r.id, Status: r.status, Lines: lines[:], Totals: order.Totals{Total: r.total}, Added: r.added,
		Released: r.released, Credited: r.credited, Payments: r.payments,
	}
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
