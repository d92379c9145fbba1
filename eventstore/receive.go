package eventstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

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
			if n > 1 && !a.busy() {
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

// busy says whether a batch is on its way.
func (a *appender) busy() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.flying) > 0
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
	if rows[0].since > 0 {
		l.chain.since.Store(rows[0].since)
	}
	a.land(l, rows[len(rows)-1].worked(), nil)
	a.stats.batches.Add(1)
	a.answeredAt.Store(time.Now().UnixNano())
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
