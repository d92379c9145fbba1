package order

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// CancelLines cancels units that have not been shipped. Packed ones are unpacked for it: a fulfilment that holds units
// which are to be canceled is canceled whole. The caller releases the stock in the same append. If nothing stays live
// the whole order is canceled.
type CancelLines struct {
	CancellationID uuid.UUID
	Lines          []LineQuantity // SKU may be empty
	Reason         CancelReason   // empty: ReasonCustomer
	Note           string
	Private        PII // sealed: note
	PII            PII // what a customer wrote
	RefundPolicy   string
	At             time.Time
}

func (c CancelLines) decide(o *Order) ([]Event, error) {
	if err := o.changeable("cancel"); err != nil {
		return nil, err
	}
	var faults rule.Faults
	if c.CancellationID == uuid.Nil {
		faults.Add(rule.ValidationFailed, "/cancellation_id", "a cancellation needs an id")
	}
	reason := checkReason(&faults, c.Reason)
	checkNote(&faults, c.Note)
	lines, gone := c.take(o, &faults)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	var left bool
	for i := range o.Lines {
		left = left || o.Lines[i].Counters.Live() > gone[i]
	}
	if !left {
		return []Event{o.cancellation(Cancel{
			CancellationID: c.CancellationID, Note: c.Note, Private: c.Private, PII: c.PII, RefundPolicy: c.RefundPolicy, At: c.At,
		}, reason)}, nil
	}
	event := LinesCanceled{
		About: o.about(), CancellationID: c.CancellationID, Reason: reason, Note: inClear(c.Note, c.Private),
		Private: c.Private, PII: c.PII, Lines: lines,
		Fulfillments: o.unpackedFor(gone), Restock: true, RefundPolicy: c.RefundPolicy,
		PreviousPayment: o.PaymentStatus(), PlacedAt: o.PlacedAt, ConfirmedAt: o.ConfirmedAt, CanceledAt: instant(c.At),
	}
	for i := range lines {
		event.Value += lines[i].Amount
		event.AmountReleased += lines[i].Amount + lines[i].Tax
	}
	f := o.Funds()
	event.AmountOwed = max(0, f.Captured-f.Refunded-(o.Total()-event.AmountReleased))
	return []Event{event}, nil
}

// changeable returns the rule that keeps a placed order's units from being changed.
func (o *Order) changeable(verb string) error {
	switch o.Status {
	case StatusPending, StatusConfirmed:
		return nil
	case StatusDraft:
		return rule.New(rule.InvalidState, "order %s is a draft; update it instead", o.Number)
	case StatusCompleted, StatusCanceled, StatusExpired:
		return rule.New(rule.OrderTerminal, "order %s is %s and there is nothing left to %s", o.Number, o.Status, verb)
	default:
		return notFound()
	}
}

// take computes what the units cost, and how many go of the line at each position.
func (c CancelLines) take(o *Order, faults *rule.Faults) (lines []CanceledLine, gone map[int]int64) {
	if len(c.Lines) == 0 {
		faults.Add(rule.ValidationFailed, "/lines", "name at least one line to cancel")
	}
	lines, gone = make([]CanceledLine, 0, len(c.Lines)), make(map[int]int64, len(c.Lines))
	find := o.finder()
	for n, wish := range c.Lines {
		pointer := fmt.Sprintf("/lines/%d", n)
		i := find.find(wish.LineID)
		if i < 0 {
			faults.AddDetail(o.unknownLine(pointer+"/line_id", wish.LineID))
			continue
		}
		l := &o.Lines[i]
		if _, twice := gone[i]; twice {
			faults.AddDetail(l.fault(rule.ValidationFailed, pointer+"/line_id", wish.Quantity, 0, "line %s is named twice; name it once, with all units to cancel", l.LineID))
			continue
		}
		if fault, ok := l.uncancelable(wish, pointer); ok {
			faults.AddDetail(fault)
			continue
		}
		gone[i] = wish.Quantity
		lines = append(lines, l.canceled(wish.Quantity))
	}
	return lines, gone
}

// uncancelable returns what keeps units of the line from being canceled, if anything does.
func (l *LineState) uncancelable(wish LineQuantity, pointer string) (rule.Detail, bool) {
	c := &l.Counters
	live, open := c.Live(), c.cancelable()
	switch n := wish.Quantity; {
	case wish.SKU != "" && wish.SKU != l.SKU:
		return l.fault(rule.ValidationFailed, pointer+"/sku", n, open, "line %s is SKU %q, not %q", l.LineID, l.SKU, wish.SKU), true
	case live == 0:
		return l.fault(rule.NothingToCancel, pointer+"/quantity", n, 0, "all units of SKU %q are canceled already", l.SKU), true
	case n < 1:
		return l.fault(rule.QuantityOutOfRange, pointer+"/quantity", n, open, "1 to %d units of SKU %q can be canceled, not %d", open, l.SKU, n), true
	case n > open && c.gone() > 0:
		return l.fault(rule.AlreadyShipped, pointer+"/quantity", n, open, "%d units of SKU %q were to be canceled, %d of %d %s; take those back as a return", n, l.SKU, c.gone(), live, l.left()), true
	case n > open:
		return l.fault(rule.QuantityExceedsOpen, pointer+"/quantity", n, open, "%d units of SKU %q were to be canceled, there are %d", n, l.SKU, open), true
	}
	return rule.Detail{}, false
}

