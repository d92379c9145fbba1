package order

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// MaxReturnLines is how many lines one return may have: as many as an order, each in several conditions.
const MaxReturnLines = 4 * MaxLines

// RequestReturn asks to send delivered units back, or, as a claim, says that something is wrong with shipped ones. The
// same request again changes nothing.
type RequestReturn struct {
	ReturnID            uuid.UUID
	Kind                ReturnKind      // empty: KindReturn
	Lines               []RequestedLine // SKU may be empty; a line may be named more than once, for different reasons
	RequestedResolution string
	LocationID          string
	WindowDays          int64 // days after delivery in which returns are taken; 0: for ever
	OverrideWindow      bool  // staff take it all the same
	PII                 PII
	At                  time.Time
}

func (c RequestReturn) decide(o *Order) ([]Event, error) {
	if err := o.returnable(); err != nil {
		return nil, err
	}
	kind := c.Kind
	if kind == "" {
		kind = KindReturn
	}
	if r := o.returnOf(c.ReturnID); r != nil {
		if r.Kind == kind && r.RequestedResolution == c.RequestedResolution && r.LocationID == c.LocationID && r.sameRequest(c.Lines) {
			return nil, nil
		}
		return nil, o.taken("return", c.ReturnID, string(r.State))
	}
	var faults rule.Faults
	c.check(&faults)
	switch kind {
	case KindReturn, KindExchange, KindClaim:
	default:
		faults.Add(rule.ValidationFailed, "/kind", "a kind is return, exchange or claim, not %q", kind)
	}
	demands := c.demands(o, &faults)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	c.checkOpen(o, &faults, demands, kind)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	late := c.late(o, demands)
	if err := late.Err(); err != nil && !c.OverrideWindow {
		return nil, err
	}
	event := ReturnRequested{
		About: o.about(), ReturnID: c.ReturnID, Kind: kind, Lines: make([]RequestedLine, len(c.Lines)),
		RequestedResolution: c.RequestedResolution, LocationID: c.LocationID, WindowOK: late.Err() == nil, PII: c.PII,
		RequestedAt: instant(c.At),
	}
	copy(event.Lines, c.Lines)
	for _, d := range demands {
		event.Lines[d.named].SKU = o.Lines[d.line].SKU
	}
	return []Event{event}, nil
}

// sameRequest reports whether the return asks for just these lines.
func (r *Return) sameRequest(lines []RequestedLine) bool {
	return slices.EqualFunc(r.Requested, lines, func(have, want RequestedLine) bool {
		want.SKU = have.SKU
		return have == want
	})
}

func (c RequestReturn) check(faults *rule.Faults) {
	checkID(faults, "/return_id", "return", c.ReturnID)
	if c.LocationID != "" {
		checkLocation(faults, c.LocationID)
	}
	text.Identifier.Check(faults, "/requested_resolution", c.RequestedResolution, 0, MaxKeyLength)
	if n := len(c.Lines); n < 1 || n > MaxReturnLines {
		faults.Add(rule.ValidationFailed, "/lines", "a return has 1 to %d lines, not %d", MaxReturnLines, n)
	}
	for i := range c.Lines {
		text.Identifier.Check(faults, fmt.Sprintf("/lines/%d/reason_code", i), c.Lines[i].ReasonCode, 0, MaxKeyLength)
		text.Note.Check(faults, fmt.Sprintf("/lines/%d/note", i), c.Lines[i].Note, 0, MaxNoteLength)
	}
}

// demands finds the lines of the request, in its own sequence.
func (c RequestReturn) demands(o *Order, faults *rule.Faults) []demand {
	demands, line := make([]demand, 0, len(c.Lines)), o.finder()
	for n := range c.Lines {
		d := demand{line: line.find(c.Lines[n].LineID), quantity: c.Lines[n].Quantity, named: n}
		if o.nameable(faults, &d, c.Lines[n].LineID, c.Lines[n].SKU) {
			demands = append(demands, d)
		}
	}
	return demands
}

