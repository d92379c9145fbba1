package stock

import (
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

// newSupply returns what is available: at the preferred location first, if there is one, then in the sequence of the
// stock's locations.
func newSupply(s *Stock, preferred string) supply {
	if s.Untracked {
		if preferred == "" {
			preferred = MainLocation
		}
		return supply{untracked: preferred}
	}
	shelves := make([]shelf, 0, len(s.Locations))
	for i := range s.Locations {
		at := shelf{s.Locations[i].ID, s.Locations[i].Available()}
		switch {
		case at.units == 0:
		case at.location == preferred:
			shelves = slices.Insert(shelves, 0, at)
		default:
			shelves = append(shelves, at)
		}
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
func settle(s *Stock, at time.Time, events ...Event) []Event {
	if s.Backordered == 0 {
		return events // nobody waits
	}
	return append(events, after(s, events).fill(at)...)
}

// fill gives what is available to those that wait, first come, first served.
func (s *Stock) fill(at time.Time) []Event {
	supply := newSupply(s, "")
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
