package order

import (
	"time"

	"github.com/ordermill/ordermill/domain/money"
)

// Apply moves o on by one event, in place. It checks nothing: the event has already happened. Events and states may
// share slices of contents, which nobody writes to; lines, payments, holds and returns are the state's own.
func (o *Order) Apply(e Event) {
	switch e := e.(type) {
	case Placed:
		o.applyPlaced(&e)
	case Imported:
		o.applyImported(&e)
	case Confirmed:
		o.Status, o.ConfirmedAt, o.UpdatedAt = StatusConfirmed, e.ConfirmedAt, e.ConfirmedAt
		o.ExpiresAt = time.Time{}
	case PaymentUpdated:
		o.applyPayment(e.Payment)
		o.UpdatedAt = e.UpdatedAt
	case Canceled:
		o.applyCanceled(&e)
	case ReturnImported:
		o.applyReturn(&e)
	case Drafted:
		o.applyDrafted(&e)
	case DraftUpdated:
		o.applyDraftUpdated(&e)
	case Held:
		o.applyHeld(&e)
	case HoldReleased:
		o.applyHoldReleased(&e)
	case EditBegun:
		o.applyEditBegun(&e)
	case EditStaged:
		o.applyEditStaged(&e)
	case EditDiscarded:
		o.applyEditDiscarded(&e)
	case EditCommitted:
		o.applyEditCommitted(&e)
	case LinesCanceled:
		o.applyLinesCanceled(&e)
	case Expired:
		o.applyExpired(&e)
	case BackorderFilled:
		o.applyBackorderFilled(&e)
	case Completed:
		o.applyCompleted(&e)
	case Archived:
		o.applyArchived(&e)
	case FulfillmentPlanned:
		o.applyFulfillmentPlanned(&e)
	case FulfillmentMoved:
		o.applyFulfillmentMoved(&e)
	case FulfillmentCreated:
		o.applyFulfillmentCreated(&e)
	case ShipmentDispatched:
		o.applyShipmentDispatched(&e)
	case TrackingUpdated:
		o.applyTrackingUpdated(&e)
	case ShipmentDelivered:
		o.applyShipmentDelivered(&e)
	case DeliveryFailed:
		o.applyDeliveryFailed(&e)
	case FulfillmentCanceled:
		o.applyFulfillmentCanceled(&e)
	case ReturnRequested:
		o.applyReturnRequested(&e)
	case ReturnApproved:
		o.applyReturnApproved(&e)
	case ReturnDeclined:
		o.applyReturnDeclined(&e)
	case ReturnCanceled:
		o.applyReturnCanceled(&e)
	case ReturnReceived:
		o.applyReturnReceived(&e)
	case ReturnResolved:
		o.applyReturnResolved(&e)
	case ShippingAddressChanged:
		o.applyShippingAddressChanged(&e)
	case BillingAddressChanged:
		o.applyBillingAddressChanged(&e)
	case ContactChanged:
		o.applyContactChanged(&e)
	case NoteAdded:
		o.applyNoteAdded(&e)
	case NoteEdited:
		o.applyNoteEdited(&e)
	case NoteRemoved:
		o.applyNoteRemoved(&e)
	case TagsChanged:
		o.applyTagsChanged(&e)
	case MetadataChanged:
		o.applyMetadataChanged(&e)
	case InvoiceIssued:
		o.applyInvoiceIssued(&e)
	case CreditNoteIssued:
		o.applyCreditNoteIssued(&e)
	}
}

// begin fills in what drafting, placing and importing share. What was said about a draft stays with the order.
func (o *Order) begin(c *Contents, at time.Time) {
	*o = Order{
		Holds: o.Holds, Notes: o.Notes, Tags: o.Tags, Metadata: o.Metadata, DraftedAt: o.DraftedAt,
		ID: c.OrderID, Number: c.Number, ExternalID: c.ExternalID, Channel: c.Channel, Currency: c.Currency,
		CustomerID: c.CustomerID, Country: c.Country, Locale: c.Locale, PII: c.PII,
		Lines: make([]LineState, len(c.Lines)), ShippingLines: c.ShippingLines, Discounts: c.Discounts, Totals: c.Totals,
		PriceListVersion: c.PriceListVersion, TaxProviderRef: c.TaxProviderRef, Rounding: c.Rounding, Risk: c.Risk,
		PlacedAt: at, UpdatedAt: at,
	}
	for i := range c.Lines {
		o.Lines[i].Line = c.Lines[i]
		o.Lines[i].Counters.Ordered = c.Lines[i].Quantity
	}
}

func (o *Order) applyPlaced(e *Placed) {
	o.begin(&e.Contents, e.PlacedAt)
	o.Status = StatusPending
	o.PaymentPolicy, o.ExpiresAt = e.PaymentPolicy, e.ExpiresAt
	for i := range o.Lines {
		o.Lines[i].Counters.Reserved = o.Lines[i].Quantity
	}
	o.backorder(e.Backordered)
}

// backorder makes reserved units backordered ones.
func (o *Order) backorder(lines []LineQuantity) {
	find := o.finder()
	for n := range lines {
		if i := find.find(lines[n].LineID); i >= 0 {
			c := &o.Lines[i].Counters
			part := min(lines[n].Quantity, c.Reserved)
			c.Reserved, c.Backordered = c.Reserved-part, c.Backordered+part
		}
	}
}

func (o *Order) applyImported(e *Imported) {
	at := e.OriginalPlacedAt
	o.begin(&e.Contents, at)
	o.Status, o.Source, o.StockPolicy = e.Statuses.Status, e.Source, e.StockPolicy
	o.ConfirmedAt, o.CompletedAt = at, at
	o.ImportedAt, o.UpdatedAt = e.ImportedAt, e.ImportedAt
	for i := range o.Lines {
		c := &o.Lines[i].Counters
		c.Fulfilled, c.Shipped, c.Delivered = c.Ordered, c.Ordered, c.Ordered
	}
	o.applyPayment(Payment{
		PaymentID: e.OrderID, Method: methodImported, State: PaymentCaptured, Authorized: e.Captured, Captured: e.Captured,
	})
}

func (o *Order) applyPayment(p Payment) {
	for i := range o.Payments {
		if o.Payments[i].PaymentID == p.PaymentID {
			o.Payments[i] = p
			return
		}
	}
	o.Payments = append(o.Payments, p)
}

func (o *Order) applyReturn(e *ReturnImported) {
	find := o.finder()
	for n := range e.Lines {
		l := &e.Lines[n]
		if i := find.find(l.LineID); i >= 0 {
			c := &o.Lines[i].Counters
			c.ReturnRequested += l.Quantity
			c.Returned += l.Quantity
			c.RefundedQuantity += l.Quantity
		}
	}
	o.Credited = money.Clamped(o.Credited, e.Refund)
	o.refund(e.Refund)
	back := Return{
		ReturnID: e.ReturnID, CreditNumber: e.CreditNumber, Source: e.Source, Lines: e.Lines,
		Refund: e.Refund, ReturnedAt: e.ReturnedAt,
	}
	for i := range e.Lines {
		back.RefundTax = money.Clamped(back.RefundTax, e.Lines[i].Tax)
	}
	o.Returns = append(o.Returns, back)
	o.UpdatedAt = e.ImportedAt
}

// refund spreads a refund over the payments in their order, each up to what it still holds.
func (o *Order) refund(amount int64) {
	for i := range o.Payments {
		p := &o.Payments[i]
		part := min(amount, p.Captured-p.Refunded)
		p.Refunded += part
		amount -= part
	}
}
