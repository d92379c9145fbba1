package stock

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
)

func (c ExtendReservation) decide(s *Stock, _ PickOrder) ([]Event, error) {
	r, ok := s.Reservation(c.ReservationID)
	switch {
	case !ok:
		return nil, gone(s, c.ReservationID)
	case r.Kind != KindSoft || r.Committed:
		return nil, rule.New(rule.InvalidState, "SKU %q: reservation %s has no timer that could be extended: it lasts as long as order %s", s.SKU, c.ReservationID, r.OrderID)
	case !instant(c.At).Before(r.ExpiresAt):
		return nil, rule.New(rule.ReservationExpired, "SKU %q: reservation %s expired at %s; reserve again", s.SKU, c.ReservationID, stamp(r.ExpiresAt))
	case !instant(c.ExpiresAt).After(r.ExpiresAt):
		return nil, nil
	}
	return []Event{ReservationExtended{
		SKU: s.SKU, ReservationID: c.ReservationID, ExpiresAt: instant(c.ExpiresAt), ExtendedAt: instant(c.At),
	}}, nil
}

func (c Release) decide(s *Stock, pick PickOrder) ([]Event, error) {
	events, err := c.events(s)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	return settle(s, pick, c.At, events...), nil
}

// events returns the release itself, without what becomes of the units.
func (c Release) events(s *Stock) ([]Event, error) {
	r, ok := s.Reservation(c.ReservationID)
	if !ok {
		return nil, nil
	}
	e := releasedWhole(s, c.ReservationID, &r, c.Reason, c.At)
	if c.Lines != nil {
		wanted, err := wantedOf(s.SKU, c.Lines)
		if err != nil {
			return nil, err
		}
		e.Backordered = wanted.fromLines(r.Backordered)
		e.Allocations = wanted.sparing(r.Allocations, c.Spare)
		if len(e.Allocations) == 0 && len(e.Backordered) == 0 {
			return nil, nil
		}
	}
	return []Event{e}, nil
}

func (c Expire) decide(s *Stock, pick PickOrder) ([]Event, error) { //nolint:unparam // the interface's; expiring is never refused
	r, ok := s.Reservation(c.ReservationID)
	if !ok || r.Kind != KindSoft || r.Committed || instant(c.At).Before(r.ExpiresAt) {
		return nil, nil
	}
	return settle(s, pick, c.At, ReservationExpired{
		SKU: s.SKU, ReservationID: c.ReservationID, OrderID: r.OrderID, Allocations: listed(r.Allocations), ExpiredAt: instant(c.At),
	}), nil
}

// releasedWhole is the release of all that a reservation has.
func releasedWhole(s *Stock, id uuid.UUID, r *Reservation, reason string, at time.Time) Released {
	e := Released{
		SKU: s.SKU, ReservationID: id, OrderID: r.OrderID, Allocations: listed(r.Allocations),
		Committed: r.Committed, Reason: reason, ReleasedAt: instant(at),
	}
	if len(r.Backordered) > 0 {
		e.Backordered = r.Backordered
	}
	return e
}

// listed returns allocations as events list them: none is an empty list.
func listed(allocations []Allocation) []Allocation {
	if allocations == nil {
		return []Allocation{}
	}
	return allocations
}

// wanted is how many units are still to be taken of each line.
type wanted map[uuid.UUID]int64

// wantedOf sums the units asked for of each line.
func wantedOf(sku string, lines []LineQuantity) (wanted, error) {
	var faults rule.Faults
	w := make(wanted, len(lines))
	for i, line := range lines {
		if line.Quantity < 1 || line.Quantity > MaxOnHand {
			faults.AddDetail(rule.Detail{
				Pointer: fmt.Sprintf("/lines/%d/quantity", i), Code: rule.QuantityOutOfRange,
				Message: fmt.Sprintf("line %s of SKU %q: 1 to %d units, not %d", line.LineID, sku, int64(MaxOnHand), line.Quantity),
				Meta:    map[string]any{"sku": sku, "line_id": line.LineID.String(), "requested": line.Quantity, "available": int64(MaxOnHand)},
			})
			continue
		}
		w[line.LineID] = min(w[line.LineID]+line.Quantity, beyond)
	}
	return w, faults.Err()
}

// sparing takes what is wanted from allocations, and spared units only when no others are left.
func (w wanted) sparing(allocations []Allocation, spare []LineLocation) []Allocation {
	anything := func(*Allocation) bool { return true }
	if len(spare) == 0 {
		return w.fromAllocations(allocations, anything)
	}
	spared := make([]Allocation, len(spare))
	for i, at := range spare {
		spared[i] = Allocation{LineID: at.LineID, LocationID: at.LocationID, Quantity: at.Quantity}
	}
	free := less(allocations, spared)
	return append(w.fromAllocations(free, anything), w.fromAllocations(less(allocations, free), anything)...)
}

// fromAllocations takes what is wanted from the allocations that may be used, the last ones first, and returns what was
// taken in the allocations' sequence.
func (w wanted) fromAllocations(allocations []Allocation, usable func(*Allocation) bool) []Allocation {
	taken := []Allocation{}
	for i := len(allocations) - 1; i >= 0; i-- {
		a := allocations[i]
		want := w[a.LineID]
		if want == 0 || !usable(&a) {
			continue
		}
		a.Quantity = min(a.Quantity, want)
		w[a.LineID] = want - a.Quantity
		taken = append(taken, a)
	}
	slices.Reverse(taken)
	return taken
}

// fromLines does the same with units that are waited for.
func (w wanted) fromLines(lines []LineQuantity) []LineQuantity {
	var taken []LineQuantity
	for i := len(lines) - 1; i >= 0; i-- {
		line := lines[i]
		want := w[line.LineID]
		if want == 0 {
			continue
		}
		line.Quantity = min(line.Quantity, want)
		w[line.LineID] = want - line.Quantity
		taken = append(taken, line)
	}
	slices.Reverse(taken)
	return taken
}

// gone is the violation of commands that need a live reservation.
func gone(s *Stock, id uuid.UUID) error {
	return rule.New(rule.ReservationExpired, "SKU %q: reservation %s was released or never made; reserve again", s.SKU, id)
}
