package products_test

import (
	"cmp"
	"reflect"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/modeltest"
	"github.com/ordermill/ordermill/projections/products"
	"github.com/ordermill/ordermill/projections/query"
)

func prepared(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.Pool(t)
	modeltest.Prepare(t, pool)
	return pool
}

// Whatever happens in the shops, and however it is cut into frames, the table holds what a plain fold holds.
func TestModel_equalsFold(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	rapid.Check(t, func(r *rapid.T) {
		modeltest.Compare(t.Context(), r, pool, products.Model{}, modeltest.History(r, 60))
	})
}

// Pages, walked forward and backward, hold each product once and as the domain itself folds it; so does Get.
func TestQuery(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	rapid.Check(t, func(r *rapid.T) {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = tx.Rollback(t.Context()) }() // nothing of it is needed any more
		history := modeltest.History(r, 60)
		if err := modeltest.Build(t.Context(), tx, products.Model{}, history, 0, 5, 20); err != nil {
			r.Fatal(err)
		}
		limit := rapid.IntRange(1, 3).Draw(r, "limit")
		for _, tenant := range modeltest.Tenants {
			want := plain(history, tenant)
			walk(t, r, tx, tenant, limit, want)
			got, err := products.Get(t.Context(), tx, 1, tenant, append([]string{"no such", "\xff", "\x00"}, modeltest.SKUs...)...)
			if err != nil || len(got) != len(want) {
				r.Fatalf("Get = %+v, %v; want %+v", got, err, want)
			}
			for _, p := range want {
				if !reflect.DeepEqual(got[p.SKU], p) {
					r.Fatalf("Get = %+v; want %+v", got[p.SKU], p)
				}
			}
		}
	})
}

func walk(t *testing.T, r *rapid.T, tx pgx.Tx, tenant string, limit int, want []products.Product) {
	t.Helper()
	var forward, backward []products.Product
	next := func(from *query.Cursor) products.List {
		list, err := products.Query(t.Context(), tx, 1, tenant, query.Page{Limit: limit, From: from})
		if err != nil {
			r.Fatal(err)
		}
		return list
	}
	last := next(nil)
	for forward = last.Products; last.Next != nil; forward = append(forward, last.Products...) {
		last = next(last.Next)
	}
	for backward = last.Products; last.Previous != nil; backward = slices.Concat(last.Products, backward) {
		last = next(last.Previous)
	}
	for _, got := range [][]products.Product{forward, backward} {
		if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			r.Fatalf("the list holds %+v; want %+v", got, want)
		}
	}
}

// plain folds a tenant's products with the domain alone.
func plain(history []projections.Event, tenant string) []products.Product {
	states := map[string]products.Product{}
	for _, e := range history {
		fact, ok := e.Body.(catalog.Event)
		if !ok || e.Tenant != tenant {
			continue
		}
		for _, sku := range modeltest.SKUs {
			if catalog.StreamID(tenant, sku) != e.Stream {
				continue
			}
			p := states[sku]
			p.Apply(fact)
			if e.Version == 1 {
				p.ListedAt = e.OccurredAt
			}
			p.UpdatedAt, p.Version, p.Position = e.OccurredAt, int64(e.Version), int64(e.Position)
			states[sku] = p
		}
	}
	var all []products.Product
	for _, p := range states {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b products.Product) int { return cmp.Compare(a.SKU, b.SKU) })
	return all
}
