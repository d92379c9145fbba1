package documents

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"

	"github.com/ordermill/ordermill/eventstore"
)

// The breaker of Redis: after some failures in a row it is left alone for a while, then one command tries it.
const (
	breakerFailures = 3
	breakerPause    = time.Second
)

// Connect returns a client of the Redis at url that keeps to the deadlines of its callers' contexts, and gives up a
// command after timeout. A Reader wants a short one, at least its RedisTimeout; a Backend's may be seconds. It connects
// with the first command.
func Connect(url string, timeout time.Duration) (*redis.Client, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("redis url: %w", err)
	}
	options.ContextTimeoutEnabled = true
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout, options.PoolTimeout = timeout, timeout, timeout, timeout
	options.MaxRetries, options.DialerRetries = -1, 1 // whoever calls knows what to do instead
	return redis.NewClient(options), nil
}

// redisReader is Redis behind its breaker.
type redisReader struct {
	client  redis.UniversalClient
	timeout time.Duration
	breaker *gobreaker.CircuitBreaker[any]
}

func newRedisReader(client redis.UniversalClient, timeout time.Duration) *redisReader {
	return &redisReader{client: client, timeout: timeout, breaker: gobreaker.NewCircuitBreaker[any](gobreaker.Settings{
		Name:        "redis",
		MaxRequests: 1,
		Timeout:     breakerPause,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakerFailures },
	})}
}

// do runs a command within its time, unless the breaker is open.
func (r *redisReader) do(ctx context.Context, command func(context.Context) (any, error)) (any, error) {
	return r.breaker.Execute(func() (any, error) {
		ctx, cancel := context.WithTimeout(ctx, r.timeout)
		defer cancel()
		return command(ctx)
	})
}

// fromRedis gets a document that is proven at need, or the newest there is. missing says that Redis answers, knows its
// bucket, and would be better off with a document that is read elsewhere.
func (r *Reader) fromRedis(ctx context.Context, live *pointers, kind *Kind, key Key, need eventstore.Position) (a Answer, missing bool) {
	a, missing = r.askRedis(ctx, live, kind, key)
	if !a.Found() || a.Proven >= need || r.config.Positions == nil {
		return a, missing
	}
	patient, cancel := context.WithTimeout(ctx, r.config.Patience)
	defer cancel()
	if r.config.Positions.Wait(patient, kind.cache, need) != nil {
		return a, missing
	}
	if newer, _ := r.askRedis(ctx, live, kind, key); newer.Found() {
		return newer, true
	}
	return a, missing
}

func (r *Reader) askRedis(ctx context.Context, live *pointers, kind *Kind, key Key) (a Answer, missing bool) {
	g := live.live[kind.cache]
	if r.cache == nil || g == 0 {
		return a, false
	}
	l := layout{name: kind.cache, log: r.config.Log, generation: g}
	name := l.document(key)
	answer, err := r.cache.do(ctx, func(ctx context.Context) (any, error) {
		return r.cache.client.MGet(ctx, l.checkpoint(bucketOf(key.Stream)), name).Result()
	})
	if err != nil {
		r.stats.failures.Add(1)
		return a, false
	}
	pair, _ := answer.([]any) // MGet returns nothing else
	at, known := checkpointOf(pair, live.epoch)
	if !known || r.config.Places.Compare(ctx, kind.cache, at) != nil { // of another past, or nobody can tell
		return a, false
	}
	if d, proven, ok := interpret(name, pair, live.epoch); ok {
		return Answer{Document: d, Key: key, Epoch: live.epoch, Proven: proven, Source: SourceRedis}, true
	}
	return a, true
}

// fill leaves a document in Redis. The script refuses what is not proven to be as new as its bucket.
func (r *Reader) fill(ctx context.Context, live *pointers, kind *Kind, a *Answer) {
	if !a.Found() || a.Proven == 0 || a.Epoch != live.epoch {
		return
	}
	l := layout{name: kind.cache, log: r.config.Log, generation: live.live[kind.cache]}
	name := l.document(a.Key)
	stored, err := r.cache.do(ctx, func(ctx context.Context) (any, error) {
		return r.cache.client.Eval(ctx, fillScript, []string{l.checkpoint(bucketOf(a.Key.Stream)), name},
			a.Epoch, int64(a.Proven), int64(a.Position), jittered(r.config.TTL), encodeValue(name, a.Epoch, a.Document)).Int()
	})
	if err != nil {
		r.stats.failures.Add(1)
		return
	}
	if stored == 1 {
		r.stats.fills.Add(1)
	}
}
