package commands_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// orderOf folds an order from the log.
func (s *shop) orderOf(id uuid.UUID) order.Order {
	s.Helper()
	events, err := s.store.Load(context.Background(), tenant, id, 0)
	if err != nil {
		s.Fatal(err)
	}
	var o order.Order
	for _, rec := range events {
		e, err := order.Decode(rec.Type, rec.Data)
		if err != nil {
			s.Fatal(err)
		}
		o.Apply(e)
	}
	return o
}

// try runs a command and returns the code of its refusal, if it is refused.
func (s *shop) try(c commands.Command) rule.Code {
	s.Helper()
	r, err := s.do(nil, c)
	switch {
	case err != nil && rule.CodeOf(err) != "":
		return rule.CodeOf(err)
	case err != nil:
		s.Fatalf("%T: %v", c, err)
	case r.Refused:
		return rule.Code(r.Answer.Body)
	}
	return ""
}

// held says what the stock of all SKUs has set aside for an order, line by line: what is allocated and what waits.
func (s *shop) held(o *order.Order) (allocated, waiting map[uuid.UUID]int64) {
	s.Helper()
	allocated, waiting = make(map[uuid.UUID]int64), make(map[uuid.UUID]int64)
	seen := make(map[string]bool)
	for i := range o.Lines {
		sku := o.Lines[i].SKU
		if seen[sku] {
			continue
		}
		seen[sku] = true
		st := s.stockOf(sku)
		r, _ := st.Reservation(o.ID)
		for _, a := range r.Allocations {
			allocated[a.LineID] += a.Quantity
		}
		for _, b := range r.Backordered {
			waiting[b.LineID] += b.Quantity
		}
	}
	return allocated, waiting
}

// agree holds an order against the stock of its SKUs: what is set aside is what has not left yet, neither more nor less.
func (s *shop) agree(id uuid.UUID) {
	s.Helper()
	o := s.orderOf(id)
	if o.Status == order.StatusDraft || !o.Exists() {
		return
	}
	allocated, waiting := s.held(&o)
	for i := range o.Lines {
		l := &o.Lines[i]
		c := &l.Counters
		open := c.Live() - c.Shipped
		if o.Status == order.StatusExpired || o.Status == order.StatusCanceled || o.Status == order.StatusCompleted && !l.RequiresShipping {
			open = 0
		}
		if packed := packedAt(&o, l.LineID); !s.holds(&o, l, packed) {
			s.Errorf("order %s, SKU %s: %v is packed, and not all of it is set aside there", o.Number, l.SKU, packed)
		}
		if allocated[l.LineID]+waiting[l.LineID] != open || waiting[l.LineID] != c.Backordered || allocated[l.LineID] != c.Reserved {
			s.Errorf("order %s (%s), SKU %s: %d units are set aside and %d waited for; the order has %+v", o.Number, o.Status, l.SKU, allocated[l.LineID], waiting[l.LineID], *c)
		}
	}
}

// packedAt returns how many units of a line are packed and have not left, by location.
func packedAt(o *order.Order, line uuid.UUID) map[string]int64 {
	packed := make(map[string]int64)
	for i := range o.Fulfillments {
		f := &o.Fulfillments[i]
		if f.State != order.FulfillmentStatePacked {
			continue
		}
		for _, l := range f.Lines {
			if l.LineID == line {
				packed[f.LocationID] += l.Quantity - l.Shipped
			}
		}
	}
	return packed
}

// holds reports whether stock has set as many units of a line aside at each location.
func (s *shop) holds(o *order.Order, l *order.LineState, units map[string]int64) bool {
	s.Helper()
	st := s.stockOf(l.SKU)
	r, _ := st.Reservation(o.ID)
	for location, n := range units {
		if r.Held(l.LineID, location) < n {
			return false
		}
	}
	return true
}

// life drives one shop through random commands.
type life struct {
	*shop
	rand   *rand.Rand
	orders []uuid.UUID
	skus   []string
	done   map[string]int
}

func (l *life) pick() *order.Order {
	o := l.orderOf(l.orders[l.rand.IntN(len(l.orders))])
	return &o
}

func (l *life) line(o *order.Order) *order.LineState { return &o.Lines[l.rand.IntN(len(o.Lines))] }

func (l *life) units(most int64) int64 { return 1 + l.rand.Int64N(max(1, most)) }

