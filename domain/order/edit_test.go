package order_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

func begin() order.BeginEdit {
	return order.BeginEdit{EditID: editID, BaseVersion: 3, By: "staff-1", At: later}
}

func stage(changes ...order.EditChange) []order.Command {
	cmds := []order.Command{begin()}
	for i, change := range changes {
		change.ChangeID = uuid.UUID{0: 7, 15: byte(i + 1)}
		cmds = append(cmds, order.StageEditChange{EditID: editID, Change: change, At: later})
	}
	return cmds
}

func set(line uuid.UUID, quantity int64) order.EditChange {
	return order.EditChange{Kind: order.EditSetQuantity, LineID: line, Quantity: quantity}
}

func add(sku string, quantity int64) order.EditChange {
	return order.EditChange{Kind: order.EditAddLine, LineID: line3, SKU: sku, Quantity: quantity}
}

func method(name string) order.EditChange {
	return order.EditChange{Kind: order.EditSetShipping, ShippingMethod: name}
}

func staged(given events, changes ...order.EditChange) events {
	return then(given, stage(changes...)...)
}

func TestBeginEdit(t *testing.T) {
	t.Parallel()

	begun := events{order.EditBegun{About: about(), EditID: editID, BaseVersion: 3, BegunBy: "staff-1", BegunAt: later}}
	another := begin()
	another.EditID = gone
	run(t, map[string]decision{
		"a pending order is edited":   {events{placed(nil)}, begin(), begun, ""},
		"a confirmed one":             {settled(), begin(), begun, ""},
		"again once it is discarded":  {then(settled(), begin(), order.DiscardEdit{EditID: editID, At: later}), begin(), begun, ""},
		"one edit is begun once":      {then(settled(), begin()), begin(), nil, ""},
		"not without an id":           {settled(), order.BeginEdit{At: later}, nil, rule.ValidationFailed},
		"not a draft":                 {events{drafted()}, begin(), nil, rule.InvalidState},
		"not when it is over":         {events{placed(nil), canceled(nil)}, begin(), nil, rule.OrderTerminal},
		"not what was delivered":      {events{imported()}, begin(), nil, rule.OrderTerminal},
		"not nothing":                 {nil, begin(), nil, rule.OrderNotFound},
		"an edit ends with its order": {then(settled(), begin(), order.Cancel{At: later}), order.DiscardEdit{EditID: editID}, nil, rule.OrderTerminal},
	})
	refused(t, map[string]refusal{
		"one edit at a time": {given: then(settled(), begin()), when: another, code: rule.EditAlreadyOpen, existing: editID.String()},
	})
}

func TestDiscardEdit(t *testing.T) {
	t.Parallel()

	when := order.DiscardEdit{EditID: editID, By: "staff-2", At: later}
	run(t, map[string]decision{
		"an edit is discarded": {
			staged(settled(), set(line1, 1)), when,
			events{order.EditDiscarded{About: about(), EditID: editID, DiscardedBy: "staff-2", DiscardedAt: later}},
			"",
		},
		"not one that is not open": {settled(), when, nil, rule.EditNotFound},
		"not another":              {then(settled(), begin()), order.DiscardEdit{EditID: gone}, nil, rule.EditNotFound},
		"not of nothing":           {nil, when, nil, rule.OrderNotFound},
	})
	state := order.Replay(then(staged(settled(), set(line1, 1)), when)...)
	if state.Edit != nil || state.Lines[0].Counters.Live() != 2 || state.Total() != 5498 {
		t.Errorf("after a discarded edit: %+v; want the order as it was", state)
	}
}

