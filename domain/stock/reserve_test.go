package stock_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
)

func TestReserve_soft(t *testing.T) {
	t.Parallel()

	ask := func(quantity int64, lasts time.Duration) stock.Reserve {
		c := reserve(cart, quantity)
		c.OrderID, c.Kind, c.ExpiresAt = uuid.Nil, stock.KindSoft, noon.Add(lasts)
		return c
	}
	timed := reserve(orderA, 1)
	timed.ExpiresAt = noon.Add(minute)
	odd := reserve(orderA, 1)
	odd.Kind = "hard"
	decides(t, cases{
		"units are held for a shopper": {
			events{received("main", 5)}, ask(3, minute), events{soft(from("main", line1, 3))}, "",
		},
		"holding them twice changes nothing":       {events{received("main", 5), soft(from("main", line1, 3))}, ask(3, minute), nil, ""},
		"a soft reservation is never backordered":  {events{received("main", 2), allowed()}, ask(3, minute), nil, rule.InsufficientStock},
		"a soft reservation expires":               {events{received("main", 5)}, ask(3, 0), nil, rule.ValidationFailed},
		"a reservation of an order does not":       {events{received("main", 5)}, timed, nil, rule.ValidationFailed},
		"other kinds of reservations do not exist": {events{received("main", 5)}, odd, nil, rule.ValidationFailed},
	})
}

func TestReserve_pickOrder(t *testing.T) {
	t.Parallel()

	shelves := events{received("main", 2), received("east", 4), received("north", 3)}
	decidesFrom(t, stock.PickOrder{"north", "main", "west"}, cases{
		"the first location gives first":       {shelves, reserve(orderA, 4), events{reserved(orderA, from("north", line1, 3), from("main", line1, 1))}, ""},
		"one without units is passed over":     {events{received("main", 5)}, reserve(orderA, 4), events{reserved(orderA, from("main", line1, 4))}, ""},
		"other locations give nothing":         {shelves, reserve(orderA, 6), nil, rule.InsufficientStock},
		"an untracked SKU is taken from there": {append(shelves[:3:3], untracked()), reserve(orderA, 6), events{reserved(orderA, stock.Allocation{LineID: line1, LocationID: "north", Quantity: 6, Untracked: true})}, ""},
		"what is missing is waited for": {
			append(events{allowed()}, shelves...), reserve(orderA, 6), events{waiting(orderA, 1, from("north", line1, 3), from("main", line1, 2))}, "",
		},
		"nobody who waits gets units from elsewhere": {
			events{allowed(), waiting(orderA, 3)}, stock.Receive{SKU: "MUG", LocationID: "east", Quantity: 4, At: noon}, events{received("east", 4)}, "",
		},
		"who waits gets units of the pick order in its sequence": {
			events{allowed(), waiting(orderA, 3), stock.SafetyStockSet{SKU: "MUG", LocationID: "main", Quantity: 9}, received("main", 4)},
			stock.SetSafetyStock{SKU: "MUG", LocationID: "main", Quantity: 2, At: noon},
			events{stock.SafetyStockSet{SKU: "MUG", LocationID: "main", Quantity: 2, SetAt: noon}, filled(orderA, false, from("main", line1, 2))},
			"",
		},
		"units that come to a location of the pick order are waited for no more": {
			events{allowed(), received("east", 4), waiting(orderB, 3), reserved(orderA, from("main", line1, 2)), received("main", 2)},
			stock.Move{ReservationID: orderA, To: "east", At: noon},
			events{
				stock.Moved{SKU: "MUG", ReservationID: orderA, OrderID: orderA, Allocations: []stock.Allocation{from("main", line1, 2)}, ToLocationID: "east", MovedAt: noon},
				filled(orderB, false, from("main", line1, 2)),
			},
			"",
		},
	})
	decidesFrom(t, stock.PickOrder{}, cases{
		"a shop without such locations sells nothing": {shelves, reserve(orderA, 1), nil, rule.InsufficientStock},
	})
	decides(t, cases{
		"a shop that does not say sells from the main one first": {
			shelves, reserve(orderA, 7), events{reserved(orderA, from("main", line1, 2), from("east", line1, 4), from("north", line1, 1))}, "",
		},
		"safety stock is not for sale": {
			events{received("main", 5), stock.SafetyStockSet{SKU: "MUG", LocationID: "main", Quantity: 2}}, reserve(orderA, 4), nil, rule.InsufficientStock,
		},
	})

	state := stock.Replay(shelves...)
	_, err := stock.DecideFrom(&state, reserve(orderA, 6), stock.PickOrder{"north", "main"})
	if v, ok := errors.AsType[*rule.Violation](err); !ok || v.Details[0].Meta["available"] != int64(5) || state.AvailableFrom(stock.PickOrder{"north", "main"}) != 5 {
		t.Errorf("Decide: %v; want a violation that says 5 available", err)
	}
}

