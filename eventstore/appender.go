package eventstore

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of what an appender takes on.
const (
	maxWaiting    = 16_384   // appends that may wait; the next one is refused
	maxTries      = 5        // of a batch that the server certainly rolled back
	maxInFlight   = 2        // batches on the way at once
	maxInlineSize = 32 << 10 // bytes that a caller sends itself: they fit the idle socket's buffer, so it cannot block
)

// overlapBelow is the service time of an event below which a second batch is sent while one is on its way. The server
// then never waits for the client; but two batches cost two syncs to disk. That pays as long as the sync, spread over
// the events, is small beside the work on them. On a slow disk one larger batch is better.
const overlapBelow = 20 * time.Microsecond

// appender sends the appends of one process to one log. Whatever waits goes as one batch: at once when nothing is on
// its way, and otherwise when the batch before is answered, or earlier if that pays and as many wait as it holds.
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
	flying    []*inFlight   // sent and not answered, oldest first
	lane      *lane         // nil while there is none that works
	answering bool          // callers of the last batch are being told: what they send next should share a batch
	hold      time.Time     // nothing is sent before, after a rollback
	landed    time.Time     // when the last answer came
	service   time.Duration // the server's time for an event, a moving average
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

// push sees to it that a batch that is due is sent: inline, on this goroutine, if nothing else is on its way, or else
// by the pump. While an answer is awaited, a large batch can wait for a server that waits for that answer to be read.
func (a *appender) push(due, inline bool) {
	switch {
	case !due:
	case inline && a.sending.TryLock():
		a.sendNext(true)
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
		return len(a.queue) >= maxBatchAppends || (a.service < overlapBelow && len(a.queue) >= len(a.flying[0].appends))
	default:
		return !a.answering
	}
}

// sendNext sends the next batch, if one is due, and says whether it did. With inline it leaves to the pump what is not
// alone on its way. The caller holds sending.
func (a *appender) sendNext(inline bool) bool {
	a.mu.Lock()
	switch {
	case !a.due():
		a.mu.Unlock()
		return false
	case inline && len(a.flying) > 0:
		a.mu.Unlock()
		a.nudge()
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
