package documents

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
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
// so that a load that was broken off is not taken for a whole one. Where the server's memory is bounded it writes the
// newest documents only, as many as fit into a part of it: the others would push out those that readers have now, and
// come by themselves when somebody asks for them. A server that is full keeps what it has got.
func (b *Backend) Load(ctx context.Context, g projections.Generation, f projections.Fold, at map[eventstore.LogID]projections.Checkpoint) error {
	docs, ok := f.(*fold)
	if !ok {
		return fmt.Errorf("documents: %T is not a fold of %s documents", f, b.kind.name)
	}
	if err := b.clear(ctx, g, at); err != nil {
		return err
	}
	err := b.lanes(ctx, docs, func(ctx context.Context, w *lane, l layout, bucket int, held []*folded) error {
		return b.store(ctx, w, l, bucket, held, at[l.log].Epoch)
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

// lane is one of some goroutines that work side by side, and the memory that it uses again and again.
type lane struct {
	values []byte       // as they are stored
	ends   []int        // of the values
	answer bytes.Buffer // the server's
}

// lanes calls do with the documents of one bucket at a time, some buckets side by side.
func (b *Backend) lanes(ctx context.Context, docs *fold, do func(context.Context, *lane, layout, int, []*folded) error, g projections.Generation) error {
	chosen, err := b.chosen(ctx, docs)
	if err != nil {
		return err
	}
	byLog := make(map[eventstore.LogID]*[Buckets][]*folded)
	for _, d := range chosen {
		buckets := byLog[d.log]
		if buckets == nil {
			buckets = new([Buckets][]*folded)
			byLog[d.log] = buckets
		}
		bucket := bucketOf(d.key.Stream)
		if buckets[bucket] == nil {
			buckets[bucket] = make([]*folded, 0, len(chosen)/Buckets*9/8)
		}
		buckets[bucket] = append(buckets[bucket], d)
	}
	lanes, ctx := errgroup.WithContext(ctx)
	for number := range loadLanes {
		lanes.Go(func() error {
			var own lane
			for log, buckets := range byLog {
				for bucket := number; bucket < Buckets; bucket += loadLanes {
					if len(buckets[bucket]) == 0 {
						continue
					}
					if err := do(ctx, &own, b.layout(log, g), bucket, buckets[bucket]); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	return lanes.Wait()
}

// Bounds of what a load takes of the server's memory.
const (
	loadShare    = 0.25
	loadOverhead = 300 // bytes of a document beside its body: key, entry, expiry
	loadSteps    = 256 // in which the log is cut to find the documents that fit
)

// chosen returns the newest documents that fit, all of them on a server without a bound.
func (b *Backend) chosen(ctx context.Context, docs *fold) ([]*folded, error) {
	all := docs.held.All()
	most, err := b.memory(ctx)
	if err != nil || most == 0 || len(all) == 0 {
		return all, err
	}
	last := eventstore.Position(1)
	for _, d := range all {
		last = max(last, d.position)
	}
	step := func(d *folded) int { return int(int64(d.position) * (loadSteps - 1) / int64(last)) }
	var sizes [loadSteps]int64
	for _, d := range all {
		sizes[step(d)] += int64(d.size) + loadOverhead
	}
	first, room := loadSteps, int64(loadShare*float64(most))
	for first > 0 && room >= sizes[first-1] {
		first--
		room -= sizes[first]
	}
	chosen := all[:0]
	for _, d := range all {
		if step(d) >= first {
			chosen = append(chosen, d)
		}
	}
	return chosen, nil
}

// memory returns what the servers may use, 0 for no bound.
func (b *Backend) memory(ctx context.Context) (int64, error) {
	var mu sync.Mutex
	var sum int64
	bounded := true
	ask := func(ctx context.Context, node redis.Cmdable) error {
		info, err := node.Info(ctx, "memory").Result()
		if refused := redis.Error(nil); err != nil && !errors.As(err, &refused) {
			return err
		} // else it does not tell, which is no bound
		mu.Lock()
		defer mu.Unlock()
		most := int64(0)
		for line := range strings.Lines(info) {
			if value, ok := strings.CutPrefix(line, "maxmemory:"); ok {
				most, _ = strconv.ParseInt(strings.TrimSpace(value), 10, 64) // what is no number is no bound
			}
		}
		sum, bounded = sum+most, bounded && most > 0
		return nil
	}
	var err error
	if cluster, ok := b.client.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return ask(ctx, node) })
	} else {
		err = ask(ctx, b.client)
	}
	if err != nil || !bounded {
		return 0, err
	}
	return sum, nil
}

// store writes the documents of a bucket.
func (b *Backend) store(ctx context.Context, w *lane, l layout, bucket int, held []*folded, epoch int64) error {
	pipe := b.client.Pipeline()
	prefix := l.checkpoint(bucket) + ":"
	for len(held) > 0 {
		some := held[:min(loadBatch, len(held))]
		held = held[len(some):]
		if err := w.encode(some, prefix, epoch); err != nil {
			return err
		}
		for i, d := range some {
			pipe.Do(ctx, "set", documentKey(prefix, d.key), w.value(i), "px", jittered(b.ttl))
		}
		if _, err := pipe.Exec(ctx); outOfMemory(err) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// encode writes the values of some documents of a bucket into the lane's memory.
func (w *lane) encode(some []*folded, prefix string, epoch int64) error {
	w.values, w.ends = w.values[:0], append(w.ends[:0], 0)
	for _, d := range some {
		document, err := d.document()
		if err != nil {
			return fmt.Errorf("document of stream %s: %w", d.key.Stream, err)
		}
		w.values = appendValue(w.values, documentKey(prefix, d.key), epoch, document)
		w.ends = append(w.ends, len(w.values))
	}
	return nil
}

// value returns one of the values that were encoded last.
func (w *lane) value(i int) []byte { return w.values[w.ends[i]:w.ends[i+1]:w.ends[i+1]] }

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
	err := b.lanes(ctx, docs, func(ctx context.Context, w *lane, l layout, bucket int, held []*folded) error {
		found, err := b.check(ctx, w, l, bucket, held)
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
func (b *Backend) check(ctx context.Context, w *lane, l layout, bucket int, held []*folded) (different []projections.Difference, err error) {
	value, err := text(b.client.Get(ctx, l.checkpoint(bucket)))
	if err != nil {
		return nil, err
	}
	at, ok := decodeCheckpoint(value)
	if !ok {
		return nil, nil // the bucket was lost meanwhile, and its readers know
	}
	prefix := l.checkpoint(bucket) + ":"
	for len(held) > 0 {
		some := held[:min(loadBatch, len(held))]
		held = held[len(some):]
		if err := w.encode(some, prefix, at.Epoch); err != nil {
			return nil, err
		}
		stored, err := b.raw(ctx, w, prefix, some)
		if err != nil {
			return nil, err
		}
		for i, d := range some {
			got, there, err := stored.next()
			if err != nil {
				return nil, err
			}
			if there && !bytes.Equal(got, w.value(i)) {
				different = append(different, projections.Difference{
					Projection: b.Name(), Table: b.kind.cache, Key: d.key.Tenant + "/" + d.key.Stream.String(), Position: at.Position, Problem: "different",
				})
			}
		}
	}
	return different, nil
}

// raw reads documents as the server sends them, into memory of the lane: a copy of each would be thrown away at once.
func (b *Backend) raw(ctx context.Context, w *lane, prefix string, some []*folded) (reply, error) {
	args := make([]any, 1, 1+len(some))
	args[0] = "mget"
	for _, d := range some {
		args = append(args, documentKey(prefix, d.key))
	}
	w.answer.Reset()
	cmd := redis.NewRawWriteToCmd(ctx, &w.answer, args...)
	if err := b.client.Process(ctx, cmd); err != nil {
		return nil, err
	}
	return replyOf(w.answer.Bytes(), len(some))
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
