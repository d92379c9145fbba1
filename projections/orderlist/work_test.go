package orderlist_test

import (
	"cmp"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections/modeltest"
	"github.com/ordermill/ordermill/projections/orderlist"
	"github.com/ordermill/ordermill/projections/query"
)

// lately is a time at which some of a history lies behind.
var lately = time.Date(2026, time.March, 30, 6, 0, 0, 0, time.UTC)

// The backlog is what a plain count over the orders gives.
func TestBacklog(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	rapid.Check(t, func(r *rapid.T) {
		tx, history := built(t, r, pool)
		edges := slices.Compact(slices.Sorted(slices.Values(
			rapid.SliceOfN(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 5 * time.Hour, 24 * time.Hour}), 0, 3).Draw(r, "edges"))))
		for _, tenant := range modeltest.Tenants {
			want := make([]orderlist.BacklogBucket, len(edges)+1)
			for i, edge := range edges {
				want[i].To, want[i+1].From = edge, edge
			}
			for _, o := range plain(history, tenant) {
				if o.Status != order.StatusConfirmed || o.Open == 0 {
					continue
				}
				age := lately.Sub(o.ConfirmedAt)
				b := &want[len(slices.DeleteFunc(slices.Clone(edges), func(edge time.Duration) bool { return age <= edge }))]
				b.Orders++
				b.Units += o.Open
				b.Backordered += o.Backordered
				if o.OnHold() {
					b.OnHold++
				}
			}
			got, err := orderlist.Backlog(t.Context(), tx, 1, tenant, lately, edges)
			if err != nil || !slices.Equal(got, want) {
				r.Fatalf("Backlog = %+v, %v; want %+v", got, err, want)
			}
		}
	})
}

func TestBacklog_refuses(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	for name, edges := range map[string][]time.Duration{
		"a negative edge": {-time.Hour}, "the same edge twice": {time.Hour, time.Hour}, "falling edges": {time.Hour, time.Minute},
		"too many": make([]time.Duration, 1000),
	} {
		_, err := orderlist.Backlog(t.Context(), pool, 1, "demo", lately, edges)
		if fault, ok := errors.AsType[*query.Error](err); !ok || fault.Parameter != "edges" {
			t.Errorf("%s: %v; want a fault of edges", name, err)
		}
	}
	if _, err := orderlist.DueBefore(t.Context(), pool, 1, lately, 0); err == nil {
		t.Error("nothing can be asked for; want a fault")
	}
}

// What is due is what the domain would let expire, and the holds that have ended, in the shops of all tenants.
func TestDueBefore(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	rapid.Check(t, func(r *rapid.T) {
		tx, history := built(t, r, pool)
		now := lately.Add(-time.Duration(rapid.IntRange(0, 40).Draw(r, "hours")) * time.Hour)
		var want []orderlist.Due
		for _, tenant := range slices.Sorted(slices.Values(modeltest.Tenants)) {
			for _, o := range sorted(plain(history, tenant), orderlist.Sort{Field: "placed_at"}) {
				if !o.DueAt.IsZero() && !o.DueAt.After(now) {
					want = append(want, orderlist.Due{Tenant: tenant, OrderID: o.ID, Kind: o.DueKind, HoldID: o.DueHold, At: o.DueAt})
				}
			}
		}
		slices.SortFunc(want, func(a, b orderlist.Due) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.OrderID.String(), b.OrderID.String()))
		})
		limit := rapid.IntRange(1, 5).Draw(r, "limit")
		got, err := orderlist.DueBefore(t.Context(), tx, 1, now, limit)
		if err != nil || !slices.Equal(got, want[:min(limit, len(want))]) {
			r.Fatalf("DueBefore = %+v, %v; want the first %d of %+v", got, err, limit, want)
		}
	})
}
