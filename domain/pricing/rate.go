package pricing

import (
	"strings"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// TaxRate is the tax on goods of one class that go to one country. Of the rates of a tenant the most specific one
// counts: first by class, then by country.
type TaxRate struct {
	TaxClass  string `json:"tax_class"`           // empty: the standard rate, for every class without one of its own
	Country   string `json:"country"`             // ISO 3166-1 alpha-2; empty: every country without one of its own
	Code      string `json:"code"`                // how the tax is named on orders and invoices, such as DE-19
	Rate      int64  `json:"rate"`                // parts per million, 0 to 1000000: 200000 is 20 %
	Inclusive bool   `json:"inclusive,omitempty"` // whether prices contain it
}

// RateKey names a tax rate.
type RateKey struct {
	TaxClass string `json:"tax_class"`
	Country  string `json:"country"`
}

// Key returns what the rate is known by.
func (t *TaxRate) Key() RateKey { return RateKey{TaxClass: t.TaxClass, Country: t.Country} }

// Line returns the tax line of the rate, without an amount.
func (t *TaxRate) Line() TaxLine { return TaxLine{Code: t.Code, Rate: t.Rate, Inclusive: t.Inclusive} }

// tax returns the tax on a base, rounded once.
func (t *TaxRate) tax(base int64, mode money.Rounding) (int64, error) {
	if t.Inclusive {
		return money.IncludedTax(base, t.Rate, mode)
	}
	return money.ApplyRate(base, t.Rate, mode)
}

// Check records what is wrong with the rate.
func (t *TaxRate) Check(faults *rule.Faults) {
	checkTaxClass(faults, t.TaxClass)
	if t.Country != "" {
		checkCountry(faults, "/country", t.Country)
	}
	text.Name.Check(faults, "/code", t.Code, 1, MaxCodeLength)
	if t.Rate < 0 || t.Rate > money.Million {
		faults.Add(rule.ValidationFailed, "/rate", "a rate is 0 to %d parts per million (190000 is 19 %%), not %d", money.Million, t.Rate)
	}
}

// Normal returns the rate as it is stored: the country in capitals.
func (t TaxRate) Normal() TaxRate {
	t.Country = strings.ToUpper(t.Country)
	return t
}
