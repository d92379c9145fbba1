package orderlist

import (
	"slices"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
)

// An order's life is an order.Order with nothing in it but what its statuses and open work follow from: lines with
// their counters, holds, parcels that have not arrived, tags. Once an order is over its lines are folded into two that
// stand for all, the first for those that need a parcel; lines beside them say which units are on their way back.

// live moves the row on by an event whose effect the sums do not tell.
func (r *row) live(fact order.Event) {
	if r.life == nil {
		o := r.sums()
		o.Lines = r.unfolded()
		r.life = &o
	}
	r.expect(fact)
	r.life.Apply(fact)
	r.settle()
}

// sums returns an order with what the row knows of it, without lines. A draft was drafted when it counts as placed.
func (r *row) sums() order.Order {
	return order.Order{
		DraftedAt: r.placedAt,
		ID:        r.id, Status: r.status, Totals: order.Totals{Total: r.total}, Added: r.added, Released: r.released,
		Credited: r.credited, Payments: r.payments, PlacedAt: r.placedAt, ConfirmedAt: r.confirmedAt,
		CompletedAt: r.completedAt, CanceledAt: r.canceledAt, ExpiresAt: r.expiresAt, UpdatedAt: r.updatedAt,
	}
}

// unfolded returns the lines of a row without a life.
func (r *row) unfolded() []order.LineState {
	if r.status == "" || !r.status.Terminal() {
		return readOpen(r.open)
	}
	var lines [2]order.LineState
	r.standIns(&lines)
	return lines[:]
}

// standIns makes two lines that have the counters of all: one for the units that need a parcel, one for the others and
// for the canceled ones.
func (r *row) standIns(lines *[2]order.LineState) {
	lines[0] = order.LineState{
		Line: order.Line{RequiresShipping: true},
		Counters: order.Counters{
			Ordered: r.unitsToShip, Fulfilled: r.unitsDelivered, Shipped: r.unitsDelivered, Delivered: r.unitsDelivered,
			ReturnRequested: r.unitsReturned, Returned: r.unitsReturned, RefundedQuantity: r.unitsReturned,
		},
	}
	lines[1] = order.LineState{Counters: order.Counters{Ordered: r.units - r.unitsToShip, Canceled: r.unitsCanceled}}
}

// folded reports whether an order's lines are folded.
func folded(o *order.Order) bool { return len(o.Lines) > 0 && o.Lines[0].LineID == uuid.Nil }

// expect adds lines of an order that is over whose units are on their way back.
func (r *row) expect(fact order.Event) {
	if !folded(r.life) {
		return
	}
	switch f := fact.(type) {
	case order.ReturnRequested:
		beside(r.life, f.Lines, func(l *order.RequestedLine) uuid.UUID { return l.LineID })
	case order.ReturnReceived:
		beside(r.life, f.Lines, func(l *order.ReceivedLine) uuid.UUID { return l.LineID })
	case order.ReturnResolved:
		beside(r.life, f.Lines, func(l *order.ReturnedLine) uuid.UUID { return l.LineID })
		beside(r.life, f.GivenBack, func(l *order.LineQuantity) uuid.UUID { return l.LineID })
	case order.ReturnDeclined:
		beside(r.life, f.Lines, func(l *order.LineQuantity) uuid.UUID { return l.LineID })
	case order.ReturnCanceled:
		beside(r.life, f.Lines, func(l *order.LineQuantity) uuid.UUID { return l.LineID })
	case order.ReturnImported:
		beside(r.life, f.Lines, func(l *order.ReturnedLine) uuid.UUID { return l.LineID })
	default:
	}
}

func beside[T any](o *order.Order, named []T, id func(*T) uuid.UUID) {
	known := make(map[uuid.UUID]bool, len(o.Lines)+len(named))
	for i := range o.Lines {
		known[o.Lines[i].LineID] = true
	}
	for i := range named {
		if line := id(&named[i]); !known[line] {
			known[line] = true
			o.Lines = append(o.Lines, order.LineState{Line: order.Line{LineID: line}})
		}
	}
}

// settle brings the row's sums up to what life says, and life down to what they do not tell.
func (r *row) settle() {
	was := r.life
	r.status, r.total, r.added, r.released, r.credited = was.Status, was.Totals.Total, was.Added, was.Released, was.Credited
	r.payments = was.Payments
	r.placedAt, r.confirmedAt, r.completedAt = was.PlacedAt, was.ConfirmedAt, was.CompletedAt
	r.canceledAt, r.expiresAt, r.updatedAt = was.CanceledAt, was.ExpiresAt, was.UpdatedAt
	o := r.sums()
	o.Lines, o.Holds, o.Tags, o.ArchivedAt = was.Lines, was.Holds, was.Tags, was.ArchivedAt
	if o.Status.Terminal() {
		o.Lines = foldLines(o.Lines)
	} else {
		o.Fulfillments = underWay(was.Fulfillments)
		bare(o.Lines)
	}
	for i := range o.Holds {
		h := &o.Holds[i]
		*h = order.Hold{HoldID: h.HoldID, LineIDs: h.LineIDs, Reason: h.Reason, Until: h.Until}
	}
	r.count(o.Lines)
	r.open, r.life = nil, &o
	if told(&o) {
		r.life = nil
		if !o.Status.Terminal() {
			r.open = appendOpen(nil, linesOf(o.Lines))
		}
	}
}

