package money_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/money"
)

// extreme draws amounts, many of them at the ends of what an int64 holds.
func extreme() *rapid.Generator[int64] {
	return rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64, 5_000_000_000_000_000_000}))
}

// Whatever is added up, a total is the sum that math/big has, in all its forms.
func TestTotal_againstBig(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		var sum money.Total
		want := new(big.Int)
		for _, n := range rapid.SliceOfN(extreme(), 0, 40).Draw(r, "terms") {
			if rapid.Bool().Draw(r, "sub") {
				sum.Sub(n)
				want.Sub(want, big.NewInt(n))
			} else {
				sum.Add(n)
				want.Add(want, big.NewInt(n))
			}
		}
		if sum.Big().Cmp(want) != 0 || sum.String() != want.String() || sum.Neg().Big().Cmp(new(big.Int).Neg(want)) != 0 || sum.Sign() != want.Sign() {
			r.Fatalf("total %s (%s), want %s", sum, sum.Big(), want)
		}
		n, fits := sum.Int64()
		if fits != want.IsInt64() || fits && n != want.Int64() {
			r.Fatalf("Int64 = %d, %v of %s", n, fits, want)
		}
		clamped := want
		if !fits {
			clamped = big.NewInt(math.MaxInt64)
			if want.Sign() < 0 {
				clamped = big.NewInt(math.MinInt64)
			}
		}
		if sum.Clamp() != clamped.Int64() {
			r.Fatalf("Clamp = %d of %s", sum.Clamp(), want)
		}
		text, err := json.Marshal(sum)
		if err != nil || string(text) != want.String() {
			r.Fatalf("JSON = %s, %v; want %s", text, err, want)
		}
		var back, of money.Total
		if err := json.Unmarshal(text, &back); err != nil || back != sum {
			r.Fatalf("back = %s, %v; want %s", back, err, sum)
		}
		if of, err = money.TotalOfBig(want); err != nil || of != sum {
			r.Fatalf("TotalOfBig = %s, %v; want %s", of, err, sum)
		}
	})
}

func TestTotal_bounds(t *testing.T) {
	t.Parallel()

	if n := money.Clamped(math.MaxInt64, 1, -1, math.MaxInt64); n != math.MaxInt64 {
		t.Errorf("Clamped = %d", n)
	}
	if n := money.Clamped(math.MaxInt64, math.MinInt64, math.MaxInt64, 2); n != math.MaxInt64 {
		t.Errorf("a sum that fits although a part of it does not is %d", n)
	}
	if _, err := money.TotalOfBig(new(big.Int).Lsh(big.NewInt(1), 127)); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("TotalOfBig(2^127) = %v; want ErrOverflow", err)
	}
	var n money.Total
	for _, wrong := range []any{"", "1.5", "x", "0x10", 1.5, nil} {
		if err := n.Scan(wrong); err == nil {
			t.Errorf("Scan(%v) gives %s", wrong, n)
		}
	}
}
