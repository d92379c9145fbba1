package stock_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
)

type events = []stock.Event

var (
	minute   = time.Minute
	noon     = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	orderA   = uuid.MustParse("0195500a-0000-7000-8000-00000000000a")
	orderB   = uuid.MustParse("0195500b-0000-7000-8000-00000000000b")
	cart     = uuid.MustParse("0195500c-0000-7000-8000-00000000000c")
	shipment = uuid.MustParse("0195500d-0000-7000-8000-00000000000d")
	line1    = uuid.MustParse("01955001-0000-7000-8000-000000000001")
	line2    = uuid.MustParse("01955002-0000-7000-8000-000000000002")
)

func received(location string, quantity int64) stock.Received {
	return stock.Received{SKU: "MUG", LocationID: location, Quantity: quantity, ReceivedAt: noon}
}

func reserved(order uuid.UUID, allocations ...stock.Allocation) stock.Reserved {
	return stock.Reserved{
		SKU: "MUG", ReservationID: order, OrderID: order, Kind: stock.KindOrder, Allocations: allocations, ReservedAt: noon,
	}
}

func committed(order uuid.UUID, allocations ...stock.Allocation) stock.Committed {
	return stock.Committed{SKU: "MUG", ReservationID: order, OrderID: order, Allocations: allocations, CommittedAt: noon}
}

func from(location string, line uuid.UUID, quantity int64) stock.Allocation {
	return stock.Allocation{LineID: line, LocationID: location, Quantity: quantity}
}

func reserve(order uuid.UUID, quantities ...int64) stock.Reserve {
	cmd := stock.Reserve{SKU: "MUG", ReservationID: order, OrderID: order, At: noon}
	for i, quantity := range quantities {
		cmd.Demands = append(cmd.Demands, stock.Demand{
			LineID: []uuid.UUID{line1, line2}[i], Quantity: quantity, Pointer: fmt.Sprintf("/lines/%d/quantity", i),
		})
	}
	return cmd
}

