package stock

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
)

// converted is the reason of a soft reservation's release when its units go to an order.
const converted = "converted"

func (c Reserve) decide(s *Stock, pick PickOrder) ([]Event, error) {
	if _, ok := s.Reservation(c.ReservationID); ok {
		return nil, nil
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	var events []Event
	if soft, ok := s.Reservation(c.Convert); ok {
		if soft.Kind != KindSoft {
			return nil, rule.New(rule.InvalidState, "SKU %q: reservation %s belongs to order %s and is not a soft one", s.SKU, c.Convert, soft.OrderID)
		}
		events = append(events, releasedWhole(s, c.Convert, &soft, converted, c.At))
	}
	state := after(s, events)
	kind := cmp.Or(c.Kind, KindOrder)
	allocations, backordered, err := demand{cmp.Or(c.SKU, s.SKU), c.Demands, pick, kind == KindOrder}.meet(state)
	if err != nil {
		return nil, err
	}
	e := Reserved{
		SKU: cmp.Or(c.SKU, s.SKU), ReservationID: c.ReservationID, OrderID: c.OrderID, Kind: kind,
		Allocations: allocations, Backordered: backordered, ExpiresAt: instant(c.ExpiresAt), ReservedAt: instant(c.At),
	}
	if placed := instant(c.PlacedAt); !placed.IsZero() && !placed.Equal(e.ReservedAt) {
		e.PlacedAt = placed
	}
	events = append(events, e)
	if len(events) == 1 {
		return events, nil
	}
	return settle(s, pick, c.At, events...), nil // a soft reservation may have held more than the order wants
}

// check looks at what does not depend on the state.
func (c Reserve) check() error {
	var faults rule.Faults
	switch cmp.Or(c.Kind, KindOrder) {
	case KindOrder:
		if !c.ExpiresAt.IsZero() {
			faults.Add(rule.ValidationFailed, "/expires_at", "an order's reservation lasts as long as the order; only a soft one expires")
		}
	case KindSoft:
		if !instant(c.ExpiresAt).After(instant(c.At)) {
			faults.Add(rule.ValidationFailed, "/expires_at", "a soft reservation needs a time after now (%s) to expire at, not %s", stamp(c.At), stamp(c.ExpiresAt))
		}
	default:
		faults.Add(rule.ValidationFailed, "/kind", "a reservation is of kind %s or %s, not %q", KindOrder, KindSoft, c.Kind)
	}
	return faults.Err()
}

func (c ReserveMore) decide(s *Stock, pick PickOrder) ([]Event, error) {
	e := Reserved{
		SKU: cmp.Or(c.SKU, s.SKU), ReservationID: c.ReservationID, OrderID: c.OrderID, ChangeID: c.ChangeID, Kind: KindOrder,
		Committed: c.Committed, ReservedAt: instant(c.At),
	}
	if e.OrderID == uuid.Nil {
		e.OrderID = c.ReservationID
	}
	if placed := instant(c.PlacedAt); !placed.IsZero() && !placed.Equal(e.ReservedAt) {
		e.PlacedAt = placed
	}
	if r, ok := s.Reservation(c.ReservationID); ok {
		if slices.Contains(r.changes, c.ChangeID) {
			return nil, nil
		}
		e.OrderID, e.Kind, e.Committed, e.PlacedAt, e.ExpiresAt = r.OrderID, r.Kind, r.Committed, r.PlacedAt, r.ExpiresAt
	}
	if c.ChangeID == uuid.Nil {
		var faults rule.Faults
		faults.Add(rule.ValidationFailed, "/change_id", "a change of reservation %s needs an id of its own", c.ReservationID)
		return nil, faults.Err()
	}
	events, err := c.released(s)
	if err != nil {
		return nil, err
	}
	if e.Allocations, e.Backordered, err = (demand{e.SKU, c.Demands, pick, e.Kind == KindOrder}).meet(after(s, events)); err != nil {
		return nil, err
	}
	if events = append(events, e); len(events) == 1 {
		return events, nil
	}
	return settle(s, pick, c.At, events...), nil
}

// released returns the event that gives back what the change takes from the reservation's lines, if there is any.
func (c ReserveMore) released(s *Stock) ([]Event, error) {
	if len(c.Release) == 0 {
		return nil, nil
	}
	return Release{ReservationID: c.ReservationID, Lines: c.Release, Spare: c.Spare, Reason: c.Reason, At: c.At}.events(s)
}

// demand is what a reservation wants of a SKU.
type demand struct {
	sku     string
	lines   []Demand
	pick    PickOrder
	mayWait bool
}

// meet allocates units to all lines. What is missing may wait as far as the SKU's policy goes.
func (d demand) meet(s *Stock) ([]Allocation, []LineQuantity, error) {
	requested, err := d.total()
	if err != nil {
		return nil, nil, err
	}
	available, room := s.AvailableFrom(d.pick), int64(0)
	if d.mayWait {
		room = s.room()
	}
	if !s.Untracked && requested > available+room {
		return nil, nil, d.insufficient(s, requested, available, room)
	}
	supply := newSupply(s, d.pick)
	allocations := make([]Allocation, 0, len(d.lines))
	var backordered []LineQuantity
	for _, line := range d.lines {
		var missing int64
		if allocations, missing = supply.take(allocations, line.LineID, line.Quantity); missing > 0 {
			backordered = append(backordered, LineQuantity{LineID: line.LineID, Quantity: missing})
		}
	}
	return allocations, backordered, nil
}

// beyond is more units than there can be anywhere; sums stop there, so that they cannot wrap around.
const beyond = 4 * MaxOnHand

// total sums the demands of all lines, before any of them is checked against what there is.
func (d demand) total() (int64, error) {
	var (
		faults rule.Faults
		sum    int64
	)
	if len(d.lines) == 0 {
		faults.Add(rule.ValidationFailed, "", "a reservation of SKU %q needs at least one line", d.sku)
	}
	for _, line := range d.lines {
		if line.Quantity < 1 || line.Quantity > MaxOnHand {
			faults.AddDetail(rule.Detail{
				Pointer: line.Pointer, Code: rule.QuantityOutOfRange,
				Message: fmt.Sprintf("a line reserves 1 to %d units, not %d", int64(MaxOnHand), line.Quantity),
				Meta:    map[string]any{"sku": d.sku, "line_id": line.LineID.String(), "requested": line.Quantity, "available": int64(MaxOnHand)},
			})
			continue
		}
		sum = min(sum+line.Quantity, beyond)
	}
	return sum, faults.Err()
}

// room returns how many more units may be waited for.
func (s *Stock) room() int64 {
	switch s.Policy() {
	case BackorderAllow:
		return max(0, MaxOnHand-s.Backordered)
	case BackorderLimit:
		return max(0, s.BackorderLimit-s.Backordered)
	case BackorderDeny:
	}
	return 0
}

func (d demand) insufficient(s *Stock, requested, available, room int64) error {
	v := rule.New(rule.InsufficientStock, "SKU %q: %d requested, %d available", d.sku, requested, available)
	if d.mayWait && s.Policy() != BackorderDeny {
		v.Message += fmt.Sprintf(", and %d can be backordered (%d are)", room, s.Backordered)
	}
	for _, line := range d.lines {
		meta := map[string]any{"sku": d.sku, "line_id": line.LineID.String(), "requested": requested, "available": available}
		if d.mayWait && s.Policy() != BackorderDeny {
			meta["backorderable"] = room
		}
		v.Details = append(v.Details, rule.Detail{Pointer: line.Pointer, Code: rule.InsufficientStock, Message: v.Message, Meta: meta})
	}
	return v
}
