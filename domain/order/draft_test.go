package order_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

// draft asks for a draft of what place asks for.
func draft(change func(*order.Draft)) order.Draft {
	p := place(nil)
	cmd := order.Draft{
		OrderID: p.OrderID, ExternalID: p.ExternalID, Channel: p.Channel, Currency: p.Currency, CustomerID: p.CustomerID,
		Country: p.Country, PII: p.PII, Lines: p.Lines,
		Wishes: order.Wishes{ShippingMethod: "standard", DiscountCodes: []string{"SPRING"}}, At: noon,
	}
	if change != nil {
		change(&cmd)
	}
	return cmd
}

func update(change func(*order.Draft)) order.UpdateDraft {
	cmd := order.UpdateDraft{Draft: draft(change)}
	cmd.At = later
	return cmd
}

func drafted() order.Drafted {
	return order.Drafted{
		Contents: placed(nil).Contents, Wishes: order.Wishes{ShippingMethod: "standard", DiscountCodes: []string{"SPRING"}}, DraftedAt: noon,
	}
}

func TestDraft(t *testing.T) {
	t.Parallel()

	empty := drafted()
	empty.Lines, empty.Totals = []order.Line{}, order.Totals{}
	run(t, map[string]decision{
		"an order can be drafted":          {nil, draft(nil), events{drafted()}, ""},
		"without any line":                 {nil, draft(func(c *order.Draft) { c.Lines = nil }), events{empty}, ""},
		"in a known currency":              {nil, draft(func(c *order.Draft) { c.Currency = "EURO" }), nil, rule.CurrencyUnsupported},
		"with lines like those of orders":  {nil, draft(func(c *order.Draft) { c.Lines[0].Quantity = 0 }), nil, rule.QuantityOutOfRange},
		"no larger than those":             {nil, draft(func(c *order.Draft) { c.Lines[0].Quantity = 1_000_001 }), nil, rule.QuantityOutOfRange},
		"nor with more of them":            {nil, draft(func(c *order.Draft) { c.Lines = make([]order.NewLine, 1001) }), nil, rule.ValidationFailed},
		"nor with names longer than those": {nil, draft(func(c *order.Draft) { c.Locale = strings.Repeat("x", 256) }), nil, rule.ValidationFailed},
		"under an id":                      {nil, draft(func(c *order.Draft) { c.OrderID = uuid.Nil }), nil, rule.ValidationFailed},
	})
	refused(t, map[string]refusal{
		"once": {given: events{drafted()}, when: draft(nil), code: rule.InvalidState, existing: orderID.String()},
	})
}

func TestUpdateDraft(t *testing.T) {
	t.Parallel()

	fewer := update(func(c *order.Draft) { c.Lines, c.CustomerID, c.Wishes.DiscountCodes = c.Lines[:1], "c-8", nil })
	updated := order.DraftUpdated{
		Contents: drafted().Contents, Wishes: order.Wishes{ShippingMethod: "standard"},
		Changes: []string{"customer_id", "lines", "totals", "wishes"}, UpdatedAt: later,
	}
	updated.Lines, updated.CustomerID, updated.Totals = updated.Lines[:1], "c-8", order.Totals{Subtotal: 3998, Total: 3998}
	run(t, map[string]decision{
		"what differs is named":           {events{drafted()}, fewer, events{updated}, ""},
		"what is the same is no change":   {events{drafted()}, update(nil), nil, ""},
		"nor are lists that are empty":    {events{drafted()}, update(func(c *order.Draft) { c.Lines[0].TaxLines = []order.TaxLine{} }), nil, ""},
		"only of a draft":                 {events{placed(nil)}, update(nil), nil, rule.InvalidState},
		"not of nothing":                  {nil, update(nil), nil, rule.OrderNotFound},
		"not with what cannot be drafted": {events{drafted()}, update(func(c *order.Draft) { c.Lines[0].Quantity = 0 }), nil, rule.QuantityOutOfRange},
	})
	refused(t, map[string]refusal{
		"a draft keeps its currency": {given: events{drafted()}, when: update(func(c *order.Draft) { c.Currency = "USD" }), code: rule.ValidationFailed, pointer: "/currency"},
		"and its id":                 {given: events{drafted()}, when: update(func(c *order.Draft) { c.OrderID = line1 }), code: rule.ValidationFailed, pointer: "/order_id"},
	})
}

