package modeltest

import (
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
)

// changeMore sends any command to an order that is there. Most of them fit only now and then; onward makes the usual
// next step likely, so that parcels leave and come back.
func (l *life) changeMore(s *shop) {
	if len(s.orders) == 0 {
		return
	}
	o := s.orders[l.roll("order", len(s.orders))]
	var cmd order.Command
	switch l.roll("kind", 8) {
	case 0:
		cmd = l.personal()
	case 1:
		cmd = l.remark(o)
	case 2:
		cmd = l.ending(o)
	case 3:
		cmd = l.edit(o)
	case 4:
		cmd = l.paper(o)
	default:
		cmd = l.onward(o)
	}
	l.decideOrder(s, o, cmd, l.now)
}

// personal changes addresses and contacts. Countries stay, and taxes with them.
func (l *life) personal() order.Command {
	switch l.roll("personal", 3) {
	case 0:
		return order.ChangeContact{PII: l.pii(), At: l.now}
	case 1:
		return order.ChangeBillingAddress{PII: l.pii(), At: l.now}
	default:
		return order.ChangeShippingAddress{Country: "DE", PII: l.pii(), At: l.now}
	}
}

// remark writes, tags and holds.
func (l *life) remark(o *order.Order) order.Command {
	switch l.roll("remark", 7) {
	case 0:
		return order.AddNote{NoteID: l.id(), Body: "call first", Texts: l.pii(), By: "staff", At: l.now}
	case 1:
		return order.EditNote{NoteID: last(o.Notes, func(n *order.Note) uuid.UUID { return n.NoteID }), Body: "called", Texts: l.pii(), At: l.now}
	case 2:
		return order.RemoveNote{NoteID: last(o.Notes, func(n *order.Note) uuid.UUID { return n.NoteID }), At: l.now}
	case 3:
		return order.SetTags{Tags: [][]string{nil, {"vip"}, {"gift", "vip"}}[l.pick("tags", 0, 2)], At: l.now}
	case 4:
		return order.SetMetadata{Set: map[string]string{"campaign": "spring"}, At: l.now}
	case 5:
		hold := order.PlaceHold{HoldID: l.id(), Reason: order.HoldFraudReview, Private: l.pii(), At: l.now}
		if l.flip("until") {
			hold.Until = l.now.Add(time.Hour)
		}
		if l.flip("one line") && len(o.Lines) > 0 {
			hold.LineIDs = []uuid.UUID{o.Lines[0].LineID}
		}
		return hold
	default:
		return order.ReleaseHold{HoldID: last(o.Holds, func(h *order.Hold) uuid.UUID { return h.HoldID }), At: l.now}
	}
}

// ending ends the order or some of its units, or places a draft.
func (l *life) ending(o *order.Order) order.Command {
	switch l.roll("ending", 6) {
	case 0:
		return order.Expire{At: l.now.Add(2 * time.Hour)}
	case 1:
		return order.Complete{By: "staff", At: l.now}
	case 2:
		return order.Archive{At: l.now}
	case 3, 4:
		return order.CancelLines{CancellationID: l.id(), Lines: l.someUnits(o), At: l.now}
	default:
		return l.placeDraft(o)
	}
}

func (l *life) placeDraft(o *order.Order) order.Command {
	lines, discounts := l.lines()
	draft := order.Draft{
		Channel: o.Channel, Currency: o.Currency, CustomerID: pickOf(l.world, "customer", "", "c-1", "c-2"), PII: l.pii(),
		Lines: lines, Discounts: discounts, At: l.now,
	}
	if l.flip("update") {
		return order.UpdateDraft{Draft: draft}
	}
	place := order.Place{
		OrderID: o.ID, Number: o.Number, ExternalID: o.ExternalID, Channel: o.Channel, Currency: o.Currency,
		CustomerID: draft.CustomerID, PII: draft.PII, Lines: lines, Discounts: discounts, ExpiresAt: l.now.Add(time.Hour), At: l.now,
	}
	if l.flip("waits") {
		place.Backordered = []order.LineQuantity{{LineID: lines[0].LineID, SKU: lines[0].SKU, Quantity: lines[0].Quantity}}
	}
	return place
}

