package pricing_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
)

func TestCalculate_nothingConfigured(t *testing.T) {
	t.Parallel()

	out := calculate(t, in(nil, item("A", 2, 1299), item("B", 1, 499)))
	want := pricing.Output{
		Lines:  []pricing.LinePrice{{Subtotal: 2598, Total: 2598}, {Subtotal: 499, Total: 499}},
		Totals: pricing.Totals{Subtotal: 3097, Total: 3097},
	}
	if !reflect.DeepEqual(out, want) {
		t.Errorf("Calculate = %+v; want %+v", out, want)
	}
	empty := calculate(t, in(new(pricing.Rules), item("A", 2, 1299), item("B", 1, 499)))
	if !reflect.DeepEqual(empty, want) {
		t.Errorf("with empty rules Calculate = %+v; want %+v", empty, want)
	}
}

func TestCalculate_taxes(t *testing.T) {
	t.Parallel()

	three := []pricing.Item{item("A", 1, 333), item("B", 1, 333), item("C", 1, 334)}
	halves := []pricing.Item{item("A", 1, 25), item("B", 1, 35)} // at 10 %: 2.5 and 3.5
	books := slices.Clone(three)
	books[1].TaxClass = "books"
	rates := []any{vat(190_000, false), pricing.TaxRate{TaxClass: "books", Code: "BOOK", Rate: 70_000}}
	contained := []any{vat(190_000, true), pricing.TaxRate{TaxClass: "books", Code: "BOOK", Rate: 70_000, Inclusive: true}}
	tests := map[string]struct {
		items []pricing.Item
		rates []any
		mode  money.Rounding
		scope pricing.RoundingScope
		want  []int64
		total int64
	}{
		"on top, each line for itself":        {three, []any{vat(190_000, false)}, "", "", []int64{63, 63, 63}, 1189},
		"on top, the rate as a whole":         {three, []any{vat(190_000, false)}, "", pricing.ScopeRateGroup, []int64{63, 63, 64}, 1190},
		"contained, each line for itself":     {three, []any{vat(190_000, true)}, "", "", []int64{53, 53, 53}, 1000},
		"contained, the rate as a whole":      {three, []any{vat(190_000, true)}, "", pricing.ScopeRateGroup, []int64{53, 53, 54}, 1000},
		"halves go up":                        {halves, []any{vat(100_000, false)}, money.HalfUp, pricing.ScopeLine, []int64{3, 4}, 67},
		"halves go to the even":               {halves, []any{vat(100_000, false)}, money.HalfEven, pricing.ScopeLine, []int64{2, 4}, 66},
		"a whole of 6.0 is split":             {halves, []any{vat(100_000, false)}, money.HalfEven, pricing.ScopeRateGroup, []int64{3, 3}, 66},
		"two rates, each as a whole":          {books, rates, "", pricing.ScopeRateGroup, []int64{63, 23, 64}, 1150},
		"two rates, the order as one sum":     {books, rates, "", pricing.ScopeOrder, []int64{63, 23, 64}, 1150},
		"two contained rates, one sum":        {books, contained, "", pricing.ScopeOrder, []int64{53, 22, 53}, 1000},
		"no tax at a rate of zero":            {three, []any{vat(0, false)}, "", pricing.ScopeOrder, []int64{0, 0, 0}, 1000},
		"nothing to tax":                      {[]pricing.Item{item("A", 1, 0)}, []any{vat(190_000, true)}, "", pricing.ScopeOrder, []int64{0}, 0},
		"ties go to the earlier line":         {[]pricing.Item{item("A", 1, 5), item("B", 1, 5)}, []any{vat(100_000, false)}, "", pricing.ScopeRateGroup, []int64{1, 0}, 11},
		"a half of the order goes up":         {[]pricing.Item{item("A", 1, 5)}, []any{vat(100_000, false)}, "", pricing.ScopeOrder, []int64{1}, 6},
		"a half of the order goes to even":    {[]pricing.Item{item("A", 1, 5)}, []any{vat(100_000, false)}, money.HalfEven, pricing.ScopeOrder, []int64{0}, 5},
		"a half of the order goes to even up": {[]pricing.Item{item("A", 1, 15)}, []any{vat(100_000, false)}, money.HalfEven, pricing.ScopeOrder, []int64{2}, 17},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			input := in(rulesOf(t, tt.rates...), tt.items...)
			input.Rounding = pricing.RoundingRule{Mode: tt.mode, Scope: tt.scope}
			out := calculate(t, input)
			if got := taxesOf(out); !slices.Equal(got, tt.want) || out.Totals.Total != tt.total {
				t.Errorf("taxes %v, total %d; want %v, %d", got, out.Totals.Total, tt.want, tt.total)
			}
		})
	}
}

