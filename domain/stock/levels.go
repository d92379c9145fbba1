package stock

import (
	"cmp"
	"slices"
)

// MainLocation is where units go when no location is named.
const MainLocation = "main"

// Location counts the units of one SKU at one place. All counts are units, and but for OnHand at least 0.
type Location struct {
	ID             string `json:"location_id"`
	OnHand         int64  `json:"on_hand"`         // below 0 only if more was sold elsewhere than was there
	Reserved       int64  `json:"reserved"`        // set aside for placed orders and shoppers
	Committed      int64  `json:"committed"`       // promised to confirmed orders
	Incoming       int64  `json:"incoming"`        // on their way here from another location
	Damaged        int64  `json:"damaged"`         // part of OnHand
	QualityControl int64  `json:"quality_control"` // part of OnHand
	SafetyStock    int64  `json:"safety_stock"`    // not to be sold
}

// Available returns how many units are free at the location: what is on hand, less everything set aside, and
// never less than 0.
func (l *Location) Available() int64 {
	return max(0, l.OnHand-l.Reserved-l.Committed-l.SafetyStock-l.Damaged-l.QualityControl)
}

// AvailableFrom returns how many units orders can have from the location in a pick order: none if it is not in there.
func (l *Location) AvailableFrom(pick PickOrder) int64 {
	if !pick.has(l.ID) {
		return 0
	}
	return l.Available()
}

// Levels counts the units of one SKU at all its locations. It is the fold of the SKU's events without its single
// reservations, which a read model does not need. Its zero value is a SKU that was never received.
type Levels struct {
	SKU             string          `json:"sku"`
	Locations       []Location      `json:"locations"`                  // the main one first, the others by id
	Backordered     int64           `json:"backordered,omitempty"`      // units that orders wait for
	BackorderPolicy BackorderPolicy `json:"backorder_policy,omitempty"` // empty: BackorderDeny
	BackorderLimit  int64           `json:"backorder_limit,omitempty"`  // units, for policy limit
	Untracked       bool            `json:"untracked,omitempty"`        // units are not counted
}

// Apply moves l on by one event, in place. It checks nothing: the event has already happened.
func (l *Levels) Apply(e Event) {
	switch e := e.(type) {
	case Received:
		l.SKU = e.SKU
		l.location(e.LocationID).OnHand += e.Quantity
	case Adjusted:
		l.SKU = e.SKU
		l.location(e.LocationID).OnHand += e.Delta
	case Counted:
		l.SKU = e.SKU
		l.location(e.LocationID).OnHand += e.Variance
	case Reserved:
		l.SKU = e.SKU
		l.promise(e.Allocations, e.Committed, 1)
		l.Backordered += units(e.Backordered)
	case ReservationExtended: // no level moves
	case Released:
		l.promise(e.Allocations, e.Committed, -1)
		l.Backordered -= units(e.Backordered)
	case ReservationExpired:
		l.promise(e.Allocations, false, -1)
	case Committed:
		l.promise(e.Allocations, false, -1)
		l.promise(e.Allocations, true, 1)
	case BackorderFilled:
		l.promise(e.Allocations, e.Committed, 1)
		l.Backordered -= total(e.Allocations)
	case Moved:
		l.promise(e.Allocations, e.Committed, -1)
		l.promise(relocated(e.Allocations, e.ToLocationID), e.Committed, 1)
	case Deducted:
		l.promise(e.Allocations, true, -1)
		l.ship(e.Allocations)
	case Returned:
		l.SKU = e.SKU
		if !e.Untracked {
			l.location(e.LocationID).put(e.Disposition, units(e.Lines))
		}
	case Inspected:
		at := l.location(e.LocationID)
		at.put(e.From, -e.Quantity)
		at.put(e.Disposition, e.Quantity)
	case TransferDispatched:
		l.location(e.FromLocationID).OnHand -= e.Quantity
		l.location(e.ToLocationID).Incoming += e.Quantity
	case TransferReceived:
		at := l.location(e.ToLocationID)
		at.Incoming -= e.Quantity + e.Lost
		at.OnHand += e.Quantity
	case SafetyStockSet:
		l.SKU = e.SKU
		l.location(e.LocationID).SafetyStock = e.Quantity
	case BackorderPolicySet:
		l.SKU, l.BackorderPolicy, l.BackorderLimit = e.SKU, e.Policy, e.Limit
	case TrackingSet:
		l.SKU, l.Untracked = e.SKU, !e.Tracked
	}
}

