package stocklevels

import (
	"cmp"
	"time"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/projections"
)

// key names a SKU.
type key struct{ tenant, sku string }

func byKey(a, b key) int { return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.sku, b.sku)) }

// mark says which event of a SKU was the last.
type mark struct {
	version, position int64
	updated           time.Time
}

func markOf(e *projections.Event) mark {
	return mark{int64(e.Version), int64(e.Position), e.OccurredAt}
}

// changes is what a frame does to one SKU: counts to be added, which may be negative, and what is set.
type changes struct {
	key
	mark
	levels   stock.Levels
	safety   []string // the locations whose safety stock is set
	policy   bool     // whether the policy of backorders is set
	tracking bool     // whether it is set if units are counted
}

// apply adds an event. What it changes it repeats, so nothing has to be known of the SKU.
func (c *changes) apply(e *projections.Event, fact stock.Event) {
	c.levels.Apply(fact)
	c.mark = markOf(e)
	switch f := fact.(type) {
	case stock.SafetyStockSet:
		c.safety = append(c.safety, f.LocationID)
	case stock.BackorderPolicySet:
		c.policy = true
	case stock.TrackingSet:
		c.tracking = true
	default:
	}
}

// place is a SKU at one location.
type place struct {
	key
	at *stock.Location
}

func byPlace(a, b place) int {
	return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.at.ID, b.at.ID), cmp.Compare(a.sku, b.sku))
}

// appendPlaces appends the places of one SKU.
func appendPlaces(places []place, k key, levels *stock.Levels) []place {
	for i := range levels.Locations {
		places = append(places, place{k, &levels.Locations[i]})
	}
	return places
}

// skuOf returns the SKU that an event is about.
func skuOf(fact stock.Event) string {
	switch f := fact.(type) {
	case stock.Received:
		return f.SKU
	case stock.Adjusted:
		return f.SKU
	case stock.Counted:
		return f.SKU
	case stock.Reserved:
		return f.SKU
	case stock.ReservationExtended:
		return f.SKU
	case stock.Released:
		return f.SKU
	case stock.ReservationExpired:
		return f.SKU
	case stock.Committed:
		return f.SKU
	case stock.BackorderFilled:
		return f.SKU
	case stock.Moved:
		return f.SKU
	case stock.Deducted:
		return f.SKU
	case stock.Returned:
		return f.SKU
	case stock.Inspected:
		return f.SKU
	case stock.TransferDispatched:
		return f.SKU
	case stock.TransferReceived:
		return f.SKU
	case stock.SafetyStockSet:
		return f.SKU
	case stock.BackorderPolicySet:
		return f.SKU
	case stock.TrackingSet:
		return f.SKU
	}
	return ""
}
