package pricing

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// ShippingKind says what the price of shipping depends on.
type ShippingKind string

// The kinds of shipping methods.
const (
	ShippingFlat       ShippingKind = "flat"        // one price a currency
	ShippingBySubtotal ShippingKind = "by_subtotal" // what the goods cost after discounts
	ShippingByWeight   ShippingKind = "by_weight"   // what the goods weigh that need shipping
)

// ShippingMethod is a way to send goods and its prices.
type ShippingMethod struct {
	ID        string         `json:"id"` // what a customer chooses, such as standard
	Name      string         `json:"name"`
	Kind      ShippingKind   `json:"kind"`
	Prices    []money.Amount `json:"prices,omitempty"`    // of a flat method: one a currency, by currency code
	Bands     []Band         `json:"bands,omitempty"`     // of the other kinds: by currency code, then upwards
	Countries []string       `json:"countries,omitempty"` // ISO 3166-1 alpha-2, sorted; empty: everywhere
	TaxClass  string         `json:"tax_class,omitempty"` // empty: the standard rate
	Disabled  bool           `json:"disabled,omitempty"`
	ValidFrom time.Time      `json:"valid_from,omitzero"` // UTC, milliseconds; zero: always has been
	ValidTo   time.Time      `json:"valid_to,omitzero"`   // the first moment at which it is not offered; zero: no end
}

// Band is the price of shipping up to a subtotal or a weight.
type Band struct {
	UpTo     *int64 `json:"up_to,omitempty"` // inclusive, in minor units or grams, at least 0; nil in the last band of a currency: no end
	Amount   int64  `json:"amount"`          // minor units
	Currency string `json:"currency"`
}

// end returns the largest subtotal or weight of the band.
func (b *Band) end() int64 {
	if b.UpTo == nil {
		return math.MaxInt64
	}
	return *b.UpTo
}

// Check records what is wrong with the method.
func (m *ShippingMethod) Check(faults *rule.Faults) {
	checkKey(faults, "/id", m.ID)
	text.Name.Check(faults, "/name", m.Name, 1, MaxNameLength)
	checkTaxClass(faults, m.TaxClass)
	checkCountries(faults, m.Countries)
	checkPeriod(faults, m.ValidFrom, m.ValidTo)
	switch m.Kind {
	case ShippingFlat:
		checkAmounts(faults, "/prices", m.Prices, 0)
		if len(m.Prices) == 0 {
			faults.Add(rule.ValidationFailed, "/prices", "a flat method needs a price, such as {\"amount\": 490, \"currency\": \"EUR\"}; 0 is free")
		}
		if len(m.Bands) > 0 {
			faults.Add(rule.ValidationFailed, "/bands", "a flat method has prices, no bands")
		}
	case ShippingBySubtotal, ShippingByWeight:
		m.checkBands(faults)
		if len(m.Prices) > 0 {
			faults.Add(rule.ValidationFailed, "/prices", "a method %s has bands, no prices", m.Kind)
		}
	default:
		faults.Add(rule.ValidationFailed, "/kind", "a kind is flat, by_subtotal or by_weight, not %q", m.Kind)
	}
}

func (m *ShippingMethod) checkBands(faults *rule.Faults) {
	if n := len(m.Bands); n < 1 || n > MaxListLength {
		faults.Add(rule.ValidationFailed, "/bands", "a method %s needs 1 to %d bands, such as {\"up_to\": 5000, \"amount\": 490, \"currency\": \"EUR\"}, not %d", m.Kind, MaxListLength, n)
		return
	}
	type end struct {
		currency string
		upTo     int64
	}
	seen := make(map[end]bool, len(m.Bands))
	for i, b := range m.Bands {
		at := fmt.Sprintf("/bands/%d", i)
		if !money.Known(b.Currency) {
			faults.Add(rule.CurrencyUnsupported, at+"/currency", "%q is not an ISO 4217 currency code such as EUR", b.Currency)
		}
		if b.UpTo != nil && *b.UpTo < 0 {
			faults.Add(rule.ValidationFailed, at+"/up_to", "a band ends at 0 or more, or nowhere if that is left out, not at %d", *b.UpTo)
		}
		checkAmount(faults, at+"/amount", b.Amount, 0)
		if seen[end{b.Currency, b.end()}] {
			faults.Add(rule.ValidationFailed, at+"/up_to", "there is already a band in %s that ends there", b.Currency)
		}
		seen[end{b.Currency, b.end()}] = true
	}
}

// Normal returns the method as it is stored: lists sorted, countries in capitals, times in UTC.
func (m ShippingMethod) Normal() ShippingMethod {
	m.Prices = sortedAmounts(m.Prices)
	m.Countries = sortedCountries(m.Countries)
	m.ValidFrom, m.ValidTo = instant(m.ValidFrom), instant(m.ValidTo)
	if len(m.Bands) == 0 {
		m.Bands = nil
		return m
	}
	m.Bands = slices.Clone(m.Bands)
	slices.SortFunc(m.Bands, func(a, b Band) int {
		return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.end(), b.end()))
	})
	return m
}

// price returns what the method costs for goods of a subtotal and a weight, or a detail that says why it does not fit.
func (m *ShippingMethod) price(currency string, subtotal, grams int64) (int64, *rule.Detail) {
	if m.Kind == ShippingFlat {
		for i := range m.Prices {
			if m.Prices[i].Currency == currency {
				return m.Prices[i].Minor, nil
			}
		}
		return 0, m.misfit("shipping method %q has no price in %s, only in %s", m.ID, currency, currencies(m.Prices))
	}
	size := grams
	if m.Kind == ShippingBySubtotal {
		size = subtotal
	}
	largest := int64(-1)
	for _, b := range m.Bands {
		if b.Currency != currency {
			continue
		}
		if size <= b.end() {
			return b.Amount, nil
		}
		largest = b.end()
	}
	if largest < 0 {
		return 0, m.misfit("shipping method %q has no price in %s", m.ID, currency)
	}
	unit := "g"
	if m.Kind == ShippingBySubtotal {
		unit = "minor units of " + currency
	}
	d := m.misfit("shipping method %q takes up to %d %s, the order has %d", m.ID, largest, unit, size)
	d.Meta["requested"], d.Meta["available"] = size, largest
	return 0, d
}

// offered says why the method is not offered for a country at a time, or returns nil.
func (m *ShippingMethod) offered(country string, at time.Time) *rule.Detail {
	switch {
	case m.Disabled:
		return m.misfit("shipping method %q is switched off; choose another one", m.ID)
	case at.Before(m.ValidFrom):
		return m.misfit("shipping method %q is offered from %s on", m.ID, m.ValidFrom.Format(time.RFC3339))
	case ended(m.ValidTo, at):
		return m.misfit("shipping method %q was offered until %s", m.ID, m.ValidTo.Format(time.RFC3339))
	case len(m.Countries) == 0:
		return nil
	case country == "":
		return m.misfit("shipping method %q goes to %s only; say where to ship", m.ID, strings.Join(m.Countries, ", "))
	}
	if _, ok := slices.BinarySearch(m.Countries, country); !ok {
		return m.misfit("shipping method %q does not go to %q, only to %s", m.ID, country, strings.Join(m.Countries, ", "))
	}
	return nil
}

func (m *ShippingMethod) misfit(format string, args ...any) *rule.Detail {
	return &rule.Detail{
		Pointer: pointerMethod, Code: rule.ShippingMethodInvalid, Message: fmt.Sprintf(format, args...),
		Meta: map[string]any{"shipping_method": m.ID},
	}
}