func TestReserve_backordered(t *testing.T) {
	t.Parallel()

	limited := func(n int64) stock.Event {
		return stock.BackorderPolicySet{SKU: "MUG", Policy: stock.BackorderLimit, Limit: n, SetAt: noon}
	}
	early := reserve(orderA, 2)
	early.PlacedAt = noon.Add(-time.Hour)
	earlier := waiting(orderA, 2)
	earlier.PlacedAt = noon.Add(-time.Hour)
	both := reserved(orderA, from("main", line1, 3), from("main", line2, 1))
	both.Backordered = lines(line2, 2)
	decides(t, cases{
		"allow: what is missing is waited for":          {events{allowed(), received("main", 4)}, reserve(orderA, 3, 3), events{both}, ""},
		"allow: all of it, if there is none":            {events{allowed()}, reserve(orderA, 2), events{waiting(orderA, 2)}, ""},
		"allow: the time of placing is the place":       {events{allowed()}, early, events{earlier}, ""},
		"deny: nothing is waited for":                   {events{received("main", 1)}, reserve(orderA, 2), nil, rule.InsufficientStock},
		"limit: up to so many units":                    {events{limited(2)}, reserve(orderA, 2), events{waiting(orderA, 2)}, ""},
		"limit: not more":                               {events{limited(1)}, reserve(orderA, 2), nil, rule.InsufficientStock},
		"limit: of all orders together":                 {events{limited(3), waiting(orderB, 2)}, reserve(orderA, 2), nil, rule.InsufficientStock},
		"limit: what waits under an older policy stays": {events{allowed(), waiting(orderB, 5), limited(3)}, reserve(orderA, 1), nil, rule.InsufficientStock},
		"untracked: never refused and never waited for": {events{untracked()}, reserve(orderA, 5), events{reserved(orderA, anywhere(line1, 5))}, ""},
		"untracked: a quantity is still a quantity":     {events{untracked()}, reserve(orderA, 0), nil, rule.QuantityOutOfRange},
		"beyond all counting even when all may be waited for": {
			events{allowed()}, reserve(orderA, stock.MaxOnHand, 1), nil, rule.InsufficientStock,
		},
	})

	state := stock.Replay(limited(3), waiting(orderB, 2), received("main", 0))
	_, err := stock.Decide(&state, reserve(orderA, 5))
	v, ok := errors.AsType[*rule.Violation](err)
	if !ok || len(v.Details) != 1 {
		t.Fatalf("Decide: %v; want a violation with a detail for the line", err)
	}
	want := map[string]any{"sku": "MUG", "line_id": line1.String(), "requested": int64(5), "available": int64(0), "backorderable": int64(1)}
	if !reflect.DeepEqual(v.Details[0].Meta, want) {
		t.Errorf("meta %v; want %v", v.Details[0].Meta, want)
	}
}

func TestReserve_convertsSoftReservation(t *testing.T) {
	t.Parallel()

	place := func(quantity int64) stock.Reserve {
		c := reserve(orderA, quantity)
		c.Convert = cart
		return c
	}
	given := events{received("main", 5), soft(from("main", line1, 4)), reserved(orderB, from("main", line1, 1))}
	freed := released(cart, "converted", from("main", line1, 4))
	freed.OrderID = uuid.Nil
	notSoft := place(1)
	notSoft.Convert = orderB
	crowded := append(given[:3:3], allowed(), waiting(shipment, 3))
	decides(t, cases{
		"its units become the order's":             {given, place(4), events{freed, reserved(orderA, from("main", line1, 4))}, ""},
		"more than it held is refused":             {given, place(5), nil, rule.InsufficientStock},
		"what it held too much is free":            {given, place(3), events{freed, reserved(orderA, from("main", line1, 3))}, ""},
		"if it never was, units are just reserved": {given[:1], place(4), events{reserved(orderA, from("main", line1, 4))}, ""},
		"an order's reservation is not converted":  {given, notSoft, nil, rule.InvalidState},
		"converting twice changes nothing": {
			append(given[:3:3], freed, reserved(orderA, from("main", line1, 4))), place(4), nil, "",
		},
		"the order comes before those that wait, who get what is left": {
			crowded, place(3), events{freed, reserved(orderA, from("main", line1, 3)), filled(shipment, false, from("main", line1, 1))}, "",
		},
	})
}

