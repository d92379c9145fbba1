package pricing_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
)

func method(change func(*pricing.ShippingMethod)) pricing.ShippingMethod {
	m := flat("post", 490)
	if change != nil {
		change(&m)
	}
	return m
}

// banded is a method of a kind with three bands in euros, the last of them without an end, given in any order.
func banded(kind pricing.ShippingKind) func(*pricing.ShippingMethod) {
	return func(m *pricing.ShippingMethod) {
		m.Kind, m.Prices = kind, nil
		m.Bands = []pricing.Band{
			{Amount: 3, Currency: "EUR"},
			{UpTo: new(int64(2000)), Amount: 2, Currency: "EUR"},
			{UpTo: new(int64(1000)), Amount: 1, Currency: "EUR"},
			{UpTo: new(int64(1)), Amount: 9, Currency: "USD"},
		}
	}
}

// bounded drops the band without an end.
func bounded(kind pricing.ShippingKind) func(*pricing.ShippingMethod) {
	return func(m *pricing.ShippingMethod) {
		banded(kind)(m)
		m.Bands = m.Bands[1:]
	}
}

// A band that ends at 0 is for what costs or weighs nothing, and no other; one without an end is for everything.
func TestCalculate_shippingBandOfNothing(t *testing.T) {
	t.Parallel()

	for _, kind := range []pricing.ShippingKind{pricing.ShippingBySubtotal, pricing.ShippingByWeight} {
		rules := rulesOf(t, method(func(m *pricing.ShippingMethod) {
			m.Kind, m.Prices = kind, nil
			m.Bands = []pricing.Band{{Amount: 490, Currency: "EUR"}, {UpTo: new(int64(0)), Amount: 50, Currency: "EUR"}}
		}))
		for size, want := range map[int64]int64{0: 50, 1: 490, 1_000_000: 490} {
			one := item("A", 1, size)
			one.Weight = size
			input := in(rules, one)
			input.Method = "post"
			if out := calculate(t, input); out.Totals.Shipping != want {
				t.Errorf("%s: shipping of %d costs %d; want %d", kind, size, out.Totals.Shipping, want)
			}
		}
	}
	upTo0 := pricing.ShippingMethod{ID: "post", Name: "Post", Kind: pricing.ShippingBySubtotal, Bands: []pricing.Band{{UpTo: new(int64(0)), Currency: "EUR"}}}
	input := in(rulesOf(t, upTo0), item("A", 1, 10_000))
	input.Method = "post"
	if out, err := pricing.Calculate(input); rule.CodeOf(err) != rule.ShippingMethodInvalid {
		t.Errorf("a method that ends at 0 ships goods of 100.00 for %d, %v; want shipping_method_invalid", out.Totals.Shipping, err)
	}
}

func TestCalculate_shippingPrice(t *testing.T) {
	t.Parallel()

	weighing := func(quantity, grams int64) pricing.Item {
		i := item("A", quantity, 100)
		i.Weight = grams
		return i
	}
	file := pricing.Item{SKU: "FILE", Quantity: 7, UnitPrice: 0, Weight: 5000}
	tests := map[string]struct {
		method func(*pricing.ShippingMethod)
		items  []pricing.Item
		want   int64
	}{
		"flat":                           {nil, []pricing.Item{item("A", 9, 1000)}, 490},
		"for the least subtotal":         {banded(pricing.ShippingBySubtotal), []pricing.Item{item("A", 1, 0)}, 1},
		"a band holds its end":           {banded(pricing.ShippingBySubtotal), []pricing.Item{item("A", 1, 1000)}, 1},
		"the next band":                  {banded(pricing.ShippingBySubtotal), []pricing.Item{item("A", 1, 1001)}, 2},
		"the last band has no end":       {banded(pricing.ShippingBySubtotal), []pricing.Item{item("A", 1, 1_000_000)}, 3},
		"by weight of all units":         {banded(pricing.ShippingByWeight), []pricing.Item{weighing(3, 400), weighing(1, 1)}, 2},
		"what needs no shipping is free": {banded(pricing.ShippingByWeight), []pricing.Item{weighing(1, 1000), file}, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			input := in(rulesOf(t, method(tt.method)), tt.items...)
			input.Method = "post"
			out := calculate(t, input)
			want := []pricing.ShippingLine{{Method: "post", Amount: tt.want, TaxClass: pricing.StandardClass}}
			if !reflect.DeepEqual(out.Shipping, want) || out.Totals.Shipping != tt.want || out.Totals.Total != out.Totals.Subtotal+tt.want {
				t.Errorf("shipping %+v, totals %+v; want %+v", out.Shipping, out.Totals, want)
			}
		})
	}
}

