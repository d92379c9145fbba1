package stock_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
)

func TestAdjustStock(t *testing.T) {
	t.Parallel()

	five, six := int64(5), int64(6)
	adjusted := func(delta int64) stock.Adjusted {
		return stock.Adjusted{SKU: "MUG", LocationID: "main", Delta: delta, Reason: "found", AdjustedAt: noon}
	}
	expecting := adjusted(1)
	expecting.ExpectedQuantity = &five
	damaged := stock.Returned{SKU: "MUG", LocationID: "main", Lines: lines(line1, 2), Disposition: stock.Damaged, ReturnedAt: noon}
	decides(t, cases{
		"units are found": {
			events{received("main", 5)}, stock.Adjust{SKU: "MUG", Delta: 2, Reason: "found", At: noon}, events{adjusted(2)}, "",
		},
		"units of a SKU that was never received are found": {
			nil, stock.Adjust{SKU: "MUG", Delta: 2, Reason: "found", At: noon}, events{adjusted(2)}, "",
		},
		"all units are lost": {
			events{received("main", 5)}, stock.Adjust{SKU: "MUG", Delta: -5, Reason: "found", At: noon}, events{adjusted(-5)}, "",
		},
		"units that are promised may be lost too": {
			events{received("main", 5), reserved(orderA, from("main", line1, 5))},
			stock.Adjust{SKU: "MUG", Delta: -1, Reason: "found", At: noon},
			events{adjusted(-1)},
			"",
		},
		"no more than all can be lost": {
			events{received("main", 5), received("north", 5)}, stock.Adjust{SKU: "MUG", Delta: -6, Reason: "found"}, nil, rule.QuantityOutOfRange,
		},
		"damaged units are written off by an inspection instead": {
			events{received("main", 5), damaged}, stock.Adjust{SKU: "MUG", Delta: -6, Reason: "found"}, nil, rule.QuantityOutOfRange,
		},
		"an adjustment of nothing":      {events{received("main", 5)}, stock.Adjust{SKU: "MUG", Reason: "found"}, nil, rule.QuantityOutOfRange},
		"an adjustment beyond counting": {nil, stock.Adjust{SKU: "MUG", Delta: stock.MaxReceipt + 1, Reason: "found"}, nil, rule.QuantityOutOfRange},
		"an adjustment has a reason":    {events{received("main", 5)}, stock.Adjust{SKU: "MUG", Delta: 1}, nil, rule.ValidationFailed},
		"a reason is short": {
			nil, stock.Adjust{SKU: "MUG", Delta: 1, Reason: strings.Repeat("x", stock.MaxReferenceLength+1)}, nil, rule.ValidationFailed,
		},
		"what was expected is there": {
			events{received("main", 5), received("north", 1)},
			stock.Adjust{SKU: "MUG", Delta: 1, Reason: "found", ExpectedQuantity: &five, At: noon},
			events{expecting},
			"",
		},
		"what was expected is not there": {
			events{received("main", 5), received("north", 1)},
			stock.Adjust{SKU: "MUG", Delta: 1, Reason: "found", ExpectedQuantity: &six},
			nil, rule.QuantityMismatch,
		},
		"found units fill backorders": {
			events{allowed(), waiting(orderA, 3)},
			stock.Adjust{SKU: "MUG", Delta: 2, Reason: "found", At: noon},
			events{adjusted(2), filled(orderA, false, from("main", line1, 2))},
			"",
		},
	})
}

