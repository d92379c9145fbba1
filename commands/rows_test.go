package commands_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// together runs a command dry and then in earnest, and compares the types of the events that it appends.
func (s *shop) together(c commands.Command, want string) {
	s.Helper()
	outcome, _, err := s.rehearse(nil, nil, c)
	if err != nil {
		s.Fatal(err)
	}
	types := make([]string, len(outcome.Events))
	for i, e := range outcome.Events {
		types[i] = strings.TrimSuffix(e.Type, ".v1")
	}
	if got := strings.Join(types, " "); got != want {
		s.Errorf("%T appends %q; want %q", c, got, want)
	}
	s.must(c)
}

// discounted lets everybody have a tenth off, so many times.
func (s *shop) discounted(discount, code string, limit int64) {
	s.Helper()
	s.set(settings.PutDiscount{At: noon, Discount: pricing.DiscountRule{
		ID: discount, Code: code, Kind: pricing.DiscountPercentage, Scope: pricing.ScopeWhole, Rate: 100_000, UsageLimit: limit,
	}})
}

// What belongs together is appended together: the events of every stream that a command touches are one append.
func TestRows_appendedTogether(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 10)
	s.sell("B", 10)
	s.receiveAt("A", "north", 5)
	s.discounted("tenth", "TENTH", 5)
	held := id()
	s.together(commands.MakeReservation{Reservation: reservationOf(held, "A", 2, "B", 1)}, "reservation.made stock.reserved stock.reserved")
	s.together(commands.ExtendReservation{ReservationID: held, ExpiresAt: noon.Add(2 * time.Hour), At: noon}, "reservation.extended stock.reservation_extended stock.reservation_extended")
	p := place(commands.OrderLine{SKU: "A", Quantity: 4}, commands.OrderLine{SKU: "B", Quantity: 2})
	p.DiscountCodes, p.ReservationID = []string{"tenth"}, held
	s.together(p, "order.placed reservation.converted stock.released stock.reserved stock.released stock.reserved discount.redeemed")
	s.together(commands.MarkPaid{OrderID: p.OrderID, PaymentID: id(), Method: "cash", At: noon}, "order.payment_updated order.confirmed stock.committed stock.committed")
	o := s.orderOf(p.OrderID)
	a, b := o.Lines[0].LineID, o.Lines[1].LineID
	edit := s.edit(o.ID, order.EditChange{Kind: order.EditSetQuantity, LineID: a, Quantity: 5}, order.EditChange{Kind: order.EditSetQuantity, LineID: b, Quantity: 1})
	s.together(commands.CommitEdit{OrderID: o.ID, Commit: order.CommitEdit{EditID: edit, At: noon}}, "order.edit_committed stock.released stock.reserved")
	s.together(change(o.ID, order.CancelLines{CancellationID: id(), Lines: []order.LineQuantity{{LineID: a, Quantity: 1}}, At: noon}), "order.lines_canceled stock.released")
	f := id()
	s.together(commands.PlanFulfillment{OrderID: o.ID, Plan: order.PlanFulfillment{FulfillmentID: f, LocationID: "north", Lines: []order.LineQuantity{{LineID: a, Quantity: 4}}, At: noon}},
		"order.fulfillment_planned stock.moved")
	s.together(change(o.ID, order.MoveFulfillment{FulfillmentID: f, LocationID: "main", At: noon}), "order.fulfillment_moved stock.moved")
	s.together(commands.CreateFulfillment{OrderID: o.ID, Pack: order.CreateFulfillment{FulfillmentID: f, LocationID: "north", At: noon}}, "order.fulfillment_created stock.moved")
	s.together(change(o.ID, order.Ship{ShipmentID: id(), FulfillmentID: f, At: noon}), "order.shipment_dispatched stock.deducted")
	s.together(change(o.ID, order.RecordDelivery{FulfillmentID: f, At: noon}), "order.shipment_delivered")
	back := id()
	s.must(commands.RequestReturn{OrderID: o.ID, Request: order.RequestReturn{ReturnID: back, Lines: []order.RequestedLine{{LineID: a, Quantity: 2}}, At: noon}})
	s.must(change(o.ID, order.ApproveReturn{ReturnID: back, At: noon}))
	s.together(change(o.ID, order.ReceiveReturn{ReturnID: back, At: noon, Lines: []order.ReceivedLine{
		{LineID: a, Quantity: 1, Disposition: order.DispositionRestock}, {LineID: a, Quantity: 1, Disposition: order.DispositionDamaged},
	}}), "order.return_received stock.returned stock.returned")
	s.together(commands.ResolveReturn{OrderID: o.ID, Resolve: order.ResolveReturn{ReturnID: back, At: noon}}, "order.return_resolved")
	s.together(commands.IssueInvoice{OrderID: o.ID, Invoice: order.IssueInvoice{At: noon}}, "order.invoice_issued series.drawn")
	s.together(commands.IssueCreditNote{OrderID: o.ID, Credit: order.IssueCreditNote{InvoiceNumber: "2026-000001", At: noon}}, "order.credit_note_issued series.drawn")
	s.agree(o.ID)
}

