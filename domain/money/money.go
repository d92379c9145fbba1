// Package money does exact arithmetic on sums of money.
//
// Amounts are 64-bit counts of a currency's smallest unit as ISO 4217 defines it: 1050 is EUR 10.50, JPY 1050 and
// KWD 1.050. Nothing here uses floating point, and nothing wraps around: what does not fit is an error.
package money

import (
	"errors"
	"fmt"
	"math/bits"
)

var (
	// ErrOverflow means that a result needs more than 64 bits.
	ErrOverflow = errors.New("money: amount out of range")
	// ErrCurrencyMismatch means that two amounts of different currencies were to be combined.
	ErrCurrencyMismatch = errors.New("money: currencies differ")
	// ErrUnknownCurrency means that a code is not an ISO 4217 alphabetic code in upper case.
	ErrUnknownCurrency = errors.New("money: unknown currency")
)

// Amount is an exact sum in one currency.
type Amount struct {
	Minor    int64  `json:"amount"`   // smallest units as ISO 4217 counts them
	Currency string `json:"currency"` // ISO 4217 alphabetic code, upper case
}

// New returns an amount of minor units. It fails with ErrUnknownCurrency.
func New(minor int64, code string) (Amount, error) {
	if _, err := Exponent(code); err != nil {
		return Amount{}, err
	}
	return Amount{Minor: minor, Currency: code}, nil
}

// Exponent returns the number of decimals of a currency: 0 for JPY, 2 for EUR, 3 for KWD. It also knows those that were
// withdrawn, since amounts in them were stored. It fails with ErrUnknownCurrency.
func Exponent(code string) (int, error) {
	if exponent, ok := current[code]; ok {
		return exponent, nil
	}
	exponent, ok := withdrawn[code]
	if !ok {
		return 0, fmt.Errorf("%w: %q is not an ISO 4217 code such as EUR", ErrUnknownCurrency, code)
	}
	return exponent, nil
}

// Known reports whether code is an ISO 4217 alphabetic code of today, in upper case, that amounts can be counted in.
func Known(code string) bool {
	_, ok := current[code]
	return ok
}

// Readable reports whether amounts can have been stored in the currency: it is known, or was withdrawn.
func Readable(code string) bool {
	_, err := Exponent(code)
	return err == nil
}

// Add returns a + b. It fails with ErrCurrencyMismatch or ErrOverflow.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("%w: %s and %s", ErrCurrencyMismatch, a.Currency, b.Currency)
	}
	sum, err := Add(a.Minor, b.Minor)
	return Amount{Minor: sum, Currency: a.Currency}, err
}

// Sub returns a - b. It fails with ErrCurrencyMismatch or ErrOverflow.
func (a Amount) Sub(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("%w: %s and %s", ErrCurrencyMismatch, a.Currency, b.Currency)
	}
	difference, err := Sub(a.Minor, b.Minor)
	return Amount{Minor: difference, Currency: a.Currency}, err
}

// Mul returns a × n. It fails with ErrOverflow.
func (a Amount) Mul(n int64) (Amount, error) {
	product, err := Mul(a.Minor, n)
	return Amount{Minor: product, Currency: a.Currency}, err
}

// MaxSum is the most minor units that an order may come to, and each sum that it is made of: below 2^53, so that it is
// exact in every JSON reader, and so little of an int64 that nothing computed of one order overflows.
const MaxSum = 1_000_000_000_000_000

// ErrTooMuch means that a sum is beyond MaxSum.
var ErrTooMuch = fmt.Errorf("money: more than %d minor units, the most that an order may come to", int64(MaxSum))

// AddWithin returns a + b, or 0 and ErrTooMuch if that is beyond MaxSum on either side of 0.
func AddWithin(a, b int64) (int64, error) {
	sum, err := Add(a, b)
	return within(sum, err)
}

// MulWithin returns a × b, or 0 and ErrTooMuch if that is beyond MaxSum on either side of 0.
func MulWithin(a, b int64) (int64, error) {
	product, err := Mul(a, b)
	return within(product, err)
}

func within(n int64, err error) (int64, error) {
	if err != nil || n > MaxSum || n < -MaxSum {
		return 0, ErrTooMuch
	}
	return n, nil
}

// Add returns a + b, or 0 and ErrOverflow.
func Add(a, b int64) (int64, error) {
	sum := a + b
	if (sum > a) != (b > 0) && b != 0 {
		return 0, ErrOverflow
	}
	return sum, nil
}

// Sub returns a - b, or 0 and ErrOverflow.
func Sub(a, b int64) (int64, error) {
	difference := a - b
	if (difference < a) != (b > 0) && b != 0 {
		return 0, ErrOverflow
	}
	return difference, nil
}

// Mul returns a × b, or 0 and ErrOverflow.
func Mul(a, b int64) (int64, error) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 {
		return 0, ErrOverflow
	}
	return signed(lo, (a < 0) != (b < 0))
}

// Sum returns the sum of all terms, or 0 and ErrOverflow if it or a partial sum does not fit.
func Sum(terms ...int64) (int64, error) {
	var sum int64
	for _, term := range terms {
		var err error
		if sum, err = Add(sum, term); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// magnitude returns |n|, which for the least int64 only an unsigned number can hold.
func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// signed is the inverse of magnitude.
func signed(m uint64, negative bool) (int64, error) {
	switch {
	case negative && m <= 1<<63:
		return int64(-m), nil
	case !negative && m < 1<<63:
		return int64(m), nil
	default:
		return 0, ErrOverflow
	}
}
