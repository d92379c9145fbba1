package stocklevels

import (
	"fmt"
	"slices"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/projections"
)

// columns are those of the SKUs, the first two their key, and locationColumns those of their locations, with three.
var (
	columns = []string{
		"tenant_id", "sku", "backordered", "backorder_policy", "backorder_limit", "untracked", "version", "position", "updated_at",
	}
	locationColumns = []string{
		"tenant_id", "location_id", "sku", "on_hand", "reserved", "committed", "incoming", "damaged", "quality_control",
		"safety_stock",
	}
)

// fold holds the levels of a rebuild in memory.
type fold struct {
	skus projections.Streams[levels]
}

// levels are those of one SKU.
type levels struct {
	stock.Levels
	mark
	key key
}

// NewFold returns an empty fold.
func (Model) NewFold() projections.Fold { return &fold{} }

// Add folds one event.
func (f *fold) Add(e *projections.Event) error {
	fact, ok := e.Body.(stock.Event)
	if !ok {
		return nil
	}
	l := f.skus.Get(e)
	if l == nil {
		l = f.skus.Put(e)
		l.key = key{e.Tenant, skuOf(fact)}
	}
	l.Apply(fact)
	l.mark = markOf(e)
	return nil
}

// Merge takes over the levels of another fold.
func (f *fold) Merge(other projections.Fold) error {
	from, ok := other.(*fold)
	if !ok {
		return fmt.Errorf("stock levels: merge with %T", other)
	}
	f.skus.Take(&from.skus)
	return nil
}

// Tables returns the rows of both tables in key order.
func (f *fold) Tables() []projections.Table {
	return []projections.Table{
		{Name: Name, Columns: columns, Key: 2, Rows: f.bySKU},
		{Name: locationsName, Columns: locationColumns, Key: 3, Rows: f.byLocation},
	}
}

func (f *fold) bySKU(yield func(*projections.Row) bool) {
	var out projections.Row
	for _, l := range f.skus.Sorted(func(a, b *levels) int { return byKey(a.key, b.key) }) {
		out.Begin()
		out.Text(l.key.tenant)
		out.Text(l.key.sku)
		out.Int64(l.Backordered)
		out.Text(string(l.BackorderPolicy))
		out.Int64(l.BackorderLimit)
		out.Bool(l.Untracked)
		out.Int64(l.version)
		out.Int64(l.position)
		out.Time(l.updated)
		if !yield(&out) {
			return
		}
	}
}

func (f *fold) byLocation(yield func(*projections.Row) bool) {
	var places []place
	for _, l := range f.skus.All() {
		places = appendPlaces(places, l.key, &l.Levels)
	}
	slices.SortFunc(places, byPlace)
	var out projections.Row
	for _, p := range places {
		out.Begin()
		out.Text(p.tenant)
		out.Text(p.at.ID)
		out.Text(p.sku)
		for _, n := range [...]int64{
			p.at.OnHand, p.at.Reserved, p.at.Committed, p.at.Incoming, p.at.Damaged, p.at.QualityControl, p.at.SafetyStock,
		} {
			out.Int64(n)
		}
		if !yield(&out) {
			return
		}
	}
}
