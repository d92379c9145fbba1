package pricing

import (
	"slices"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// Units are units of one SKU that an edit adds to an order.
type Units struct {
	Quantity  int64
	UnitPrice int64                // minor units, at least 0
	Discounts []Discount           // those of the order; of these, the percentages count again, fixed amounts do not
	Carried   []DiscountAllocation // which discounts on SKUs the line has; those on the whole order reduce every line
	Taxes     []TaxLine            // code, rate and kind of each tax on the line; their amounts do not matter
	Rounding  RoundingRule         // the order's; with any scope the units are rounded as one sum
	Pointer   string               // the place in the request, for a refusal
}

// PriceUnits returns what added units cost at the prices and rates given. Discounts are taken off one after the other as
// Calculate does. It fails with quantity_out_of_range or validation_failed.
func PriceUnits(u Units) (LinePrice, error) {
	if u.Quantity < 1 || u.Quantity > MaxQuantity {
		return LinePrice{}, u.fault(rule.QuantityOutOfRange, "/quantity", "1 to %d units can be added, not %d", MaxQuantity, u.Quantity)
	}
	if u.UnitPrice < 0 {
		return LinePrice{}, u.fault(rule.ValidationFailed, "/unit_price", "a price is 0 or more, not %d", u.UnitPrice)
	}
	var p LinePrice
	var err error
	if p.Subtotal, err = money.MulWithin(u.UnitPrice, u.Quantity); err != nil {
		return LinePrice{}, u.tooMuch()
	}
	for i := range u.Discounts {
		d := &u.Discounts[i]
		if !u.again(d) {
			continue
		}
		part, err := money.ApplyRate(p.Subtotal-p.Discount, d.Rate, u.Rounding.Mode)
		if err != nil {
			return LinePrice{}, u.tooMuch()
		}
		p.Allocations = append(p.Allocations, DiscountAllocation{DiscountID: d.DiscountID, Amount: part})
		p.Discount += part
	}
	p.Total = p.Subtotal - p.Discount
	base := p.Total
	for _, tax := range u.Taxes {
		rate := TaxRate{Rate: tax.Rate, Inclusive: tax.Inclusive}
		if tax.Amount, err = rate.tax(base, u.Rounding.Mode); err != nil {
			return LinePrice{}, u.tooMuch()
		}
		p.TaxLines = append(p.TaxLines, tax)
		if p.Tax, err = money.AddWithin(p.Tax, tax.Amount); err == nil && !tax.Inclusive {
			p.Total, err = money.AddWithin(p.Total, tax.Amount)
		}
		if err != nil {
			return LinePrice{}, u.tooMuch()
		}
	}
	return p, nil
}

// again reports whether a discount of the order reduces the added units too.
func (u *Units) again(d *Discount) bool {
	if d.Rate == 0 || d.Rate > money.Million {
		return false
	}
	if d.Scope != ScopeSKUs {
		return true
	}
	return slices.ContainsFunc(u.Carried, func(a DiscountAllocation) bool { return a.DiscountID == d.DiscountID })
}

func (u *Units) tooMuch() error {
	return u.fault(rule.ValidationFailed, "/quantity", "%d units at %d come to more than %d minor units, the most that an order may come to; add less", u.Quantity, u.UnitPrice, int64(money.MaxSum))
}

func (u *Units) fault(code rule.Code, field, format string, args ...any) error {
	var faults rule.Faults
	faults.Add(code, u.Pointer+field, format, args...)
	return faults.Err()
}
