package pricing

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// DiscountKind says how a discount is measured.
type DiscountKind string

// The kinds of discounts.
const (
	DiscountPercentage DiscountKind = "percentage" // a rate of what the goods cost
	DiscountFixed      DiscountKind = "fixed"      // an amount, once an order
)

// Scope says what a discount reduces.
type Scope string

// The scopes of discounts. In the discounts of an order the empty scope means ScopeWhole.
const (
	ScopeWhole Scope = "order" // all lines
	ScopeSKUs  Scope = "skus"  // the lines with certain SKUs
)

// DiscountRule is a reduction that orders may get. A fixed one takes its amount once off the lines that it reduces, and
// never more than they cost.
type DiscountRule struct {
	ID              string         `json:"id"`
	Name            string         `json:"name,omitempty"`
	Code            string         `json:"code,omitempty"` // what customers enter, in capitals; empty: every order gets it
	Kind            DiscountKind   `json:"kind"`
	Rate            int64          `json:"rate,omitempty"`    // of a percentage: parts per million, 1 to 1000000
	Amounts         []money.Amount `json:"amounts,omitempty"` // of a fixed one: one a currency, by currency code
	Scope           Scope          `json:"scope"`
	SKUs            []string       `json:"skus,omitempty"`             // of ScopeSKUs, sorted
	MinimumSubtotal []money.Amount `json:"minimum_subtotal,omitempty"` // of all lines before discounts; one a currency; empty: none
	ValidFrom       time.Time      `json:"valid_from,omitzero"`        // UTC, milliseconds; zero: always has been
	ValidTo         time.Time      `json:"valid_to,omitzero"`          // the first moment at which it is not given; zero: no end
	UsageLimit      int64          `json:"usage_limit,omitempty"`      // orders that may get it; 0: any number
	Combinable      bool           `json:"combinable,omitempty"`       // whether an order may get it together with other combinable ones
	Disabled        bool           `json:"disabled,omitempty"`
}

// Automatic reports whether orders get the discount without a code.
func (d *DiscountRule) Automatic() bool { return d.Code == "" }

// Reduces reports whether the discount reduces lines of a SKU.
func (d *DiscountRule) Reduces(sku string) bool {
	if d.Scope != ScopeSKUs {
		return true
	}
	_, ok := slices.BinarySearch(d.SKUs, sku)
	return ok
}

// Check records what is wrong with the discount.
func (d *DiscountRule) Check(faults *rule.Faults) {
	checkKey(faults, "/id", d.ID)
	text.Name.Check(faults, "/name", d.Name, 0, MaxNameLength)
	if d.Code != "" {
		checkKey(faults, "/code", d.Code)
	}
	d.checkKind(faults)
	d.checkScope(faults)
	checkAmounts(faults, "/minimum_subtotal", d.MinimumSubtotal, 1)
	checkPeriod(faults, d.ValidFrom, d.ValidTo)
	if d.UsageLimit < 0 || d.UsageLimit > MaxUsageLimit {
		faults.Add(rule.ValidationFailed, "/usage_limit", "a usage limit is 1 to %d orders, or 0 for none, not %d", MaxUsageLimit, d.UsageLimit)
	}
}

func (d *DiscountRule) checkKind(faults *rule.Faults) {
	switch d.Kind {
	case DiscountPercentage:
		if d.Rate < 1 || d.Rate > money.Million {
			faults.Add(rule.ValidationFailed, "/rate", "a percentage is 1 to %d parts per million (100000 is 10 %%), not %d", money.Million, d.Rate)
		}
		if len(d.Amounts) > 0 {
			faults.Add(rule.ValidationFailed, "/amounts", "a percentage has a rate, no amounts")
		}
	case DiscountFixed:
		checkAmounts(faults, "/amounts", d.Amounts, 1)
		if len(d.Amounts) == 0 {
			faults.Add(rule.ValidationFailed, "/amounts", "a fixed discount needs an amount, such as {\"amount\": 500, \"currency\": \"EUR\"}")
		}
		if d.Rate != 0 {
			faults.Add(rule.ValidationFailed, "/rate", "a fixed discount has amounts, no rate")
		}
	default:
		faults.Add(rule.ValidationFailed, "/kind", "a kind is percentage or fixed, not %q", d.Kind)
	}
}

func (d *DiscountRule) checkScope(faults *rule.Faults) {
	switch d.Scope {
	case ScopeSKUs:
		if n := len(d.SKUs); n < 1 || n > MaxListLength {
			faults.Add(rule.ValidationFailed, "/skus", "a discount on SKUs names 1 to %d of them, not %d", MaxListLength, n)
		}
	case ScopeWhole:
		if len(d.SKUs) > 0 {
			faults.Add(rule.ValidationFailed, "/skus", "a discount on the order names no SKUs; set its scope to skus")
		}
	default:
		faults.Add(rule.ValidationFailed, "/scope", "a scope is order or skus, not %q", d.Scope)
	}
	for i, sku := range d.SKUs {
		text.Key.Check(faults, fmt.Sprintf("/skus/%d", i), sku, 1, MaxKeyLength)
	}
}

// Normal returns the discount as it is stored: lists sorted, the code in capitals, times in UTC.
func (d DiscountRule) Normal() DiscountRule {
	d.Code = NormalCode(d.Code)
	d.Amounts, d.MinimumSubtotal = sortedAmounts(d.Amounts), sortedAmounts(d.MinimumSubtotal)
	d.ValidFrom, d.ValidTo = instant(d.ValidFrom), instant(d.ValidTo)
	if len(d.SKUs) == 0 {
		d.SKUs = nil
		return d
	}
	d.SKUs = slices.Clone(d.SKUs)
	slices.Sort(d.SKUs)
	d.SKUs = slices.Compact(d.SKUs)
	return d
}

// NormalCode returns a code as it is stored and compared: in capitals, without space around it.
func NormalCode(code string) string { return strings.ToUpper(strings.TrimFunc(code, unicode.IsSpace)) }