func TestCalculate_mostSpecificRate(t *testing.T) {
	t.Parallel()

	rules := rulesOf(t,
		pricing.TaxRate{Code: "OTHER", Rate: 1},
		pricing.TaxRate{Country: "de", Code: "DE", Rate: 2},
		pricing.TaxRate{TaxClass: "books", Code: "BOOKS", Rate: 3},
		pricing.TaxRate{TaxClass: "books", Country: "DE", Code: "DE-BOOKS", Rate: 4},
	)
	for _, tt := range []struct{ class, country, want string }{
		{"", "FR", "OTHER"},
		{"", "", "OTHER"},
		{"", "DE", "DE"},
		{"", "de", "DE"},
		{"toys", "DE", "DE"},
		{"toys", "FR", "OTHER"},
		{"books", "FR", "BOOKS"},
		{"books", "", "BOOKS"},
		{"books", "DE", "DE-BOOKS"},
	} {
		rate, ok := rules.Rate(tt.class, tt.country)
		if !ok || rate.Code != tt.want {
			t.Errorf("Rate(%q, %q) = %+v, %t; want %s", tt.class, tt.country, rate, ok, tt.want)
		}
	}
	rules.RemoveRate(pricing.RateKey{})
	if rate, ok := rules.Rate("", "FR"); ok {
		t.Errorf("without a rate for other countries there is %+v", rate)
	}
}

func TestCalculate_linesThatCannotBeCounted(t *testing.T) {
	t.Parallel()

	elsewhere := item("A", 0, 1)
	elsewhere.Pointer = "/added/3"
	_, err := pricing.Calculate(in(nil,
		item("A", 0, 1), item("B", pricing.MaxQuantity+1, 1), item("C", 1, -1), item("D", 3, math.MaxInt64/2), elsewhere))
	type fault struct {
		pointer string
		code    rule.Code
	}
	var got []fault
	for _, d := range faultsOf(err) {
		got = append(got, fault{d.Pointer, d.Code})
	}
	want := []fault{
		{"/lines/0/quantity", rule.QuantityOutOfRange},
		{"/lines/1/quantity", rule.QuantityOutOfRange},
		{"/lines/2/unit_price", rule.ValidationFailed},
		{"/lines/3/quantity", rule.ValidationFailed},
		{"/added/3/quantity", rule.QuantityOutOfRange},
	}
	if !slices.Equal(got, want) {
		t.Errorf("faults %v; want %v", got, want)
	}
	few := in(nil, item("A", 6, 1))
	few.MaxQuantity = 5
	if _, err := pricing.Calculate(few); rule.CodeOf(err) != rule.QuantityOutOfRange {
		t.Errorf("6 units where 5 are allowed: %v; want quantity_out_of_range", err)
	}
}

