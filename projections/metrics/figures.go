package metrics

import (
	"fmt"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

// figure is one stored sum or count. Values are minor units, orders or units.
type figure int

const (
	grossSales figure = iota
	discounts
	tax
	shipping
	cancellations
	refunds
	captured
	paidBack
	ordersPlaced
	ordersConfirmed
	ordersCanceled
	ordersCompleted
	units
	unitsCanceled
	unitsReturned
	figureCount
)

// figureColumns are the columns of the figures, in their sequence.
var figureColumns = [figureCount]string{
	"gross_sales", "discounts", "tax", "shipping", "cancellations", "refunds", "captured", "paid_back", "orders_placed",
	"orders_confirmed", "orders_canceled", "orders_completed", "units", "units_canceled", "units_returned",
}

// figures are the sums of one bucket.
type figures [figureCount]int64

// seriesOf returns the currency and the channel that an event counts for.
func seriesOf(fact order.Event) (currency, channel string) {
	switch f := fact.(type) {
	case order.Placed:
		return f.Currency, f.Channel
	case order.Imported:
		return f.Currency, f.Channel
	case order.Confirmed:
		return f.Currency, f.Channel
	case order.PaymentUpdated:
		return f.Currency, f.Channel
	case order.Canceled:
		return f.Currency, f.Channel
	case order.ReturnImported:
		return f.Currency, f.Channel
	}
	return "", ""
}

// count adds what an event brings. It fails, with the event counted in part, if a sum needs more than 64 bits.
func (f *figures) count(fact order.Event) error {
	var s summer
	switch e := fact.(type) {
	case order.Placed:
		f.place(&s, &e.Contents)
	case order.Imported:
		f.place(&s, &e.Contents)
		s.add(&f[captured], e.Captured)
		switch e.Statuses.Status {
		case order.StatusCompleted:
			f[ordersConfirmed]++
			f[ordersCompleted]++
		case order.StatusConfirmed:
			f[ordersConfirmed]++
		default:
		}
	case order.Confirmed:
		f[ordersConfirmed]++
	case order.PaymentUpdated:
		s.add(&f[captured], e.CapturedChange)
		s.add(&f[paidBack], e.RefundedChange)
	case order.Canceled:
		f[ordersCanceled]++
		s.add(&f[cancellations], e.Value)
		for i := range e.Lines {
			s.add(&f[unitsCanceled], e.Lines[i].Quantity)
		}
	case order.ReturnImported:
		s.add(&f[paidBack], e.Refund)
		for i := range e.Lines {
			s.add(&f[refunds], e.Lines[i].Amount)
			s.add(&f[unitsReturned], e.Lines[i].Quantity)
		}
	default:
		return fmt.Errorf("event %T is new to this build", fact)
	}
	return s.err
}

// place adds what a new order brings.
func (f *figures) place(s *summer, c *order.Contents) {
	f[ordersPlaced]++
	s.add(&f[tax], c.Totals.Tax)
	for i := range c.Lines {
		l := &c.Lines[i]
		before := l.NetSubtotal()
		s.add(&f[grossSales], before)
		s.add(&f[discounts], before-l.NetTotal())
		s.add(&f[units], l.Quantity)
	}
	for i := range c.ShippingLines {
		s.add(&f[shipping], c.ShippingLines[i].NetTotal())
	}
}

// summer adds, and remembers the first sum that did not fit.
type summer struct{ err error }

func (s *summer) add(sum *int64, term int64) {
	total, err := money.Add(*sum, term)
	if err != nil {
		s.err = err
		return
	}
	*sum = total
}
