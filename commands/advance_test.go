package commands_test

import (
	"testing"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// priced lists a SKU at a price and receives some of it.
func (s *shop) priced(sku string, price int64, ships bool) {
	s.Helper()
	s.must(commands.ListProduct{Product: catalog.List{
		SKU: sku, Name: sku, Prices: []money.Amount{{Minor: price, Currency: "EUR"}}, RequiresShipping: ships, Sellable: true, At: noon,
	}})
	s.receiveAt(sku, "main", 20)
}

// commit applies an edit of one change, and wants these events.
func (s *shop) commit(o *order.Order, change order.EditChange, want string) {
	s.Helper()
	edit := s.edit(o.ID, change)
	s.together(commands.CommitEdit{OrderID: o.ID, Commit: order.CommitEdit{EditID: edit, At: noon}}, want)
	s.agree(o.ID)
}

// Whatever takes away the last that was due confirms the order, and commits its stock, in the same append.
func TestAdvance_confirms(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.priced("A", 1000, true)
	s.priced("GIFT", 0, true)
	for id, price := range map[string]int64{"post": 500, "pickup": 0} {
		s.set(settings.PutShippingMethod{At: noon, Method: pricing.ShippingMethod{
			ID: id, Name: id, Kind: pricing.ShippingFlat, Prices: []money.Amount{{Minor: price, Currency: "EUR"}},
		}})
	}
	s.set(settings.PutTaxRate{Rate: pricing.TaxRate{Country: "DE", Code: "de", Rate: 190_000}, At: noon})
	both := func() order.Order {
		p := place(commands.OrderLine{SKU: "A", Quantity: 1}, commands.OrderLine{SKU: "GIFT", Quantity: 1})
		s.must(p)
		return s.orderOf(p.OrderID)
	}

	o := both()
	s.together(change(o.ID, order.CancelLines{CancellationID: id(), Lines: []order.LineQuantity{{LineID: o.Lines[0].LineID, Quantity: 1}}, At: noon}),
		"order.lines_canceled order.confirmed stock.released stock.committed")
	s.agree(o.ID)

	o = both()
	s.commit(&o, order.EditChange{Kind: order.EditSetQuantity, LineID: o.Lines[0].LineID}, "order.edit_committed order.confirmed stock.released stock.committed")

	post := place(commands.OrderLine{SKU: "GIFT", Quantity: 1})
	post.ShippingMethod, post.Country = "post", "DE"
	s.must(post)
	o = s.orderOf(post.OrderID)
	s.commit(&o, order.EditChange{Kind: order.EditSetShipping, ShippingMethod: "pickup"}, "order.edit_committed order.confirmed stock.committed")

	taxed := place(commands.OrderLine{SKU: "A", Quantity: 1})
	taxed.Country = "DE"
	s.must(taxed)
	s.together(change(taxed.OrderID, order.RecordPayment{At: noon, Payment: order.Payment{
		PaymentID: id(), State: order.PaymentCaptured, Authorized: 1000, Captured: 1000,
	}}), "order.payment_updated")
	s.together(commands.ChangeShippingAddress{OrderID: taxed.OrderID, Change: order.ChangeShippingAddress{Country: "CH", At: noon}},
		"order.shipping_address_changed order.confirmed stock.committed")

	o = both()
	hold, more := id(), order.EditChange{Kind: order.EditSetQuantity, LineID: o.Lines[0].LineID, Quantity: 2}
	s.must(change(o.ID, order.PlaceHold{HoldID: hold, At: noon}))
	s.must(commands.MarkPaid{OrderID: o.ID, PaymentID: id(), Method: "cash", At: noon})
	s.commit(&o, more, "order.edit_committed stock.reserved")
	s.together(change(o.ID, order.ReleaseHold{HoldID: hold, At: noon}), "order.hold_released")
	more.Quantity = 1
	s.commit(&o, more, "order.edit_committed order.confirmed stock.released stock.committed stock.committed")
}

// Whatever takes away the last that an order waits for completes it, and hands over what needs no shipping, in the same
// append; but not as long as units wait for stock.
func TestAdvance_completes(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.priced("A", 1000, true)
	s.priced("VOUCHER", 2500, false)
	s.priced("FREE", 0, false)
	s.together(place(commands.OrderLine{SKU: "FREE", Quantity: 1}), "order.placed order.confirmed order.completed stock.reserved stock.committed stock.deducted")

	vouchers := place(commands.OrderLine{SKU: "VOUCHER", Quantity: 20})
	s.must(vouchers)
	s.together(commands.MarkPaid{OrderID: vouchers.OrderID, PaymentID: id(), Method: "cash", At: noon},
		"order.payment_updated order.confirmed order.completed stock.committed stock.deducted")
	s.agree(vouchers.OrderID)

	s.must(commands.ChangeStock{SKU: "VOUCHER", Command: stock.SetBackorderPolicy{SKU: "VOUCHER", Policy: stock.BackorderAllow, At: noon}, At: noon})
	waiting := s.paid(place(commands.OrderLine{SKU: "VOUCHER", Quantity: 2}))
	if waiting.Status != order.StatusConfirmed {
		t.Errorf("an order that waits for vouchers is %s; want confirmed", waiting.Status)
	}
	s.together(commands.ReceiveStock{SKU: "VOUCHER", Quantity: 2, At: noon},
		"stock.received stock.backorder_filled stock.deducted order.backorder_filled order.completed")
	s.agree(waiting.ID)

	o := s.paid(place(commands.OrderLine{SKU: "A", Quantity: 1}))
	f, back := s.pack(&o, "main", 1), id()
	s.ship(&o, f)
	s.must(commands.RequestReturn{OrderID: o.ID, Request: order.RequestReturn{
		ReturnID: back, Kind: order.KindClaim, Lines: []order.RequestedLine{{LineID: o.Lines[0].LineID, Quantity: 1}}, At: noon,
	}})
	s.together(change(o.ID, order.RecordDelivery{FulfillmentID: f, At: noon}), "order.shipment_delivered")
	s.together(change(o.ID, order.DeclineReturn{ReturnID: back, Reason: "all is well", At: noon}), "order.return_declined order.completed")
	s.agree(o.ID)
}
