package money

import (
	"math/bits"
	"slices"
)

// Allocate splits total over weights by largest remainder: everyone gets the whole part of total × weight ÷ Σ weights,
// and the units that are left go one each to the largest remainders, ties to the earlier position. The parts always
// sum to total. A negative total is split like the positive one, with the signs turned. If all weights are zero they
// count as equal.
//
// It returns nil for no weights, and panics if a weight is negative: weights are computed, not entered.
func Allocate(total int64, weights []int64) []int64 {
	if len(weights) == 0 {
		return nil
	}
	parts := make([]int64, len(weights))
	amount := magnitude(total)
	sum, equal := weightSum(weights)
	left := amount
	remainders := make([]remainder, len(weights))
	for i, w := range weights {
		weight := uint64(w)
		if equal {
			weight = 1
		}
		hi, lo := bits.Mul64(amount, weight)
		quotient, rest := sum.divide(hi, lo)
		left -= quotient
		parts[i] = int64(quotient) // at most amount; the one value beyond int64 is its own two's complement
		remainders[i] = remainder{rest: rest, position: i}
	}
	if left > 0 {
		slices.SortFunc(remainders, remainder.compare)
		for _, r := range remainders[:left] {
			parts[r.position]++
		}
	}
	if total < 0 {
		for i := range parts {
			parts[i] = -parts[i]
		}
	}
	return parts
}

// Share returns what units from+1 to from+n of a quantity carry of an amount that belongs to all of them. Every unit
// carries the whole part of amount ÷ quantity and the first units one more each until the rest is used up, so any
// sequence of shares that covers each unit once sums to the amount. It panics unless 0 ≤ from, 0 ≤ n and
// 0 < quantity ≥ from+n.
func Share(amount, quantity, from, n int64) int64 {
	if quantity <= 0 || from < 0 || n < 0 || from > quantity-n {
		panic("money: share outside of the quantity")
	}
	each, rest := amount/quantity, amount%quantity
	return each*n + carried(rest, from+n) - carried(rest, from)
}

// carried returns how much of the rest the first k units carry.
func carried(rest, k int64) int64 {
	if rest < 0 {
		return max(rest, -k)
	}
	return min(rest, k)
}

// wide is a sum of weights, which may need more than 64 bits.
type wide struct{ hi, lo uint64 }

// weightSum returns the sum of the weights, or their number and true if all are zero.
func weightSum(weights []int64) (wide, bool) {
	var sum wide
	for _, w := range weights {
		if w < 0 {
			panic("money: negative weight")
		}
		var carry uint64
		sum.lo, carry = bits.Add64(sum.lo, uint64(w), 0)
		sum.hi += carry
	}
	if sum == (wide{}) {
		return wide{lo: uint64(len(weights))}, true
	}
	return sum, false
}

// divide returns (hi, lo) ÷ w and the rest. The quotient fits since hi, lo is an amount times a weight that is part
// of w.
func (w wide) divide(hi, lo uint64) (uint64, wide) {
	if w.hi == 0 {
		quotient, rest := bits.Div64(hi, lo, w.lo)
		return quotient, wide{lo: rest}
	}
	// The divisor has 65 bits or more, so one step of long division on its leading 64 bits is at most two too large.
	shift := uint(bits.LeadingZeros64(w.hi))
	divisor := w.hi<<shift | shiftedIn(w.lo, shift)
	quotient, _ := bits.Div64(hi>>1, hi<<63|lo>>1, divisor)
	quotient >>= 63 - shift
	if quotient > 0 {
		quotient--
	}
	for {
		productHi, productLo := bits.Mul64(quotient, w.lo)
		productHi += quotient * w.hi
		restLo, borrow := bits.Sub64(lo, productLo, 0)
		restHi, _ := bits.Sub64(hi, productHi, borrow)
		rest := wide{restHi, restLo}
		if rest.less(w) {
			return quotient, rest
		}
		quotient++
	}
}

// shiftedIn returns the bits of lo that enter a word shifted left by shift.
func shiftedIn(lo uint64, shift uint) uint64 { return lo >> (64 - shift) }

func (w wide) less(v wide) bool { return w.hi < v.hi || w.hi == v.hi && w.lo < v.lo }

// remainder is what the division left at one position.
type remainder struct {
	rest     wide
	position int
}

// compare orders larger remainders first and equal ones by position.
func (r remainder) compare(other remainder) int {
	switch {
	case other.rest.less(r.rest):
		return -1
	case r.rest.less(other.rest):
		return 1
	default:
		return r.position - other.position
	}
}