func TestReserveMore(t *testing.T) {
	t.Parallel()

	more := func(quantity int64) stock.ReserveMore {
		return stock.ReserveMore{
			SKU: "MUG", ReservationID: orderA, ChangeID: shipment, At: noon,
			Demands: []stock.Demand{{LineID: line2, Quantity: quantity, Pointer: "/changes/0"}},
		}
	}
	added := func(committed bool, placed time.Time, allocations ...stock.Allocation) stock.Reserved {
		e := reserved(orderA, append([]stock.Allocation{}, allocations...)...)
		e.ChangeID, e.Committed, e.PlacedAt = shipment, committed, placed
		return e
	}
	given := events{received("main", 5), reserved(orderA, from("main", line1, 3))}
	confirmed := append(given[:2:2], committed(orderA, from("main", line1, 3)))
	late := more(2)
	late.Committed = true
	missing := added(true, noon, from("main", line2, 2))
	missing.Backordered = lines(line2, 1)
	exchange := func(gives, takes int64) stock.ReserveMore {
		c := more(takes)
		c.Release, c.Reason = []stock.LineQuantity{{LineID: line1, Quantity: gives}}, "edit"
		return c
	}
	nameless := more(1)
	nameless.ChangeID = uuid.Nil
	decides(t, cases{
		"units are added":                        {given, more(2), events{added(false, noon, from("main", line2, 2))}, ""},
		"units of a committed one are committed": {confirmed, more(2), events{added(true, noon, from("main", line2, 2))}, ""},
		"the same change again changes nothing":  {append(given[:2:2], added(false, noon, from("main", line2, 1))), more(1), nil, ""},
		"no more than are available":             {given, more(3), nil, rule.InsufficientStock},
		"what is missing is waited for":          {append(confirmed[:3:3], allowed()), more(3), events{missing}, ""},
		"one that has ended begins anew":         {events{received("main", 5)}, late, events{added(true, time.Time{}, from("main", line2, 2))}, ""},
		"a change has an id":                     {given, nameless, nil, rule.ValidationFailed},
		"a line gets what another one gives, before those who wait": {
			given: events{received("main", 5), reserved(orderA, from("main", line1, 3)), reserved(shipment, from("main", line1, 2)), allowed(), waiting(orderB, 4)},
			when:  exchange(3, 2),
			then: events{
				released(orderA, "edit", from("main", line1, 3)), added(false, noon, from("main", line2, 2)), filled(orderB, false, from("main", line1, 1)),
			},
		},
		"what it gives first is what it waits for": {
			given: events{allowed(), received("main", 1), waiting(orderA, 2, from("main", line1, 1))},
			when:  exchange(3, 1),
			then: events{func() stock.Released {
				e := released(orderA, "edit", from("main", line1, 1))
				e.Backordered = lines(line1, 2)
				return e
			}(), added(false, noon, from("main", line2, 1))},
		},
		"it gives nothing if the rest is refused": {given, exchange(1, 4), nil, rule.InsufficientStock},
		"what it gives has units":                 {given, exchange(0, 1), nil, rule.QuantityOutOfRange},
		"a change of an untracked SKU is not refused": {
			append(given[:2:2], untracked()), more(9), events{added(false, noon, anywhere(line2, 9))}, "",
		},
	})
	state := stock.Replay(append(confirmed, added(true, noon, from("main", line2, 2)))...)
	r, _ := state.Reservation(orderA)
	if state.Committed() != 5 || state.Reserved() != 0 || r.Units() != 5 || r.Held(line2, "main") != 2 {
		t.Errorf("after the change: %+v, %+v; want 5 committed units, 2 of the second line", state.Levels, r)
	}
}

