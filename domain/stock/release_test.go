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

func TestRelease_lines(t *testing.T) {
	t.Parallel()

	held := reserved(orderA, from("main", line1, 2), from("north", line1, 3), from("north", line2, 1))
	held.Backordered = lines(line1, 2)
	given := events{received("main", 2), received("north", 4), allowed(), held}
	release := func(quantities ...any) stock.Release {
		return stock.Release{ReservationID: orderA, Lines: lines(quantities...), Reason: "customer", At: noon}
	}
	gave := func(waited []stock.LineQuantity, allocations ...stock.Allocation) stock.Released {
		e := released(orderA, "customer", allocations...)
		e.Backordered = waited
		return e
	}
	decides(t, cases{
		"units that are waited for go first": {given, release(line1, 1), events{gave(lines(line1, 1))}, ""},
		"then those that were taken last":    {given, release(line1, 4), events{gave(lines(line1, 2), from("north", line1, 2))}, ""},
		"of several lines":                   {given, release(line1, 6, line2, 1), events{gave(lines(line1, 2), from("main", line1, 1), from("north", line1, 3), from("north", line2, 1))}, ""},
		"what is not there is not given, and who waits gets what is": {
			given, release(line2, 5), events{gave(nil, from("north", line2, 1)), filled(orderA, false, from("north", line1, 1))}, "",
		},
		"lines that are not there": {given, release(orderB, 5), nil, ""},
		"no lines":                 {given, stock.Release{ReservationID: orderA, Lines: []stock.LineQuantity{}}, nil, ""},
		"a line has units":         {given, release(line1, 0), nil, rule.QuantityOutOfRange},
		"all of it": {
			given,
			stock.Release{ReservationID: orderA, Reason: "customer", At: noon},
			events{gave(lines(line1, 2), from("main", line1, 2), from("north", line1, 3), from("north", line2, 1))},
			"",
		},
	})

	packed := func(north, main int64, quantities ...any) stock.Release {
		c := release(quantities...)
		c.Spare = []stock.LineLocation{
			{LineID: line1, LocationID: "north", Quantity: north}, {LineID: line1, LocationID: "main", Quantity: main}, {LineID: line2, LocationID: "main", Quantity: 9},
		}
		return c
	}
	decides(t, cases{
		"packed units stay":                  {given, packed(3, 0, line1, 4), events{gave(lines(line1, 2), from("main", line1, 2))}, ""},
		"of those, the others that are last": {given, packed(2, 1, line1, 3), events{gave(lines(line1, 2), from("north", line1, 1))}, ""},
		"of those, all others": {
			given, packed(2, 1, line1, 4), events{gave(lines(line1, 2), from("main", line1, 1), from("north", line1, 1))}, "",
		},
		"they go when nothing else is left": {
			given, packed(3, 1, line1, 5), events{gave(lines(line1, 2), from("main", line1, 1), from("north", line1, 2))}, "",
		},
		"what is packed of another line does not matter": {given, packed(0, 0, line1, 3), events{gave(lines(line1, 2), from("north", line1, 1))}, ""},
		"all of it, packed or not": {
			given, packed(3, 2, line1, 7), events{gave(lines(line1, 2), from("main", line1, 2), from("north", line1, 3))}, "",
		},
	})

	state := stock.Replay(slices.Concat(given, events{gave(lines(line1, 2), from("north", line1, 2))})...)
	r, _ := state.Reservation(orderA)
	if held, waits := r.Line(line1); held != 3 || waits != 0 || state.Backordered != 0 || r.Held(line1, "north") != 1 {
		t.Errorf("after a partial release: %+v; want 3 units of the first line, 1 of them in the north", r)
	}
	state.Apply(gave(nil, from("main", line1, 2), from("north", line1, 1), from("north", line2, 1)))
	if _, ok := state.Reservation(orderA); ok || state.Live() != 0 || state.Reserved() != 0 {
		t.Errorf("after the last release: %d reservations, %+v; want none", state.Live(), state.Levels)
	}
}

func TestExtendReservation(t *testing.T) {
	t.Parallel()

	given := events{received("main", 5), soft(from("main", line1, 3)), reserved(orderA, from("main", line1, 1))}
	extend := func(at, until time.Duration) stock.ExtendReservation {
		return stock.ExtendReservation{ReservationID: cart, ExpiresAt: noon.Add(until), At: noon.Add(at)}
	}
	order := extend(0, time.Hour)
	order.ReservationID = orderA
	decides(t, cases{
		"a soft reservation lasts longer": {
			given, extend(0, time.Hour), events{stock.ReservationExtended{SKU: "MUG", ReservationID: cart, ExpiresAt: noon.Add(time.Hour), ExtendedAt: noon}}, "",
		},
		"it is never made shorter":                {given, extend(0, time.Second), nil, ""},
		"its time is up, though nobody noticed":   {given, extend(minute, time.Hour), nil, rule.ReservationExpired},
		"it is gone":                              {given[:1], extend(0, time.Hour), nil, rule.ReservationExpired},
		"an order's reservation has no timer":     {given, order, nil, rule.InvalidState},
		"a committed one has no timer (any more)": {append(given[:3:3], committed(cart, from("main", line1, 3))), extend(0, time.Hour), nil, rule.InvalidState},
	})
}