// left says in words why units of the line are gone.
func (l *LineState) left() string {
	if l.Counters.ReturnRequested > l.Counters.Shipped {
		return "are asked back or have come back"
	}
	return "have been shipped"
}

// unpackedFor returns the packed fulfilments, the last ones first, that must be taken back so that so many units of the
// line at each position can go.
func (o *Order) unpackedFor(gone map[int]int64) []uuid.UUID {
	short := make(map[uuid.UUID]int64) // packed units that must be unpacked
	for i, n := range gone {
		c := &o.Lines[i].Counters
		if packed := n - (c.Live() - c.Fulfilled); packed > 0 {
			short[o.Lines[i].LineID] = packed
		}
	}
	var ids []uuid.UUID
	for i := len(o.Fulfillments) - 1; i >= 0 && len(short) > 0; i-- {
		f := &o.Fulfillments[i]
		if f.State != FulfillmentStatePacked || !slices.ContainsFunc(f.Lines, func(l FulfillmentLine) bool {
			return l.Quantity > l.Shipped && short[l.LineID] > 0
		}) {
			continue
		}
		ids = append(ids, f.FulfillmentID)
		for n := range f.Lines {
			l := &f.Lines[n]
			if short[l.LineID] -= l.Quantity - l.Shipped; short[l.LineID] <= 0 {
				delete(short, l.LineID)
			}
		}
	}
	return ids
}

func (o *Order) applyLinesCanceled(e *LinesCanceled) {
	for i := range o.Fulfillments {
		if f := &o.Fulfillments[i]; slices.Contains(e.Fulfillments, f.FulfillmentID) && f.State == FulfillmentStatePacked {
			o.unpack(f, e.CanceledAt)
		}
	}
	find := o.finder()
	for n := range e.Lines {
		if i := find.find(e.Lines[n].LineID); i >= 0 {
			o.Lines[i].release(e.Lines[n].Quantity)
		}
	}
	o.unplan(e.CanceledAt)
	o.Released = money.Clamped(o.Released, e.AmountReleased)
	o.UpdatedAt = e.CanceledAt
}

// release takes n units off the line that are neither packed nor shipped: those that wait for stock first.
func (l *LineState) release(n int64) {
	c := &l.Counters
	waiting := min(n, c.Backordered)
	c.Backordered -= waiting
	c.Reserved -= min(n-waiting, c.Reserved)
	l.shrink(n)
}

// unplan takes units off planned fulfilments that are no longer there to be packed, off the last ones first. Those that
// are left empty are canceled.
func (o *Order) unplan(at time.Time) {
	if !slices.ContainsFunc(o.Fulfillments, func(f Fulfillment) bool { return f.State == FulfillmentStatePlanned }) {
		return
	}
	open := make(map[uuid.UUID]int64, len(o.Lines))
	for i := range o.Lines {
		open[o.Lines[i].LineID] = o.Lines[i].Counters.Live() - o.Lines[i].Counters.Fulfilled
	}
	for i := range o.Fulfillments {
		f := &o.Fulfillments[i]
		if f.State != FulfillmentStatePlanned {
			continue
		}
		kept := make([]FulfillmentLine, 0, len(f.Lines))
		for _, l := range f.Lines {
			part := min(l.Quantity, open[l.LineID])
			open[l.LineID] -= part
			if l.Quantity = part; part > 0 {
				kept = append(kept, l)
			}
		}
		if len(kept) == 0 {
			f.State, f.CanceledAt = FulfillmentStateCanceled, at
			continue
		}
		f.Lines = kept
	}
}

// unpack opens the units of a fulfilment again that have not left: all of it, or the rest of one that is partly shipped.
func (o *Order) unpack(f *Fulfillment, at time.Time) {
	if f.State == FulfillmentStatePacked {
		find := o.finder()
		for n := range f.Lines {
			if i := find.find(f.Lines[n].LineID); i >= 0 {
				o.Lines[i].Counters.Fulfilled -= f.Lines[n].Quantity - f.Lines[n].Shipped
			}
		}
	}
	if len(f.Shipments) == 0 {
		f.State, f.CanceledAt = FulfillmentStateCanceled, at // its lines tell what it held
		return
	}
	kept := make([]FulfillmentLine, 0, len(f.Lines))
	for _, l := range f.Lines {
		if l.Quantity = l.Shipped; l.Quantity > 0 {
			kept = append(kept, l)
		}
	}
	f.Lines = kept
	f.advance()
}
