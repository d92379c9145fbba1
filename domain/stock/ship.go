package stock

import (
	"cmp"
	"fmt"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
)

func (c Commit) decide(s *Stock, _ PickOrder) ([]Event, error) {
	r, ok := s.Reservation(c.ReservationID)
	if !ok {
		return nil, gone(s, c.ReservationID)
	}
	if r.Committed {
		return nil, nil
	}
	return []Event{Committed{
		SKU: s.SKU, ReservationID: c.ReservationID, OrderID: r.OrderID, Allocations: listed(r.Allocations), CommittedAt: instant(c.At),
	}}, nil
}

func (c Deduct) decide(s *Stock, _ PickOrder) ([]Event, error) {
	location := cmp.Or(c.LocationID, MainLocation)
	r, ok := s.Reservation(c.ReservationID)
	if !ok {
		return nil, rule.New(rule.ReservationNotFound, "SKU %q: nothing is reserved as %s (any more), so nothing of it can be shipped", s.SKU, c.ReservationID)
	}
	if !r.Committed {
		return nil, rule.New(rule.InvalidState, "SKU %q: reservation %s is not committed; confirm order %s before its units leave", s.SKU, c.ReservationID, r.OrderID)
	}
	wants, err := wantedOf(s.SKU, c.Lines)
	if err != nil {
		return nil, err
	}
	if len(wants) == 0 {
		return nil, nil
	}
	taken := wants.fromAllocations(r.Allocations, func(a *Allocation) bool { return a.Untracked || a.LocationID == location })
	var faults rule.Faults
	for i, line := range c.Lines {
		if missing := wants[line.LineID]; missing > 0 {
			held := r.Held(line.LineID, location)
			faults.AddDetail(s.short(fmt.Sprintf("/lines/%d/quantity", i), line.LineID, location, held+missing, held, "committed to the order"))
		}
	}
	at := s.At(location)
	if needed := trackedUnits(taken); needed > at.sound() {
		for i, line := range c.Lines {
			faults.AddDetail(s.short(fmt.Sprintf("/lines/%d/quantity", i), line.LineID, location, needed, at.sound(), "there; count the location, or pack elsewhere"))
		}
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return []Event{Deducted{
		SKU: s.SKU, ReservationID: c.ReservationID, OrderID: r.OrderID, ShipmentID: c.ShipmentID, Allocations: taken, DeductedAt: instant(c.At),
	}}, nil
}

func (c Move) decide(s *Stock, pick PickOrder) ([]Event, error) {
	to := cmp.Or(c.To, MainLocation)
	r, ok := s.Reservation(c.ReservationID)
	if !ok {
		return nil, rule.New(rule.ReservationNotFound, "SKU %q: nothing is reserved as %s (any more), so nothing of it can be moved", s.SKU, c.ReservationID)
	}
	var faults rule.Faults
	if checkLocation(&faults, "/location_id", to); c.From == to {
		faults.Add(rule.ValidationFailed, "/location_id", "the units are at location %q already; name another one", to)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	movable := func(a *Allocation) bool { return a.LocationID != to && (c.From == "" || a.LocationID == c.From) }
	lines := c.Lines
	if lines == nil {
		for i := range r.Allocations {
			if a := &r.Allocations[i]; movable(a) {
				lines = append(lines, LineQuantity{LineID: a.LineID, Quantity: a.Quantity})
			}
		}
	}
	if len(lines) == 0 {
		return nil, nil
	}
	wants, err := wantedOf(s.SKU, lines)
	if err != nil {
		return nil, err
	}
	taken := wants.fromAllocations(r.Allocations, movable)
	if err := c.refusal(s, &r, to, lines, wants, taken); err != nil {
		return nil, err
	}
	return settle(s, pick, c.At, Moved{
		SKU: s.SKU, ReservationID: c.ReservationID, OrderID: r.OrderID, Allocations: taken, ToLocationID: to,
		Committed: r.Committed, MovedAt: instant(c.At),
	}), nil
}

// refusal says why units cannot be moved: the reservation has fewer elsewhere, or the location has not as many.
func (c Move) refusal(s *Stock, r *Reservation, to string, lines []LineQuantity, missing wanted, taken []Allocation) error {
	var faults rule.Faults
	for i, line := range lines {
		if missing[line.LineID] > 0 {
			held, _ := r.Line(line.LineID)
			movable, _ := (&Reservation{Allocations: taken}).Line(line.LineID)
			d := s.short(fmt.Sprintf("/lines/%d/quantity", i), line.LineID, to, movable+missing[line.LineID], movable, "that could be moved there")
			d.Code = rule.QuantityOutOfRange
			d.Message += fmt.Sprintf(" (%d reserved in all)", held)
			faults.AddDetail(d)
		}
	}
	at := s.At(to)
	if needed, available := trackedUnits(taken), at.Available(); needed > available {
		for i, line := range lines {
			faults.AddDetail(s.short(fmt.Sprintf("/lines/%d/quantity", i), line.LineID, to, needed, available, "available"))
		}
	}
	return faults.Err()
}

// trackedUnits sums the units that levels move with.
func trackedUnits(allocations []Allocation) int64 {
	var sum int64
	for i := range allocations {
		if !allocations[i].Untracked {
			sum += allocations[i].Quantity
		}
	}
	return sum
}

// sound returns the units on hand that are neither damaged nor in quality control.
func (l *Location) sound() int64 { return max(0, l.OnHand-l.Damaged-l.QualityControl) }

// short is the detail of a line that asks for more than a location has.
func (s *Stock) short(pointer string, line uuid.UUID, location string, requested, available int64, what string) rule.Detail {
	d := rule.Detail{
		Pointer: pointer, Code: rule.InsufficientStock,
		Message: fmt.Sprintf("SKU %q at location %q: %d requested, %d %s", s.SKU, location, requested, available, what),
		Meta:    map[string]any{"sku": s.SKU, "location_id": location, "requested": requested, "available": available},
	}
	if line != uuid.Nil {
		d.Message = fmt.Sprintf("line %s of ", line) + d.Message
		d.Meta["line_id"] = line.String()
	}
	return d
}
