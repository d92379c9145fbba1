package order

import (
	"encoding/json"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
)

// PII is personal data that this package never looks into: what is stored is sealed with the person's key, so that
// destroying the key erases the person and leaves the order. It is JSON exactly as json.Marshal writes it (compact, with
// <, > and & escaped), so that it survives any number of round trips byte for byte.
type PII = json.RawMessage

// Contents is what an order is made of from the moment it is placed. All sums are minor units of Currency.
type Contents struct {
	OrderID          uuid.UUID      `json:"order_id"`
	Number           string         `json:"order_number"`
	ExternalID       string         `json:"external_id,omitempty"` // the order's name in the channel, unique there
	Channel          string         `json:"channel_id"`
	Currency         string         `json:"currency"`              // ISO 4217, the same for all sums of the order
	CustomerID       string         `json:"customer_id,omitempty"` // natural key of the customer; empty for a guest
	Country          string         `json:"country,omitempty"`     // where it is shipped to, as figures group it
	Locale           string         `json:"locale,omitempty"`      // BCP 47, for messages to the customer
	PII              PII            `json:"pii,omitempty"`         // e-mail, phone, addresses
	Lines            []Line         `json:"lines"`
	ShippingLines    []ShippingLine `json:"shipping_lines,omitempty"`
	Discounts        []Discount     `json:"discounts,omitempty"`
	Totals           Totals         `json:"totals"`
	PriceListVersion string         `json:"price_list_version,omitempty"`
	TaxProviderRef   string         `json:"tax_provider_ref,omitempty"`
	Rounding         RoundingRule   `json:"rounding,omitzero"`
	Risk             *Risk          `json:"risk,omitempty"`
}

// Line is one position of an order as it was bought. total = subtotal - Σ discount allocations + Σ exclusive taxes.
type Line struct {
	LineID              uuid.UUID            `json:"line_id"`
	SKU                 string               `json:"sku"`
	ProductName         string               `json:"product_name,omitempty"`
	Quantity            int64                `json:"quantity"`   // units, at least 1
	UnitPrice           int64                `json:"unit_price"` // minor units
	Subtotal            int64                `json:"subtotal"`   // unit price × quantity
	DiscountAllocations []DiscountAllocation `json:"discount_allocations,omitempty"`
	TaxLines            []TaxLine            `json:"tax_lines,omitempty"`
	Total               int64                `json:"total"`
	RequiresShipping    bool                 `json:"requires_shipping"`
	BackorderPolicy     BackorderPolicy      `json:"backorder_policy,omitempty"` // empty: deny
	TaxClass            string               `json:"tax_class,omitempty"`        // the product's when it was sold, or pricing.StandardClass; empty: not known any more
}

// The values that package pricing computes.
type (
	// DiscountAllocation is a line's part of a discount.
	DiscountAllocation = pricing.DiscountAllocation
	// TaxLine is one tax on a line or on shipping.
	TaxLine = pricing.TaxLine
	// ShippingLine is one charge for shipping.
	ShippingLine = pricing.ShippingLine
	// Discount is a reduction of the order, allocated to its lines.
	Discount = pricing.Discount
	// Totals sums an order up.
	Totals = pricing.Totals
	// RoundingRule says how the order's taxes were rounded.
	RoundingRule = pricing.RoundingRule
	// RoundingScope says what is rounded as one sum.
	RoundingScope = pricing.RoundingScope
)

// The scopes of rounding. The empty scope means ScopeLine.
const (
	ScopeLine      = pricing.ScopeLine
	ScopeRateGroup = pricing.ScopeRateGroup
	ScopeOrder     = pricing.ScopeOrder
)

// Risk is what a fraud check made of the order.
type Risk struct {
	Level   string   `json:"level"` // such as low, elevated, high
	Score   int64    `json:"score,omitempty"`
	Reasons []string `json:"reasons,omitempty"`
}

// PaymentPolicy says what a pending order waits for.
type PaymentPolicy string

// The payment policies.
const (
	PolicyPaid       PaymentPolicy = "paid"       // the total is captured
	PolicyAuthorized PaymentPolicy = "authorized" // the total is authorised
	PolicyOnAccount  PaymentPolicy = "on_account" // nothing: the customer pays by invoice
)

// StockPolicy says what importing an order does to stock.
type StockPolicy string

// The stock policies.
const (
	StockSkip   StockPolicy = "skip"   // nothing
	StockUpdate StockPolicy = "update" // what is available at the main location is deducted
	StockForce  StockPolicy = "force"  // all is deducted there
)

// BackorderPolicy says what happens to units that are not in stock.
type BackorderPolicy string

// The backorder policies.
const (
	BackorderDeny  BackorderPolicy = "deny"
	BackorderAllow BackorderPolicy = "allow"
	BackorderLimit BackorderPolicy = "limit"
)

// DiscountTotal returns Σ discount allocations.
func (l *Line) DiscountTotal() int64 { return pricing.DiscountTotal(l.DiscountAllocations) }

// TaxTotal returns Σ all taxes of the line, inclusive and exclusive.
func (l *Line) TaxTotal() int64 { return pricing.TaxTotal(l.TaxLines) }

// NetTotal returns what the line is worth after discounts and without any tax.
func (l *Line) NetTotal() int64 { return money.Clamped(l.Total, -l.TaxTotal()) }

// NetSubtotal returns what the line is worth before discounts and without any tax: the subtotal, reduced by the taxes
// that it contains, which are rounded as the order rounds. Where nothing was taken off they are those that the order has
// computed. The difference to NetTotal is the discount without tax.
func (l *Line) NetSubtotal(mode money.Rounding) int64 {
	var inclusive, rate int64
	for _, t := range l.TaxLines {
		if t.Inclusive {
			inclusive, rate = money.Clamped(inclusive, t.Amount), money.Clamped(rate, t.Rate)
		}
	}
	if l.DiscountTotal() == 0 {
		return money.Clamped(l.Subtotal, -inclusive)
	}
	contained, err := money.IncludedTax(l.Subtotal, rate, mode)
	if err != nil {
		return money.Clamped(l.Subtotal, -inclusive) // a rate beyond all bounds: what was charged is the best that is known
	}
	return money.Clamped(l.Subtotal, -contained)
}

// exclusiveTotal returns Σ taxes that are on top of the price.
func exclusiveTotal(taxes []TaxLine) int64 {
	var sum int64
	for i := range taxes {
		if !taxes[i].Inclusive {
			sum = money.Clamped(sum, taxes[i].Amount)
		}
	}
	return sum
}