func TestStageEditChange(t *testing.T) {
	t.Parallel()

	open, packed := then(settled(), begin()), then(settled(), pack(units(line2, 2)), begin())
	when := func(change order.EditChange) order.StageEditChange {
		change.ChangeID = gone
		return order.StageEditChange{EditID: editID, Change: change, At: later}
	}
	then := func(change order.EditChange) events {
		change.ChangeID = gone
		return events{order.EditStaged{About: about(), EditID: editID, Change: change, StagedAt: later}}
	}
	fewer, none, cap3, express := set(line2, 1), set(line2, 0), add("CAP", 3), method("express")
	fewer.From, none.From = 3, 3
	fewer.SKU, none.SKU = "MUG", "MUG"
	more := set(line3, 5)
	more.SKU = "CAP"
	again := when(set(line1, 1))
	again.Change.ChangeID = uuid.UUID{0: 7, 15: 1}
	wrong := set(line2, 1)
	wrong.SKU = "CUP"
	nameless := when(set(line2, 1))
	nameless.Change.ChangeID = uuid.Nil
	run(t, map[string]decision{
		"another quantity of a line":        {open, when(set(line2, 1)), then(fewer), ""},
		"none of it":                        {open, when(set(line2, 0)), then(none), ""},
		"another line":                      {open, when(add("CAP", 3)), then(cap3), ""},
		"another quantity of that":          {staged(settled(), cap3), when(set(line3, 5)), then(more), ""},
		"another way of shipping":           {open, when(method("express")), then(express), ""},
		"down to what is packed":            {packed, when(set(line2, 2)), then(order.EditChange{Kind: "set_quantity", LineID: line2, SKU: "MUG", Quantity: 2, From: 3}), ""},
		"one change once":                   {staged(settled(), set(line1, 1)), again, nil, ""},
		"not without an id":                 {open, nameless, nil, rule.ValidationFailed},
		"no unknown kind":                   {open, when(order.EditChange{Kind: "swap"}), nil, rule.ValidationFailed},
		"no line without a SKU":             {open, when(add("", 1)), nil, rule.ValidationFailed},
		"none under the id of another":      {open, when(order.EditChange{Kind: "add_line", LineID: line1, SKU: "CAP", Quantity: 1}), nil, rule.ValidationFailed},
		"none without an id":                {open, when(order.EditChange{Kind: "add_line", SKU: "CAP", Quantity: 1}), nil, rule.ValidationFailed},
		"none without units":                {open, when(add("CAP", 0)), nil, rule.QuantityOutOfRange},
		"no shipping without a name":        {open, when(method("")), nil, rule.ValidationFailed},
		"none with an endless one":          {open, when(method(strings.Repeat("x", 256))), nil, rule.ValidationFailed},
		"not into an edit that is not open": {settled(), when(fewer), nil, rule.EditNotFound},
		"not when it is over":               {append(open, canceled(nil)), when(fewer), nil, rule.OrderTerminal},
		"not of nothing":                    {nil, when(fewer), nil, rule.OrderNotFound},
	})
	refused(t, map[string]refusal{
		"no quantity below 0":       {given: open, when: when(set(line2, -1)), code: rule.QuantityOutOfRange, pointer: "/quantity"},
		"none above a million":      {given: open, when: when(set(line2, 1_000_001)), code: rule.QuantityOutOfRange, pointer: "/quantity"},
		"no line of another order":  {given: open, when: when(set(line3, 1)), code: rule.ValidationFailed, pointer: "/line_id"},
		"no line by another's SKU":  {given: open, when: when(wrong), code: rule.ValidationFailed, pointer: "/sku"},
		"not below what is packed":  {given: packed, when: when(set(line2, 1)), code: rule.QuantityBelowFulfilled, pointer: "/quantity", line: line2, requested: 1, available: 2},
		"nor none of what is there": {given: packed, when: when(set(line2, 0)), code: rule.QuantityBelowFulfilled, pointer: "/quantity", line: line2, requested: 0, available: 2},
	})
}

// Later changes of the same thing replace earlier ones.
func TestStageEditChange_replaces(t *testing.T) {
	t.Parallel()

	state := order.Replay(staged(settled(), set(line1, 1), add("CAP", 2), method("slow"), set(line1, 4), set(line3, 5), method("fast"))...)
	var got []string
	for _, c := range state.Edit.Changes {
		got = append(got, string(c.Kind)+" "+c.SKU+c.ShippingMethod)
	}
	if want := []string{"set_quantity TSHIRT-M", "add_line CAP", "set_shipping fast"}; !reflect.DeepEqual(got, want) {
		t.Errorf("staged %q; want %q", got, want)
	}
	if c := state.Edit.Changes; c[0].Quantity != 4 || c[1].Quantity != 5 {
		t.Errorf("staged %+v; want quantities of 4 and 5", c)
	}
	state = order.Replay(staged(settled(), add("CAP", 2), set(line3, 0))...)
	if state.Edit.Changes != nil {
		t.Errorf("staged %+v; want nothing of a line that was added and taken out", state.Edit.Changes)
	}
}

