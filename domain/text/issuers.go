package text

import "unicode"

// issuer is a range of card numbers by their first four digits, with the lengths that they have.
type issuer struct {
	first, last int
	lengths     uint32 // bit n: n digits
}

// Sets of lengths.
const (
	only15 = 1 << 15
	only16 = 1 << 16
	from16 = 1<<16 | 1<<17 | 1<<18 | 1<<19
	from14 = 1<<14 | 1<<15 | from16
	from13 = 1<<13 | from14
	ofVisa = 1<<13 | 1<<16 | 1<<19
)

// issuers are the ranges of the payment networks; the first that fits counts. A literal, never changed.
var issuers = [...]issuer{
	{2200, 2205, from16}, // Mir
	{2221, 2720, only16}, // Mastercard
	{3000, 3059, from14}, // Diners Club
	{3095, 3095, from14},
	{3400, 3499, only15}, // American Express
	{3528, 3589, from16}, // JCB
	{3600, 3699, from14}, // Diners Club
	{3700, 3799, only15}, // American Express
	{3800, 3999, from14}, // Diners Club
	{4000, 4999, ofVisa},
	{5018, 5018, from13}, // Maestro
	{5020, 5020, from13},
	{5038, 5038, from13},
	{5000, 5099, from16}, // Verve, RuPay, Elo, Dankort
	{5100, 5599, only16}, // Mastercard
	{5893, 5893, from13}, // Maestro
	{5600, 5899, from16},
	{6304, 6304, from13},
	{6759, 6759, from13},
	{6761, 6763, from13},
	{6000, 6999, from16}, // Discover, UnionPay, Maestro, RuPay
	{8100, 8299, from16}, // UnionPay, RuPay
	{8600, 8600, only16}, // Uzcard
	{9792, 9792, only16}, // Troy
	{9860, 9860, only16}, // Humo
}

// lengthsOf returns the lengths that a card's number which begins so may have.
func lengthsOf(digits []byte) uint32 {
	first := 0
	for _, d := range digits[:4] {
		first = first*10 + int(d&value)
	}
	for i := range issuers {
		if first >= issuers[i].first && first <= issuers[i].last {
			return issuers[i].lengths
		}
	}
	return 0
}

// digitSigns are characters that show a digit and are no decimal digits to Unicode: the first of each row of them, the last,
// and the digit that the first one shows.
var digitSigns = [...]struct {
	first, last rune
	digit       byte
}{
	{'²', '³', 2},
	{'¹', '¹', 1},
	{'⁰', '⁰', 0},
	{'⁴', '⁹', 4},
	{'₀', '₉', 0},
	{'①', '⑨', 1},
	{'⑴', '⑼', 1},
	{'⒈', '⒐', 1},
	{'⓪', '⓪', 0},
	{'⓵', '⓽', 1},
	{'⓿', '⓿', 0},
	{'❶', '❾', 1},
	{'➀', '➈', 1},
	{'➊', '➒', 1},
	{'🄀', '🄀', 0},
	{'🄁', '🄊', 0},
}

// digitOf returns the digit that r shows, in whatever script.
func digitOf(r rune) (byte, bool) {
	if r < 0x80 {
		return byte(r - '0'), r >= '0' && r <= '9' //nolint:gosec // ASCII
	}
	if !unicode.In(r, unicode.Nd, unicode.No) {
		return 0, false
	}
	for i := range digitSigns {
		if s := &digitSigns[i]; r >= s.first && r <= s.last {
			return s.digit + byte(r-s.first), true //nolint:gosec // below ten
		}
	}
	for _, t := range unicode.Nd.R16 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10), true //nolint:gosec // below ten; each script's digits are a row from zero to nine
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) { //nolint:gosec // a character
			return byte((r - rune(t.Lo)) % 10), true //nolint:gosec // as above
		}
	}
	return 0, false
}
