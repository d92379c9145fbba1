package order

import (
	"cmp"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// ResolveReturn ends a return. What its units had cost is what the order costs less, but for a fee and what is given as
// store credit: first it is taken off what the customer still owes, and the rest is to be paid back. Resolving it again
// alike changes nothing.
type ResolveReturn struct {
	ReturnID           uuid.UUID
	Refund             *int64 // nil: what the received (or claimed) units had cost, less fee and store credit
	RefundPointer      string // the refund's place in the request; empty: /refund
	Fee                int64
	StoreCredit        int64
	ReplacementOrderID uuid.UUID
	By                 string
	At                 time.Time
}

func (c ResolveReturn) decide(o *Order) ([]Event, error) {
	r, err := o.knownReturn(c.ReturnID)
	if err != nil {
		return nil, err
	}
	if r.State == ReturnStateResolved && c.same(r) {
		return nil, nil
	}
	if err := o.resolvable(r); err != nil {
		return nil, err
	}
	event := ReturnResolved{
		About: o.about(), ReturnID: c.ReturnID, Fee: c.Fee, StoreCredit: c.StoreCredit, ReplacementOrderID: c.ReplacementOrderID,
		ResolvedBy: c.By, RequestedAt: r.RequestedAt, ResolvedAt: instant(c.At),
	}
	units, kept := o.resolved(r)
	event.Lines, event.GivenBack = o.worth(units), kept
	if err := c.settle(o, &event); err != nil {
		return nil, err
	}
	return []Event{event}, nil
}

// same reports whether the return was resolved just so.
func (c ResolveReturn) same(r *Return) bool {
	return (c.Refund == nil || *c.Refund == r.Refund+r.TakenOffDue) && c.Fee == r.Fee && c.StoreCredit == r.StoreCredit &&
		c.ReplacementOrderID == r.ReplacementOrderID
}

// resolvable returns the rule that keeps a return from being resolved.
func (o *Order) resolvable(r *Return) error {
	switch r.State {
	case ReturnStatePartiallyReceived, ReturnStateReceived:
		return nil
	case ReturnStateRequested, ReturnStateApproved:
		if r.Kind == KindClaim {
			return nil
		}
		return o.returnIs(r, "receive its goods first, or cancel it")
	default:
		return o.returnIs(r, "it is over")
	}
}

// resolved returns the units of every line that a resolution is about, and those that did not come and are given back:
// a claim without any goods is about all that it names.
func (o *Order) resolved(r *Return) (units []int64, givenBack []LineQuantity) {
	if len(r.Received) == 0 {
		return o.requestedUnits(r), nil
	}
	if givenBack = o.units(o.outstanding(r)); len(givenBack) == 0 {
		givenBack = nil
	}
	return o.receivedUnits(r), givenBack
}

// worth returns what units of every line had cost, after those that were resolved before.
func (o *Order) worth(units []int64) []ReturnedLine {
	lines := make([]ReturnedLine, 0, len(units))
	for i, n := range units {
		if n == 0 {
			continue
		}
		l := &o.Lines[i]
		net, tax := l.shareFromStart(l.Counters.RefundedQuantity, n)
		lines = append(lines, ReturnedLine{
			LineID: l.LineID, SKU: l.SKU, Quantity: n, UnitPrice: l.UnitPrice, Amount: net, Tax: tax,
		})
	}
	return lines
}

// settle computes what the order costs less and how much of it is to be paid back.
func (c ResolveReturn) settle(o *Order, e *ReturnResolved) error {
	var net, tax int64 // of the units; within the order's total
	for i := range e.Lines {
		net, tax = net+e.Lines[i].Amount, tax+e.Lines[i].Tax
	}
	if err := c.check(o, net+tax); err != nil {
		return err
	}
	due, possible := o.AmountDue(), o.refundable()
	credit := net + tax - c.Fee - c.StoreCredit
	if c.Refund != nil {
		if credit = *c.Refund; credit > possible {
			return o.refundExceeds(c.refundPointer(), credit, possible)
		}
	}
	e.TakenOffDue = min(credit, due)
	e.Refund = credit - e.TakenOffDue
	if e.Refund > possible {
		return o.refundExceeds(c.refundPointer(), e.Refund, possible)
	}
	e.RefundTax = tax
	if credit < net+tax {
		e.RefundTax = money.Allocate(credit, []int64{net, tax})[1]
	}
	if beyond := credit - net - tax; beyond > 0 {
		e.RefundShipping, e.RefundShippingTax = o.shippingCredit(beyond)
		e.RefundTax += e.RefundShippingTax
		e.RefundGoodwill = beyond - e.RefundShipping
	}
	return nil
}

// refundable returns what of the money that was paid is neither paid back nor owed to the customer already.
func (o *Order) refundable() int64 {
	f := o.Funds()
	return max(0, f.Captured-f.Refunded-o.AmountOwedToCustomer())
}

// refundPointer returns where the request has the refund, or nothing if it has none.
func (c ResolveReturn) refundPointer() string {
	if c.Refund == nil {
		return ""
	}
	return cmp.Or(c.RefundPointer, "/refund")
}

// check returns the fault of sums that do not fit what the units had cost. Refund, fee and store credit share that; a
// refund alone may be more, as far as the customer has paid.
func (c ResolveReturn) check(o *Order, worth int64) error {
	var faults rule.Faults
	if c.Refund != nil && *c.Refund < 0 {
		faults.Add(rule.ValidationFailed, c.refundPointer(), "a refund is 0 or more, not %d", *c.Refund)
	}
	if c.StoreCredit < 0 {
		faults.Add(rule.ValidationFailed, "/store_credit", "a store credit is 0 or more, not %d", c.StoreCredit)
	}
	if c.ReplacementOrderID == o.ID {
		faults.Add(rule.ValidationFailed, "/replacement_order_id", "an order cannot replace itself; place another one")
	}
	left := worth
	if c.Refund != nil {
		left = max(0, worth-max(0, *c.Refund))
	}
	exceeds := func(pointer, what string, asked, possible int64) {
		faults.AddDetail(rule.Detail{
			Pointer: pointer, Code: rule.ValidationFailed,
			Message: what + " of " + money.Format(asked, o.Currency) + " was asked for; the units had cost " + money.Format(worth, o.Currency) +
				", which refund, fee and store credit share, so at most " + money.Format(possible, o.Currency) + " is possible",
			Meta: map[string]any{"requested": asked, "available": possible, "currency": o.Currency},
		})
	}
	switch {
	case c.Fee < 0:
		faults.Add(rule.ValidationFailed, "/fee", "a fee is 0 or more, not %d", c.Fee)
	case c.Fee > left:
		exceeds("/fee", "a fee", c.Fee, left)
	case c.StoreCredit > left-c.Fee:
		exceeds("/store_credit", "a store credit", c.StoreCredit, left-c.Fee)
	}
	return faults.Err()
}

func (o *Order) applyReturnResolved(e *ReturnResolved) {
	line := o.finder()
	for n := range e.Lines {
		if i := line.find(e.Lines[n].LineID); i >= 0 {
			o.Lines[i].Counters.RefundedQuantity += e.Lines[n].Quantity
		}
	}
	o.giveBack(e.GivenBack)
	o.Credited = money.Clamped(o.Credited, e.Refund, e.TakenOffDue)
	if r := o.returnOf(e.ReturnID); r != nil {
		r.State, r.ResolvedAt = ReturnStateResolved, e.ResolvedAt
		r.Lines, r.Refund, r.TakenOffDue, r.Fee, r.StoreCredit = e.Lines, e.Refund, e.TakenOffDue, e.Fee, e.StoreCredit
		r.RefundTax, r.RefundShipping, r.RefundGoodwill = e.RefundTax, e.RefundShipping, e.RefundGoodwill
		r.ReplacementOrderID = e.ReplacementOrderID
	}
	o.UpdatedAt = e.ResolvedAt
}
