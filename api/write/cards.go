package write

import "github.com/ordermill/ordermill/api/httpx"

// Payment card numbers have 13 to 19 digits; the issuers' ranges begin with 2 to 6.
const (
	minCardDigits = 13
	maxCardDigits = 19
)

// refuseCardNumber refuses free text that holds a payment card's number, which must never be stored.
func refuseCardNumber(text, pointer string) error {
	if !holdsCardNumber(text) {
		return nil
	}
	const detail = "there is a payment card's number in it; leave it out"
	return &httpx.Error{
		Code: httpx.CodeSensitiveData, Detail: pointer + ": " + detail,
		Faults: []httpx.Fault{{Pointer: pointer, Code: httpx.CodeSensitiveData, Detail: detail}},
	}
}

// holdsCardNumber looks for runs of digits, which single spaces, dots or dashes may divide, that have a card number's
// length, an issuer's first digit and a correct check digit (Luhn).
func holdsCardNumber(text string) bool {
	digits := make([]byte, 0, maxCardDigits+1)
	divided := false
	for i := 0; i <= len(text); i++ {
		switch {
		case i < len(text) && text[i] >= '0' && text[i] <= '9':
			digits = append(digits, text[i]-'0')
			divided = false
		case i < len(text) && (text[i] == ' ' || text[i] == '-' || text[i] == '.') && len(digits) > 0 && !divided:
			divided = true
		default:
			if isCardNumber(digits) {
				return true
			}
			digits, divided = digits[:0], false
		}
	}
	return false
}

func isCardNumber(digits []byte) bool {
	n := len(digits)
	if n < minCardDigits || n > maxCardDigits || digits[0] < 2 || digits[0] > 6 {
		return false
	}
	sum := 0
	for i, d := range digits {
		v := int(d)
		if (n-i)%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}
