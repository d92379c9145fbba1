package money_test

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/money"
)

func TestAllocate(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		total   int64
		weights []int64
		want    []int64
	}{
		"ties go to the first":            {100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		"largest remainder first":         {10, []int64{6, 3, 2}, []int64{5, 3, 2}},
		"nothing to give":                 {0, []int64{3, 4}, []int64{0, 0}},
		"a weight of zero gets nothing":   {5, []int64{0, 1, 0}, []int64{0, 5, 0}},
		"all weights zero count as equal": {5, []int64{0, 0, 0}, []int64{2, 2, 1}},
		"negative":                        {-100, []int64{1, 1, 1}, []int64{-34, -33, -33}},
		"no weights":                      {100, nil, nil},
		"weights beyond 64 bits":          {3, []int64{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64}, []int64{1, 1, 1, 0}},
		"the least amount":                {math.MinInt64, []int64{1}, []int64{math.MinInt64}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got := money.Allocate(tt.total, tt.weights); !slices.Equal(got, tt.want) {
				t.Errorf("Allocate(%d, %v) = %v; want %v", tt.total, tt.weights, got, tt.want)
			}
		})
	}
}

// Allocate agrees with a plain largest-remainder count in arbitrary precision.
func TestAllocate_againstBig(t *testing.T) {
	t.Parallel()

	weight := rapid.OneOf(rapid.Int64Range(0, 10), rapid.Int64Range(0, math.MaxInt64))
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.OneOf(rapid.Int64Range(-1000, 1000), rapid.Int64()).Draw(t, "total")
		weights := rapid.SliceOfN(weight, 1, 12).Draw(t, "weights")
		got, want := money.Allocate(total, weights), byTheBook(total, weights)
		if !slices.Equal(got, want) {
			t.Fatalf("Allocate(%d, %v) = %v; want %v", total, weights, got, want)
		}
	})
}

func byTheBook(total int64, weights []int64) []int64 {
	amount, sum := new(big.Int).Abs(big.NewInt(total)), new(big.Int)
	for _, w := range weights {
		sum.Add(sum, big.NewInt(w))
	}
	if sum.Sign() == 0 {
		weights = slices.Repeat([]int64{1}, len(weights))
		sum.SetInt64(int64(len(weights)))
	}
	parts, rests, order := make([]*big.Int, len(weights)), make([]*big.Int, len(weights)), make([]int, len(weights))
	left := new(big.Int).Set(amount)
	for i, w := range weights {
		product := new(big.Int).Mul(amount, big.NewInt(w))
		parts[i], rests[i] = product.QuoRem(product, sum, new(big.Int))
		left.Sub(left, parts[i])
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return rests[b].Cmp(rests[a]) })
	for _, i := range order[:left.Int64()] {
		parts[i].Add(parts[i], big.NewInt(1))
	}
	out := make([]int64, len(parts))
	for i, part := range parts {
		if total < 0 {
			part.Neg(part)
		}
		out[i] = part.Int64()
	}
	return out
}

// Shares of consecutive units add up to the whole, whatever the steps, and the first units carry the extra.
func TestShare_sumsUp(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.OneOf(rapid.Int64Range(-500, 500), rapid.Int64()).Draw(t, "amount")
		quantity := rapid.Int64Range(1, 1_000_000).Draw(t, "quantity")
		sum, from, last := new(big.Int), int64(0), int64(0)
		for from < quantity {
			n := rapid.Int64Range(1, quantity-from).Draw(t, "n")
			part := money.Share(amount, quantity, from, n)
			sum.Add(sum, big.NewInt(part))
			first := money.Share(amount, quantity, from, 1)
			if first < 0 {
				first = -first
			}
			if from > 0 && first > last {
				t.Fatalf("unit %d carries %d, more than an earlier one with %d", from, first, last)
			}
			last, from = first, from+n
		}
		if sum.Cmp(big.NewInt(amount)) != 0 {
			t.Fatalf("the shares of %d add up to %s", amount, sum)
		}
	})
}

func TestShare_outside(t *testing.T) {
	t.Parallel()

	for _, args := range [][3]int64{{0, 0, 0}, {5, 3, 3}, {5, -1, 1}, {5, 0, -1}, {math.MaxInt64, math.MaxInt64, 1}} {
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			t.Parallel()

			defer func() {
				if recover() == nil {
					t.Errorf("Share(10, %d, %d, %d) returns; want a panic", args[0], args[1], args[2])
				}
			}()
			money.Share(10, args[0], args[1], args[2])
		})
	}
}

func ExampleAllocate() {
	fmt.Println(money.Allocate(1000, []int64{1299, 499, 499}))
	// Output: [566 217 217]
}
