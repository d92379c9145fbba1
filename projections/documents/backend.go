package documents

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// Loader reads several streams of a tenant, each after a version; eventstore.Store is one.
type Loader interface {
	LoadMany(ctx context.Context, tenant string, streams []eventstore.StreamAfter) ([]eventstore.Recorded, error)
}

// Backend keeps documents of a kind in Redis, for many processes to read. It implements projections.Backend and is safe
// for concurrent use.
//
// Redis should evict what has an expiry only (maxmemory-policy volatile-lru): documents have one, checkpoints do not.
// When it is full and evicts nothing, documents that change are removed rather than written, so that readers look
// elsewhere and the projection goes on.
type Backend struct {
	kind   *Kind
	client redis.UniversalClient
	log    Loader
	ttl    time.Duration
}

// BackendConfig sets a Backend up. Zero fields mean the documented defaults.
type BackendConfig struct {
	TTL time.Duration // how long a document stays that nobody changes; default 30 days, give or take a tenth
}

// NewBackend returns the Redis projection of a kind. log is read when a document is neither remembered nor in Redis.
func NewBackend(kind *Kind, client redis.UniversalClient, log Loader, config BackendConfig) *Backend {
	if config.TTL <= 0 {
		config.TTL = 30 * 24 * time.Hour
	}
	return &Backend{kind: kind, client: client, log: log, ttl: config.TTL}
}

// Name implements projections.Backend.
func (b *Backend) Name() string { return b.kind.cache }

// Store implements projections.Backend.
func (b *Backend) Store() string { return "redis" }

// StreamTypes implements projections.StreamTyped.
func (b *Backend) StreamTypes() []string { return []string{b.kind.streamType} }

// FoldName implements projections.SharedFold.
func (b *Backend) FoldName() string { return b.kind.foldName() }

// NewFold implements projections.Backend.
func (b *Backend) NewFold() projections.Fold { return newFold(b.kind) }

// Sink implements projections.Backend.
func (b *Backend) Sink(log eventstore.LogID, g projections.Generation) projections.Sink {
	return &Sink{backend: b, layout: b.layout(log, g), recent: newRecent(b.kind.recentBytes())}
}

func (b *Backend) layout(log eventstore.LogID, g projections.Generation) layout {
	return layout{name: b.kind.cache, log: log, generation: g}
}

// jittered returns a time to live in milliseconds, so that what was written together does not expire together.
func jittered(ttl time.Duration) int64 {
	tenth := int64(ttl / 10)
	return (int64(ttl) - tenth + rand.Int64N(2*tenth+1)) / int64(time.Millisecond) //nolint:gosec // jitter
}

// Drop implements projections.Backend. It walks through all keys of the server in small steps, so Redis serves others
// meanwhile.
func (b *Backend) Drop(ctx context.Context, g projections.Generation) error {
	pattern := fmt.Sprintf("ordermill:{*}:%s.%d*", b.kind.cache, g)
	end := fmt.Sprintf("}:%s.%d", b.kind.cache, g)
	err := b.scan(ctx, pattern, func(ctx context.Context, node redis.Cmdable, names []string) error {
		pipe := node.Pipeline()
		for _, name := range names {
			if head, rest, ok := strings.Cut(name, end); ok && (rest == "" || rest[0] == ':') && strings.Count(head, ":") == 1 {
				pipe.Unlink(ctx, name)
			}
		}
		if pipe.Len() == 0 {
			return nil
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("drop generation %d of %s: %w", g, b.Name(), err)
	}
	return nil
}

// scanBatch is how many keys one step looks at.
const scanBatch = 512

// scan calls each with the keys that match, some at a time, node by node of a cluster, one after the other. A key may
// come twice, and those that come or go meanwhile may not come at all.
func (b *Backend) scan(ctx context.Context, pattern string, each func(context.Context, redis.Cmdable, []string) error) error {
	node := func(ctx context.Context, client *redis.Client) error {
		for cursor := uint64(0); ; {
			names, next, err := client.Scan(ctx, cursor, pattern, scanBatch).Result()
			if err != nil {
				return err
			}
			if len(names) > 0 {
				if err := each(ctx, client, names); err != nil {
					return err
				}
			}
			if next == 0 {
				return nil
			}
			cursor = next
		}
	}
	switch client := b.client.(type) {
	case *redis.Client:
		return node(ctx, client)
	case *redis.ClusterClient:
		var nodes []*redis.Client
		collect := make(chan *redis.Client, 1)
		done := make(chan struct{})
		go func() { // nodes are visited side by side; they are worked through one after the other
			defer close(done)
			for n := range collect {
				nodes = append(nodes, n)
			}
		}()
		err := client.ForEachMaster(ctx, func(_ context.Context, n *redis.Client) error {
			collect <- n
			return nil
		})
		close(collect)
		<-done
		for _, n := range nodes {
			err = errors.Join(err, node(ctx, n))
		}
		return err
	default:
		return fmt.Errorf("documents: a client of type %T cannot list keys; use a single server or a cluster", client)
	}
}

// outOfMemory says whether Redis refused a write because it is full and evicts nothing.
func outOfMemory(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "OOM ") }
