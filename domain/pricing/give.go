package pricing

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// given is a discount that an order gets, with the place of its code in the request.
type given struct {
	*DiscountRule
	pointer string
}

// discounts takes the discounts off the lines.
func (c *calculation) discounts(out *Output) {
	list := c.entered()
	if automatic := c.automatic(); len(automatic) > 0 {
		list = c.combine(list, automatic, out)
	}
	if len(list) == 0 || c.faults.Err() != nil {
		return
	}
	slices.SortStableFunc(list, compareGiven)
	for _, g := range list {
		amount := c.take(g.DiscountRule, out)
		if amount == 0 && g.Automatic() {
			continue
		}
		d := Discount{DiscountID: g.ID, Code: g.Code, Amount: amount, Rate: g.Rate}
		if g.Scope == ScopeSKUs {
			d.Scope = ScopeSKUs
		}
		out.Discounts = append(out.Discounts, d)
		if g.UsageLimit > 0 {
			out.Uses = append(out.Uses, Use{DiscountID: g.ID, Code: g.Code, Limit: g.UsageLimit, Pointer: g.pointer})
		}
	}
}

// compareGiven is the sequence in which discounts are taken off.
func compareGiven(a, b given) int {
	rank := func(g given) int {
		r := 0
		if g.Scope != ScopeSKUs {
			r += 2
		}
		if g.Kind != DiscountPercentage {
			r++
		}
		return r
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.ID, b.ID))
}

// entered returns the discounts of the codes that came with the order and records every one that cannot be given.
func (c *calculation) entered() []given {
	var list []given
	for i, code := range c.in.Codes {
		pointer := pointerCodes + "/" + strconv.Itoa(i)
		d, ok := c.in.Rules.DiscountByCode(code)
		if !ok {
			c.refuse(pointer, map[string]any{"code": code}, "there is no discount code %q", code)
			continue
		}
		twice := slices.ContainsFunc(list, func(g given) bool { return g.ID == d.ID })
		if twice {
			c.refuse(pointer, map[string]any{"code": code, "discount_id": d.ID}, "discount code %q is entered twice", code)
			continue
		}
		if misfit := c.misfit(d); misfit != fits {
			c.explain(d, misfit, pointer)
			continue
		}
		list = append(list, given{d, pointer})
	}
	if len(list) < 2 {
		return list
	}
	for _, g := range list {
		if !g.Combinable {
			c.refuse(g.pointer, map[string]any{"code": g.Code, "discount_id": g.ID}, "discount code %q cannot be combined with others; enter it alone", g.Code)
		}
	}
	return list
}

// automatic returns the discounts without a code that the order may get.
func (c *calculation) automatic() []given {
	var list []given
	for _, d := range c.in.Rules.Automatic() {
		if c.misfit(d) == fits && !slices.Contains(c.in.Without, d.ID) {
			list = append(list, given{DiscountRule: d})
		}
	}
	return list
}

// combine adds automatic discounts to the entered ones as far as they may stand together. Without any entered code the
// choice is between all that are combinable and each one that is not; the first that takes off most is made.
func (c *calculation) combine(entered, automatic []given, out *Output) []given {
	var together, alone []given
	for _, g := range automatic {
		if g.Combinable {
			together = append(together, g)
		} else {
			alone = append(alone, g)
		}
	}
	if len(entered) > 0 {
		if entered[0].Combinable {
			return append(entered, together...)
		}
		return entered
	}
	if len(alone) == 0 {
		return together
	}
	best, most := together, c.worth(together, out)
	for i := range alone {
		if worth := c.worth(alone[i:i+1], out); worth > most {
			best, most = alone[i:i+1], worth
		}
	}
	return best
}

// worth returns what discounts would take off together.
func (c *calculation) worth(list []given, out *Output) int64 {
	if len(list) == 0 {
		return 0
	}
	trial := Output{Lines: slices.Clone(out.Lines)}
	slices.SortStableFunc(list, compareGiven)
	var sum int64
	for _, g := range list {
		sum += c.take(g.DiscountRule, &trial)
	}
	return sum
}