func TestDeductSold(t *testing.T) {
	t.Parallel()

	deducted := func(units int64) stock.Adjusted {
		return stock.Adjusted{SKU: "MUG", LocationID: "main", Delta: -units, Reason: "imported order", AdjustedAt: noon}
	}
	deduct := func(units int64, force bool) stock.DeductSold {
		return stock.DeductSold{SKU: "MUG", Quantity: units, Force: force, Reason: "imported order", At: noon}
	}
	given := events{received("main", 5), received("north", 5), reserved(orderA, from("main", line1, 2))}
	decides(t, cases{
		"what is there goes":                  {given, deduct(3, false), events{deducted(3)}, ""},
		"no more than is available":           {given, deduct(9, false), events{deducted(3)}, ""},
		"nothing, if none is":                 {nil, deduct(9, false), nil, ""},
		"all of it by force":                  {given, deduct(9, true), events{deducted(9)}, ""},
		"even if there never was any":         {nil, deduct(2, true), events{deducted(2)}, ""},
		"an untracked SKU has no units":       {append(given[:3:3], untracked()), deduct(2, true), nil, ""},
		"1 or more":                           {given, deduct(0, true), nil, rule.QuantityOutOfRange},
		"who counts later is told what is so": {append(given[:3:3], deducted(9)), stock.Count{SKU: "MUG", Counted: 4, At: noon}, events{stock.Counted{SKU: "MUG", LocationID: "main", Counted: 4, Variance: 8, CountedAt: noon}}, ""},
	})
	state := stock.Replay(append(given, deducted(9))...)
	if at := state.At("main"); at.OnHand != -4 || state.Available() != 5 {
		t.Errorf("main %+v, %d available; want -4 on hand, and what is at north available", at, state.Available())
	}
}

func TestAdjustStock_mismatchFigures(t *testing.T) {
	t.Parallel()

	state, six := stock.Replay(received("main", 5)), int64(6)
	_, err := stock.Decide(&state, stock.Adjust{Delta: -1, Reason: "shrinkage", ExpectedQuantity: &six})
	v, ok := errors.AsType[*rule.Violation](err)
	if !ok || v.Kind() != rule.StateConflict || len(v.Details) != 1 {
		t.Fatalf("Decide: %v; want a conflict with one detail", err)
	}
	want := map[string]any{"sku": "MUG", "location_id": "main", "expected": int64(6), "actual": int64(5)}
	if !reflect.DeepEqual(v.Details[0].Meta, want) {
		t.Errorf("meta %v; want %v", v.Details[0].Meta, want)
	}
}

func TestCountStock(t *testing.T) {
	t.Parallel()

	five := int64(5)
	counted := func(n, variance int64) stock.Counted {
		return stock.Counted{SKU: "MUG", LocationID: "main", Counted: n, Variance: variance, CountedAt: noon}
	}
	expecting := counted(4, -1)
	expecting.ExpectedQuantity = &five
	inspected := stock.Returned{SKU: "MUG", LocationID: "main", Lines: lines(line1, 2), Disposition: stock.QualityControl, ReturnedAt: noon}
	decides(t, cases{
		"fewer units than thought": {
			events{received("main", 5)}, stock.Count{SKU: "MUG", Counted: 4, ExpectedQuantity: &five, At: noon}, events{expecting}, "",
		},
		"as many as thought, which is a fact too": {
			events{received("main", 5)}, stock.Count{SKU: "MUG", Counted: 5, At: noon}, events{counted(5, 0)}, "",
		},
		"more units than thought fill backorders": {
			events{received("main", 1), allowed(), waiting(orderA, 3, from("main", line1, 1))},
			stock.Count{SKU: "MUG", Counted: 3, At: noon},
			events{counted(3, 2), filled(orderA, false, from("main", line1, 2))},
			"",
		},
		"a SKU that was never received": {nil, stock.Count{SKU: "MUG", Counted: 3, At: noon}, events{counted(3, 3)}, ""},
		"units in quality control are counted too": {
			events{received("main", 1), inspected}, stock.Count{SKU: "MUG", Counted: 1}, nil, rule.QuantityOutOfRange,
		},
		"a negative count": {nil, stock.Count{SKU: "MUG", Counted: -1}, nil, rule.QuantityOutOfRange},
		"another quantity was expected": {
			events{received("main", 4)}, stock.Count{SKU: "MUG", Counted: 4, ExpectedQuantity: &five}, nil, rule.QuantityMismatch,
		},
	})
}