func TestExpire(t *testing.T) {
	t.Parallel()

	given := events{received("main", 5), soft(from("main", line1, 3)), reserved(orderA, from("main", line1, 1))}
	expired := stock.ReservationExpired{SKU: "MUG", ReservationID: cart, Allocations: []stock.Allocation{from("main", line1, 3)}, ExpiredAt: noon.Add(minute)}
	due := stock.Expire{ReservationID: cart, At: noon.Add(minute)}
	extended := stock.ReservationExtended{SKU: "MUG", ReservationID: cart, ExpiresAt: noon.Add(time.Hour), ExtendedAt: noon}
	fill := filled(orderB, false, from("main", line1, 2))
	fill.FilledAt = due.At
	decides(t, cases{
		"its time is up":                  {given, due, events{expired}, ""},
		"not due changes nothing":         {given, stock.Expire{ReservationID: cart, At: due.At.Add(-time.Millisecond)}, nil, ""},
		"not due after an extension":      {append(given[:3:3], extended), due, nil, ""},
		"committed ones do not expire":    {append(given[:3:3], committed(cart, from("main", line1, 3))), due, nil, ""},
		"an order's reservation does not": {given, stock.Expire{ReservationID: orderA, At: due.At}, nil, ""},
		"what is gone does not":           {given, stock.Expire{ReservationID: uuid.Max, At: due.At}, nil, ""},
		"expiring twice changes nothing":  {append(given[:3:3], expired), due, nil, ""},
		"its units fill backorders":       {append(given[:3:3], allowed(), waiting(orderB, 2, from("main", line1, 1))), due, events{expired, fill}, ""},
	})
}

func TestCommit_untracked(t *testing.T) {
	t.Parallel()

	given := events{received("main", 5), untracked(), reserved(orderA, anywhere(line1, 9)), committed(orderA, anywhere(line1, 9))}
	deducted := stock.Deducted{SKU: "MUG", ReservationID: orderA, OrderID: orderA, Allocations: []stock.Allocation{anywhere(line1, 9)}, DeductedAt: noon}
	decides(t, cases{
		"the levels of an untracked SKU do not move": {
			given, stock.Deduct{ReservationID: orderA, LocationID: "north", Lines: lines(line1, 9), At: noon}, events{deducted}, "",
		},
		"nor do they once it is tracked again": {
			append(given[:4:4], stock.TrackingSet{SKU: "MUG", Tracked: true}),
			stock.Deduct{ReservationID: orderA, LocationID: "main", Lines: lines(line1, 9), At: noon},
			events{deducted},
			"",
		},
	})
	state := stock.Replay(append(given, deducted)...)
	if at := state.At("main"); at != (stock.Location{ID: "main", OnHand: 5}) || state.Live() != 0 {
		t.Errorf("afterwards %+v, %d reservations; want 5 units on hand and none", at, state.Live())
	}
}

