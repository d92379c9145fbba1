package products

import (
	"fmt"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/projections"
)

// columns are the table's; the first two are its key.
var columns = []string{
	"tenant_id", "sku", "name", "prices", "tax_class", "requires_shipping", "sellable", "weight_grams", "channels", "listed_at",
	"updated_at", "version", "position",
}

// fold holds the rows of a rebuild in memory.
type fold struct {
	rows projections.Streams[row]
}

// NewFold returns an empty fold.
func (Model) NewFold() projections.Fold { return &fold{} }

// Add folds one event.
func (f *fold) Add(e *projections.Event) error {
	fact, ok := e.Body.(catalog.Event)
	if !ok {
		return nil
	}
	r := f.rows.Get(e)
	if r == nil {
		if _, listed := fact.(catalog.Listed); !listed {
			return fmt.Errorf("products: product %s at position %d: %s comes before the product", e.Stream, e.Position, e.Type)
		}
		r = f.rows.Put(e)
		r.tenant = e.Tenant
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
	f.rows.Take(&from.rows)
	return nil
}

// Tables returns the rows in key order.
func (f *fold) Tables() []projections.Table {
	return []projections.Table{{Name: Name, Columns: columns, Key: 2, Rows: f.sorted}}
}

func (f *fold) sorted(yield func(*projections.Row) bool) {
	var out projections.Row
	for _, r := range f.rows.Sorted(byKey) {
		out.Begin()
		out.Text(r.tenant)
		out.Text(r.SKU)
		out.Text(r.Name)
		out.JSON([]byte(r.encodePrices()))
		out.Text(r.TaxClass)
		out.Bool(r.RequiresShipping)
		out.Bool(r.Sellable)
		out.Int64(r.Weight)
		out.Texts(r.Channels)
		out.Time(r.ListedAt)
		out.Time(r.UpdatedAt)
		out.Int64(r.Version)
		out.Int64(r.Position)
		if !yield(&out) {
			return
		}
	}
}
