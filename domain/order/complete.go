package order

import (
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
	for i := range o.Lines {
		l := &o.Lines[i]
		switch c := &l.Counters; {
		case !l.RequiresShipping: // handed over as they are
		case c.Backordered > 0:
			missing.AddDetail(l.fault(rule.InvalidState, "", c.Live(), c.Live()-c.Backordered, "%d units of SKU %q are to be delivered, %d of them wait for stock; receive and deliver them, or cancel them", c.Live(), l.SKU, c.Backordered))
		case c.Delivered < c.Live():
			missing.AddDetail(l.fault(rule.InvalidState, "", c.Live(), c.Delivered, "%d units of SKU %q are to be delivered, %d are; deliver or cancel the rest", c.Live(), l.SKU, c.Delivered))
		}
	}
	if due, owed := o.AmountDue(), o.AmountOwedToCustomer(); due > 0 || owed > 0 {
		f := o.Funds()
		advice := "record a payment first"
		if owed > 0 {
			advice = "pay the rest back first"
		}
		total, held := max(0, o.Total()), f.Captured-f.Refunded
		missing.AddDetail(rule.Detail{
			Code:    rule.InvalidState,
			Message: "the order costs " + money.Format(total, o.Currency) + " and " + money.Format(held, o.Currency) + " is paid; " + advice,
			Meta:    map[string]any{"requested": total, "available": held, "currency": o.Currency},
		})
	}
	if o.Edit != nil {
		missing.AddDetail(rule.Detail{
			Code: rule.InvalidState, Message: "edit " + o.Edit.EditID.String() + " is open; commit or discard it first",
			Meta: map[string]any{"edit_id": o.Edit.EditID.String()},
		})
	}
	for i := range o.Returns {
		if r := &o.Returns[i]; r.open() {
			missing.AddDetail(rule.Detail{
				Code: rule.InvalidState, Message: "return " + r.ReturnID.String() + " is " + string(r.State) + "; resolve or cancel it first",
				Meta: map[string]any{"return_id": r.ReturnID.String(), "state": r.State},
			})
		}
	}
	return missing.Err()
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

// autoComplete appends the order's completion to events if they leave nothing to wait for: at least one unit was
// delivered and Complete would not be refused.
func (o *Order) autoComplete(events []Event, at time.Time) []Event {
	if o.Status != StatusConfirmed || len(events) == 0 {
		return events
	}
	after := o.Clone()
	for _, e := range events {
		after.Apply(e)
	}
	var delivered int64
	for i := range after.Lines {
		delivered += after.Lines[i].Counters.Delivered
	}
	if delivered == 0 || after.completable() != nil {
		return events
	}
	return append(events, after.completion(at, "", true))
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
