package order_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

func expired() order.Expired {
	return order.Expired{
		About: about(), Lines: canceled(nil).Lines, Value: 5498, AmountReleased: 5498, PlacedAt: noon,
		ExpiresAt: noon.Add(time.Hour), ExpiredAt: later,
	}
}

func TestExpire(t *testing.T) {
	t.Parallel()

	when := order.Expire{At: later}
	run(t, map[string]decision{
		"a pending order whose time has run out": {events{placed(nil)}, when, events{expired()}, ""},
		"to the second":                          {events{placed(nil)}, order.Expire{At: noon.Add(time.Hour - time.Millisecond)}, nil, ""},
		"not if it never expires":                {events{placed(func(e *order.Placed) { e.ExpiresAt = time.Time{} })}, when, nil, ""},
		"not what is confirmed":                  {settled(), when, nil, ""},
		"not what is paid in part":               {events{placed(nil), paid(order.PaymentCaptured, 1, 1, 0, 0)}, when, nil, ""},
		"not what is authorised":                 {events{placed(nil), paid(order.PaymentAuthorized, 1, 0, 0, 0)}, when, nil, ""},
		"though it may once that is voided":      {events{placed(nil), paid(order.PaymentVoided, 1, 0, 0, 1)}, when, events{expired()}, ""},
		"not twice":                              {events{placed(nil), expired()}, when, nil, ""},
		"not nothing":                            {nil, when, nil, rule.OrderNotFound},
		"what has expired is not canceled":       {events{placed(nil), expired()}, order.Cancel{At: later}, nil, rule.OrderTerminal},
		"nor confirmed":                          {events{placed(nil), expired()}, order.Confirm{At: later}, nil, rule.OrderTerminal},
		"nor paid by staff":                      {events{placed(nil), expired()}, markPaid(), nil, rule.OrderTerminal},
	})
	state := order.Replay(placed(nil), linesCanceled(nil), func() order.Expired {
		e := expired()
		e.Lines[1].Quantity, e.Lines[1].Amount, e.AmountReleased = 1, 500, 4498
		return e
	}())
	if state.Status != order.StatusExpired || state.Total() != 0 || !state.ExpiresAt.IsZero() || !state.ExpiredAt.Equal(later) {
		t.Errorf("%s at %s, total %d; want it expired at 0", state.Status, state.ExpiredAt, state.Total())
	}
	for i := range state.Lines {
		if c := state.Lines[i].Counters; c.Live() != 0 || c.Reserved != 0 {
			t.Errorf("line %d counts %+v; want none live", i, c)
		}
	}
}

func backorderFilled() order.BackorderFilled {
	return order.BackorderFilled{About: about(), Lines: []order.LineQuantity{units(line2, 2)}, FilledAt: later}
}

func TestFillBackorder(t *testing.T) {
	t.Parallel()

	given := did(place(func(c *order.Place) { c.Backordered = []order.LineQuantity{units(line2, 2)} }))
	fill := func(lines ...order.LineQuantity) order.FillBackorder {
		return order.FillBackorder{Lines: lines, At: later}
	}
	run(t, map[string]decision{
		"units come":                  {given, fill(units(line2, 2)), events{backorderFilled()}, ""},
		"from two places":             {given, fill(units(line2, 1), units(line2, 1)), events{backorderFilled()}, ""},
		"none":                        {given, fill(), nil, ""},
		"not for a draft":             {events{drafted()}, fill(units(line2, 1)), nil, rule.InvalidState},
		"not when it is over":         {then(given, order.Cancel{At: later}), fill(units(line2, 1)), nil, rule.OrderTerminal},
		"not for nothing":             {nil, fill(units(line2, 1)), nil, rule.OrderNotFound},
		"what waits cannot be packed": {then(given, markPaid()), pack(units(line2, 2)), nil, rule.QuantityExceedsOpen},
	})
	refused(t, map[string]refusal{
		"not more than it waits for": {given: given, when: fill(units(line2, 1), units(line2, 2)), code: rule.QuantityExceedsOpen, pointer: "/lines/1/quantity", line: line2, requested: 2, available: 2},
		"not none of a line":         {given: given, when: fill(units(line2, 0)), code: rule.QuantityExceedsOpen, pointer: "/lines/0/quantity", line: line2, requested: 0, available: 2},
		"not of another order":       {given: given, when: fill(units(line3, 1)), code: rule.ValidationFailed, pointer: "/lines/0/line_id"},
	})
	state := order.Replay(append(given, backorderFilled())...)
	if c := state.Lines[1].Counters; c != (order.Counters{Ordered: 3, Reserved: 3}) {
		t.Errorf("the mugs count %+v; want all reserved", c)
	}
}

func completed(auto bool) order.Completed {
	e := order.Completed{About: about(), Total: 5498, Automatic: auto, PlacedAt: noon, ConfirmedAt: later, CompletedAt: later}
	if !auto {
		e.CompletedBy = "staff-1"
	}
	return e
}