// step sends one random command and counts those that changed something.
func (l *life) step() {
	name, cmd := l.command()
	if l.try(cmd) != "" {
		return
	}
	l.done[name]++
	if p, ok := cmd.(commands.PlaceOrder); ok {
		l.orders = append(l.orders, p.OrderID)
	}
}

func (l *life) command() (string, commands.Command) {
	if len(l.orders) == 0 || len(l.orders) < 6 && l.rand.IntN(3) == 0 {
		p := place()
		for range 1 + l.rand.IntN(3) {
			p.Lines = append(p.Lines, commands.OrderLine{SKU: l.skus[l.rand.IntN(len(l.skus))], Quantity: l.units(8)})
		}
		return "place", p
	}
	o := l.pick()
	line := l.line(o)
	if l.rand.IntN(3) == 0 {
		return l.onward(o, line)
	}
	change := func(c order.Command) commands.Command {
		return commands.ChangeOrder{OrderID: o.ID, Command: c, At: noon}
	}
	id := uuid.Must(uuid.NewV7())
	one := []order.LineQuantity{{LineID: line.LineID, Quantity: l.units(line.Counters.Live())}}
	switch l.rand.IntN(16) {
	case 0, 1:
		return "pay", commands.MarkPaid{OrderID: o.ID, PaymentID: id, Method: "cash", At: noon}
	case 2:
		return "cancel lines", change(order.CancelLines{CancellationID: id, Lines: one, At: noon})
	case 3:
		if l.rand.IntN(2) == 0 {
			return "cancel", commands.CancelOrder{OrderID: o.ID, At: noon}
		}
		return "expire", change(order.Expire{At: noon.Add(2 * time.Hour)})
	case 4, 5:
		return l.edit(o, line)
	case 6, 7, 8:
		return "pack", commands.CreateFulfillment{OrderID: o.ID, Pack: order.CreateFulfillment{FulfillmentID: id, LocationID: l.place(), Lines: one, At: noon}}
	case 9, 10:
		if len(o.Fulfillments) > 0 {
			f := o.Fulfillments[l.rand.IntN(len(o.Fulfillments))].FulfillmentID
			if l.rand.IntN(5) == 0 {
				return "unpack", change(order.CancelFulfillment{FulfillmentID: f, At: noon})
			}
			return "ship", change(order.Ship{ShipmentID: id, FulfillmentID: f, At: noon})
		}
		return "plan", commands.PlanFulfillment{OrderID: o.ID, Plan: order.PlanFulfillment{FulfillmentID: id, LocationID: l.place(), Lines: one, At: noon}}
	case 11:
		if len(o.Fulfillments) > 0 {
			f := o.Fulfillments[l.rand.IntN(len(o.Fulfillments))].FulfillmentID
			return "deliver", change(order.RecordDelivery{FulfillmentID: f, At: noon})
		}
		return "move", commands.ChangeStock{SKU: line.SKU, Command: stock.DispatchTransfer{TransferID: id, From: "main", To: "north", Quantity: l.units(3), At: noon}, At: noon}
	case 12:
		return l.comeBack(o, line, id)
	case 13:
		return "adjust", commands.ChangeStock{SKU: line.SKU, Command: stock.Adjust{SKU: line.SKU, LocationID: l.place(), Delta: l.rand.Int64N(9) - 4, Reason: "found", At: noon}, At: noon}
	default:
		return "receive", commands.ReceiveStock{SKU: line.SKU, LocationID: l.place(), Quantity: l.units(6), At: noon}
	}
}

// onward takes an order the next step of an ordinary life.
func (l *life) onward(o *order.Order, line *order.LineState) (string, commands.Command) {
	id := uuid.Must(uuid.NewV7())
	for i := range o.Fulfillments {
		f := &o.Fulfillments[i]
		switch f.State { //nolint:exhaustive // the others are where they should be
		case order.FulfillmentStatePacked:
			return "ship", commands.ChangeOrder{OrderID: o.ID, Command: order.Ship{ShipmentID: id, FulfillmentID: f.FulfillmentID, At: noon}, At: noon}
		case order.FulfillmentStateShipped:
			return "deliver", change(o.ID, order.RecordDelivery{FulfillmentID: f.FulfillmentID, At: noon})
		}
	}
	switch {
	case o.Status == order.StatusPending || o.AmountDue() > 0:
		return "pay", commands.MarkPaid{OrderID: o.ID, PaymentID: id, Method: "cash", At: noon}
	case line.Counters.Delivered > line.Counters.Returned:
		return l.comeBack(o, line, id)
	default:
		return "pack", commands.CreateFulfillment{OrderID: o.ID, Pack: order.CreateFulfillment{FulfillmentID: id, LocationID: l.place(), At: noon}}
	}
}

