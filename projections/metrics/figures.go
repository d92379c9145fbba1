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
	ordersExpired
	ordersCompleted
	units
	unitsCanceled
	unitsReturned
	figureCount
)

// figureColumns are the columns of the figures, in their sequence.
var figureColumns = [figureCount]string{
	"gross_sales", "discounts", "tax", "shipping", "cancellations", "refunds", "captured", "paid_back", "orders_placed",
	"orders_confirmed", "orders_canceled", "orders_expired", "orders_completed", "units", "units_canceled",
	"units_returned",
}

// figures are the sums of one bucket.
type figures [figureCount]int64

// seriesOf returns the currency and the channel that an event counts for, or false for one that says nothing of figures.
func seriesOf(fact order.Event) (currency, channel string, counts bool) {
	switch f := fact.(type) {
	case order.Placed:
		return f.Currency, f.Channel, true
	case order.Imported:
		return f.Currency, f.Channel, true
	case order.Confirmed:
		return f.Currency, f.Channel, true
	case order.PaymentUpdated:
		return f.Currency, f.Channel, true
	case order.Canceled:
		return f.Currency, f.Channel, f.PreviousStatus != order.StatusDraft
	case order.ReturnImported:
		return f.Currency, f.Channel, true
	case order.LinesCanceled:
		return f.Currency, f.Channel, true
	case order.Expired:
		return f.Currency, f.Channel, true
	case order.EditCommitted:
		return f.Currency, f.Channel, true
	case order.ShippingAddressChanged:
		return f.Currency, f.Channel, f.Requote != nil
	case order.Completed:
		return f.Currency, f.Channel, true
	case order.ReturnReceived:
		return f.Currency, f.Channel, true
	case order.ReturnResolved:
		return f.Currency, f.Channel, true
	case order.Drafted, order.DraftUpdated, order.Held, order.HoldReleased, order.EditBegun, order.EditStaged,
		order.EditDiscarded, order.BackorderFilled, order.Archived, order.FulfillmentPlanned, order.FulfillmentMoved,
		order.FulfillmentCreated, order.ShipmentDispatched, order.TrackingUpdated, order.ShipmentDelivered,
		order.DeliveryFailed, order.FulfillmentCanceled, order.ReturnRequested, order.ReturnApproved, order.ReturnDeclined,
		order.ReturnCanceled, order.BillingAddressChanged, order.ContactChanged, order.NoteAdded, order.NoteEdited,
		order.NoteRemoved, order.TagsChanged, order.MetadataChanged, order.InvoiceIssued, order.CreditNoteIssued:
		return "", "", false
	}
	return "", "", true // count refuses it
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
	case order.Completed:
		f[ordersCompleted]++
	case order.PaymentUpdated:
		s.add(&f[captured], e.CapturedChange)
		s.add(&f[paidBack], e.RefundedChange)
	case order.Canceled:
		f[ordersCanceled]++
		f.cancel(&s, e.Value, e.Lines)
	case order.LinesCanceled:
		f.cancel(&s, e.Value, e.Lines)
	case order.Expired:
		f[ordersExpired]++
		f.cancel(&s, e.Value, e.Lines)
	case order.EditCommitted:
		f.edit(&s, &e)
	case order.ShippingAddressChanged:
		f.requote(&s, e.Requote)
	case order.ReturnReceived:
		for i := range e.Lines {
			s.add(&f[unitsReturned], e.Lines[i].Quantity)
		}
	case order.ReturnResolved:
		s.add(&f[refunds], e.Refund)
		s.add(&f[refunds], e.TakenOffDue)
		s.add(&f[refunds], -e.RefundTax)
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

// cancel adds what is taken off an order.
func (f *figures) cancel(s *summer, value int64, lines []order.CanceledLine) {
	s.add(&f[cancellations], value)
	for i := range lines {
		s.add(&f[unitsCanceled], lines[i].Quantity)
	}
}

// edit adds what a committed edit brings: units that come in count as if they had been ordered, and those that go as
// canceled. Taxes stay those of what was ordered, as they do with any cancellation.
func (f *figures) edit(s *summer, e *order.EditCommitted) {
	for i := range e.LineChanges {
		if l := e.LineChanges[i].Removed; l != nil {
			s.add(&f[cancellations], l.Amount)
			s.add(&f[unitsCanceled], l.Quantity)
		}
		if a := e.LineChanges[i].Added; a != nil {
			line := order.Line{
				Quantity: a.Quantity, Subtotal: a.Subtotal, DiscountAllocations: a.DiscountAllocations, TaxLines: a.TaxLines, Total: a.Total,
			}
			f.line(s, &line)
			s.add(&f[tax], line.TaxTotal())
		}
	}
	for i := range e.LinesAdded {
		f.line(s, &e.LinesAdded[i])
		s.add(&f[tax], e.LinesAdded[i].TaxTotal())
	}
	if e.Shipping == nil {
		return
	}
	for i := range e.Shipping.Before {
		was := &e.Shipping.Before[i]
		s.add(&f[shipping], -was.NetTotal())
		s.add(&f[tax], was.NetTotal()-was.Total())
	}
	for i := range e.Shipping.After {
		is := &e.Shipping.After[i]
		s.add(&f[shipping], is.NetTotal())
		s.add(&f[tax], is.Total()-is.NetTotal())
	}
}

// requote adds what taxes that are computed anew bring. Where prices contain them, goods, discounts and shipping are worth
// so much less, or more: all is as if it had been ordered at these taxes.
func (f *figures) requote(s *summer, q *order.Requote) {
	s.add(&f[tax], q.TotalsAfter.Tax)
	s.add(&f[tax], -q.TotalsBefore.Tax)
	s.add(&f[shipping], q.ShippingNetChange)
	for i := range q.Lines {
		l := &q.Lines[i]
		s.add(&f[grossSales], l.NetSubtotalChange)
		s.add(&f[discounts], l.NetSubtotalChange)
		s.add(&f[discounts], -l.NetTotalChange)
	}
}

// place adds what a new order brings.
func (f *figures) place(s *summer, c *order.Contents) {
	f[ordersPlaced]++
	s.add(&f[tax], c.Totals.Tax)
	for i := range c.Lines {
		f.line(s, &c.Lines[i])
	}
	for i := range c.ShippingLines {
		s.add(&f[shipping], c.ShippingLines[i].NetTotal())
	}
}

// line adds units that are ordered.
func (f *figures) line(s *summer, l *order.Line) {
	before := l.NetSubtotal()
	s.add(&f[grossSales], before)
	s.add(&f[discounts], before-l.NetTotal())
	s.add(&f[units], l.Quantity)
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
