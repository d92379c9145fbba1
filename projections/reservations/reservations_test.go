package reservations_test

import (
	"bytes"
	"cmp"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/modeltest"
	"github.com/ordermill/ordermill/projections/query"
	"github.com/ordermill/ordermill/projections/reservations"
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
		modeltest.Compare(t.Context(), r, pool, reservations.Model{}, modeltest.Life(r, 120))
	})
}

// Pages, walked forward and backward, hold each reservation once and as the domain itself folds it; so does Get. What
// is due is due in all shops, the longest overdue first.
func TestQuery(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	rapid.Check(t, func(r *rapid.T) {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = tx.Rollback(t.Context()) }() // nothing of it is needed any more
		history := modeltest.Life(r, 120)
		if err := modeltest.Build(t.Context(), tx, reservations.Model{}, history, 0, 5, 20); err != nil {
			r.Fatal(err)
		}
		states, limit := plain(history), rapid.IntRange(1, 3).Draw(r, "limit")
		for _, tenant := range modeltest.Tenants {
			for _, status := range []reservation.Status{"", reservation.StatusActive, reservation.StatusExpired} {
				walk(t, r, tx, tenant, status, limit, states[tenant])
			}
			for other, all := range states {
				for _, want := range all {
					got, there, err := reservations.Get(t.Context(), tx, 1, tenant, want.ID)
					if err != nil || there != (other == tenant) || there && !reflect.DeepEqual(got, want) {
						r.Fatalf("Get = %+v, %v, %v; want %+v of %s for %s", got, there, err, want, other, tenant)
					}
				}
			}
		}
		checkDue(t, r, tx, states)
	})
}

func checkDue(t *testing.T, r *rapid.T, tx pgx.Tx, states map[string][]reservations.Reservation) {
	t.Helper()
	now := time.Date(2026, time.March, 29, rapid.IntRange(0, 23).Draw(r, "hour"), 0, 0, 0, time.UTC)
	limit := rapid.IntRange(1, 10).Draw(r, "due at most")
	var want []reservations.Due
	for tenant, all := range states {
		for _, s := range all {
			if s.Status == reservation.StatusActive && !s.ExpiresAt.After(now) {
				want = append(want, reservations.Due{Tenant: tenant, ID: s.ID, ExpiresAt: s.ExpiresAt})
			}
		}
	}
	slices.SortFunc(want, func(a, b reservations.Due) int {
		return cmp.Or(a.ExpiresAt.Compare(b.ExpiresAt), cmp.Compare(a.Tenant, b.Tenant), bytes.Compare(a.ID[:], b.ID[:]))
	})
	want = want[:min(limit, len(want))]
	got, err := reservations.DueBefore(t.Context(), tx, 1, now, limit)
	if err != nil || !slices.Equal(got, want) {
		r.Fatalf("due at %s: %+v, %v; want %+v", now, got, err, want)
	}
}

func walk(t *testing.T, r *rapid.T, tx pgx.Tx, tenant string, status reservation.Status, limit int, all []reservations.Reservation) {
	t.Helper()
	var want []reservations.Reservation
	for _, s := range all {
		if status == "" || s.Status == status {
			want = append(want, s)
		}
	}
	slices.SortFunc(want, func(a, b reservations.Reservation) int {
		return cmp.Or(b.MadeAt.Compare(a.MadeAt), bytes.Compare(b.ID[:], a.ID[:]))
	})
	next := func(from *query.Cursor) reservations.List {
		list, err := reservations.Query(t.Context(), tx, 1, tenant, reservations.Request{Status: status, Page: query.Page{Limit: limit, From: from}})
		if err != nil {
			r.Fatal(err)
		}
		return list
	}
	var forward, backward []reservations.Reservation
	last := next(nil)
	for forward = last.Reservations; last.Next != nil; forward = append(forward, last.Reservations...) {
		last = next(last.Next)
	}
	for backward = last.Reservations; last.Previous != nil; backward = slices.Concat(last.Reservations, backward) {
		last = next(last.Previous)
	}
	for _, got := range [][]reservations.Reservation{forward, backward} {
		if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			r.Fatalf("the list of %q holds %+v; want %+v", status, got, want)
		}
	}
}

// plain folds the reservations with the domain alone, by tenant.
func plain(history []projections.Event) map[string][]reservations.Reservation {
	folded, tenants := map[uuid.UUID]*reservations.Reservation{}, map[uuid.UUID]string{}
	for _, e := range history {
		fact, ok := e.Body.(reservation.Event)
		if !ok {
			continue
		}
		s := folded[e.Stream]
		if s == nil {
			s = &reservations.Reservation{}
			folded[e.Stream], tenants[e.Stream] = s, e.Tenant
		}
		s.Apply(fact)
		s.Version, s.Position = int64(e.Version), int64(e.Position)
	}
	states := map[string][]reservations.Reservation{}
	for id, s := range folded {
		states[tenants[id]] = append(states[tenants[id]], *s)
	}
	return states
}

func TestQuery_refuses(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	for name, tt := range map[string]struct {
		request   reservations.Request
		parameter string
	}{
		"no rows":           {reservations.Request{}, "limit"},
		"an unknown status": {reservations.Request{Status: "lost", Page: query.Page{Limit: 1}}, "status"},
		"a broken cursor":   {reservations.Request{Page: query.Page{Limit: 1, From: &query.Cursor{Key: "soon"}}}, "cursor"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := reservations.Query(t.Context(), pool, 1, "demo", tt.request)
			if fault, ok := errors.AsType[*query.Error](err); !ok || fault.Parameter != tt.parameter {
				t.Errorf("%v; want a fault of %s", err, tt.parameter)
			}
		})
	}
}
