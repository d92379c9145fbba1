package order_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

type decision struct {
	given   events
	when    order.Command
	then    events
	wantErr rule.Code
}

// run decides every case for a shop whose staff complete orders.
func run(t *testing.T, tests map[string]decision) {
	t.Helper()

	runOn(t, decideByHand, tests)
}

// runOn decides every case twice, from equal states, and checks that deciding left them as they were.
func runOn(t *testing.T, decide func(*order.Order, order.Command) (events, error), tests map[string]decision) {
	t.Helper()

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			state := order.Replay(tt.given...)
			for range 2 {
				got, err := decide(&state, tt.when)
				if rule.CodeOf(err) != tt.wantErr || (err == nil) != (tt.wantErr == "") || !reflect.DeepEqual(got, tt.then) {
					t.Errorf("Decide = %+v, %v; want %+v, %q", got, err, tt.then, tt.wantErr)
				}
			}
			if before := order.Replay(tt.given...); !reflect.DeepEqual(state, before) {
				t.Errorf("Decide changed the state to %+v; want %+v", state, before)
			}
		})
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()

	with := func(change func(*order.Place), code rule.Code) decision {
		return decision{when: place(change), wantErr: code}
	}
	lines := func(n int) []order.NewLine {
		all := make([]order.NewLine, n)
		for i := range all {
			all[i] = order.NewLine{LineID: uuid.UUID{0: 1, 14: byte(i >> 8), 15: byte(i)}, SKU: "MUG", Quantity: 1}
		}
		return all
	}
	run(t, map[string]decision{
		"an order is placed":        {nil, place(nil), events{placed(nil)}, ""},
		"at the total it was shown": {nil, place(func(c *order.Place) { c.ExpectedTotal = cents(5498) }), events{placed(nil)}, ""},
		"never at another":          with(func(c *order.Place) { c.ExpectedTotal = cents(5497) }, rule.PriceChanged),
		"nor in another currency":   with(func(c *order.Place) { c.ExpectedTotal = &money.Amount{Minor: 5498, Currency: "USD"} }, rule.PriceChanged),
		"once":                      {events{placed(nil)}, place(nil), nil, rule.InvalidState},
		"under an id":               with(func(c *order.Place) { c.OrderID = uuid.Nil }, rule.ValidationFailed),
		"in a channel":              with(func(c *order.Place) { c.Channel = "" }, rule.ValidationFailed),
		"in a known currency":       with(func(c *order.Place) { c.Currency = "EURO" }, rule.CurrencyUnsupported),
		"with lines":                with(func(c *order.Place) { c.Lines = nil }, rule.EmptyOrder),
		"with at most 1000 of them": with(func(c *order.Place) { c.Lines = lines(1001) }, rule.ValidationFailed),
		"each with an id":           with(func(c *order.Place) { c.Lines[0].LineID = uuid.Nil }, rule.ValidationFailed),
		"of its own":                with(func(c *order.Place) { c.Lines[0].LineID = line2 }, rule.ValidationFailed),
		"and a SKU":                 with(func(c *order.Place) { c.Lines[0].SKU = "" }, rule.ValidationFailed),
		"in UTF-8":                  with(func(c *order.Place) { c.Lines[0].SKU = "\xff" }, rule.ValidationFailed),
		"no quantity of 0":          with(func(c *order.Place) { c.Lines[0].Quantity = 0 }, rule.QuantityOutOfRange),
		"none below":                with(func(c *order.Place) { c.Lines[0].Quantity = -1 }, rule.QuantityOutOfRange),
		"none above a million":      with(func(c *order.Place) { c.Lines[0].Quantity = 1_000_001 }, rule.QuantityOutOfRange),
		"no negative price":         with(func(c *order.Place) { c.Lines[0].UnitPrice = -1 }, rule.ValidationFailed),
		"no line beyond counting":   with(func(c *order.Place) { c.Lines[0].UnitPrice = math.MaxInt64 }, rule.ValidationFailed),
		"no total beyond counting":  with(func(c *order.Place) { c.Lines[0].UnitPrice = math.MaxInt64 / 2 }, rule.ValidationFailed),
		"no unknown payment policy": with(func(c *order.Place) { c.PaymentPolicy = "never" }, rule.ValidationFailed),
		"no unknown rounding":       with(func(c *order.Place) { c.Rounding.Mode = "down" }, rule.ValidationFailed),
		"no unknown rounding scope": with(func(c *order.Place) { c.Rounding.Scope = "all" }, rule.ValidationFailed),
		"no negative shipping":      with(func(c *order.Place) { c.ShippingLines = []order.ShippingLine{{Method: "x", Amount: -1}} }, rule.ShippingMethodInvalid),
		"no overlong external id":   with(func(c *order.Place) { c.ExternalID = strings.Repeat("x", 256) }, rule.ValidationFailed),
		"no discount above the line": with(func(c *order.Place) {
			c.Lines[0].DiscountAllocations = []order.DiscountAllocation{{DiscountID: "d", Amount: 3999}}
		}, rule.DiscountInvalid),
		"no discount that is not the order's": with(func(c *order.Place) {
			c.Lines[0].DiscountAllocations = []order.DiscountAllocation{{DiscountID: "d", Amount: 1}}
		}, rule.DiscountInvalid),
		"no discount that is not on the lines": with(func(c *order.Place) { c.Discounts = []order.Discount{{DiscountID: "d", Amount: 1}} }, rule.DiscountInvalid),
		"no negative tax":                      with(func(c *order.Place) { c.Lines[0].TaxLines = []order.TaxLine{{Code: "vat", Amount: -1}} }, rule.ValidationFailed),
		"no tax inside that exceeds the price": with(func(c *order.Place) {
			c.Lines[0].TaxLines = []order.TaxLine{{Code: "vat", Amount: 3999, Inclusive: true}}
		}, rule.ValidationFailed),
		"no taxes beyond counting": with(func(c *order.Place) {
			c.Lines[0].TaxLines = []order.TaxLine{{Code: "a", Amount: math.MaxInt64}, {Code: "b", Amount: math.MaxInt64}}
		}, rule.ValidationFailed),
	})
}

