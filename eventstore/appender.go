package eventstore

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Bounds of what an appender takes on.
const (
	maxWaiting    = 16_384   // appends that may wait; the next one is refused
	maxTries      = 5        // of a batch that the server certainly rolled back
	maxInFlight   = 2        // batches on the way at once
	maxInlineSize = 32 << 10 // bytes that a caller sends itself: they fit the idle socket's buffer, so it cannot block
)

// appender sends the appends of one process to one log. Whatever waits goes as one batch: at once when nothing is on
// its way, and otherwise when the batch before is answered or as many wait as it holds.
//
// Three kinds of goroutines work on a lane. The receiver reads answers and tells the callers. Sending is for whoever
// has something to send: a caller that finds the lane idle, the receiver after an answer, and the pump for all the rest.
// They hold sending, from taking a batch to handing it to the receiver, so batches are sent in the order of flying.
type appender struct {
	log    LogID
	bounds bounds
	open   func(context.Context) (*lane, error)
	tail   *tail
	logger *slog.Logger

	sending sync.Mutex // before mu

	mu        sync.Mutex
	queue     []*pending
	flying    []*inFlight // sent and not answered, oldest first
	lane      *lane       // nil while there is none that works
	answering bool        // callers of the last batch are being told: what they send next should share a batch
	hold      time.Time   // nothing is sent before, after a rollback
	closed    bool

	lanePID atomic.Uint32

	wake     chan struct{}  // something can perhaps be sent
	broken   chan error     // the lane broke
	answered chan *inFlight // to the receiver
	draining chan struct{}  // closed by Close
	stopped  chan struct{}
	stats    stats
}

type stats struct{ appends, batches, conflicts, retries, unknown atomic.Int64 }

func newAppender(log LogID, b bounds, open func(context.Context) (*lane, error), t *tail, logger *slog.Logger) *appender {
	return &appender{
		log: log, bounds: b, open: open, tail: t, logger: logger,
		wake: make(chan struct{}, 1), draining: make(chan struct{}), stopped: make(chan struct{}),
	}
}

// submit queues p, and sends it if the lane is idle. p's done is called exactly once unless submit fails.
func (a *appender) submit(p *pending) error {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return ErrClosed
	}
	if len(a.queue) >= maxWaiting {
		a.mu.Unlock()
		return ErrUnavailable
	}
	a.queue = append(a.queue, p)
	due := a.due()
	inline := due && len(a.flying) == 0 && len(a.queue) == 1 && p.bytes <= maxInlineSize
	a.mu.Unlock()
	a.push(due, inline)
	return nil
}

// push sees to it that a batch that is due is sent: inline, on this goroutine, or else by the pump.
func (a *appender) push(due, inline bool) {
	switch {
	case !due:
	case inline && a.sending.TryLock():
		a.sendNext()
		a.sending.Unlock()
	default:
		a.nudge()
	}
}

func (a *appender) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// due says whether a batch should be sent now. The caller holds mu.
func (a *appender) due() bool {
	switch n := len(a.flying); {
	case len(a.queue) == 0 || a.lane == nil || n >= maxInFlight || !a.hold.IsZero():
		return false
	case n > 0:
		return len(a.queue) >= len(a.flying[0].appends)
	default:
		return !a.answering
	}
}

// sendNext sends the next batch, if one is due, and says whether it did. The caller holds sending.
func (a *appender) sendNext() bool {
	a.mu.Lock()
	if !a.due() {
		a.mu.Unlock()
		return false
	}
	var batch []*pending
	if batch, a.queue = cut(a.queue); len(batch) == 0 {
		a.mu.Unlock()
		return false // all of it was withdrawn
	}
	f, l := &inFlight{appends: batch, sentAt: time.Now()}, a.lane
	a.flying = append(a.flying, f)
	a.mu.Unlock()
	if err := l.send(a.log, batch); err != nil {
		a.fail(err) // f stays in flight: the next lane finds out what became of it
		return false
	}
	l.expect(f.sentAt.Add(a.bounds.lane))
	a.answered <- f // never blocks: it holds as many as can be in flight
	return true
}

// fail tells the pump that the lane broke. The caller holds sending, or is the receiver.
func (a *appender) fail(err error) {
	select {
	case a.broken <- err:
	default: // it knows already
	}
}

// close refuses further appends and lets run end once nothing is left to do.
func (a *appender) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.closed = true
		close(a.draining)
	}
}

