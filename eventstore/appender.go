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

// appender sends the appends of one process to one log. Whatever waits goes as one batch: at once when nothing is on
// its way, and otherwise when the batch before is answered, or earlier if that pays and about as many wait as it holds.
//
// Sending is for whoever has something to send: a caller that finds the lane idle, the receiver after an answer, and the
// pump for all the rest. They hold sending from taking a batch until it is written, so batches are sent in the order of
// flying. Reading answers is one goroutine's at a time. It falls to whoever sends while nobody reads, who keeps it, if
// it waits for that very answer, or else gives it to the receiver. So a lone writer needs no other goroutine.
type appender struct {
	log    LogID
	bounds bounds
	open   func(context.Context) (*lane, error)
	tail   *tail
	pasts  *pasts
	logger *slog.Logger

	sending   sync.Mutex // before mu
	receiving sync.Mutex // held from reading an answer until its callers are told; before mu

	mu        sync.Mutex
	queue     []*pending
	seen      values      // in the batch that was cut last
	flying    []*inFlight // sent and not answered, oldest first
	lane      *lane       // nil while there is none that works
	reading   bool        // somebody reads answers, or is about to
	answering bool        // callers of the last batch are being told: what they send next should share a batch
	hold      time.Time   // nothing is sent before, after a rollback
	refusal   error       // why the server rolled back last
	pace      pace
	closed    bool
	without   time.Time // since when there is no lane; zero while there is one
	why       error     // the last lane broke, or the next could not be opened

	lanePID    atomic.Uint32
	answeredAt atomic.Int64 // when a batch was last answered with a commit, in nanoseconds of Unix time

	wake     chan struct{} // something can perhaps be sent
	reads    chan struct{} // the receiver is to read
	broken   chan error    // the lane broke
	draining chan struct{} // closed by Close
	stopped  chan struct{}
	stats    stats
}

type stats struct{ appends, batches, conflicts, retries, unknown atomic.Int64 }

func newAppender(log LogID, b bounds, open func(context.Context) (*lane, error), t *tail, p *pasts, logger *slog.Logger) *appender {
	return &appender{
		log: log, bounds: b, open: open, tail: t, pasts: p, logger: logger,
		wake: make(chan struct{}, 1), reads: make(chan struct{}, 1), draining: make(chan struct{}), stopped: make(chan struct{}),
	}
}

// submit queues p, and sends it if the lane is idle. p's done is called exactly once unless submit fails. If submit
// returns a lane the caller, who must be willing, is to lead on it.
func (a *appender) submit(p *pending, willing bool) (*lane, error) {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return nil, ErrClosed
	}
	if err := a.pasts.now.Load().Err(); err != nil {
		a.mu.Unlock()
		return nil, err
	}
	if len(a.queue) >= maxWaiting {
		a.mu.Unlock()
		return nil, ErrBusy
	}
	a.queue = append(a.queue, p)
	due := a.due()
	inline := due && len(a.flying) == 0 && len(a.queue) == 1 && p.bytes <= maxInlineSize
	a.mu.Unlock()
	l := a.push(due, inline)
	if l != nil && !willing {
		a.handOver(l)
		l = nil
	}
	return l, nil
}

// push sees to it that a batch that is due is sent: inline, on this goroutine, if nothing else is on its way, or else
// by the pump. While an answer is awaited, a large batch can wait for a server that waits for that answer to be read.
// It returns the lane if reading the answer falls to this goroutine.
func (a *appender) push(due, inline bool) (mine *lane) {
	switch {
	case !due:
	case inline && a.sending.TryLock():
		_, mine = a.sendNext(true)
		a.sending.Unlock()
	default:
		a.nudge()
	}
	return mine
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
		flying := len(a.flying[0].appends)
		return len(a.queue) >= maxBatchAppends || (len(a.queue) >= flying-flying/4 && a.pace.overlap(len(a.queue)+flying))
	default:
		return !a.answering
	}
}

// sendNext sends the next batch, if one is due, and says whether it did. With inline it leaves to the pump what is not
// alone on its way. It returns the lane if reading the answer falls to this goroutine. The caller holds sending.
func (a *appender) sendNext(inline bool) (sent bool, mine *lane) {
	a.mu.Lock()
	switch {
	case !a.due():
		a.mu.Unlock()
		return false, nil
	case inline && len(a.flying) > 0:
		a.mu.Unlock()
		a.nudge()
		return false, nil
	}
	var batch []*pending
	if batch, a.queue = cut(a.queue, &a.seen); len(batch) == 0 {
		a.mu.Unlock()
		return false, nil // all of it was withdrawn
	}
	l := a.lane
	f := &inFlight{appends: batch, way: l.chain.way(batch), past: a.pasts.now.Load(), sentAt: time.Now()}
	a.flying = append(a.flying, f)
	if !a.reading {
		a.reading, mine = true, l
	}
	a.mu.Unlock()
	l.expect(f.sentAt.Add(a.bounds.lane))
	if err := l.send(a.log, f); err != nil {
		a.fail(l, err) // f stays in flight: the next lane finds out what became of it
		return false, nil
	}
	return true, mine
}

// fail tells the pump that lane l broke, unless it has gone anyway.
func (a *appender) fail(l *lane, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lane != l {
		return
	}
	select {
	case a.broken <- err:
	default: // it knows already
	}
}

// handOver gives the reading of answers to the receiver.
func (a *appender) handOver(l *lane) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lane != l {
		return
	}
	select {
	case a.reads <- struct{}{}:
	default: // cannot be: who hands over is the only one that reads
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
