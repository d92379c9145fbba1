package pricing

import (
	"math/big"
	"slices"

	"github.com/ordermill/ordermill/domain/money"
)

// taxable is a line or the shipping charge, as the tax office sees it.
type taxable struct {
	rate *TaxRate // nil: no tax
	base int64    // after discounts
	tax  int64
}

// group is what shares a rate.
type group struct {
	rate    *TaxRate
	members []int // positions in the list of taxables
	bases   []int64
	base    int64
	tax     int64
}

// taxes adds the tax lines of goods and shipping.
func (c *calculation) taxes(out *Output) {
	if c.in.Rules == nil || len(c.in.Rules.rates) == 0 {
		return
	}
	list := c.taxables(out)
	var err error
	switch c.in.Rounding.Scope {
	case ScopeRateGroup, ScopeOrder:
		err = c.taxGroups(list)
	case "", ScopeLine:
		for i := range list {
			if t := &list[i]; t.rate != nil && err == nil {
				t.tax, err = t.rate.tax(t.base, c.mode)
			}
		}
	}
	if err != nil {
		c.tooMuch()
		return
	}
	lines := make([]TaxLine, len(list))
	for i, t := range list {
		if t.rate == nil {
			continue
		}
		lines[i] = t.rate.Line()
		lines[i].Amount = t.tax
		if i < len(out.Lines) {
			out.Lines[i].TaxLines = lines[i : i+1 : i+1]
		} else {
			out.Shipping[i-len(out.Lines)].TaxLines = lines[i : i+1 : i+1]
		}
	}
}

// taxables lists the lines and then the shipping charges with their rates.
func (c *calculation) taxables(out *Output) []taxable {
	list := make([]taxable, len(out.Lines)+len(out.Shipping))
	for i := range out.Lines {
		list[i].base = out.Lines[i].Subtotal - out.Lines[i].Discount
		list[i].rate, _ = c.in.Rules.Rate(c.in.Lines[i].TaxClass, c.in.Country)
	}
	for i := range out.Shipping {
		t := &list[len(out.Lines)+i]
		t.base = out.Shipping[i].Amount
		t.rate, _ = c.in.Rules.Rate(out.Shipping[i].TaxClass, c.in.Country)
	}
	return list
}

// taxGroups rounds the tax of each rate, or of the order, as one sum and splits it over the members.
func (c *calculation) taxGroups(list []taxable) error {
	groups, err := grouped(list)
	if err != nil {
		return err
	}
	if c.in.Rounding.Scope == ScopeOrder {
		roundTogether(groups, c.mode)
	} else {
		for i := range groups {
			if groups[i].tax, err = groups[i].rate.tax(groups[i].base, c.mode); err != nil {
				return err
			}
		}
	}
	for i := range groups {
		g := &groups[i]
		for j, part := range money.Allocate(g.tax, g.bases) {
			list[g.members[j]].tax = part
		}
	}
	return nil
}

// grouped collects what shares code, rate and kind of tax, in the sequence of the first members.
func grouped(list []taxable) ([]group, error) {
	var groups []group
	var all int64 // if it fits, no sum of taxes overflows: rates are at most one
	for i, t := range list {
		if t.rate == nil {
			continue
		}
		at := slices.IndexFunc(groups, func(g group) bool { return g.rate == t.rate || g.rate.Line() == t.rate.Line() })
		if at < 0 {
			at = len(groups)
			groups = append(groups, group{rate: t.rate})
		}
		g := &groups[at]
		g.members, g.bases = append(g.members, i), append(g.bases, t.base)
		g.base += t.base
		var err error
		if all, err = money.Add(all, t.base); err != nil {
			return nil, err
		}
	}
	return groups, nil
}

// roundTogether rounds the sum of the groups' exact taxes once and gives each group its whole part of it, what is left
// to the largest fractions. Taxes that prices contain and taxes on top of them are two sums, as only the latter are
// charged.
func roundTogether(groups []group, mode money.Rounding) {
	for _, inclusive := range [...]bool{false, true} {
		var (
			sum   big.Rat
			whole int64
			rests []rest
		)
		for i := range groups {
			g := &groups[i]
			if g.rate.Inclusive != inclusive {
				continue
			}
			exact := g.exact()
			sum.Add(&sum, exact)
			var floor big.Int
			floor.Quo(exact.Num(), exact.Denom())
			g.tax = floor.Int64() // no more than the base, as rates are at most one
			whole += g.tax
			rests = append(rests, rest{group: i, fraction: exact.Sub(exact, new(big.Rat).SetInt(&floor))})
		}
		slices.SortStableFunc(rests, func(a, b rest) int { return b.fraction.Cmp(a.fraction) })
		for _, r := range rests[:rounded(&sum, mode)-whole] {
			groups[r.group].tax++
		}
	}
}

// rest is what rounding down left of a group's tax.
type rest struct {
	group    int
	fraction *big.Rat
}

// exact returns the group's tax before rounding.
func (g *group) exact() *big.Rat {
	divisor := int64(money.Million)
	if g.rate.Inclusive {
		divisor += g.rate.Rate
	}
	tax := new(big.Rat).SetFrac64(g.rate.Rate, divisor)
	return tax.Mul(tax, new(big.Rat).SetInt64(g.base))
}

// rounded returns a sum of at least 0 as whole minor units.
func rounded(sum *big.Rat, mode money.Rounding) int64 {
	floor, left := new(big.Int).QuoRem(sum.Num(), sum.Denom(), new(big.Int))
	half := left.Lsh(left, 1).Cmp(sum.Denom())
	if half > 0 || half == 0 && (mode != money.HalfEven || floor.Bit(0) == 1) {
		floor.Add(floor, big.NewInt(1))
	}
	return floor.Int64()
}
