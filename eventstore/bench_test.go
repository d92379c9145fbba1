package eventstore

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

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
