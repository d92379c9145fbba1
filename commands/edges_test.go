package commands_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// refusal runs a command that must be refused and returns why.
func (s *shop) refusal(c commands.Command) *rule.Violation {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var refused error
	_, err := s.engine.Do(ctx, commands.Request{Tenant: tenant, Command: c, Answer: func(o commands.Outcome) eventstore.Answer {
		refused = o.Refused
		return answer(o)
	}})
	var v *rule.Violation
	if !errors.As(errors.Join(err, refused), &v) {
		s.Fatalf("%T: %v; want a refusal", c, err)
	}
	return v
}

// id makes a new id.
func id() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// receiveAt adds units at a location.
func (s *shop) receiveAt(sku, location string, units int64) {
	s.Helper()
	s.locate(location)
	s.must(commands.ReceiveStock{SKU: sku, LocationID: location, Quantity: units, At: noon})
}

// locate puts a location into the settings unless it is there, and the main one before it, since that goes once there are
// others.
func (s *shop) locate(location string) {
	s.Helper()
	if location == stock.MainLocation || s.located[location] {
		return
	}
	for i, one := range []string{stock.MainLocation, location} {
		if !s.located[one] {
			s.set(settings.PutLocation{Location: settings.Location{ID: one, Name: one, Priority: int64(i), Pickable: true}, At: noon})
		}
	}
}

// availableAt returns the units that can be sold from a location.
func availableAt(s *stock.Stock, location string) int64 {
	at := s.At(location)
	return at.Available()
}

// paid places an order and marks it as paid.
func (s *shop) paid(p commands.PlaceOrder) order.Order {
	s.Helper()
	s.must(p)
	s.must(commands.MarkPaid{OrderID: p.OrderID, PaymentID: id(), Method: "cash", At: noon})
	return s.orderOf(p.OrderID)
}

// change is a command of one order.
func change(orderID uuid.UUID, c order.Command) commands.ChangeOrder {
	return commands.ChangeOrder{OrderID: orderID, Command: c, At: noon}
}

// pack packs units of an order's first line and returns the fulfilment.
func (s *shop) pack(o *order.Order, location string, units int64) uuid.UUID {
	s.Helper()
	f := id()
	s.must(commands.CreateFulfillment{OrderID: o.ID, Pack: order.CreateFulfillment{
		FulfillmentID: f, LocationID: location, Lines: []order.LineQuantity{{LineID: o.Lines[0].LineID, Quantity: units}}, At: noon,
	}})
	return f
}

// ship sends a fulfilment off.
func (s *shop) ship(o *order.Order, fulfillment uuid.UUID) {
	s.Helper()
	s.must(change(o.ID, order.Ship{ShipmentID: id(), FulfillmentID: fulfillment, At: noon}))
}

// deliver lets a fulfilment arrive.
func (s *shop) deliver(o *order.Order, fulfillment uuid.UUID) {
	s.Helper()
	s.must(change(o.ID, order.RecordDelivery{FulfillmentID: fulfillment, At: noon}))
}

// set changes the tenant's settings.
func (s *shop) set(c settings.Command) {
	s.Helper()
	s.must(commands.ChangeSettings{Command: c, At: noon})
	if put, ok := c.(settings.PutLocation); ok {
		s.located[put.Location.ID] = true
	}
}

// edit begins an edit of an order with changes and returns it.
func (s *shop) edit(orderID uuid.UUID, changes ...order.EditChange) uuid.UUID {
	s.Helper()
	edit := id()
	s.must(change(orderID, order.BeginEdit{EditID: edit, At: noon}))
	for _, c := range changes {
		c.ChangeID = id()
		s.must(commands.StageEdit{OrderID: orderID, Stage: order.StageEditChange{EditID: edit, Change: c, At: noon}})
	}
	return edit
}