// take takes a discount off the lines, in proportion to what they are still worth, and returns its amount.
func (c *calculation) take(d *DiscountRule, out *Output) int64 {
	left := make([]int64, len(out.Lines))
	var worth int64
	for i := range out.Lines {
		if d.Reduces(c.in.Lines[i].SKU) {
			left[i] = out.Lines[i].Subtotal - out.Lines[i].Discount
			worth += left[i] // no more than the order's subtotal
		}
	}
	amount := worth
	if d.Kind == DiscountPercentage {
		var err error
		if amount, err = money.ApplyRate(worth, d.Rate, c.mode); err != nil {
			c.faults.AddError("", fmt.Errorf("discount %s: %w", d.ID, err)) // not with a rate that passed its check
			return 0
		}
	} else if fixed, _ := amountIn(d.Amounts, c.currency); fixed < worth {
		amount = fixed
	}
	if amount == 0 && d.Automatic() {
		return 0 // it is not given, so no line carries it
	}
	allocations := make([]DiscountAllocation, len(out.Lines))
	for i, part := range money.Allocate(amount, left) {
		// A line that a percentage reduces by nothing carries it all the same: units that are added later may not be free.
		if part == 0 && (d.Kind != DiscountPercentage || !d.Reduces(c.in.Lines[i].SKU)) {
			continue
		}
		allocations[i] = DiscountAllocation{DiscountID: d.ID, Amount: part}
		l := &out.Lines[i]
		if l.Discount += part; l.Allocations == nil {
			l.Allocations = allocations[i : i+1 : i+1]
		} else {
			l.Allocations = append(l.Allocations, allocations[i])
		}
	}
	return amount
}

// misfit is why an order cannot get a discount.
type misfit uint8

const (
	fits misfit = iota
	disabled
	tooEarly
	tooLate
	otherCurrency
	belowMinimum
	noSuchLines
)

func (c *calculation) misfit(d *DiscountRule) misfit {
	switch {
	case d.Disabled:
		return disabled
	case c.in.At.Before(d.ValidFrom):
		return tooEarly
	case ended(d.ValidTo, c.in.At):
		return tooLate
	}
	if d.Kind == DiscountFixed {
		if _, ok := amountIn(d.Amounts, c.currency); !ok {
			return otherCurrency
		}
	}
	if len(d.MinimumSubtotal) > 0 {
		minimum, ok := amountIn(d.MinimumSubtotal, c.currency)
		if !ok {
			return otherCurrency
		}
		if c.subtotal < minimum {
			return belowMinimum
		}
	}
	if !slices.ContainsFunc(c.in.Lines, func(item Item) bool { return d.Reduces(item.SKU) }) {
		return noSuchLines
	}
	return fits
}

// explain records why a code is refused.
func (c *calculation) explain(d *DiscountRule, why misfit, pointer string) {
	meta := map[string]any{"code": d.Code, "discount_id": d.ID}
	switch why {
	case fits:
	case disabled:
		c.refuse(pointer, meta, "discount code %q is switched off", d.Code)
	case tooEarly:
		meta["valid_from"] = d.ValidFrom.Format(time.RFC3339)
		c.refuse(pointer, meta, "discount code %q is valid from %s on", d.Code, d.ValidFrom.Format(time.RFC3339))
	case tooLate:
		meta["valid_to"] = d.ValidTo.Format(time.RFC3339)
		c.refuse(pointer, meta, "discount code %q was valid until %s", d.Code, d.ValidTo.Format(time.RFC3339))
	case otherCurrency:
		meta["currency"] = c.currency
		c.refuse(pointer, meta, "discount code %q is not for orders in %s", d.Code, c.currency)
	case belowMinimum:
		minimum, _ := amountIn(d.MinimumSubtotal, c.currency)
		missing := money.Amount{Minor: minimum - c.subtotal, Currency: c.currency}
		meta["minimum"], meta["requested"], meta["missing"], meta["currency"] = minimum, c.subtotal, missing.Minor, c.currency
		c.refuse(pointer, meta, "discount code %q is for orders of %s or more; %s is missing", d.Code,
			money.Amount{Minor: minimum, Currency: c.currency}, missing)
	case noSuchLines:
		c.refuse(pointer, meta, "discount code %q reduces nothing on this order", d.Code)
	}
}

func (c *calculation) refuse(pointer string, meta map[string]any, format string, args ...any) {
	c.faults.AddDetail(rule.Detail{Pointer: pointer, Code: rule.DiscountInvalid, Message: fmt.Sprintf(format, args...), Meta: meta})
}
