package iso

import (
	"strings"

	"golang.org/x/text/language"
)

// MaxLocale is the most characters of a locale, as RFC 5646 section 4.4.1 recommends.
const MaxLocale = 35

// spoken has a true for every language of two letters.
var spoken = func() (set [26 * 26]bool) {
	for i := range set {
		base, err := language.ParseBase(string([]byte{byte('a' + i/26), byte('a' + i%26)}))
		set[i] = err == nil && base.String() != "und"
	}
	return set
}()

// plain reports whether a tag is a language of two letters, or that and a country, as nearly all are: it needs no parser.
func plain(tag string) bool {
	if len(tag) != 2 && (len(tag) != 5 || tag[2] != '-' || !IsCountry(tag[3:])) {
		return false
	}
	a, b := tag[0]-'a', tag[1]-'a'
	return a < 26 && b < 26 && spoken[int(a)*26+int(b)]
}

// Locale returns a language tag (BCP 47) as it is written, such as de-CH or zh-Hant-TW, and whether it is one whose
// language and region exist. Underscores for hyphens and any case are taken.
func Locale(tag string) (string, bool) {
	if tag == "" || len(tag) > MaxLocale {
		return "", false
	}
	if plain(tag) {
		return tag, true
	}
	t, err := language.Raw.Parse(tag)
	if err != nil {
		return "", false
	}
	base, _, region := t.Raw()
	written := t.String()
	if base.String() == "und" || strings.HasPrefix(written, "x-") {
		return "", false
	}
	unknown := region.String() == "ZZ" && !strings.Contains(written+"-", "-ZZ-")
	if r := region.String(); !unknown && len(r) == 2 && !IsCountry(r) {
		return "", false
	}
	return written, true
}
