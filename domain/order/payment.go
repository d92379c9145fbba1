package order

import (
	"slices"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

func (c MarkPaid) decide(o *Order) ([]Event, error) {
	if err := o.payable(); err != nil {
		return nil, err
	}
	due := o.AmountDue()
	var events []Event
	after := *o // only its payments and status change below, and neither is shared
	after.Payments = slices.Clone(o.Payments)
	if due > 0 {
		if c.PaymentID == uuid.Nil {
			return nil, rule.New(rule.ValidationFailed, "a payment needs an id")
		}
		if i := slices.IndexFunc(o.Payments, func(p Payment) bool { return p.PaymentID == c.PaymentID }); i >= 0 {
			return nil, rule.New(rule.InvalidState, "payment %s is already recorded; record the remaining %s under another id",
				c.PaymentID, money.Format(due, o.Currency))
		}
		paid := PaymentUpdated{
			OrderID: o.ID, Channel: o.Channel, Currency: o.Currency, Country: o.Country,
			Payment: Payment{
				PaymentID: c.PaymentID, Method: c.Method, Reference: c.Reference, State: PaymentCaptured,
				Authorized: due, Captured: due,
			},
			CapturedChange: due, RecordedBy: c.By, UpdatedAt: instant(c.At),
		}
		events = append(events, paid)
		after.applyPayment(paid.Payment)
	}
	if after.Status == StatusPending && after.confirmable() == nil {
		events = append(events, after.confirmation(c.At))
	}
	return events, nil
}

// payable returns the rule that keeps the order from being paid.
func (o *Order) payable() error {
	switch o.Status {
	case StatusPending, StatusConfirmed, StatusCompleted:
		return nil
	case StatusCanceled, StatusExpired:
		return rule.New(rule.OrderTerminal, "order %s is %s and takes no payment", o.Number, o.Status)
	case StatusDraft:
		return rule.New(rule.InvalidState, "order %s is a draft; place it before it is paid", o.Number)
	default:
		return notFound()
	}
}
