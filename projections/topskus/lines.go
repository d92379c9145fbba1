package topskus

import (
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

// adder takes in what an event brings to a SKU.
type adder func(currency, sku string, s sums) error

// eachLine adds what was ordered.
func eachLine(c *order.Contents, add adder) error {
	for i := range c.Lines {
		l := &c.Lines[i]
		if err := add(c.Currency, l.SKU, sums{units: l.Quantity, net: l.NetTotal()}); err != nil {
			return err
		}
	}
	return nil
}

// eachCanceled takes off what canceled units had cost.
func eachCanceled(currency string, lines []order.CanceledLine, add adder) error {
	for i := range lines {
		if err := add(currency, lines[i].SKU, sums{net: -lines[i].Amount}); err != nil {
			return err
		}
	}
	return nil
}

// eachEdited adds units that come in as if they had been ordered, and takes off what those that go had cost.
func eachEdited(e *order.EditCommitted, add adder) error {
	for i := range e.LineChanges {
		change := &e.LineChanges[i]
		if l := change.Removed; l != nil {
			if err := add(e.Currency, change.SKU, sums{net: -l.Amount}); err != nil {
				return err
			}
		}
		if a := change.Added; a != nil {
			line := order.Line{TaxLines: a.TaxLines, Total: a.Total}
			if err := add(e.Currency, change.SKU, sums{units: a.Quantity, net: line.NetTotal()}); err != nil {
				return err
			}
		}
	}
	for i := range e.LinesAdded {
		l := &e.LinesAdded[i]
		if err := add(e.Currency, l.SKU, sums{units: l.Quantity, net: l.NetTotal()}); err != nil {
			return err
		}
	}
	return nil
}

// eachRetaxed adds what other taxes, where prices contain them, make lines worth more or less. A line that they leave as it
// was is none of the SKU's business.
func eachRetaxed(e *order.ShippingAddressChanged, add adder) error {
	if e.Requote == nil {
		return nil
	}
	for i := range e.Requote.Lines {
		l := &e.Requote.Lines[i]
		if l.NetTotalChange == 0 {
			continue
		}
		if err := add(e.Currency, l.SKU, sums{net: l.NetTotalChange}); err != nil {
			return err
		}
	}
	return nil
}

// eachRefunded takes off what the order costs less for returned units, without tax, split by what they had cost.
func eachRefunded(e *order.ReturnResolved, add adder) error {
	worth := make([]int64, len(e.Lines))
	for i := range e.Lines {
		worth[i] = max(0, e.Lines[i].Amount)
	}
	for i, part := range money.Allocate(e.Refund+e.TakenOffDue-e.RefundTax, worth) {
		if err := add(e.Currency, e.Lines[i].SKU, sums{net: -part}); err != nil {
			return err
		}
	}
	return nil
}