// commit is the edit that makes 2 shirts 5, 3 mugs 1, adds 2 caps and ships by express.
func commit() (events, order.CommitEdit) {
	return staged(settled(), set(line1, 5), set(line2, 1), add("CAP", 2), method("express")), order.CommitEdit{
		EditID: editID, At: later, Notify: true, Backordered: []order.LineQuantity{units(line1, 1), units(line3, 2)},
		Prices: order.EditPrices{
			Lines: []order.NewLine{{LineID: line3, SKU: "CAP", ProductName: "Cap", Quantity: 2, UnitPrice: 1250, RequiresShipping: true}},
			Added: []order.Addition{{Quantity: 3, TaxLines: []order.TaxLine{{Code: "vat", Rate: 190_000, Amount: 1139}}}},
			Shipping: []order.ShippingLine{
				{Method: "express", Amount: 900, TaxLines: []order.TaxLine{{Code: "vat", Rate: 190_000, Amount: 171}}},
			},
		},
	}
}

func editCommitted() order.EditCommitted {
	_, cmd := commit()
	return order.EditCommitted{
		About: about(), EditID: editID,
		LineChanges: []order.LineChange{
			{LineID: line1, SKU: "TSHIRT-M", From: 2, To: 5, UnitPrice: 1999, Added: &order.Addition{
				Quantity: 3, Subtotal: 5997, TaxLines: cmd.Prices.Added[0].TaxLines, Total: 7136,
			}},
			{LineID: line2, SKU: "MUG", From: 3, To: 1, UnitPrice: 500, Removed: &order.CanceledLine{
				LineID: line2, SKU: "MUG", Quantity: 2, Amount: 1000,
			}},
		},
		LinesAdded: []order.Line{
			{LineID: line3, SKU: "CAP", ProductName: "Cap", Quantity: 2, UnitPrice: 1250, Subtotal: 2500, Total: 2500, RequiresShipping: true},
		},
		Shipping:    &order.ShippingEdit{After: cmd.Prices.Shipping},
		Backordered: cmd.Backordered, TotalsBefore: order.Totals{Subtotal: 5498, Total: 5498},
		TotalsAfter: order.Totals{Subtotal: 12995, Shipping: 900, Tax: 1310, Total: 15205},
		AmountDelta: 9707, Notify: true, PreviousPayment: order.PaymentStatusPaid, PlacedAt: noon, CommittedAt: later,
	}
}

func TestCommitEdit(t *testing.T) {
	t.Parallel()

	given, when := commit()
	shown := when
	delta := int64(9707)
	shown.ExpectedDelta = &delta
	run(t, map[string]decision{
		"an edit is committed":               {given, when, events{editCommitted()}, ""},
		"at the difference that was shown":   {given, shown, events{editCommitted()}, ""},
		"once":                               {append(given, editCommitted()), when, nil, rule.EditNotFound},
		"not one that was discarded":         {then(given, order.DiscardEdit{EditID: editID}), when, nil, rule.EditNotFound},
		"not when it is over":                {append(given, canceled(nil)), when, nil, rule.OrderTerminal},
		"not of nothing":                     {nil, when, nil, rule.OrderNotFound},
		"not without prices of what it adds": {given, order.CommitEdit{EditID: editID}, nil, rule.EditStale},
	})

	state := order.Replay(append(given, editCommitted())...)
	if state.Edit != nil || state.Total() != 15205 || state.Added != 6136 || state.Totals.Total != 9069 || state.AmountDue() != 9707 {
		t.Errorf("total %d, totals %+v, added %d, due %d, edit %v; want 15205, of it 6136 for more units, with 9707 to be paid", state.Total(), state.Totals, state.Added, state.AmountDue(), state.Edit)
	}
	if got := state.LiveTotals(); got != editCommitted().TotalsAfter {
		t.Errorf("live totals %+v; want those that the edit foretold", got)
	}
	want := []order.Counters{{Ordered: 5, Reserved: 4, Backordered: 1}, {Ordered: 3, Canceled: 2, Reserved: 1}, {Ordered: 2, Backordered: 2}}
	for i := range state.Lines {
		if got := state.Lines[i].Counters; got != want[i] {
			t.Errorf("line %d counts %+v; want %+v", i, got, want[i])
		}
	}
	batches := []order.Batch{{Quantity: 2, Live: 2, Total: 3998}, {Quantity: 3, Live: 3, Tax: 1139, ExclusiveTax: 1139, Total: 7136}}
	if !reflect.DeepEqual(state.Lines[0].Batches, batches) {
		t.Errorf("batches %+v; want %+v", state.Lines[0].Batches, batches)
	}
}

