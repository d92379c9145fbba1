package order

import "time"

// Terms are what a shop lets happen by itself, and when it happens.
type Terms struct {
	Completes func() bool // whether an order is completed as soon as it waits for nothing; only asked then. Nil: staff do that
	At        time.Time   // the command's
}

// advance appends what events lead to, whatever caused them: a pending order that waits for nothing any more is confirmed,
// and a confirmed one is completed. Nothing else decides on either, so that no command can forget it. The caller commits
// or hands over its stock in the same append.
func (o *Order) advance(events []Event, terms Terms) []Event {
	if !o.mayAdvance(events) {
		return events
	}
	after := o.Clone()
	for _, e := range events {
		after.Apply(e)
	}
	if after.ready() {
		e := after.confirmation(terms.At)
		events = append(events, e)
		after.Apply(e)
	}
	if terms.Completes != nil && after.finished() && !after.waits() && terms.Completes() {
		events = append(events, after.completion(terms.At, "", true))
	}
	return events
}

// mayAdvance tells at a glance whether events may lead to more. Placing is looked at closely, since it is done most: an
// order that is new is paid by nobody.
func (o *Order) mayAdvance(events []Event) bool {
	if placed, ok := events[0].(Placed); ok {
		return placed.Totals.Total <= 0 || placed.PaymentPolicy == PolicyOnAccount
	}
	return o.Status == StatusPending || o.Status == StatusConfirmed
}

// ready reports whether the order is pending and waits for nothing.
func (o *Order) ready() bool {
	return o.Status == StatusPending && o.blocking() < 0 && o.policyMet() != ""
}

// finished reports whether completable finds nothing missing.
func (o *Order) finished() bool {
	if o.Status != StatusConfirmed || len(o.Holds) > 0 {
		return false
	}
	for range o.obstacles() {
		return false
	}
	return true
}

// waits reports whether units wait for stock. Staff may give up on those that need no shipping and complete the order;
// it does not happen by itself.
func (o *Order) waits() bool { return o.anyLine(func(c *Counters) int64 { return c.Backordered }) }
