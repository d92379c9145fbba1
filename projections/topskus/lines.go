package topskus

import (
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

// adder takes in what an event brings to a SKU.
type adder func(currency, sku string, s sums)

// off is what takes an amount off a SKU's net value.
func off(amount int64) sums { return sums{net: money.TotalOf(amount).Neg()} }

// on is what units that were ordered bring.
func on(l *order.Line) sums {
	return sums{units: money.TotalOf(l.Quantity), net: money.TotalOf(l.NetTotal())}
}

// eachLine adds what was ordered.
func eachLine(c *order.Contents, add adder) {
	for i := range c.Lines {
		l := &c.Lines[i]
		add(c.Currency, l.SKU, on(l))
	}
}

// eachCanceled takes off what canceled units had cost.
func eachCanceled(currency string, lines []order.CanceledLine, add adder) {
	for i := range lines {
		add(currency, lines[i].SKU, off(lines[i].Amount))
	}
}

// eachEdited adds units that come in as if they had been ordered, and takes off what those that go had cost.
func eachEdited(e *order.EditCommitted, add adder) {
	for i := range e.LineChanges {
		change := &e.LineChanges[i]
		if l := change.Removed; l != nil {
			add(e.Currency, change.SKU, off(l.Amount))
		}
		if a := change.Added; a != nil {
			line := order.Line{Quantity: a.Quantity, TaxLines: a.TaxLines, Total: a.Total}
			add(e.Currency, change.SKU, on(&line))
		}
	}
	for i := range e.LinesAdded {
		l := &e.LinesAdded[i]
		add(e.Currency, l.SKU, on(l))
	}
}

// eachRetaxed adds what other taxes, where prices contain them, make lines worth more or less. A line that they leave as it
// was is none of the SKU's business.
func eachRetaxed(e *order.ShippingAddressChanged, add adder) {
	if e.Requote == nil {
		return
	}
	for i := range e.Requote.Lines {
		l := &e.Requote.Lines[i]
		if l.NetTotalChange == 0 {
			continue
		}
		add(e.Currency, l.SKU, sums{net: money.TotalOf(l.NetTotalChange)})
	}
}

// eachRefunded takes off what the order costs less for returned units, without tax, split by what they had cost. What is
// given beyond that is none of the SKUs' business.
func eachRefunded(e *order.ReturnResolved, add adder) {
	worth := make([]int64, len(e.Lines))
	for i := range e.Lines {
		worth[i] = max(0, e.Lines[i].Amount)
	}
	for i, part := range money.Allocate(e.Parts().Goods.Clamp(), worth) {
		add(e.Currency, e.Lines[i].SKU, off(part))
	}
}