func TestComplete(t *testing.T) {
	t.Parallel()

	when := order.Complete{By: "staff-1", At: later}
	done := byHand(settled(), pack(), ship(), deliver())
	downloads := byHand(did(place(func(c *order.Place) { c.Lines[0].RequiresShipping, c.Lines[1].RequiresShipping = false, false })), markPaid())
	run(t, map[string]decision{
		"what was delivered and paid":       {done, when, events{completed(false)}, ""},
		"downloads, once they are paid":     {downloads, when, events{completed(false)}, ""},
		"once":                              {append(done, completed(false)), when, nil, ""},
		"not what is pending":               {events{placed(nil)}, when, nil, rule.InvalidState},
		"not a draft":                       {events{drafted()}, when, nil, rule.InvalidState},
		"not what is canceled":              {events{placed(nil), canceled(nil)}, when, nil, rule.OrderTerminal},
		"not nothing":                       {nil, when, nil, rule.OrderNotFound},
		"what is completed is not canceled": {append(done, completed(false)), order.Cancel{At: later}, nil, rule.OrderTerminal},
		"nor edited":                        {append(done, completed(false)), begin(), nil, rule.OrderTerminal},
		"nor held":                          {append(done, completed(false)), hold(), nil, rule.OrderTerminal},
	})
}

// What a completion waits for is all named at once.
func TestComplete_missing(t *testing.T) {
	t.Parallel()

	back := order.RequestReturn{ReturnID: backID, Lines: []order.RequestedLine{{LineID: line2, Quantity: 1}}, At: later}
	given := then(sure(), pack(units(line2, 3)), ship(), deliver(), begin(), back)
	state := order.Replay(given...)
	_, err := decide(&state, order.Complete{At: later})
	v, ok := errors.AsType[*rule.Violation](err)
	if !ok || v.Code != rule.InvalidState || len(v.Details) != 4 {
		t.Fatalf("Complete: %v; want four things missing", err)
	}
	line, balance, edit, ret := v.Details[0].Meta, v.Details[1].Meta, v.Details[2].Meta, v.Details[3].Meta
	if line["line_id"] != line1.String() || line["requested"] != int64(2) || line["available"] != int64(0) {
		t.Errorf("undelivered %+v; want 2 shirts", line)
	}
	if balance["requested"] != int64(5498) || balance["available"] != int64(0) {
		t.Errorf("balance %+v; want 5498 and nothing paid", balance)
	}
	if edit["edit_id"] != editID.String() || ret["return_id"] != backID.String() {
		t.Errorf("edit %+v, return %+v; want the open ones", edit, ret)
	}
	over := order.Replay(then(settled(), order.CancelLines{CancellationID: gone, Lines: []order.LineQuantity{units(line1, 2)}}, pack(), ship(), deliver())...)
	if _, err := decide(&over, order.Complete{At: later}); rule.CodeOf(err) != rule.InvalidState || over.AmountOwedToCustomer() != 3998 {
		t.Errorf("Complete while money is owed: %v; want invalid_state", err)
	}
}

// Goods that wait for stock keep an order from being completed; what needs no shipping does not, and is handed over.
func TestComplete_withoutShipping(t *testing.T) {
	t.Parallel()

	complete := order.Complete{By: "staff-1", At: later}
	waits := func(c *order.Place) { c.Backordered = []order.LineQuantity{units(line1, 1)} }
	vouchers := place(func(c *order.Place) {
		waits(c)
		c.Lines[0].RequiresShipping = false
	})
	refused(t, map[string]refusal{
		"not while goods wait for stock": {
			given: did(place(waits), markPaid()), when: complete, code: rule.InvalidState, line: line1, requested: 2, available: 1,
		},
	})
	plan := order.PlanFulfillment{FulfillmentID: gone, Lines: []order.LineQuantity{units(line1, 1)}, At: later}
	happened := then(did(vouchers, markPaid()), plan, pack(units(line2, 3)), ship(), deliver())
	if state := order.Replay(happened...); state.Status != order.StatusConfirmed {
		t.Errorf("%s by itself, though a voucher waits for stock; want it confirmed", state.Status)
	}
	state := order.Replay(then(happened, complete)...)
	if c := state.Lines[0].Counters; state.Status != order.StatusCompleted || c != (order.Counters{Ordered: 2}) {
		t.Errorf("%s with %+v; want it completed, and nothing set aside or waited for", state.Status, c)
	}
	if f := state.Fulfillments[0]; f.State != order.FulfillmentStateCanceled {
		t.Errorf("plan %+v; want it canceled", f)
	}
}

