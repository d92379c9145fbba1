// Package iso holds the codes of countries and of languages.
package iso

import "strings"

// countries are the officially assigned codes of ISO 3166-1 alpha-2, all 249 of them. Codes that users assign among
// themselves, such as XK, and reserved ones, such as UK and EU, are none.
const countries = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY " +
	"BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK " +
	"FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR " +
	"IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK " +
	"ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM " +
	"PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF " +
	"TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"

// assigned has a true for every code.
var assigned = func() (set [26 * 26]bool) {
	for code := range strings.SplitSeq(countries, " ") {
		set[place(code)] = true
	}
	return set
}()

func place(code string) int { return int(code[0]-'A')*26 + int(code[1]-'A') }

// Country returns a country's code in capitals, and whether there is such a code.
func Country(code string) (string, bool) {
	if len(code) != 2 {
		return "", false
	}
	upper := [2]byte{code[0] &^ 0x20, code[1] &^ 0x20}
	for i, c := range upper {
		if c < 'A' || c > 'Z' || code[i] != c && code[i] != c|0x20 {
			return "", false
		}
	}
	if code[0] != upper[0] || code[1] != upper[1] {
		code = string(upper[:])
	}
	return code, assigned[place(code)]
}

// IsCountry reports whether code is a country's, in capitals.
func IsCountry(code string) bool {
	upper, ok := Country(code)
	return ok && upper == code
}