func TestReturnStock(t *testing.T) {
	t.Parallel()

	back := func(d stock.Disposition) stock.Return {
		return stock.Return{SKU: "MUG", LocationID: "north", OrderID: orderB, ReturnID: shipment, Lines: lines(line1, 1, line2, 2), Disposition: d, At: noon}
	}
	returned := func(d stock.Disposition) stock.Returned {
		return stock.Returned{
			SKU: "MUG", LocationID: "north", OrderID: orderB, ReturnID: shipment, Lines: lines(line1, 1, line2, 2), Disposition: d, ReturnedAt: noon,
		}
	}
	none := back(stock.Restock)
	none.Lines = nil
	zero := back(stock.Restock)
	zero.Lines = lines(line1, 0)
	digital := returned(stock.Restock)
	digital.Untracked = true
	decides(t, cases{
		"restocked units are sold again":   {events{received("main", 5)}, back(stock.Restock), events{returned(stock.Restock)}, ""},
		"damaged units":                    {events{received("main", 5)}, back(stock.Damaged), events{returned(stock.Damaged)}, ""},
		"units to be looked at":            {events{received("main", 5)}, back(stock.QualityControl), events{returned(stock.QualityControl)}, ""},
		"units to be thrown away":          {events{received("main", 5)}, back(stock.WriteOff), events{returned(stock.WriteOff)}, ""},
		"an unknown disposition":           {events{received("main", 5)}, back("burn"), nil, rule.ValidationFailed},
		"a return has lines":               {events{received("main", 5)}, none, nil, rule.ValidationFailed},
		"a line has units":                 {events{received("main", 5)}, zero, nil, rule.QuantityOutOfRange},
		"an untracked SKU's levels stay":   {events{received("main", 5), untracked()}, back(stock.Restock), events{digital}, ""},
		"damaged units fill no backorders": {events{allowed(), waiting(orderA, 1)}, back(stock.Damaged), events{returned(stock.Damaged)}, ""},
		"restocked units fill backorders first": {
			events{allowed(), waiting(orderA, 2)},
			back(stock.Restock),
			events{returned(stock.Restock), filled(orderA, false, from("north", line1, 2))},
			"",
		},
	})
	for d, want := range map[stock.Disposition]stock.Location{
		stock.Restock:        {ID: "north", OnHand: 3},
		stock.Damaged:        {ID: "north", OnHand: 3, Damaged: 3},
		stock.QualityControl: {ID: "north", OnHand: 3, QualityControl: 3},
		stock.WriteOff:       {ID: "north"},
	} {
		if state := stock.Replay(returned(d)); state.At("north") != want {
			t.Errorf("after %s: %+v; want %+v", d, state.At("north"), want)
		}
	}
}

func TestInspectStock(t *testing.T) {
	t.Parallel()

	given := events{stock.Returned{SKU: "MUG", LocationID: "main", Lines: lines(line1, 3), Disposition: stock.QualityControl, ReturnedAt: noon}}
	inspect := func(from, to stock.Disposition, quantity int64) stock.Inspect {
		return stock.Inspect{From: from, Disposition: to, Quantity: quantity, At: noon}
	}
	inspected := func(from, to stock.Disposition, quantity int64) stock.Inspected {
		return stock.Inspected{SKU: "MUG", LocationID: "main", From: from, Disposition: to, Quantity: quantity, InspectedAt: noon}
	}
	decides(t, cases{
		"as new":                {given, inspect(stock.QualityControl, stock.Restock, 3), events{inspected(stock.QualityControl, stock.Restock, 3)}, ""},
		"broken after all":      {given, inspect(stock.QualityControl, stock.Damaged, 1), events{inspected(stock.QualityControl, stock.Damaged, 1)}, ""},
		"more than are there":   {given, inspect(stock.QualityControl, stock.Restock, 4), nil, rule.InsufficientStock},
		"none is damaged":       {given, inspect(stock.Damaged, stock.WriteOff, 1), nil, rule.InsufficientStock},
		"not to where they are": {given, inspect(stock.QualityControl, stock.QualityControl, 1), nil, rule.ValidationFailed},
		"not from the shelf":    {given, inspect(stock.Restock, stock.Damaged, 1), nil, rule.ValidationFailed},
		"at least one":          {given, inspect(stock.QualityControl, stock.Restock, 0), nil, rule.QuantityOutOfRange},
		"good units fill orders": {
			append(events{allowed(), waiting(orderA, 1)}, given...), inspect(stock.QualityControl, stock.Restock, 2),
			events{inspected(stock.QualityControl, stock.Restock, 2), filled(orderA, false, from("main", line1, 1))},
			"",
		},
	})
	state := stock.Replay(append(given, inspected(stock.QualityControl, stock.Damaged, 2), inspected(stock.Damaged, stock.WriteOff, 1))...)
	if want := (stock.Location{ID: "main", OnHand: 2, QualityControl: 1, Damaged: 1}); state.At("main") != want {
		t.Errorf("after two inspections: %+v; want %+v", state.At("main"), want)
	}
}

