package metrics

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/ordermill/ordermill/projections"
)

// fold holds the buckets of a rebuild in memory.
type fold struct{ buckets *buckets }

// NewFold returns an empty fold.
func (Model) NewFold() projections.Fold { return &fold{newBuckets()} }

// Add folds one event.
func (f *fold) Add(e *projections.Event) error { return f.buckets.add(e) }

// Merge adds the buckets of another fold.
func (f *fold) Merge(other projections.Fold) error {
	from, ok := other.(*fold)
	if !ok {
		return fmt.Errorf("metrics: merge with %T", other)
	}
	for k, theirs := range from.buckets.figures {
		ours := f.buckets.figures[k]
		if ours == nil {
			ours = &figures{}
			f.buckets.figures[k] = ours
		}
		for i := range theirs {
			ours[i].AddTotal(theirs[i])
		}
	}
	return nil
}

// Tables returns the rows of both tables in key order.
func (f *fold) Tables() []projections.Table {
	return []projections.Table{
		{
			Name: Name, Columns: slices.Concat([]string{"tenant_id", "bucket_start", "currency", "channel"}, figureColumns[:]),
			Key: 4, Rows: f.rows,
		},
		{Name: seriesName, Columns: []string{"tenant_id", "currency", "channel"}, Key: 3, Rows: f.series},
	}
}

func (f *fold) rows(yield func(*projections.Row) bool) {
	var row projections.Row
	for _, k := range slices.SortedFunc(maps.Keys(f.buckets.figures), byKey) {
		row.Begin()
		row.Text(k.tenant)
		row.Time(k.start())
		row.Text(k.currency)
		row.Text(k.channel)
		for _, value := range f.buckets.figures[k] {
			row.Total(value)
		}
		if !yield(&row) {
			return
		}
	}
}

func (f *fold) series(yield func(*projections.Row) bool) {
	var row projections.Row
	seen := make(map[series]bool)
	for k := range f.buckets.figures {
		seen[k.series] = true
	}
	for _, s := range slices.SortedFunc(maps.Keys(seen), func(a, b series) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.currency, b.currency), cmp.Compare(a.channel, b.channel))
	}) {
		row.Begin()
		row.Text(s.tenant)
		row.Text(s.currency)
		row.Text(s.channel)
		if !yield(&row) {
			return
		}
	}
}
