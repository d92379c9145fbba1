package modeltest

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/projections"
)

// fewOrders is how many orders of a shop are not over in Orders, more or less.
const fewOrders = 2

// Orders is the life of a few orders that get far: units wait for stock, parcels leave in parts, arrive and come back,
// taxes change with the address, edits add and remove.
func Orders(t *rapid.T, steps int) []projections.Event {
	l := &life{
		world: newWorld(t), customers: map[string]map[string]*customer.Customer{}, reservations: map[string][]*reservation.Reservation{},
	}
	for range rapid.IntRange(0, steps).Draw(t, "steps") {
		l.orderStep(l.turn())
	}
	return l.history
}

// Any is Orders, Life, History or Stock.
func Any(t *rapid.T, steps int) []projections.Event {
	draw := rapid.SampledFrom([]func(*rapid.T, int) []projections.Event{Orders, Life, History, Stock}).Draw(t, "history")
	return draw(t, steps)
}

func (l *life) orderStep(s *shop) {
	var open []*order.Order
	for _, o := range s.orders {
		if !o.Status.Terminal() {
			open = append(open, o)
		}
	}
	if len(open) < fewOrders && l.pick("new", 0, 4) > 0 {
		l.newOrder(s)
		return
	}
	if len(open) == 0 || l.pick("any", 0, 4) == 0 {
		open = s.orders
	}
	if len(open) == 0 {
		return
	}
	o := open[l.pick("order", 0, len(open)-1)]
	l.decideOrder(s, o, l.command(o), l.now)
}

// newOrder begins an order. A payment policy of its own lets half of them be confirmed soon.
func (l *life) newOrder(s *shop) {
	switch l.pick("origin", 0, 9) {
	case 0:
		l.importOrder(s, nil)
		return
	case 1, 2:
		l.draft(s)
		return
	}
	lines, discounts := l.lines()
	cmd := order.Place{
		OrderID: l.id(), Channel: "web", Currency: pickOf(l.world, "currency", "EUR", "JPY"), Country: "DE", Lines: lines,
		CustomerID: pickOf(l.world, "customer", "", "c-1"), Discounts: discounts, ShippingLines: l.shipping(),
		PaymentPolicy: pickOf(l.world, "policy", order.PolicyPaid, order.PolicyOnAccount), ExpiresAt: l.now.Add(time.Hour), At: l.now,
	}
	for i := range lines {
		if l.flip("waits for stock") {
			cmd.Backordered = append(cmd.Backordered, order.LineQuantity{
				LineID: lines[i].LineID, SKU: lines[i].SKU, Quantity: int64(l.pick("waiting", 1, int(lines[i].Quantity))),
			})
		}
	}
	o := &order.Order{}
	l.decideOrder(s, o, cmd, l.now)
	if o.Exists() && l.flip("confirm") {
		l.decideOrder(s, o, order.Confirm{At: l.now}, l.now)
	}
}

// command draws what is done with an order: mostly the next step of its life.
func (l *life) command(o *order.Order) order.Command {
	switch l.pick("what", 0, 25) {
	case 0:
		return l.remark(o)
	case 1:
		return l.ending(o)
	case 2, 3:
		return l.edit(o)
	case 4:
		return l.paper(o)
	case 5:
		return l.personal()
	case 6:
		return l.requote(o)
	case 7:
		return order.Cancel{CancellationID: l.id(), At: l.now}
	case 8, 9, 13:
		return l.returning(o)
	case 10:
		return l.shipSome(o)
	case 11:
		return order.MarkRefunded{Method: "cash", By: "staff", At: l.now}
	case 12:
		return order.ReleaseHold{HoldID: last(o.Holds, func(h *order.Hold) uuid.UUID { return h.HoldID }), At: l.now}
	default:
		return l.onward(o)
	}
}

