package documents

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/query"
)

//go:embed fill.lua
var fillScript string

var (
	// ErrUnavailable says that neither Redis nor Postgres could answer. Try again later.
	ErrUnavailable = errors.New("documents: not available")

	// ErrAhead says that the log does not have the position that was asked for: the database is a replica that is
	// behind, or was restored to an earlier past.
	ErrAhead = errors.New("documents: the log has not got that far")

	// ErrUnreadable says that the stream has events that this build cannot read, so that its present state is not known.
	ErrUnreadable = errors.New("documents: the stream has events that cannot be read")
)

// Source says where an answer comes from.
type Source string

// The sources, in the order in which they are asked.
const (
	SourceRedis    Source = "redis"
	SourcePostgres Source = "postgres"
	SourceLog      Source = "log" // folded from events, perhaps on top of an older document
)

// Answer is a document and what is known about it. A stream that has no events, or is another tenant's, is one without
// a document: Found is false, and that is proven like everything else.
type Answer struct {
	Document
	Key    Key
	Epoch  int64               // of the log
	Proven eventstore.Position // the document is what the log says at this position
	Source Source
}

// Found reports whether there is a document.
func (a *Answer) Found() bool { return len(a.Body) > 0 }

// Positions waits for projections; projections.Positions does.
type Positions interface {
	Wait(ctx context.Context, projection string, position eventstore.Position) error
}