// promise raises (sign 1) or lowers (sign -1) what locations have promised by allocations.
func (l *Levels) promise(allocations []Allocation, committed bool, sign int64) {
	for i := range allocations {
		a := &allocations[i]
		if a.Untracked {
			continue
		}
		at := l.location(a.LocationID)
		if committed {
			at.Committed += sign * a.Quantity
		} else {
			at.Reserved += sign * a.Quantity
		}
	}
}

// ship lowers what is on hand.
func (l *Levels) ship(allocations []Allocation) {
	for i := range allocations {
		if a := &allocations[i]; !a.Untracked {
			l.location(a.LocationID).OnHand -= a.Quantity
		}
	}
}

// put adds units as their disposition says. A write-off is not on hand any more.
func (l *Location) put(d Disposition, quantity int64) {
	switch d {
	case Restock:
		l.OnHand += quantity
	case QualityControl:
		l.OnHand += quantity
		l.QualityControl += quantity
	case Damaged:
		l.OnHand += quantity
		l.Damaged += quantity
	case WriteOff: // gone
	}
}

// OnHand returns the units at all locations.
func (l *Levels) OnHand() int64 { return l.sum(func(at *Location) int64 { return at.OnHand }) }

// Reserved returns the units set aside for placed orders at all locations.
func (l *Levels) Reserved() int64 { return l.sum(func(at *Location) int64 { return at.Reserved }) }

// Committed returns the units promised to confirmed orders at all locations.
func (l *Levels) Committed() int64 { return l.sum(func(at *Location) int64 { return at.Committed }) }

// Incoming returns the units on their way from one location to another.
func (l *Levels) Incoming() int64 { return l.sum(func(at *Location) int64 { return at.Incoming }) }

// Available returns the units that are available at all locations.
func (l *Levels) Available() int64 { return l.sum((*Location).Available) }

// AvailableFrom returns the units that can be sold: those that are available at the locations of a pick order.
func (l *Levels) AvailableFrom(pick PickOrder) int64 {
	var units int64
	for i := range l.Locations {
		units += l.Locations[i].AvailableFrom(pick)
	}
	return units
}

// At returns the counts of a location: all 0 if it has none.
func (l *Levels) At(id string) Location {
	for i := range l.Locations {
		if l.Locations[i].ID == id {
			return l.Locations[i]
		}
	}
	return Location{ID: id}
}

// Policy returns the SKU's policy of backorders.
func (l *Levels) Policy() BackorderPolicy { return cmp.Or(l.BackorderPolicy, BackorderDeny) }

func (l *Levels) sum(count func(*Location) int64) int64 {
	var total int64
	for i := range l.Locations {
		total += count(&l.Locations[i])
	}
	return total
}

// location returns the counts of a location, which it adds in its place if need be. The pointer is valid until the
// next call.
func (l *Levels) location(id string) *Location {
	for i := range l.Locations {
		if l.Locations[i].ID == id {
			return &l.Locations[i]
		}
	}
	i, _ := slices.BinarySearchFunc(l.Locations, id, func(at Location, id string) int { return byRank(at.ID, id) })
	l.Locations = slices.Insert(l.Locations, i, Location{ID: id})
	return &l.Locations[i]
}

// byRank orders the main location first and the others by id, bytewise.
func byRank(a, b string) int {
	if a != b && (a == MainLocation || b == MainLocation) {
		if a == MainLocation {
			return -1
		}
		return 1
	}
	return cmp.Compare(a, b)
}

// units sums the units of lines.
func units(lines []LineQuantity) int64 {
	var sum int64
	for i := range lines {
		sum += lines[i].Quantity
	}
	return sum
}

// total sums the units of allocations.
func total(allocations []Allocation) int64 {
	var sum int64
	for i := range allocations {
		sum += allocations[i].Quantity
	}
	return sum
}

// relocated returns allocations as they are at another location.
func relocated(allocations []Allocation, to string) []Allocation {
	moved := make([]Allocation, len(allocations))
	for i, a := range allocations {
		a.LocationID = to
		moved[i] = a
	}
	return moved
}