// checkOpen records a fault for every line of which fewer units have arrived (or left, for a claim) than are asked back.
func (c RequestReturn) checkOpen(o *Order, faults *rule.Faults, demands []demand, kind ReturnKind) {
	asked := make([]int64, len(o.Lines)) // by earlier lines of this request
	for _, d := range demands {
		l := &o.Lines[d.line]
		out, what := l.arrived(), "delivered"
		if kind == KindClaim {
			out, what = l.out(), "shipped"
		}
		if !l.RequiresShipping {
			what = "handed over"
		}
		open := max(0, out-l.Counters.ReturnRequested-asked[d.line])
		if d.quantity > open {
			faults.AddDetail(l.fault(rule.QuantityExceedsDelivery, d.at("/quantity"), d.quantity, open,
				"%d units of SKU %q were to come back, %d can: %d were %s, %d are asked back already", d.quantity, l.SKU, open,
				out, what, l.Counters.ReturnRequested+asked[d.line]))
			continue
		}
		asked[d.line] += d.quantity
	}
}

// late records a fault for every line whose window has closed.
func (c RequestReturn) late(o *Order, demands []demand) (faults rule.Faults) {
	if c.WindowDays < 1 {
		return faults
	}
	delivered := o.deliveredAt()
	for _, d := range demands {
		at := delivered[d.line]
		closed := at.AddDate(0, 0, int(c.WindowDays))
		if at.IsZero() || !instant(c.At).After(closed) {
			continue
		}
		l := &o.Lines[d.line]
		detail := l.fault(rule.ReturnWindowClosed, d.at(""), d.quantity, 0,
			"SKU %q was delivered on %s and could be returned for %d days, until %s; staff may allow it all the same", l.SKU,
			at.Format(time.DateOnly), c.WindowDays, closed.Format(time.DateOnly))
		detail.Meta["delivered_at"], detail.Meta["closed_at"] = stamp(at), stamp(closed)
		detail.Meta["closed_on"], detail.Meta["window_days"] = closed.Format(time.DateOnly), c.WindowDays
		faults.AddDetail(detail)
	}
	return faults
}

// out returns the units of the line that have left. What needs no shipping is the customer's once the order is confirmed,
// as far as there is stock of it.
func (l *LineState) out() int64 {
	if !l.RequiresShipping {
		return max(l.Counters.Shipped, l.Counters.Live()-l.Counters.Backordered)
	}
	return l.Counters.Shipped
}

// arrived returns the units of the line that the customer has.
func (l *LineState) arrived() int64 {
	if !l.RequiresShipping {
		return l.out()
	}
	return l.Counters.Delivered
}

// deliveredAt returns when the last unit of every line arrived: zero if none has. What needs no shipping arrived when the
// order was confirmed, or when it was shipped all the same. Of an order that was imported it is the time of the order.
func (o *Order) deliveredAt() []time.Time {
	last, line := make([]time.Time, len(o.Lines)), o.finder()
	for i := range last {
		switch {
		case !o.ImportedAt.IsZero():
			last[i] = o.CompletedAt
		case !o.Lines[i].RequiresShipping:
			last[i] = o.ConfirmedAt
		}
	}
	for n := range o.Fulfillments {
		lines := o.Fulfillments[n].Lines
		for k := range lines {
			if i := line.find(lines[k].LineID); i >= 0 && lines[k].DeliveredAt.After(last[i]) {
				last[i] = lines[k].DeliveredAt
			}
		}
	}
	return last
}

func (o *Order) applyReturnRequested(e *ReturnRequested) {
	line := o.finder()
	for n := range e.Lines {
		if i := line.find(e.Lines[n].LineID); i >= 0 {
			o.Lines[i].Counters.ReturnRequested += e.Lines[n].Quantity
		}
	}
	o.Returns = append(o.Returns, Return{
		ReturnID: e.ReturnID, Kind: e.Kind, State: ReturnStateRequested, LocationID: e.LocationID, Requested: e.Lines,
		RequestedResolution: e.RequestedResolution, WindowOK: e.WindowOK, PII: e.PII, RequestedAt: e.RequestedAt,
	})
	o.UpdatedAt = e.RequestedAt
}