// edit begins an edit, or goes on with the open one.
func (l *life) edit(o *order.Order) order.Command {
	if o.Edit == nil {
		return order.BeginEdit{EditID: l.id(), By: "staff", At: l.now}
	}
	id := o.Edit.EditID
	switch l.roll("edit", 5) {
	case 0:
		return order.DiscardEdit{EditID: id, At: l.now}
	case 1:
		return order.StageEditChange{EditID: id, At: l.now, Change: order.EditChange{
			ChangeID: l.id(), Kind: order.EditAddLine, LineID: uuid.NewSHA1(uuid.NameSpaceDNS, id[:]), SKU: pickOf(l.world, "sku", SKUs...),
			Quantity: int64(l.pick("quantity", 1, 3)),
		}}
	case 2:
		return order.StageEditChange{EditID: id, At: l.now, Change: order.EditChange{
			ChangeID: l.id(), Kind: order.EditSetQuantity, LineID: o.Lines[l.pick("line", 0, len(o.Lines)-1)].LineID,
			Quantity: int64(l.pick("quantity", 0, 6)),
		}}
	default:
		return l.commit(o)
	}
}

// commit applies the open edit. What it adds has taxes, inclusive or not, and no discount.
func (l *life) commit(o *order.Order) order.Command {
	cmd := order.CommitEdit{EditID: o.Edit.EditID, At: l.now}
	demands, err := o.EditDemands(cmd.EditID)
	if err != nil {
		return cmd // refused
	}
	for _, d := range demands.Added {
		price := int64(l.pick("unit price", 0, 2500))
		cmd.Prices.Lines = append(cmd.Prices.Lines, order.NewLine{
			LineID: d.LineID, SKU: d.SKU, Quantity: d.Quantity, UnitPrice: price, RequiresShipping: l.flip("requires shipping"),
			TaxLines: l.taxes(price * d.Quantity),
		})
	}
	for _, d := range demands.Grown {
		base := o.LineByID(d.LineID).UnitPrice * d.Quantity
		cmd.Prices.Added = append(cmd.Prices.Added, order.Addition{Quantity: d.Quantity, TaxLines: l.taxes(base)})
		if l.flip("waits") {
			cmd.Backordered = append(cmd.Backordered, order.LineQuantity{LineID: d.LineID, SKU: d.SKU, Quantity: 1})
		}
	}
	return cmd
}

// paper writes invoices, and pays back what is owed.
func (l *life) paper(o *order.Order) order.Command {
	switch l.roll("paper", 4) {
	case 0:
		return order.IssueInvoice{Number: "2026-" + time.Duration(len(l.history)).String(), Series: "2026", At: l.now}
	case 1:
		number := last(o.Invoices, func(i *order.Invoice) string { return i.Number })
		return order.IssueCreditNote{Number: "C-" + time.Duration(len(l.history)).String(), Series: "2026", InvoiceNumber: number, Amount: 1, At: l.now}
	default:
		return order.MarkRefunded{Amount: max(1, o.AmountOwedToCustomer()), Method: "bank_transfer", By: "staff", At: l.now}
	}
}

// onward takes an order the next step of an ordinary life, or nearly so.
func (l *life) onward(o *order.Order) order.Command {
	for i := range o.Lines {
		if n := o.Lines[i].Counters.Backordered; n > 0 && l.flip("filled") {
			return order.FillBackorder{Lines: []order.LineQuantity{{LineID: o.Lines[i].LineID, Quantity: int64(l.pick("filled units", 1, int(n)))}}, At: l.now}
		}
	}
	if o.Status == order.StatusPending || o.AmountDue() > 0 && l.flip("pay") {
		return order.MarkPaid{PaymentID: l.id(), Method: "cash", Texts: l.pii(), By: "staff", At: l.now}
	}
	if len(o.Fulfillments) > 0 && l.flip("parcel") {
		return l.parcel(&o.Fulfillments[len(o.Fulfillments)-1])
	}
	if l.flip("comes back") {
		return l.comeBack(o)
	}
	if l.flip("planned") {
		return order.PlanFulfillment{FulfillmentID: l.id(), LocationID: pickOf(l.world, "location", "", "north"), Lines: l.someUnits(o), ShipBy: l.now.Add(24 * time.Hour), At: l.now}
	}
	pack := order.CreateFulfillment{FulfillmentID: l.id(), AllowUnpaid: true, At: l.now}
	if l.flip("some") {
		pack.Lines = l.someUnits(o)
	}
	return pack
}