// What comes to more than an order may is refused, wherever it happens; a weight, what does not fit 64 bits.
func TestCalculate_overflow(t *testing.T) {
	t.Parallel()

	const most = math.MaxInt64
	huge := item("A", 1, money.MaxSum)
	heavy := item("A", 2, 1)
	heavy.Weight = most
	with := func(in pricing.Input, method string, scope pricing.RoundingScope) pricing.Input {
		in.Method, in.Rounding.Scope = method, scope
		return in
	}
	weighed := pricing.ShippingMethod{ID: "w", Name: "w", Kind: pricing.ShippingByWeight, Bands: []pricing.Band{{Currency: "EUR"}}}
	tests := map[string]pricing.Input{
		"a price": in(nil, item("A", 1, money.MaxSum+1)), "units of a line": in(nil, item("A", 1001, money.MaxSum/1000)), "a product that would wrap": in(nil, item("A", 1_000_000, most)),
		"the subtotal":                    in(nil, huge, huge),
		"the tax on top":                  in(rulesOf(t, vat(1_000_000, false)), huge),
		"the tax of a group":              with(in(rulesOf(t, vat(1_000_000, false)), huge), "", pricing.ScopeRateGroup),
		"the tax of the order":            with(in(rulesOf(t, vat(1_000_000, false), flat("f", 1)), huge), "f", pricing.ScopeOrder),
		"the shipping":                    with(in(rulesOf(t, flat("f", 1)), huge), "f", ""),
		"the weight":                      with(in(rulesOf(t, weighed), heavy), "w", ""),
		"the weight of two lines of most": with(in(rulesOf(t, weighed), pricing.Item{Quantity: 1, RequiresShipping: true, Weight: most}, pricing.Item{Quantity: 1, RequiresShipping: true, Weight: 1}), "w", ""),
	}
	for name, input := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if out, err := pricing.Calculate(input); rule.CodeOf(err) != rule.ValidationFailed {
				t.Errorf("Calculate = %+v, %v; want validation_failed", out, err)
			}
		})
	}
	if out := calculate(t, in(rulesOf(t, vat(1_000_000, true)), huge)); out.Totals.Total != money.MaxSum {
		t.Errorf("the largest amount with a contained tax comes to %d; want %d", out.Totals.Total, int64(money.MaxSum))
	}
}

func ExampleCalculate() {
	var rules pricing.Rules
	rules.PutRate(pricing.TaxRate{Country: "DE", Code: "DE-19", Rate: 190_000, Inclusive: true})
	rules.PutDiscount(pricing.DiscountRule{
		ID: "spring", Code: "SPRING", Kind: pricing.DiscountPercentage, Rate: 100_000, Scope: pricing.ScopeWhole,
	})
	rules.PutMethod(pricing.ShippingMethod{
		ID: "standard", Name: "Parcel", Kind: pricing.ShippingBySubtotal,
		Bands: []pricing.Band{{UpTo: new(int64(4999)), Amount: 490, Currency: "EUR"}, {Currency: "EUR"}}, // free from 50 euros on
	})
	out, err := pricing.Calculate(pricing.Input{
		Currency: "EUR", Country: "DE", Codes: []string{"spring"}, Method: "standard", Rules: &rules, At: noon,
		Lines: []pricing.Item{{SKU: "TSHIRT-M", Quantity: 2, UnitPrice: 1999, RequiresShipping: true}},
	})
	fmt.Printf("%+v %v\n", out.Totals, err)
	_, err = pricing.Calculate(pricing.Input{Currency: "EUR", Codes: []string{"SUMMER"}, Rules: &rules, At: noon})
	fmt.Println(err)
	// Output:
	// {Subtotal:3998 Discount:400 Shipping:490 Tax:652 Total:4088} <nil>
	// discount_invalid: /discount_codes/0: there is no discount code "SUMMER"
}

// The numbers are what placing an order of two lines pays for its prices.
func BenchmarkCalculate(b *testing.B) {
	shop := rulesOf(b,
		vat(190_000, true), pricing.TaxRate{Country: "DE", TaxClass: "books", Code: "BOOK", Rate: 70_000, Inclusive: true},
		percentage("p", "TEN", 100_000), flat("standard", 490))
	full := in(shop, item("A", 2, 1299), item("B", 1, 499))
	full.Codes, full.Method = []string{"ten"}, "standard"
	lines := make([]pricing.Item, 1000)
	for i := range lines {
		lines[i] = item(fmt.Sprint(i), int64(i%7+1), int64(i))
	}
	large := full
	large.Lines, large.Rounding.Scope = lines, pricing.ScopeOrder
	for name, input := range map[string]pricing.Input{
		"nothing configured": in(nil, item("A", 2, 1299), item("B", 1, 499)),
		"tax":                in(rulesOf(b, vat(190_000, true)), item("A", 2, 1299), item("B", 1, 499)),
		"all configured":     full,
		"1000 lines":         large,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := pricing.Calculate(input); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
