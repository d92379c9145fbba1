package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// Config sets an engine's bounds. Zero fields mean the documented defaults.
type Config struct {
	States  int           // aggregates kept in memory, default 20,000
	Bytes   int           // that they may take there, roughly, default 64 MiB
	Waiting int           // commands that may wait, default 8,192
	Batch   int           // commands decided in one go, default 256
	Twin    time.Duration // how long a request waits for one with the same key, default 1 s
	Logger  *slog.Logger  // default: nothing is logged
}

// maxAttempts bounds how often a command is decided. The second attempt and the later ones are made under the log's
// lock, where only a failing database makes them fail.
const maxAttempts = 5

// Engine runs the commands of one log. It is safe for concurrent use.
type Engine struct {
	store  *eventstore.Store
	config Config
	twins  *twins
	ids    *externalIDs

	queue     chan *job
	past      *eventstore.Past // of the log, which the states are of
	states    *states          // of the goroutine in Run
	snapshots *snapshots

	mu        sync.Mutex
	lost      []*job // to be decided under the lock
	stale     []ref  // states that may not be what the log says
	contested []ref  // what other processes write to as well
	flying    sync.WaitGroup
	woken     chan struct{}

	begun atomic.Int64 // when Run began with what it works on, in nanoseconds of Unix time; 0: it waits for work
	stats struct{ commands, refused, replayed, relocked, loaded, kept atomic.Int64 }
}

// job is a request on its way.
type job struct {
	ctx      context.Context //nolint:containedctx // the deadline travels with the work
	request  Request
	attempts int
	taken    *eventstore.ClaimedError // what it claims is known to be somebody else's
	prepared prepared
	done     chan reply
}

type reply struct {
	response Response
	err      error
}

// New returns an engine over store. It does nothing before Run.
func New(store *eventstore.Store, config Config) *Engine {
	config.States = cmp.Or(config.States, 20_000)
	config.Bytes = cmp.Or(config.Bytes, 64<<20)
	config.Waiting = cmp.Or(config.Waiting, 8_192)
	config.Batch = cmp.Or(config.Batch, 256)
	config.Twin = cmp.Or(config.Twin, time.Second)
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	return &Engine{
		store: store, config: config, twins: newTwins(), ids: newExternalIDs(), queue: make(chan *job, config.Waiting),
		past: store.Past(), states: newStates(config.States, config.Bytes), snapshots: newSnapshots(store, config.Logger), woken: make(chan struct{}, 1),
	}
}

// Do runs one command and returns its answer once it is stored. A refusal by the domain's rules is a Response, not an
// error. Errors are *rule.Violation for what does not exist or is malformed, *VersionError, ErrKeyInUse, ErrConcurrentModification,
// ErrOverloaded, and those of eventstore.Store.Append.
func (e *Engine) Do(ctx context.Context, r Request) (Response, error) {
	past := e.store.Past()
	if err := past.Err(); err != nil {
		return Response{}, err // nor are answers repeated, which may be of what is lost
	}
	if r.Cause.CommandID == uuid.Nil {
		id, err := uuid.NewV7()
		if err != nil {
			return Response{}, fmt.Errorf("command id: %w", err)
		}
		r.Cause.CommandID = id
	}
	if r.Key == nil || r.DryRun {
		return e.run(ctx, r)
	}
	return e.twins.join(ctx, past, r.Tenant, *r.Key, e.config.Twin, func() (Response, error) { return e.keyed(ctx, r) })
}

// keyed is run for a request with a key. Errors that are not stored must not hide an answer that is: the same request
// may have been answered before the world changed.
func (e *Engine) keyed(ctx context.Context, r Request) (Response, error) {
	response, err := e.run(ctx, r)
	var version *VersionError
	if !unstored(err) && !errors.As(err, &version) {
		return response, err
	}
	result, known, lookupErr := e.store.Known(ctx, r.Tenant, *r.Key)
	if lookupErr != nil {
		return Response{}, lookupErr
	}
	if !known {
		return Response{}, err
	}
	return Response{Answer: result.Answer, Position: result.Position, Epoch: result.Epoch, Replayed: true}, nil
}

