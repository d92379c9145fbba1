package documents

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

//go:embed apply.lua
var applyScript string

//go:embed redrive.lua
var redriveScript string

//go:embed begin.lua
var beginScript string

// Sink feeds one log's part of a generation in Redis. It implements projections.Sink and projections.Redriver.
//
// A frame is one round trip. On a single server one script call serves all buckets, those without a change too: that is
// one MGET and one MSET of 64 small keys beside the documents. On a cluster a script stays within one slot, so there is
// a call for each bucket, pipelined by node; frames should coalesce there. A frame that reaches some buckets only is
// completed by its repetition: buckets that have it already leave it out.
type Sink struct {
	backend *Backend
	layout  layout
	recent  *recent

	mu    sync.Mutex
	epoch int64 // of the log that recent is of
}

// Checkpoint implements projections.Sink: it returns the checkpoint of the bucket that is least far. When one bucket
// has none everything counts as lost, so the projection begins again before the first event.
func (s *Sink) Checkpoint(ctx context.Context) (projections.Checkpoint, error) {
	pipe := s.backend.client.Pipeline()
	for _, key := range s.layout.checkpoints() {
		pipe.Get(ctx, key)
	}
	answers, _ := pipe.Exec(ctx) // each answer has its own error
	var least projections.Checkpoint
	for i, answer := range answers {
		value, err := text(answer)
		if err != nil {
			return projections.Checkpoint{}, fmt.Errorf("checkpoints of %s: %w", s.layout.name, err)
		}
		c, ok := decodeCheckpoint(value)
		if !ok || (i > 0 && c.Epoch != least.Epoch) {
			return projections.Checkpoint{}, nil
		}
		if i == 0 || c.Position < least.Position {
			least = c
		}
	}
	return least, nil
}

// Apply implements projections.Sink.
func (s *Sink) Apply(ctx context.Context, fence int64, from, to projections.Checkpoint, events []projections.Event) error {
	s.forgetOtherEpoch(to.Epoch)
	t, err := s.fold(ctx, to.Epoch, events)
	if err != nil {
		return err
	}
	err = s.run(ctx, s.calls(t, fence, from, to, "set"))
	if outOfMemory(err) {
		err = s.run(ctx, s.calls(t, fence, from, to, "drop"))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", s.layout.name, err)
	}
	for key, h := range t.held {
		s.recent.put(key, h)
	}
	return nil
}

// Redrive implements projections.Redriver.
func (s *Sink) Redrive(ctx context.Context, fence int64, events []projections.Event) error {
	at, err := s.Checkpoint(ctx)
	if err != nil {
		return err
	}
	s.forgetOtherEpoch(at.Epoch)
	t, err := s.fold(ctx, at.Epoch, events)
	if err != nil {
		return err
	}
	for _, key := range t.keys {
		d, name := t.documents[key], s.layout.document(key)
		answer, err := s.backend.client.Eval(ctx, redriveScript,
			[]string{s.layout.checkpoint(bucketOf(key.Stream)), name},
			fence, at.Epoch, int64(d.Position), jittered(s.backend.ttl), encodeValue(name, at.Epoch, d)).Text()
		if outOfMemory(err) {
			answer, err = "ok", s.backend.client.Unlink(ctx, name).Err()
		}
		if err == nil && answer != "ok" {
			err = fmt.Errorf("%w: its bucket is %s", projections.ErrFenced, answer)
		}
		if err != nil {
			return fmt.Errorf("write stream %s again to %s: %w", key.Stream, s.layout.name, err)
		}
		s.recent.put(key, t.held[key])
	}
	return nil
}

// forgetOtherEpoch makes sure that nothing of another past of the log is remembered.
func (s *Sink) forgetOtherEpoch(epoch int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch != epoch {
		s.recent.clear()
		s.epoch = epoch
	}
}

// fold gets the documents that the events change and applies the events.
func (s *Sink) fold(ctx context.Context, epoch int64, events []projections.Event) (*touched, error) {
	t := group(s.backend.kind, events)
	for _, key := range t.keys {
		before := t.first(key) - 1
		if h := s.recent.take(key); h != nil && h.version >= before {
			t.held[key] = h
		} else if before == 0 {
			t.held[key] = &holding{state: s.backend.kind.empty()}
		}
	}
	if err := s.fetch(ctx, epoch, t); err != nil {
		return nil, err
	}
	if err := t.fold(); err != nil {
		return nil, fmt.Errorf("%w: %w", projections.ErrInvalidEvent, err)
	}
	return t, nil
}

// fetch gets the documents that are not remembered from Redis, and what Redis does not have from the log.
func (s *Sink) fetch(ctx context.Context, epoch int64, t *touched) error {
	missing := t.missing()
	if len(missing) == 0 {
		return nil
	}
	pipe := s.backend.client.Pipeline()
	for _, key := range missing {
		pipe.Get(ctx, s.layout.document(key))
	}
	answers, _ := pipe.Exec(ctx) // each answer has its own error
	behind := make(map[string][]eventstore.StreamAfter)
	for i, key := range missing {
		value, err := text(answers[i])
		if err != nil {
			return fmt.Errorf("read %s: %w", s.layout.name, err)
		}
		h := &holding{state: s.backend.kind.empty()}
		if d, ok := decodeValue(s.layout.document(key), epoch, value); ok {
			if stored, err := s.backend.kind.hold(d); err == nil { // else it counts as absent
				h = stored
			}
		}
		t.held[key] = h
		if h.version < t.first(key)-1 {
			behind[key.Tenant] = append(behind[key.Tenant], eventstore.StreamAfter{Stream: key.Stream, After: h.version})
		}
	}
	for tenant, streams := range behind {
		if err := s.load(ctx, tenant, streams, t); err != nil {
			return err
		}
	}
	return nil
}

