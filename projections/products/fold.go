package products

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/projections"
)

// columns are the table's; the first two are its key.
var columns = []string{
	"tenant_id", "sku", "name", "prices", "tax_class", "requires_shipping", "sellable", "listed_at", "updated_at", "version",
	"position",
}

// fold holds the rows of a rebuild in memory.
type fold struct {
	rows map[uuid.UUID]*row // by stream
}

// NewFold returns an empty fold.
func (Model) NewFold() projections.Fold { return &fold{rows: make(map[uuid.UUID]*row)} }

// Add folds one event.
func (f *fold) Add(e *projections.Event) error {
	fact, ok := e.Body.(catalog.Event)
	if !ok {
		return nil
	}
	r := f.rows[e.Stream]
	if r == nil {
		if _, listed := fact.(catalog.Listed); !listed {
			return fmt.Errorf("products: product %s at position %d: %s comes before the product", e.Stream, e.Position, e.Type)
		}
		r = &row{tenant: e.Tenant}
		f.rows[e.Stream] = r
	}
	r.apply(e, fact)
	return nil
}

// Merge takes over the rows of another fold.
func (f *fold) Merge(other projections.Fold) error {
	from, ok := other.(*fold)
	if !ok {
		return fmt.Errorf("products: merge with %T", other)
	}
	maps.Copy(f.rows, from.rows)
	return nil
}

// Tables returns the rows in key order.
func (f *fold) Tables() []projections.Table {
	return []projections.Table{{Name: Name, Columns: columns, Key: 2, Rows: f.sorted}}
}

func (f *fold) sorted(yield func([]any) bool) {
	values := make([]any, 0, len(columns))
	for _, r := range slices.SortedFunc(maps.Values(f.rows), byKey) {
		values = append(values[:0],
			r.tenant, r.SKU, r.Name, r.encodePrices(), r.TaxClass, r.RequiresShipping, r.Sellable, r.ListedAt,
			r.UpdatedAt, r.Version, r.Position)
		if !yield(values) {
			return
		}
	}
}
