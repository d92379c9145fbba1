package commands_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// An order that waits for no payment is confirmed with its placing: on account, or if it costs nothing. A draft that is
// on hold is not, until it is released.
func TestEdges_nothingToWaitFor(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 20)
	s.must(commands.ListProduct{Product: catalog.List{
		SKU: "GIFT", Name: "Gift", Prices: []money.Amount{{Minor: 0, Currency: "EUR"}}, RequiresShipping: true, Sellable: true, At: noon,
	}})
	s.receiveAt("GIFT", "main", 5)
	s.together(place(commands.OrderLine{SKU: "A", Quantity: 1}), "order.placed stock.reserved")
	gift := place(commands.OrderLine{SKU: "GIFT", Quantity: 1})
	s.together(gift, "order.placed order.confirmed stock.reserved stock.committed")
	s.agree(gift.OrderID)

	s.set(settings.SetPaymentPolicy{Payment: settings.Payment{Policy: settings.PolicyOnAccount}, At: noon})
	account := place(commands.OrderLine{SKU: "A", Quantity: 2})
	s.together(account, "order.placed order.confirmed stock.reserved stock.committed")
	o := s.orderOf(account.OrderID)
	if o.Status != order.StatusConfirmed || !o.ExpiresAt.IsZero() || o.AmountDue() != 2000 {
		t.Errorf("order is %s, expires at %s and owes %d; want it confirmed for good, with 20.00 due", o.Status, o.ExpiresAt, o.AmountDue())
	}
	if code := s.try(change(o.ID, order.Expire{At: noon.Add(48 * time.Hour)})); code != "" && code != rule.InvalidState {
		t.Errorf("its timer: %q", code)
	}
	s.agree(o.ID)

	draft := place(commands.OrderLine{SKU: "A", Quantity: 1})
	s.must(commands.DraftOrder{Order: draft})
	hold := id()
	s.must(change(draft.OrderID, order.PlaceHold{HoldID: hold, Reason: order.HoldManual, At: noon}))
	s.must(commands.PlaceDraft{OrderID: draft.OrderID, At: noon})
	if o := s.orderOf(draft.OrderID); o.Status != order.StatusPending {
		t.Errorf("the draft on hold is %s; want it placed and pending", o.Status)
	}
	s.must(change(draft.OrderID, order.ReleaseHold{HoldID: hold, At: noon}))
	if o := s.orderOf(draft.OrderID); o.Status != order.StatusConfirmed {
		t.Errorf("once released it is %s; want it confirmed", o.Status)
	}
	s.agree(draft.OrderID)
}

// What replaces a guest's goods is an order like the first one, placed for the return; the refusal says so.
func TestEdges_guestsReplacement(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 20)
	early := place(commands.OrderLine{SKU: "A", Quantity: 1})
	s.must(early)
	o := s.paid(place(commands.OrderLine{SKU: "A", Quantity: 2}))
	f := s.pack(&o, "main", 2)
	s.ship(&o, f)
	s.deliver(&o, f)
	back, asked := id(), noon.Add(time.Hour)
	s.must(commands.RequestReturn{OrderID: o.ID, Request: order.RequestReturn{
		ReturnID: back, Kind: order.KindExchange, Lines: []order.RequestedLine{{LineID: o.Lines[0].LineID, Quantity: 1}}, At: asked,
	}})
	s.must(change(o.ID, order.ApproveReturn{ReturnID: back, At: asked}))
	s.must(change(o.ID, order.ReceiveReturn{ReturnID: back, At: asked}))
	app, mine, good := place(commands.OrderLine{SKU: "A", Quantity: 1}), place(commands.OrderLine{SKU: "A", Quantity: 1}), place(commands.OrderLine{SKU: "A", Quantity: 1})
	app.Channel, app.At = "app", asked
	mine.CustomerID, mine.At = "ann", asked
	good.At = asked
	for _, p := range []commands.PlaceOrder{app, mine, good} {
		s.must(p)
	}
	resolve := func(replacement uuid.UUID) commands.Command {
		return commands.ResolveReturn{OrderID: o.ID, Resolve: order.ResolveReturn{ReturnID: back, ReplacementOrderID: replacement, At: asked}}
	}
	for bad, expected := range map[uuid.UUID]string{
		early.OrderID: "at 2026-03-01T13:00:00Z or later", app.OrderID: `in channel "web"`, mine.OrderID: "another order of a guest",
	} {
		v := s.refusal(resolve(bad))
		if v.Code != rule.ValidationFailed || v.Details[0].Pointer != "/replacement_order_id" || !strings.Contains(v.Message, expected) {
			t.Errorf("%s: %v; want validation_failed that says %q", bad, v, expected)
		}
	}
	s.must(resolve(good.OrderID))
}

