package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/eventstore"
)

// loadRounds bounds how often a decision may ask for more: an order, then the stock of its SKUs, then nothing.
const loadRounds = 4

// decide decides jobs one after the other and sends them to the log as they are decided.
func (e *Engine) decide(ctx context.Context, jobs []*job) {
	e.forget()
	fetched := false
	for i, j := range jobs {
		p, missing, err := e.prepare(j, e.states)
		if err == nil && len(missing) > 0 {
			if !fetched {
				fetched = true
				e.fetch(ctx, jobs[i:])
			}
			p, err = e.prepareLoaded(ctx, e.store, j)
		}
		if err != nil {
			j.done <- reply{err: err}
			continue
		}
		j.prepared = p
		e.submit(j)
	}
}

// prepareLoaded is prepare with what is missing loaded.
func (e *Engine) prepareLoaded(ctx context.Context, from loader, j *job) (prepared, error) {
	for range loadRounds {
		p, missing, err := e.prepare(j, e.states)
		if err != nil || len(missing) == 0 {
			return p, err
		}
		if err := e.load(ctx, from, e.states, missing); err != nil {
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
			_, _ = j.request.Command.decide(v) // only to see what it looks at
			missing = append(missing, v.missing...)
		}
		if len(missing) == 0 || e.load(ctx, e.store, e.states, missing) != nil {
			return // a failure comes again, and to whom it concerns, when the job is decided
		}
	}
}

// loader reads streams: the store, or the store under the lock.
type loader interface {
	LoadMany(ctx context.Context, tenant string, streams []eventstore.StreamAfter) ([]eventstore.Recorded, error)
}

// load reads aggregates from their first event, or on from where the states have them.
func (e *Engine) load(ctx context.Context, from loader, s *states, refs []ref) error {
	byTenant := make(map[string][]*aggregate)
	seen := make(map[ref]bool, len(refs))
	for _, r := range refs {
		if seen[r] {
			continue
		}
		seen[r] = true
		a := s.get(r)
		if a == nil {
			a = newAggregate(r)
		}
		byTenant[r.tenant] = append(byTenant[r.tenant], a)
	}
	for tenant, wanted := range byTenant {
		if err := readOn(ctx, from, tenant, wanted); err != nil {
			for _, a := range wanted {
				s.drop(a.ref) // it may have been moved on in part
			}
			return err
		}
		for _, a := range wanted {
			s.put(a)
		}
	}
	return nil
}

func readOn(ctx context.Context, from loader, tenant string, wanted []*aggregate) error {
	after := make([]eventstore.StreamAfter, len(wanted))
	for i, a := range wanted {
		after[i] = eventstore.StreamAfter{Stream: a.stream, After: a.version}
	}
	events, err := from.LoadMany(ctx, tenant, after)
	if err != nil {
		return err
	}
	i := 0
	for n := range events {
		for wanted[i].stream != events[n].Stream {
			i++
		}
		if err := wanted[i].replay(&events[n]); err != nil {
			return err
		}
	}
	return nil
}

// submit sends a decided job to the log. The outcome comes back through settle.
func (e *Engine) submit(j *job) {
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
		e.succeed(j, r)
	case j.prepared.fail != nil && j.foreign(err):
		e.spoil(j)
		j.done <- reply{err: j.prepared.fail}
	case errors.Is(err, eventstore.ErrConflict) && j.attempts+1 < maxAttempts:
		e.spoil(j)
		j.attempts++
		e.mu.Lock()
		e.lost = append(e.lost, j)
		e.mu.Unlock()
		e.wake()
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
	j.done <- reply{response: Response{
		Answer: r.Answer, Position: r.Position, Epoch: r.Epoch,
		Replayed: r.Known && j.request.Key != nil, Refused: j.prepared.refused && !r.Known,
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
	violation := rule.New(rule.DuplicateExternalID, "external id %q is taken by order %s of this channel; use another one, or read that order", taken.Value, taken.Owner)
	violation.ExistingID = taken.Owner.String()
	p := prepared{refused: true, append: eventstore.Append{Tenant: j.request.Tenant}}
	p.answer(j, Outcome{State: (*order.Order)(nil), Refused: violation}, "")
	j.prepared = p
	if p.append.Key == nil {
		e.stats.refused.Add(1)
		j.done <- reply{response: Response{Answer: p.append.Answer, Refused: true}}
		return
	}
	e.submit(j)
}

// spoil marks the states that a failed append has touched: they show what was not stored.
func (e *Engine) spoil(j *job) {
	e.mu.Lock()
	e.stale = append(e.stale, j.prepared.touched...)
	e.mu.Unlock()
}

// forget drops the states that turned out wrong.
func (e *Engine) forget() {
	e.mu.Lock()
	stale := e.stale
	e.stale = nil
	e.mu.Unlock()
	for _, r := range stale {
		e.states.drop(r)
	}
}

func (e *Engine) wake() {
	select {
	case e.woken <- struct{}{}:
	default:
	}
}
