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
const relockBatch = 256

// contestedRounds is for how many rounds an aggregate is decided on under the lock after another process has written to
// it. Without it each process would decide for nothing what the other one has just changed.
const contestedRounds = 16

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
		e.keepUp()
		e.flying.Wait() // what is on its way would wait for the lock, and its states are not the log's yet
		e.forget()
		e.relock(ctx, jobs)
	}
}

// relock decides jobs in one transaction that holds the lock, one after the other, and appends them together.
func (e *Engine) relock(ctx context.Context, jobs []*job) {
	ctx, cancel := context.WithTimeout(ctx, relockTimeout)
	defer cancel()
	e.stats.relocked.Add(int64(len(jobs)))
	e.fetch(ctx, jobs) // the long part, before anybody has to wait
	var round round
	err := e.store.WithLock(ctx, func(ctx context.Context, l *eventstore.Locked) error {
		if err := e.refresh(ctx, l, jobs); err != nil {
			return err
		}
		round = e.decideLocked(ctx, l, jobs)
		return round.send(ctx, l)
	})
	switch {
	case err == nil:
		for i, j := range round.decided {
			e.settle(j, round.settled[i].Result, round.settled[i].Err)
		}
		for i, j := range round.failed {
			j.done <- reply{err: round.errors[i]}
		}
	case errors.Is(err, eventstore.ErrOutcomeUnknown):
		for _, j := range round.decided {
			e.spoil(j)
			e.submit(j) // the very same append finds out what became of it
		}
		for i, j := range round.failed {
			j.done <- reply{err: round.errors[i]}
		}
	case len(jobs) > 1 && !errors.Is(err, eventstore.ErrUnavailable):
		e.spoilAll(jobs)
		for _, j := range jobs { // one of them is to blame, and should not take the others with it
			e.forget()
			e.relock(ctx, []*job{j})
		}
	default:
		e.spoilAll(jobs)
		for _, j := range jobs {
			j.done <- reply{err: err}
		}
	}
}

// spoilAll marks what jobs have touched.
func (e *Engine) spoilAll(jobs []*job) {
	for _, j := range jobs {
		e.spoil(j)
	}
}

// refresh reads the states that the jobs look at on to the log's end.
func (e *Engine) refresh(ctx context.Context, l *eventstore.Locked, jobs []*job) error {
	read := make(map[ref]bool)
	for range loadRounds {
		var refs []ref
		for _, j := range jobs {
			v := &view{tenant: j.request.Tenant, states: e.states, first: j.attempts == 0}
			_, _ = decide(v, j.request.Command) // only to see what it looks at
			for _, a := range v.read {
				if !read[a.ref] && (a.version > 0 || j.attempts > 0) { // else it is an id that was just made
					read[a.ref] = true
					a.contested = max(0, a.contested-1) // unless there is news of it
					refs = append(refs, a.ref)
				}
			}
			refs = append(refs, v.missing...)
		}
		if len(refs) == 0 {
			return nil
		}
		if err := e.load(ctx, l, refs); err != nil {
			return err
		}
		for _, r := range refs {
			read[r] = true
		}
	}
	return nil
}

// round is the jobs that are decided under one lock.
type round struct {
	decided []*job
	settled []eventstore.Settled // what became of them
	failed  []*job
	errors  []error // why
}

// decideLocked decides jobs, one after the other, on states that nobody can change.
func (e *Engine) decideLocked(ctx context.Context, l *eventstore.Locked, jobs []*job) (r round) {
	for _, j := range jobs {
		p, err := e.prepareLoaded(ctx, l, j, true)
		if err != nil { // it is this command's own, not the round's
			r.failed, r.errors = append(r.failed, j), append(r.errors, err)
			continue
		}
		j.prepared = p
		r.decided = append(r.decided, j)
	}
	return r
}

func (r *round) send(ctx context.Context, l *eventstore.Locked) (err error) {
	appends := make([]eventstore.Append, len(r.decided))
	for i, j := range r.decided {
		appends[i] = j.prepared.append
	}
	r.settled, err = l.AppendAll(ctx, appends)
	return err
}
