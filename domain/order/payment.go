package order

import (
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// RecordPayment states a payment anew, as its process manager or staff know it. Sums are cumulative and never fall:
// what is behind is ignored. It confirms a pending order whose policy is met then. Payments are taken note of in any
// state of the order: what happened to the money has happened.
type RecordPayment struct {
	Payment Payment
	By      string
	At      time.Time
}

func (c MarkPaid) decide(o *Order) ([]Event, error) {
	if err := o.payable(); err != nil {
		return nil, err
	}
	due := o.AmountDue()
	if due == 0 {
		return o.overdue(c.At), nil
	}
	if c.PaymentID == uuid.Nil {
		return nil, rule.New(rule.ValidationFailed, "a payment needs an id")
	}
	if o.payment(c.PaymentID) >= 0 {
		return nil, rule.New(rule.InvalidState, "payment %s is already recorded; record the remaining %s under another id",
			c.PaymentID, money.Format(due, o.Currency))
	}
	return []Event{o.paymentUpdated(Payment{
		PaymentID: c.PaymentID, Method: c.Method, Reference: inClear(c.Reference, c.Texts), Texts: c.Texts, State: PaymentCaptured,
		Authorized: due, Captured: due,
	}, c.By, c.At)}, nil
}

func (c RecordPayment) decide(o *Order) ([]Event, error) {
	switch {
	case !o.Exists():
		return nil, notFound()
	case o.Status == StatusDraft:
		return nil, rule.New(rule.InvalidState, "order %s is a draft; place it before it is paid", o.Number)
	}
	p := c.Payment
	var faults rule.Faults
	if p.PaymentID == uuid.Nil {
		faults.Add(rule.ValidationFailed, "/payment/payment_id", "a payment needs an id")
	}
	switch p.State {
	case PaymentInitiated, PaymentActionRequired, PaymentAuthorized, PaymentCaptured, PaymentVoided, PaymentFailed, PaymentDisputed:
	default:
		faults.Add(rule.ValidationFailed, "/payment/state", "a payment is initiated, action_required, authorized, captured, voided, failed or disputed, not %q", p.State)
	}
	if p.Authorized < 0 || p.Captured < 0 || p.Refunded < 0 || p.Voided < 0 {
		faults.Add(rule.ValidationFailed, "/payment", "sums are 0 or more; authorized %d, captured %d, refunded %d, voided %d are not", p.Authorized, p.Captured, p.Refunded, p.Voided)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if i := o.payment(p.PaymentID); i >= 0 {
		p = p.over(&o.Payments[i])
		if reflect.DeepEqual(p, o.Payments[i]) {
			return nil, nil
		}
	}
	if p.Refunded > p.Captured {
		return nil, o.refundExceeds("/payment/refunded", p.Refunded, p.Captured)
	}
	if err := o.countable(p); err != nil {
		return nil, err
	}
	return []Event{o.paymentUpdated(p, c.By, c.At)}, nil
}

// countable returns the fault of a payment with which one of the order's sums would be beyond money.MaxSum.
func (o *Order) countable(p Payment) error {
	f := o.Funds()
	if i := o.payment(p.PaymentID); i >= 0 { // it takes the place of what was known of it
		was := o.Payments[i]
		f.Authorized, f.Captured, f.Refunded, f.Voided = f.Authorized-was.Authorized, f.Captured-was.Captured, f.Refunded-was.Refunded, f.Voided-was.Voided
	}
	var faults rule.Faults
	for _, sum := range [...]struct {
		name        string
		known, more int64
	}{
		{"authorized", f.Authorized, p.Authorized}, {"captured", f.Captured, p.Captured}, {"refunded", f.Refunded, p.Refunded}, {"voided", f.Voided, p.Voided},
	} {
		if _, err := money.AddWithin(sum.known, sum.more); err != nil && sum.more > 0 {
			faults.Add(rule.ValidationFailed, "/payment/"+sum.name, "the payments of order %s would come to more than %d minor units", o.Number, int64(money.MaxSum))
		}
	}
	return faults.Err()
}

// over returns what is known of a payment once p is heard of it: no sum falls, and what is behind says nothing about
// the payment's state.
func (p Payment) over(known *Payment) Payment {
	behind := p.Authorized < known.Authorized || p.Captured < known.Captured || p.Refunded < known.Refunded || p.Voided < known.Voided
	p.Authorized, p.Captured = max(p.Authorized, known.Authorized), max(p.Captured, known.Captured)
	p.Refunded, p.Voided = max(p.Refunded, known.Refunded), max(p.Voided, known.Voided)
	if behind {
		p.State = known.State
	}
	if p.Method == "" {
		p.Method = known.Method
	}
	if p.Reference == "" && len(p.Texts) == 0 {
		p.Reference, p.Texts = known.Reference, known.Texts
	}
	return p
}

// payment returns the index of a payment, or -1.
func (o *Order) payment(id uuid.UUID) int {
	return slices.IndexFunc(o.Payments, func(p Payment) bool { return p.PaymentID == id })
}

// paymentUpdated returns the event that states a payment anew.
func (o *Order) paymentUpdated(p Payment, by string, at time.Time) PaymentUpdated {
	e := PaymentUpdated{
		OrderID: o.ID, Channel: o.Channel, Currency: o.Currency, Country: o.Country, Payment: p,
		CapturedChange: p.Captured, RefundedChange: p.Refunded, RecordedBy: by, UpdatedAt: instant(at),
	}
	if i := o.payment(p.PaymentID); i >= 0 {
		e.CapturedChange -= o.Payments[i].Captured
		e.RefundedChange -= o.Payments[i].Refunded
	}
	return e
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

// refundExceeds returns the refusal to pay back more than was paid.
func (o *Order) refundExceeds(pointer string, asked, possible int64) error {
	v := rule.New(rule.RefundExceedsCaptured, "a refund of %s was asked for, at most %s is left of what was paid",
		money.Format(asked, o.Currency), money.Format(possible, o.Currency))
	v.Details = []rule.Detail{{
		Pointer: pointer, Code: v.Code, Message: v.Message,
		Meta: map[string]any{"requested": asked, "available": possible, "currency": o.Currency},
	}}
	return v
}
