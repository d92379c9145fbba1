package eventstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

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
	defer l.close(false)
	a.tail.forget() // the log may have been restored to an earlier past meanwhile
	a.broken = make(chan error, 1)
	a.lanePID.Store(l.pid)
	if err := a.resolve(l); err != nil {
		return err
	}
	a.attach(l)
	gone, received := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(received)
		a.receiveAll(l, gone)
	}()
	err = a.pump(ctx)
	a.sending.Lock()
	a.attach(nil)
	a.sending.Unlock()
	l.close(err == nil) // ends a receive that still waits
	close(gone)
	<-received
	a.receiving.Lock() // nobody tells callers any more, and nobody will: the lane is not attached
	defer a.receiving.Unlock()
	return err
}

// attach makes l the lane that is sent on.
func (a *appender) attach(l *lane) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lane, a.answering, a.reading = l, false, false
	select {
	case <-a.reads: // of the lane before
	default:
	}
}

// pump sends what nobody else does, and bounds every wait, until the lane breaks or nothing is left to do.
func (a *appender) pump(ctx context.Context) error {
	draining, tick := a.draining, time.NewTicker(a.bounds.tick)
	defer tick.Stop()
	for {
		held := a.held()
		a.sending.Lock()
		for sent := true; sent; {
			var mine *lane
			if sent, mine = a.sendNext(false); mine != nil {
				a.handOver(mine)
			}
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

// receiveAll reads answers whenever that is handed over to it, until the lane breaks or is gone.
func (a *appender) receiveAll(l *lane, gone <-chan struct{}) {
	for {
		select {
		case <-gone:
			return
		case <-a.reads:
		}
		for more := true; more; {
			n, err := a.receive(l)
			if err != nil {
				a.fail(l, err)
				return
			}
			if n > 1 {
				a.gather(n)
			}
			due, alone := a.answered()
			a.push(due, alone) // reading stays here
			more = a.keepReading()
		}
	}
}

// receive reads the answer to the oldest batch on its way and tells its callers, n of them.
func (a *appender) receive(l *lane) (n int, err error) {
	a.receiving.Lock()
	defer a.receiving.Unlock()
	rows, err := l.receive()
	return a.settle(l, rows, err)
}

// answered lets sending go on after an answer, and says whether a batch is due and whether it would be alone on its way.
func (a *appender) answered() (due, alone bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answering = false
	if a.closed || !a.hold.IsZero() {
		a.nudge() // the pump waits for the end, or can tell when to go on
	}
	return a.due(), len(a.flying) == 0
}

// keepReading says whether there are more answers to read, or else that nobody reads any more.
func (a *appender) keepReading() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reading = len(a.flying) > 0
	return a.reading
}

// lead reads the answer to what this goroutine has just sent on l. When ctx ends before it is there, or others have
// sent something meanwhile, the receiver goes on.
func (a *appender) lead(ctx context.Context, l *lane) {
	if !a.leadAlone(ctx, l) {
		return
	}
	due, _ := a.answered()
	if a.keepReading() {
		a.handOver(l)
	}
	if due {
		a.nudge()
	}
}

// leadAlone reads one answer, unless ctx ends before, and says whether it did.
func (a *appender) leadAlone(ctx context.Context, l *lane) bool {
	a.receiving.Lock()
	defer a.receiving.Unlock()
	if !a.attached(l) {
		return false // the next lane resolves what was sent
	}
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		l.expect(time.Unix(1, 0))
	})
	rows, err := l.receive()
	if !stop() {
		<-interrupted
		l.expect(time.Now().Add(a.bounds.lane))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			a.handOver(l) // with what was read of the answer
			return false
		}
	}
	if _, err = a.settle(l, rows, err); err != nil {
		a.fail(l, err)
		return false
	}
	return true
}

// attached says whether l is the lane that is sent on.
func (a *appender) attached(l *lane) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lane == l
}

// gather lets the n callers that were just told put their next appends into the next batch: until all of them have, or
// a moment has passed that is short beside what a batch costs anyway.
func (a *appender) gather(n int) {
	a.mu.Lock()
	enough, begun, patience := min(len(a.queue)+n, maxBatchAppends), time.Now(), a.pace.fixed/8
	a.mu.Unlock()
	for {
		runtime.Gosched()
		a.mu.Lock()
		waiting := len(a.queue)
		a.mu.Unlock()
		if waiting >= enough || time.Since(begun) > patience {
			return
		}
	}
}

// settle deals with what was received for the oldest batch on its way, and tells its callers, n of them. An error means
// that the lane is of no use any more; what is in flight then stays there for the next lane to resolve.
func (a *appender) settle(l *lane, rows []outcome, err error) (n int, _ error) {
	var rolledBack *pgconn.PgError
	if err != nil && (errors.Is(err, errUnknown) || !errors.As(err, &rolledBack)) {
		return 0, err
	}
	f := a.oldest()
	if f == nil {
		return 0, fmt.Errorf("%w: an answer to nothing", errUnknown)
	}
	n = len(f.appends)
	if rolledBack != nil {
		return n, a.rolledBack(l, f, rolledBack)
	}
	if err := complete(rows, n); err != nil {
		return 0, fmt.Errorf("%w: %w", errUnknown, err)
	}
	a.land(l, rows[len(rows)-1].worked(), nil)
	a.stats.batches.Add(1)
	a.finish(f, rows)
	return n, nil
}

// oldest returns the batch that is answered next, or nil.
func (a *appender) oldest() *inFlight {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.flying) == 0 {
		return nil
	}
	return a.flying[0]
}

// land takes the oldest batch out of flight, and puts again at the head of the queue, in one step: at no moment does
// the appender look as if it had nothing left to do. The server has worked on the batch for worked, if that is known.
func (a *appender) land(l *lane, worked time.Duration, again []*pending) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answering = true
	a.pace.landed(a.flying[0], worked)
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

// resolve sends again, one by one and in order, the batches whose outcome the last lane did not tell. The log's lock
// makes each wait for its first sending to end, and the append function recognises what is already there.
func (a *appender) resolve(l *lane) error {
	for f := a.oldest(); f != nil; f = a.oldest() {
		a.stats.unknown.Add(1)
		l.expect(time.Now().Add(a.bounds.lane))
		if err := l.send(a.log, f.appends); err != nil {
			return err
		}
		rows, err := l.receive()
		if _, err := a.settle(l, rows, err); err != nil {
			return err
		}
	}
	return nil
}
