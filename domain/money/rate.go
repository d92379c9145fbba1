package money

import (
	"fmt"
	"math/bits"
)

// Million is the rate of one hundred percent: rates are parts per million, so 200000 is 20 %.
const Million = 1_000_000

// Rounding says where exact halves go. Its text form is stored on orders.
type Rounding string

const (
	// HalfUp rounds halves away from zero. The empty Rounding means the same.
	HalfUp Rounding = "half_up"
	// HalfEven rounds halves to the even neighbour.
	HalfEven Rounding = "half_even"
)

// Known reports whether r is one of the modes above or empty.
func (r Rounding) Known() bool { return r == "" || r == HalfUp || r == HalfEven }

// ApplyRate returns amount × rate, for a rate in parts per million, rounded to whole minor units. It is the tax on a
// price that does not contain it. It fails with ErrOverflow, and on a negative rate.
func ApplyRate(amount, rate int64, mode Rounding) (int64, error) {
	return mulDiv(amount, rate, Million, mode)
}

// IncludedTax returns the tax that an amount contains at a rate in parts per million: amount × rate ÷ (1 + rate),
// rounded to whole minor units. It fails with ErrOverflow, and on a negative rate.
func IncludedTax(amount, rate int64, mode Rounding) (int64, error) {
	whole, err := Add(Million, rate)
	if err != nil {
		return 0, err
	}
	return mulDiv(amount, rate, whole, mode)
}

// mulDiv returns amount × factor ÷ divisor, computed in 128 bits and rounded once.
func mulDiv(amount, factor, divisor int64, mode Rounding) (int64, error) {
	if factor < 0 {
		return 0, fmt.Errorf("money: negative rate %d", factor)
	}
	d := uint64(divisor)
	hi, lo := bits.Mul64(magnitude(amount), uint64(factor))
	if hi >= d {
		return 0, ErrOverflow
	}
	quotient, rest := bits.Div64(hi, lo, d)
	up := rest > d-rest
	if rest == d-rest {
		up = mode != HalfEven || quotient%2 == 1
	}
	if up {
		if quotient++; quotient == 0 {
			return 0, ErrOverflow
		}
	}
	return signed(quotient, amount < 0)
}