// samples has an event of each type, as they were first stored.
func samples() events {
	seen := int64(7)
	allocations := []stock.Allocation{from("main", line1, 3), from("north", line2, 2)}
	return events{
		stock.Received{SKU: "MUG", LocationID: "main", Quantity: 3, Reference: "delivery <7>", ReceivedAt: noon.Add(50 * time.Millisecond)},
		reserved(orderA, allocations...),
		committed(orderA, allocations...),
		stock.Released{
			SKU: "MUG", ReservationID: orderA, OrderID: orderA, Allocations: allocations, Committed: true,
			Reason: "customer", ReleasedAt: noon,
		},
		stock.Adjusted{SKU: "MUG", LocationID: "main", Delta: -2, Reason: "shrinkage", ExpectedQuantity: &seen, AdjustedAt: noon},
		stock.Counted{SKU: "MUG", LocationID: "main", Counted: 9, Variance: 2, ExpectedQuantity: &seen, Reference: "yearly", CountedAt: noon},
		stock.ReservationExtended{SKU: "MUG", ReservationID: cart, ExpiresAt: noon.Add(time.Hour), ExtendedAt: noon},
		stock.ReservationExpired{SKU: "MUG", ReservationID: cart, Allocations: allocations, ExpiredAt: noon},
		stock.BackorderFilled{SKU: "MUG", ReservationID: orderA, OrderID: orderA, Allocations: allocations, Committed: true, FilledAt: noon},
		stock.Moved{SKU: "MUG", ReservationID: orderA, OrderID: orderA, Allocations: allocations[:1], ToLocationID: "north", Committed: true, MovedAt: noon},
		stock.Deducted{SKU: "MUG", ReservationID: orderA, OrderID: orderA, ShipmentID: shipment, Allocations: allocations[1:], DeductedAt: noon},
		stock.Returned{
			SKU: "MUG", LocationID: "main", OrderID: orderA, ReturnID: shipment, Lines: []stock.LineQuantity{{LineID: line1, Quantity: 1}},
			Disposition: stock.QualityControl, ReturnedAt: noon,
		},
		stock.Inspected{SKU: "MUG", LocationID: "main", From: stock.QualityControl, Disposition: stock.Restock, Quantity: 1, Reason: "as new", InspectedAt: noon},
		stock.TransferDispatched{SKU: "MUG", TransferID: shipment, FromLocationID: "main", ToLocationID: "north", Quantity: 4, Reference: "van 2", DispatchedAt: noon},
		stock.TransferReceived{
			SKU: "MUG", TransferID: shipment, FromLocationID: "main", ToLocationID: "north", Quantity: 3, Lost: 1, LossReason: "broken", ReceivedAt: noon,
		},
		stock.SafetyStockSet{SKU: "MUG", LocationID: "main", Quantity: 2, SetAt: noon},
		stock.BackorderPolicySet{SKU: "MUG", Policy: stock.BackorderLimit, Limit: 10, SetAt: noon},
		stock.TrackingSet{SKU: "MUG", Tracked: true, SetAt: noon},
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()

	two := events{received("north", 5), received("main", 2), received("east", 4)}
	full := events{received("main", 1), stock.Received{SKU: "MUG", LocationID: "west", Quantity: stock.MaxOnHand - 2}}
	decides(t, cases{
		"a receipt goes to the main location": {
			nil,
			stock.Receive{SKU: "MUG", Quantity: 7, Reference: "po-1", At: noon.Add(time.Microsecond)},
			events{stock.Received{SKU: "MUG", LocationID: "main", Quantity: 7, Reference: "po-1", ReceivedAt: noon}},
			"",
		},
		"the largest receipt": {nil, stock.Receive{SKU: "MUG", Quantity: 1_000_000_000, At: noon}, events{received("main", 1_000_000_000)}, ""},
		"one more than that":  {nil, stock.Receive{SKU: "MUG", Quantity: 1_000_000_001}, nil, rule.QuantityOutOfRange},
		"a receipt of none":   {nil, stock.Receive{SKU: "MUG"}, nil, rule.QuantityOutOfRange},
		"a negative receipt":  {nil, stock.Receive{SKU: "MUG", Quantity: -1}, nil, rule.QuantityOutOfRange},
		"the last unit fits":  {full, stock.Receive{SKU: "MUG", Quantity: 1, At: noon}, events{received("main", 1)}, ""},
		"beyond it is full":   {full, stock.Receive{SKU: "MUG", Quantity: 2}, nil, rule.QuantityOutOfRange},
		"a location's name":   {nil, stock.Receive{SKU: "MUG", Quantity: 1, LocationID: "a b"}, nil, rule.ValidationFailed},
		"a line is reserved": {
			events{received("main", 5)}, reserve(orderA, 5), events{reserved(orderA, from("main", line1, 5))}, "",
		},
		"the main location first, then by id, line after line": {
			two, reserve(orderA, 5, 6),
			events{reserved(orderA, from("main", line1, 2), from("east", line1, 3), from("east", line2, 1), from("north", line2, 5))},
			"",
		},
		"the lines' demands are summed before they are checked": {events{received("main", 5)}, reserve(orderA, 3, 3), nil, rule.InsufficientStock},
		"what others reserved is not available": {
			events{received("main", 5), reserved(orderB, from("main", line1, 3))}, reserve(orderA, 3), nil, rule.InsufficientStock,
		},
		"what was released is available": {
			events{
				received("main", 5), reserved(orderB, from("main", line1, 3)),
				stock.Released{SKU: "MUG", ReservationID: orderB, Allocations: []stock.Allocation{from("main", line1, 3)}},
			},
			reserve(orderA, 5),
			events{reserved(orderA, from("main", line1, 5))},
			"",
		},
		"an unknown SKU has no stock":       {nil, reserve(orderA, 1), nil, rule.InsufficientStock},
		"reserving twice records nothing":   {events{received("main", 1), reserved(orderA, from("main", line1, 1))}, reserve(orderA, 1), nil, ""},
		"a line reserves at least one unit": {events{received("main", 5)}, reserve(orderA, 0), nil, rule.QuantityOutOfRange},
		"a reservation has lines":           {events{received("main", 5)}, reserve(orderA), nil, rule.ValidationFailed},
		"demands beyond all counting":       {events{received("main", 5)}, reserve(orderA, stock.MaxOnHand, stock.MaxOnHand), nil, rule.InsufficientStock},
		"a reservation is released": {
			events{received("main", 5), reserved(orderA, from("main", line1, 3))},
			stock.Release{ReservationID: orderA, Reason: "customer", At: noon},
			events{stock.Released{
				SKU: "MUG", ReservationID: orderA, OrderID: orderA, Allocations: []stock.Allocation{from("main", line1, 3)},
				Reason: "customer", ReleasedAt: noon,
			}},
			"",
		},
		"a committed one too": {
			events{received("main", 5), reserved(orderA, from("main", line1, 3)), committed(orderA, from("main", line1, 3))},
			stock.Release{ReservationID: orderA, Reason: "customer", At: noon},
			events{stock.Released{
				SKU: "MUG", ReservationID: orderA, OrderID: orderA, Allocations: []stock.Allocation{from("main", line1, 3)},
				Committed: true, Reason: "customer", ReleasedAt: noon,
			}},
			"",
		},
		"releasing what is not reserved records nothing": {events{received("main", 5)}, stock.Release{ReservationID: orderA}, nil, ""},
		"a reservation is committed": {
			events{received("main", 5), reserved(orderA, from("main", line1, 3))},
			stock.Commit{ReservationID: orderA, At: noon},
			events{committed(orderA, from("main", line1, 3))},
			"",
		},
		"committing twice records nothing": {
			events{received("main", 5), reserved(orderA, from("main", line1, 3)), committed(orderA, from("main", line1, 3))},
			stock.Commit{ReservationID: orderA},
			nil, "",
		},
		"what is gone cannot be committed": {events{received("main", 5)}, stock.Commit{ReservationID: orderA}, nil, rule.ReservationExpired},
	})
}

func TestDecide_insufficientStock(t *testing.T) {
	t.Parallel()

	state := stock.Replay(received("main", 5))
	_, err := stock.Decide(&state, reserve(orderA, 4, 2))
	v, ok := errors.AsType[*rule.Violation](err)
	if !ok || v.Kind() != rule.StateConflict || len(v.Details) != 2 {
		t.Fatalf("Decide: %v; want a conflict with a detail for each line", err)
	}
	if want := `SKU "MUG": 6 requested, 5 available`; v.Message != want {
		t.Errorf("message %q; want %q", v.Message, want)
	}
	want := rule.Detail{
		Pointer: "/lines/1/quantity", Code: rule.InsufficientStock, Message: v.Message,
		Meta: map[string]any{"sku": "MUG", "line_id": line2.String(), "requested": int64(6), "available": int64(5)},
	}
	if !reflect.DeepEqual(v.Details[1], want) {
		t.Errorf("detail %+v; want %+v", v.Details[1], want)
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()

	state := stock.Replay(
		received("north", 4), received("main", 5), received("east", 1),
		reserved(orderA, from("main", line1, 3)), committed(orderA, from("main", line1, 3)), reserved(orderB, from("east", line1, 1)),
	)
	want := []stock.Location{
		{ID: "main", OnHand: 5, Committed: 3}, {ID: "east", OnHand: 1, Reserved: 1}, {ID: "north", OnHand: 4},
	}
	if !reflect.DeepEqual(state.Locations, want) {
		t.Errorf("locations %+v; want %+v", state.Locations, want)
	}
	got := []int64{state.OnHand(), state.Reserved(), state.Committed(), state.Available()}
	if want := []int64{10, 1, 3, 6}; !reflect.DeepEqual(got, want) {
		t.Errorf("on hand, reserved, committed, available = %v; want %v", got, want)
	}
	at := stock.Location{OnHand: 10, Reserved: 1, Committed: 2, Damaged: 1, QualityControl: 1, SafetyStock: 2, Incoming: 50}
	if got := at.Available(); got != 3 {
		t.Errorf("available = %d; want 3", got)
	}
	if at.SafetyStock = 9; at.Available() != 0 {
		t.Errorf("available = %d; want 0", at.Available())
	}
}

func TestStreamID(t *testing.T) {
	t.Parallel()

	ids := map[uuid.UUID]string{}
	for _, key := range [][2]string{{"demo", "MUG"}, {"demo", "mug"}, {"demoM", "UG"}, {"", "demoMUG"}, {"demo\x03", "MUG"}} {
		id := stock.StreamID(key[0], key[1])
		if earlier, ok := ids[id]; ok || id.Version() != 5 {
			t.Errorf("stream %s of %q is version %d and taken by %q", id, key, id.Version(), earlier)
		}
		ids[id] = key[0] + "|" + key[1]
	}
	if got, want := stock.StreamID("demo", "MUG").String(), "77a9720c-acd0-59ee-80f5-6079b71e8893"; got != want {
		t.Errorf("the id of a stored stream became %s; want %s", got, want)
	}
}

func TestStock_clone(t *testing.T) {
	t.Parallel()

	state := stock.Replay(received("main", 5), reserved(orderA, from("main", line1, 3)))
	clone, want := state.Clone(), stock.Replay(received("main", 5), reserved(orderA, from("main", line1, 3)))
	state.Apply(committed(orderA, from("main", line1, 3)))
	state.Apply(received("main", 1))
	if !same(&clone, &want) {
		t.Errorf("the clone became %+v; want %+v", clone, want)
	}
}

func ExampleDecide() {
	var state stock.Stock
	do := func(cmd stock.Command) {
		happened, err := stock.Decide(&state, cmd)
		for _, event := range happened {
			state.Apply(event)
		}
		fmt.Println(state.OnHand(), state.Reserved(), state.Committed(), state.Available(), err)
	}
	do(stock.Receive{SKU: "MUG", Quantity: 3, At: noon})
	do(stock.Reserve{SKU: "MUG", ReservationID: orderA, OrderID: orderA, Demands: []stock.Demand{{LineID: line1, Quantity: 2}}, At: noon})
	do(stock.Reserve{SKU: "MUG", ReservationID: orderB, OrderID: orderB, Demands: []stock.Demand{{LineID: line2, Quantity: 2}}, At: noon})
	do(stock.Commit{ReservationID: orderA, At: noon})
	// Output:
	// 3 0 0 3 <nil>
	// 3 2 0 1 <nil>
	// 3 2 0 1 insufficient_stock: SKU "MUG": 2 requested, 1 available
	// 3 0 2 1 <nil>
}
