package order

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// ReceiveReturn says that goods have come back, all or some. The caller books their stock in the same append.
type ReceiveReturn struct {
	ReturnID   uuid.UUID
	LocationID string         // empty: the return's, or the main one
	Lines      []ReceivedLine // SKU may be empty; none: all that are still to come, restocked
	By         string
	At         time.Time
}

func (c ReceiveReturn) decide(o *Order) ([]Event, error) {
	r, err := o.knownReturn(c.ReturnID)
	if err != nil {
		return nil, err
	}
	switch r.State {
	case ReturnStateApproved, ReturnStatePartiallyReceived:
	case ReturnStateReceived:
		if len(c.Lines) == 0 {
			return nil, nil
		}
	case ReturnStateRequested:
		return nil, o.returnIs(r, "approve it before its goods are received")
	default:
		return nil, o.returnIs(r, "nothing more of it can be received")
	}
	location := c.LocationID
	if location == "" {
		location = locationOr(r.LocationID)
	}
	var faults rule.Faults
	checkLocation(&faults, location)
	lines := c.take(o, r, &faults)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return []Event{ReturnReceived{
		About: o.about(), ReturnID: c.ReturnID, LocationID: location, Lines: lines, ReceivedBy: c.By, ReceivedAt: instant(c.At),
	}}, nil
}

// take returns the lines that are received, each with its SKU, and records those of which more came than was asked for.
func (c ReceiveReturn) take(o *Order, r *Return, faults *rule.Faults) []ReceivedLine {
	open := o.outstanding(r)
	if len(c.Lines) == 0 {
		units := o.units(open)
		lines := make([]ReceivedLine, len(units))
		for n, u := range units {
			lines[n] = ReceivedLine{LineID: u.LineID, SKU: u.SKU, Quantity: u.Quantity, Disposition: DispositionRestock}
		}
		return lines
	}
	if n := len(c.Lines); n > MaxReturnLines {
		faults.Add(rule.ValidationFailed, "/lines", "at most %d lines are received at once, not %d", MaxReturnLines, n)
		return nil
	}
	lines, line := make([]ReceivedLine, 0, len(c.Lines)), o.finder()
	for n, came := range c.Lines {
		d := demand{line: line.find(came.LineID), quantity: came.Quantity, named: n}
		if !o.nameable(faults, &d, came.LineID, came.SKU) {
			continue
		}
		l := &o.Lines[d.line]
		came.check(faults, n)
		if came.Quantity > open[d.line] {
			faults.AddDetail(l.fault(rule.QuantityExceedsRequested, d.at("/quantity"), came.Quantity, open[d.line],
				"%d units of SKU %q came back, %d of return %s are still to come", came.Quantity, l.SKU, open[d.line], r.ReturnID))
			continue
		}
		open[d.line] -= came.Quantity
		came.SKU = l.SKU
		lines = append(lines, came)
	}
	return lines
}

func (l *ReceivedLine) check(faults *rule.Faults, n int) {
	switch l.Disposition {
	case DispositionRestock, DispositionQualityControl, DispositionDamaged, DispositionWriteOff:
	default:
		faults.Add(rule.ValidationFailed, fmt.Sprintf("/lines/%d/disposition", n),
			"a disposition is restock, quality_control, damaged or write_off, not %q", l.Disposition)
	}
	text.Identifier.Check(faults, fmt.Sprintf("/lines/%d/condition", n), l.Condition, 0, MaxKeyLength)
}

func (o *Order) applyReturnReceived(e *ReturnReceived) {
	line := o.finder()
	for n := range e.Lines {
		i := line.find(e.Lines[n].LineID)
		if i < 0 {
			continue
		}
		c := &o.Lines[i].Counters
		c.Returned += e.Lines[n].Quantity
		switch e.Lines[n].Disposition {
		case DispositionRestock:
			c.Restocked += e.Lines[n].Quantity
		case DispositionWriteOff:
			c.WrittenOff += e.Lines[n].Quantity
		case DispositionQualityControl, DispositionDamaged: // decided later, or kept as they are
		}
	}
	if r := o.returnOf(e.ReturnID); r != nil {
		r.Received = append(r.Received, e.Lines...)
		r.State, r.ReturnedAt = ReturnStatePartiallyReceived, e.ReceivedAt
		if r.LocationID == "" {
			r.LocationID = e.LocationID
		}
		complete := true
		for _, open := range o.outstanding(r) {
			complete = complete && open == 0
		}
		if complete {
			r.State = ReturnStateReceived
		}
	}
	o.UpdatedAt = e.ReceivedAt
}