// An order that is canceled or expires gives back its stock and its uses of discounts in the append that ends it; a hold
// that was all it waited for confirms it, and commits its stock.
func TestRows_ends(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 2)
	s.discounted("once", "ONCE", 1)
	s.must(commands.ChangeStock{SKU: "A", At: noon, Command: stock.SetBackorderPolicy{SKU: "A", Policy: stock.BackorderAllow, At: noon}})
	with := place(commands.OrderLine{SKU: "A", Quantity: 2})
	with.DiscountCodes = []string{"ONCE"}
	s.together(with, "order.placed stock.reserved discount.redeemed")
	next := place(commands.OrderLine{SKU: "A", Quantity: 1})
	s.together(next, "order.placed stock.reserved")
	s.together(change(with.OrderID, order.Expire{At: noon.Add(2 * time.Hour)}), "order.expired stock.released stock.backorder_filled order.backorder_filled discount.given_back")
	again := place(commands.OrderLine{SKU: "A", Quantity: 1})
	again.DiscountCodes = []string{"ONCE"}
	s.must(again)
	s.together(commands.CancelOrder{OrderID: again.OrderID, At: noon}, "order.canceled stock.released discount.given_back")

	hold := id()
	s.together(change(next.OrderID, order.PlaceHold{HoldID: hold, At: noon}), "order.held")
	s.together(commands.MarkPaid{OrderID: next.OrderID, PaymentID: id(), Method: "cash", At: noon}, "order.payment_updated")
	s.together(change(next.OrderID, order.ReleaseHold{HoldID: hold, At: noon}), "order.hold_released order.confirmed stock.committed")
	for _, p := range []commands.PlaceOrder{with, next, again} {
		s.agree(p.OrderID)
	}
}

// Whatever makes units available gives them to the orders that wait, which hear of it in the same append.
func TestRows_backorders(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 0)
	s.locate("north")
	s.must(commands.ChangeStock{SKU: "A", At: noon, Command: stock.SetBackorderPolicy{SKU: "A", Policy: stock.BackorderAllow, At: noon}})
	p := place(commands.OrderLine{SKU: "A", Quantity: 9})
	s.must(p)
	inStock := func(c stock.Command) commands.Command { return commands.ChangeStock{SKU: "A", Command: c, At: noon} }
	const filled = " stock.backorder_filled order.backorder_filled"
	s.together(commands.ReceiveStock{SKU: "A", Quantity: 1, At: noon}, "stock.received"+filled)
	s.together(inStock(stock.Adjust{SKU: "A", Delta: 1, Reason: "found", At: noon}), "stock.adjusted"+filled)
	s.together(inStock(stock.Count{SKU: "A", Counted: 3, At: noon}), "stock.counted"+filled)
	s.together(inStock(stock.SetSafetyStock{SKU: "A", LocationID: "north", Quantity: 1, At: noon}), "stock.safety_stock_set")
	s.together(commands.ReceiveStock{SKU: "A", LocationID: "north", Quantity: 1, At: noon}, "stock.received")
	s.together(inStock(stock.SetSafetyStock{SKU: "A", LocationID: "north", At: noon}), "stock.safety_stock_set"+filled)
	s.together(inStock(stock.SetTracking{SKU: "A", At: noon}), "stock.tracking_set"+filled)
	if o := s.orderOf(p.OrderID); o.Lines[0].Counters.Backordered != 0 {
		t.Errorf("the order still waits for %d units", o.Lines[0].Counters.Backordered)
	}
	s.agree(p.OrderID)
}

// A soft reservation is released, or expires, in the stock of all its SKUs.
func TestRows_softReservations(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 5)
	s.sell("B", 5)
	held, released := id(), id()
	s.must(commands.MakeReservation{Reservation: reservationOf(held, "A", 5, "B", 5)})
	if code := s.try(commands.MakeReservation{Reservation: reservationOf(released, "A", 1)}); code != rule.InsufficientStock {
		t.Errorf("a unit too many: %q; want insufficient_stock", code)
	}
	s.together(commands.EndReservation{ReservationID: held, Expire: true, At: noon}, "") // not due
	s.together(commands.EndReservation{ReservationID: held, Expire: true, At: noon.Add(time.Hour)}, "reservation.expired stock.reservation_expired stock.reservation_expired")
	s.must(commands.MakeReservation{Reservation: reservationOf(released, "A", 5)})
	s.together(commands.EndReservation{ReservationID: released, At: noon}, "reservation.released stock.released")
	if a, b := s.stockOf("A"), s.stockOf("B"); a.Available() != 5 || b.Available() != 5 {
		t.Errorf("%d of A and %d of B are available; want 5 and 5", a.Available(), b.Available())
	}
}