func (l *life) place() string { return []string{"main", "north"}[l.rand.IntN(2)] }

// edit begins, fills or commits the order's edit, whatever comes next.
func (l *life) edit(o *order.Order, line *order.LineState) (string, commands.Command) {
	if o.Edit == nil {
		return "begin edit", commands.ChangeOrder{OrderID: o.ID, At: noon, Command: order.BeginEdit{EditID: uuid.Must(uuid.NewV7()), At: noon}}
	}
	change := order.EditChange{ChangeID: uuid.Must(uuid.NewV7()), Kind: order.EditSetQuantity, LineID: line.LineID, Quantity: l.rand.Int64N(6)}
	if l.rand.IntN(4) == 0 {
		change = order.EditChange{ChangeID: change.ChangeID, Kind: order.EditAddLine, LineID: uuid.Must(uuid.NewV7()), SKU: l.skus[l.rand.IntN(len(l.skus))], Quantity: l.units(3)}
	}
	if len(o.Edit.Changes) == 0 {
		return "stage", commands.StageEdit{OrderID: o.ID, Stage: order.StageEditChange{EditID: o.Edit.EditID, Change: change, At: noon}}
	}
	return "commit edit", commands.CommitEdit{OrderID: o.ID, Commit: order.CommitEdit{EditID: o.Edit.EditID, At: noon}}
}

// comeBack moves a return on, whatever comes next.
func (l *life) comeBack(o *order.Order, line *order.LineState, id uuid.UUID) (string, commands.Command) {
	change := func(c order.Command) commands.Command {
		return commands.ChangeOrder{OrderID: o.ID, Command: c, At: noon}
	}
	if len(o.Returns) == 0 {
		return "request return", commands.RequestReturn{OrderID: o.ID, Request: order.RequestReturn{ReturnID: id, Lines: []order.RequestedLine{{LineID: line.LineID, Quantity: 1}}, At: noon}}
	}
	r := &o.Returns[len(o.Returns)-1]
	switch r.State {
	case order.ReturnStateRequested:
		return "approve return", change(order.ApproveReturn{ReturnID: r.ReturnID, At: noon})
	case order.ReturnStateApproved:
		return "receive return", change(order.ReceiveReturn{ReturnID: r.ReturnID, LocationID: l.place(), At: noon})
	default:
		return "resolve return", commands.ResolveReturn{OrderID: o.ID, Resolve: order.ResolveReturn{ReturnID: r.ReturnID, At: noon}}
	}
}

