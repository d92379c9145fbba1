package documents

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/modeltest"
)

func kinds() map[string]*Kind {
	return map[string]*Kind{"orders": Orders(), "stock": StockLevels()}
}

func TestModel_equalsFold(t *testing.T) {
	t.Parallel()

	for name, kind := range kinds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			pool := pgtest.Pool(t)
			modeltest.Prepare(t, pool)
			rapid.Check(t, func(rt *rapid.T) {
				modeltest.Compare(t.Context(), rt, pool, NewModel(kind), modeltest.Any(rt, 40))
			})
		})
	}
}

// A transaction that is rolled back leaves nothing behind that the next try would build on.
func TestModel_rolledBack(t *testing.T) {
	t.Parallel()

	s := newShop(t, 40)
	m := NewModel(StockLevels())
	s.prepare(t, []*Model{m}, nil)
	half := s.head() / 2
	s.project(t, m, 0, half)
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Apply(t.Context(), tx, 1, s.between(half, s.head())); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.project(t, m, half, s.head())

	want := s.documents(t, m.kind, s.head())
	rows, err := s.pool.Query(t.Context(), "select tenant_id, stream_id, version, position, doc from readmodel.stock_detail_g1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	got := 0
	for rows.Next() {
		var key Key
		var d Document
		if err := rows.Scan(&key.Tenant, &key.Stream, &d.Version, &d.Position, &d.Body); err != nil {
			t.Fatal(err)
		}
		if !sameDocument(d, want[key]) {
			t.Errorf("%v = %+v; want %+v", key, d, want[key])
		}
		got++
	}
	if err := rows.Err(); err != nil || got != len(want) {
		t.Errorf("%d documents, %v; want %d", got, err, len(want))
	}
}

// However a stream is cut, its document has the same bytes; what was there already changes nothing; a hole is noticed.
func TestKind_Fold(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]*Kind{Orders(), StockLevels()}).Draw(t, "kind")
		streams := make(map[Key][]projections.Event)
		for _, e := range modeltest.Any(t, 30) {
			if e.StreamType == kind.streamType {
				key := Key{e.Tenant, e.Stream}
				streams[key] = append(streams[key], e)
			}
		}
		for key, events := range streams {
			whole, err := kind.Fold(Document{}, events)
			if err != nil {
				t.Fatal(err)
			}
			cut := int(key.Stream[0]) % len(events)
			part, err := kind.Fold(Document{}, events[:cut])
			if err != nil {
				t.Fatal(err)
			}
			again, err := kind.Fold(part, events[cut/2:])
			if err != nil || !sameDocument(again, whole) {
				t.Fatalf("in parts %+v, %v; want %+v", again, err, whole)
			}
			if whole.Version != eventstore.Version(len(events)) || whole.Position != events[len(events)-1].Position {
				t.Fatalf("version %d at %d of %d events", whole.Version, whole.Position, len(events))
			}
			if cut+1 < len(events) {
				if _, err := kind.Fold(part, events[cut+1:]); err == nil {
					t.Fatal("a missing event went unnoticed")
				}
			}
		}
	})
}