// An order that is over keeps no stock: what was never shipped, since it needs no shipping, has been handed over, and
// what it still waited for is given up. Otherwise the next receipt would look for an order that waits no more.
func TestEdges_completedOrderHoldsNothing(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("BOOK", 5)
	s.must(commands.ListProduct{Product: catalog.List{
		SKU: "TICKET", Name: "Ticket", Prices: []money.Amount{{Minor: 1000, Currency: "EUR"}}, Sellable: true, At: noon,
	}})
	s.receiveAt("TICKET", "main", 1)
	s.receiveAt("TICKET", "door", 1)
	s.must(commands.ChangeStock{SKU: "TICKET", Command: stock.SetBackorderPolicy{SKU: "TICKET", Policy: stock.BackorderAllow, At: noon}, At: noon})
	o := s.paid(place(commands.OrderLine{SKU: "BOOK", Quantity: 1}, commands.OrderLine{SKU: "TICKET", Quantity: 3}))
	f := s.pack(&o, "main", 1)
	s.ship(&o, f)
	s.deliver(&o, f)
	if o = s.orderOf(o.ID); o.Status != order.StatusConfirmed {
		t.Fatalf("order is %s by itself, though a ticket waits for stock; want confirmed", o.Status)
	}
	s.must(change(o.ID, order.Complete{At: noon}))
	s.agree(o.ID)
	st := s.stockOf("TICKET")
	if st.Committed() != 0 || st.Backordered != 0 || st.OnHand() != 0 || st.Live() != 0 {
		t.Errorf("stock %+v, %d reservations; want the two tickets gone, and nobody waiting", st.Levels, st.Live())
	}
	s.receiveAt("TICKET", "main", 5)
	if st := s.stockOf("TICKET"); st.Available() != 5 {
		t.Errorf("%d tickets are available; want 5", st.Available())
	}
}

// Canceling open units leaves those that are packed elsewhere reserved where they are packed.
func TestEdges_cancelLeavesPackedUnits(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 4)
	s.receiveAt("A", "north", 2)
	o := s.paid(place(commands.OrderLine{SKU: "A", Quantity: 4}))
	f := s.pack(&o, "north", 2)
	s.must(change(o.ID, order.CancelLines{CancellationID: id(), Lines: []order.LineQuantity{{LineID: o.Lines[0].LineID, Quantity: 2}}, At: noon}))
	s.ship(&o, f)
	s.agree(o.ID)
	if st := s.stockOf("A"); st.At("north").OnHand != 0 || availableAt(&st, "main") != 4 {
		t.Errorf("stock %+v; want 4 available at main and none at north", st.Locations)
	}

	o = s.paid(place(commands.OrderLine{SKU: "A", Quantity: 4})) // the same by an edit
	s.receiveAt("A", "north", 2)
	f = s.pack(&o, "north", 2)
	edit := s.edit(o.ID, order.EditChange{Kind: order.EditSetQuantity, LineID: o.Lines[0].LineID, Quantity: 2})
	s.must(commands.CommitEdit{OrderID: o.ID, Commit: order.CommitEdit{EditID: edit, At: noon}})
	s.ship(&o, f)
	s.agree(o.ID)
}

// Packing at one location never takes units that are packed at another one.
func TestEdges_packingTakesNoPackedUnits(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 2)
	s.receiveAt("A", "north", 2)
	o := s.paid(place(commands.OrderLine{SKU: "A", Quantity: 4}))
	s.receiveAt("A", "west", 2)
	north := s.pack(&o, "north", 2)
	west := s.pack(&o, "west", 2)
	s.ship(&o, north)
	s.ship(&o, west)
	s.agree(o.ID)
	if st := s.stockOf("A"); availableAt(&st, "main") != 2 {
		t.Errorf("stock %+v; want the units at main free again", st.Locations)
	}
}

