package stock

import "slices"

// PickOrder is the ids of the locations that orders take units from, in the sequence to try them. Units at other
// locations are there, but not for sale. Nil is a shop that does not say: its orders take units from any location, from
// the main one first, then from the others in the order of their ids.
type PickOrder []string

// has reports whether orders take units from a location.
func (p PickOrder) has(location string) bool { return p == nil || slices.Contains(p, location) }

// first returns the location that units are taken from if it does not matter which.
func (p PickOrder) first() string {
	if len(p) > 0 {
		return p[0]
	}
	return MainLocation
}
