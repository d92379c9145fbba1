package documents

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// fold builds the documents of a kind in memory, for rebuilds and verification. It implements projections.Fold.
type fold struct {
	kind *Kind
	held map[Key]*folded
}

// folded is a document in a fold.
type folded struct {
	holding
	log eventstore.LogID
}

func newFold(kind *Kind) *fold { return &fold{kind: kind, held: make(map[Key]*folded)} }

// Add implements projections.Fold.
func (f *fold) Add(e *projections.Event) error {
	if e.StreamType != f.kind.streamType {
		return nil
	}
	key := Key{e.Tenant, e.Stream}
	d := f.held[key]
	if d == nil {
		d = &folded{holding: holding{state: f.kind.empty()}, log: e.Log}
		f.held[key] = d
	}
	return d.add(e)
}

// Merge implements projections.Fold.
func (f *fold) Merge(other projections.Fold) error {
	o, ok := other.(*fold)
	if !ok || o.kind.name != f.kind.name {
		return fmt.Errorf("documents: a fold of %s documents cannot take over %T", f.kind.name, other)
	}
	for key, d := range o.held {
		if _, twice := f.held[key]; twice {
			return fmt.Errorf("documents: two folds have stream %s", key.Stream)
		}
		f.held[key] = d
	}
	clear(o.held)
	return nil
}

// Tables implements projections.Fold. A document that cannot be written as JSON, which no event can cause, ends in a
// row without one, so that comparisons notice.
func (f *fold) Tables() []projections.Table {
	return []projections.Table{{
		Name:    f.kind.table,
		Columns: []string{"tenant_id", f.kind.id, "version", "position", "doc"},
		Key:     2,
		Rows:    f.rows(),
	}}
}

func (f *fold) rows() iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		row := make([]any, 5)
		for _, key := range f.keys() {
			d, err := f.held[key].document()
			if err != nil {
				d.Body = nil
			}
			row[0], row[1], row[2], row[3], row[4] = key.Tenant, [16]byte(key.Stream), int64(d.Version), int64(d.Position), d.Body
			if !yield(row) {
				return
			}
		}
	}
}

// keys returns the keys of all documents, in the order of the table's primary key.
func (f *fold) keys() []Key {
	return slices.SortedFunc(maps.Keys(f.held), func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), bytes.Compare(a.Stream[:], b.Stream[:]))
	})
}
