package write

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermill/ordermill/api/httpx"
)

// Payment card numbers have 13 to 19 digits; the issuers' ranges begin with 2 to 6.
const (
	minCardDigits = 13
	maxCardDigits = 19
)

// freeText are the members of a body in which people write what they like. References and numbers of things are none:
// they may well look like a card's number.
var freeText = map[string]bool{
	"body": true, "note": true, "reason": true, "loss_reason": true, "name": true, "company": true, "line1": true, "line2": true, "city": true,
	"region": true, "metadata": true, "tags": true,
}

// refuseCardNumbers refuses a body whose free text holds a payment card's number, which must never be stored.
func refuseCardNumbers(body []byte) error {
	if !bytes.ContainsRune(body, '\\') && !holdsCardNumber(string(body)) {
		return nil // a number can only be hidden by an escape
	}
	if !json.Valid(body) {
		return nil // a table, which has rules of its own
	}
	var parsed any
	if err := json.Unmarshal(body, &parsed); err != nil {
		return err
	}
	faults := cardNumbers(nil, "", parsed, false)
	if len(faults) == 0 {
		return nil
	}
	return &httpx.Error{Code: httpx.CodeSensitiveData, Detail: faults[0].Pointer + ": " + faults[0].Detail, Faults: faults}
}

func cardNumbers(faults []httpx.Fault, at string, value any, free bool) []httpx.Fault {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			faults = cardNumbers(faults, at+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), v[name], free || freeText[name])
		}
	case []any:
		for i := range v {
			faults = cardNumbers(faults, at+"/"+strconv.Itoa(i), v[i], free)
		}
	case string:
		if free && holdsCardNumber(v) {
			faults = append(faults, httpx.Fault{Pointer: at, Code: httpx.CodeSensitiveData, Detail: "there is a payment card's number in it; leave it out"})
		}
	}
	return faults
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
