package stock

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Reservation holds units for an order or a shopper until it is released or its goods have left.
type Reservation struct {
	OrderID     uuid.UUID
	Kind        Kind
	Allocations []Allocation   // units held: reserved, or committed if Committed; deducted ones are gone
	Backordered []LineQuantity // units waited for
	Committed   bool
	PlacedAt    time.Time // its place in the queue of backorders; UTC
	ExpiresAt   time.Time // soft reservations only; UTC

	turn    uint64      // among those placed at the same time, while it waits; 0: it does not
	changes []uuid.UUID // of ReserveMore, to know them again
}

// Units returns the units that the reservation holds, without those it waits for.
func (r *Reservation) Units() int64 { return total(r.Allocations) }

// UnitsFrom returns those of them that are at the locations of a pick order.
func (r *Reservation) UnitsFrom(pick PickOrder) int64 {
	var sum int64
	for i := range r.Allocations {
		if pick.has(r.Allocations[i].LocationID) {
			sum += r.Allocations[i].Quantity
		}
	}
	return sum
}

// Held returns the units of a line that the reservation holds at a location. Untracked ones are everywhere.
func (r *Reservation) Held(line uuid.UUID, location string) int64 {
	var sum int64
	for i := range r.Allocations {
		if a := &r.Allocations[i]; a.LineID == line && (a.Untracked || a.LocationID == location) {
			sum += a.Quantity
		}
	}
	return sum
}

// Line returns the units of a line that the reservation holds anywhere, and those that it waits for.
func (r *Reservation) Line(line uuid.UUID) (held, backordered int64) {
	for i := range r.Allocations {
		if r.Allocations[i].LineID == line {
			held += r.Allocations[i].Quantity
		}
	}
	for i := range r.Backordered {
		if r.Backordered[i].LineID == line {
			backordered += r.Backordered[i].Quantity
		}
	}
	return held, backordered
}

// less returns allocations without the units that are taken away. Both usually have the same sequence, so the search
// goes on from where the last one was found.
func less(allocations, away []Allocation) []Allocation {
	if len(away) == 0 {
		return allocations
	}
	left := slices.Clone(allocations)
	at := 0
	for i := range away {
		for n, want := 0, away[i].Quantity; n < len(left) && want > 0; n++ {
			a := &left[at]
			if a.LineID == away[i].LineID && a.LocationID == away[i].LocationID && a.Untracked == away[i].Untracked {
				take := min(want, a.Quantity)
				a.Quantity -= take
				want -= take
			}
			if want > 0 {
				at = (at + 1) % len(left)
			}
		}
	}
	return slices.DeleteFunc(left, func(a Allocation) bool { return a.Quantity <= 0 })
}

// lessLines returns lines without the units that are taken away.
func lessLines(lines, away []LineQuantity) []LineQuantity {
	if len(lines) == 0 || len(away) == 0 {
		return lines
	}
	left := slices.Clone(lines)
	at := 0
	for i := range away {
		for n, want := 0, away[i].Quantity; n < len(left) && want > 0; n++ {
			if left[at].LineID == away[i].LineID {
				take := min(want, left[at].Quantity)
				left[at].Quantity -= take
				want -= take
			}
			if want > 0 {
				at = (at + 1) % len(left)
			}
		}
	}
	return slices.DeleteFunc(left, func(l LineQuantity) bool { return l.Quantity <= 0 })
}

// byLine returns allocations without their locations.
func byLine(allocations []Allocation) []LineQuantity {
	lines := make([]LineQuantity, len(allocations))
	for i := range allocations {
		lines[i] = LineQuantity{LineID: allocations[i].LineID, Quantity: allocations[i].Quantity}
	}
	return lines
}