func TestDeduct(t *testing.T) {
	t.Parallel()

	held := []stock.Allocation{from("main", line1, 3), from("north", line1, 2), from("main", line2, 1)}
	given := events{received("main", 5), received("north", 2), reserved(orderA, held...), committed(orderA, held...)}
	deduct := func(location string, quantities ...any) stock.Deduct {
		return stock.Deduct{ReservationID: orderA, LocationID: location, Lines: lines(quantities...), ShipmentID: shipment, At: noon}
	}
	left := func(allocations ...stock.Allocation) stock.Deducted {
		return stock.Deducted{SKU: "MUG", ReservationID: orderA, OrderID: orderA, ShipmentID: shipment, Allocations: allocations, DeductedAt: noon}
	}
	decides(t, cases{
		"committed units leave":            {given, deduct("main", line1, 2, line2, 1), events{left(from("main", line1, 2), from("main", line2, 1))}, ""},
		"a line given twice is summed":     {given, deduct("", line1, 1, line1, 2), events{left(from("main", line1, 3))}, ""},
		"no more than are committed there": {given, deduct("north", line1, 3), nil, rule.InsufficientStock},
		"no more, even if given twice":     {given, deduct("main", line1, 2, line1, 2), nil, rule.InsufficientStock},
		"a line that has nothing there":    {given, deduct("north", line2, 1), nil, rule.InsufficientStock},
		"units that are not confirmed":     {given[:3], deduct("main", line1, 1), nil, rule.InvalidState},
		"a reservation that is not there":  {given[:2], deduct("main", line1, 1), nil, rule.ReservationNotFound},
		"nothing leaves":                   {given, deduct("main"), nil, ""},
		"a line has units":                 {given, deduct("main", line1, -1), nil, rule.QuantityOutOfRange},
		"units that were lost cannot be sent": {
			append(given[:4:4], stock.Adjusted{SKU: "MUG", LocationID: "main", Delta: -4, Reason: "fire"}), deduct("main", line1, 2), nil, rule.InsufficientStock,
		},
	})
	state := stock.Replay(append(given, left(from("main", line1, 2), from("main", line2, 1)))...)
	if at := state.At("main"); at != (stock.Location{ID: "main", OnHand: 2, Committed: 1}) {
		t.Errorf("after the shipment: %+v; want 2 on hand and 1 committed", at)
	}
	state.Apply(left(from("main", line1, 1), from("north", line1, 2)))
	if state.Live() != 0 || state.Committed() != 0 {
		t.Errorf("after the last shipment: %d reservations, %d committed; want none", state.Live(), state.Committed())
	}
}

func TestDeduct_figures(t *testing.T) {
	t.Parallel()

	held := from("main", line1, 3)
	state := stock.Replay(received("main", 5), reserved(orderA, held), committed(orderA, held))
	_, err := stock.Decide(&state, stock.Deduct{ReservationID: orderA, Lines: lines(line1, 2, line1, 2)})
	v, ok := errors.AsType[*rule.Violation](err)
	if !ok || len(v.Details) != 2 {
		t.Fatalf("Decide: %v; want a detail for each line", err)
	}
	want := map[string]any{"sku": "MUG", "line_id": line1.String(), "location_id": "main", "requested": int64(4), "available": int64(3)}
	if !reflect.DeepEqual(v.Details[1].Meta, want) || v.Details[1].Pointer != "/lines/1/quantity" {
		t.Errorf("detail %+v; want the second line with %v", v.Details[1], want)
	}
}

func TestMove(t *testing.T) {
	t.Parallel()

	held := []stock.Allocation{from("main", line1, 3), from("east", line1, 2), from("main", line2, 1)}
	given := events{received("main", 4), received("east", 2), received("north", 4), reserved(orderA, held...)}
	move := func(to string, list []stock.LineQuantity) stock.Move {
		return stock.Move{ReservationID: orderA, To: to, Lines: list, At: noon}
	}
	moved := func(committed bool, allocations ...stock.Allocation) stock.Moved {
		return stock.Moved{SKU: "MUG", ReservationID: orderA, OrderID: orderA, Allocations: allocations, ToLocationID: "north", Committed: committed, MovedAt: noon}
	}
	some := move("north", lines(line1, 1))
	some.From = "main"
	decides(t, cases{
		"units are taken from elsewhere":  {given, move("north", lines(line1, 3)), events{moved(false, from("main", line1, 1), from("east", line1, 2))}, ""},
		"from where they are to be taken": {given, some, events{moved(false, from("main", line1, 1))}, ""},
		"committed units stay committed":  {append(given[:4:4], committed(orderA, held...)), move("north", lines(line2, 1)), events{moved(true, from("main", line2, 1))}, ""},
		"all of them":                     {given[:4], move("east", nil), nil, rule.InsufficientStock},
		"more than the location has":      {given, move("north", lines(line1, 4, line2, 1)), nil, rule.InsufficientStock},
		"more than are reserved":          {given, move("north", lines(line2, 2)), nil, rule.QuantityOutOfRange},
		"they are there already":          {append(given[:3:3], reserved(orderA, from("north", line1, 1))), move("north", nil), nil, ""},
		"a reservation that is not there": {given[:3], move("north", nil), nil, rule.ReservationNotFound},
		"a location has an id":            {given, move("no where", nil), nil, rule.ValidationFailed},
		"an untracked SKU's units move freely": {
			events{untracked(), reserved(orderA, anywhere(line1, 9))}, move("north", nil), events{moved(false, anywhere(line1, 9))}, "",
		},
	})
	state := stock.Replay(append(given, moved(false, from("main", line1, 1), from("east", line1, 2)))...)
	r, _ := state.Reservation(orderA)
	if r.Held(line1, "north") != 3 || state.At("north").Reserved != 3 || state.At("main").Reserved != 3 || state.At("east").Reserved != 0 {
		t.Errorf("after the move: %+v, %+v; want 3 units of the first line in the north", r, state.Locations)
	}
}
