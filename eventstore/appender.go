package eventstore

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Bounds of the appender's patience.
const (
	maxWaiting     = 16_384           // appends that may wait; the next one is refused
	maxTries       = 5                // of a batch that the server certainly rolled back
	resolveTimeout = 30 * time.Second // how long an unclear outcome is looked into before its callers are told
	queueTimeout   = 5 * time.Second  // how long an append waits for a connection that is not there
	maxInFlight    = 2                // batches on the way at once
)

// pending is an append on its way to the log.
type pending struct {
	prepared
	done  func(Result, error) // called once, from the appender; it must not block
	since time.Time
	tries int
	alone bool // shares no batch: a neighbour made the last one fail
	state atomic.Int32
}

// The states of a pending append: only a waiting one can be taken back.
const (
	waiting int32 = iota
	sent
	withdrawn
)

// claim makes p the appender's own, unless its caller has withdrawn it.
func (p *pending) claim() bool {
	return p.state.CompareAndSwap(waiting, sent) || p.state.Load() == sent
}

// withdraw takes p back, unless it was sent.
func (p *pending) withdraw() bool { return p.state.CompareAndSwap(waiting, withdrawn) }

// inFlight is a batch that was sent and not answered.
type inFlight struct {
	appends []*pending
	sentAt  time.Time
}

// appender sends the appends of one process to one log. Whatever waits goes as one batch: at once when nothing is on
// its way, and otherwise when the batch before is answered or as many wait as it holds.
type appender struct {
	log    LogID
	config *pgconn.Config
	tail   *tail
	logger *slog.Logger

	mu      sync.Mutex
	queue   []*pending
	flying  []*inFlight
	lanePID uint32
	closed  bool

	wake    chan struct{} // something can perhaps be sent
	broken  chan error    // the receiving side of the lane ended
	stopped chan struct{}
	stats   stats
}

type stats struct{ appends, batches, conflicts, retries, unknown atomic.Int64 }

func newAppender(log LogID, config *pgconn.Config, t *tail, logger *slog.Logger) *appender {
	return &appender{log: log, config: config, tail: t, logger: logger, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
}

// submit queues p. Its done is called exactly once unless submit fails.
func (a *appender) submit(p *pending) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return ErrClosed
	case len(a.queue) >= maxWaiting:
		return ErrUnavailable
	}
	a.queue = append(a.queue, p)
	a.nudge()
	return nil
}

func (a *appender) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// take returns the next batch, or nil when it is better to wait.
func (a *appender) take() *inFlight {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.flying) >= maxInFlight || (len(a.flying) > 0 && len(a.queue) < len(a.flying[0].appends)) {
		return nil
	}
	batch, rest := cut(a.queue)
	a.queue = rest
	if len(batch) == 0 {
		return nil
	}
	f := &inFlight{appends: batch, sentAt: time.Now()}
	a.flying = append(a.flying, f)
	return f
}

// cut splits off the next batch: within the limits, with no key and no claim twice, leaving out what was withdrawn.
func cut(queue []*pending) (batch, rest []*pending) {
	events, size := 0, 0
	seen := make(map[any]struct{})
	for i, p := range queue {
		if len(batch) > 0 && (len(batch) >= maxBatchAppends || events+len(p.Events) > maxBatchEvents ||
			size+p.bytes > maxBatchBytes || p.alone || batch[0].alone || !p.firstOfItsKind(seen)) {
			return batch, append([]*pending(nil), queue[i:]...)
		}
		if len(batch) == 0 {
			p.firstOfItsKind(seen)
		}
		if !p.claim() {
			continue
		}
		batch = append(batch, p)
		events, size = events+len(p.Events), size+p.bytes
	}
	return batch, nil
}

// firstOfItsKind reports that none of p's key and claims is in seen, and adds them.
func (p *pending) firstOfItsKind(seen map[any]struct{}) bool {
	type key struct {
		tenant, client string
		hash           [32]byte
	}
	type claim struct{ tenant, scope, value string }
	before := len(seen)
	wanted := len(p.Claims)
	if p.Key != nil {
		seen[key{p.Tenant, p.Key.Client, p.Key.Hash}] = struct{}{}
		wanted++
	}
	for _, c := range p.Claims {
		seen[claim{p.Tenant, c.Scope, c.Value}] = struct{}{}
	}
	return len(seen) == before+wanted
}

