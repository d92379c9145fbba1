package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/internal/local"
	"github.com/ordermill/ordermill/migrations"
)

// small is the body of a stored stock event, with its metadata: what the figures call a small event.
var (
	small = []byte(`{"sku":"TSHIRT-M","reservation_id":"0198c5a0-7b1e-7cc2-8f3a-3d1e6f0a9b11","order_id":"0198c5a0-7b1e-7cc2-8f3a-3d1e6f0a9b11","kind":"order","allocations":[{"line_id":"5d1b2c3a-1111-5222-8333-944455556666","location_id":"main","quantity":2}]}`)
	meta  = []byte(`{"actor":{"type":"customer","id":"c-1"},"command_id":"0198c5a0-7b1e-7cc2-8f3a-3d1e6f0a9b12"}`)
)

// promised is the least ratio of conditional appends to bare inserts, by the number of writers.
var promised = []struct {
	writers int
	ratio   float64
}{{1, 0.7}, {64, 2.2}, {256, 3.3}}

const bareTable = `create table bare (like events including all); create sequence bare_position`

const bareInsert = `insert into bare (log_id, position, tenant_id, stream_id, stream_type, version, event_id, type, data, metadata, occurred_at, recorded_at)
	values (1, nextval('bare_position'), $1, $2, 'stock', 1, $3, 'stock.reserved.v1', $4, $5, $6, now())`

// appends measures single-event conditional appends against the same row inserted in a transaction each, without any
// check, by as many writers.
func appends(ctx context.Context, o Options) (figures []Figure, err error) {
	server, err := local.StartPostgres(ctx, local.PostgresConfig{Dir: filepath.Join(o.Dir, "appends")})
	if err != nil {
		return nil, err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		err = errors.Join(err, server.Stop(stopping))
	}()
	url := server.URL("postgres")
	if err := migrations.Apply(ctx, url); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	config.MaxConns = 64 // more connections make the bare inserts slower
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, bareTable); err != nil {
		return nil, fmt.Errorf("bare table: %w", err)
	}
	store, err := eventstore.Open(ctx, pool, eventstore.Config{})
	if err != nil {
		return nil, err
	}
	for _, p := range promised {
		f, err := pair(o.Rounds,
			func() (float64, error) { return hammer(ctx, p.writers, o.Round, appendOne(store)) },
			func() (float64, error) { return hammer(ctx, p.writers, o.Round, insertOne(pool)) })
		if err != nil {
			return nil, err
		}
		f.Name, f.Unit, f.Limit, f.Promise = fmt.Sprintf("conditional appends, %d writers", p.writers), "events/s", "bare inserts, a transaction each", Promise{Ratio: p.ratio}
		figures = append(figures, f)
	}
	return figures, store.Close(ctx)
}

func appendOne(store *eventstore.Store) func(context.Context) error {
	return func(ctx context.Context) error {
		stream, event := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
		_, err := store.Append(ctx, eventstore.Append{
			Tenant: "bench",
			Reads:  []eventstore.Expectation{{Stream: stream}},
			Events: []eventstore.NewEvent{{ID: event, Stream: stream, StreamType: "stock", Type: "stock.reserved.v1", Data: small, Metadata: meta, OccurredAt: time.Now()}},
		})
		return err
	}
}

func insertOne(pool *pgxpool.Pool) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := pool.Exec(ctx, bareInsert, "bench", uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), small, meta, time.Now())
		return err
	}
}

// hammer runs one from some goroutines for a while and returns how often a second it was done.
func hammer(ctx context.Context, goroutines int, d time.Duration, one func(context.Context) error) (float64, error) {
	var done atomic.Int64
	var failure atomic.Pointer[error]
	var wg sync.WaitGroup
	began := time.Now()
	for range goroutines {
		wg.Go(func() {
			for time.Since(began) < d && failure.Load() == nil {
				if err := one(ctx); err != nil {
					failure.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if err := failure.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) / time.Since(began).Seconds(), nil
}
