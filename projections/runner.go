package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/ordermill/ordermill/eventstore"
)

// beginTries is how often Run tries to prepare the projections before it gives up: a connection may break any time.
const beginTries = 5

// RunOptions says how projections are run. Zero fields mean the documented defaults.
type RunOptions struct {
	// Owner names this process in the leases. A process that starts again under the same name takes over its leases at
	// once; two that run at the same time must have different ones. Default: host name and process id.
	Owner string
	// LeaseTime is how long a process that has died keeps others from taking over. Default 5 s.
	LeaseTime time.Duration
	// DrainTime is how long frames under way may take to finish once Run is to end. Default 10 s.
	DrainTime time.Duration
	// Subscriber makes the source of a projection's frames, which begin after its checkpoint or anywhere else: what is
	// missing is read from the log, what is known is dropped. Default: the log's own feed.
	Subscriber func(store *eventstore.Store, consumer string, after func(context.Context) (eventstore.Position, error)) (message.Subscriber, error)
}

func (o RunOptions) withDefaults(logger *slog.Logger) RunOptions {
	if o.Owner == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "unknown"
		}
		o.Owner = fmt.Sprintf("%s/%d", host, os.Getpid())
	}
	if o.LeaseTime <= 0 {
		o.LeaseTime = 5 * time.Second
	}
	if o.DrainTime <= 0 {
		o.DrainTime = 10 * time.Second
	}
	if o.Subscriber == nil {
		o.Subscriber = func(store *eventstore.Store, consumer string, after func(context.Context) (eventstore.Position, error)) (message.Subscriber, error) {
			return eventstore.NewFeed(store, eventstore.FeedConfig{
				Consumer: consumer, After: after, MaxEvents: applyEvents, MaxBytes: applyBytes, Marshal: eventstore.LocalMessageOf, Logger: logger,
			}), nil
		}
	}
	return o
}

// Run keeps all projections of all logs current until ctx ends, each while this process has its lease. Then it finishes
// the frames under way, hands the leases back and returns nil. It returns an error only when it cannot begin; trouble
// with the stores is waited out, and a projection that must not go on stops alone and says why in its status.
func (s *Set) Run(ctx context.Context, o RunOptions) error {
	o = o.withDefaults(s.logger)
	for try := 1; ; try++ {
		err := s.Ensure(ctx)
		if err == nil || ctx.Err() != nil {
			break
		}
		if try == beginTries {
			return err
		}
		sleep(ctx, pauseAfter(try))
	}
	var owned sync.WaitGroup
	for _, store := range s.stores {
		var followers []*follow
		for _, p := range s.projections {
			f := &follow{
				set: s, of: p, store: store, options: o, logger: s.logger.With("projection", p.name, "log", store.Log()), free: make(chan struct{}, 1), news: make(chan struct{}, 1),
			}
			followers = append(followers, f)
			owned.Go(func() { f.run(ctx) })
		}
		owned.Go(func() { s.watch(ctx, store.Log(), followers) })
	}
	owned.Go(func() { s.sweep(ctx) })
	owned.Wait()
	return nil
}

// follow keeps one projection of one log current.
type follow struct {
	set     *Set
	of      *projection
	store   *eventstore.Store
	options RunOptions
	logger  *slog.Logger
	free    chan struct{} // the lease may be taken
	news    chan struct{} // another generation is live

	mu      sync.Mutex
	session *session   // the one that runs; nil: none
	live    Generation // that was seen last
}

// run goes from lease to lease until ctx ends.
func (f *follow) run(ctx context.Context) {
	defer f.set.ended(f)
	for failures := 0; ctx.Err() == nil; {
		f.set.beat(f)
		l, err := takeLease(ctx, f.set.pool, f.store.Log(), f.of.name, f.options.Owner, f.options.LeaseTime)
		if err == nil && l == nil {
			f.await(ctx, f.options.LeaseTime/8+rand.N(f.options.LeaseTime/8)) //nolint:gosec // jitter
			continue
		}
		began := time.Now()
		if err == nil {
			err = f.hold(ctx, l)
		}
		if time.Since(began) > f.options.LeaseTime {
			failures = 0
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil || errors.Is(err, ErrFenced):
			f.logger.Info("projection begins again", "cause", err)
			if failures == 0 {
				failures++
				continue
			}
		case stops(err):
			level, stranger := slog.LevelError, (*eventstore.PastError)(nil)
			if errors.As(err, &stranger) && stranger.Recovered() {
				level = slog.LevelInfo // it is being built anew, as a rule
			}
			f.logger.Log(ctx, level, "projection stopped", "error", err)
			f.rest(ctx, f.store.Past())
			continue
		default:
			f.logger.Warn("projection waits", "error", err)
		}
		failures++
		sleep(ctx, pauseAfter(failures))
	}
}

// rest waits for as long as a lease lives, or until the projection may go on: another generation is live, or the log's past
// has ended.
func (f *follow) rest(ctx context.Context, past *eventstore.Past) {
	timer := time.NewTimer(f.options.LeaseTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-past.Ended():
	case <-f.news:
	case <-ctx.Done():
	}
}

func pauseAfter(failures int) time.Duration {
	d := min(20*time.Millisecond<<min(failures, 10), 5*time.Second)
	return d/2 + rand.N(d/2) //nolint:gosec // jitter
}

// stops reports whether a person has to do something before a projection can go on.
func stops(err error) bool {
	return errors.Is(err, eventstore.ErrAnotherPast) || errors.Is(err, errOutdated) || errors.Is(err, errTooManyParked)
}

// hold works under a lease and hands it back.
func (f *follow) hold(ctx context.Context, l *lease) error {
	err := f.work(ctx, l)
	problem := ""
	if stops(err) {
		problem = err.Error()
	}
	releasing, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.options.LeaseTime)
	defer cancel()
	if err := l.release(releasing, problem); err != nil && !errors.Is(err, ErrFenced) {
		f.logger.Debug("lease not handed back: it expires by itself", "error", err)
	}
	return err
}

// work brings the live generation up to date and keeps it there until the session ends.
func (f *follow) work(ctx context.Context, l *lease) error {
	g, err := f.set.live(ctx, f.of)
	if err != nil {
		return err
	}
	c, err := f.set.newConsumer(ctx, f.of, f.store, g)
	if err != nil {
		return err
	}
	positions := f.set.positions[f.store.Log()]
	c.lease, c.fence = l, l.epoch
	c.applied = func(to eventstore.Position, _ []Event) { positions.Set(f.of.name, g, to) }
	positions.Set(f.of.name, g, c.at.Position)
	if err := l.report(ctx, ""); err != nil {
		return err
	}
	f.logger.Info("projection runs", "generation", g, "position", c.at.Position, "lease", l.epoch)
	session := newSession(f, c)
	f.now(session)
	defer f.now(nil)
	return session.run(ctx)
}

// now says which session runs.
func (f *follow) now(s *session) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.session = s
}