func TestCommitEdit_refused(t *testing.T) {
	t.Parallel()

	given, cmd := commit()
	with := func(change func(*order.CommitEdit)) order.CommitEdit {
		_, c := commit()
		change(&c)
		return c
	}
	bare := order.CommitEdit{EditID: editID, At: later}
	refused(t, map[string]refusal{
		"not at another difference": {given: given, when: with(func(c *order.CommitEdit) { c.ExpectedDelta = new(int64) }), code: rule.PriceChanged, pointer: "/expected_delta"},
		"not if other units were canceled meanwhile": {
			given: then(given, cancelLines(units(line2, 1))), when: cmd, code: rule.EditStale, pointer: "/edit/changes/1/quantity", line: line2, requested: 3, available: 2,
		},
		"not below what was packed meanwhile": {
			given: then(given, pack(units(line2, 2))), when: cmd, code: rule.QuantityBelowFulfilled, pointer: "/edit/changes/1/quantity", line: line2, requested: 1, available: 2,
		},
		"not without what was packed meanwhile": {
			given: then(staged(settled(), set(line2, 0)), pack(units(line2, 1))), when: bare, code: rule.EditStale, pointer: "/edit/changes/0/quantity", line: line2, requested: 0, available: 1,
		},
		"not with one above the added units": {
			given: given, when: with(func(c *order.CommitEdit) {
				c.Prices.Added[0].DiscountAllocations = []order.DiscountAllocation{{DiscountID: "d", Amount: 9999}}
			}), code: rule.DiscountInvalid,
			pointer: "/edit/changes/0", line: line1, requested: 5, available: 2,
		},
		"not if nothing is left":          {given: staged(settled(), set(line1, 0), set(line2, 0)), when: bare, code: rule.EmptyOrder, pointer: "/edit/changes"},
		"not with prices of another line": {given: given, when: with(func(c *order.CommitEdit) { c.Prices.Lines[0].SKU = "HAT" }), code: rule.EditStale},
		"not with prices of more units":   {given: given, when: with(func(c *order.CommitEdit) { c.Prices.Added[0].Quantity = 4 }), code: rule.EditStale},
		"not with shipping that nobody wanted": {
			given: staged(settled(), set(line2, 1)), when: order.CommitEdit{EditID: editID, Prices: order.EditPrices{Shipping: cmd.Prices.Shipping}}, code: rule.EditStale,
		},
		"not with a discount that is not the order's": {
			given: given, when: with(func(c *order.CommitEdit) {
				c.Prices.Lines[0].DiscountAllocations = []order.DiscountAllocation{{DiscountID: "d", Amount: 1}}
			}), code: rule.DiscountInvalid,
		},
		"not with one above the line": {
			given: given, when: with(func(c *order.CommitEdit) {
				c.Prices.Lines[0].DiscountAllocations = []order.DiscountAllocation{{DiscountID: "d", Amount: 2501}}
			}), code: rule.DiscountInvalid, pointer: "/edit/changes/2", line: line3, requested: 2, available: 0,
		},
		"not with negative shipping": {
			given: given, when: with(func(c *order.CommitEdit) { c.Prices.Shipping = []order.ShippingLine{{Amount: -1}} }), code: rule.ShippingMethodInvalid, pointer: "/shipping_lines/0",
		},
		"not waiting for more than it adds": {
			given: given, when: with(func(c *order.CommitEdit) { c.Backordered = []order.LineQuantity{units(line1, 4)} }), code: rule.ValidationFailed, pointer: "/backordered/0",
		},
		"not beyond counting": {
			given: given, when: with(func(c *order.CommitEdit) { c.Prices.Lines[0].UnitPrice = math.MaxInt64 / 2 }), code: rule.ValidationFailed,
		},
		"not beyond counting for one line": {
			given: given, when: with(func(c *order.CommitEdit) { c.Prices.Lines[0].UnitPrice = math.MaxInt64 }), code: rule.ValidationFailed,
			pointer: "/edit/changes/2/quantity", line: line3, requested: 2, available: 0,
		},
	})
}

