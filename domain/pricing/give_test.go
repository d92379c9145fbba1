package pricing_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
)

// with returns a discount changed.
func with(d pricing.DiscountRule, change func(*pricing.DiscountRule)) pricing.DiscountRule {
	change(&d)
	return d
}

func combinable(d pricing.DiscountRule) pricing.DiscountRule {
	return with(d, func(d *pricing.DiscountRule) { d.Combinable = true })
}

func onSKUs(d pricing.DiscountRule, skus ...string) pricing.DiscountRule {
	return with(d, func(d *pricing.DiscountRule) { d.Scope, d.SKUs = pricing.ScopeSKUs, skus })
}

func TestCalculate_discounts(t *testing.T) {
	t.Parallel()

	three := []pricing.Item{item("A", 1, 1299), item("B", 1, 499), item("C", 1, 499)}
	tests := map[string]struct {
		rules []any
		codes []string
		lines []int64 // what each line gives
		given []pricing.Discount
	}{
		"a fixed amount is split by largest remainder": {
			[]any{fixed("f", "OFF", 1000)},
			[]string{"OFF"},
			[]int64{566, 217, 217},
			[]pricing.Discount{{DiscountID: "f", Code: "OFF", Amount: 1000}},
		},
		"ties go to the earlier line": {
			[]any{onSKUs(fixed("f", "OFF", 1), "B", "C")},
			[]string{"OFF"},
			[]int64{0, 1, 0},
			[]pricing.Discount{{DiscountID: "f", Code: "OFF", Amount: 1, Scope: pricing.ScopeSKUs}},
		},
		"a percentage is rounded once": {
			[]any{percentage("p", "TEN", 100_000)},
			[]string{"TEN"},
			[]int64{130, 50, 50},
			[]pricing.Discount{{DiscountID: "p", Code: "TEN", Amount: 230, Rate: 100_000}},
		},
		"a code is entered in any case, with space around": {
			[]any{percentage("p", "Ten", 100_000)},
			[]string{" tEN "},
			[]int64{130, 50, 50},
			[]pricing.Discount{{DiscountID: "p", Code: "TEN", Amount: 230, Rate: 100_000}},
		},
		"a fixed amount is never more than the goods cost": {
			[]any{fixed("f", "OFF", 10_000)},
			[]string{"OFF"},
			[]int64{1299, 499, 499},
			[]pricing.Discount{{DiscountID: "f", Code: "OFF", Amount: 2297}},
		},
		"a discount on SKUs leaves the other lines alone": {
			[]any{onSKUs(percentage("p", "BC", 500_000), "C", "B", "X")},
			[]string{"BC"},
			[]int64{0, 250, 249},
			[]pricing.Discount{{DiscountID: "p", Code: "BC", Amount: 499, Rate: 500_000, Scope: pricing.ScopeSKUs}},
		},
		"those on SKUs come first, then percentages, then fixed amounts": {
			[]any{combinable(fixed("a", "FIX", 100)), combinable(percentage("b", "TEN", 100_000)), combinable(onSKUs(fixed("c", "FORA", 299), "A"))},
			[]string{"FIX", "TEN", "FORA"},
			[]int64{299 + 100 + 50, 50 + 25, 50 + 25},
			[]pricing.Discount{
				{DiscountID: "c", Code: "FORA", Amount: 299, Scope: pricing.ScopeSKUs},
				{DiscountID: "b", Code: "TEN", Amount: 200, Rate: 100_000},
				{DiscountID: "a", Code: "FIX", Amount: 100},
			},
		},
		"an automatic discount needs no code": {
			[]any{percentage("p", "", 100_000)},
			nil,
			[]int64{130, 50, 50},
			[]pricing.Discount{{DiscountID: "p", Amount: 230, Rate: 100_000}},
		},
		"an automatic discount that does not fit is not given": {
			[]any{with(fixed("f", "", 1), func(d *pricing.DiscountRule) { d.MinimumSubtotal = euros(2298) })}, nil, []int64{0, 0, 0}, nil,
		},
		"an automatic discount that takes nothing off is not given": {
			[]any{percentage("p", "", 1)}, nil, []int64{0, 0, 0}, nil,
		},
		"a minimum is met by as much": {
			[]any{with(fixed("f", "", 3), func(d *pricing.DiscountRule) { d.MinimumSubtotal = euros(2297) })},
			nil,
			[]int64{2, 1, 0},
			[]pricing.Discount{{DiscountID: "f", Amount: 3}},
		},
		"a code that stands alone goes before automatic discounts": {
			[]any{fixed("f", "ONE", 1), combinable(fixed("g", "", 1000))},
			[]string{"ONE"},
			[]int64{1, 0, 0},
			[]pricing.Discount{{DiscountID: "f", Code: "ONE", Amount: 1}},
		},
		"a combinable code joins the automatic ones that are": {
			[]any{combinable(fixed("f", "ONE", 1)), combinable(fixed("g", "", 1)), fixed("h", "", 1000)},
			[]string{"ONE"},
			[]int64{2, 0, 0},
			[]pricing.Discount{{DiscountID: "f", Code: "ONE", Amount: 1}, {DiscountID: "g", Amount: 1}},
		},
		"of automatic ones the most favourable choice counts": {
			[]any{combinable(fixed("f", "", 3)), combinable(fixed("g", "", 3)), fixed("h", "", 7), fixed("i", "", 7)},
			nil,
			[]int64{4, 2, 1},
			[]pricing.Discount{{DiscountID: "h", Amount: 7}},
		},
		"in a tie those that combine are given": {
			[]any{combinable(fixed("f", "", 3)), combinable(fixed("g", "", 4)), fixed("h", "", 7)},
			nil,
			[]int64{4, 2, 1},
			[]pricing.Discount{{DiscountID: "f", Amount: 3}, {DiscountID: "g", Amount: 4}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			input := in(rulesOf(t, tt.rules...), three...)
			input.Codes = tt.codes
			out := calculate(t, input)
			if got := discountsOf(out); !slices.Equal(got, tt.lines) || !reflect.DeepEqual(out.Discounts, tt.given) {
				t.Errorf("the lines give %v of %+v; want %v of %+v", got, out.Discounts, tt.lines, tt.given)
			}
		})
	}
}

