package order

import (
	"unicode/utf8"

	"github.com/ordermill/ordermill/domain/rule"
)

func (c Cancel) decide(o *Order) ([]Event, error) {
	if err := o.cancelable(); err != nil {
		return nil, err
	}
	var faults rule.Faults
	reason := c.Reason
	switch reason {
	case "":
		reason = ReasonCustomer
	case ReasonCustomer, ReasonPayment, ReasonFraud, ReasonInventory, ReasonStaff, ReasonOther:
	default:
		faults.Add(rule.ValidationFailed, "/reason", "a reason is customer, payment, fraud, inventory, staff or other, not %q", reason)
	}
	if n := utf8.RuneCountInString(c.Note); n > MaxNoteLength || !utf8.ValidString(c.Note) {
		faults.Add(rule.ValidationFailed, "/note", "a note is at most %d characters of UTF-8, not %d", MaxNoteLength, n)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	event := Canceled{
		OrderID: o.ID, CancellationID: c.CancellationID, Channel: o.Channel, Currency: o.Currency, Country: o.Country,
		CustomerID: o.CustomerID, Reason: reason, Note: c.Note, PII: c.PII, Lines: make([]CanceledLine, 0, len(o.Lines)),
		AmountReleased: o.Total(), Restock: true, PreviousStatus: o.Status, PreviousPayment: o.PaymentStatus(),
		PlacedAt: o.PlacedAt, ConfirmedAt: o.ConfirmedAt, CanceledAt: instant(c.At),
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		live := l.Counters.Live()
		if live == 0 {
			continue
		}
		net, tax := l.share(l.Counters.Canceled, live)
		event.Lines = append(event.Lines, CanceledLine{LineID: l.LineID, SKU: l.SKU, Quantity: live, Amount: net, Tax: tax})
		event.Value += net
	}
	if f := o.Funds(); f.Captured > f.Refunded {
		event.AmountOwed = f.Captured - f.Refunded
	}
	return []Event{event}, nil
}

// cancelable returns the rule that keeps the whole order from being canceled.
func (o *Order) cancelable() error {
	switch o.Status {
	case StatusDraft, StatusPending, StatusConfirmed:
	case StatusCompleted, StatusCanceled, StatusExpired:
		return rule.New(rule.OrderTerminal, "order %s is %s; only draft, pending and confirmed orders can be canceled", o.Number, o.Status)
	default:
		return notFound()
	}
	var live int64
	for i := range o.Lines {
		c := &o.Lines[i].Counters
		if c.Shipped > 0 {
			return rule.New(rule.AlreadyShipped, "%d units of SKU %q of order %s have been shipped; take them back as a return",
				c.Shipped, o.Lines[i].SKU, o.Number)
		}
		live += c.Live()
	}
	if live == 0 {
		return rule.New(rule.NothingToCancel, "order %s has no units left to cancel", o.Number)
	}
	return nil
}
