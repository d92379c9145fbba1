package customers

import (
	"fmt"
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

// figure is one stored sum or count: orders, units, or minor units without tax.
type figure int

const (
	orders figure = iota
	canceled
	expired
	units
	gross
	discounts
	cancellations
	refunds
	figureCount
)

// figureColumns are the columns of the figures, in their sequence.
var figureColumns = [figureCount]string{
	"orders", "canceled", "expired", "units", "gross", "discounts", "cancellations", "refunds",
}

// figures are the sums of a row.
type figures [figureCount]money.Total

// add adds up.
func (f *figures) add(more *figures) {
	for i := range f {
		f[i].AddTotal(more[i])
	}
}

// one are figures of which a single one is not 0.
func one(of figure, value int64) (f figures) {
	f[of] = money.TotalOf(value)
	return f
}

// change is what an event of an order means for its customer.
type change struct {
	customer, currency string
	figures            figures
	placed             bool // it begins an order
	placedAt           time.Time
	contact            bool      // it replaces the order's personal data
	pii                order.PII // of a new order, or what takes its place
	nothing            bool      // no row is changed
}

func (c *change) key(tenant string) key { return key{person{tenant, c.customer}, c.currency} }

// counts reports whether there is a row for it: guests have none.
func (c *change) counts() bool { return !c.nothing && c.customer != "" }

// changeOf returns what an event means. Money is without tax: what prices contain is taken out, and more or less of it if
// another address changes the taxes of what was ordered before.
func changeOf(fact order.Event) (change, error) {
	switch e := fact.(type) {
	case order.Placed:
		return placing(&e.Contents, e.PlacedAt), nil
	case order.Imported:
		return placing(&e.Contents, e.OriginalPlacedAt), nil
	case order.Canceled:
		if e.PreviousStatus == order.StatusDraft {
			return change{nothing: true}, nil // it was never placed
		}
		return change{customer: e.CustomerID, currency: e.Currency, figures: figures{canceled: money.TotalOf(1), cancellations: money.TotalOf(e.Value)}}, nil
	case order.LinesCanceled:
		return about(&e.About, one(cancellations, e.Value)), nil
	case order.Expired:
		return about(&e.About, figures{expired: money.TotalOf(1), cancellations: money.TotalOf(e.Value)}), nil
	case order.EditCommitted:
		return editing(&e), nil
	case order.ReturnImported:
		c := change{customer: e.CustomerID, currency: e.Currency}
		for i := range e.Lines {
			c.figures[refunds].Add(e.Lines[i].Amount)
		}
		return c, nil
	case order.ReturnResolved:
		return about(&e.About, figures{refunds: e.Parts().Goods}), nil
	case order.ContactChanged:
		return contacting(&e.About, e.PII), nil
	case order.ShippingAddressChanged:
		c := contacting(&e.About, e.PII)
		c.figures.retax(e.Requote)
		return c, nil
	case order.BillingAddressChanged:
		return contacting(&e.About, e.PII), nil
	case order.Drafted, order.DraftUpdated, order.Confirmed, order.PaymentUpdated, order.Held, order.HoldReleased,
		order.EditBegun, order.EditStaged, order.EditDiscarded, order.BackorderFilled, order.Completed, order.Archived,
		order.FulfillmentPlanned, order.FulfillmentMoved, order.FulfillmentCreated, order.ShipmentDispatched,
		order.TrackingUpdated, order.ShipmentDelivered, order.DeliveryFailed, order.FulfillmentCanceled,
		order.ReturnRequested, order.ReturnApproved, order.ReturnDeclined, order.ReturnCanceled, order.ReturnReceived,
		order.NoteAdded, order.NoteEdited, order.NoteRemoved, order.TagsChanged, order.MetadataChanged,
		order.InvoiceIssued, order.CreditNoteIssued:
		return change{nothing: true}, nil
	default:
		return change{}, fmt.Errorf("event %T is new to this build", fact)
	}
}

func about(a *order.About, f figures) change {
	return change{customer: a.CustomerID, currency: a.Currency, figures: f}
}

func contacting(a *order.About, pii order.PII) change {
	return change{customer: a.CustomerID, currency: a.Currency, contact: true, pii: pii}
}

func placing(c *order.Contents, at time.Time) change {
	out := change{
		customer: c.CustomerID, currency: c.Currency, placed: true, placedAt: at, pii: c.PII, figures: one(orders, 1),
	}
	for i := range c.Lines {
		out.figures.addLine(&c.Lines[i], c.Rounding.Mode)
	}
	return out
}

// editing counts units that come in as if they had been ordered, and those that go as canceled.
func editing(e *order.EditCommitted) change {
	c := about(&e.About, figures{})
	for i := range e.LineChanges {
		if l := e.LineChanges[i].Removed; l != nil {
			c.figures[cancellations].Add(l.Amount)
		}
		if l := e.LineChanges[i].Added; l != nil {
			line := order.Line{
				Quantity: l.Quantity, Subtotal: l.Subtotal, DiscountAllocations: l.DiscountAllocations, TaxLines: l.TaxLines, Total: l.Total,
			}
			c.figures.addLine(&line, e.Rounding.Mode)
		}
	}
	for i := range e.LinesAdded {
		c.figures.addLine(&e.LinesAdded[i], e.Rounding.Mode)
	}
	return c
}

func (f *figures) addLine(l *order.Line, mode money.Rounding) {
	before := l.NetSubtotal(mode)
	f[units].Add(l.Quantity)
	f[gross].Add(before)
	f[discounts].Add(before)
	f[discounts].Sub(l.NetTotal())
}

// retax counts what was ordered as if it had been at the taxes of a quote; without one nothing changes.
func (f *figures) retax(q *order.Requote) {
	if q == nil {
		return
	}
	for i := range q.Lines {
		l := &q.Lines[i]
		f[gross].Add(l.NetSubtotalChange)
		f[discounts].Add(l.NetSubtotalChange)
		f[discounts].Sub(l.NetTotalChange)
	}
}
