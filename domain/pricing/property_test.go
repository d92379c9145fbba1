package pricing_test

import (
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
)

// drawRules draws a shop with several rates, discounts and a shipping method in a currency.
func drawRules(t *rapid.T, currency string) *pricing.Rules {
	var rules pricing.Rules
	for _, class := range []string{"", "books", "food"} {
		if rapid.Bool().Draw(t, "rate of "+class) {
			rules.PutRate(pricing.TaxRate{
				TaxClass: class, Code: "T" + class, Rate: rapid.Int64Range(0, money.Million).Draw(t, "rate"), Inclusive: rapid.Bool().Draw(t, "inclusive"),
			})
		}
	}
	amount := func(label string) []money.Amount {
		return []money.Amount{{Minor: rapid.Int64Range(1, 5000).Draw(t, label), Currency: currency}}
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "discounts") {
		d := pricing.DiscountRule{ID: fmt.Sprintf("d%d", i), Kind: pricing.DiscountFixed, Scope: pricing.ScopeWhole, Combinable: rapid.Bool().Draw(t, "combinable")}
		if rapid.Bool().Draw(t, "percentage") {
			d.Kind, d.Rate = pricing.DiscountPercentage, rapid.Int64Range(1, money.Million).Draw(t, "off")
		} else {
			d.Amounts = amount("off")
		}
		if rapid.Bool().Draw(t, "on SKUs") {
			d.Scope, d.SKUs = pricing.ScopeSKUs, []string{"A"}
		}
		if rapid.Bool().Draw(t, "has a minimum") {
			d.MinimumSubtotal = amount("minimum")
		}
		rules.PutDiscount(d)
	}
	rules.PutMethod(pricing.ShippingMethod{ID: "post", Name: "Post", Kind: pricing.ShippingFlat, Prices: amount("post"), TaxClass: "food"})
	return &rules
}

func drawInput(t *rapid.T) pricing.Input {
	in := pricing.Input{
		Currency: rapid.SampledFrom([]string{"JPY", "EUR", "KWD"}).Draw(t, "currency"), At: noon,
		Rounding: pricing.RoundingRule{
			Mode:  rapid.SampledFrom([]money.Rounding{"", money.HalfUp, money.HalfEven}).Draw(t, "mode"),
			Scope: rapid.SampledFrom([]pricing.RoundingScope{"", pricing.ScopeLine, pricing.ScopeRateGroup, pricing.ScopeOrder}).Draw(t, "scope"),
		},
	}
	in.Rules = drawRules(t, in.Currency)
	for range rapid.IntRange(1, 6).Draw(t, "lines") {
		in.Lines = append(in.Lines, pricing.Item{
			SKU: rapid.SampledFrom([]string{"A", "B"}).Draw(t, "sku"), Quantity: rapid.Int64Range(1, 9).Draw(t, "quantity"),
			UnitPrice: rapid.OneOf(rapid.Int64Range(0, 20), rapid.Int64Range(0, pricing.MaxAmount)).Draw(t, "price"),
			TaxClass:  rapid.SampledFrom([]string{"", "books", "food", "toys"}).Draw(t, "class"), RequiresShipping: true,
		})
	}
	if rapid.Bool().Draw(t, "shipped") {
		in.Method = "post"
	}
	return in
}

// Whatever is ordered and configured, the parts add up to the whole.
func TestCalculate_sumsUp(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		before := fmt.Sprintf("%+v", in.Lines)
		out, err := pricing.Calculate(in)
		if err != nil {
			t.Fatal(err)
		}
		again, err := pricing.Calculate(in)
		if err != nil || !reflect.DeepEqual(again, out) || fmt.Sprintf("%+v", in.Lines) != before {
			t.Fatalf("the same again is %+v, %v; want %+v and an input as before", again, err, out)
		}
		var totals pricing.Totals
		parts := map[string]int64{}
		for i, l := range out.Lines {
			checkLine(t, in.Lines[i], l)
			for _, a := range l.Allocations {
				parts[a.DiscountID] += a.Amount
			}
			totals.Subtotal, totals.Discount = totals.Subtotal+l.Subtotal, totals.Discount+l.Discount
			totals.Tax, totals.Total = totals.Tax+l.Tax, totals.Total+l.Total
		}
		for _, s := range out.Shipping {
			totals.Shipping, totals.Tax, totals.Total = totals.Shipping+s.Amount, totals.Tax+pricing.TaxTotal(s.TaxLines), totals.Total+s.Total()
			if s.NetTotal() != s.Total()-pricing.TaxTotal(s.TaxLines) {
				t.Fatalf("shipping %+v is %d without tax", s, s.NetTotal())
			}
		}
		if totals != out.Totals {
			t.Fatalf("totals %+v; want %+v", out.Totals, totals)
		}
		for _, d := range out.Discounts {
			if parts[d.DiscountID] != d.Amount {
				t.Fatalf("discount %s is %d, its parts are %d", d.DiscountID, d.Amount, parts[d.DiscountID])
			}
			delete(parts, d.DiscountID)
		}
		if len(parts) > 0 {
			t.Fatalf("lines carry %v of discounts that were not given", parts)
		}
		checkTaxes(t, in, out)
	})
}

