package documents

import (
	"bytes"
	"cmp"
	"fmt"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// fold builds the documents of a kind in memory, for rebuilds and verification. It implements projections.Fold. The
// projections of a kind share one in a rebuild, so that each document is folded and written down once.
type fold struct {
	kind *Kind
	held projections.Streams[folded]
	open window
}

// folded is a document in a fold.
type folded struct {
	holding        // without a state once it is written down
	key     Key    // names the document
	body    []byte // the document; nil: it has changed since it was last written
	log     eventstore.LogID
	touched bool // since the window last came by
}

func newFold(kind *Kind) *fold { return &fold{kind: kind, open: window{most: openDocuments}} }

// Add implements projections.Fold.
func (f *fold) Add(e *projections.Event) error {
	if e.StreamType != f.kind.streamType {
		return nil
	}
	d := f.held.Get(e)
	if d == nil {
		first := folded{holding: holding{state: f.open.state(f.kind)}, key: Key{e.Tenant, e.Stream}, log: e.Log}
		if err := first.add(e); err != nil {
			return err
		}
		d = f.held.Put(e)
		*d = first
		f.open.add(d)
		return nil
	}
	if d.state == nil && e.Version > d.version {
		h, err := f.kind.hold(Document{d.version, d.position, d.body})
		if err != nil {
			return err
		}
		d.holding = *h
		f.open.add(d)
	}
	d.touched = true
	if err := d.add(e); err != nil {
		return err
	}
	if d.state != nil {
		d.body = nil
	}
	return nil
}

// document returns the document, which is shared.
func (d *folded) document() (Document, error) {
	if d.body != nil {
		return Document{d.version, d.position, d.body}, nil
	}
	return d.holding.document()
}

// Seal implements projections.Sealer: it writes the documents down, and lets go of what they were made from.
func (f *fold) Seal() error {
	for _, d := range f.held.All() {
		if d.state == nil {
			continue
		}
		if err := f.open.write(d); err != nil {
			return fmt.Errorf("document of stream %s: %w", d.key.Stream, err)
		}
	}
	f.open = window{most: f.open.most}
	return nil
}

// Fork implements projections.Forker. Both must be sealed, or no longer shared.
func (f *fold) Fork() projections.Fold {
	fork := newFold(f.kind)
	fork.held = f.held.Fork()
	return fork
}

// Len implements projections.Sizer.
func (f *fold) Len() int { return f.held.Len() }

// Merge implements projections.Fold.
func (f *fold) Merge(other projections.Fold) error {
	o, ok := other.(*fold)
	if !ok || o.kind.name != f.kind.name {
		return fmt.Errorf("documents: a fold of %s documents cannot take over %T", f.kind.name, other)
	}
	f.held.Take(&o.held)
	return nil
}

// Tables implements projections.Fold. A document that cannot be written as JSON, which no event can cause, ends in a
// row without one, so that comparisons notice.
func (f *fold) Tables() []projections.Table {
	return []projections.Table{{
		Name:    f.kind.table,
		Columns: []string{"tenant_id", f.kind.id, "version", "position", "doc"},
		Key:     2,
		Rows:    f.rows,
	}}
}

func (f *fold) rows(yield func(*projections.Row) bool) {
	var row projections.Row
	for _, held := range f.held.Sorted(byKey) {
		d, err := held.document()
		if err != nil {
			d.Body = nil
		}
		row.Begin()
		row.Text(held.key.Tenant)
		row.UUID(held.key.Stream)
		row.Int64(int64(d.Version))
		row.Int64(int64(d.Position))
		row.Bytes(d.Body)
		if !yield(&row) {
			return
		}
	}
}

// byKey is the order of the table's primary key.
func byKey(a, b *folded) int {
	if a.key.Tenant != b.key.Tenant {
		return cmp.Compare(a.key.Tenant, b.key.Tenant)
	}
	return bytes.Compare(a.key.Stream[:], b.key.Stream[:])
}