// An automatic discount that is used up is not given; a code that is used up is refused.
func TestRows_discountsUsedUp(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 10)
	s.discounted("first", "", 1)
	for i, want := range []int64{900, 1000} {
		p := place(commands.OrderLine{SKU: "A", Quantity: 1})
		s.must(p)
		if o := s.orderOf(p.OrderID); o.Total() != want {
			t.Errorf("order %d costs %d; want %d", i, o.Total(), want)
		}
	}
	s.discounted("code", "CODE", 1)
	p := place(commands.OrderLine{SKU: "A", Quantity: 1})
	p.DiscountCodes = []string{"CODE"}
	s.must(p)
	p.OrderID = id()
	if v := s.refusal(p); v.Code != rule.DiscountInvalid || v.Details[0].Pointer != "/discount_codes/0" {
		t.Errorf("a code that is used up: %v, %+v; want discount_invalid at /discount_codes/0", v, v.Details)
	}
}

// Only what is on sale in the channel and the currency can be ordered, at the catalogue's price; a list of products is
// taken as a whole or not at all.
func TestRows_catalogue(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	product := func(sku string, channels ...string) catalog.List {
		return catalog.List{SKU: sku, Name: sku, Prices: []money.Amount{{Minor: 500, Currency: "EUR"}}, RequiresShipping: true, Sellable: true, Channels: channels, At: noon}
	}
	bad := product("C")
	bad.Name = ""
	if v := s.refusal(commands.ListProducts{Products: []catalog.List{product("A"), bad}}); !strings.HasPrefix(v.Details[0].Pointer, "/1") {
		t.Errorf("a list with a fault: %+v; want one that points to its second product", v.Details)
	}
	if code := s.try(place(commands.OrderLine{SKU: "A", Quantity: 1})); code != rule.SKUUnknown {
		t.Errorf("a product of a refused list: %q; want sku_unknown", code)
	}
	s.must(commands.ListProducts{Products: []catalog.List{product("A"), product("B", "phone")}})
	s.receiveAt("A", "main", 5)
	s.receiveAt("B", "main", 5)
	gone := false
	for _, tt := range []struct {
		sku, currency string
		want          rule.Code
		before        func()
	}{
		{"A", "EUR", "", func() {}},
		{"A", "USD", rule.CurrencyUnsupported, func() {}},
		{"B", "EUR", rule.SKUNotSellable, func() {}},
		{"A", "EUR", rule.SKUNotSellable, func() { s.must(commands.UpdateProduct{SKU: "A", Change: catalog.Update{Sellable: &gone, At: noon}}) }},
	} {
		tt.before()
		p := place(commands.OrderLine{SKU: tt.sku, Quantity: 1})
		p.Currency = tt.currency
		if code := s.try(p); code != tt.want {
			t.Errorf("%s in %s: %q; want %q", tt.sku, tt.currency, code, tt.want)
		}
	}
}

// What nobody knows cannot be changed, and who expects another version is told the present one.
func TestRows_everyCommand(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	nobody := id()
	for _, c := range []commands.Command{
		change(nobody, order.Confirm{At: noon}), change(nobody, order.PlaceHold{HoldID: id(), At: noon}),
		commands.CancelOrder{OrderID: nobody, At: noon},
		commands.PlaceDraft{OrderID: nobody, At: noon},
		commands.UpdateDraftOrder{OrderID: nobody, At: noon},
		commands.StageEdit{OrderID: nobody, Stage: order.StageEditChange{At: noon}},
		commands.CommitEdit{OrderID: nobody, Commit: order.CommitEdit{At: noon}},
		commands.PlanFulfillment{OrderID: nobody},
		commands.CreateFulfillment{OrderID: nobody},
		commands.ChangeOrder{OrderID: nobody, Command: order.RecordDelivery{}},
		commands.RequestReturn{OrderID: nobody},
		commands.ResolveReturn{OrderID: nobody, Resolve: order.ResolveReturn{ReplacementOrderID: uuid.New()}},
		commands.ChangeShippingAddress{OrderID: nobody},
		commands.IssueInvoice{OrderID: nobody},
		commands.IssueCreditNote{OrderID: nobody},
		commands.MarkPaid{OrderID: nobody, At: noon},
	} {
		if code := s.try(c); code != rule.OrderNotFound {
			t.Errorf("%T of no order: %q; want order_not_found", c, code)
		}
	}
}

