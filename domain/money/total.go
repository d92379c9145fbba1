package money

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// Total is a sum of any number of amounts or units: 128 bits, of which adding up 2^64 of the largest ones would not use
// up all, so that it cannot overflow. It is a JSON integer. The zero value is 0; totals compare with ==.
type Total struct {
	hi int64
	lo uint64
}

// TotalOf returns n as a total.
func TotalOf(n int64) Total { return Total{n >> 63, uint64(n)} } //nolint:gosec // two's complement

// Add adds n.
func (t *Total) Add(n int64) { t.AddTotal(TotalOf(n)) }

// Sub takes n off.
func (t *Total) Sub(n int64) { t.AddTotal(TotalOf(n).Neg()) }

// AddTotal adds another total.
func (t *Total) AddTotal(more Total) {
	var carry uint64
	t.lo, carry = bits.Add64(t.lo, more.lo, 0)
	t.hi += more.hi + int64(carry) //nolint:gosec // 0 or 1
}

// Neg returns -t.
func (t Total) Neg() Total {
	lo, borrow := bits.Sub64(0, t.lo, 0)
	return Total{-t.hi - int64(borrow), lo} //nolint:gosec // 0 or 1
}

// Minus returns t less all of others.
func (t Total) Minus(others ...Total) Total {
	for _, o := range others {
		t.AddTotal(o.Neg())
	}
	return t
}

// Sign returns -1, 0 or 1 as t is below, at or above 0.
func (t Total) Sign() int {
	switch {
	case t.hi < 0:
		return -1
	case t.IsZero():
		return 0
	default:
		return 1
	}
}

// IsZero reports whether t is 0.
func (t Total) IsZero() bool { return t == Total{} }

// Int64 returns t, and whether it fits.
func (t Total) Int64() (int64, bool) {
	n := int64(t.lo) //nolint:gosec // checked here
	return n, t.hi == n>>63
}

// Clamp returns t, or the int64 that is nearest to it.
func (t Total) Clamp() int64 {
	switch n, ok := t.Int64(); {
	case ok:
		return n
	case t.hi < 0:
		return math.MinInt64
	default:
		return math.MaxInt64
	}
}

// Clamped returns the sum of terms, or the int64 that is nearest to it: it never wraps around. Sums of one order use it,
// which commands keep far below that; a log may hold more.
func Clamped(terms ...int64) int64 {
	var t Total
	for _, n := range terms {
		t.Add(n)
	}
	return t.Clamp()
}

// Big returns t as a big integer.
func (t Total) Big() *big.Int {
	n := new(big.Int).SetInt64(t.hi)
	return n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(t.lo))
}

// TotalOfBig returns n as a total. It fails with ErrOverflow.
func TotalOfBig(n *big.Int) (Total, error) {
	if n.BitLen() > 127 { // the least of all totals is none that adding up could make
		return Total{}, ErrOverflow
	}
	magnitude := new(big.Int).Abs(n)
	t := Total{int64(new(big.Int).Rsh(magnitude, 64).Uint64()), new(big.Int).And(magnitude, lowBits).Uint64()} //nolint:gosec // below 2^63
	if n.Sign() < 0 {
		return t.Neg(), nil
	}
	return t, nil
}

var lowBits = new(big.Int).SetUint64(math.MaxUint64)

// AppendText implements encoding.TextAppender: decimal digits, perhaps behind a minus.
func (t Total) AppendText(b []byte) ([]byte, error) {
	if n, ok := t.Int64(); ok {
		return strconv.AppendInt(b, n, 10), nil
	}
	return t.Big().Append(b, 10), nil
}

// String returns what AppendText writes.
func (t Total) String() string {
	b, _ := t.AppendText(nil) // it never fails
	return string(b)
}

// MarshalJSON implements json.Marshaler.
func (t Total) MarshalJSON() ([]byte, error) { return t.AppendText(nil) }

// UnmarshalJSON implements json.Unmarshaler.
func (t *Total) UnmarshalJSON(text []byte) error { return t.Scan(string(text)) }

// Scan implements sql.Scanner for what a database says of a numeric or an integer.
func (t *Total) Scan(value any) error {
	switch v := value.(type) {
	case int64:
		*t = TotalOf(v)
		return nil
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			*t = TotalOf(n)
			return nil
		}
		n, ok := new(big.Int).SetString(v, 10)
		if !ok {
			return fmt.Errorf("money: %q is no whole number", v)
		}
		var err error
		*t, err = TotalOfBig(n)
		return err
	}
	return fmt.Errorf("money: %T is no whole number", value)
}