// count sums up the lines' counters.
func (r *row) count(lines []order.LineState) {
	r.units, r.unitsCanceled, r.unitsToShip, r.unitsDelivered, r.unitsReturned = 0, 0, 0, 0, 0
	for i := range lines {
		c := &lines[i].Counters
		r.units += c.Ordered
		r.unitsCanceled += c.Canceled
		r.unitsReturned += c.Returned
		if lines[i].RequiresShipping {
			r.unitsToShip += c.Live()
			r.unitsDelivered += c.Delivered
		}
	}
}

// bare takes off the lines what they cost and are called.
func bare(lines []order.LineState) {
	for i := range lines {
		l := &lines[i]
		l.Line = order.Line{LineID: l.LineID, RequiresShipping: l.RequiresShipping}
		l.Batches = nil
	}
}

// foldLines folds the lines of an order that is over into two. Those of which units are asked back, came back or were paid
// back unevenly stay beside them: what is even says nothing about an open return.
func foldLines(lines []order.LineState) []order.LineState {
	all := make([]order.LineState, 2, 2+len(lines)/8)
	all[0].RequiresShipping = true
	for i := range lines {
		c, to := &lines[i].Counters, &all[1].Counters
		if lines[i].RequiresShipping {
			to = &all[0].Counters
			to.Fulfilled += c.Fulfilled
			to.Shipped += c.Shipped
			to.Delivered += c.Delivered
		}
		to.Ordered += c.Ordered
		to.Canceled += c.Canceled
		to.Backordered += c.Backordered
		back := order.Counters{ReturnRequested: c.ReturnRequested, Returned: c.Returned, RefundedQuantity: c.RefundedQuantity}
		if c.ReturnRequested != c.Returned || c.Returned != c.RefundedQuantity {
			all = append(all, order.LineState{Line: order.Line{LineID: lines[i].LineID}, Counters: back})
			continue
		}
		whole := &all[0].Counters
		whole.ReturnRequested += c.ReturnRequested
		whole.Returned += c.Returned
		whole.RefundedQuantity += c.RefundedQuantity
	}
	return all
}

// underWay returns the parcels that can still change the order's counters, with nothing but their units.
func underWay(all []order.Fulfillment) []order.Fulfillment {
	var kept []order.Fulfillment
	for i := range all {
		f := &all[i]
		if f.State == order.FulfillmentStateCanceled || f.State == order.FulfillmentStateDelivered {
			continue
		}
		own := order.Fulfillment{FulfillmentID: f.FulfillmentID, State: f.State, Lines: f.Lines}
		if f.State == order.FulfillmentStatePlanned {
			own.ShipBy = f.ShipBy
		}
		for n := range own.Lines {
			l := &own.Lines[n]
			*l = order.FulfillmentLine{
				LineQuantity: order.LineQuantity{LineID: l.LineID, Quantity: l.Quantity}, Shipped: l.Shipped, Delivered: l.Delivered,
			}
		}
		for n := range f.Shipments {
			own.Shipments = append(own.Shipments, order.Shipment{ShipmentID: f.Shipments[n].ShipmentID})
		}
		kept = append(kept, own)
	}
	return kept
}

// told reports whether the row's sums tell all that life does.
func told(o *order.Order) bool {
	if len(o.Holds)+len(o.Fulfillments)+len(o.Tags) > 0 || !o.ArchivedAt.IsZero() {
		return false
	}
	if o.Status.Terminal() {
		c := &o.Lines[0].Counters
		return len(o.Lines) == 2 && c.Fulfilled == c.Delivered && c.Shipped == c.Delivered &&
			c.Backordered == 0 && o.Lines[1].Counters.Backordered == 0
	}
	return !slices.ContainsFunc(o.Lines, func(l order.LineState) bool {
		return l.Counters != order.Counters{Ordered: l.Counters.Ordered, Reserved: l.Counters.Reserved}
	})
}

// linesOf returns lines as appendOpen takes them.
func linesOf(states []order.LineState) []order.Line {
	lines := make([]order.Line, len(states))
	for i := range states {
		lines[i] = states[i].Line
		lines[i].Quantity = states[i].Counters.Ordered
	}
	return lines
}
