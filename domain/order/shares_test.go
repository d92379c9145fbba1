package order

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/money"
)

func TestLineState_shares(t *testing.T) {
	t.Parallel()

	line := LineState{Line: Line{
		Quantity: 3, UnitPrice: 100, Subtotal: 300, Total: 310,
		DiscountAllocations: []DiscountAllocation{{DiscountID: "d", Amount: 10}}, TaxLines: []TaxLine{{Amount: 20}, {Amount: 7, Inclusive: true}},
	}}
	line.Counters.Ordered = 3
	for i, want := range [][2]int64{{95, 9}, {94, 9}, {94, 9}} {
		if net, tax := line.shareFromStart(int64(i), 1); net != want[0] || tax != want[1] {
			t.Errorf("unit %d costs %d + %d; want %v", i, net, tax, want)
		}
	}
	if net, tax := line.shareFromEnd(2); net != 188 || tax != 18 {
		t.Errorf("the last two cost %d + %d; want 188 + 18", net, tax)
	}
	line.shrink(1)
	line.grow(&Addition{Quantity: 2, Subtotal: 200, Total: 201, TaxLines: []TaxLine{{Amount: 1}}})
	if net, tax := line.shareFromStart(1, 2); net != 94+100 || tax != 9+1 {
		t.Errorf("the last unit as placed and the first added one cost %d + %d; want 194 + 10", net, tax)
	}
	if got := line.LiveTotal(); got != 104+103+201 {
		t.Errorf("the line costs %d; want 408", got)
	}
	line.shrink(3)
	if got := line.LiveTotal(); got != 104 || line.Batches[0].Live != 1 || line.Batches[1].Live != 0 {
		t.Errorf("the line costs %d in %+v; want 104", got, line.Batches)
	}
}

// Whatever is added and taken away, in whatever steps, the shares of all units add up to the line, and no unit's share
// ever changes.
func TestLineState_sharesAddUp(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		line := LineState{}
		line.UnitPrice = rapid.Int64Range(0, 500).Draw(t, "price")
		first := additionOf(t, line.UnitPrice)
		line.Quantity, line.Subtotal, line.Total = first.Quantity, first.Subtotal, first.Total
		line.DiscountAllocations, line.TaxLines = first.DiscountAllocations, first.TaxLines
		line.Counters.Ordered = first.Quantity
		charged := line.Total
		var prefix []int64 // what each unit costs
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			live := line.Counters.Live()
			if n := rapid.Int64Range(0, live).Draw(t, "cancel"); n > 0 && rapid.Bool().Draw(t, "less") {
				net, tax := line.shareFromEnd(n)
				charged -= net + tax
				line.shrink(n)
			} else {
				more := additionOf(t, line.UnitPrice)
				charged += more.Total
				line.grow(&more)
			}
			live = line.Counters.Live()
			prefix = prefix[:min(int64(len(prefix)), live)]
			for i := range live {
				net, tax := line.shareFromStart(i, 1)
				if i < int64(len(prefix)) && prefix[i] != net+tax {
					t.Fatalf("unit %d cost %d and costs %d now", i, prefix[i], net+tax)
				}
				if i >= int64(len(prefix)) {
					prefix = append(prefix, net+tax)
				}
				if net < 0 || tax < 0 {
					t.Fatalf("unit %d costs %d + %d", i, net, tax)
				}
			}
		}
		if got := line.LiveTotal(); got != charged {
			t.Fatalf("the line costs %d; want %d: %+v", got, charged, line)
		}
		var sum, at int64
		for at < line.Counters.Live() {
			n := rapid.Int64Range(1, line.Counters.Live()-at).Draw(t, "part")
			net, tax := line.shareFromStart(at, n)
			sum, at = sum+net+tax, at+n
		}
		if sum != charged {
			t.Fatalf("parts add up to %d; want %d", sum, charged)
		}
	})
}

// additionOf draws units with a discount and two taxes that fit.
func additionOf(t *rapid.T, price int64) Addition {
	a := Addition{Quantity: rapid.Int64Range(1, 9).Draw(t, "quantity")}
	a.Subtotal = a.Quantity * price
	off := rapid.Int64Range(0, a.Subtotal).Draw(t, "off")
	a.DiscountAllocations = []DiscountAllocation{{DiscountID: "d", Amount: off}}
	inside, err := money.IncludedTax(a.Subtotal-off, rapid.Int64Range(0, 300_000).Draw(t, "rate"), money.HalfUp)
	if err != nil {
		t.Fatal(err)
	}
	onTop := rapid.Int64Range(0, 99).Draw(t, "tax")
	a.TaxLines = []TaxLine{{Code: "a", Amount: inside, Inclusive: true}, {Code: "b", Amount: onTop}}
	a.Total = a.Subtotal - off + onTop
	return a
}

// Nobody is charged for units that a line does not have, whatever was stored.
func TestLineState_sharesOutside(t *testing.T) {
	t.Parallel()

	line := LineState{Line: Line{Quantity: 2, Total: 10}}
	line.Counters.Ordered = 2
	for _, span := range [][2]int64{{2, 1}, {-1, 1}, {0, 0}, {0, -1}, {5, 3}} {
		if net, tax := line.shareFromStart(span[0], span[1]); net != 0 || tax != 0 {
			t.Errorf("units %v cost %d + %d; want nothing", span, net, tax)
		}
	}
	if net, _ := line.shareFromStart(1, 9); net != 5 {
		t.Errorf("the last unit and more cost %d; want 5", net)
	}
}
