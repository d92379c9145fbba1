package stocklevels_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/modeltest"
	"github.com/ordermill/ordermill/projections/query"
	"github.com/ordermill/ordermill/projections/stocklevels"
)

// Whatever happens in the shops, and however it is cut into frames, the table holds what a plain fold holds.
func TestModel_equalsFold(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	modeltest.Prepare(t, pool)
	rapid.Check(t, func(r *rapid.T) {
		modeltest.Compare(t.Context(), r, pool, stocklevels.Model{}, modeltest.Stock(r, 120))
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
		history := modeltest.Stock(r, 120)
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
			for _, location := range []string{stock.MainLocation, "north", "East", "nowhere"} {
				walk(t, r, tx, tenant, location, levels(history, tenant))
			}
		}
	})
}

// walk turns the pages of a location forward and back, and holds them against the SKUs' levels.
func walk(t *testing.T, r *rapid.T, tx pgx.Tx, tenant, location string, levels map[string]stocklevels.Levels) {
	t.Helper()
	var want, forward, backward []stocklevels.SKU
	for _, sku := range slices.Sorted(maps.Keys(levels)) {
		for _, at := range levels[sku].Locations {
			if at.ID == location {
				want = append(want, stocklevels.SKU{SKU: sku, Location: at})
			}
		}
	}
	next := func(from *query.Cursor) stocklevels.List {
		list, err := stocklevels.AtLocation(t.Context(), tx, 1, tenant, location, query.Page{Limit: 2, From: from})
		if err != nil {
			r.Fatal(err)
		}
		return list
	}
	last := next(nil)
	for forward = last.SKUs; last.Next != nil; forward = append(forward, last.SKUs...) {
		last = next(last.Next)
	}
	for backward = last.SKUs; last.Previous != nil; backward = slices.Concat(last.SKUs, backward) {
		last = next(last.Previous)
	}
	if !slices.Equal(forward, want) || !slices.Equal(backward, want) {
		r.Fatalf("at %s: %+v, back %+v; want %+v", location, forward, backward, want)
	}
}

func TestAtLocation_refuses(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	for parameter, ask := range map[string]struct {
		location string
		page     query.Page
	}{
		"limit": {"main", query.Page{}}, "location_id": {"\xff", query.Page{Limit: 1}},
		"cursor": {"main", query.Page{Limit: 1, From: &query.Cursor{Key: "\x00"}}},
	} {
		_, err := stocklevels.AtLocation(t.Context(), pool, 1, "demo", ask.location, ask.page)
		if fault, ok := errors.AsType[*query.Error](err); !ok || fault.Parameter != parameter {
			t.Errorf("AtLocation = %v; want a fault of %s", err, parameter)
		}
	}
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
