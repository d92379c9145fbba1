package order_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

func linesCanceled(change func(*order.LinesCanceled)) order.LinesCanceled {
	event := order.LinesCanceled{
		About: about(), CancellationID: gone, Reason: order.ReasonCustomer,
		Lines: []order.CanceledLine{{LineID: line2, SKU: "MUG", Quantity: 2, Amount: 1000}},
		Value: 1000, AmountReleased: 1000, Restock: true, PreviousPayment: order.PaymentStatusUnpaid, PlacedAt: noon, CanceledAt: later,
	}
	if change != nil {
		change(&event)
	}
	return event
}

func TestCancelLines(t *testing.T) {
	t.Parallel()

	when := cancelLines(units(line2, 2))
	staff := when
	staff.Reason, staff.Note, staff.PII, staff.RefundPolicy = order.ReasonInventory, "broken", order.PII(`{"k":"1"}`), "original_payment"
	nameless := when
	nameless.CancellationID = uuid.Nil
	why, novel := when, when
	why.Reason, novel.Note = "mood", strings.Repeat("x", 501)
	full, err := decide(&order.Order{}, taxed())
	if err != nil {
		t.Fatal(err)
	}
	run(t, map[string]decision{
		"some units of a line": {events{placed(nil)}, when, events{linesCanceled(nil)}, ""},
		"of a paid order, whose money is owed": {settled(), staff, events{linesCanceled(func(e *order.LinesCanceled) {
			e.Reason, e.Note, e.PII, e.RefundPolicy = order.ReasonInventory, "broken", order.PII(`{"k":"1"}`), "original_payment"
			e.AmountOwed, e.PreviousPayment, e.ConfirmedAt = 1000, order.PaymentStatusPaid, later
		})}, ""},
		"the last units, with their share of discount and tax": {full, cancelLines(units(line1, 1), units(line2, 1)), events{linesCanceled(func(e *order.LinesCanceled) {
			e.Lines = []order.CanceledLine{
				{LineID: line1, SKU: "TSHIRT-M", Quantity: 1, Amount: 1499, Tax: 300}, {LineID: line2, SKU: "MUG", Quantity: 1, Amount: 500, Tax: 95},
			}
			e.Value, e.AmountReleased = 1999, 2394
		})}, ""},
		"everything is the whole order": {events{placed(nil)}, cancelLines(units(line2, 3), units(line1, 2)), events{canceled(func(e *order.Canceled) {
			e.CancellationID = gone
		})}, ""},
		"what is left is the whole order": {events{placed(nil), linesCanceled(nil)}, cancelLines(units(line2, 1), units(line1, 2)), events{canceled(func(e *order.Canceled) {
			e.CancellationID = gone
			e.Lines[1].Quantity, e.Lines[1].Amount = 1, 500
			e.Value, e.AmountReleased = 4498, 4498
		})}, ""},
		"not for an unknown reason": {events{placed(nil)}, why, nil, rule.ValidationFailed},
		"not with a novel":          {events{placed(nil)}, novel, nil, rule.ValidationFailed},
		"not without an id":         {events{placed(nil)}, nameless, nil, rule.ValidationFailed},
		"not without lines":         {events{placed(nil)}, cancelLines(), nil, rule.ValidationFailed},
		"not when it is over":       {events{placed(nil), canceled(nil)}, when, nil, rule.OrderTerminal},
		"not what was delivered":    {events{imported()}, when, nil, rule.OrderTerminal},
		"not nothing":               {nil, when, nil, rule.OrderNotFound},
	})
}

func TestCancelLines_refused(t *testing.T) {
	t.Parallel()

	away := then(sure(), pack(units(line2, 2)), ship(units(line2, 2)))
	sku := units(line2, 1)
	sku.SKU = "CUP"
	refused(t, map[string]refusal{
		"not more than there are":               {given: sure(), when: cancelLines(units(line1, 1), units(line2, 4)), code: rule.QuantityExceedsOpen, pointer: "/lines/1/quantity", line: line2, requested: 4, available: 3},
		"not what has left":                     {given: away, when: cancelLines(units(line2, 2)), code: rule.AlreadyShipped, pointer: "/lines/0/quantity", line: line2, requested: 2, available: 1},
		"not what is canceled":                  {given: then(sure(), cancelLines(units(line2, 3))), when: cancelLines(units(line2, 1)), code: rule.NothingToCancel, pointer: "/lines/0/quantity", line: line2, requested: 1, available: 0},
		"not none":                              {given: sure(), when: cancelLines(units(line2, 0)), code: rule.QuantityOutOfRange, pointer: "/lines/0/quantity", line: line2, requested: 0, available: 3},
		"not of another order":                  {given: sure(), when: cancelLines(units(line3, 1)), code: rule.ValidationFailed, pointer: "/lines/0/line_id"},
		"not by another SKU":                    {given: sure(), when: cancelLines(sku), code: rule.ValidationFailed, pointer: "/lines/0/sku", line: line2, requested: 1, available: 3},
		"not a line twice":                      {given: sure(), when: cancelLines(units(line2, 1), units(line2, 1)), code: rule.ValidationFailed, pointer: "/lines/1/line_id", line: line2, requested: 1, available: 0},
		"the whole order, once a part has left": {given: away, when: order.Cancel{At: later}, code: rule.AlreadyShipped, line: line2, requested: 3, available: 1},
	})
}