// Two plans for one location reserve there what both are of, and moving one leaves the other.
func TestEdges_plansGatherTheirUnits(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 4)
	s.receiveAt("A", "north", 4)
	s.receiveAt("A", "west", 4)
	o := s.paid(place(commands.OrderLine{SKU: "A", Quantity: 4}))
	plans := []uuid.UUID{id(), id()}
	for _, plan := range plans {
		s.must(commands.PlanFulfillment{OrderID: o.ID, Plan: order.PlanFulfillment{
			FulfillmentID: plan, LocationID: "north", Lines: []order.LineQuantity{{LineID: o.Lines[0].LineID, Quantity: 2}}, At: noon,
		}})
	}
	if st := s.stockOf("A"); st.At("north").Committed != 4 {
		t.Errorf("stock %+v; want all 4 units committed at north", st.Locations)
	}
	s.must(change(o.ID, order.MoveFulfillment{FulfillmentID: plans[1], LocationID: "west", At: noon}))
	if st := s.stockOf("A"); st.At("north").Committed != 2 || st.At("west").Committed != 2 {
		t.Errorf("stock %+v; want 2 units committed at north and at west", st.Locations)
	}
	s.pack(&o, "main", 4) // plans bind nobody
	s.agree(o.ID)
}

// A location that the shop does not have is refused wherever goods go: moved plans and returned goods too.
func TestEdges_unknownLocations(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	for _, location := range []string{"main", "north"} {
		s.set(settings.PutLocation{Location: settings.Location{ID: location, Name: location, Pickable: true}, At: noon})
	}
	s.sell("A", 4)
	s.receiveAt("A", "north", 4)
	o := s.paid(place(commands.OrderLine{SKU: "A", Quantity: 2}))
	plan := id()
	s.must(commands.PlanFulfillment{OrderID: o.ID, Plan: order.PlanFulfillment{FulfillmentID: plan, At: noon}}) // the main one
	if code := s.try(change(o.ID, order.MoveFulfillment{FulfillmentID: plan, LocationID: "nowhere", At: noon})); code != rule.LocationUnknown {
		t.Errorf("plan moved nowhere: %q; want location_unknown", code)
	}
	s.must(change(o.ID, order.MoveFulfillment{FulfillmentID: plan, LocationID: "north", At: noon}))
	s.must(commands.CreateFulfillment{OrderID: o.ID, Pack: order.CreateFulfillment{FulfillmentID: plan, At: noon}})
	s.ship(&o, plan)
	s.deliver(&o, plan)
	back := id()
	s.must(commands.RequestReturn{OrderID: o.ID, Request: order.RequestReturn{ReturnID: back, Lines: []order.RequestedLine{{LineID: o.Lines[0].LineID, Quantity: 2}}, At: noon}})
	s.must(change(o.ID, order.ApproveReturn{ReturnID: back, At: noon}))
	if code := s.try(change(o.ID, order.ReceiveReturn{ReturnID: back, LocationID: "nowhere", At: noon})); code != rule.LocationUnknown {
		t.Errorf("goods that came back nowhere: %q; want location_unknown", code)
	}
	transfer := commands.ChangeStock{SKU: "A", At: noon, Command: stock.DispatchTransfer{
		TransferID: id(), From: "main", To: "nowhere", Quantity: 1, At: noon,
	}}
	if v := s.refusal(transfer); v.Code != rule.LocationUnknown || v.Details[0].Pointer != "/to_location_id" {
		t.Errorf("transfer nowhere: %v at %+v; want location_unknown at /to_location_id", v, v.Details)
	}
}