// Vouchers come back without ever having been shipped, and their stock with them.
func TestEdges_returnedVouchers(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.must(commands.ListProduct{Product: catalog.List{
		SKU: "VOUCHER", Name: "Voucher", Prices: []money.Amount{{Minor: 2500, Currency: "EUR"}}, Sellable: true, At: noon,
	}})
	s.receiveAt("VOUCHER", "main", 5)
	s.set(settings.SetLimits{Limits: settings.Limits{Completion: settings.CompletionManual}, At: noon})
	o := s.paid(place(commands.OrderLine{SKU: "VOUCHER", Quantity: 3}))
	back := id()
	s.must(commands.RequestReturn{OrderID: o.ID, Request: order.RequestReturn{ReturnID: back, Lines: []order.RequestedLine{{LineID: o.Lines[0].LineID, Quantity: 2}}, At: noon}})
	if code := s.try(commands.CancelOrder{OrderID: o.ID, At: noon}); code != rule.AlreadyShipped {
		t.Errorf("canceling vouchers that are asked back: %q; want already_shipped", code)
	}
	s.must(change(o.ID, order.ApproveReturn{ReturnID: back, At: noon}))
	s.must(change(o.ID, order.ReceiveReturn{ReturnID: back, At: noon}))
	s.must(commands.ResolveReturn{OrderID: o.ID, Resolve: order.ResolveReturn{ReturnID: back, At: noon}})
	s.agree(o.ID)
	if o = s.orderOf(o.ID); o.AmountOwedToCustomer() != 5000 {
		t.Errorf("%d is owed to the customer; want 50.00", o.AmountOwedToCustomer())
	}
	s.must(change(o.ID, order.MarkRefunded{At: noon}))
	s.must(change(o.ID, order.Complete{At: noon}))
	s.agree(o.ID)
	if st := s.stockOf("VOUCHER"); st.OnHand() != 4 || st.Available() != 4 || st.Live() != 0 {
		t.Errorf("stock %+v; want 4 vouchers: one is the customer's", st.Levels)
	}
	if o = s.orderOf(o.ID); o.Status != order.StatusCompleted || o.Lines[0].Counters.Reserved != 0 {
		t.Errorf("order is %s with %+v; want it completed, with nothing set aside", o.Status, o.Lines[0].Counters)
	}
	claim := id()
	s.must(commands.RequestReturn{OrderID: o.ID, Request: order.RequestReturn{ReturnID: claim, Kind: order.KindClaim, Lines: []order.RequestedLine{{LineID: o.Lines[0].LineID, Quantity: 1}}, At: noon}})
	s.must(commands.ResolveReturn{OrderID: o.ID, Resolve: order.ResolveReturn{ReturnID: claim, At: noon}})
	if o = s.orderOf(o.ID); o.Total() != 0 || !slices.ContainsFunc(o.Returns, func(r order.Return) bool { return r.ReturnID == claim && r.Refund == 2500 }) {
		t.Errorf("the order costs %d, returns %+v; want 25.00 back for the claim", o.Total(), o.Returns)
	}
}
