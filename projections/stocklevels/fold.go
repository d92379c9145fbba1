package stocklevels

import (
	"fmt"
	"slices"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/projections"
)

// columns are the table's; the first three are its key.
var columns = []string{
	"tenant_id", "sku", "location_id", "on_hand", "reserved", "committed", "incoming", "damaged", "quality_control",
	"safety_stock", "version", "position", "updated_at",
}

// fold holds the levels of a rebuild in memory.
type fold struct {
	skus projections.Streams[levels]
}

// levels are those of one SKU.
type levels struct {
	stock.Levels
	tenant string
	marks  []mark
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
		l.tenant = e.Tenant
	}
	l.Apply(fact)
	l.marks = touch(l.marks, e, fact)
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

// Tables returns the rows in key order.
func (f *fold) Tables() []projections.Table {
	return []projections.Table{{Name: Name, Columns: columns, Key: 3, Rows: f.sorted}}
}

func (f *fold) sorted(yield func(*projections.Row) bool) {
	var rows []row
	for _, l := range f.skus.All() {
		rows = appendRows(rows, l.tenant, l.SKU, &l.Levels, l.marks)
	}
	slices.SortFunc(rows, byKey)
	var out projections.Row
	for _, r := range rows {
		out.Begin()
		out.Text(r.tenant)
		out.Text(r.sku)
		out.Text(r.at.ID)
		for _, n := range [...]int64{
			r.at.OnHand, r.at.Reserved, r.at.Committed, r.at.Incoming, r.at.Damaged, r.at.QualityControl, r.at.SafetyStock,
			r.mark.version, r.mark.position,
		} {
			out.Int64(n)
		}
		out.Time(r.mark.updated)
		if !yield(&out) {
			return
		}
	}
}
