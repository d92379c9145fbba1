package order

import (
	"iter"
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// Complete ends a confirmed order of which every unit is where it belongs.
type Complete struct {
	By string
	At time.Time
}

// Archive takes a finished order out of everyday lists.
type Archive struct {
	By string
	At time.Time
}

func (c Complete) decide(o *Order) ([]Event, error) {
	if o.Status == StatusCompleted {
		return nil, nil
	}
	if err := o.completable(); err != nil {
		return nil, err
	}
	return []Event{o.completion(c.At, c.By, false)}, nil
}

// completable returns the rule that keeps the order from being completed, with everything that is missing.
func (o *Order) completable() error {
	switch o.Status {
	case StatusConfirmed:
	case StatusDraft, StatusPending:
		return rule.New(rule.InvalidState, "order %s is %s; confirm it before it is completed", o.Number, o.Status)
	case StatusCompleted, StatusCanceled, StatusExpired:
		return rule.New(rule.OrderTerminal, "order %s is %s already", o.Number, o.Status)
	default:
		return notFound()
	}
	if len(o.Holds) > 0 {
		return o.onHold(&o.Holds[0])
	}
	var missing rule.Faults
	for obstacle := range o.obstacles() {
		missing.AddDetail(obstacle())
	}
	return missing.Err()
}

// obstacles are what keeps an order without holds from being completed, each as what puts it into words.
func (o *Order) obstacles() iter.Seq[func() rule.Detail] {
	return func(yield func(func() rule.Detail) bool) {
		for i := range o.Lines {
			l := &o.Lines[i]
			if c := &l.Counters; l.RequiresShipping && (c.Backordered > 0 || c.Delivered < c.Live()) && !yield(l.undelivered) {
				return
			}
		}
		if (o.AmountDue() > 0 || o.AmountOwedToCustomer() > 0) && !yield(o.unbalanced) {
			return
		}
		if o.Edit != nil && !yield(o.Edit.unfinished) {
			return
		}
		for i := range o.Returns {
			if r := &o.Returns[i]; r.open() && !yield(r.unfinished) {
				return
			}
		}
	}
}

func (l *LineState) undelivered() rule.Detail {
	c := &l.Counters
	if c.Backordered > 0 {
		return l.fault(rule.InvalidState, "", c.Live(), c.Live()-c.Backordered, "%d units of SKU %q are to be delivered, %d of them wait for stock; receive and deliver them, or cancel them", c.Live(), l.SKU, c.Backordered)
	}
	return l.fault(rule.InvalidState, "", c.Live(), c.Delivered, "%d units of SKU %q are to be delivered, %d are; deliver or cancel the rest", c.Live(), l.SKU, c.Delivered)
}

func (o *Order) unbalanced() rule.Detail {
	advice := "record a payment first"
	if o.AmountOwedToCustomer() > 0 {
		advice = "pay the rest back first"
	}
	f, total := o.Funds(), max(0, o.Total())
	held := f.Captured - f.Refunded
	return rule.Detail{
		Code:    rule.InvalidState,
		Message: "the order costs " + money.Format(total, o.Currency) + " and " + money.Format(held, o.Currency) + " is paid; " + advice,
		Meta:    map[string]any{"requested": total, "available": held, "currency": o.Currency},
	}
}

func (e *Edit) unfinished() rule.Detail {
	return rule.Detail{
		Code: rule.InvalidState, Message: "edit " + e.EditID.String() + " is open; commit or discard it first",
		Meta: map[string]any{"edit_id": e.EditID.String()},
	}
}

func (r *Return) unfinished() rule.Detail {
	return rule.Detail{
		Code: rule.InvalidState, Message: "return " + r.ReturnID.String() + " is " + string(r.State) + "; resolve or cancel it first",
		Meta: map[string]any{"return_id": r.ReturnID.String(), "state": r.State},
	}
}

// open reports whether the return is not over.
func (r *Return) open() bool {
	switch r.State {
	case ReturnStateRequested, ReturnStateApproved, ReturnStatePartiallyReceived, ReturnStateReceived:
		return true
	case ReturnStateResolved, ReturnStateDeclined, ReturnStateCanceled:
	}
	return false
}

// completion returns the event that completes the order.
func (o *Order) completion(at time.Time, by string, auto bool) Completed {
	return Completed{
		About: o.about(), Total: o.Total(), Automatic: auto, CompletedBy: by, PlacedAt: o.PlacedAt,
		ConfirmedAt: o.ConfirmedAt, CompletedAt: instant(at),
	}
}

func (c Archive) decide(o *Order) ([]Event, error) {
	switch {
	case !o.Exists():
		return nil, notFound()
	case !o.Status.Terminal():
		return nil, rule.New(rule.InvalidState, "order %s is %s; only completed, canceled and expired orders can be archived", o.Number, o.Status)
	case !o.ArchivedAt.IsZero():
		return nil, nil
	}
	return []Event{Archived{About: o.about(), ArchivedBy: c.By, ArchivedAt: instant(c.At)}}, nil
}

// applyCompleted ends the order. What needs no shipping is handed over: nothing is set aside for it any more, and plans to
// pack it are over.
func (o *Order) applyCompleted(e *Completed) {
	for i := range o.Lines {
		if l := &o.Lines[i]; !l.RequiresShipping {
			l.Counters.Reserved, l.Counters.Backordered = 0, 0
		}
	}
	for i := range o.Fulfillments {
		if f := &o.Fulfillments[i]; f.State == FulfillmentStatePlanned {
			f.State, f.CanceledAt = FulfillmentStateCanceled, e.CompletedAt
		}
	}
	o.Status, o.CompletedAt, o.UpdatedAt = StatusCompleted, e.CompletedAt, e.CompletedAt
}

func (o *Order) applyArchived(e *Archived) {
	o.ArchivedAt, o.UpdatedAt = e.ArchivedAt, e.ArchivedAt
}
