package documents

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"sync"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

//go:embed fence.lua
var fenceScript string

// Bounds of a load.
const (
	loadBatch = 256 // documents that one round trip writes or reads
	loadLanes = 2   // round trips at a time
)

// loading is the checkpoint of a bucket that is being loaded. It is none that anybody could go on from.
const loading = "loading"

// Load implements projections.Backend: it marks the buckets, writes each document once, and sets the checkpoints last,
// so that a load that was broken off is not taken for a whole one. A server that is full keeps what it has got.
func (b *Backend) Load(ctx context.Context, g projections.Generation, f projections.Fold, at map[eventstore.LogID]projections.Checkpoint) error {
	docs, ok := f.(*fold)
	if !ok {
		return fmt.Errorf("documents: %T is not a fold of %s documents", f, b.kind.name)
	}
	if err := b.clear(ctx, g, at); err != nil {
		return err
	}
	err := b.lanes(ctx, docs, func(ctx context.Context, l layout, bucket int, held []*folded) error {
		return b.store(ctx, l, bucket, held, at[l.log].Epoch)
	}, g)
	if err != nil {
		return fmt.Errorf("load %s: %w", b.Name(), err)
	}
	for log, checkpoint := range at {
		if err := b.begin(ctx, b.layout(log, g), checkpoint); err != nil {
			return fmt.Errorf("load %s: checkpoints: %w", b.Name(), err)
		}
	}
	return nil
}

// clear marks the buckets, and removes what is left of an earlier try. Whoever writes documents has written the bucket's
// checkpoint before or with them, so where there is none there are no documents, and nobody need look for them.
func (b *Backend) clear(ctx context.Context, g projections.Generation, at map[eventstore.LogID]projections.Checkpoint) error {
	for try := 0; ; try++ {
		pipe := b.client.Pipeline()
		for log := range at {
			for _, key := range b.layout(log, g).checkpoints() {
				pipe.GetSet(ctx, key, loading)
			}
		}
		answers, _ := pipe.Exec(ctx) // each answer has its own error
		left := false
		for _, answer := range answers {
			before, err := text(answer)
			if outOfMemory(err) {
				continue // checkpoints are set in another way, documents are not
			}
			if err != nil {
				return fmt.Errorf("load %s: %w", b.Name(), err)
			}
			left = left || before != ""
		}
		if !left || try > 0 {
			return nil
		}
		if err := b.Drop(ctx, g); err != nil {
			return err
		}
	}
}

// lanes calls do with the documents of one bucket at a time, some buckets side by side.
func (b *Backend) lanes(ctx context.Context, docs *fold, do func(context.Context, layout, int, []*folded) error, g projections.Generation) error {
	byLog := make(map[eventstore.LogID]*[Buckets][]*folded)
	for _, d := range docs.held.All() {
		buckets := byLog[d.log]
		if buckets == nil {
			buckets = new([Buckets][]*folded)
			byLog[d.log] = buckets
		}
		bucket := bucketOf(d.key.Stream)
		buckets[bucket] = append(buckets[bucket], d)
	}
	lanes, ctx := errgroup.WithContext(ctx)
	lanes.SetLimit(loadLanes)
	for log, buckets := range byLog {
		for bucket, held := range buckets {
			if len(held) > 0 {
				lanes.Go(func() error { return do(ctx, b.layout(log, g), bucket, held) })
			}
		}
	}
	return lanes.Wait()
}

// store writes the documents of a bucket.
func (b *Backend) store(ctx context.Context, l layout, bucket int, held []*folded, epoch int64) error {
	pipe := b.client.Pipeline()
	prefix := l.checkpoint(bucket) + ":"
	var arena []byte // of the values of one round trip
	for i, d := range held {
		document, err := d.document()
		if err != nil {
			return fmt.Errorf("document of stream %s: %w", d.key.Stream, err)
		}
		start := len(arena)
		arena = appendValue(arena, epoch, document)
		pipe.Do(ctx, "set", documentKey(prefix, d.key), arena[start:len(arena):len(arena)], "px", strconv.FormatInt(jittered(b.ttl), 10))
		if pipe.Len() < loadBatch && i < len(held)-1 {
			continue
		}
		if _, err := pipe.Exec(ctx); outOfMemory(err) {
			return nil
		} else if err != nil {
			return err
		}
		arena = arena[:0]
	}
	return nil
}

// begin sets all checkpoints of a generation.
func (b *Backend) begin(ctx context.Context, l layout, checkpoint projections.Checkpoint) error {
	value := encodeCheckpoint(checkpoint, 0)
	pipe := b.client.Pipeline()
	for _, key := range l.checkpoints() {
		pipe.Eval(ctx, beginScript, []string{key, key + ":"}, value)
	}
	_, err := pipe.Exec(ctx)
	return err
}

// Check implements projections.Checker: it reads back what Load has written. A document that is absent counts as equal,
// since readers then look elsewhere.
func (b *Backend) Check(ctx context.Context, g projections.Generation, f projections.Fold) ([]projections.Difference, error) {
	docs, ok := f.(*fold)
	if !ok {
		return nil, fmt.Errorf("documents: %T is not a fold of %s documents", f, b.kind.name)
	}
	var mu sync.Mutex
	var different []projections.Difference
	err := b.lanes(ctx, docs, func(ctx context.Context, l layout, bucket int, held []*folded) error {
		found, err := b.check(ctx, l, bucket, held)
		mu.Lock()
		defer mu.Unlock()
		different = append(different, found...)
		return err
	}, g)
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", b.Name(), err)
	}
	return different, nil
}

// check compares the documents of a bucket, some in each round trip.
func (b *Backend) check(ctx context.Context, l layout, bucket int, held []*folded) (different []projections.Difference, err error) {
	value, err := text(b.client.Get(ctx, l.checkpoint(bucket)))
	if err != nil {
		return nil, err
	}
	at, ok := decodeCheckpoint(value)
	if !ok {
		return nil, nil // the bucket was lost meanwhile, and its readers know
	}
	prefix := l.checkpoint(bucket) + ":"
	var want []byte
	for len(held) > 0 {
		some := held[:min(loadBatch, len(held))]
		held = held[len(some):]
		keys := make([]string, len(some))
		for i, d := range some {
			keys[i] = documentKey(prefix, d.key)
		}
		values, err := b.client.MGet(ctx, keys...).Result()
		if err != nil {
			return nil, err
		}
		for i, d := range some {
			document, err := d.document()
			if err != nil {
				return nil, err
			}
			want = appendValue(want[:0], at.Epoch, document)
			if got, there := values[i].(string); there && got != string(want) {
				different = append(different, projections.Difference{
					Projection: b.Name(), Table: b.kind.cache, Key: d.key.Tenant + "/" + d.key.Stream.String(), Position: at.Position, Problem: "different",
				})
			}
		}
	}
	return different, nil
}

// Fence implements projections.Fencer.
func (b *Backend) Fence(ctx context.Context, log eventstore.LogID, g projections.Generation, fence int64) error {
	pipe := b.client.Pipeline()
	var answers []*redis.Cmd
	for _, key := range b.layout(log, g).checkpoints() {
		answers = append(answers, pipe.Eval(ctx, fenceScript, []string{key, key + ":"}, fence))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("fence %s: %w", b.Name(), err)
	}
	for _, answer := range answers {
		if said, err := answer.Text(); err != nil || said != "ok" {
			return fmt.Errorf("fence %s: %w: a bucket says %q", b.Name(), projections.ErrFenced, said)
		}
	}
	return nil
}
