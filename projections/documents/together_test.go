package documents

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/internal/local/redistest"
	"github.com/ordermill/ordermill/projections"
)

// Everything at once: a process projects while orders come in, Redis is flushed, and all is rebuilt and switched, under
// readers that must always get a document that is as far as they need.
func TestTogether(t *testing.T) {
	t.Parallel()

	s := newShop(t, 160)
	rest := s.events[s.head()/2:]
	half := s.head() / 2
	v := &shop{pool: s.pool, store: s.store, epoch: s.epoch, events: s.events}
	client := redistest.New(t)
	models := []projections.Model{NewModel(Orders()), NewModel(StockLevels())}
	backends := []projections.Backend{
		NewBackend(Orders(), client, s.store, BackendConfig{}), NewBackend(StockLevels(), client, s.store, BackendConfig{}),
	}
	set, err := projections.NewSet(projections.Config{Pool: s.pool, Stores: []*eventstore.Store{s.store}, Models: models, Backends: backends})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	run := func(name string, loop func(context.Context) error) {
		group.Go(func() {
			if err := loop(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	run("projections", func(ctx context.Context) error {
		return set.Run(ctx, projections.RunOptions{LeaseTime: time.Second})
	})
	parked := NewParked(set)
	run("parked", parked.Run)
	reader, err := NewReader(ReaderConfig{
		Postgres: readPool(t, s.pool), Redis: client, Positions: set.Positions(1), Parked: parked.Has, RedisTimeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	run("reader", reader.Run)

	var reads atomic.Int64
	for i := range 3 {
		run("reading", func(ctx context.Context) error { return v.keepReading(ctx, reader, i, half, &reads) })
	}
	reach := func() {
		t.Helper()
		eventually(t, func() error {
			for _, name := range set.Names() {
				if at := set.Positions(1).Get(name); at < s.head() {
					return fmt.Errorf("%s is at %d of %d", name, at, s.head())
				}
			}
			return nil
		})
	}
	reach()
	if err := client.FlushAll(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	again := relabeled(rest)
	s.append(t, again[:len(again)/2])
	eventually(t, func() error { // the loss is noticed, and everything is there again
		for _, b := range backends {
			if at, err := b.Sink(1, 1).Checkpoint(ctx); err != nil || at != s.at(s.head()) {
				return fmt.Errorf("%s is at %+v, %w", b.Name(), at, err)
			}
		}
		return nil
	})
	reports, err := set.Rebuild(ctx, projections.RebuildOptions{})
	if err != nil || len(reports) != len(set.Names()) {
		t.Fatalf("Rebuild = %+v, %v", reports, err)
	}
	for _, r := range reports {
		if !r.Switched {
			t.Errorf("%s was not switched: %+v", r.Projection, r)
		}
	}
	s.append(t, again[len(again)/2:])
	reach()
	if found, err := set.Verify(ctx, projections.VerifyOptions{}); err != nil || len(found) > 0 {
		t.Errorf("Verify = %+v, %v; want nothing", found, err)
	}
	if reads.Load() == 0 {
		t.Error("nothing was read")
	}
	eventually(t, func() error { // the reader finds out by itself what there is
		if stats := reader.Stats(); stats.Redis == 0 || stats.Postgres+stats.Log == 0 {
			return fmt.Errorf("reads came from one source: %+v", stats)
		}
		return nil
	})
}

// keepReading reads orders as of each of the first events, as their writers would right after.
func (s *shop) keepReading(ctx context.Context, reader *Reader, nth int, until eventstore.Position, reads *atomic.Int64) error {
	for ctx.Err() == nil {
		for i := nth; i < int(until); i += 3 {
			e := &s.events[i]
			if e.StreamType != Orders().streamType {
				continue
			}
			key := Key{e.Tenant, e.Stream}
			a, err := reader.Order(ctx, key.Tenant, key.Stream, e.Position)
			if ctx.Err() != nil {
				break
			}
			if err != nil || !a.Found() || a.Version < e.Version || a.Proven < e.Position {
				return fmt.Errorf("order %s at %d: version %d at %d, %w", key.Stream, e.Position, a.Version, a.Proven, err)
			}
			reads.Add(1)
		}
	}
	return nil
}

// relabeled makes new orders, and new stocks of other tenants, of old events: what happens a second time.
func relabeled(events []projections.Event) []projections.Event {
	var out []projections.Event
	versions := make(map[Key]eventstore.Version)
	for _, e := range events {
		e.Tenant += "2"
		e.Stream[0] ^= 0xff
		e.ID[0] ^= 0xff
		key := Key{e.Tenant, e.Stream}
		versions[key]++
		if e.Version != versions[key] {
			versions[key] = -1 << 40 // its beginning is not among them
			continue
		}
		out = append(out, e)
	}
	return out
}
