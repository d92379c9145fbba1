package order

import (
	"slices"
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

func (c Confirm) decide(o *Order) ([]Event, error) {
	switch o.Status {
	case StatusPending:
		if err := o.confirmable(); err != nil {
			return nil, err
		}
		return []Event{o.confirmation(c.At)}, nil
	case StatusConfirmed:
		return nil, nil
	case StatusCompleted, StatusCanceled, StatusExpired:
		return nil, rule.New(rule.OrderTerminal, "order %s is %s and cannot be confirmed", o.Number, o.Status)
	case StatusDraft:
		return nil, rule.New(rule.InvalidState, "order %s is a draft; place it before it is confirmed", o.Number)
	default:
		return nil, notFound()
	}
}

// confirmable returns the rule that keeps a pending order from being confirmed.
func (o *Order) confirmable() error {
	if i := o.blocking(); i >= 0 {
		return o.onHold(&o.Holds[i])
	}
	if o.policyMet() == "" {
		return rule.New(rule.PaymentRequired, "order %s owes %s and its policy is %q; record a payment first",
			o.Number, money.Format(o.AmountDue(), o.Currency), o.PaymentPolicy)
	}
	return nil
}

// blocking returns the index of a hold on the whole order, or -1.
func (o *Order) blocking() int {
	return slices.IndexFunc(o.Holds, func(h Hold) bool { return len(h.LineIDs) == 0 })
}

// policyMet returns what meets the order's payment policy, or "".
func (o *Order) policyMet() string {
	f, total := o.Funds(), o.Total()
	switch {
	case total <= 0:
		return reasonNothingDue
	case f.Captured-f.Refunded >= total:
		return reasonPaid
	case o.PaymentPolicy == PolicyAuthorized && f.Authorized-f.Voided-f.Refunded >= total:
		return reasonAuthorized
	case o.PaymentPolicy == PolicyOnAccount:
		return reasonOnAccount
	default:
		return ""
	}
}

// overdue returns the confirmation of an order that should have it: of a time when not every change confirmed what it could.
func (o *Order) overdue(at time.Time) []Event {
	if !o.ready() {
		return nil
	}
	return []Event{o.confirmation(at)}
}

func (o *Order) confirmation(at time.Time) Confirmed {
	return Confirmed{
		OrderID: o.ID, Channel: o.Channel, Currency: o.Currency, Country: o.Country, CustomerID: o.CustomerID,
		Total: o.Total(), Reason: o.policyMet(), PlacedAt: o.PlacedAt, ConfirmedAt: instant(at),
	}
}