// run connects, again whenever the lane breaks, until the appender is closed and nothing is left to do, or ctx ends.
func (a *appender) run(ctx context.Context) {
	defer close(a.stopped)
	for failures := 0; ; failures++ {
		opening, cancel := context.WithTimeout(ctx, a.bounds.connect)
		l, err := a.open(opening)
		cancel()
		if err == nil {
			failures = 0
			if err = a.serve(ctx, l); err == nil {
				return
			}
			a.unsure()
		}
		a.logger.Warn("append lane broke", "log", a.log, "error", err)
		a.expire()
		if !a.pause(ctx, failures) {
			a.giveUp()
			return
		}
	}
}

// unsure puts what was sent and not answered in doubt.
func (a *appender) unsure() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.flying {
		for _, p := range f.appends {
			p.doubt = true
		}
	}
}

// pause waits before the next connection. It returns false when there is no reason for one.
func (a *appender) pause(ctx context.Context, failures int) bool {
	select {
	case <-a.draining:
		if a.idle() {
			return false
		}
	default:
	}
	wait := min(10*time.Millisecond<<min(failures, 7), time.Second)
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait/2 + rand.N(wait)): //nolint:gosec // jitter
		return true
	}
}

// serve resolves what the lane before left open and then sends and receives. It returns nil when the appender is
// closed and nothing is left to do, or what ended the lane. Either way the lane is closed.
func (a *appender) serve(ctx context.Context, l *lane) (err error) {
	defer context.AfterFunc(ctx, l.abort)()
	defer func() { l.close(err == nil) }()
	a.tail.forget() // the log may have been restored to an earlier past meanwhile
	a.broken, a.answered = make(chan error, 1), make(chan *inFlight, maxInFlight)
	a.lanePID.Store(l.pid)
	if err := a.resolve(l); err != nil {
		return err
	}
	a.attach(l)
	received := make(chan struct{})
	go func() {
		defer close(received)
		a.receiveAll(l)
	}()
	err = a.pump(ctx)
	a.sending.Lock()
	a.attach(nil)
	close(a.answered)
	a.sending.Unlock()
	if err != nil {
		l.abort() // ends a receive that still waits
	}
	<-received
	return err
}

// attach makes l the lane that is sent on.
func (a *appender) attach(l *lane) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lane, a.answering = l, false
}

// pump sends what nobody else does, and bounds every wait, until the lane breaks or nothing is left to do.
func (a *appender) pump(ctx context.Context) error {
	draining, tick := a.draining, time.NewTicker(a.bounds.tick)
	defer tick.Stop()
	for {
		held := a.held()
		a.sending.Lock()
		for a.sendNext() {
		}
		a.sending.Unlock()
		if draining == nil && a.idle() {
			return nil
		}
		select {
		case <-a.wake:
		case <-held:
		case <-tick.C:
			a.expire()
		case err := <-a.broken:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-draining:
			draining = nil
		}
	}
}

// held returns a channel that tells when sending may go on after a rollback, or nil when it may right now.
func (a *appender) held() <-chan time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if left := time.Until(a.hold); left > 0 {
		return time.After(left)
	}
	a.hold = time.Time{}
	return nil
}

func (a *appender) idle() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.queue) == 0 && len(a.flying) == 0
}

// receiveAll reads the answers to the batches on their way, in order, until the lane breaks or is given up.
func (a *appender) receiveAll(l *lane) {
	for f := range a.answered {
		if err := a.receive(l, f); err != nil {
			a.fail(err)
			return
		}
		runtime.Gosched() // lets callers that were just told put their next append into the next batch
		a.mu.Lock()
		a.answering = false
		due, alone, notice := a.due(), len(a.flying) == 0, a.closed || !a.hold.IsZero()
		a.mu.Unlock()
		a.push(due, alone) // alone, it cannot wait for a server that waits for this goroutine to read
		if notice {
			a.nudge()
		}
	}
}

// receive reads the answer to f, the oldest batch on its way, and tells its callers.
func (a *appender) receive(l *lane, f *inFlight) error {
	rows, err := l.receive(len(f.appends))
	var rolledBack *pgconn.PgError
	if err != nil && (errors.Is(err, errUnknown) || !errors.As(err, &rolledBack)) {
		return err // f stays in flight: the next lane resolves it
	}
	if rolledBack != nil {
		return a.rolledBack(l, f, rolledBack)
	}
	a.land(l, nil)
	a.stats.batches.Add(1)
	a.finish(f, rows)
	return nil
}

// land takes the oldest batch out of flight, and puts again at the head of the queue, in one step: at no moment does
// the appender look as if it had nothing left to do.
func (a *appender) land(l *lane, again []*pending) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answering = true
	a.flying[0] = nil
	if a.flying = a.flying[1:]; len(a.flying) == 0 {
		a.flying = nil
		l.expect(time.Time{})
	} else {
		l.expect(time.Now().Add(a.bounds.lane))
	}
	if len(again) > 0 {
		a.queue = append(again, a.queue...)
	}
}