func TestCalculate_refusedCodes(t *testing.T) {
	t.Parallel()

	d := func(change func(*pricing.DiscountRule)) []any {
		return []any{with(fixed("f", "OFF", 100), change), combinable(fixed("g", "GOOD", 1)), combinable(fixed("h", "BETTER", 2))}
	}
	same := d(func(*pricing.DiscountRule) {})
	tests := map[string]struct {
		rules   []any
		codes   []string
		pointer string
		words   string
		meta    map[string]any
	}{
		"an unknown code": {same, []string{"GOOD", "NEVER"}, "/discount_codes/1", `no discount code "NEVER"`, map[string]any{"code": "NEVER"}},
		"a code entered twice": {
			same, []string{"GOOD", "good"}, "/discount_codes/1", "entered twice", map[string]any{"code": "good", "discount_id": "g"},
		},
		"a code that is switched off": {
			d(func(d *pricing.DiscountRule) { d.Disabled = true }),
			[]string{"OFF"},
			"/discount_codes/0", "switched off",
			map[string]any{"code": "OFF", "discount_id": "f"},
		},
		"a code before its time": {
			d(func(d *pricing.DiscountRule) { d.ValidFrom = noon.Add(time.Millisecond) }),
			[]string{"OFF"},
			"/discount_codes/0", "valid from 2026-03-01T12:00:00Z on",
			map[string]any{"code": "OFF", "discount_id": "f", "valid_from": "2026-03-01T12:00:00Z"},
		},
		"a code after its time": {
			d(func(d *pricing.DiscountRule) { d.ValidTo = noon }),
			[]string{"OFF"},
			"/discount_codes/0", "valid until 2026-03-01T12:00:00Z",
			map[string]any{"code": "OFF", "discount_id": "f", "valid_to": "2026-03-01T12:00:00Z"},
		},
		"a code for another currency": {
			d(func(d *pricing.DiscountRule) { d.Amounts[0].Currency = "JPY" }),
			[]string{"OFF"},
			"/discount_codes/0", "not for orders in EUR",
			map[string]any{"code": "OFF", "discount_id": "f", "currency": "EUR"},
		},
		"a minimum in another currency": {
			d(func(d *pricing.DiscountRule) { d.MinimumSubtotal = []money.Amount{{Minor: 1, Currency: "JPY"}} }),
			[]string{"OFF"},
			"/discount_codes/0", "not for orders in EUR",
			map[string]any{"code": "OFF", "discount_id": "f", "currency": "EUR"},
		},
		"an order below the minimum": {
			d(func(d *pricing.DiscountRule) { d.MinimumSubtotal = euros(3000) }),
			[]string{"OFF"},
			"/discount_codes/0", "orders of 30.00 EUR or more; 10.02 EUR is missing",
			map[string]any{"code": "OFF", "discount_id": "f", "currency": "EUR", "minimum": int64(3000), "requested": int64(1998), "missing": int64(1002)},
		},
		"a code for other SKUs": {
			d(func(d *pricing.DiscountRule) { d.Scope, d.SKUs = pricing.ScopeSKUs, []string{"Z"} }),
			[]string{"OFF"},
			"/discount_codes/0", "reduces nothing",
			map[string]any{"code": "OFF", "discount_id": "f"},
		},
		"a code that stands alone beside others": {
			same, []string{"GOOD", "OFF", "BETTER"}, "/discount_codes/1", "cannot be combined", map[string]any{"code": "OFF", "discount_id": "f"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			input := in(rulesOf(t, tt.rules...), item("A", 2, 999))
			input.Codes = tt.codes
			_, err := pricing.Calculate(input)
			faults := faultsOf(err)
			if len(faults) != 1 || faults[0].Code != rule.DiscountInvalid || faults[0].Pointer != tt.pointer ||
				!strings.Contains(faults[0].Message, tt.words) || !reflect.DeepEqual(faults[0].Meta, tt.meta) {
				t.Errorf("Calculate: %v with %+v; want discount_invalid at %s: …%s…, %v", err, faults, tt.pointer, tt.words, tt.meta)
			}
		})
	}
}

