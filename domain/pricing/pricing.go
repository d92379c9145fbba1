// Package pricing computes what an order costs from what a tenant has configured: tax rates, shipping methods and
// discounts.
//
// Calculate is pure and deterministic: the same input always gives the same sums, so what was quoted is what is placed.
// All sums are minor units of one currency, nothing is ever rounded twice, and what an order as a whole gives away or
// owes is split over its lines by largest remainder, so that the parts add up to the whole exactly.
package pricing

import "github.com/ordermill/ordermill/domain/money"

// DiscountAllocation is a line's part of a discount.
type DiscountAllocation struct {
	DiscountID string `json:"discount_id"`
	Amount     int64  `json:"amount"` // minor units, at least 0
}

// TaxLine is one tax on a line or on shipping.
type TaxLine struct {
	Code      string `json:"code"`
	Rate      int64  `json:"rate"`                // parts per million: 200000 is 20 %
	Amount    int64  `json:"amount"`              // minor units, at least 0
	Inclusive bool   `json:"inclusive,omitempty"` // whether the price contains it
}

// ShippingLine is one charge for shipping.
type ShippingLine struct {
	Method   string    `json:"method"`
	Amount   int64     `json:"amount"` // minor units, exclusive taxes not included
	TaxLines []TaxLine `json:"tax_lines,omitempty"`
	TaxClass string    `json:"tax_class,omitempty"` // the method's when it was chosen, or StandardClass; empty: not known any more
}

// StandardClass is the name of the class without a rate of its own, where an empty one would mean that it is not known.
const StandardClass = "standard"

// Discount is a reduction of the order, allocated to its lines.
type Discount struct {
	DiscountID string `json:"discount_id"`
	Code       string `json:"code,omitempty"`  // what the customer entered; empty for an automatic one
	Amount     int64  `json:"amount"`          // minor units, Σ of its allocations
	Rate       int64  `json:"rate,omitempty"`  // parts per million of a percentage; 0 for a fixed amount
	Scope      Scope  `json:"scope,omitempty"` // ScopeSKUs if it reduces some lines only; empty: the whole order
}

// Totals sums an order up. With inclusive taxes Tax is part of Subtotal and Shipping, so the other four need not add
// up to Total.
type Totals struct {
	Subtotal int64 `json:"subtotal"` // Σ line subtotals
	Discount int64 `json:"discount"` // Σ discount allocations
	Shipping int64 `json:"shipping"` // Σ shipping amounts
	Tax      int64 `json:"tax"`      // Σ all taxes, inclusive and exclusive
	Total    int64 `json:"total"`    // Σ line totals + Σ shipping with its exclusive taxes
}

// RoundingRule says how the order's taxes were rounded. The zero value is half up, line by line.
type RoundingRule struct {
	Mode  money.Rounding `json:"mode,omitempty"`
	Scope RoundingScope  `json:"scope,omitempty"`
}

// RoundingScope says what is rounded as one sum.
type RoundingScope string

// The scopes of rounding. The empty scope means ScopeLine.
const (
	ScopeLine      RoundingScope = "line"
	ScopeRateGroup RoundingScope = "rate_group"
	ScopeOrder     RoundingScope = "order"
)

// Known reports whether s is one of the scopes above or empty.
func (s RoundingScope) Known() bool {
	switch s {
	case "", ScopeLine, ScopeRateGroup, ScopeOrder:
		return true
	default:
		return false
	}
}

// Total returns the shipping amount with its exclusive taxes.
func (s *ShippingLine) Total() int64 { return money.Clamped(s.Amount, exclusiveTotal(s.TaxLines)) }

// NetTotal returns the shipping amount without any tax.
func (s *ShippingLine) NetTotal() int64 { return money.Clamped(s.Total(), -TaxTotal(s.TaxLines)) }

// TaxTotal returns Σ all taxes, inclusive and exclusive.
func TaxTotal(lines []TaxLine) int64 {
	var sum int64
	for i := range lines {
		sum = money.Clamped(sum, lines[i].Amount)
	}
	return sum
}

// DiscountTotal returns Σ allocations.
func DiscountTotal(allocations []DiscountAllocation) int64 {
	var sum int64
	for i := range allocations {
		sum = money.Clamped(sum, allocations[i].Amount)
	}
	return sum
}

func exclusiveTotal(lines []TaxLine) int64 {
	var sum int64
	for i := range lines {
		if !lines[i].Inclusive {
			sum = money.Clamped(sum, lines[i].Amount)
		}
	}
	return sum
}