// Database is a pool.
type Database interface {
	query.DB
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Places compares a place that somebody has seen with the log, and fails if that does not have it; eventstore.Store does.
type Places interface {
	Compare(ctx context.Context, who string, seen eventstore.Place) error
}

// ReaderConfig sets a Reader up. Postgres is needed; other zero fields mean the documented defaults.
type ReaderConfig struct {
	Log      eventstore.LogID      // default 1
	Postgres Database              // a small pool of its own, so that misses cannot take all connections; its role sees one tenant at a time
	Redis    redis.UniversalClient // of Connect, so that deadlines hold; nil: Redis is not asked

	// Positions is waited for when a client's token is a little ahead of Redis. Default: it is not waited.
	Positions Positions
	Patience  time.Duration // how long; default 25 ms

	// Places tells whether the log has what Redis was built from; eventstore.Store does. Default: Postgres is asked each time.
	Places Places

	// Parked reports streams whose events the projections could not apply; their documents are not current, whatever
	// the checkpoints say. Postgres is asked about them by every read that reaches it. Default: none.
	Parked func(key Key) bool

	RedisTimeout time.Duration // of one command; default 100 ms
	Timeout      time.Duration // of one load as a whole, whoever waits for it; default 5 s
	TTL          time.Duration // of documents that a read leaves in Redis; default 30 days
}

// Reader answers with the newest document that can be had: from Redis, else from Postgres, and if neither is as far as
// needed from the stream's own events, which are then folded on top of what was found. Lag therefore never makes a read
// fail, nor denies what was written a moment ago, and without Redis everything still answers. What comes from further
// away is left in Redis.
//
// In one process there is at most one load of a key at a time, which all who want it share. A Reader is safe for
// concurrent use.
type Reader struct {
	config  ReaderConfig
	orders  *Kind
	stock   *Kind
	cache   *redisReader // nil: none
	flights singleflight.Group
	live    atomic.Pointer[pointers]
	stats   readerStats
}

type readerStats struct{ redis, postgres, log, fills, failures atomic.Int64 }

// NewReader returns a Reader. It connects to nothing; Run keeps it up to date.
func NewReader(config ReaderConfig) (*Reader, error) {
	if config.Postgres == nil {
		return nil, errors.New("documents: a reader needs a Postgres pool")
	}
	if config.Log == 0 {
		config.Log = 1
	}
	orElse(&config.Patience, 25*time.Millisecond)
	orElse(&config.RedisTimeout, 100*time.Millisecond)
	orElse(&config.Timeout, 5*time.Second)
	orElse(&config.TTL, 30*24*time.Hour)
	if config.Places == nil {
		config.Places = asked{config.Postgres, config.Log}
	}
	r := &Reader{config: config, orders: Orders(), stock: StockLevels()}
	if config.Redis != nil {
		r.cache = newRedisReader(config.Redis, config.RedisTimeout)
	}
	return r, nil
}

func orElse(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

// Order returns an order at a position that is proven to be need or beyond.
func (r *Reader) Order(ctx context.Context, tenant string, id uuid.UUID, need eventstore.Position) (Answer, error) {
	return r.read(ctx, r.orders, Key{tenant, id}, need)
}

// Stock returns the stock levels of a SKU at a position that is proven to be need or beyond.
func (r *Reader) Stock(ctx context.Context, tenant, sku string, need eventstore.Position) (Answer, error) {
	return r.read(ctx, r.stock, Key{tenant, stock.StreamID(tenant, sku)}, need)
}

// ReaderStats counts what a Reader has done.
type ReaderStats struct {
	Redis, Postgres, Log int64 // answers by source
	Fills                int64 // documents left in Redis
	RedisFailures        int64 // commands that failed or came too late
}

// Stats returns the counters.
func (r *Reader) Stats() ReaderStats {
	s := &r.stats
	return ReaderStats{s.redis.Load(), s.postgres.Load(), s.log.Load(), s.fills.Load(), s.failures.Load()}
}

// flight names a load that is shared.
func flight(kind *Kind, key Key) string { return kind.name + "/" + string(key.Stream[:]) + key.Tenant }

// read shares one load among all who want the same document. A load that began for somebody who needs less is followed
// by another one. Whoever gives up leaves the load to the others.
func (r *Reader) read(ctx context.Context, kind *Kind, key Key, need eventstore.Position) (Answer, error) {
	for round := 0; ; round++ {
		var mine atomic.Bool
		done := r.flights.DoChan(flight(kind, key), func() (any, error) {
			mine.Store(true)
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.config.Timeout)
			defer cancel()
			return r.load(ctx, kind, key, need)
		})
		select {
		case <-ctx.Done():
			return Answer{}, ctx.Err()
		case result := <-done:
			if result.Err != nil {
				return Answer{}, fmt.Errorf("read %s %s: %w", kind.name, key.Stream, result.Err)
			}
			answer, _ := result.Val.(Answer)    // load returns nothing else
			early := round == 0 && !mine.Load() // begun before this was asked for: it may have missed what was there by then
			switch {
			case answer.Proven >= need && (answer.Found() || !early):
				return answer, nil
			case answer.Proven < need && mine.Load():
				return Answer{}, fmt.Errorf("read %s %s at %d: %w: it is at %d", kind.name, key.Stream, need, ErrAhead, answer.Proven)
			}
		}
	}
}

// load goes along the chain.
func (r *Reader) load(ctx context.Context, kind *Kind, key Key, need eventstore.Position) (Answer, error) {
	live, err := r.pointers(ctx)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if r.config.Parked != nil && r.config.Parked(key) {
		return r.catchUp(ctx, kind, Answer{Key: key})
	}
	answer, missing := r.fromRedis(ctx, live, kind, key, need)
	if answer.Found() && answer.Proven >= need {
		r.stats.redis.Add(1)
		return answer, nil
	}
	if !answer.Found() {
		if answer, err = r.fromPostgres(ctx, live, kind, key); err != nil {
			return Answer{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	// Whoever has just placed an order may ask for it without a token: nothing is denied that the log knows.
	if answer.Found() && answer.Proven >= need && answer.Source != "" {
		r.stats.postgres.Add(1)
	} else if answer, err = r.catchUp(ctx, kind, answer); err != nil {
		return Answer{}, err
	}
	if missing {
		r.fill(ctx, live, kind, &answer)
	}
	return answer, nil
}
