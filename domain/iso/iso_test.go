package iso_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"github.com/ordermill/ordermill/domain/iso"
)

// The countries are those of the table that the time zone database carries (ISO/TC 46 N1108), and no others.
func TestCountry_isoList(t *testing.T) {
	t.Parallel()

	listed := make(map[string]bool)
	file, err := os.Open("testdata/iso3166.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if code := lines.Text(); !strings.HasPrefix(code, "#") {
			listed[code] = true
		}
	}
	if len(listed) != 249 {
		t.Fatalf("the table has %d codes; want 249", len(listed))
	}
	for a := range 256 {
		for b := range 256 {
			code := string([]byte{byte(a), byte(b)})
			got, ok := iso.Country(code)
			if want := listed[strings.ToUpper(code)] && strings.Trim(strings.ToUpper(code), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""; ok != want {
				t.Errorf("Country(%q) = %q, %v; want %v", code, got, ok, want)
			} else if ok && got != strings.ToUpper(code) {
				t.Errorf("Country(%q) = %q; want capitals", code, got)
			}
			if iso.IsCountry(code) != listed[code] {
				t.Errorf("IsCountry(%q) = %v; want %v", code, !listed[code], listed[code])
			}
		}
	}
	for _, code := range []string{"", "D", "DEU", "Germany", " DE", "DE ", "D\n", "ı", "ß", "дэ"} {
		if _, ok := iso.Country(code); ok {
			t.Errorf("Country(%q) is one; want none", code)
		}
	}
}

func TestLocale(t *testing.T) {
	t.Parallel()

	for tag, want := range map[string]string{
		"de": "de", "DE": "de", "de-ch": "de-CH", "de_DE": "de-DE", "zh-hant-tw": "zh-Hant-TW", "es-419": "es-419", "fil": "fil",
		"sr-Latn-RS": "sr-Latn-RS", "de-1996": "de-1996", "en-US-u-ca-buddhist": "en-US-u-ca-buddhist",
		"": "", "german": "", "xx": "", "zz-ZZ": "", "en-UK": "", "en-XX": "", "en-ZZ": "", "de-DE-": "", "de DE": "", "x-klingon": "", "und": "",
		"de.UTF-8": "", "C": "", "d": "", "de\n": "", "en-US-x-" + strings.Repeat("a", 40): "",
	} {
		if got, ok := iso.Locale(tag); got != want || ok != (want != "") {
			t.Errorf("Locale(%q) = %q, %v; want %q", tag, got, ok, want)
		}
	}
}

// What is taken without the parser is what the parser takes, as it writes it.
func TestLocale_plain(t *testing.T) {
	t.Parallel()

	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			for _, country := range []string{"", "-DE", "-UK", "-ZZ"} {
				tag := string([]rune{a, b}) + country
				want, err := language.Raw.Parse(tag)
				taken := err == nil && want.String() == tag && (country == "" || country == "-DE")
				if got, ok := iso.Locale(tag); ok != taken || ok && got != tag {
					t.Errorf("Locale(%q) = %q, %v; the parser says %s, %v", tag, got, ok, want, err)
				}
			}
		}
	}
}