// loadStreams is how many streams are read from the log at once.
const loadStreams = 64

// load folds streams of a tenant up to the first event at hand.
func (s *Sink) load(ctx context.Context, tenant string, streams []eventstore.StreamAfter, t *touched) error {
	for len(streams) > 0 {
		n := min(len(streams), loadStreams)
		recorded, err := s.backend.log.LoadMany(ctx, tenant, streams[:n])
		if err != nil {
			return fmt.Errorf("fold for %s: %w", s.layout.name, err)
		}
		streams = streams[n:]
		for i := range recorded {
			key := Key{recorded[i].Tenant, recorded[i].Stream}
			if recorded[i].Version >= t.first(key) {
				continue
			}
			e, err := projections.Decode(recorded[i])
			if err == nil {
				err = t.held[key].add(&e)
			}
			if err != nil {
				return fmt.Errorf("%w: %w", projections.ErrInvalidEvent, err)
			}
		}
	}
	return nil
}

// call is one call of the apply script.
type call struct {
	keys []string
	args []any
}

// callDocuments bounds how many documents one call writes, since Redis does nothing else meanwhile.
const callDocuments = 1024

// calls lays a frame out: one bucket a call on a cluster, else as many as fit.
func (s *Sink) calls(t *touched, fence int64, from, to projections.Checkpoint, mode string) []call {
	var byBucket [Buckets][]Key
	for _, key := range t.keys {
		b := bucketOf(key.Stream)
		byBucket[b] = append(byBucket[b], key)
	}
	_, cluster := s.backend.client.(*redis.ClusterClient)
	var calls []call
	for first := 0; first < Buckets; {
		last, n := first, len(byBucket[first])
		for last+1 < Buckets && !cluster && n+len(byBucket[last+1]) <= callDocuments {
			last++
			n += len(byBucket[last])
		}
		c := call{args: []any{
			last - first + 1, fence, to.Epoch, int64(from.Position), from.Event.String(), int64(to.Position), to.Event.String(), mode,
		}}
		for b := first; b <= last; b++ {
			c.keys = append(c.keys, s.layout.checkpoint(b))
		}
		c.addDocuments(s, t, byBucket[first:last+1], to.Epoch)
		calls = append(calls, c)
		first = last + 1
	}
	return calls
}

func (c *call) addDocuments(s *Sink, t *touched, buckets [][]Key, epoch int64) {
	for i, keys := range buckets {
		for _, key := range keys {
			d, name := t.documents[key], s.layout.document(key)
			ttl := jittered(s.backend.ttl)
			if len(d.Body) == 0 {
				ttl = 0 // a tombstone
			}
			c.keys = append(c.keys, name)
			c.args = append(c.args, i+1, int64(d.Position), ttl, encodeValue(name, epoch, d))
		}
	}
}

// run sends the calls in one round trip, and once more with the script's text to a server that does not know it: one
// that was started anew. A call that was carried out does nothing the second time.
func (s *Sink) run(ctx context.Context, calls []call) error {
	script := redis.NewScript(applyScript)
	err := s.send(ctx, calls, func(pipe redis.Pipeliner, c call) *redis.Cmd {
		return pipe.EvalSha(ctx, script.Hash(), c.keys, c.args...)
	})
	if err != nil && strings.HasPrefix(err.Error(), "NOSCRIPT") {
		err = s.send(ctx, calls, func(pipe redis.Pipeliner, c call) *redis.Cmd { return pipe.Eval(ctx, applyScript, c.keys, c.args...) })
	}
	return err
}

func (s *Sink) send(ctx context.Context, calls []call, add func(redis.Pipeliner, call) *redis.Cmd) error {
	pipe := s.backend.client.Pipeline()
	answers := make([]*redis.Cmd, len(calls))
	for i, c := range calls {
		answers[i] = add(pipe, c)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return err
	}
	for _, answer := range answers {
		fields, err := answer.Slice()
		if err != nil {
			return err
		}
		if len(fields) == 1 && fields[0] == "ok" {
			continue
		}
		return fmt.Errorf("%w: bucket is %v", projections.ErrFenced, fields)
	}
	return nil
}

// text returns a GET's answer. A key that is not there, or holds something else than a string, is empty.
func text(answer redis.Cmder) (string, error) {
	get, ok := answer.(*redis.StringCmd)
	if !ok {
		return "", fmt.Errorf("%s answered with %T", answer.Name(), answer)
	}
	value, err := get.Result()
	if errors.Is(err, redis.Nil) || (err != nil && strings.HasPrefix(err.Error(), "WRONGTYPE")) {
		return "", nil
	}
	return value, err
}
