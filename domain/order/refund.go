package order

import (
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// MarkRefunded records that staff have paid money back outside, in cash or by bank transfer: Amount, or all that is
// owed to the customer if it is 0. It is refused with refund_exceeds_captured.
type MarkRefunded struct {
	Amount    int64
	Method    string
	Reference string
	Private   PII // sealed: refund_reference
	By        string
	At        time.Time
}

func (c MarkRefunded) decide(o *Order) ([]Event, error) {
	switch {
	case !o.Exists():
		return nil, notFound()
	case o.Status == StatusDraft:
		return nil, rule.New(rule.InvalidState, "order %s is a draft and was never paid", o.Number)
	}
	left := c.Amount
	if left == 0 {
		left = o.AmountOwedToCustomer()
	}
	f := o.Funds()
	switch possible := f.Captured - f.Refunded; {
	case left < 0:
		v := rule.New(rule.ValidationFailed, "a refund is 0 for all that is owed, or more, not %s", money.Format(left, o.Currency))
		v.Details = []rule.Detail{{
			Pointer: "/amount", Code: v.Code, Message: v.Message,
			Meta: map[string]any{"requested": left, "available": possible, "currency": o.Currency},
		}}
		return nil, v
	case left > possible:
		return nil, o.refundExceeds("/amount", left, possible)
	}
	var events []Event
	for i := range o.Payments {
		p := o.Payments[i]
		part := min(left, p.Captured-p.Refunded)
		if part <= 0 {
			continue
		}
		p.Refunded += part
		left -= part
		e := o.paymentUpdated(p, c.By, c.At)
		e.RefundMethod, e.RefundReference, e.Private = c.Method, inClear(c.Reference, c.Private), c.Private
		events = append(events, e)
	}
	return events, nil
}