// A shop that has defined no location has the main one: a misspelt one makes no stock, whatever command names it, and says
// where it stands.
func TestEdges_misspeltLocations(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 4)
	at := func(c stock.Command) commands.Command { return commands.ChangeStock{SKU: "A", Command: c, At: noon} }
	for name, tt := range map[string]struct {
		wrong, right commands.Command
		pointer      string
	}{
		"receive": {commands.ReceiveStock{SKU: "A", LocationID: "mian", Quantity: 1, At: noon}, commands.ReceiveStock{SKU: "A", Quantity: 1, At: noon}, "/location_id"},
		"adjust":  {at(stock.Adjust{SKU: "A", LocationID: "Main", Delta: 1, Reason: "x", At: noon}), at(stock.Adjust{SKU: "A", Delta: 1, Reason: "x", At: noon}), "/location_id"},
		"count":   {at(stock.Count{SKU: "A", LocationID: "mian", Counted: 9, At: noon}), at(stock.Count{SKU: "A", LocationID: "main", Counted: 9, At: noon}), "/location_id"},
		"safety":  {at(stock.SetSafetyStock{SKU: "A", LocationID: "mian", Quantity: 1, At: noon}), at(stock.SetSafetyStock{SKU: "A", Quantity: 1, At: noon}), "/location_id"},
		"send":    {at(stock.DispatchTransfer{TransferID: id(), From: "main", To: "mian", Quantity: 1, At: noon}), nil, "/to_location_id"},
		"fetch":   {at(stock.DispatchTransfer{TransferID: id(), From: "mian", To: "main", Quantity: 1, At: noon}), nil, "/from_location_id"},
		"inspect": {at(stock.Inspect{LocationID: "mian", From: stock.QualityControl, Disposition: stock.Damaged, Quantity: 1, At: noon}), nil, "/location_id"},
		"patch": {
			commands.PatchStock{SKU: "A", At: noon, Steps: []stock.Command{
				stock.SetTracking{SKU: "A", Tracked: true, At: noon}, stock.SetSafetyStock{SKU: "A", Quantity: 2, At: noon}, stock.SetSafetyStock{SKU: "A", LocationID: "mian", Quantity: 1, At: noon},
			}}, nil, "/safety_stock/1/location_id",
		},
	} {
		if v := s.refusal(tt.wrong); v.Code != rule.LocationUnknown || len(v.Details) != 1 || v.Details[0].Pointer != tt.pointer {
			t.Errorf("%s at a location that is not there: %v at %+v; want location_unknown at %s", name, v, v.Details, tt.pointer)
		}
		if tt.right != nil {
			s.must(tt.right)
		}
	}
	if st := s.stockOf("A"); len(st.Locations) != 1 {
		t.Errorf("stock %+v; want the main location alone", st.Locations)
	}
}

// A shipping method that an edit chooses costs what it would cost the order as it is: after the discounts that the order
// has, and without those that came up since.
func TestEdges_editedShippingCountsDiscounts(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 100)
	s.set(settings.PutTaxRate{Rate: pricing.TaxRate{Code: "vat", Rate: 190_000}, At: noon})
	s.set(settings.SetRounding{Rounding: pricing.RoundingRule{Scope: pricing.ScopeOrder}, At: noon})
	s.set(settings.PutDiscount{At: noon, Discount: pricing.DiscountRule{
		ID: "fifth", Code: "FIFTH", Kind: pricing.DiscountPercentage, Scope: pricing.ScopeWhole, Rate: 200_000,
	}})
	s.set(settings.PutShippingMethod{At: noon, Method: pricing.ShippingMethod{
		ID: "post", Name: "Post", Kind: pricing.ShippingBySubtotal,
		Bands: []pricing.Band{{UpTo: new(int64(5000)), Amount: 900, Currency: "EUR"}, {UpTo: new(int64(9000)), Amount: 501, Currency: "EUR"}, {Currency: "EUR"}},
	}})
	p := place(commands.OrderLine{SKU: "A", Quantity: 9})
	p.DiscountCodes = []string{"FIFTH"}
	s.must(p) // goods at 72.00
	s.set(settings.PutDiscount{At: noon, Discount: pricing.DiscountRule{
		ID: "new", Kind: pricing.DiscountPercentage, Scope: pricing.ScopeWhole, Rate: 500_000,
	}})
	o := s.orderOf(p.OrderID)
	edit := s.edit(p.OrderID, order.EditChange{Kind: order.EditSetQuantity, LineID: o.Lines[0].LineID, Quantity: 10},
		order.EditChange{Kind: order.EditSetShipping, ShippingMethod: "post"})
	s.must(commands.CommitEdit{OrderID: p.OrderID, Commit: order.CommitEdit{EditID: edit, At: noon}})
	o = s.orderOf(p.OrderID)
	if got := o.ShippingLines[0]; got.Amount != 501 || pricing.TaxTotal(got.TaxLines) != 95 {
		t.Errorf("shipping of goods at 80.00 costs %+v; want 5.01 and tax of 0.95", got)
	}
	if want := int64(8000 + 1520 + 501 + 95); o.Total() != want {
		t.Errorf("the order costs %d; want %d", o.Total(), want)
	}
}