// What an edit would change is known before anything is priced.
func TestEditDemands(t *testing.T) {
	t.Parallel()

	given, _ := commit()
	state := order.Replay(given...)
	got, err := state.EditDemands(editID)
	want := order.EditDemands{
		Grown: []order.LineQuantity{units(line1, 3)}, Shrunk: []order.LineQuantity{units(line2, 2)},
		Added: []order.LineQuantity{units(line3, 2)}, ShippingMethod: "express",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("EditDemands = %+v, %v; want %+v", got, err, want)
	}
	if _, err := state.EditDemands(gone); rule.CodeOf(err) != rule.EditNotFound {
		t.Errorf("EditDemands of another edit: %v; want edit_not_found", err)
	}
	same := order.Replay(staged(settled(), set(line1, 2))...)
	if got, err := same.EditDemands(editID); err != nil || !reflect.DeepEqual(got, order.EditDemands{}) {
		t.Errorf("EditDemands of the same quantity = %+v, %v; want none", got, err)
	}
}

// A discount in percent counts for added units too, and what it has given grows with them.
func TestCommitEdit_discounts(t *testing.T) {
	t.Parallel()

	full, err := decide(&order.Order{}, taxed())
	if err != nil {
		t.Fatal(err)
	}
	state := order.Replay(then(staged(full, set(line1, 3)), order.CommitEdit{
		EditID: editID, At: later, Prices: order.EditPrices{Added: []order.Addition{{
			Quantity: 1, DiscountAllocations: []order.DiscountAllocation{{DiscountID: "spring", Amount: 200}},
			TaxLines: []order.TaxLine{{Code: "vat", Rate: 200_000, Amount: 300, Inclusive: true}},
		}}},
	})...)
	if got := state.Discounts[0]; got.Amount != 600 || got.Code != "SPRING" {
		t.Errorf("the discount gives %+v; want 600", got)
	}
	want := order.Totals{Subtotal: 7497, Discount: 600, Shipping: 490, Tax: 1278, Total: 5966 + 1799}
	if got := state.LiveTotals(); got != want || state.Total() != want.Total {
		t.Errorf("totals %+v, %d; want %+v", got, state.Total(), want)
	}
	if placed, ok := full[0].(order.Placed); !ok || placed.Discounts[0].Amount != 400 {
		t.Errorf("the event of placing was changed: %+v", full[0])
	}
}

// A line that an edit would make stale says so for every line at once.
func TestCommitEdit_allFaultsAtOnce(t *testing.T) {
	t.Parallel()

	state := order.Replay(then(staged(settled(), set(line1, 1), set(line2, 1)), pack(units(line1, 2), units(line2, 2)))...)
	_, err := decide(&state, order.CommitEdit{EditID: editID})
	if v, ok := errors.AsType[*rule.Violation](err); !ok || len(v.Details) != 2 || v.Code != rule.QuantityBelowFulfilled {
		t.Errorf("Decide: %v; want both lines below what is packed", err)
	}
}

// A refused difference comes with both differences and the totals before and after.
func TestCommitEdit_priceChanged(t *testing.T) {
	t.Parallel()

	given, cmd := commit()
	cmd.ExpectedDelta = new(int64)
	state := order.Replay(given...)
	_, err := decide(&state, cmd)
	v, ok := errors.AsType[*rule.Violation](err)
	if !ok || v.Kind() != rule.StateConflict || len(v.Details) != 1 {
		t.Fatalf("Decide: %v; want a conflict with one detail", err)
	}
	meta := v.Details[0].Meta
	if meta["expected_delta"] != int64(0) || meta["amount_delta"] != int64(9707) || meta["totals_after"] != editCommitted().TotalsAfter {
		t.Errorf("meta %+v; want 0 expected, 9707 computed, and the totals", meta)
	}
}
