package eventstore

import (
	"context"
	"errors"
	"math/rand/v2"
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
		for a.sendNext(false) {
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
		a.push(due, alone)
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
	a.measure(a.flying[0])
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

// measure notes how long the server has worked on f. The caller holds mu.
func (a *appender) measure(f *inFlight) {
	now, begin, events := time.Now(), f.sentAt, len(f.appends)
	if a.landed.After(begin) {
		begin = a.landed
	}
	for _, p := range f.appends {
		events += max(0, len(p.Events)-1)
	}
	a.service += (now.Sub(begin)/time.Duration(events) - a.service) / 8
	a.landed = now
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
		l.expect(time.Now().Add(a.bounds.lane))
		if err := l.send(a.log, f.appends); err != nil {
			return err
		}
		if err := a.receive(l, f); err != nil {
			return err
		}
	}
}
