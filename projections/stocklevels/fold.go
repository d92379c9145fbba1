package stocklevels

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

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
	skus map[uuid.UUID]*levels // by stream
}

// levels are those of one SKU.
type levels struct {
	stock.Levels
	tenant string
	marks  []mark
}

// NewFold returns an empty fold.
func (Model) NewFold() projections.Fold { return &fold{skus: make(map[uuid.UUID]*levels)} }

// Add folds one event.
func (f *fold) Add(e *projections.Event) error {
	fact, ok := e.Body.(stock.Event)
	if !ok {
		return nil
	}
	l := f.skus[e.Stream]
	if l == nil {
		l = &levels{tenant: e.Tenant}
		f.skus[e.Stream] = l
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
	maps.Copy(f.skus, from.skus)
	return nil
}

// Tables returns the rows in key order.
func (f *fold) Tables() []projections.Table {
	return []projections.Table{{Name: Name, Columns: columns, Key: 3, Rows: f.sorted}}
}

func (f *fold) sorted(yield func([]any) bool) {
	var rows []row
	for _, l := range f.skus {
		rows = appendRows(rows, l.tenant, l.SKU, &l.Levels, l.marks)
	}
	slices.SortFunc(rows, byKey)
	values := make([]any, 0, len(columns))
	for _, r := range rows {
		values = append(values[:0],
			r.tenant, r.sku, r.at.ID, r.at.OnHand, r.at.Reserved, r.at.Committed, r.at.Incoming, r.at.Damaged,
			r.at.QualityControl, r.at.SafetyStock, r.mark.version, r.mark.position, r.mark.updated)
		if !yield(values) {
			return
		}
	}
}
