package order

import (
	"time"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

func (c Cancel) decide(o *Order) ([]Event, error) {
	if err := o.cancelable(); err != nil {
		return nil, err
	}
	var faults rule.Faults
	reason := checkReason(&faults, c.Reason)
	checkNote(&faults, c.Note)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return []Event{o.cancellation(c, reason)}, nil
}

// cancellation returns the event that cancels the whole order.
func (o *Order) cancellation(c Cancel, reason CancelReason) Canceled {
	event := Canceled{
		OrderID: o.ID, CancellationID: c.CancellationID, Channel: o.Channel, Currency: o.Currency, Country: o.Country,
		CustomerID: o.CustomerID, Reason: reason, Note: inClear(c.Note, c.Private), Private: c.Private, PII: c.PII, Restock: true, RefundPolicy: c.RefundPolicy,
		PreviousStatus: o.Status, PreviousPayment: o.PaymentStatus(), PlacedAt: o.PlacedAt, ConfirmedAt: o.ConfirmedAt,
		CanceledAt: instant(c.At), Lines: []CanceledLine{},
	}
	if f := o.Funds(); f.Captured > f.Refunded {
		event.AmountOwed = f.Captured - f.Refunded
	}
	if o.Status != StatusDraft { // of a draft nothing was sold, and nothing is released
		event.Lines, event.Value = o.allLive()
		event.AmountReleased = o.Total()
	}
	return event
}

// allLive returns all live units, and what they cost without tax.
func (o *Order) allLive() (lines []CanceledLine, value int64) {
	lines = make([]CanceledLine, 0, len(o.Lines))
	for i := range o.Lines {
		l := &o.Lines[i]
		if live := l.Counters.Live(); live > 0 {
			lines = append(lines, l.canceled(live))
			value += lines[len(lines)-1].Amount
		}
	}
	return lines, value
}

// canceled returns what the last n live units of the line cost.
func (l *LineState) canceled(n int64) CanceledLine {
	net, tax := l.shareFromEnd(n)
	return CanceledLine{LineID: l.LineID, SKU: l.SKU, Quantity: n, Amount: net, Tax: tax}
}

// checkReason returns the reason or its default.
func checkReason(faults *rule.Faults, reason CancelReason) CancelReason {
	switch reason {
	case "":
		return ReasonCustomer
	case ReasonCustomer, ReasonPayment, ReasonFraud, ReasonInventory, ReasonStaff, ReasonOther:
	default:
		faults.Add(rule.ValidationFailed, "/reason", "a reason is customer, payment, fraud, inventory, staff or other, not %q", reason)
	}
	return reason
}

func checkNote(faults *rule.Faults, note string) {
	text.Note.Check(faults, "/note", note, 0, MaxNoteLength)
}

// cancelable returns the rule that keeps the whole order from being canceled.
func (o *Order) cancelable() error {
	switch o.Status {
	case StatusDraft:
		return nil
	case StatusPending, StatusConfirmed:
	case StatusCompleted, StatusCanceled, StatusExpired:
		return rule.New(rule.OrderTerminal, "order %s is %s; only draft, pending and confirmed orders can be canceled", o.Number, o.Status)
	default:
		return notFound()
	}
	var live int64
	for i := range o.Lines {
		l := &o.Lines[i]
		if gone := l.Counters.gone(); gone > 0 {
			v := rule.New(rule.AlreadyShipped, "%d units of SKU %q of order %s %s; take them back as a return, and cancel lines of the others",
				gone, l.SKU, o.Number, l.left())
			v.Details = []rule.Detail{l.fault(rule.AlreadyShipped, "", l.Counters.Live(), l.Counters.Live()-gone, "%s", v.Message)}
			return v
		}
		live += l.Counters.Live()
	}
	if live == 0 {
		return rule.New(rule.NothingToCancel, "order %s has no units left to cancel", o.Number)
	}
	return nil
}

func (o *Order) applyCanceled(e *Canceled) {
	released := e.AmountReleased
	if o.Status == StatusDraft {
		released = o.Total()
		for i := range o.Lines {
			o.Lines[i].shrink(o.Lines[i].Counters.Live())
		}
	}
	o.end(StatusCanceled, e.Lines, released, e.CanceledAt)
	o.CancelReason, o.CancelNote, o.CancelPrivate, o.CancelPII = e.Reason, e.Note, e.Private, e.PII
	o.CanceledAt = e.CanceledAt
}

// end makes the order terminal before anything of it was shipped.
func (o *Order) end(status Status, lines []CanceledLine, released int64, at time.Time) {
	find := o.finder()
	for n := range lines {
		if i := find.find(lines[n].LineID); i >= 0 {
			l := &o.Lines[i]
			l.shrink(lines[n].Quantity)
			l.Counters.Reserved, l.Counters.Backordered, l.Counters.Fulfilled = 0, 0, 0
		}
	}
	for i := range o.Fulfillments {
		if f := &o.Fulfillments[i]; f.State == FulfillmentStatePlanned || f.State == FulfillmentStatePacked {
			f.State, f.CanceledAt = FulfillmentStateCanceled, at
		}
	}
	o.Released += released
	o.Status, o.UpdatedAt = status, at
	o.Holds, o.Edit, o.ExpiresAt = nil, nil, time.Time{}
}
