package pricing

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// Where refusals point to in a request.
const (
	pointerMethod = "/shipping_method"
	pointerCodes  = "/discount_codes"
)

// MaxQuantity is the most units of a line unless an Input says less.
const MaxQuantity = 1_000_000

// Input is all that an order's sums depend on.
type Input struct {
	Currency    string // ISO 4217, of all prices
	Country     string // where it is shipped to, ISO 3166-1 alpha-2; empty: unknown, only what holds for every country counts
	Lines       []Item
	Method      string   // id of a shipping method; empty: no charge for shipping
	Codes       []string // of discounts, in any case
	Rules       *Rules   // nil: nothing is configured
	Without     []string // ids of automatic discounts not to be given, such as those that are used up
	Rounding    RoundingRule
	MaxQuantity int64  // most units of a line; 0: MaxQuantity
	Pointer     string // where an order that comes to too much is told; empty: /lines
	At          time.Time
}

// Item is a line to be priced.
type Item struct {
	SKU              string
	Quantity         int64
	UnitPrice        int64  // minor units, at least 0
	TaxClass         string // empty: the standard rate
	RequiresShipping bool
	Weight           int64  // grams of one unit
	Pointer          string // the line's place in the request, for a refusal; empty: /lines/n
}

// Output is what an order costs. Lines are in the order of the input's.
type Output struct {
	Lines     []LinePrice
	Shipping  []ShippingLine // one if a method was chosen
	Discounts []Discount     // those that were given, in the order in which they were computed
	Uses      []Use          // of Discounts, those with a usage limit: the caller redeems them in the same append
	Rounding  RoundingRule   // as in the input
	Totals    Totals
}

// LinePrice is what a line costs: total = subtotal - discount + Σ exclusive taxes.
type LinePrice struct {
	Subtotal    int64 // unit price × quantity
	Discount    int64 // Σ allocations
	Allocations []DiscountAllocation
	TaxLines    []TaxLine
	Tax         int64 // Σ tax lines
	Total       int64
}

// Use is a discount whose number of uses is limited.
type Use struct {
	DiscountID string
	Code       string // empty: an automatic one
	Limit      int64
	Pointer    string // the code's place in the request, for a refusal; empty for an automatic one
}

// Calculate returns what an order costs. It fails with a *rule.Violation that lists every fault: quantity_out_of_range
// and validation_failed of lines, shipping_method_invalid, and discount_invalid of codes (automatic discounts that do
// not fit are just not given). What the input's slices hold is neither kept nor changed.
//
// Discounts are taken off one after the other, each from what those before it left: first those on SKUs, then those on
// the order; of these percentages first, then by id. An order gets one discount that is not combinable, or any number of
// those that are: entered codes go before automatic discounts, and of automatic ones the most favourable choice counts.
// Taxes are on what is left after discounts.
func Calculate(in Input) (Output, error) {
	c := calculation{in: &in, currency: in.Currency, mode: in.Rounding.Mode}
	out := Output{Lines: make([]LinePrice, len(in.Lines)), Rounding: in.Rounding}
	c.subtotals(&out)
	if err := c.faults.Err(); err != nil {
		return Output{}, err
	}
	c.discounts(&out)
	c.shipping(&out)
	if err := c.faults.Err(); err != nil {
		return Output{}, err
	}
	c.taxes(&out)
	c.totals(&out)
	if err := c.faults.Err(); err != nil {
		return Output{}, err
	}
	return out, nil
}

// calculation is the work on one order.
type calculation struct {
	in       *Input
	currency string
	mode     money.Rounding
	subtotal int64 // of all lines, before discounts
	faults   rule.Faults
}

// at returns a line's place in the request.
func (c *calculation) at(index int, field string) string {
	if p := c.in.Lines[index].Pointer; p != "" {
		return p + field
	}
	return "/lines/" + strconv.Itoa(index) + field
}