func TestFillBackorders(t *testing.T) {
	t.Parallel()

	late, orderC := waiting(orderB, 2), uuid.MustParse("0195500e-0000-7000-8000-00000000000e")
	late.PlacedAt = noon.Add(time.Hour)
	early := waiting(orderA, 3)
	early.PlacedAt = noon.Add(-time.Hour)
	receive := stock.Receive{SKU: "MUG", Quantity: 4, At: noon}
	tests := cases{
		"first in, first out, by the time of placing": {
			events{allowed(), late, early},
			receive,
			events{received("main", 4), filled(orderA, false, from("main", line1, 3)), filled(orderB, false, from("main", line1, 1))},
			"",
		},
		"at the same time by the sequence of reserving": {
			events{allowed(), waiting(orderB, 2), waiting(orderA, 3)},
			receive,
			events{received("main", 4), filled(orderB, false, from("main", line1, 2)), filled(orderA, false, from("main", line1, 2))},
			"",
		},
		"what is left is available": {
			events{allowed(), waiting(orderA, 3)}, receive, events{received("main", 4), filled(orderA, false, from("main", line1, 3))}, "",
		},
		"a confirmed order's units are committed at once": {
			events{allowed(), waiting(orderA, 3), committed(orderA)},
			receive,
			events{received("main", 4), filled(orderA, true, from("main", line1, 3))},
			"",
		},
		"who was filled before is not served again": {
			events{allowed(), received("main", 3), waiting(orderA, 3, from("main", line1, 3)), filled(orderA, false, from("main", line1, 3)), waiting(orderB, 1)},
			receive,
			events{received("main", 4), filled(orderB, false, from("main", line1, 1))},
			"",
		},
		"safety stock is not given away": {
			events{allowed(), waiting(orderA, 3), stock.SafetyStockSet{SKU: "MUG", LocationID: "main", Quantity: 9}},
			receive,
			events{received("main", 4)},
			"",
		},
		"a release serves those who wait": {
			events{received("main", 2), allowed(), reserved(orderA, from("main", line1, 2)), waiting(orderB, 1), waiting(orderC, 1)},
			stock.Release{ReservationID: orderA, Reason: "customer", At: noon},
			events{
				released(orderA, "customer", from("main", line1, 2)), filled(orderB, false, from("main", line1, 1)), filled(orderC, false, from("main", line1, 1)),
			},
			"",
		},
	}
	decides(t, tests)
	for name, tt := range tests {
		state := stock.Replay(slices.Concat(tt.given, tt.then)...)
		if state.Backordered > 0 && state.Available() > 0 {
			t.Errorf("%s: %d units wait while %d are available", name, state.Backordered, state.Available())
		}
	}
}

func TestSetPolicy(t *testing.T) {
	t.Parallel()

	safe := func(quantity int64) stock.SafetyStockSet {
		return stock.SafetyStockSet{SKU: "MUG", LocationID: "main", Quantity: quantity, SetAt: noon}
	}
	limit := stock.SetBackorderPolicy{SKU: "MUG", Policy: stock.BackorderLimit, Limit: 3, At: noon}
	limited := stock.BackorderPolicySet{SKU: "MUG", Policy: stock.BackorderLimit, Limit: 3, SetAt: noon}
	decides(t, cases{
		"safety stock is set":          {nil, stock.SetSafetyStock{SKU: "MUG", Quantity: 3, At: noon}, events{safe(3)}, ""},
		"safety stock as it is":        {events{safe(3)}, stock.SetSafetyStock{SKU: "MUG", Quantity: 3, At: noon}, nil, ""},
		"safety stock is not negative": {nil, stock.SetSafetyStock{SKU: "MUG", Quantity: -1}, nil, rule.QuantityOutOfRange},
		"less safety stock fills backorders": {
			events{received("main", 5), safe(5), allowed(), waiting(orderA, 3)},
			stock.SetSafetyStock{SKU: "MUG", Quantity: 4, At: noon},
			events{safe(4), filled(orderA, false, from("main", line1, 1))},
			"",
		},
		"a policy of backorders is set": {nil, limit, events{limited}, ""},
		"a policy as it is":             {events{limited}, limit, nil, ""},
		"deny is what it is by default": {events{received("main", 1)}, stock.SetBackorderPolicy{SKU: "MUG", Policy: stock.BackorderDeny}, nil, ""},
		"an unknown policy":             {nil, stock.SetBackorderPolicy{SKU: "MUG", Policy: "maybe"}, nil, rule.ValidationFailed},
		"only limit has a limit":        {nil, stock.SetBackorderPolicy{SKU: "MUG", Policy: stock.BackorderAllow, Limit: 1}, nil, rule.ValidationFailed},
		"a limit is not negative":       {nil, stock.SetBackorderPolicy{SKU: "MUG", Policy: stock.BackorderLimit, Limit: -1}, nil, rule.QuantityOutOfRange},
		"a SKU is tracked by default":   {nil, stock.SetTracking{SKU: "MUG", Tracked: true}, nil, ""},
		"a SKU is not tracked any more": {events{received("main", 1)}, stock.SetTracking{SKU: "MUG", At: noon}, events{untracked()}, ""},
		"whoever waits for an untracked SKU gets it": {
			events{allowed(), waiting(orderA, 3)}, stock.SetTracking{SKU: "MUG", At: noon}, events{untracked(), filled(orderA, false, anywhere(line1, 3))}, "",
		},
	})
}
