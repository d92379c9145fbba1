package pricing_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
)

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

func euros(minor int64) []money.Amount { return []money.Amount{eur(minor)} }

// item is a line of one SKU that needs shipping.
func item(sku string, quantity, price int64) pricing.Item {
	return pricing.Item{SKU: sku, Quantity: quantity, UnitPrice: price, RequiresShipping: true}
}

// in is an order in euros to Germany.
func in(rules *pricing.Rules, items ...pricing.Item) pricing.Input {
	return pricing.Input{Currency: "EUR", Country: "DE", Lines: items, Rules: rules, At: noon}
}

// rulesOf collects definitions, which must pass their checks.
func rulesOf(tb testing.TB, definitions ...any) *pricing.Rules {
	tb.Helper()

	var rules pricing.Rules
	var faults rule.Faults
	for _, definition := range definitions {
		switch d := definition.(type) {
		case pricing.TaxRate:
			d.Check(&faults)
			rules.PutRate(d.Normal())
		case pricing.ShippingMethod:
			d.Check(&faults)
			rules.PutMethod(d.Normal())
		case pricing.DiscountRule:
			d.Check(&faults)
			rules.PutDiscount(d.Normal())
		default:
			tb.Fatalf("no definition: %T", d)
		}
	}
	if err := faults.Err(); err != nil {
		tb.Fatal(err)
	}
	return &rules
}

func percentage(id, code string, rate int64) pricing.DiscountRule {
	return pricing.DiscountRule{ID: id, Code: code, Kind: pricing.DiscountPercentage, Rate: rate, Scope: pricing.ScopeWhole}
}

func fixed(id, code string, minor int64) pricing.DiscountRule {
	return pricing.DiscountRule{ID: id, Code: code, Kind: pricing.DiscountFixed, Amounts: euros(minor), Scope: pricing.ScopeWhole}
}

// vat is a standard rate for all countries.
func vat(rate int64, inclusive bool) pricing.TaxRate {
	return pricing.TaxRate{Code: "VAT", Rate: rate, Inclusive: inclusive}
}

func flat(id string, minor int64) pricing.ShippingMethod {
	return pricing.ShippingMethod{ID: id, Name: id, Kind: pricing.ShippingFlat, Prices: euros(minor)}
}

func calculate(tb testing.TB, in pricing.Input) pricing.Output {
	tb.Helper()

	out, err := pricing.Calculate(in)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// faultsOf returns what a violation says about each place.
func faultsOf(err error) []rule.Detail {
	if v, ok := errors.AsType[*rule.Violation](err); ok {
		return v.Details
	}
	return nil
}

// taxesOf returns the amount of each line's tax, the shipping charges' last.
func taxesOf(out pricing.Output) []int64 {
	var list []int64
	for _, l := range out.Lines {
		list = append(list, pricing.TaxTotal(l.TaxLines))
	}
	for _, s := range out.Shipping {
		list = append(list, pricing.TaxTotal(s.TaxLines))
	}
	return list
}

func discountsOf(out pricing.Output) []int64 {
	var list []int64
	for _, l := range out.Lines {
		list = append(list, l.Discount)
	}
	return list
}