// Edits stay within the limits that the shop has set for orders.
func TestEdges_editsKeepLimits(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 100)
	s.sell("B", 100)
	s.set(settings.SetLimits{Limits: settings.Limits{MaxLines: 1, MaxQuantity: 5}, At: noon})
	p := place(commands.OrderLine{SKU: "A", Quantity: 1})
	s.must(p)
	o := s.orderOf(p.OrderID)
	edit := s.edit(p.OrderID)
	stage := func(c order.EditChange) commands.Command {
		c.ChangeID = id()
		return commands.StageEdit{OrderID: p.OrderID, Stage: order.StageEditChange{EditID: edit, Change: c, At: noon}}
	}
	v := s.refusal(stage(order.EditChange{Kind: order.EditSetQuantity, LineID: o.Lines[0].LineID, Quantity: 6}))
	if v.Code != rule.QuantityOutOfRange || v.Details[0].Pointer != "/quantity" || v.Details[0].Meta["available"] != int64(5) {
		t.Errorf("6 units: %v, %+v; want quantity_out_of_range, 5 possible", v, v.Details)
	}
	if code := s.try(stage(order.EditChange{Kind: order.EditAddLine, LineID: id(), SKU: "B", Quantity: 1})); code != rule.ValidationFailed {
		t.Errorf("a second line: %q; want validation_failed", code)
	}
	s.must(stage(order.EditChange{Kind: order.EditSetQuantity, LineID: o.Lines[0].LineID, Quantity: 5}))
}

// The year of a series is the shop's own, and no invoice bears a number that a credit note could have.
func TestEdges_invoiceSeries(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 10)
	s.set(settings.SetTimeZone{TimeZone: "Asia/Tokyo", At: noon})
	o := s.paid(place(commands.OrderLine{SKU: "A", Quantity: 1}))
	eve := time.Date(2026, time.December, 31, 16, 0, 0, 0, time.UTC) // 2027 in Tokyo
	if code := s.try(commands.IssueInvoice{OrderID: o.ID, Series: "CN-2027", Invoice: order.IssueInvoice{At: eve}}); code != rule.ValidationFailed {
		t.Errorf("an invoice CN-2027-000001: %q; want validation_failed", code)
	}
	s.must(commands.IssueInvoice{OrderID: o.ID, Invoice: order.IssueInvoice{At: eve}})
	s.must(commands.IssueCreditNote{OrderID: o.ID, Credit: order.IssueCreditNote{InvoiceNumber: "2027-000001", At: eve}})
	o = s.orderOf(o.ID)
	if o.Invoices[0].Number != "2027-000001" || o.Invoices[1].Number != "CN-2027-000001" {
		t.Errorf("documents %+v; want 2027-000001 and CN-2027-000001", o.Invoices)
	}
}