// parcel moves a fulfilment on.
func (l *life) parcel(f *order.Fulfillment) order.Command {
	switch {
	case l.roll("mishap", 6) == 0:
		return order.CancelFulfillment{FulfillmentID: f.FulfillmentID, Reason: "damaged", Private: l.pii(), At: l.now}
	case f.State == order.FulfillmentStatePlanned && l.flip("moved"):
		return order.MoveFulfillment{FulfillmentID: f.FulfillmentID, LocationID: pickOf(l.world, "location", "", "north"), At: l.now}
	case f.State == order.FulfillmentStatePlanned:
		return order.CreateFulfillment{FulfillmentID: f.FulfillmentID, AllowUnpaid: true, At: l.now}
	case f.State == order.FulfillmentStatePacked:
		return order.Ship{ShipmentID: l.id(), FulfillmentID: f.FulfillmentID, Carrier: "post", Texts: l.pii(), Private: l.pii(), At: l.now}
	case l.roll("tracking", 6) == 0:
		carrier := "courier"
		return order.UpdateTracking{FulfillmentID: f.FulfillmentID, Carrier: &carrier, Texts: l.pii(), At: l.now}
	case l.roll("lost", 6) == 0:
		return order.RecordDeliveryFailure{FulfillmentID: f.FulfillmentID, Reason: "nobody there", Texts: l.pii(), At: l.now}
	default:
		return order.RecordDelivery{FulfillmentID: f.FulfillmentID, Texts: l.pii(), At: l.now}
	}
}

// comeBack begins a return, or goes on with the last one.
func (l *life) comeBack(o *order.Order) order.Command {
	if len(o.Returns) > 0 && l.roll("return", 4) > 0 {
		return l.goOn(&o.Returns[len(o.Returns)-1])
	}
	var lines []order.RequestedLine
	for _, units := range l.someUnits(o) {
		lines = append(lines, order.RequestedLine{LineID: units.LineID, Quantity: units.Quantity})
	}
	return order.RequestReturn{ReturnID: l.id(), Kind: pickOf(l.world, "kind", order.KindReturn, order.KindClaim), Lines: lines, At: l.now}
}

func (l *life) goOn(r *order.Return) order.Command {
	mishap := l.roll("mishap", 8)
	switch {
	case mishap == 0:
		return order.DeclineReturn{ReturnID: r.ReturnID, Reason: "worn", Texts: l.pii(), At: l.now}
	case mishap == 1:
		return order.CancelReturn{ReturnID: r.ReturnID, At: l.now}
	case r.State == order.ReturnStateRequested:
		return order.ApproveReturn{ReturnID: r.ReturnID, At: l.now}
	case r.State == order.ReturnStateApproved && r.Kind != order.KindClaim:
		return order.ReceiveReturn{ReturnID: r.ReturnID, At: l.now}
	default:
		return order.ResolveReturn{ReturnID: r.ReturnID, Fee: int64(l.pick("fee", 0, 1)), At: l.now}
	}
}

// someUnits draws units of one of the order's lines, if it has any.
func (l *life) someUnits(o *order.Order) []order.LineQuantity {
	if len(o.Lines) == 0 {
		return nil
	}
	line := &o.Lines[l.pick("line", 0, len(o.Lines)-1)]
	return []order.LineQuantity{{LineID: line.LineID, Quantity: int64(l.pick("units", 1, int(max(1, line.Counters.Live()))))}}
}

// last returns something of the last value, or of none.
func last[T, V any](values []T, of func(*T) V) (v V) {
	if len(values) > 0 {
		v = of(&values[len(values)-1])
	}
	return v
}
