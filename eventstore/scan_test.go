package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

func TestScan(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	store, err := eventstore.Open(t.Context(), pool, eventstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	const events = 70_000 // more than one range
	_, err = pool.Exec(t.Context(), `insert into events (log_id, position, tenant_id, stream_id, stream_type, version, event_id, type, schema_version, data, metadata, occurred_at, recorded_at)
		select 1, n, 'demo', gen_random_uuid(), 'order', 1, gen_random_uuid(), 'order.placed.v1', 1, convert_to(repeat('x', (n * n % 90)::int), 'UTF8'), '{}', now(), now()
		from generate_series(1, $1::bigint) n`, events)
	if err != nil {
		t.Fatal(err)
	}
	var next eventstore.Position
	collect := func(batch *eventstore.Batch) error {
		defer batch.Release()
		for _, e := range batch.Events {
			if e.Position != next || len(e.Data) != int(next*next%90) || e.Tenant != "demo" || e.OccurredAt.IsZero() {
				return fmt.Errorf("event %+v; want the one at %d", e, next)
			}
			next++
		}
		return nil
	}
	for _, tt := range []struct{ after, to eventstore.Position }{{0, events}, {0, 1}, {65_000, 66_000}, {65_536, 65_537}, {7, 7}} {
		next = tt.after + 1
		if err := store.Scan(t.Context(), tt.after, tt.to, collect); err != nil || next != tt.to+1 {
			t.Errorf("Scan(%d, %d) went to %d, %v", tt.after, tt.to, next-1, err)
		}
	}

	// Rows that lie elsewhere in the table come in their place all the same.
	_, err = pool.Exec(t.Context(), "with moved as (delete from events where position % 5000 < 3 returning *) insert into events select * from moved order by position desc")
	if err != nil {
		t.Fatal(err)
	}
	next = 1
	if err := store.Scan(t.Context(), 0, events, collect); err != nil || next != events+1 {
		t.Errorf("Scan of moved rows went to %d, %v", next-1, err)
	}

	broken := errors.New("enough")
	if err := store.Scan(t.Context(), 0, events, func(*eventstore.Batch) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("Scan with a user that fails = %v; want its error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := store.Scan(ctx, 0, events, collect); !errors.Is(err, context.Canceled) {
		t.Errorf("Scan canceled = %v", err)
	}
	for _, hole := range []string{"position = 69000", "position = 70000"} {
		if _, err := pool.Exec(t.Context(), "delete from events where "+hole); err != nil {
			t.Fatal(err)
		}
		next = 68_001
		if err := store.Scan(t.Context(), 68_000, events, collect); err == nil || !strings.Contains(err.Error(), "missing") {
			t.Errorf("Scan over a hole = %v; want an error", err)
		}
		next = 69_501
		if err := store.Scan(t.Context(), 69_500, events, collect); hole == "position = 70000" && (err == nil || !strings.Contains(err.Error(), "missing")) {
			t.Errorf("Scan to an end that is not there = %v; want an error", err)
		}
	}
}