// Faults of stock point to the line of the request that asked for it, whatever the order's own sequence is.
func TestEdges_pointers(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 5)
	s.sell("B", 5)
	s.receiveAt("A", "north", 5)
	o := s.paid(place(commands.OrderLine{SKU: "A", Quantity: 3}, commands.OrderLine{SKU: "B", Quantity: 3}))
	a, b := o.Lines[0].LineID, o.Lines[1].LineID
	f := id()
	v := s.refusal(commands.CreateFulfillment{OrderID: o.ID, Pack: order.CreateFulfillment{
		FulfillmentID: f, LocationID: "north", Lines: []order.LineQuantity{{LineID: b, Quantity: 2}, {LineID: a, Quantity: 2}}, At: noon,
	}})
	if v.Code != rule.InsufficientStock || v.Details[0].Pointer != "/lines/0/quantity" || v.Details[0].Meta["line_id"] != b.String() {
		t.Errorf("packing B at north: %v, %+v; want insufficient_stock at /lines/0/quantity", v, v.Details)
	}
	s.must(commands.CreateFulfillment{OrderID: o.ID, Pack: order.CreateFulfillment{FulfillmentID: f, At: noon}})
	s.must(commands.ChangeStock{SKU: "B", Command: stock.Count{SKU: "B", Counted: 1, At: noon}, At: noon})
	ship := order.Ship{ShipmentID: id(), FulfillmentID: f, Lines: []order.LineQuantity{{LineID: b, Quantity: 3}, {LineID: a, Quantity: 3}}, At: noon}
	v = s.refusal(change(o.ID, ship))
	if v.Code != rule.InsufficientStock || v.Details[0].Pointer != "/lines/0/quantity" || v.Details[0].Meta["available"] != int64(1) {
		t.Errorf("shipping B: %v, %+v; want insufficient_stock at /lines/0/quantity", v, v.Details)
	}
	ship.Lines = nil
	if v = s.refusal(change(o.ID, ship)); v.Details[0].Pointer != "" || v.Details[0].Meta["line_id"] != b.String() {
		t.Errorf("shipping all: %+v; want no pointer, since the request names no lines", v.Details)
	}
	missing := id()
	p := place(commands.OrderLine{SKU: "A", Quantity: 1})
	p.ReservationID = missing
	if v = s.refusal(p); v.Code != rule.ReservationNotFound || !strings.Contains(v.Message, missing.String()) || v.Details[0].Pointer != "/reservation_id" {
		t.Errorf("no such reservation: %v, %+v; want reservation_not_found that names it", v, v.Details)
	}
}

// A placed line says how far its SKU may be backordered, and units come from the location that the shop prefers.
func TestEdges_placedLines(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.set(settings.PutLocation{Location: settings.Location{ID: "main", Name: "Main", Priority: 2, Pickable: true}, At: noon})
	s.set(settings.PutLocation{Location: settings.Location{ID: "west", Name: "West", Priority: 1, Pickable: true}, At: noon})
	s.sell("A", 2)
	s.receiveAt("A", "west", 2)
	s.must(commands.ChangeStock{SKU: "A", Command: stock.SetBackorderPolicy{SKU: "A", Policy: stock.BackorderLimit, Limit: 3, At: noon}, At: noon})
	p := place(commands.OrderLine{SKU: "A", Quantity: 1})
	s.must(p)
	if o := s.orderOf(p.OrderID); o.Lines[0].BackorderPolicy != order.BackorderLimit {
		t.Errorf("line %+v; want backorder policy limit", o.Lines[0].Line)
	}
	if st := s.stockOf("A"); st.At("west").Reserved != 1 {
		t.Errorf("stock %+v; want a unit reserved at west, which has the lower priority number", st.Locations)
	}
}

// Nothing new is written about a person who was erased.
func TestEdges_erasedCustomer(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 10)
	s.must(commands.ChangeCustomer{CustomerID: "ann", Command: customer.Erase{CustomerID: "ann", Reason: "asked", At: noon}, At: noon})
	p := place(commands.OrderLine{SKU: "A", Quantity: 1})
	p.CustomerID = "ann"
	if code := s.try(p); code != rule.ErasedCustomer {
		t.Errorf("placing: %q; want erased_customer", code)
	}
	if code := s.try(commands.DraftOrder{Order: p}); code != rule.ErasedCustomer {
		t.Errorf("drafting: %q; want erased_customer", code)
	}
	p.CustomerID = "bob"
	s.must(p)
}

