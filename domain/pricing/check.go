package pricing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ordermill/ordermill/domain/iso"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
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
	text.Code.Check(faults, pointer, key, 1, MaxKeyLength)
}

func checkTaxClass(faults *rule.Faults, class string) {
	text.Identifier.Check(faults, "/tax_class", class, 0, MaxTaxClassLength)
}

func checkCountry(faults *rule.Faults, pointer, country string) {
	if _, ok := iso.Country(country); !ok {
		faults.Add(rule.ValidationFailed, pointer, "a country is a code of ISO 3166-1 alpha-2, such as DE, not %q", country)
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
