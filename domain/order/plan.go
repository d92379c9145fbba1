package order

import (
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// PlanFulfillment assigns open units to a location. No lines: all that are open. Units that wait for stock are not: they
// are nowhere yet.
type PlanFulfillment struct {
	FulfillmentID uuid.UUID
	LocationID    string         // empty: the main one
	Lines         []LineQuantity // SKU may be empty
	ShipBy        time.Time
	At            time.Time
}

// MoveFulfillment assigns a planned fulfilment to another location. The caller moves its reservations in the same append.
type MoveFulfillment struct {
	FulfillmentID uuid.UUID
	LocationID    string // empty: the main one
	At            time.Time
}

// CancelFulfillment takes a fulfilment back of which nothing has left.
type CancelFulfillment struct {
	FulfillmentID uuid.UUID
	Reason        string
	Private       PII // sealed: reason
	At            time.Time
}

func (c PlanFulfillment) decide(o *Order) ([]Event, error) {
	if err := o.movable(); err != nil {
		return nil, err
	}
	location := locationOr(c.LocationID)
	if f := o.fulfillment(c.FulfillmentID); f != nil {
		if f.LocationID == location && f.same(c.Lines) && f.State != FulfillmentStateCanceled {
			return nil, nil
		}
		return nil, o.taken("fulfilment", c.FulfillmentID, string(f.State))
	}
	var faults rule.Faults
	checkID(&faults, "/fulfillment_id", "fulfilment", c.FulfillmentID)
	checkLocation(&faults, location)
	if !c.ShipBy.IsZero() && c.ShipBy.Before(c.At) {
		faults.Add(rule.ValidationFailed, "/ship_by", "goods cannot leave by %s, which was before %s", stamp(c.ShipBy), stamp(c.At))
	}
	demands := o.demands(&faults, c.Lines)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	planned := o.plannedUnits()
	if len(c.Lines) == 0 {
		demands = o.allOpen(func(i int) int64 { return o.Lines[i].packable() - planned[i] })
	}
	for _, d := range demands {
		l := &o.Lines[d.line]
		if open := max(0, l.packable()-planned[d.line]); d.quantity > open {
			faults.AddDetail(l.fault(rule.QuantityExceedsOpen, d.at("/quantity"), d.quantity, open,
				"%d units of SKU %q were to be planned, %d are open: %d live, %d packed, %d planned, %d waiting for stock", d.quantity, l.SKU,
				open, l.Counters.Live(), l.Counters.Fulfilled, planned[d.line], l.Counters.Backordered))
		}
	}
	if len(demands) == 0 {
		faults.Add(rule.QuantityExceedsOpen, "/lines", "order %s has no units left to plan: all are packed, planned or waiting for stock", o.Number)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	event := FulfillmentPlanned{
		About: o.about(), FulfillmentID: c.FulfillmentID, LocationID: location, Lines: o.quantities(demands), PlannedAt: instant(c.At),
	}
	if !c.ShipBy.IsZero() {
		event.ShipBy = instant(c.ShipBy)
	}
	return []Event{event}, nil
}

// packable returns the units that could be packed now: live ones in stock that are not packed yet.
func (l *LineState) packable() int64 {
	c := &l.Counters
	return max(0, c.Live()-c.Fulfilled-c.Backordered)
}

// plannedUnits returns the units of every line that are planned and not packed.
func (o *Order) plannedUnits() []int64 {
	units, line := make([]int64, len(o.Lines)), o.finder()
	for n := range o.Fulfillments {
		f := &o.Fulfillments[n]
		if f.State != FulfillmentStatePlanned {
			continue
		}
		for k := range f.Lines {
			if i := line.find(f.Lines[k].LineID); i >= 0 {
				units[i] += f.Lines[k].Quantity
			}
		}
	}
	return units
}

// allOpen names all units that open counts.
func (o *Order) allOpen(open func(line int) int64) []demand {
	var all []demand
	for i := range o.Lines {
		if n := open(i); n > 0 {
			all = append(all, demand{line: i, quantity: n, named: -1})
		}
	}
	return all
}

func (c MoveFulfillment) decide(o *Order) ([]Event, error) {
	if err := o.movable(); err != nil {
		return nil, err
	}
	f, err := o.knownFulfillment(c.FulfillmentID)
	if err != nil {
		return nil, err
	}
	if f.State != FulfillmentStatePlanned {
		return nil, rule.New(rule.InvalidState, "fulfilment %s of order %s is %s; only planned ones can be moved", c.FulfillmentID, o.Number, f.State)
	}
	location := locationOr(c.LocationID)
	var faults rule.Faults
	checkLocation(&faults, location)
	if err := faults.Err(); err != nil || f.LocationID == location {
		return nil, err
	}
	return []Event{FulfillmentMoved{
		About: o.about(), FulfillmentID: c.FulfillmentID, From: f.LocationID, To: location, MovedAt: instant(c.At),
	}}, nil
}

func (c CancelFulfillment) decide(o *Order) ([]Event, error) {
	if err := o.movable(); err != nil {
		return nil, err
	}
	f, err := o.knownFulfillment(c.FulfillmentID)
	if err != nil {
		return nil, err
	}
	var faults rule.Faults
	text.Note.Check(&faults, "/reason", c.Reason, 0, MaxNoteLength)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	event := FulfillmentCanceled{
		About: o.about(), FulfillmentID: c.FulfillmentID, LocationID: f.LocationID, Lines: []LineQuantity{},
		Reason: inClear(c.Reason, c.Private), Private: c.Private, CanceledAt: instant(c.At),
	}
	switch {
	case f.State == FulfillmentStateCanceled:
		return nil, nil
	case !f.unshipped():
		return nil, rule.New(rule.AlreadyShipped, "%d shipments of fulfilment %s of order %s have left; take their goods back as a return",
			len(f.Shipments), c.FulfillmentID, o.Number)
	case f.State == FulfillmentStatePacked:
		event.Restock = true
		for i := range f.Lines {
			event.Lines = append(event.Lines, f.Lines[i].LineQuantity)
		}
	}
	return []Event{event}, nil
}

func (o *Order) applyFulfillmentPlanned(e *FulfillmentPlanned) {
	o.Fulfillments = append(o.Fulfillments, Fulfillment{
		FulfillmentID: e.FulfillmentID, LocationID: e.LocationID, State: FulfillmentStatePlanned,
		Lines: fulfillmentLines(e.Lines), ShipBy: e.ShipBy, PlannedAt: e.PlannedAt,
	})
	o.UpdatedAt = e.PlannedAt
}

func fulfillmentLines(lines []LineQuantity) []FulfillmentLine {
	own := make([]FulfillmentLine, len(lines))
	for i := range lines {
		own[i].LineQuantity = lines[i]
	}
	return own
}

func (o *Order) applyFulfillmentMoved(e *FulfillmentMoved) {
	if f := o.fulfillment(e.FulfillmentID); f != nil {
		f.LocationID = e.To
	}
	o.UpdatedAt = e.MovedAt
}

func (o *Order) applyFulfillmentCanceled(e *FulfillmentCanceled) {
	switch f := o.fulfillment(e.FulfillmentID); {
	case f == nil:
	case f.State == FulfillmentStatePlanned:
		f.State, f.CanceledAt = FulfillmentStateCanceled, e.CanceledAt
	default:
		o.unpack(f, e.CanceledAt)
	}
	o.UpdatedAt = e.CanceledAt
}
