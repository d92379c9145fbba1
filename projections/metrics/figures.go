package metrics

import (
	"fmt"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/pricing"
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
	refundsShipping
	goodwill
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
	"gross_sales", "discounts", "tax", "shipping", "cancellations", "refunds", "refunds_shipping", "goodwill", "captured", "paid_back", "orders_placed",
	"orders_confirmed", "orders_canceled", "orders_expired", "orders_completed", "units", "units_canceled",
	"units_returned",
}

// figures are the sums of one bucket.
type figures [figureCount]money.Total

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

// count adds what an event brings. It fails, with nothing added, if the event is new to this build.
func (f *figures) count(fact order.Event) error {
	switch e := fact.(type) {
	case order.Placed:
		f.place(&e.Contents)
	case order.Imported:
		f.place(&e.Contents)
		f[captured].Add(e.Captured)
		switch e.Statuses.Status {
		case order.StatusCompleted:
			f[ordersConfirmed].Add(1)
			f[ordersCompleted].Add(1)
		case order.StatusConfirmed:
			f[ordersConfirmed].Add(1)
		default:
		}
	case order.Confirmed:
		f[ordersConfirmed].Add(1)
	case order.Completed:
		f[ordersCompleted].Add(1)
	case order.PaymentUpdated:
		f[captured].Add(e.CapturedChange)
		f[paidBack].Add(e.RefundedChange)
	case order.Canceled:
		f[ordersCanceled].Add(1)
		f.cancel(e.Value, e.Lines)
	case order.LinesCanceled:
		f.cancel(e.Value, e.Lines)
	case order.Expired:
		f[ordersExpired].Add(1)
		f.cancel(e.Value, e.Lines)
	case order.EditCommitted:
		f.edit(&e)
	case order.ShippingAddressChanged:
		f.requote(e.Requote)
	case order.ReturnReceived:
		for i := range e.Lines {
			f[unitsReturned].Add(e.Lines[i].Quantity)
		}
	case order.ReturnResolved:
		parts := e.Parts()
		f[refunds].AddTotal(parts.Goods)
		f[refundsShipping].AddTotal(parts.Shipping)
		f[goodwill].AddTotal(parts.Goodwill)
	case order.ReturnImported:
		f[paidBack].Add(e.Refund)
		for i := range e.Lines {
			f[refunds].Add(e.Lines[i].Amount)
			f[unitsReturned].Add(e.Lines[i].Quantity)
		}
	default:
		return fmt.Errorf("event %T is new to this build", fact)
	}
	return nil
}

// cancel adds what is taken off an order.
func (f *figures) cancel(value int64, lines []order.CanceledLine) {
	f[cancellations].Add(value)
	for i := range lines {
		f[unitsCanceled].Add(lines[i].Quantity)
	}
}

// edit adds what a committed edit brings: units that come in count as if they had been ordered, and those that go as
// canceled. Taxes stay those of what was ordered, as they do with any cancellation.
func (f *figures) edit(e *order.EditCommitted) {
	for i := range e.LineChanges {
		if l := e.LineChanges[i].Removed; l != nil {
			f[cancellations].Add(l.Amount)
			f[unitsCanceled].Add(l.Quantity)
		}
		if a := e.LineChanges[i].Added; a != nil {
			line := order.Line{
				Quantity: a.Quantity, Subtotal: a.Subtotal, DiscountAllocations: a.DiscountAllocations, TaxLines: a.TaxLines, Total: a.Total,
			}
			f.line(&line, e.Rounding.Mode)
			f[tax].Add(line.TaxTotal())
		}
	}
	for i := range e.LinesAdded {
		f.line(&e.LinesAdded[i], e.Rounding.Mode)
		f[tax].Add(e.LinesAdded[i].TaxTotal())
	}
	if e.Shipping == nil {
		return
	}
	for i := range e.Shipping.Before {
		was := &e.Shipping.Before[i]
		f[shipping].Sub(was.NetTotal())
		f[tax].Sub(pricing.TaxTotal(was.TaxLines))
	}
	for i := range e.Shipping.After {
		is := &e.Shipping.After[i]
		f[shipping].Add(is.NetTotal())
		f[tax].Add(pricing.TaxTotal(is.TaxLines))
	}
}

// requote adds what taxes that are computed anew bring. Where prices contain them, goods, discounts and shipping are worth
// so much less, or more: all is as if it had been ordered at these taxes.
func (f *figures) requote(q *order.Requote) {
	f[tax].Add(q.TotalsAfter.Tax)
	f[tax].Sub(q.TotalsBefore.Tax)
	f[shipping].Add(q.ShippingNetChange)
	for i := range q.Lines {
		l := &q.Lines[i]
		f[grossSales].Add(l.NetSubtotalChange)
		f[discounts].Add(l.NetSubtotalChange)
		f[discounts].Sub(l.NetTotalChange)
	}
}

// place adds what a new order brings.
func (f *figures) place(c *order.Contents) {
	f[ordersPlaced].Add(1)
	f[tax].Add(c.Totals.Tax)
	for i := range c.Lines {
		f.line(&c.Lines[i], c.Rounding.Mode)
	}
	for i := range c.ShippingLines {
		f[shipping].Add(c.ShippingLines[i].NetTotal())
	}
}

// line adds units that are ordered.
func (f *figures) line(l *order.Line, mode money.Rounding) {
	before := l.NetSubtotal(mode)
	f[grossSales].Add(before)
	f[discounts].Add(before)
	f[discounts].Sub(l.NetTotal())
	f[units].Add(l.Quantity)
}