func TestPlace_sums(t *testing.T) {
	t.Parallel()

	happened, err := decide(&order.Order{}, taxed())
	if err != nil {
		t.Fatal(err)
	}
	event, ok := happened[0].(order.Placed)
	if !ok {
		t.Fatalf("placing gave %T", happened[0])
	}
	want := order.Totals{Subtotal: 5498, Discount: 400, Shipping: 490, Tax: 978, Total: 3598 + 1785 + 583}
	if event.Totals != want {
		t.Errorf("totals %+v; want %+v", event.Totals, want)
	}
	for i, want := range []struct{ total, netSubtotal, netTotal int64 }{{3598, 3332, 2998}, {1785, 1500, 1500}} {
		l := &event.Lines[i]
		if l.Total != want.total || l.NetSubtotal(money.HalfUp) != want.netSubtotal || l.NetTotal() != want.netTotal {
			t.Errorf("line %d: total %d, net %d, %d; want %+v", i, l.Total, l.NetSubtotal(money.HalfUp), l.NetTotal(), want)
		}
	}
	if s := &event.ShippingLines[0]; s.Total() != 583 || s.NetTotal() != 490 {
		t.Errorf("shipping: total %d, net %d; want 583, 490", s.Total(), s.NetTotal())
	}
}

func TestPlace_allFaultsAtOnce(t *testing.T) {
	t.Parallel()

	_, err := decide(&order.Order{}, place(func(c *order.Place) {
		c.Currency = "?"
		c.Lines[0].Quantity, c.Lines[0].Pointer = 2_000_000, "/items/4"
		c.Lines[1].UnitPrice = -3
	}))
	v, ok := errors.AsType[*rule.Violation](err)
	if !ok || v.Kind() != rule.Invalid {
		t.Fatalf("Decide: %v; want an invalid command", err)
	}
	var got []string
	for _, d := range v.Details {
		got = append(got, string(d.Code)+" "+d.Pointer)
	}
	want := []string{"quantity_out_of_range /items/4/quantity", "currency_unsupported /currency", "validation_failed /lines/1/unit_price"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("faults %q; want %q", got, want)
	}
	if want := "/items/4/quantity: a quantity is 1 to 1000000, not 2000000 (and 2 more)"; v.Message != want {
		t.Errorf("message %q; want %q", v.Message, want)
	}
}

func TestPlace_priceChanged(t *testing.T) {
	t.Parallel()

	_, err := decide(&order.Order{}, place(func(c *order.Place) { c.ExpectedTotal = cents(5000) }))
	v, ok := errors.AsType[*rule.Violation](err)
	if !ok || v.Kind() != rule.StateConflict || len(v.Details) != 1 {
		t.Fatalf("Decide: %v; want a conflict with one detail", err)
	}
	if got, want := v.Details[0].Meta["totals"], (order.Totals{Subtotal: 5498, Total: 5498}); got != want {
		t.Errorf("new totals %+v; want %+v", got, want)
	}
}

