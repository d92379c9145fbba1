package topskus

import (
	"fmt"
	"slices"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections"
)

// fold holds the quarters of a rebuild in memory. Days and months are added up at the end.
type fold struct {
	quarters map[key]*sums
	names    map[string]string // SKUs repeat: each is kept once
}

// NewFold returns an empty fold.
func (Model) NewFold() projections.Fold {
	return &fold{quarters: make(map[key]*sums), names: make(map[string]string)}
}

// Add folds one event.
func (f *fold) Add(e *projections.Event) error {
	fact, ok := e.Body.(order.Event)
	if !ok {
		return nil
	}
	k := key{tenant: e.Tenant, start: quarter.floor(e.OccurredAt.Unix())}
	err := each(fact, func(currency, sku string, line sums) {
		k.currency, k.sku = currency, sku
		sum := f.quarters[k]
		if sum == nil {
			sum = &sums{}
			own := k
			own.tenant, own.currency, own.sku = f.shared(k.tenant), f.shared(currency), f.shared(sku)
			f.quarters[own] = sum
		}
		sum.add(line)
	})
	if err != nil {
		return fmt.Errorf("top SKUs: %s at position %d: %w", e.Type, e.Position, err)
	}
	return nil
}

// shared returns the one copy of a name.
func (f *fold) shared(name string) string {
	if kept, ok := f.names[name]; ok {
		return kept
	}
	f.names[name] = name
	return name
}

// Merge adds the sums of another fold.
func (f *fold) Merge(other projections.Fold) error {
	from, ok := other.(*fold)
	if !ok {
		return fmt.Errorf("top SKUs: merge with %T", other)
	}
	for k, theirs := range from.quarters {
		if ours := f.quarters[k]; ours != nil {
			ours.add(*theirs)
		} else {
			f.quarters[k] = theirs
		}
	}
	return nil
}

// Tables returns the rows in key order.
func (f *fold) Tables() []projections.Table {
	return []projections.Table{{
		Name: Name, Columns: []string{"tenant_id", "span", "currency", "bucket_start", "sku", "units", "net"},
		Key: 5, Rows: f.rows,
	}}
}

func (f *fold) rows(yield func(*projections.Row) bool) {
	quarters := make([]entry, 0, len(f.quarters))
	for k, sum := range f.quarters {
		quarters = append(quarters, entry{k, *sum})
	}
	slices.SortFunc(quarters, byEntry)
	var row projections.Row
	for len(quarters) > 0 {
		end, _ := slices.BinarySearchFunc(quarters, quarters[0].tenant, func(e entry, tenant string) int {
			if e.tenant == tenant {
				return -1
			}
			return 1
		})
		for s := range spanCount {
			for _, e := range longer(quarters[:end], s) {
				row.Begin()
				row.Text(e.tenant)
				row.Int16(int16(e.span))
				row.Text(e.currency)
				row.Time(e.begins())
				row.Text(e.sku)
				row.Total(e.sums.units)
				row.Total(e.sums.net)
				if !yield(&row) {
					return
				}
			}
		}
		quarters = quarters[end:]
	}
}

// entry is a row.
type entry struct {
	key
	sums sums
}

func byEntry(a, b entry) int { return byKey(a.key, b.key) }

// longer adds the quarters of one tenant, which are in key order, up to a longer span.
func longer(quarters []entry, s span) []entry {
	if s == quarter {
		return quarters
	}
	var (
		all   []entry
		first int                // of the bucket under way
		until int64              // its end
		at    = map[string]int{} // its SKUs' places
	)
	for i := range quarters {
		q := &quarters[i]
		if i == 0 || q.currency != all[first].currency || q.start >= until {
			slices.SortFunc(all[first:], byEntry)
			first, until = len(all), s.next(s.floor(q.start))
			clear(at)
		}
		place, there := at[q.sku]
		if !there {
			place = len(all)
			at[q.sku] = place
			all = append(all, entry{key: key{tenant: q.tenant, currency: q.currency, sku: q.sku, span: s, start: s.floor(q.start)}})
		}
		all[place].sums.add(q.sums)
	}
	slices.SortFunc(all[first:], byEntry)
	return all
}
