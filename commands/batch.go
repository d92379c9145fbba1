package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
)

// loadRounds bounds how often a decision may ask for more: an order, then the stock of its SKUs, then the orders that wait
// for those, and so on.
const loadRounds = 8

// decide decides jobs one after the other and sends them to the log as they are decided.
func (e *Engine) decide(ctx context.Context, jobs []*job) {
	e.forget()
	fetched := false
	for i, j := range jobs {
		if j.taken != nil {
			e.claimed(j, j.taken)
			continue
		}
		p, missing, err := e.prepare(j, false)
		if err == nil && len(missing) > 0 {
			if !fetched {
				fetched = true
				e.fetch(ctx, jobs[i:])
			}
			p, err = e.prepareLoaded(ctx, e.store, j, false)
		}
		switch {
		case errors.Is(err, errContested):
			e.lose(j)
		case err != nil:
			j.done <- reply{err: err}
		default:
			j.prepared = p
			e.submit(j)
		}
	}
}

// prepareLoaded is prepare with what is missing loaded.
func (e *Engine) prepareLoaded(ctx context.Context, from loader, j *job, locked bool) (prepared, error) {
	for range loadRounds {
		p, missing, err := e.prepare(j, locked)
		if err != nil || len(missing) == 0 {
			return p, err
		}
		if err := e.load(ctx, from, missing); err != nil {
			return prepared{}, fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
		}
	}
	return prepared{}, fmt.Errorf("command %T asks for ever more aggregates", j.request.Command)
}

// fetch loads what the jobs of a batch lack in few round trips, rather than job by job.
func (e *Engine) fetch(ctx context.Context, jobs []*job) {
	for range loadRounds {
		var missing []ref
		for _, j := range jobs {
			v := &view{tenant: j.request.Tenant, states: e.states, first: j.attempts == 0}
			_, _ = decide(v, j.request.Command) // only to see what it looks at
			missing = append(missing, v.missing...)
		}
		if len(missing) == 0 || e.load(ctx, e.store, missing) != nil {
			return // a failure comes again, and to whom it concerns, when the job is decided
		}
	}
}

// submit sends a decided job to the log. The outcome comes back through settle.
func (e *Engine) submit(j *job) {
	if a := &j.prepared.append; len(a.Reads) == 0 && len(a.Events) == 0 && a.Key == nil && a.Decision == nil {
		e.settle(j, eventstore.Result{Answer: a.Answer}, nil) // it looked at nothing and changes nothing
		return
	}
	e.flying.Add(1)
	_, err := e.store.Submit(j.prepared.append, func(r eventstore.Result, err error) {
		e.settle(j, r, err)
		e.flying.Done()
	})
	if err != nil {
		e.flying.Done()
		e.spoil(j)
		j.done <- reply{err: err}
	}
}

// settle answers a job, or lines it up to be decided again.
func (e *Engine) settle(j *job, r eventstore.Result, err error) {
	switch {
	case err == nil && r.Known:
		e.spoil(j) // decided for nothing: what is stored is another decision
		e.succeed(j, r)
	case err == nil:
		e.snapshots.offer(j.prepared.taken)
		e.succeed(j, r)
	case j.prepared.fail != nil && j.foreign(err):
		e.spoil(j)
		j.done <- reply{err: j.prepared.fail}
	case errors.Is(err, eventstore.ErrConflict) && j.attempts+1 < maxAttempts:
		e.spoil(j)
		e.contend(j, err)
		j.attempts++
		e.lose(j)
	case errors.Is(err, eventstore.ErrConflict):
		e.spoil(j)
		j.done <- reply{err: ErrConcurrentModification}
	case errors.Is(err, eventstore.ErrClaimed):
		e.spoil(j)
		e.claimed(j, err)
	default:
		e.spoil(j)
		j.done <- reply{err: err}
	}
}

// foreign says that an append met a stream of another tenant where its own tenant has none: for this tenant nothing is
// there, and that will not change.
func (j *job) foreign(err error) bool {
	var conflict *eventstore.ConflictError
	if !errors.As(err, &conflict) || conflict.Version != 0 {
		return false
	}
	return slices.Contains(j.prepared.append.Reads, eventstore.Expectation{Stream: conflict.Stream})
}

func (e *Engine) succeed(j *job, r eventstore.Result) {
	e.stats.commands.Add(1)
	switch {
	case r.Known && j.request.Key != nil:
		e.stats.replayed.Add(1)
	case j.prepared.fail != nil:
		j.done <- reply{err: j.prepared.fail}
		return
	case j.prepared.refused:
		e.stats.refused.Add(1)
	}
	replayed := r.Known && j.request.Key != nil
	j.done <- reply{response: Response{
		Answer: r.Answer, Position: r.Position, Epoch: r.Epoch, Replayed: replayed, Refused: j.prepared.refused && !replayed,
	}}
}

// claimed answers a job whose unique value belongs to somebody else. A claim is for ever, so the refusal needs no read
// set.
func (e *Engine) claimed(j *job, err error) {
	var taken *eventstore.ClaimedError
	if !errors.As(err, &taken) || taken.Scope == scopeOrderNumber {
		j.done <- reply{err: ErrConcurrentModification} // the caller comes again with another id, and so number
		return
	}
	e.ids.took(claimID{j.request.Tenant, taken.Scope, taken.Value}, taken.Owner)
	violation := duplicate(taken)
	p := prepared{refused: true, append: eventstore.Append{Tenant: j.request.Tenant}}
	p.answer(j, Outcome{State: (*order.Order)(nil), Refused: violation}, "")
	if p.append.Decision, err = note(&j.request, violation, violation.ExistingID); err != nil {
		j.done <- reply{err: err}
		return
	}
	j.prepared = p
	e.submit(j)
}

// lose lines a job up to be decided under the lock.
func (e *Engine) lose(j *job) {
	e.mu.Lock()
	e.lost = append(e.lost, j)
	e.mu.Unlock()
	e.wake()
}

// spoil marks the states that a failed append has touched: they may show what was not stored.
func (e *Engine) spoil(j *job) {
	e.mu.Lock()
	for _, a := range j.prepared.touched {
		e.stale = append(e.stale, a.ref)
	}
	e.mu.Unlock()
}

// contend marks the aggregate that made an append fail, if another process has written to it. The log is behind what was
// expected if it was an append of this process that failed before.
func (e *Engine) contend(j *job, err error) {
	var conflict *eventstore.ConflictError
	if !errors.As(err, &conflict) {
		return
	}
	for _, read := range j.prepared.append.Reads {
		if read.Stream != conflict.Stream || conflict.Version < read.Version {
			continue
		}
		e.mu.Lock()
		for _, a := range j.prepared.touched {
			if a.stream == conflict.Stream {
				e.contested = append(e.contested, a.ref)
			}
		}
		e.mu.Unlock()
	}
}

// forget takes in what the appends that failed meanwhile have taught about the states.
func (e *Engine) forget() {
	e.mu.Lock()
	stale, contested := e.stale, e.contested
	e.stale, e.contested = nil, nil
	e.mu.Unlock()
	for _, r := range stale {
		if a := e.states.get(r); a != nil {
			a.doubtful = true
		}
	}
	for _, r := range contested {
		if a := e.states.get(r); a != nil {
			a.contested = contestedRounds
		}
	}
}

func (e *Engine) wake() {
	select {
	case e.woken <- struct{}{}:
	default:
	}
}
