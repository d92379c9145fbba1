package stock

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// shelf is what a location has left to give.
type shelf struct {
	location string
	units    int64
}

// supply hands out the available units of a stock, location by location, without changing it.
type supply struct {
	shelves   []shelf
	untracked string // instead of all shelves: the location that an untracked SKU's units are said to be taken from
}

// newSupply returns what is available to orders, in the sequence of the pick order.
func newSupply(s *Stock, pick PickOrder) supply {
	if s.Untracked {
		return supply{untracked: pick.first()}
	}
	shelves := make([]shelf, 0, len(s.Locations))
	for i := range s.Locations {
		if units := s.Locations[i].AvailableFrom(pick); units > 0 {
			shelves = append(shelves, shelf{s.Locations[i].ID, units})
		}
	}
	if pick != nil && len(shelves) > 1 {
		slices.SortFunc(shelves, func(a, b shelf) int {
			return cmp.Compare(slices.Index(pick, a.location), slices.Index(pick, b.location))
		})
	}
	return supply{shelves: shelves}
}

// take appends allocations of up to want units to one line and returns how many units are missing.
func (s *supply) take(to []Allocation, line uuid.UUID, want int64) (allocations []Allocation, missing int64) {
	if s.untracked != "" {
		return append(to, Allocation{LineID: line, LocationID: s.untracked, Quantity: want, Untracked: true}), 0
	}
	for want > 0 && len(s.shelves) > 0 {
		at := &s.shelves[0]
		taken := min(want, at.units)
		to = append(to, Allocation{LineID: line, LocationID: at.location, Quantity: taken})
		want -= taken
		if at.units -= taken; at.units == 0 {
			s.shelves = s.shelves[1:]
		}
	}
	return to, want
}

func (s *supply) empty() bool { return s.untracked == "" && len(s.shelves) == 0 }

// after returns s, or a scratch of it that events have moved on.
func after(s *Stock, events []Event) *Stock {
	if len(events) == 0 {
		return s
	}
	x := NewScratch(s)
	for _, e := range events {
		x.Apply(e)
	}
	return x.State()
}

// settle returns events and, after them, who of those that wait gets what the events make available.
func settle(s *Stock, pick PickOrder, at time.Time, events ...Event) []Event {
	if s.Backordered == 0 {
		return events // nobody waits
	}
	return append(events, after(s, events).fill(pick, at)...)
}

// fill gives what is available to those that wait, first come, first served.
func (s *Stock) fill(pick PickOrder, at time.Time) []Event {
	supply := newSupply(s, pick)
	if supply.empty() {
		return nil
	}
	var events []Event
	for id, r := range s.waiters() {
		var allocations []Allocation
		for _, line := range r.Backordered {
			allocations, _ = supply.take(allocations, line.LineID, line.Quantity)
		}
		events = append(events, BackorderFilled{
			SKU: s.SKU, ReservationID: id, OrderID: r.OrderID, Allocations: allocations, Committed: r.Committed, FilledAt: instant(at),
		})
		if supply.empty() {
			break
		}
	}
	return events
}
