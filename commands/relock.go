package commands

import (
	"context"
	"errors"
	"time"

	"github.com/ordermill/ordermill/eventstore"
)

// relockTimeout bounds one round of decisions under the log's lock.
const relockTimeout = 15 * time.Second

// relockBatch bounds the decisions of one round: every other append of the log waits for them.
const relockBatch = 64

// again decides the jobs that have lost a race. It does so under the log's lock, where nobody can be first again, so a
// command is not starved by others and no buyer sees a conflict that is none of his business.
func (e *Engine) again(ctx context.Context) {
	for {
		e.mu.Lock()
		n := min(len(e.lost), relockBatch)
		jobs := e.lost[:n:n]
		e.lost = e.lost[n:]
		e.mu.Unlock()
		if n == 0 {
			return
		}
		e.flying.Wait() // what is on its way would wait for the lock, and its states are not the log's yet
		e.forget()
		e.relock(ctx, jobs)
	}
}

// relock decides jobs in one transaction that holds the lock.
func (e *Engine) relock(ctx context.Context, jobs []*job) {
	ctx, cancel := context.WithTimeout(ctx, relockTimeout)
	defer cancel()
	e.stats.relocked.Add(int64(len(jobs)))
	e.fetch(ctx, jobs) // the long part, before anybody has to wait
	var settled []func()
	err := e.store.WithLock(ctx, func(ctx context.Context, l *eventstore.Locked) error {
		settled = settled[:0]
		if err := e.refresh(ctx, l, jobs); err != nil {
			return err
		}
		for _, j := range jobs {
			settle, err := e.decideLocked(ctx, l, j)
			if err != nil {
				return err
			}
			settled = append(settled, settle)
		}
		return nil
	})
	switch {
	case err == nil:
		for _, settle := range settled {
			settle()
		}
	case errors.Is(err, eventstore.ErrOutcomeUnknown):
		for _, j := range jobs {
			e.spoil(j)
			e.submit(j) // the very same append finds out what became of it
		}
	case len(jobs) > 1 && !errors.Is(err, eventstore.ErrUnavailable):
		for _, j := range jobs { // one of them is to blame, and should not take the others with it
			e.spoil(j)
			e.forget()
			e.relock(ctx, []*job{j})
		}
	default:
		for _, j := range jobs {
			e.spoil(j)
			j.done <- reply{err: err}
		}
	}
}

// refresh reads the states that the jobs look at on to the log's end.
func (e *Engine) refresh(ctx context.Context, l *eventstore.Locked, jobs []*job) error {
	for range loadRounds {
		var refs []ref
		complete := true
		for _, j := range jobs {
			v := &view{tenant: j.request.Tenant, states: e.states}
			_, _ = j.request.Command.decide(v) // only to see what it looks at
			for _, a := range v.read {
				refs = append(refs, a.ref)
			}
			refs = append(refs, v.missing...)
			complete = complete && len(v.missing) == 0
		}
		if err := e.load(ctx, l, e.states, refs); err != nil {
			return err
		}
		if complete {
			return nil
		}
	}
	return nil
}

// decideLocked decides one job on states that nobody can change. The returned function answers it, once the
// transaction is committed.
func (e *Engine) decideLocked(ctx context.Context, l *eventstore.Locked, j *job) (func(), error) {
	p, decideErr := e.prepareLoaded(ctx, l, j)
	if decideErr != nil {
		return func() { j.done <- reply{err: decideErr} }, nil //nolint:nilerr // it is this command's own, not the round's
	}
	j.prepared = p
	r, err := l.Append(ctx, j.prepared.append)
	if err != nil && !answers(err) {
		return nil, err
	}
	return func() { e.settle(j, r, err) }, nil
}

// answers says whether an append's error is its outcome, rather than a failure that undoes the whole round.
func answers(err error) bool {
	return errors.Is(err, eventstore.ErrConflict) || errors.Is(err, eventstore.ErrClaimed) || errors.Is(err, eventstore.ErrKeyReused)
}