// A draft becomes an order with everything that was said about it.
func TestPlace_draft(t *testing.T) {
	t.Parallel()

	other := place(nil)
	other.OrderID = line1
	run(t, map[string]decision{
		"a draft is placed":                   {events{drafted()}, place(nil), events{placed(nil)}, ""},
		"not without lines":                   {events{drafted()}, place(func(c *order.Place) { c.Lines = nil }), nil, rule.EmptyOrder},
		"not in another currency":             {events{drafted()}, place(func(c *order.Place) { c.Currency = "USD" }), nil, rule.ValidationFailed},
		"not under another id":                {events{drafted()}, other, nil, rule.InvalidState},
		"not twice":                           {events{drafted(), placed(nil)}, place(nil), nil, rule.InvalidState},
		"a draft is not confirmed":            {events{drafted()}, order.Confirm{At: later}, nil, rule.InvalidState},
		"nor paid":                            {events{drafted()}, markPaid(), nil, rule.InvalidState},
		"nor does it expire":                  {events{drafted()}, order.Expire{At: later.Add(time.Hour)}, nil, ""},
		"an order is not drafted once more":   {events{placed(nil)}, draft(nil), nil, rule.InvalidState},
		"a draft has no units to cancel":      {events{drafted()}, cancelLines(units(line1, 1)), nil, rule.InvalidState},
		"a canceled draft cannot be placed":   {then(events{drafted()}, order.Cancel{At: later}), place(nil), nil, rule.InvalidState},
		"a canceled draft cannot be canceled": {then(events{drafted()}, order.Cancel{At: later}), order.Cancel{At: later}, nil, rule.OrderTerminal},
	})

	held := order.PlaceHold{HoldID: holdID, Reason: order.HoldFraudReview, At: noon}
	state := order.Replay(then(did(draft(nil), held), place(nil))...)
	if state.Status != order.StatusPending || !state.DraftedAt.Equal(noon) || len(state.Holds) != 1 || len(state.Wishes.DiscountCodes) != 0 {
		t.Errorf("the draft became %+v; want a pending order, drafted at noon and held", state)
	}
	if c := state.Lines[1].Counters; c != (order.Counters{Ordered: 3, Reserved: 3}) {
		t.Errorf("its units count %+v; want 3 reserved", c)
	}
}

// Of a canceled draft nothing was ever sold, so nothing of it counts as canceled sales.
func TestCancel_draft(t *testing.T) {
	t.Parallel()

	for name, given := range map[string]events{
		"with lines": {drafted()}, "empty": did(draft(func(c *order.Draft) { c.Lines = nil })),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			want := canceled(func(e *order.Canceled) {
				e.Lines, e.Value, e.AmountReleased, e.PreviousStatus = []order.CanceledLine{}, 0, 0, order.StatusDraft
			})
			all := then(given, order.Cancel{At: later})
			if got := all[len(all)-1]; !reflect.DeepEqual(got, want) {
				t.Errorf("canceled by %+v; want %+v", got, want)
			}
			state := order.Replay(all...)
			if state.Status != order.StatusCanceled || state.Total() != 0 || state.FulfillmentStatus() != order.FulfillmentStatusCanceled {
				t.Errorf("%s, total %d, %s; want canceled at 0", state.Status, state.Total(), state.FulfillmentStatus())
			}
		})
	}
}

// What the stock does not have yet is waited for.
func TestPlace_backordered(t *testing.T) {
	t.Parallel()

	wait := func(lines ...order.LineQuantity) order.Place {
		return place(func(c *order.Place) { c.Backordered = lines })
	}
	state := order.Replay(did(wait(units(line2, 2)))...)
	if c := state.Lines[1].Counters; c != (order.Counters{Ordered: 3, Reserved: 1, Backordered: 2}) {
		t.Errorf("the mugs count %+v; want 1 reserved, 2 backordered", c)
	}
	refused(t, map[string]refusal{
		"not more than was ordered":  {when: wait(units(line2, 4)), code: rule.ValidationFailed, pointer: "/backordered/0"},
		"not more in two parts":      {when: wait(units(line2, 2), units(line2, 2)), code: rule.ValidationFailed, pointer: "/backordered/1"},
		"not none":                   {when: wait(units(line2, 0)), code: rule.ValidationFailed, pointer: "/backordered/0"},
		"nothing that nobody wanted": {when: wait(units(line3, 1)), code: rule.ValidationFailed, pointer: "/backordered/0"},
	})
}