// Whatever goes last of what an order waits for completes it, unless staff do that.
func TestComplete_automatic(t *testing.T) {
	t.Parallel()

	onTheWay := then(settled(), pack(), ship())
	delivered := deliver()
	claim := order.RequestReturn{ReturnID: backID, Kind: order.KindClaim, Lines: []order.RequestedLine{{LineID: line2, Quantity: 1}}, At: later}
	asked := then(onTheWay, claim, delivered)
	approved := then(asked, order.ApproveReturn{ReturnID: backID, At: later})
	vouchers := place(func(c *order.Place) { c.Lines[0].RequiresShipping, c.Lines[1].RequiresShipping = false, false })
	waiting := vouchers
	waiting.Backordered = []order.LineQuantity{units(line1, 1)}
	voucher := place(func(c *order.Place) { c.Lines[0].RequiresShipping = false })
	tests := map[string]struct {
		given events
		when  order.Command
		want  bool
	}{
		"the last delivery":                      {onTheWay, delivered, true},
		"one of several":                         {then(settled(), pack(units(line1, 2)), ship()), delivered, false},
		"the last payment":                       {then(sure(), pack(), ship(), delivered), markPaid(), true},
		"a payment before the delivery":          {then(sure(), pack(), ship()), markPaid(), false},
		"a payment before everything":            {events{placed(nil)}, markPaid(), false},
		"the last refund":                        {then(settled(), cancelLines(units(line1, 2)), pack(), ship(), delivered), order.MarkRefunded{At: later}, true},
		"while it is held":                       {then(settled(), pack(), ship(), hold()), delivered, false},
		"while it is edited":                     {then(settled(), pack(), ship(), begin()), delivered, false},
		"the release of a hold":                  {then(onTheWay, hold(), delivered), order.ReleaseHold{HoldID: holdID, At: later}, true},
		"the release of a hold on a line":        {then(onTheWay, hold(line2), delivered), order.ReleaseHold{HoldID: holdID, At: later}, true},
		"the end of an edit":                     {then(onTheWay, begin(), delivered), order.DiscardEdit{EditID: editID, At: later}, true},
		"an edit that changes nothing":           {then(onTheWay, begin(), delivered), order.CommitEdit{EditID: editID, At: later}, true},
		"a return that is declined":              {asked, order.DeclineReturn{ReturnID: backID, Reason: "worn", At: later}, true},
		"a return that is canceled":              {asked, order.CancelReturn{ReturnID: backID, At: later}, true},
		"one that was approved":                  {approved, order.CancelReturn{ReturnID: backID, At: later}, true},
		"the cancellation of what was open":      {then(sure(), pack(units(line1, 2)), ship(), delivered, pay(3998)), cancelLines(units(line2, 3)), true},
		"the payment of what needs no shipping":  {did(vouchers), markPaid(), true},
		"but not of what waits for stock":        {did(waiting), markPaid(), false},
		"the stock that is waited for":           {did(waiting, markPaid()), order.FillBackorder{Lines: []order.LineQuantity{units(line1, 1)}, At: later}, true},
		"what is left needs no shipping":         {did(voucher, markPaid(), cancelLines(units(line2, 3))), order.MarkRefunded{At: later}, true},
		"a note on what is to be delivered":      {onTheWay, order.AddNote{NoteID: gone, Body: "n", At: later}, false},
		"a note on what completed itself nearly": {byHand(onTheWay, delivered), order.AddNote{NoteID: gone, Body: "n", At: later}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			state := order.Replay(tt.given...)
			for _, shop := range []struct {
				decide func(*order.Order, order.Command) (events, error)
				want   bool
			}{{decide, tt.want}, {decideByHand, false}} {
				happened, err := shop.decide(&state, tt.when)
				if err != nil || len(happened) == 0 {
					t.Fatalf("Decide = %v, %v", happened, err)
				}
				last, ok := happened[len(happened)-1].(order.Completed)
				if ok != shop.want || ok && (!last.Automatic || !last.CompletedAt.Equal(later)) {
					t.Errorf("ends with %+v; want a completion: %t", happened[len(happened)-1], shop.want)
				}
			}
		})
	}
	all := then(settled(), pack(), ship(), delivered)
	if got := all[len(all)-1]; !reflect.DeepEqual(got, completed(true)) {
		t.Errorf("completed by %+v; want %+v", got, completed(true))
	}
}

func archived() order.Archived {
	return order.Archived{About: about(), ArchivedBy: "staff-1", ArchivedAt: later}
}

func TestArchive(t *testing.T) {
	t.Parallel()

	when := order.Archive{By: "staff-1", At: later}
	ofImport := archived()
	ofImport.Channel, ofImport.Country, ofImport.CustomerID = "import", "EIRE", "17850"
	run(t, map[string]decision{
		"a canceled order":      {events{placed(nil), canceled(nil)}, when, events{archived()}, ""},
		"an expired one":        {events{placed(nil), expired()}, when, events{archived()}, ""},
		"a delivered one":       {events{imported()}, when, events{ofImport}, ""},
		"once":                  {events{placed(nil), canceled(nil), archived()}, when, nil, ""},
		"not one that is alive": {events{placed(nil)}, when, nil, rule.InvalidState},
		"not a confirmed one":   {settled(), when, nil, rule.InvalidState},
		"not a draft":           {events{drafted()}, when, nil, rule.InvalidState},
		"not nothing":           {nil, when, nil, rule.OrderNotFound},
	})
	if state := order.Replay(placed(nil), canceled(nil), archived()); !state.ArchivedAt.Equal(later) || state.Status != order.StatusCanceled {
		t.Errorf("archived at %s, %s; want %s, canceled", state.ArchivedAt, state.Status, later)
	}
}
