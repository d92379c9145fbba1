package stock

import (
	"cmp"
	"slices"
)

// MainLocation is where units go when no location is named.
const MainLocation = "main"

// Location counts the units of one SKU at one place. All counts are units and at least 0.
type Location struct {
	ID             string `json:"location_id"`
	OnHand         int64  `json:"on_hand"`
	Reserved       int64  `json:"reserved"`  // set aside for placed orders
	Committed      int64  `json:"committed"` // promised to confirmed orders
	Incoming       int64  `json:"incoming"`
	Damaged        int64  `json:"damaged"`
	QualityControl int64  `json:"quality_control"`
	SafetyStock    int64  `json:"safety_stock"`
}

// Available returns how many units can be sold from the location: what is on hand, less everything set aside, and
// never less than 0.
func (l *Location) Available() int64 {
	return max(0, l.OnHand-l.Reserved-l.Committed-l.SafetyStock-l.Damaged-l.QualityControl)
}

// Levels counts the units of one SKU at all its locations. It is the fold of the SKU's events without its single
// reservations, which a read model does not need. Its zero value is a SKU that was never received.
type Levels struct {
	SKU       string     `json:"sku"`
	Locations []Location `json:"locations"` // the main one first, the others by id
}

// Apply moves l on by one event, in place. It checks nothing: the event has already happened.
func (l *Levels) Apply(e Event) {
	switch e := e.(type) {
	case Received:
		l.SKU = e.SKU
		l.location(e.LocationID).OnHand += e.Quantity
	case Reserved:
		l.SKU = e.SKU
		for _, a := range e.Allocations {
			l.location(a.LocationID).Reserved += a.Quantity
		}
	case Released:
		for _, a := range e.Allocations {
			if e.Committed {
				l.location(a.LocationID).Committed -= a.Quantity
			} else {
				l.location(a.LocationID).Reserved -= a.Quantity
			}
		}
	case Committed:
		for _, a := range e.Allocations {
			at := l.location(a.LocationID)
			at.Reserved -= a.Quantity
			at.Committed += a.Quantity
		}
	}
}

// OnHand returns the units at all locations.
func (l *Levels) OnHand() int64 { return l.sum(func(at *Location) int64 { return at.OnHand }) }

// Reserved returns the units set aside for placed orders at all locations.
func (l *Levels) Reserved() int64 { return l.sum(func(at *Location) int64 { return at.Reserved }) }

// Committed returns the units promised to confirmed orders at all locations.
func (l *Levels) Committed() int64 { return l.sum(func(at *Location) int64 { return at.Committed }) }

// Available returns the units that can be sold from all locations.
func (l *Levels) Available() int64 { return l.sum((*Location).Available) }

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