// Whatever happens to orders and stock, in any sequence: what stock has set aside for an order is what the order still
// waits for, and what is packed is set aside where it is packed.
func TestLife_stockFollowsOrders(t *testing.T) {
	t.Parallel()

	done := make(map[string]int)
	pool := pgtest.Pool(t)
	s := openShop(t, pool)
	for _, sku := range []string{"A", "B", "C"} {
		s.sell(sku, 8)
		s.receiveAt(sku, "north", 8)
	}
	s.must(commands.ChangeStock{SKU: "A", Command: stock.SetBackorderPolicy{SKU: "A", Policy: stock.BackorderAllow, At: noon}, At: noon})
	s.must(commands.ChangeStock{SKU: "B", Command: stock.SetBackorderPolicy{SKU: "B", Policy: stock.BackorderLimit, Limit: 3, At: noon}, At: noon})
	l := &life{shop: s, skus: []string{"A", "B", "C"}, done: done}
	for seed := range uint64(12) {
		l.rand, l.orders = rand.New(rand.NewPCG(seed, 1)), nil //nolint:gosec // not for secrets
		for n := range 120 {
			if l.step(); n%20 != 19 {
				continue
			}
			for _, id := range l.orders {
				l.agree(id)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for _, name := range []string{"place", "pay", "cancel lines", "cancel", "expire", "commit edit", "pack", "ship", "deliver", "resolve return", "move", "adjust", "receive", "unpack"} {
		if done[name] == 0 {
			t.Errorf("%q never succeeded; what happened: %v", name, done)
		}
	}
}

// Units that are missing are backordered, and filled in the sequence of the orders, which hear of it in the same append.
func TestBackorders_filledInOrder(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("LATE", 1)
	s.must(commands.ChangeStock{SKU: "LATE", Command: stock.SetBackorderPolicy{SKU: "LATE", Policy: stock.BackorderLimit, Limit: 5, At: noon}, At: noon})
	first, second := place(commands.OrderLine{SKU: "LATE", Quantity: 3}), place(commands.OrderLine{SKU: "LATE", Quantity: 3})
	s.must(first)
	s.must(second)
	if code := s.try(place(commands.OrderLine{SKU: "LATE", Quantity: 1})); code != rule.InsufficientStock {
		t.Errorf("beyond the limit of backorders: %q; want insufficient_stock", code)
	}
	s.must(commands.ReceiveStock{SKU: "LATE", Quantity: 3, At: noon})
	for id, want := range map[uuid.UUID]int64{first.OrderID: 0, second.OrderID: 2} {
		if o := s.orderOf(id); o.Lines[0].Counters.Backordered != want {
			t.Errorf("order waits for %d units; want %d", o.Lines[0].Counters.Backordered, want)
		}
		s.agree(id)
	}
	s.must(commands.CancelOrder{OrderID: first.OrderID, At: noon}) // its units go to who waits
	if o := s.orderOf(second.OrderID); o.Lines[0].Counters.Backordered != 0 {
		t.Errorf("the second order still waits for %d units", o.Lines[0].Counters.Backordered)
	}
	s.agree(second.OrderID)
}

// A limit of ten uses means ten, whoever comes at the same time; a cancellation gives one back.
func TestDiscount_limitHolds(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	shops := []*shop{openShop(t, pool), openShop(t, pool)}
	shops[0].sell("A", 1000)
	shops[0].must(commands.ChangeSettings{At: noon, Command: settings.PutDiscount{At: noon, Discount: pricing.DiscountRule{
		ID: "spring", Code: "SPRING", Kind: pricing.DiscountPercentage, Scope: pricing.ScopeWhole, Rate: 100_000, UsageLimit: 10,
	}}})
	results := make(chan rule.Code, 60)
	ids := make(chan uuid.UUID, 60)
	for i := range 60 {
		go func() {
			p := place(commands.OrderLine{SKU: "A", Quantity: 1})
			p.DiscountCodes = []string{"spring"}
			code := shops[i%2].try(p)
			if code == "" {
				ids <- p.OrderID
			}
			results <- code
		}()
	}
	count := map[rule.Code]int{}
	for range 60 {
		count[<-results]++
	}
	if count[""] != 10 || count[rule.DiscountInvalid] != 50 {
		t.Errorf("outcomes %v; want 10 orders and 50 refusals", count)
	}
	id := <-ids
	if o := shops[0].orderOf(id); o.Totals.Discount != 100 || o.Total() != 900 {
		t.Errorf("totals %+v; want 1.00 off 10.00", o.Totals)
	}
	shops[0].must(commands.CancelOrder{OrderID: id, At: noon})
	p := place(commands.OrderLine{SKU: "A", Quantity: 1})
	p.DiscountCodes = []string{"SPRING"}
	if code := shops[1].try(p); code != "" {
		t.Errorf("after a cancellation: %q; want a use given back", code)
	}
}

// A soft reservation holds units, an order takes them over, and what it does not need goes back.
func TestReservation_becomesOrder(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 5)
	s.sell("B", 5)
	id := uuid.Must(uuid.NewV7())
	s.must(commands.MakeReservation{Reservation: reservationOf(id, "A", 5, "B", 2)})
	if code := s.try(place(commands.OrderLine{SKU: "A", Quantity: 1})); code != rule.InsufficientStock {
		t.Errorf("units that are held were sold: %q", code)
	}
	own := reservationOf(uuid.Must(uuid.NewV7()), "B", 1)
	own.CustomerID = "c-1"
	s.must(commands.MakeReservation{Reservation: own})
	theirs := place(commands.OrderLine{SKU: "B", Quantity: 1})
	theirs.ReservationID, theirs.CustomerID = own.ReservationID, "c-2"
	if code := s.try(theirs); code != rule.ReservationNotFound {
		t.Errorf("another customer took over a reservation: %q; want reservation_not_found", code)
	}
	s.must(commands.EndReservation{ReservationID: own.ReservationID, At: noon})
	p := place(commands.OrderLine{SKU: "A", Quantity: 4})
	p.ReservationID = id
	s.must(p)
	s.agree(p.OrderID)
	if a, b := s.stockOf("A"), s.stockOf("B"); a.Available() != 1 || b.Available() != 5 {
		t.Errorf("%d of A and %d of B are available; want 1 and 5", a.Available(), b.Available())
	}
	again := place(commands.OrderLine{SKU: "B", Quantity: 1})
	again.ReservationID = id
	if code := s.try(again); code == "" {
		t.Error("a reservation was taken over twice")
	}
}

// Invoice numbers have no gaps, whoever draws them and whatever is refused in between.
func TestInvoices_gapFree(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	shops := []*shop{openShop(t, pool), openShop(t, pool)}
	shops[0].sell("A", 100)
	numbers := make(chan string, 40)
	for i := range 20 {
		go func() {
			s := shops[i%2]
			p := place(commands.OrderLine{SKU: "A", Quantity: 1})
			s.must(p)
			s.try(commands.IssueInvoice{OrderID: p.OrderID, Invoice: order.IssueInvoice{At: noon}}) // not confirmed: refused
			s.must(commands.MarkPaid{OrderID: p.OrderID, PaymentID: uuid.Must(uuid.NewV7()), Method: "cash", At: noon})
			s.must(commands.IssueInvoice{OrderID: p.OrderID, Invoice: order.IssueInvoice{At: noon}})
			o := s.orderOf(p.OrderID)
			numbers <- o.Invoices[0].Number
		}()
	}
	seen := map[string]bool{}
	for range 20 {
		seen[<-numbers] = true
	}
	for i := 1; i <= 20; i++ {
		if number := fmt.Sprintf("2026-%06d", i); !seen[number] {
			t.Errorf("number %s is missing among %v", number, seen)
		}
	}
}

// Prices, taxes, shipping and discounts are the server's; a draft is priced anew when it is placed.
func TestDraft_placedAtPricesOfNow(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 10)
	s.must(commands.ChangeSettings{At: noon, Command: settings.PutTaxRate{At: noon, Rate: pricing.TaxRate{Country: "DE", Code: "vat-de", Rate: 190_000}}})
	s.must(commands.ChangeSettings{At: noon, Command: settings.PutShippingMethod{At: noon, Method: pricing.ShippingMethod{
		ID: "standard", Name: "Standard", Kind: pricing.ShippingFlat, Prices: []money.Amount{{Minor: 490, Currency: "EUR"}},
	}}})
	draft := place(commands.OrderLine{SKU: "A", Quantity: 2})
	draft.Country, draft.ShippingMethod = "DE", "standard"
	s.must(commands.DraftOrder{Order: draft})
	o := s.orderOf(draft.OrderID)
	if o.Status != order.StatusDraft || o.Total() != 2000+380+490+93 {
		t.Errorf("draft %s comes to %d; want 2963", o.Status, o.Total())
	}
	lines := []commands.OrderLine{{SKU: "A", Quantity: 3}}
	s.must(commands.UpdateDraftOrder{OrderID: draft.OrderID, Lines: &lines, At: noon})
	expected := money.Amount{Minor: 2963, Currency: "EUR"}
	if code := s.try(commands.PlaceDraft{OrderID: draft.OrderID, ExpectedTotal: &expected, At: noon}); code != rule.PriceChanged {
		t.Errorf("placing at an old total: %q; want price_changed", code)
	}
	s.must(commands.PlaceDraft{OrderID: draft.OrderID, At: noon})
	if o = s.orderOf(draft.OrderID); o.Status != order.StatusPending || o.Total() != 3000+570+490+93 {
		t.Errorf("order %s comes to %d; want 4153", o.Status, o.Total())
	}
	s.agree(draft.OrderID)
	var quote commands.Quote
	r := s.must(commands.QuoteOrder{Order: draft})
	if err := json.Unmarshal(r.Answer.Body, &quote); err != nil || quote.Order.Totals.Total != 2963 || quote.Lines[0].Available != 7 {
		t.Errorf("quote %s, %v; want a total of 2963 and 7 available", r.Answer.Body, err)
	}
}

// reservationOf is a soft reservation of units for an hour.
func reservationOf(id uuid.UUID, wishes ...any) reservation.Make {
	made := reservation.Make{ReservationID: id, ExpiresAt: noon.Add(time.Hour), At: noon}
	for i := 0; i < len(wishes); i += 2 {
		sku, _ := wishes[i].(string)
		units, _ := wishes[i+1].(int)
		made.Lines = append(made.Lines, reservation.Line{LineID: uuid.NewSHA1(id, []byte(sku)), SKU: sku, Quantity: int64(units)})
	}
	return made
}
