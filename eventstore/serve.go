package eventstore

import (
	"context"
	"math/rand/v2"
	"time"
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
		a.lost(err)
		a.logger.Warn("append lane broke", "log", a.log, "error", err)
		a.expire()
		if !a.pause(ctx, failures) {
			a.giveUp()
			return
		}
	}
}

// lost notes that there is no lane, and why.
func (a *appender) lost(why error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.why = why
	if a.without.IsZero() {
		a.without = time.Now()
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
	if err = a.pump(ctx); err != nil {
		l.abort() // ends a send that still waits
	}
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
	if l != nil {
		a.without, a.why = time.Time{}, nil
	}
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

// resolve sends again, one by one and in order, the batches whose outcome the last lane did not tell. The log's lock
// makes each wait for its first sending to end, and the append function recognises what is already there.
func (a *appender) resolve(l *lane) error {
	for f := a.oldest(); f != nil; f = a.oldest() {
		a.stats.unknown.Add(1)
		l.expect(time.Now().Add(a.bounds.lane))
		f.way, f.past = lookFirst, a.pasts.now.Load()
		if err := l.send(a.log, f); err != nil {
			return err
		}
		rows, err := l.receive()
		if _, err := a.settle(l, rows, err); err != nil {
			return err
		}
	}
	return nil
}