// shipSome sends, or has arrive, some units of the last parcel.
func (l *life) shipSome(o *order.Order) order.Command {
	if len(o.Fulfillments) == 0 {
		return order.CreateFulfillment{FulfillmentID: l.id(), AllowUnpaid: true, At: l.now}
	}
	f := &o.Fulfillments[len(o.Fulfillments)-1]
	line := f.Lines[l.pick("line", 0, len(f.Lines)-1)].LineQuantity
	line.Quantity = int64(l.pick("some", 1, int(line.Quantity)))
	if f.State == order.FulfillmentStatePacked && l.flip("leaves") {
		return order.Ship{ShipmentID: l.id(), FulfillmentID: f.FulfillmentID, Lines: []order.LineQuantity{line}, At: l.now}
	}
	return order.RecordDelivery{FulfillmentID: f.FulfillmentID, Lines: []order.LineQuantity{line}, At: l.now}
}

// returning takes an open return a step on, or asks back what has arrived.
func (l *life) returning(o *order.Order) order.Command {
	if l.pick("any return", 0, 5) == 0 {
		return l.comeBack(o)
	}
	for i := range o.Returns {
		r := &o.Returns[i]
		switch {
		case r.State == order.ReturnStateRequested && r.Kind == order.KindClaim && l.flip("without goods"):
			return order.ResolveReturn{ReturnID: r.ReturnID, At: l.now}
		case r.State == order.ReturnStateRequested:
			return order.ApproveReturn{ReturnID: r.ReturnID, At: l.now}
		case r.State == order.ReturnStateApproved:
			return l.receiveReturn(r)
		case r.State == order.ReturnStatePartiallyReceived && l.flip("the rest"):
			return l.receiveReturn(r)
		case r.State == order.ReturnStatePartiallyReceived || r.State == order.ReturnStateReceived:
			resolve := order.ResolveReturn{ReturnID: r.ReturnID, StoreCredit: int64(l.pick("store credit", 0, 3)), At: l.now}
			if l.flip("own refund") {
				refund := int64(l.pick("refund", 0, 3000))
				resolve.Refund = &refund
			}
			return resolve
		}
	}
	cmd := order.RequestReturn{ReturnID: l.id(), Kind: pickOf(l.world, "kind", order.KindReturn, order.KindClaim), At: l.now}
	for i := range o.Lines {
		c := &o.Lines[i].Counters
		if out := c.Delivered - c.ReturnRequested; out > 0 {
			cmd.Lines = append(cmd.Lines, order.RequestedLine{LineID: o.Lines[i].LineID, Quantity: int64(l.pick("asked back", 1, int(out)))})
		}
	}
	return cmd
}

// receiveReturn takes goods of a return in: all, or some of one line.
func (l *life) receiveReturn(r *order.Return) order.Command {
	cmd := order.ReceiveReturn{ReturnID: r.ReturnID, At: l.now}
	if line := r.Requested[l.pick("line", 0, len(r.Requested)-1)]; l.flip("some") {
		cmd.Lines = []order.ReceivedLine{{
			LineID: line.LineID, Quantity: int64(l.pick("came", 1, int(line.Quantity))),
			Disposition: pickOf(l.world, "disposition", order.DispositionRestock, order.DispositionDamaged, order.DispositionWriteOff),
		}}
	}
	return cmd
}

// requote sends an order to another country, with other taxes.
func (l *life) requote(o *order.Order) order.Command {
	lines := make([][]order.TaxLine, len(o.Lines))
	for i := range o.Lines {
		lines[i] = l.taxes(o.Lines[i].Subtotal - o.Lines[i].DiscountTotal())
	}
	var shipping []order.ShippingLine // nil: it stays
	if l.flip("shipping taxed anew") {
		shipping = slices.Clone(o.ShippingLines)
		for i := range shipping {
			shipping[i].TaxLines = l.taxes(shipping[i].Amount)
		}
	}
	return order.ChangeShippingAddress{Country: pickOf(l.world, "country", "FR", "DE", "JP"), Requote: quote(o, lines, shipping), At: l.now}
}
