package metrics

import (
	"math"
	"testing"
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

func TestQuotient(t *testing.T) {
	t.Parallel()

	tests := []struct{ part, factor, whole, want int64 }{
		{7, 1, 2, 4},
		{-7, 1, 2, -4},
		{-5, 1, 4, -1},
		{5, 1, 4, 1},
		{1, 1, 0, 0},
		{0, 1, 3, 0},
		{1, 1_000_000, 3, 333_333},
		{2, 1_000_000, 3, 666_667},
		{math.MaxInt64, 1_000_000, math.MaxInt64, 1_000_000},
	}
	for _, tt := range tests {
		if got := quotient(money.TotalOf(tt.part), tt.factor, money.TotalOf(tt.whole)); got != money.TotalOf(tt.want) {
			t.Errorf("quotient(%d, %d, %d) = %s; want %d", tt.part, tt.factor, tt.whole, got, tt.want)
		}
	}
}

func TestQuarterOf(t *testing.T) {
	t.Parallel()

	for _, year := range []int{1969, 1970, 2026} {
		begin := time.Date(year, time.June, 1, 12, 15, 0, 0, time.UTC)
		for _, within := range []time.Duration{0, time.Nanosecond, 14*time.Minute + 59*time.Second} {
			if got := (key{quarter: quarterOf(begin.Add(within))}).start(); !got.Equal(begin) {
				t.Errorf("the quarter of %s begins at %s", begin.Add(within), got)
			}
		}
		if got := (key{quarter: quarterOf(begin.Add(-time.Nanosecond))}).start(); !got.Equal(begin.Add(-15 * time.Minute)) {
			t.Errorf("the quarter before %s begins at %s", begin, got)
		}
	}
}

// A sum of what fits does not overflow, however often it is added.
func TestFigures_beyond64Bits(t *testing.T) {
	t.Parallel()

	var f figures
	for range 3 {
		if err := f.count(order.PaymentUpdated{CapturedChange: math.MaxInt64}); err != nil {
			t.Fatal(err)
		}
	}
	if f[captured].String() != "27670116110564327421" {
		t.Errorf("captured %s; want three times 2^63-1", f[captured])
	}
}

// Gross sales and discounts are rounded as the order rounds, and what gives no discount is none: a price of 3 with 20 %
// inside and a code that comes to nothing is 3 gross.
func TestFigures_roundAsTheOrder(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		mode              money.Rounding
		discount, tax     int64
		gross, discounted int64
	}{
		"half even, a discount of nothing": {money.HalfEven, 0, 0, 3, 0},
		"half up, a discount of nothing":   {money.HalfUp, 0, 1, 2, 0},
		"half even, a discount":            {money.HalfEven, 1, 0, 3, 1},
		"half up, a discount":              {money.HalfUp, 1, 0, 2, 0},
	}
	for name, tt := range tests {
		line := order.Line{
			Quantity: 1, UnitPrice: 3, Subtotal: 3, Total: 3 - tt.discount, DiscountAllocations: []order.DiscountAllocation{{DiscountID: "d", Amount: tt.discount}},
			TaxLines: []order.TaxLine{{Code: "vat", Rate: 200_000, Amount: tt.tax, Inclusive: true}},
		}
		rounding := order.RoundingRule{Mode: tt.mode}
		for _, fact := range []order.Event{
			order.Placed{Contents: order.Contents{Lines: []order.Line{line}, Rounding: rounding}},
			order.Imported{Contents: order.Contents{Lines: []order.Line{line}, Rounding: rounding}},
			order.EditCommitted{LinesAdded: []order.Line{line}, Rounding: rounding},
			order.EditCommitted{Rounding: rounding, LineChanges: []order.LineChange{{Added: &order.Addition{
				Quantity: 1, Subtotal: 3, DiscountAllocations: line.DiscountAllocations, TaxLines: line.TaxLines, Total: line.Total,
			}}}},
		} {
			var f figures
			if err := f.count(fact); err != nil {
				t.Fatal(err)
			}
			if f[grossSales] != money.TotalOf(tt.gross) || f[discounts] != money.TotalOf(tt.discounted) {
				t.Errorf("%s, %T: gross %s, discounts %s; want %d, %d", name, fact, f[grossSales], f[discounts], tt.gross, tt.discounted)
			}
		}
	}
}