func (e *Engine) run(ctx context.Context, r Request) (response Response, err error) {
	taken, leave := e.ids.enter(ctx, e.store, &r)
	defer func() { leave(err == nil && !response.Refused && !response.Replayed) }()
	if err := ctx.Err(); err != nil { // it has waited for its turn too long, and was not sent
		return Response{}, fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
	}
	j := &job{ctx: ctx, request: r, taken: taken, done: make(chan reply, 1)}
	select {
	case e.queue <- j:
	default:
		return Response{}, ErrOverloaded
	}
	select {
	case got := <-j.done:
		if got.err == nil && r.DryRun {
			return e.claimable(ctx, j, got.response)
		}
		return got.response, got.err
	case <-ctx.Done():
		return Response{}, fmt.Errorf("%w: %w", eventstore.ErrOutcomeUnknown, ctx.Err())
	}
}

// Run decides commands until ctx ends, and then those that wait already. It returns nil when all are answered.
func (e *Engine) Run(ctx context.Context) error {
	work := context.WithoutCancel(ctx)
	background, stop := context.WithCancel(work)
	var saving sync.WaitGroup
	saving.Go(func() { e.snapshots.run(background) })
	defer saving.Wait()
	defer stop()
	for {
		e.begun.Store(0)
		select {
		case j := <-e.queue:
			e.begun.Store(time.Now().UnixNano())
			e.keepUp()
			e.decide(work, e.gather(j))
		case <-e.woken:
			e.begun.Store(time.Now().UnixNano())
		case <-ctx.Done():
			e.drain(work)
			return nil
		}
		e.again(work)
		e.states.trim()
		e.stats.kept.Store(int64(e.states.bytes))
	}
}

// Working returns for how long Run has worked on the same commands; 0 when it waits for some. It is milliseconds, unless
// the database does not answer.
func (e *Engine) Working() time.Duration {
	if begun := e.begun.Load(); begun != 0 {
		return time.Since(time.Unix(0, begun))
	}
	return 0
}

// keepUp forgets all that was known of another past of the log.
func (e *Engine) keepUp() {
	past := e.store.Past()
	if past == e.past {
		return
	}
	e.past, e.states = past, newStates(e.config.States, e.config.Bytes)
	e.ids.forget()
	clear(e.snapshots.spared)
}

func (e *Engine) drain(ctx context.Context) {
	for {
		e.flying.Wait()
		e.again(ctx)
		select {
		case j := <-e.queue:
			e.decide(ctx, e.gather(j))
		default:
			e.flying.Wait()
			e.mu.Lock()
			rest := len(e.lost)
			e.mu.Unlock()
			if rest == 0 {
				return
			}
		}
	}
}

// gather takes what waits, up to a batch, and drops what nobody waits for any more.
func (e *Engine) gather(first *job) []*job {
	batch := make([]*job, 0, len(e.queue)+1)
	for j := first; ; {
		if err := j.ctx.Err(); err != nil {
			j.done <- reply{err: fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)}
		} else {
			batch = append(batch, j)
		}
		if len(batch) >= e.config.Batch {
			return batch
		}
		select {
		case j = <-e.queue:
		default:
			return batch
		}
	}
}

// Stats counts what an engine has done.
type Stats struct {
	Commands int64 // decided, each once
	Refused  int64 // by the domain's rules
	Replayed int64 // answered with what was stored under their key
	Relocked int64 // decided under the log's lock, because another process was first or is likely to be
	Loaded   int64 // events read to know the states that commands are decided on
	Saved    int64 // snapshots taken
	Kept     int64 // bytes that aggregates take in memory, roughly
}

// Stats returns the counters.
func (e *Engine) Stats() Stats {
	return Stats{
		Commands: e.stats.commands.Load(), Refused: e.stats.refused.Load(), Replayed: e.stats.replayed.Load(),
		Relocked: e.stats.relocked.Load(), Loaded: e.stats.loaded.Load(), Saved: e.snapshots.saved.Load(), Kept: e.stats.kept.Load(),
	}
}