// checkLine recomputes a line from its parts.
func checkLine(t *rapid.T, item pricing.Item, l pricing.LinePrice) {
	var exclusive, contained int64
	for _, tax := range l.TaxLines {
		if tax.Inclusive {
			contained += tax.Amount
		} else {
			exclusive += tax.Amount
		}
	}
	left := l.Subtotal - pricing.DiscountTotal(l.Allocations)
	if l.Subtotal != item.UnitPrice*item.Quantity || l.Discount != l.Subtotal-left || l.Tax != exclusive+contained || l.Total != left+exclusive {
		t.Fatalf("line %+v does not recompute", l)
	}
	if left < 0 || contained < 0 || contained > left || exclusive < 0 || exclusive > left {
		t.Fatalf("line %+v: %d are left, with taxes of %d and %d", l, left, contained, exclusive)
	}
	for _, a := range l.Allocations {
		if a.Amount < 0 {
			t.Fatalf("line %+v has a negative allocation", l)
		}
	}
}

// sums are the tax of a rate: as it was computed and exactly.
type sums struct {
	tax   int64
	exact *big.Rat
}

// checkTaxes holds the sums of each scope against exact arithmetic: what is rounded as one sum is off by at most half a
// unit, and parts of it by less than one.
func checkTaxes(t *rapid.T, in pricing.Input, out pricing.Output) {
	groups, kinds := map[pricing.TaxLine]*sums{}, map[bool]*sums{}
	half, one := big.NewRat(1, 2), big.NewRat(1, 1)
	note := func(lines []pricing.TaxLine, base int64) {
		for _, tax := range lines {
			divisor := int64(money.Million)
			if tax.Inclusive {
				divisor += tax.Rate
			}
			exact := new(big.Rat).Mul(big.NewRat(base, 1), big.NewRat(tax.Rate, divisor))
			if in.Rounding.Scope == "" || in.Rounding.Scope == pricing.ScopeLine {
				within(t, "a line", tax.Amount, exact, half)
			}
			key := tax
			key.Amount = 0
			if groups[key] == nil {
				groups[key] = &sums{exact: new(big.Rat)}
			}
			if kinds[tax.Inclusive] == nil {
				kinds[tax.Inclusive] = &sums{exact: new(big.Rat)}
			}
			for _, s := range []*sums{groups[key], kinds[tax.Inclusive]} {
				s.tax += tax.Amount
				s.exact.Add(s.exact, exact)
			}
		}
	}
	for _, l := range out.Lines {
		note(l.TaxLines, l.Subtotal-l.Discount)
	}
	for _, s := range out.Shipping {
		note(s.TaxLines, s.Amount)
	}
	for _, g := range groups {
		switch in.Rounding.Scope {
		case pricing.ScopeRateGroup:
			within(t, "a rate", g.tax, g.exact, half)
		case pricing.ScopeOrder:
			within(t, "a rate of the order", g.tax, g.exact, one)
		case "", pricing.ScopeLine:
		}
	}
	for _, k := range kinds {
		if in.Rounding.Scope == pricing.ScopeOrder {
			within(t, "the order", k.tax, k.exact, half)
		}
	}
}

func within(t *rapid.T, what string, got int64, exact, distance *big.Rat) {
	off := new(big.Rat).Sub(big.NewRat(got, 1), exact)
	if off.Abs(off).Cmp(distance) > 0 {
		t.Fatalf("the tax of %s is %d, exactly it is %s", what, got, exact.FloatString(3))
	}
}

// The choice among automatic discounts is the best of those that may stand together.
func TestCalculate_bestChoice(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		got, err := pricing.Calculate(in)
		if err != nil {
			t.Fatal(err)
		}
		var together []string
		for _, d := range in.Rules.Discounts() {
			if d.Combinable {
				together = append(together, d.ID)
			}
		}
		choices := [][]string{together}
		for _, d := range in.Rules.Discounts() {
			if !d.Combinable {
				choices = append(choices, []string{d.ID})
			}
		}
		for _, choice := range choices {
			only := in
			for _, d := range in.Rules.Discounts() {
				if !slices.Contains(choice, d.ID) {
					only.Without = append(only.Without, d.ID)
				}
			}
			if other, err := pricing.Calculate(only); err != nil || other.Totals.Discount > got.Totals.Discount {
				t.Fatalf("with %v alone the discount is %d, %v; given were %+v", choice, other.Totals.Discount, err, got.Discounts)
			}
		}
	})
}