// A subtotal that decides about shipping is what the goods cost after discounts.
func TestCalculate_shippingAfterDiscounts(t *testing.T) {
	t.Parallel()

	input := in(rulesOf(t, method(banded(pricing.ShippingBySubtotal)), fixed("f", "", 1)), item("A", 1, 1001))
	input.Method = "post"
	if out := calculate(t, input); out.Totals.Shipping != 1 {
		t.Errorf("shipping costs %d; want the 1 of the first band", out.Totals.Shipping)
	}
}

func TestCalculate_shippingTax(t *testing.T) {
	t.Parallel()

	post := method(func(m *pricing.ShippingMethod) { m.TaxClass = "post" })
	rules := rulesOf(t, post, vat(190_000, true), pricing.TaxRate{TaxClass: "post", Code: "POST", Rate: 100_000})
	input := in(rules, item("A", 1, 1000))
	input.Method = "post"
	out := calculate(t, input)
	want := []pricing.ShippingLine{{Method: "post", Amount: 490, TaxClass: "post", TaxLines: []pricing.TaxLine{{Code: "POST", Rate: 100_000, Amount: 49}}}}
	if totals := (pricing.Totals{Subtotal: 1000, Shipping: 490, Tax: 160 + 49, Total: 1000 + 490 + 49}); !reflect.DeepEqual(out.Shipping, want) || out.Totals != totals {
		t.Errorf("shipping %+v, totals %+v; want %+v, %+v", out.Shipping, out.Totals, want, totals)
	}
}

func TestCalculate_refusedShipping(t *testing.T) {
	t.Parallel()

	goods := []pricing.Item{item("A", 3, 1000)}
	goods[0].Weight = 1500
	tests := map[string]struct {
		method  func(*pricing.ShippingMethod)
		items   []pricing.Item
		country string
		words   string
	}{
		"an unknown method":           {func(m *pricing.ShippingMethod) { m.ID = "other" }, goods, "DE", `no shipping method "post"`},
		"nothing needs shipping":      {nil, []pricing.Item{{SKU: "FILE", Quantity: 1}}, "DE", "nothing on this order needs shipping"},
		"a method switched off":       {func(m *pricing.ShippingMethod) { m.Disabled = true }, goods, "DE", "switched off"},
		"a method before its time":    {func(m *pricing.ShippingMethod) { m.ValidFrom = noon.Add(time.Hour) }, goods, "DE", "from 2026-03-01T13:00:00Z on"},
		"a method after its time":     {func(m *pricing.ShippingMethod) { m.ValidTo = noon }, goods, "DE", "until 2026-03-01T12:00:00Z"},
		"another country":             {func(m *pricing.ShippingMethod) { m.Countries = []string{"fr", "at"} }, goods, "DE", `does not go to "DE", only to AT, FR`},
		"no country":                  {func(m *pricing.ShippingMethod) { m.Countries = []string{"DE"} }, goods, "", "say where to ship"},
		"another currency":            {func(m *pricing.ShippingMethod) { m.Prices[0].Currency = "USD" }, goods, "DE", "no price in EUR, only in USD"},
		"bands of another currency":   {func(m *pricing.ShippingMethod) { banded(pricing.ShippingByWeight)(m); m.Bands = m.Bands[3:] }, goods, "DE", "no price in EUR"},
		"heavier than any band":       {bounded(pricing.ShippingByWeight), goods, "DE", "takes up to 2000 g, the order has 4500"},
		"more than any band by price": {bounded(pricing.ShippingBySubtotal), goods, "DE", "takes up to 2000 minor units of EUR, the order has 3000"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			input := in(rulesOf(t, method(tt.method)), tt.items...)
			input.Method, input.Country = "post", tt.country
			_, err := pricing.Calculate(input)
			faults := faultsOf(err)
			if len(faults) != 1 || faults[0].Code != rule.ShippingMethodInvalid || faults[0].Pointer != "/shipping_method" ||
				!strings.Contains(faults[0].Message, tt.words) || faults[0].Meta["shipping_method"] != "post" {
				t.Errorf("Calculate: %v with %+v; want shipping_method_invalid: …%s…", err, faults, tt.words)
			}
		})
	}
	input := in(rulesOf(t, method(func(m *pricing.ShippingMethod) { m.Countries = []string{"DE"} })), goods...)
	input.Method, input.Country = "post", "de"
	if _, err := pricing.Calculate(input); err != nil {
		t.Errorf("a country in small letters: %v; want none", err)
	}
}