// Taxes go by the product's class and the country, at the rounding that the shop has set; another country has them
// computed anew, and the price is what it was.
func TestRows_addressAndTaxes(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 10)
	s.must(commands.ListProduct{Product: catalog.List{
		SKU: "BOOK", Name: "Book", Prices: []money.Amount{{Minor: 1000, Currency: "EUR"}}, TaxClass: "books", RequiresShipping: true, Sellable: true, At: noon,
	}})
	s.receiveAt("BOOK", "main", 10)
	s.set(settings.SetRounding{Rounding: pricing.RoundingRule{Mode: money.HalfEven, Scope: pricing.ScopeOrder}, At: noon})
	for _, rate := range []pricing.TaxRate{
		{Country: "DE", Code: "de", Rate: 190_000},
		{Country: "DE", TaxClass: "books", Code: "de-books", Rate: 70_000},
		{Country: "FR", Code: "fr", Rate: 200_000, Inclusive: true},
	} {
		s.set(settings.PutTaxRate{Rate: rate, At: noon})
	}
	p := place(commands.OrderLine{SKU: "A", Quantity: 1}, commands.OrderLine{SKU: "BOOK", Quantity: 1})
	p.Country = "DE"
	s.must(p)
	o := s.orderOf(p.OrderID)
	if o.Totals.Tax != 190+70 || o.Total() != 2260 || o.Rounding != (order.RoundingRule{Mode: money.HalfEven, Scope: order.ScopeOrder}) {
		t.Errorf("in DE: %+v, rounded by %+v; want a tax of 2.60 on top, of the order as one sum", o.Totals, o.Rounding)
	}
	s.set(settings.SetRounding{At: noon}) // later orders
	s.together(commands.ChangeShippingAddress{OrderID: p.OrderID, Change: order.ChangeShippingAddress{Country: "FR", At: noon}}, "order.shipping_address_changed")
	o = s.orderOf(p.OrderID)
	if now := o.LiveTotals(); now.Tax != 333 || o.Total() != 2000 || o.Rounding.Scope != order.ScopeOrder {
		t.Errorf("in FR: %+v, %d in all; want a tax of 3.33 inside of 20.00", now, o.Total())
	}
}

// An address change says what each line and the shipping are worth less, or more, if prices contain the new taxes.
func TestRows_addressAndNetValues(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 10)
	s.discounted("tenth", "TENTH", 5)
	s.set(settings.PutShippingMethod{At: noon, Method: pricing.ShippingMethod{
		ID: "post", Name: "Post", Kind: pricing.ShippingFlat, Prices: []money.Amount{{Minor: 490, Currency: "EUR"}},
	}})
	s.set(settings.PutTaxRate{Rate: pricing.TaxRate{Country: "DE", Code: "de", Rate: 190_000}, At: noon})
	s.set(settings.PutTaxRate{Rate: pricing.TaxRate{Country: "FR", Code: "fr", Rate: 200_000, Inclusive: true}, At: noon})
	p := place(commands.OrderLine{SKU: "A", Quantity: 3})
	p.Country, p.ShippingMethod, p.DiscountCodes = "DE", "post", []string{"TENTH"}
	s.must(p)
	for _, to := range []struct {
		country                      string
		subtotal, net, shipping, tax int64 // changes
	}{
		{"FR", -500, -450, -82, 450 + 82 - 513 - 93},
		{"DE", 500, 450, 82, 513 + 93 - 450 - 82},
	} {
		s.must(commands.ChangeShippingAddress{OrderID: p.OrderID, Change: order.ChangeShippingAddress{Country: to.country, At: noon}})
		stored, err := s.store.Load(t.Context(), tenant, p.OrderID, 0)
		if err != nil {
			t.Fatal(err)
		}
		last := stored[len(stored)-1]
		event, err := order.Decode(last.Type, last.Data)
		changed, ok := event.(order.ShippingAddressChanged)
		if err != nil || !ok || changed.Requote == nil {
			t.Fatalf("to %s: %+v, %v; want taxes computed anew", to.country, event, err)
		}
		q := changed.Requote
		l := q.Lines[0]
		if l.SKU != "A" || l.NetSubtotalChange != to.subtotal || l.NetTotalChange != to.net || q.ShippingNetChange != to.shipping || q.TotalsAfter.Tax-q.TotalsBefore.Tax != to.tax {
			t.Errorf("to %s: %+v; want changes of %+v", to.country, q, to)
		}
	}
}
