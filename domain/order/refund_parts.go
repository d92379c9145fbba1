package order

import (
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
)

// RefundParts is what an order costs less once a return is resolved, each without tax, and the tax of all. What units had
// cost comes first, then what the shipping had cost, and the rest is goodwill, which has no tax.
type RefundParts struct{ Goods, Shipping, Goodwill, Tax money.Total }

// Parts returns what the event takes off the order. What events from before there were parts give beyond the units counts
// as goodwill.
func (e *ReturnResolved) Parts() RefundParts {
	p := RefundParts{Tax: money.TotalOf(e.RefundTax), Goodwill: money.TotalOf(e.RefundGoodwill)}
	p.Shipping.Add(e.RefundShipping)
	p.Shipping.Sub(e.RefundShippingTax)
	p.Goods.Add(e.Refund)
	p.Goods.Add(e.TakenOffDue)
	p.Goods = p.Goods.Minus(p.Tax, p.Shipping, p.Goodwill)
	var worth money.Total
	for i := range e.Lines {
		worth.Add(e.Lines[i].Amount)
	}
	if beyond := p.Goods.Minus(worth); beyond.Sign() > 0 {
		p.Goods = worth
		p.Goodwill.AddTotal(beyond)
	}
	return p
}

// shippingCredit returns how much of an amount can stand for the order's shipping, with its tax, after what returns have
// credited of it before, and the tax in that. Any sequence of credits adds up to the tax of the shipping.
func (o *Order) shippingCredit(amount int64) (part, tax int64) {
	var net, taxes, before int64
	for i := range o.ShippingLines {
		s := &o.ShippingLines[i]
		net, taxes = money.Clamped(net, s.NetTotal()), money.Clamped(taxes, pricing.TaxTotal(s.TaxLines))
	}
	for i := range o.Returns {
		before = money.Clamped(before, o.Returns[i].RefundShipping)
	}
	whole := money.Clamped(net, taxes)
	if part = min(amount, whole-before); part <= 0 { // an edit may have made the shipping cost less than was credited
		return 0, 0
	}
	taxOf := func(credit int64) int64 { return money.Allocate(credit, []int64{max(0, net), max(0, taxes)})[1] }
	return part, taxOf(before+part) - taxOf(before)
}