func TestMarkPaid(t *testing.T) {
	t.Parallel()

	second := markPaid()
	second.PaymentID = backID
	nothingDue := placed(func(e *order.Placed) {
		e.Lines, e.Totals = []order.Line{{LineID: line1, SKU: "GIFT", Quantity: 1}}, order.Totals{}
	})
	onAccount := placed(func(e *order.Placed) { e.PaymentPolicy = order.PolicyOnAccount })
	free := confirmed()
	free.Total, free.Reason = 0, "nothing_due"
	rest := paid(order.PaymentCaptured, 5000, 5000, 0, 0)
	rest.Payment.PaymentID = backID
	run(t, map[string]decision{
		"a pending order is paid and confirmed": {
			events{placed(nil)}, markPaid(), events{paid(order.PaymentCaptured, 5498, 5498, 0, 0), confirmed()}, "",
		},
		"what was paid in part is paid in full": {
			events{placed(nil), paid(order.PaymentCaptured, 498, 498, 0, 0)}, second, events{rest, confirmed()}, "",
		},
		"a payment's id is used once":              {events{placed(nil), paid(order.PaymentCaptured, 498, 498, 0, 0)}, markPaid(), nil, rule.InvalidState},
		"a payment has an id":                      {events{placed(nil)}, order.MarkPaid{At: later}, nil, rule.ValidationFailed},
		"paying twice records nothing":             {events{placed(nil), paid(order.PaymentCaptured, 5498, 5498, 0, 0), confirmed()}, second, nil, ""},
		"what costs nothing is only confirmed":     {events{nothingDue}, markPaid(), events{free}, ""},
		"an order on account is paid when it is":   {events{onAccount, confirmed()}, markPaid(), events{paid(order.PaymentCaptured, 5498, 5498, 0, 0)}, ""},
		"a canceled order takes no payment":        {events{placed(nil), canceled(nil)}, markPaid(), nil, rule.OrderTerminal},
		"what was never placed cannot be paid":     {nil, markPaid(), nil, rule.OrderNotFound},
		"an imported order has nothing to be paid": {events{imported()}, markPaid(), nil, ""},
	})
}

func TestConfirm(t *testing.T) {
	t.Parallel()

	byPolicy := func(policy order.PaymentPolicy) order.Placed {
		return placed(func(e *order.Placed) { e.PaymentPolicy = policy })
	}
	because := func(reason string) events {
		event := confirmed()
		event.Reason = reason
		return events{event}
	}
	when := order.Confirm{At: later}
	run(t, map[string]decision{
		"paid":                         {events{placed(nil), paid(order.PaymentCaptured, 5498, 5498, 0, 0)}, when, because("paid"), ""},
		"authorized, as agreed":        {events{byPolicy(order.PolicyAuthorized), paid(order.PaymentAuthorized, 5498, 0, 0, 0)}, when, because("authorized"), ""},
		"on account":                   {events{byPolicy(order.PolicyOnAccount)}, when, because("on_account"), ""},
		"not unpaid":                   {events{placed(nil)}, when, nil, rule.PaymentRequired},
		"not authorized if to be paid": {events{placed(nil), paid(order.PaymentAuthorized, 5498, 0, 0, 0)}, when, nil, rule.PaymentRequired},
		"not authorized in part":       {events{byPolicy(order.PolicyAuthorized), paid(order.PaymentAuthorized, 5497, 0, 0, 0)}, when, nil, rule.PaymentRequired},
		"not once it is voided":        {events{byPolicy(order.PolicyAuthorized), paid(order.PaymentVoided, 5498, 0, 0, 5498)}, when, nil, rule.PaymentRequired},
		"once":                         {events{byPolicy(order.PolicyOnAccount), confirmed()}, when, nil, ""},
		"not when it is over":          {events{placed(nil), canceled(nil)}, when, nil, rule.OrderTerminal},
		"not what was never placed":    {nil, when, nil, rule.OrderNotFound},
	})
}

