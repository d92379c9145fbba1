package text

import (
	"unicode"
	"unicode/utf8"
)

// Numbers of payment cards have 13 to 19 digits.
const (
	minCard = 13
	maxCard = 19
)

// longestPhone is how many digits a telephone number has at most after its '+' (ITU-T E.164).
const longestPhone = 15

// What a run knows of a digit beside its value.
const (
	value  = 0x0f
	begins = 0x10 // nothing but a digit stands before it
	called = 0x20 // a '+' stands before it
)

// HoldsCardNumber reports whether the number of a payment card stands anywhere in s: digits of any script with anything
// but letters between them, in an issuer's range, of a length that the issuer gives out, with the right check digit.
// What stands before and behind, such as a date of expiry, makes no difference.
//
// One in ten numbers of such a range and length has the right check digit by chance. So what proves to be something else
// is let through: telephone numbers with their '+', IBANs, and EANs of goods. And a piece out of the middle of a longer
// number counts only if it has the length that nearly all cards have.
func HoldsCardNumber(s string) bool {
	if len(s) < minCard {
		return false
	}
	var buffer [64]byte
	run, head := buffer[:0], 0 // digits since the last letter, and where the first of them stands
	apart := true              // whether something stands between the next digit and the one before it
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if len(run) == 0 && r < utf8.RuneSelf && (r < '0' || r > '9') {
			apart = true
			i++
			continue
		}
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		if digit, ok := digitOf(r); ok {
			if len(run) == 0 {
				head = i
			}
			if apart {
				digit |= begins
			}
			if apart && i > 0 && s[i-1] == '+' {
				digit |= called
			}
			run, apart = append(run, digit), false
		} else {
			apart = true
			if len(run) > 0 && unicode.IsLetter(r) {
				if holdsCard(run, s[:head]) {
					return true
				}
				run = run[:0]
			}
		}
		i += size
	}
	return holdsCard(run, s[:head])
}

// holdsCard looks at every window of a run of digits. before is what stands before the run.
func holdsCard(run []byte, before string) bool {
	if len(run) < minCard {
		return false
	}
	for i := ibanLength(run, before); i+minCard <= len(run); i++ {
		lengths := lengthsOf(run[i:])
		for n := minCard; lengths != 0 && n <= min(maxCard, len(run)-i); n++ {
			if lengths&(1<<n) == 0 || !luhn(run[i:i+n]) {
				continue
			}
			whole := run[i]&begins != 0 && (i+n == len(run) || run[i+n]&begins != 0)
			phone := run[i]&called != 0 && n <= longestPhone
			goods := n == 13 && checksum(run[i:i+n], 1, 3) == 0
			if !phone && !goods && (whole || n == 15 || n == 16) {
				return true
			}
		}
	}
	return false
}

// luhn reports whether the last digit is the right check digit (ISO/IEC 7812-1).
func luhn(digits []byte) bool {
	sum := 0
	for i, d := range digits {
		v := int(d & value)
		if (len(digits)-i)%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// checksum adds the digits with two weights in turn, modulo 10.
func checksum(digits []byte, weights ...int) int {
	sum := 0
	for i, d := range digits {
		sum += int(d&value) * weights[i%len(weights)]
	}
	return sum % 10
}

// ibanLength returns how many of a run's first digits belong to an IBAN (ISO 13616), whose country stands before them in
// two capitals; 0 if there is none. Those with letters further on are no run of digits.
func ibanLength(run []byte, before string) int {
	const least, most = 13, 30 // digits of an IBAN
	if len(before) < 2 {
		return 0
	}
	country := before[len(before)-2:]
	if !capital(country[0]) || !capital(country[1]) {
		return 0
	}
	account := 0 // modulo 97 of what follows the two check digits
	for n, d := range run[:min(most, len(run))] {
		if n >= 2 {
			account = (account*10 + int(d&value)) % 97
		}
		if n+1 < least || n+1 < len(run) && run[n+1]&begins == 0 {
			continue
		}
		rest := account
		for _, part := range [...]int{int(country[0]) - 'A' + 10, int(country[1]) - 'A' + 10, int(run[0]&value)*10 + int(run[1]&value)} {
			rest = (rest*100 + part) % 97
		}
		if rest == 1 {
			return n + 1
		}
	}
	return 0
}

func capital(c byte) bool { return c >= 'A' && c <= 'Z' }