func TestTransfer(t *testing.T) {
	t.Parallel()

	dispatch := stock.DispatchTransfer{TransferID: shipment, From: "main", To: "north", Quantity: 4, At: noon}
	dispatched := stock.TransferDispatched{SKU: "MUG", TransferID: shipment, FromLocationID: "main", ToLocationID: "north", Quantity: 4, DispatchedAt: noon}
	arrive := func(quantity, lost int64) stock.ReceiveTransfer {
		return stock.ReceiveTransfer{TransferID: shipment, Quantity: quantity, Lost: lost, LossReason: "broken", At: noon}
	}
	arrived := func(quantity, lost int64) stock.TransferReceived {
		return stock.TransferReceived{
			SKU: "MUG", TransferID: shipment, FromLocationID: "main", ToLocationID: "north", Quantity: quantity, Lost: lost, LossReason: "broken", ReceivedAt: noon,
		}
	}
	change := func(how func(*stock.DispatchTransfer)) stock.DispatchTransfer {
		c := dispatch
		how(&c)
		return c
	}
	sent := events{received("main", 5), dispatched}
	decides(t, cases{
		"units are sent to another location":   {events{received("main", 5)}, dispatch, events{dispatched}, ""},
		"sending them twice changes nothing":   {sent, dispatch, nil, ""},
		"only available units can be sent":     {events{received("main", 5), reserved(orderA, from("main", line1, 2))}, dispatch, nil, rule.InsufficientStock},
		"what is elsewhere does not help":      {events{received("main", 1), received("east", 9)}, dispatch, nil, rule.InsufficientStock},
		"not to where they are":                {events{received("main", 5)}, change(func(c *stock.DispatchTransfer) { c.To = "" }), nil, rule.ValidationFailed},
		"a transfer has an id":                 {events{received("main", 5)}, change(func(c *stock.DispatchTransfer) { c.TransferID = uuid.Nil }), nil, rule.ValidationFailed},
		"a transfer has units":                 {events{received("main", 5)}, change(func(c *stock.DispatchTransfer) { c.Quantity = 0 }), nil, rule.QuantityOutOfRange},
		"all units arrive":                     {sent, arrive(4, 0), events{arrived(4, 0)}, ""},
		"some units arrive":                    {sent, arrive(1, 0), events{arrived(1, 0)}, ""},
		"some are lost":                        {sent, arrive(3, 1), events{arrived(3, 1)}, ""},
		"no more arrive than were sent":        {sent, arrive(4, 1), nil, rule.QuantityOutOfRange},
		"none arrive and none are lost":        {sent, arrive(0, 0), nil, rule.QuantityOutOfRange},
		"fewer than none arrive":               {sent, arrive(-1, 2), nil, rule.QuantityOutOfRange},
		"the rest arrives":                     {append(sent[:2:2], arrived(1, 0)), arrive(3, 0), events{arrived(3, 0)}, ""},
		"nothing is left on its way":           {append(sent[:2:2], arrived(3, 1)), arrive(1, 0), nil, rule.TransferNotFound},
		"a transfer that was never dispatched": {events{received("main", 5)}, arrive(1, 0), nil, rule.TransferNotFound},
		"units that arrive fill backorders": {
			append(sent[:2:2], allowed(), waiting(orderA, 5, from("main", line1, 1))), arrive(4, 0),
			events{arrived(4, 0), filled(orderA, false, from("north", line1, 4))},
			"",
		},
	})
	state := stock.Replay(append(sent, arrived(1, 1))...)
	if on, of := state.At("north"), state.At("main"); on.OnHand != 1 || on.Incoming != 2 || of.OnHand != 1 {
		t.Errorf("after a part of the transfer: %+v and %+v; want 1 and 2 on their way, 1 left", on, of)
	}
	if open, ok := state.Transfer(shipment); !ok || open.Quantity != 2 {
		t.Errorf("on its way: %+v, %t; want 2", open, ok)
	}
}