// subtotals prices the lines without discounts and taxes.
func (c *calculation) subtotals(out *Output) {
	most := c.in.MaxQuantity
	if most <= 0 {
		most = MaxQuantity
	}
	for i := range c.in.Lines {
		item := &c.in.Lines[i]
		switch {
		case item.Quantity < 1 || item.Quantity > most:
			c.faults.Add(rule.QuantityOutOfRange, c.at(i, "/quantity"), "a quantity is 1 to %d, not %d", most, item.Quantity)
			continue
		case item.UnitPrice < 0:
			c.faults.Add(rule.ValidationFailed, c.at(i, "/unit_price"), "a price is 0 or more, not %d", item.UnitPrice)
			continue
		}
		var err error
		if out.Lines[i].Subtotal, err = money.MulWithin(item.UnitPrice, item.Quantity); err != nil {
			c.faults.Add(rule.ValidationFailed, c.at(i, "/quantity"), "%d units at %d come to more than %d minor units, the most that an order may come to; order less", item.Quantity, item.UnitPrice, int64(money.MaxSum))
			continue
		}
		if c.subtotal, err = money.AddWithin(c.subtotal, out.Lines[i].Subtotal); err != nil {
			c.tooMuch()
			return
		}
	}
}

// shipping adds the charge for the chosen method.
func (c *calculation) shipping(out *Output) {
	if c.in.Method == "" {
		return
	}
	method, ok := c.in.Rules.Method(c.in.Method)
	if !ok {
		c.faults.AddDetail(rule.Detail{
			Pointer: pointerMethod, Code: rule.ShippingMethodInvalid, Message: "there is no shipping method " + strconv.Quote(c.in.Method),
			Meta: map[string]any{"shipping_method": c.in.Method},
		})
		return
	}
	subtotal, grams, needed := c.parcel(out)
	if !needed {
		c.faults.AddDetail(*method.misfit("nothing on this order needs shipping; leave the shipping method out"))
		return
	}
	if misfit := method.offered(strings.ToUpper(c.in.Country), c.in.At); misfit != nil {
		c.faults.AddDetail(*misfit)
		return
	}
	amount, misfit := method.price(c.currency, subtotal, grams)
	if misfit != nil {
		c.faults.AddDetail(*misfit)
		return
	}
	out.Shipping = []ShippingLine{{Method: method.ID, Amount: amount, TaxClass: cmp.Or(method.TaxClass, StandardClass)}}
}

// parcel returns what the goods cost after discounts, what those that need shipping weigh, and whether any does.
func (c *calculation) parcel(out *Output) (subtotal, grams int64, needed bool) {
	subtotal = c.subtotal
	for i := range c.in.Lines {
		item := &c.in.Lines[i]
		subtotal -= out.Lines[i].Discount
		if !item.RequiresShipping {
			continue
		}
		needed = true
		weight, err := money.Mul(item.Weight, item.Quantity)
		if err == nil {
			grams, err = money.Add(grams, weight)
		}
		if err != nil {
			c.faults.Add(rule.ValidationFailed, c.at(i, "/quantity"), "%d units of %d g exceed what can be weighed; order less", item.Quantity, item.Weight)
			return subtotal, 0, true
		}
	}
	return subtotal, grams, needed
}

// totals sums the lines and the order up.
func (c *calculation) totals(out *Output) {
	t := &out.Totals
	t.Subtotal = c.subtotal
	fits := true
	add := func(sum *int64, term int64) {
		next, err := money.AddWithin(*sum, term)
		*sum, fits = next, fits && err == nil
	}
	for i := range out.Lines {
		l := &out.Lines[i]
		l.Total = l.Subtotal - l.Discount
		for j := range l.TaxLines {
			add(&l.Tax, l.TaxLines[j].Amount)
			if !l.TaxLines[j].Inclusive {
				add(&l.Total, l.TaxLines[j].Amount)
			}
		}
		t.Discount += l.Discount // no more than the subtotal
		add(&t.Tax, l.Tax)
		add(&t.Total, l.Total)
	}
	for i := range out.Shipping {
		s := &out.Shipping[i]
		add(&t.Shipping, s.Amount)
		add(&t.Total, s.Amount)
		for j := range s.TaxLines {
			add(&t.Tax, s.TaxLines[j].Amount)
			if !s.TaxLines[j].Inclusive {
				add(&t.Total, s.TaxLines[j].Amount)
			}
		}
	}
	if !fits {
		c.tooMuch()
	}
}

func (c *calculation) tooMuch() {
	c.faults.Add(rule.ValidationFailed, cmp.Or(c.in.Pointer, "/lines"), "the order comes to more than %d minor units; order less", int64(money.MaxSum))
}
