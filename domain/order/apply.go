package order

import "time"

// Apply moves o on by one event, in place. It checks nothing: the event has already happened. Events and states may
// share slices of contents, which nobody writes to; lines, payments, holds and returns are the state's own.
func (o *Order) Apply(e Event) {
	switch e := e.(type) {
	case Placed:
		o.begin(&e.Contents, e.PlacedAt)
		o.Status = StatusPending
		o.PaymentPolicy, o.ExpiresAt = e.PaymentPolicy, e.ExpiresAt
		for i := range o.Lines {
			o.Lines[i].Counters.Reserved = o.Lines[i].Quantity
		}
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
	}
}

// begin fills in what placing and importing share.
func (o *Order) begin(c *Contents, at time.Time) {
	*o = Order{
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

func (o *Order) applyCanceled(e *Canceled) {
	for n := range e.Lines {
		l := &e.Lines[n]
		if i := o.line(l.LineID, n); i >= 0 {
			c := &o.Lines[i].Counters
			c.Canceled += l.Quantity
			c.Reserved, c.Backordered, c.Fulfilled = 0, 0, 0
		}
	}
	o.Released += e.AmountReleased
	o.Status, o.CancelReason, o.CancelNote, o.CancelPII = StatusCanceled, e.Reason, e.Note, e.PII
	o.CanceledAt, o.UpdatedAt = e.CanceledAt, e.CanceledAt
	o.ExpiresAt = time.Time{}
}

func (o *Order) applyReturn(e *ReturnImported) {
	for n := range e.Lines {
		l := &e.Lines[n]
		if i := o.line(l.LineID, n); i >= 0 {
			c := &o.Lines[i].Counters
			c.ReturnRequested += l.Quantity
			c.Returned += l.Quantity
			c.RefundedQuantity += l.Quantity
		}
	}
	o.Credited += e.Refund
	o.refund(e.Refund)
	o.Returns = append(o.Returns, Return{
		ReturnID: e.ReturnID, CreditNumber: e.CreditNumber, Source: e.Source, Lines: e.Lines,
		Refund: e.Refund, ReturnedAt: e.ReturnedAt,
	})
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
