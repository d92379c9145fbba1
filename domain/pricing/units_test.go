package pricing_test

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
)

func TestPriceUnits(t *testing.T) {
	t.Parallel()

	order := []pricing.Discount{
		{DiscountID: "a", Amount: 5, Rate: 500_000, Scope: pricing.ScopeSKUs},
		{DiscountID: "p", Code: "TEN", Amount: 230, Rate: 100_000},
		{DiscountID: "f", Amount: 300},
	}
	on, contained := pricing.TaxLine{Code: "VAT", Rate: 190_000, Amount: 999}, pricing.TaxLine{Code: "VAT", Rate: 190_000, Inclusive: true}
	taxed := func(line pricing.TaxLine, amount int64) []pricing.TaxLine {
		line.Amount = amount
		return []pricing.TaxLine{line}
	}
	tests := map[string]struct {
		units pricing.Units
		want  pricing.LinePrice
	}{
		"without discounts and taxes": {
			pricing.Units{Quantity: 3, UnitPrice: 499}, pricing.LinePrice{Subtotal: 1497, Total: 1497},
		},
		"percentages of the order count again, fixed amounts do not": {
			pricing.Units{Quantity: 3, UnitPrice: 499, Discounts: order},
			pricing.LinePrice{
				Subtotal: 1497, Discount: 150, Total: 1347, Allocations: []pricing.DiscountAllocation{{DiscountID: "p", Amount: 150}},
			},
		},
		"a discount on SKUs counts again where the line carries it, each from what is left": {
			pricing.Units{Quantity: 1, UnitPrice: 499, Discounts: order, Carried: []pricing.DiscountAllocation{{DiscountID: "a"}}},
			pricing.LinePrice{
				Subtotal: 499, Discount: 250 + 25, Total: 224,
				Allocations: []pricing.DiscountAllocation{{DiscountID: "a", Amount: 250}, {DiscountID: "p", Amount: 25}},
			},
		},
		"a tax on top is on what is left": {
			pricing.Units{Quantity: 1, UnitPrice: 1000, Discounts: order[1:], Taxes: []pricing.TaxLine{on}},
			pricing.LinePrice{
				Subtotal: 1000, Discount: 100, Tax: 171, Total: 1071, TaxLines: taxed(on, 171),
				Allocations: []pricing.DiscountAllocation{{DiscountID: "p", Amount: 100}},
			},
		},
		"a contained tax adds nothing": {
			pricing.Units{Quantity: 1, UnitPrice: 1190, Taxes: []pricing.TaxLine{contained}},
			pricing.LinePrice{Subtotal: 1190, Tax: 190, Total: 1190, TaxLines: taxed(contained, 190)},
		},
		"halves go where the order says": {
			pricing.Units{
				Quantity: 1, UnitPrice: 25, Taxes: []pricing.TaxLine{{Code: "T", Rate: 100_000}},
				Rounding: pricing.RoundingRule{Mode: money.HalfEven, Scope: pricing.ScopeOrder},
			},
			pricing.LinePrice{Subtotal: 25, Tax: 2, Total: 27, TaxLines: []pricing.TaxLine{{Code: "T", Rate: 100_000, Amount: 2}}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got, err := pricing.PriceUnits(tt.units); err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("PriceUnits = %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func TestPriceUnits_refused(t *testing.T) {
	t.Parallel()

	full := []pricing.TaxLine{{Rate: money.Million}}
	tests := map[string]struct {
		units   pricing.Units
		code    rule.Code
		pointer string
	}{
		"no units":               {pricing.Units{Pointer: "/add"}, rule.QuantityOutOfRange, "/add/quantity"},
		"more than a line holds": {pricing.Units{Quantity: pricing.MaxQuantity + 1}, rule.QuantityOutOfRange, "/quantity"},
		"a negative price":       {pricing.Units{Quantity: 1, UnitPrice: -1}, rule.ValidationFailed, "/unit_price"},
		"too much":               {pricing.Units{Quantity: 3, UnitPrice: math.MaxInt64 / 2}, rule.ValidationFailed, "/quantity"},
		"too much with tax":      {pricing.Units{Quantity: 1, UnitPrice: math.MaxInt64, Taxes: full}, rule.ValidationFailed, "/quantity"},
		"a negative rate":        {pricing.Units{Quantity: 1, UnitPrice: 1, Taxes: []pricing.TaxLine{{Rate: -1}}}, rule.ValidationFailed, "/quantity"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := pricing.PriceUnits(tt.units)
			if faults := faultsOf(err); len(faults) != 1 || faults[0].Code != tt.code || faults[0].Pointer != tt.pointer {
				t.Errorf("PriceUnits: %v at %+v; want %s at %s", err, faults, tt.code, tt.pointer)
			}
		})
	}
}

// One line that is ordered at once costs what the same units cost that are added to an order with the same discounts.
func TestPriceUnits_likePlaced(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.Lines, in.Method = in.Lines[:1], ""
		for _, d := range in.Rules.Discounts() {
			if d.Kind == pricing.DiscountFixed {
				in.Without = append(in.Without, d.ID)
			}
		}
		placed, err := pricing.Calculate(in)
		if err != nil {
			t.Fatal(err)
		}
		line, item := placed.Lines[0], in.Lines[0]
		got, err := pricing.PriceUnits(pricing.Units{
			Quantity: item.Quantity, UnitPrice: item.UnitPrice, Discounts: placed.Discounts, Carried: line.Allocations,
			Taxes: line.TaxLines, Rounding: in.Rounding,
		})
		if err != nil || !reflect.DeepEqual(got, line) {
			t.Fatalf("PriceUnits = %+v, %v; placed it costs %+v", got, err, line)
		}
	})
}