// Units that wait for stock go first, then open ones, then packed ones, whose fulfilments are taken back as a whole.
func TestCancelLines_counters(t *testing.T) {
	t.Parallel()

	waiting := did(place(func(c *order.Place) {
		c.PaymentPolicy, c.Lines[1].Quantity, c.Backordered = order.PolicyOnAccount, 6, []order.LineQuantity{units(line2, 2)}
	}), order.Confirm{At: later})
	second := pack(units(line2, 1))
	second.FulfillmentID = gone
	twice := then(waiting, pack(units(line1, 1), units(line2, 1)), second)
	tests := map[string]struct {
		given  events
		cancel int64
		want   order.Counters
		taken  []uuid.UUID
	}{
		"waiting ones first":         {twice, 1, order.Counters{Ordered: 6, Canceled: 1, Reserved: 4, Backordered: 1, Fulfilled: 2}, nil},
		"then open ones":             {twice, 4, order.Counters{Ordered: 6, Canceled: 4, Reserved: 2, Fulfilled: 2}, nil},
		"then those packed last":     {twice, 5, order.Counters{Ordered: 6, Canceled: 5, Reserved: 1, Fulfilled: 1}, []uuid.UUID{gone}},
		"then all":                   {twice, 6, order.Counters{Ordered: 6, Canceled: 6}, []uuid.UUID{gone, packID}},
		"of what is half on its way": {then(waiting, pack(units(line2, 3)), ship(units(line2, 2))), 4, order.Counters{Ordered: 6, Canceled: 4, Fulfilled: 2, Shipped: 2}, []uuid.UUID{packID}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			all := then(tt.given, cancelLines(units(line2, tt.cancel)))
			event, ok := all[len(all)-1].(order.LinesCanceled)
			state := order.Replay(all...)
			if got := state.Lines[1].Counters; !ok || got != tt.want || !reflect.DeepEqual(event.Fulfillments, tt.taken) {
				t.Errorf("counters %+v, taken back %v; want %+v, %v", got, event.Fulfillments, tt.want, tt.taken)
			}
			for _, id := range tt.taken {
				for _, f := range state.Fulfillments {
					if f.FulfillmentID == id && f.State != order.FulfillmentStateCanceled && f.State != order.FulfillmentStateShipped {
						t.Errorf("fulfilment %s is %s; want it taken back", id, f.State)
					}
				}
			}
		})
	}
}

// A plan does not keep units that nobody wants any more.
func TestCancelLines_planned(t *testing.T) {
	t.Parallel()

	plan := func(id uuid.UUID, lines ...order.LineQuantity) order.PlanFulfillment {
		return order.PlanFulfillment{FulfillmentID: id, LocationID: "berlin", Lines: lines, At: later}
	}
	state := order.Replay(then(sure(), plan(packID, units(line2, 2)), plan(gone, units(line2, 1)), cancelLines(units(line2, 2)))...)
	first, second := state.Fulfillments[0], state.Fulfillments[1]
	if first.State != order.FulfillmentStatePlanned || first.Lines[0].Quantity != 1 || second.State != order.FulfillmentStateCanceled {
		t.Errorf("planned %+v and %+v; want one unit in the first and the second canceled", first, second)
	}
}

// Canceling in parts releases in all what canceling at once does, and canceling the rest releases exactly the rest.
func TestCancel_afterParts(t *testing.T) {
	t.Parallel()

	full, err := decide(&order.Order{}, taxed())
	if err != nil {
		t.Fatal(err)
	}
	state := order.Replay(then(full, cancelLines(units(line1, 1)), cancelLines(units(line2, 2)), order.Cancel{At: later})...)
	if state.Total() != 0 || state.Released != 5966 || state.Status != order.StatusCanceled {
		t.Errorf("%s, total %d, released %d; want canceled, with all of 5966 released", state.Status, state.Total(), state.Released)
	}
}

// A canceled order keeps no open ends.
func TestCancel_open(t *testing.T) {
	t.Parallel()

	state := order.Replay(then(sure(), pack(units(line2, 2)), hold(line1), begin(), order.Cancel{At: later})...)
	if state.Fulfillments[0].State != order.FulfillmentStateCanceled || state.Edit != nil || state.Holds != nil {
		t.Errorf("fulfilment %s, edit %v, holds %v; want it all over", state.Fulfillments[0].State, state.Edit, state.Holds)
	}
}