func TestCalculate_limitedDiscounts(t *testing.T) {
	t.Parallel()

	limited := func(d *pricing.DiscountRule) { d.UsageLimit = 100 }
	rules := rulesOf(t,
		combinable(with(fixed("auto", "", 1), limited)), combinable(with(fixed("code", "OFF", 1), limited)), combinable(fixed("free", "", 1)))
	input := in(rules, item("A", 1, 999))
	input.Codes = []string{"off"}
	want := []pricing.Use{
		{DiscountID: "auto", Limit: 100},
		{DiscountID: "code", Code: "OFF", Limit: 100, Pointer: "/discount_codes/0"},
	}
	if out := calculate(t, input); !reflect.DeepEqual(out.Uses, want) {
		t.Errorf("uses %+v; want %+v", out.Uses, want)
	}
	input.Without = []string{"auto"}
	if out := calculate(t, input); !reflect.DeepEqual(out.Uses, want[1:]) || out.Totals.Discount != 2 {
		t.Errorf("without the one that is used up: uses %+v, discount %d; want %+v, 2", out.Uses, out.Totals.Discount, want[1:])
	}
}

// Refused codes and a refused shipping method are told at once.
func TestCalculate_allFaultsAtOnce(t *testing.T) {
	t.Parallel()

	input := in(nil, item("A", 1, 999))
	input.Codes, input.Method = []string{"X", "Y"}, "teleport"
	_, err := pricing.Calculate(input)
	var pointers []string
	for _, d := range faultsOf(err) {
		pointers = append(pointers, d.Pointer)
	}
	if want := []string{"/discount_codes/0", "/discount_codes/1", "/shipping_method"}; !slices.Equal(pointers, want) {
		t.Errorf("faults at %v; want %v", pointers, want)
	}
}
