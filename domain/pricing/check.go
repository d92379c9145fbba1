package pricing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// Limits of definitions.
const (
	MaxKeyLength      = 64                // characters of an id or a discount's code
	MaxCodeLength     = 32                // characters of a tax's code
	MaxNameLength     = 200               // characters
	MaxTaxClassLength = 64                // characters
	MaxListLength     = 1000              // bands, countries or SKUs of one definition
	MaxAmount         = 1_000_000_000_000 // minor units of a price, a discount or a minimum
	MaxUsageLimit     = 1_000_000         // orders; every one of them is remembered as long as it keeps its use
)

// checkKey records an id or code that could not stand in a URL or be typed.
func checkKey(faults *rule.Faults, pointer, key string) {
	strange := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' && r != '.'
	}
	if len(key) < 1 || len(key) > MaxKeyLength || strings.ContainsFunc(key, strange) {
		faults.Add(rule.ValidationFailed, pointer, "1 to %d letters, digits, '-', '_' and '.' fit here, not %q", MaxKeyLength, key)
	}
}

func checkText(faults *rule.Faults, pointer, what, text string, most int) {
	if n := utf8.RuneCountInString(text); n < 1 || n > most || !printable(text) {
		faults.Add(rule.ValidationFailed, pointer, "%s is 1 to %d printable characters, not %q", what, most, text)
	}
}

func checkTaxClass(faults *rule.Faults, class string) {
	if utf8.RuneCountInString(class) > MaxTaxClassLength || !printable(class) {
		faults.Add(rule.ValidationFailed, "/tax_class", "a tax class is at most %d printable characters, not %q", MaxTaxClassLength, class)
	}
}

func checkCountry(faults *rule.Faults, pointer, country string) {
	letter := func(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
	if len(country) != 2 || !letter(country[0]) || !letter(country[1]) {
		faults.Add(rule.ValidationFailed, pointer, "a country is two letters as in ISO 3166-1, such as DE, not %q", country)
	}
}

func checkCountries(faults *rule.Faults, countries []string) {
	if len(countries) > MaxListLength {
		faults.Add(rule.ValidationFailed, "/countries", "at most %d countries fit here, not %d; leave them out for all", MaxListLength, len(countries))
		return
	}
	for i, country := range countries {
		checkCountry(faults, fmt.Sprintf("/countries/%d", i), country)
	}
}

func checkPeriod(faults *rule.Faults, from, to time.Time) {
	if !to.IsZero() && !from.Before(to) {
		faults.Add(rule.ValidationFailed, "/valid_to", "the end %s is not after the beginning %s", to.Format(time.RFC3339), from.Format(time.RFC3339))
	}
}

// checkAmounts records amounts outside of their range, unknown currencies and currencies that come twice.
func checkAmounts(faults *rule.Faults, pointer string, amounts []money.Amount, least int64) {
	seen := make(map[string]bool, len(amounts))
	for i, amount := range amounts {
		at := fmt.Sprintf("%s/%d", pointer, i)
		switch {
		case !money.Known(amount.Currency):
			faults.Add(rule.CurrencyUnsupported, at+"/currency", "%q is not an ISO 4217 currency code such as EUR", amount.Currency)
		case seen[amount.Currency]:
			faults.Add(rule.ValidationFailed, at+"/currency", "there is already an amount in %s; send one a currency", amount.Currency)
		}
		seen[amount.Currency] = true
		checkAmount(faults, at+"/amount", amount.Minor, least)
	}
}

func checkAmount(faults *rule.Faults, pointer string, minor, least int64) {
	if minor < least || minor > MaxAmount {
		faults.Add(rule.ValidationFailed, pointer, "an amount is %d to %d minor units here, not %d", least, int64(MaxAmount), minor)
	}
}

// printable reports whether s is valid UTF-8 of letters, digits, punctuation, symbols and plain spaces.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// sortedAmounts returns a copy by currency code, nil for none.
func sortedAmounts(amounts []money.Amount) []money.Amount {
	if len(amounts) == 0 {
		return nil
	}
	return slices.SortedFunc(slices.Values(amounts), func(a, b money.Amount) int { return cmp.Compare(a.Currency, b.Currency) })
}

// sortedCountries returns a copy in capitals, each country once, nil for none.
func sortedCountries(countries []string) []string {
	if len(countries) == 0 {
		return nil
	}
	list := make([]string, len(countries))
	for i, country := range countries {
		list[i] = strings.ToUpper(country)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// amountIn returns the amount in a currency.
func amountIn(amounts []money.Amount, currency string) (int64, bool) {
	for i := range amounts {
		if amounts[i].Currency == currency {
			return amounts[i].Minor, true
		}
	}
	return 0, false
}

// currencies lists the codes of amounts for a message.
func currencies(amounts []money.Amount) string {
	codes := make([]string, len(amounts))
	for i, amount := range amounts {
		codes[i] = amount.Currency
	}
	return strings.Join(codes, ", ")
}

// ended reports whether a period with this end is over. A zero end never comes.
func ended(to, at time.Time) bool { return !to.IsZero() && !at.Before(to) }

// instant returns t as it is stored: UTC, whole milliseconds; the zero time stays as it is.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}
