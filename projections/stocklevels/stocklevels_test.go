package stocklevels_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/modeltest"
	"github.com/ordermill/ordermill/projections/stocklevels"
)

// Whatever happens in the shops, and however it is cut into frames, the table holds what a plain fold holds.
func TestModel_equalsFold(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	modeltest.Prepare(t, pool)
	rapid.Check(t, func(r *rapid.T) {
		modeltest.Compare(t.Context(), r, pool, stocklevels.Model{}, modeltest.History(r, 60))
	})
}

// A query answers what the domain's own fold of the SKU's stream says, and nothing of other tenants.
func TestGet(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	modeltest.Prepare(t, pool)
	rapid.Check(t, func(r *rapid.T) {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = tx.Rollback(t.Context()) }() // nothing of it is needed any more
		history := modeltest.History(r, 60)
		if err := modeltest.Build(t.Context(), tx, stocklevels.Model{}, history, 0, 7, 30); err != nil {
			r.Fatal(err)
		}
		for _, tenant := range modeltest.Tenants {
			got, err := stocklevels.Get(t.Context(), tx, 1, tenant, append([]string{"no such", "\xff", "\x00"}, modeltest.SKUs...)...)
			if err != nil {
				r.Fatal(err)
			}
			if want := levels(history, tenant); !reflect.DeepEqual(got, want) {
				r.Fatalf("Get = %+v; want %+v", got, want)
			}
		}
	})
}

func levels(history []projections.Event, tenant string) map[string]stocklevels.Levels {
	want := map[string]stocklevels.Levels{}
	for _, e := range history {
		fact, ok := e.Body.(stock.Event)
		if !ok || e.Tenant != tenant {
			continue
		}
		var sku string
		for _, candidate := range modeltest.SKUs {
			if stock.StreamID(tenant, candidate) == e.Stream {
				sku = candidate
			}
		}
		l := want[sku]
		l.Apply(fact)
		l.Version, l.Position, l.UpdatedAt = int64(e.Version), int64(e.Position), e.OccurredAt
		want[sku] = l
	}
	return want
}
