package money

import (
	"errors"
	"fmt"
	"strconv"
)

var (
	// ErrSyntax means that a text is not an optional minus, digits, and optionally a point and digits.
	ErrSyntax = errors.New("money: not a decimal number")
	// ErrFraction means that a text is finer than the currency's smallest unit.
	ErrFraction = errors.New("money: fraction of a minor unit")
)

// Parse reads a decimal number such as "12.34" or "-3" as an amount of a currency. Trailing zeros may be finer than
// the currency's smallest unit; any other digit there is ErrFraction, as nothing is ever rounded on the way in. Other
// errors are ErrSyntax, ErrOverflow and ErrUnknownCurrency.
func Parse(text, code string) (Amount, error) {
	exponent, err := Exponent(code)
	if err != nil {
		return Amount{}, err
	}
	minor, err := ParseMinor(text, exponent)
	if err != nil {
		return Amount{}, fmt.Errorf("%w: %q in %s, which has %d decimals", err, text, code, exponent)
	}
	return Amount{Minor: minor, Currency: code}, nil
}

// ParseMinor reads a decimal number as a count of 10^-exponent, exactly as Parse does, without allocating. It fails
// with ErrSyntax, ErrFraction or ErrOverflow; a text with several faults reports them in that order.
func ParseMinor[T ~string | ~[]byte](text T, exponent int) (int64, error) {
	i, negative := 0, false
	if len(text) > 0 && text[0] == '-' {
		i, negative = 1, true
	}
	var (
		m        uint64
		overflow bool
		finer    bool
		start    = i
		decimals = -1 // digits after the point; -1 before it
	)
	for ; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '.' && decimals < 0 && i > start:
			decimals = 0
			continue
		case c < '0' || c > '9':
			return 0, ErrSyntax
		}
		if decimals >= 0 {
			if decimals == exponent {
				finer = finer || c != '0'
				continue
			}
			decimals++
		}
		m, overflow = timesTenPlus(m, uint64(c-'0'), overflow)
	}
	if i == start || text[i-1] == '.' {
		return 0, ErrSyntax
	}
	if finer {
		return 0, ErrFraction
	}
	for n := max(decimals, 0); n < exponent; n++ {
		m, overflow = timesTenPlus(m, 0, overflow)
	}
	if overflow {
		return 0, ErrOverflow
	}
	return signed(m, negative)
}

// timesTenPlus returns 10m + digit and whether this or an earlier step left the range of int64.
func timesTenPlus(m, digit uint64, overflow bool) (uint64, bool) {
	const limit = 1 << 63
	if overflow || m > limit/10 {
		return 0, true
	}
	m = 10*m + digit
	return m, m > limit
}

// Format writes minor units of a currency as a decimal number that Parse reads back: 1050 EUR is "10.50". An unknown
// currency is written without decimals.
func Format(minor int64, code string) string {
	exponent, err := Exponent(code)
	if err != nil {
		exponent = 0
	}
	return string(AppendDecimal(nil, minor, exponent))
}

// String returns the amount with its currency, such as "10.50 EUR".
func (a Amount) String() string { return Format(a.Minor, a.Currency) + " " + a.Currency }

// AppendDecimal appends minor × 10^-exponent to dst with exactly that many decimals.
func AppendDecimal(dst []byte, minor int64, exponent int) []byte {
	if minor < 0 {
		dst = append(dst, '-')
	}
	var buffer [20]byte
	digits := strconv.AppendUint(buffer[:0], magnitude(minor), 10)
	if exponent == 0 {
		return append(dst, digits...)
	}
	whole := len(digits) - exponent
	if whole <= 0 {
		dst = append(dst, '0', '.')
		for ; whole < 0; whole++ {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[:whole]...)
	dst = append(dst, '.')
	return append(dst, digits[whole:]...)
}
