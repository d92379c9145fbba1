package iso

import (
	"strings"

	"golang.org/x/text/language"
)

// MaxLocale is the most characters of a locale, as RFC 5646 section 4.4.1 recommends.
const MaxLocale = 35

// Locale returns a language tag (BCP 47) as it is written, such as de-CH or zh-Hant-TW, and whether it is one whose
// language and region exist. Underscores for hyphens and any case are taken.
func Locale(tag string) (string, bool) {
	if tag == "" || len(tag) > MaxLocale {
		return "", false
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
