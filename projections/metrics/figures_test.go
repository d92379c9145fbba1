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
