package eventstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// insertBare is an append without what makes it one: the same row and indexes, in a transaction each, with no check,
// no version and no order.
const (
	createBare = `create table bare as select * from events limit 0; alter table bare add primary key (log_id, position);
		alter table bare add unique (log_id, stream_id, version); create sequence bare_position`
	insertBare = `insert into bare (log_id, position, tenant_id, stream_id, stream_type, version, event_id, type,
		schema_version, data, metadata, occurred_at, recorded_at)
		values (1, nextval('bare_position'), $1, $2, $3, 1, $4, $5, 1, $6, $7, $8, now())`
)

// BenchmarkAppend appends single events to new streams by 1, 64 and 256 writers, beside inserts of the same row by as
// many over a pool of connections.
func BenchmarkAppend(b *testing.B) {
	config, err := pgxpool.ParseConfig(pgtest.New(b))
	if err != nil {
		b.Fatal(err)
	}
	config.MaxConns = 64
	pool, err := pgxpool.NewWithConfig(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	if _, err := pool.Exec(b.Context(), createBare); err != nil {
		b.Fatal(err)
	}
	s := openStore(b, pool, Config{})
	body, metadata := make([]byte, 128), []byte(`{"actor":{"type":"staff","id":"x"},"command_id":"0198aaaa"}`)
	for i := range body {
		body[i] = byte('a' + i%26)
	}
	newAppend := func() Append {
		a := first("demo", uuid.Must(uuid.NewV7()))
		a.Events[0].ID, a.Events[0].Data, a.Events[0].Metadata = uuid.Must(uuid.NewV7()), body, metadata
		return a
	}
	for _, writers := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("insert/writers=%d", writers), func(b *testing.B) {
			shared(b, writers, func() error {
				a := newAppend()
				e := &a.Events[0]
				_, err := pool.Exec(b.Context(), insertBare, a.Tenant, e.Stream, e.StreamType, e.ID, e.Type, e.Data, e.Metadata, e.OccurredAt)
				return err
			})
		})
		b.Run(fmt.Sprintf("append/writers=%d", writers), func(b *testing.B) {
			before := s.Stats()
			shared(b, writers, func() error {
				_, err := s.Append(b.Context(), newAppend())
				return err
			})
			now := s.Stats()
			b.ReportMetric(float64(now.Appends-before.Appends)/float64(now.Batches-before.Batches), "appends/batch")
		})
	}
}

// BenchmarkAppendEvents sends batches of 64 appends over one connection and waits for each: new streams with an event,
// refusals that are stored under a key, and refusals that are noted besides. It shows what a batch costs the server.
func BenchmarkAppendEvents(b *testing.B) {
	const batchSize = 64
	config := pgtest.Pool(b).Config().ConnConfig
	laneConfig(&config.Config, defaultBounds())
	l, err := openLane(b.Context(), &config.Config, defaultBounds())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.close(true) })
	event := func() Append { return first("demo", uuid.Must(uuid.NewV7())) }
	refused := func() Append {
		a := refusal(Expectation{Stream: uuid.New()}, "insufficient_stock")
		a.Key, a.Decision = &Key{Client: "c", Hash: hash(a.Decision.ID.String())}, nil
		a.Answer = Answer{Request: "POST /things", Status: 409, Body: make([]byte, 300)}
		return a
	}
	noted := func() Append {
		a := refused()
		a.Decision = refusal(a.Reads[0], "insufficient_stock").Decision
		return a
	}
	for _, kind := range []struct {
		name string
		make func() Append
	}{{"events", event}, {"refusals", refused}, {"refusals noted", noted}} {
		b.Run(kind.name, func(b *testing.B) {
			var worked time.Duration
			batches := 0
			for b.Loop() {
				batch := make([]*pending, batchSize)
				for i := range batch {
					p, err := prepare(kind.make())
					if err != nil {
						b.Fatal(err)
					}
					batch[i] = &pending{prepared: p}
				}
				if err := l.send(1, &inFlight{appends: batch, way: insertFirst, past: newPast(Place{Epoch: 1}, nil)}); err != nil {
					b.Fatal(err)
				}
				rows, err := l.receive()
				if err != nil || len(rows) != 1 {
					b.Fatalf("%d outcomes, %v; want one for all", len(rows), err)
				}
				worked += rows[0].worked()
				batches++
			}
			b.ReportMetric(float64(worked.Nanoseconds())/float64(batches*batchSize), "server-ns/append")
		})
	}
}

// fillLong makes one stream of $1 events with bodies of 280 bytes, as those of a busy stock are.
const fillLong = `insert into events select 1, n, 'demo', $2, 'stock', n, md5('e' || n)::uuid, 'stock.reserved.v1', 1,
	convert_to(rpad('{"reservation_id":"' || md5(n::text) || '","quantity":2,"allocations":[{"location_id":"main","quantity":2}],"note":"', 278, md5('n' || n)) || '"}', 'UTF8'),
	'{"actor":{"type":"client","id":"shop"},"command_id":"0198aaaa"}', now(), now() from generate_series(1, $1) n`

// BenchmarkLoadSnapshots reads a stream of 300,000 events to its end: from a snapshot of 32 KiB with 500 events after
// it, over the pool and under the lock, and without one.
func BenchmarkLoadSnapshots(b *testing.B) {
	const events, tail = 300_000, 500
	pool := pgtest.Pool(b)
	s := openStore(b, pool, Config{})
	stream := uuid.New()
	if _, err := pool.Exec(b.Context(), fillLong, events, stream); err != nil {
		b.Fatal(err)
	}
	if _, err := pool.Exec(b.Context(), "vacuum analyze events"); err != nil {
		b.Fatal(err)
	}
	taken := Snapshot{Tenant: "demo", Stream: stream, Version: events - tail, Fingerprint: hash("v1"), Data: make([]byte, 32<<10)}
	_, _ = rand.Read(taken.Data) // never fails
	if err := pool.QueryRow(b.Context(), "select event_id from events where log_id = 1 and position = $1", taken.Version).Scan(&taken.Event); err != nil {
		b.Fatal(err)
	}
	if err := s.SaveSnapshots(b.Context(), []Snapshot{taken}); err != nil {
		b.Fatal(err)
	}
	run := func(name string, from StreamFrom, want int, load func(context.Context, string, []StreamFrom) ([]StreamRest, error)) {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				begun := time.Now()
				rests, err := load(b.Context(), "demo", []StreamFrom{from})
				if err != nil || len(rests[0].Events) != want {
					b.Fatalf("%d events, %v; want %d", len(rests[0].Events), err, want)
				}
				took = append(took, time.Since(begun))
			}
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2].Seconds()*1000, "median-ms")
		})
	}
	run("snapshot", StreamFrom{Stream: stream, Fingerprint: taken.Fingerprint}, tail, s.LoadSnapshots)
	err := s.WithLock(b.Context(), func(_ context.Context, l *Locked) error {
		run("snapshot/locked", StreamFrom{Stream: stream, Fingerprint: taken.Fingerprint}, tail, l.LoadSnapshots)
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	run("none", StreamFrom{Stream: stream}, events, s.LoadSnapshots)
}

// shared has writers share the iterations of a benchmark.
func shared(b *testing.B, writers int, write func() error) {
	b.Helper()
	var left atomic.Int64
	work := make(chan struct{})
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range work {
				for left.Add(-1) >= 0 {
					if err := write(); err != nil {
						b.Error(err)
						return
					}
				}
			}
		})
	}
	n := int64(b.N)
	left.Store(n)
	b.ResetTimer()
	for range writers {
		work <- struct{}{}
	}
	close(work)
	wg.Wait()
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}
