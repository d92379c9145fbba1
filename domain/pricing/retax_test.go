package pricing_test

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
)

// An order that goes elsewhere is taxed as one that was placed there, and what was computed before stays as it was.
func TestRetax_likePlacedThere(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.Rules.PutRate(pricing.TaxRate{Country: "FR", Code: "FR", Rate: rapid.Int64Range(0, 1_000_000).Draw(t, "there"), Inclusive: rapid.Bool().Draw(t, "contained there")})
		was, err := pricing.Calculate(in)
		if err != nil {
			t.Fatal(err)
		}
		elsewhere := in
		elsewhere.Country = "FR"
		want, err := pricing.Calculate(elsewhere)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pricing.Retax(elsewhere, was)
		want.Uses, want.Discounts = nil, was.Discounts
		if len(got.Shipping) == 0 {
			got.Shipping = want.Shipping
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("Retax = %+v, %v; want %+v", got, err, want)
		}
		if again, err := pricing.Calculate(in); err != nil || !reflect.DeepEqual(again, was) {
			t.Fatalf("the order became %+v, %v; want %+v", was, err, again)
		}
	})
}

func TestRetax_overflow(t *testing.T) {
	t.Parallel()

	input := in(nil, item("A", 1, money.MaxSum))
	was := calculate(t, input)
	input.Rules, input.Pointer = rulesOf(t, vat(1, false)), "/country"
	if out, err := pricing.Retax(input, was); rule.CodeOf(err) != rule.ValidationFailed || !strings.Contains(err.Error(), "/country") {
		t.Errorf("Retax = %+v, %v; want validation_failed at /country", out, err)
	}
}