// run sends until ctx ends, and then what still waits. It connects again whenever the lane breaks.
func (a *appender) run(ctx context.Context) {
	defer close(a.stopped)
	for failures := 0; ; failures++ {
		l, err := openLane(ctx, a.config)
		if err == nil {
			failures = 0
			err = a.serve(ctx, l)
			l.close()
			if err == nil {
				return
			}
		}
		a.logger.Warn("append lane broke", "log", a.log, "error", err)
		if !a.pause(ctx, failures) {
			a.giveUp(ErrClosed)
			return
		}
	}
}

// pause waits before the next connection and answers whoever has waited too long for one.
func (a *appender) pause(ctx context.Context, failures int) bool {
	a.expire()
	wait := min(10*time.Millisecond<<min(failures, 7), time.Second)
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait/2 + rand.N(wait)): //nolint:gosec // jitter
		return true
	}
}

// serve resolves what the lane before left open and then sends and receives. It returns nil when ctx has ended and
// nothing is left to do, or the error that broke the lane.
func (a *appender) serve(ctx context.Context, l *lane) error {
	a.mu.Lock()
	a.lanePID = l.pid
	a.mu.Unlock()
	if err := a.resolve(l); err != nil {
		return err
	}
	a.broken = make(chan error, 1)
	answered := make(chan *inFlight, maxInFlight)
	received := make(chan struct{})
	go func() {
		defer close(received)
		for f := range answered {
			if err := a.receive(l, f); err != nil {
				a.broken <- err
				return
			}
			a.nudge()
		}
	}()
	err := a.pump(ctx, l, answered)
	if err != nil {
		_ = l.conn.Close() // ends a receive that still waits
	}
	close(answered)
	<-received
	return err
}

// pump sends batches as they become due.
func (a *appender) pump(ctx context.Context, l *lane, answered chan<- *inFlight) error {
	done := ctx.Done()
	for {
		if f := a.take(); f != nil {
			if err := l.send(params(a.log, f.appends)); err != nil {
				return err
			}
			l.expect(time.Now().Add(laneTimeout))
			answered <- f
			continue
		}
		if done == nil && a.idle() {
			return nil
		}
		select {
		case <-a.wake:
		case err := <-a.broken:
			return err
		case <-done:
			done = nil
		}
	}
}

func (a *appender) idle() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.queue) == 0 && len(a.flying) == 0
}

// receive reads the answer to f, the oldest batch on its way, and tells its callers.
func (a *appender) receive(l *lane, f *inFlight) error {
	rows := make([]outcome, 0, 1)
	err := l.receive(func(row [][]byte) error {
		o, err := readOutcome(row)
		rows = append(rows, o)
		return err
	})
	var rolledBack *pgconn.PgError
	if err != nil && (errors.Is(err, errUnknown) || !errors.As(err, &rolledBack)) {
		return err // f stays in flight: the next lane resolves it
	}
	a.mu.Lock()
	a.flying = a.flying[1:]
	if len(a.flying) == 0 {
		l.expect(time.Time{})
	} else {
		l.expect(time.Now().Add(laneTimeout))
	}
	a.mu.Unlock()
	if rolledBack != nil {
		a.rolledBack(f, rolledBack)
		return nil
	}
	a.stats.batches.Add(1)
	a.finish(f, rows)
	return nil
}

// resolve sends again, one by one and in order, the batches whose outcome the last lane did not tell. The log's lock
// makes each wait for its first sending to end, and the append function recognises what is already there.
func (a *appender) resolve(l *lane) error {
	for {
		a.mu.Lock()
		var f *inFlight
		if len(a.flying) > 0 {
			f = a.flying[0]
		}
		a.mu.Unlock()
		if f == nil {
			return nil
		}
		a.stats.unknown.Add(1)
		l.expect(time.Now().Add(laneTimeout))
		if err := l.send(params(a.log, f.appends)); err != nil {
			return err
		}
		if err := a.receive(l, f); err != nil {
			return err
		}
	}
}