// Units of one SKU that an edit takes off one line and puts on another stay with the order, however scarce they are.
func TestEdges_editMovesUnitsBetweenLines(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 5)
	o := s.paid(place(commands.OrderLine{SKU: "A", Quantity: 3}, commands.OrderLine{SKU: "A", Quantity: 2}))
	edit := s.edit(o.ID, order.EditChange{Kind: order.EditSetQuantity, LineID: o.Lines[0].LineID, Quantity: 0},
		order.EditChange{Kind: order.EditSetQuantity, LineID: o.Lines[1].LineID, Quantity: 5})
	s.must(commands.CommitEdit{OrderID: o.ID, Commit: order.CommitEdit{EditID: edit, At: noon}})
	s.agree(o.ID)
	if st := s.stockOf("A"); st.Committed() != 5 || st.Available() != 0 {
		t.Errorf("stock %+v; want all 5 units committed", st.Levels)
	}

	s.must(commands.ChangeStock{SKU: "A", Command: stock.SetBackorderPolicy{SKU: "A", Policy: stock.BackorderLimit, Limit: 2, At: noon}, At: noon})
	waits := place(commands.OrderLine{SKU: "A", Quantity: 2})
	s.must(waits)
	edit = s.edit(o.ID, order.EditChange{Kind: order.EditSetQuantity, LineID: o.Lines[1].LineID, Quantity: 1},
		order.EditChange{Kind: order.EditAddLine, LineID: id(), SKU: "A", Quantity: 3})
	s.must(commands.CommitEdit{OrderID: o.ID, Commit: order.CommitEdit{EditID: edit, At: noon}}) // though others wait
	s.agree(o.ID)
	s.agree(waits.OrderID)
	o = s.orderOf(o.ID)
	other := s.orderOf(waits.OrderID)
	if o.Lines[2].Counters.Reserved != 3 || other.Lines[0].Counters.Reserved != 1 || other.Lines[0].Counters.Backordered != 1 {
		t.Errorf("the new line has %+v, who waits %+v; want all 3 units, and the one that is left", o.Lines[2].Counters, other.Lines[0].Counters)
	}
}

// A replacement is another order of the same customer that stands.
func TestEdges_replacements(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 20)
	mine := place(commands.OrderLine{SKU: "A", Quantity: 2})
	mine.CustomerID = "ann"
	o := s.paid(mine)
	f := s.pack(&o, "main", 2)
	s.ship(&o, f)
	s.deliver(&o, f)
	back := id()
	s.must(commands.RequestReturn{OrderID: o.ID, Request: order.RequestReturn{ReturnID: back, Kind: order.KindExchange, Lines: []order.RequestedLine{{LineID: o.Lines[0].LineID, Quantity: 1}}, At: noon}})
	s.must(change(o.ID, order.ApproveReturn{ReturnID: back, At: noon}))
	s.must(change(o.ID, order.ReceiveReturn{ReturnID: back, At: noon}))
	foreign, canceled, good := place(commands.OrderLine{SKU: "A", Quantity: 1}), place(commands.OrderLine{SKU: "A", Quantity: 1}), place(commands.OrderLine{SKU: "A", Quantity: 1})
	canceled.CustomerID, good.CustomerID = "ann", "ann"
	s.must(foreign)
	s.must(canceled)
	s.must(good)
	s.must(commands.CancelOrder{OrderID: canceled.OrderID, At: noon})
	resolve := func(replacement uuid.UUID) commands.Command {
		return commands.ResolveReturn{OrderID: o.ID, Resolve: order.ResolveReturn{ReturnID: back, ReplacementOrderID: replacement, At: noon}}
	}
	for _, bad := range []uuid.UUID{foreign.OrderID, canceled.OrderID, o.ID, id()} {
		if v := s.refusal(resolve(bad)); v.Code != rule.ValidationFailed || !slices.ContainsFunc(v.Details, func(d rule.Detail) bool { return d.Pointer == "/replacement_order_id" }) {
			t.Errorf("replacement %s: %v, %+v; want validation_failed at /replacement_order_id", bad, v, v.Details)
		}
	}
	s.must(resolve(good.OrderID))
}
