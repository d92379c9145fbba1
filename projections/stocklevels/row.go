package stocklevels

import (
	"cmp"
	"time"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/projections"
)

// mark says which event changed a location last.
type mark struct {
	location          string
	version, position int64
	updated           time.Time
}

// row is one SKU at one location.
type row struct {
	tenant, sku string
	at          *stock.Location
	mark        *mark
}

func byKey(a, b row) int {
	return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.sku, b.sku), cmp.Compare(a.at.ID, b.at.ID))
}

// appendRows appends the rows of one SKU. There is a mark for each location.
func appendRows(rows []row, tenant, sku string, levels *stock.Levels, marks []mark) []row {
	for i := range levels.Locations {
		at := &levels.Locations[i]
		for n := range marks {
			if marks[n].location == at.ID {
				rows = append(rows, row{tenant: tenant, sku: sku, at: at, mark: &marks[n]})
			}
		}
	}
	return rows
}

// touch marks the locations that an event changes.
func touch(marks []mark, e *projections.Event, fact stock.Event) []mark {
	switch f := fact.(type) {
	case stock.Received:
		return touchOne(marks, e, f.LocationID)
	case stock.Reserved:
		return touchAll(marks, e, f.Allocations)
	case stock.Released:
		return touchAll(marks, e, f.Allocations)
	case stock.Committed:
		return touchAll(marks, e, f.Allocations)
	}
	return marks
}

func touchAll(marks []mark, e *projections.Event, allocations []stock.Allocation) []mark {
	for i := range allocations {
		if i == 0 || allocations[i].LocationID != allocations[i-1].LocationID {
			marks = touchOne(marks, e, allocations[i].LocationID)
		}
	}
	return marks
}

func touchOne(marks []mark, e *projections.Event, location string) []mark {
	m := mark{location: location, version: int64(e.Version), position: int64(e.Position), updated: e.OccurredAt}
	for i := range marks {
		if marks[i].location == location {
			marks[i] = m
			return marks
		}
	}
	return append(marks, m)
}

// skuOf returns the SKU that an event is about.
func skuOf(fact stock.Event) string {
	switch f := fact.(type) {
	case stock.Received:
		return f.SKU
	case stock.Reserved:
		return f.SKU
	case stock.Released:
		return f.SKU
	case stock.Committed:
		return f.SKU
	}
	return ""
}