func TestConfirm_onHold(t *testing.T) {
	t.Parallel()

	state := order.Replay(placed(nil), paid(order.PaymentCaptured, 5000, 5000, 0, 0))
	state.Holds = []order.Hold{{HoldID: holdID, Reason: "fraud_review"}}
	if _, err := decide(&state, order.Confirm{At: later}); rule.CodeOf(err) != rule.OrderOnHold {
		t.Errorf("Confirm: %v; want order_on_hold", err)
	}
	second := markPaid()
	second.PaymentID = backID
	happened, err := decide(&state, second)
	if err != nil || len(happened) != 1 {
		t.Errorf("MarkPaid = %+v, %v; want the payment without a confirmation", happened, err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()

	when := order.Cancel{At: later}
	staff := order.Cancel{CancellationID: holdID, Reason: order.ReasonStaff, Note: "closed", At: later}
	full, err := decide(&order.Order{}, taxed())
	if err != nil {
		t.Fatal(err)
	}
	run(t, map[string]decision{
		"a pending order": {events{placed(nil)}, when, events{canceled(nil)}, ""},
		"a paid order, whose money is owed": {
			events{placed(nil), paid(order.PaymentCaptured, 5498, 5498, 0, 0), confirmed()},
			staff,
			events{canceled(func(e *order.Canceled) {
				e.CancellationID, e.Reason, e.Note, e.AmountOwed = holdID, order.ReasonStaff, "closed", 5498
				e.PreviousStatus, e.PreviousPayment, e.ConfirmedAt = order.StatusConfirmed, order.PaymentStatusPaid, later
			})},
			"",
		},
		"taxes and shipping are not part of the value": {
			full, when, events{canceled(func(e *order.Canceled) {
				e.Lines[0].Amount, e.Lines[0].Tax, e.Lines[1].Amount, e.Lines[1].Tax = 2998, 600, 1500, 285
				e.Value, e.AmountReleased = 4498, 5966
			})}, "",
		},
		"not for an unknown reason": {events{placed(nil)}, order.Cancel{Reason: "mood"}, nil, rule.ValidationFailed},
		"not with a novel":          {events{placed(nil)}, order.Cancel{Note: strings.Repeat("é", 501)}, nil, rule.ValidationFailed},
		"not twice":                 {events{placed(nil), canceled(nil)}, when, nil, rule.OrderTerminal},
		"not when it was delivered": {events{imported()}, when, nil, rule.OrderTerminal},
		"not what was never placed": {nil, when, nil, rule.OrderNotFound},
	})
}

func TestCancel_shippedOrEmpty(t *testing.T) {
	t.Parallel()

	state := order.Replay(placed(nil), confirmed())
	state.Lines[1].Counters.Fulfilled, state.Lines[1].Counters.Shipped = 1, 1
	if _, err := decide(&state, order.Cancel{At: later}); rule.CodeOf(err) != rule.AlreadyShipped {
		t.Errorf("Cancel of a shipped order: %v; want already_shipped", err)
	}
	state = order.Replay(placed(nil), confirmed())
	for i := range state.Lines {
		state.Lines[i].Counters.Canceled = state.Lines[i].Quantity
	}
	if _, err := decide(&state, order.Cancel{At: later}); rule.CodeOf(err) != rule.NothingToCancel {
		t.Errorf("Cancel of an order without live units: %v; want nothing_to_cancel", err)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()

	with := func(change func(*order.Import), code rule.Code) decision {
		return decision{when: importOrder(change), wantErr: code}
	}
	run(t, map[string]decision{
		"an order of the past":         {nil, importOrder(nil), events{imported()}, ""},
		"once":                         {events{imported()}, importOrder(nil), nil, ""},
		"not over another":             {events{placed(nil)}, importOrder(nil), nil, rule.InvalidState},
		"not one of the future":        with(func(c *order.Import) { c.PlacedAt = later.Add(time.Millisecond) }, rule.FutureDate),
		"not without a time":           with(func(c *order.Import) { c.PlacedAt = time.Time{} }, rule.ValidationFailed),
		"not without a source":         with(func(c *order.Import) { c.Source = "" }, rule.ValidationFailed),
		"not with another total":       with(func(c *order.Import) { c.ExpectedTotal = cents(1) }, rule.TotalsMismatch),
		"not without lines":            with(func(c *order.Import) { c.Lines = nil }, rule.EmptyOrder),
		"not with a quantity of 0":     with(func(c *order.Import) { c.Lines[0].Quantity = 0 }, rule.QuantityOutOfRange),
		"with an unknown stock policy": with(func(c *order.Import) { c.StockPolicy = "all" }, rule.ValidationFailed),
		"deducting its stock": {nil, importOrder(func(c *order.Import) { c.StockPolicy = order.StockForce }), events{func() order.Imported {
			e := imported()
			e.StockPolicy = order.StockForce
			return e
		}()}, ""},
	})
}

func TestImport_thousandsOfLines(t *testing.T) {
	t.Parallel()

	cmd := importOrder(nil)
	cmd.Lines = nil
	for i := range 3000 {
		cmd.Lines = append(cmd.Lines, order.NewLine{LineID: uuid.UUID{0: 1, 14: byte(i >> 8), 15: byte(i)}, SKU: "X", Quantity: 2_000_000, UnitPrice: 3})
	}
	happened, err := decide(&order.Order{}, cmd)
	if err != nil {
		t.Fatal(err)
	}
	if state := order.Replay(happened...); len(state.Lines) != 3000 || state.Totals.Total != 3000*6_000_000 {
		t.Errorf("%d lines at %d; want 3000 at 18000000000", len(state.Lines), state.Totals.Total)
	}
}

func TestImportReturn(t *testing.T) {
	t.Parallel()

	mugs := func(n int64) order.ReturnLine { return order.ReturnLine{LineID: line2, Quantity: n} }
	early, future, anonymous := importReturn(mugs(1)), importReturn(mugs(1)), importReturn(mugs(1))
	early.ReturnedAt, future.ReturnedAt, anonymous.ReturnID = noon.Add(-time.Second), later.Add(time.Second), uuid.Nil
	another := importReturn(mugs(2))
	another.ReturnID = holdID
	second := returned()
	second.Lines = []order.ReturnedLine{
		{LineID: line2, SKU: "MUG", Quantity: 1, UnitPrice: 500, Amount: 500}, {LineID: line2, SKU: "MUG", Quantity: 2, UnitPrice: 500, Amount: 1000},
	}
	second.Refund = 1500
	run(t, map[string]decision{
		"what was delivered can come back": {events{imported()}, importReturn(mugs(2)), events{returned()}, ""},
		"one line in two parts":            {events{imported()}, importReturn(mugs(1), mugs(2)), events{second}, ""},
		"once":                             {events{imported(), returned()}, importReturn(mugs(2)), nil, ""},
		"not more than was delivered":      {events{imported()}, importReturn(mugs(4)), nil, rule.QuantityExceedsDelivery},
		"not more in two parts":            {events{imported()}, importReturn(mugs(2), mugs(2)), nil, rule.QuantityExceedsDelivery},
		"not more than is still out":       {events{imported(), returned()}, another, nil, rule.QuantityExceedsDelivery},
		"nothing that was not delivered":   {events{placed(nil)}, importReturn(mugs(1)), nil, rule.QuantityExceedsDelivery},
		"not none":                         {events{imported()}, importReturn(mugs(0)), nil, rule.QuantityOutOfRange},
		"not without lines":                {events{imported()}, importReturn(), nil, rule.ValidationFailed},
		"not of another order":             {events{imported()}, importReturn(order.ReturnLine{LineID: payID, Quantity: 1}), nil, rule.ValidationFailed},
		"not before it was placed":         {events{imported()}, early, nil, rule.ValidationFailed},
		"not in the future":                {events{imported()}, future, nil, rule.FutureDate},
		"not without an id":                {events{imported()}, anonymous, nil, rule.ValidationFailed},
		"not more money than was paid": {
			events{imported(), paid(order.PaymentCaptured, 0, 0, 4998, 0)}, importReturn(mugs(2)), nil, rule.RefundExceedsCaptured,
		},
		"not of nothing": {nil, importReturn(mugs(1)), nil, rule.OrderNotFound},
	})
}

func TestNumber(t *testing.T) {
	t.Parallel()

	tests := map[string]string{
		"01955000-0000-7000-8123-456789abcdef": "28T5-CY4T-QKFF",
		"01955000-0000-7000-8000-000000000000": "0000-0000-0000",
		"01955000-0000-7000-bfff-ffffffffffff": "ZZZZ-ZZZZ-ZZZZ",
		"ffffffff-ffff-7fff-9000-000000000001": "0000-0000-0001",
	}
	for id, want := range tests {
		if got := order.Number(uuid.MustParse(id)); got != want {
			t.Errorf("Number(%s) = %s; want %s", id, got, want)
		}
	}
}

func ExampleDecide() {
	var state order.Order
	do := func(cmd order.Command) {
		happened, err := decide(&state, cmd)
		for _, event := range happened {
			state.Apply(event)
			fmt.Println(event.EventType())
		}
		if err != nil {
			fmt.Println(err)
		}
	}
	do(place(nil))
	do(markPaid())
	do(order.Cancel{Reason: order.ReasonStaff, At: later})
	fmt.Println(state.Number, state.Status, state.PaymentStatus(), state.AmountOwedToCustomer())
	do(order.Cancel{At: later})
	// Output:
	// order.placed.v1
	// order.payment_updated.v1
	// order.confirmed.v1
	// order.canceled.v1
	// 28T5-CY4T-QKFF canceled paid 5498
	// order_terminal: order 28T5-CY4T-QKFF is canceled; only draft, pending and confirmed orders can be canceled
}
