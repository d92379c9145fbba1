package eventstore

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// finish tells the callers of a committed batch, after the tail has its events: whoever then reads the log from memory
// finds what it was told.
func (a *appender) finish(f *inFlight, rows []outcome) {
	a.stats.appends.Add(int64(len(f.appends)))
	events := recorded(a.log, f.appends, rows)
	f.past.seeAll(events)
	if f.past == a.pasts.now.Load() {
		a.tail.add(events)
	}
	for i := range rows {
		if rows[i].kind == "already" || rows[i].kind == "known" {
			a.tail.wake() // the log may have grown by what this process does not have in memory
			break
		}
	}
	for p, o := range spread(f.appends, rows) {
		p.settle(a, o)
	}
}

// spread goes through the appends of a batch with the outcome of each, which is valid until the next. A single row for
// all of them has the head before the batch.
func spread(appends []*pending, rows []outcome) iter.Seq2[*pending, *outcome] {
	return func(yield func(*pending, *outcome) bool) {
		o := &outcome{}
		if whole(rows) {
			*o = rows[0]
		}
		for i, p := range appends {
			if whole(rows) {
				o.position += Position(len(p.Events))
			} else {
				o = &rows[i]
			}
			if !yield(p, o) {
				return
			}
		}
	}
}

// whole reports whether a single row stands for all appends of a batch.
func whole(rows []outcome) bool { return len(rows) == 1 && rows[0].append == 0 }

// recorded lists the events that a batch has added to the log, in order.
func recorded(log LogID, appends []*pending, rows []outcome) []Recorded {
	n := 0
	for p, o := range spread(appends, rows) {
		if o.kind == "appended" {
			n += len(p.Events)
		}
	}
	out := make([]Recorded, 0, n)
	for p, o := range spread(appends, rows) {
		if o.kind != "appended" {
			continue
		}
		first := o.position - Position(len(p.Events)) + 1
		for j := range p.Events {
			e := &p.Events[j]
			out = append(out, Recorded{
				Log: log, Position: first + Position(j), Tenant: p.Tenant, Stream: e.Stream, StreamType: e.StreamType,
				Version: p.versions[j], ID: e.ID, Type: e.Type, Schema: p.schemas[j], Data: e.Data, Metadata: e.Metadata,
				OccurredAt: e.OccurredAt, RecordedAt: o.recorded,
			})
		}
	}
	return out
}

func (p *pending) settle(a *appender, o *outcome) {
	result := Result{Position: o.position, Epoch: o.epoch, RecordedAt: o.recorded}
	switch o.kind {
	case "appended":
		result.Answer = p.Answer
		p.done(result, nil)
	case "known":
		result.Known, result.Answer = true, o.answer
		p.done(result, nil)
	case "already":
		result.Known, result.Answer = true, p.Answer
		p.done(result, nil)
	case "reused":
		p.done(Result{}, &KeyReusedError{Request: o.answer.Request})
	case "conflict":
		a.stats.conflicts.Add(1)
		conflict := o.conflict
		p.done(Result{}, &conflict)
	case "claimed":
		claimed := o.claimed
		p.done(Result{}, &claimed)
	default:
		p.done(Result{}, fmt.Errorf("%w: append_events answered %q, which this build does not know", ErrOutcomeUnknown, o.kind))
	}
}

// rolledBack deals with a batch that the server certainly undid. What passes by itself is tried again; when one append
// of several is to blame they go one by one, so that its neighbours do not suffer. The error says that the lane should
// be opened anew.
func (a *appender) rolledBack(l *lane, f *inFlight, cause *pgconn.PgError) error {
	if f.way == insertFirst && cause.Code == uniqueViolation { // as was to be expected now and then
		l.chain.refused()
		for _, p := range f.appends {
			p.looked = true
		}
		a.stats.retries.Add(int64(len(f.appends)))
		a.land(l, 0, f.appends)
		return nil
	}
	var again, failed []*pending
	retry, lost := passing(cause.Code), cause.Code == anotherPast
	if lost {
		a.pasts.doubt()
	}
	for _, p := range f.appends {
		p.tries++
		switch {
		case retry && p.tries < maxTries && time.Since(p.since) < a.patienceWith(p):
			again = append(again, p)
		case !retry && !lost && len(f.appends) > 1:
			p.alone = true
			again = append(again, p)
		default:
			failed = append(failed, p)
		}
	}
	a.logger.Warn("append batch rolled back", "log", a.log, "appends", len(f.appends), "again", len(again), "error", cause)
	a.stats.retries.Add(int64(len(again)))
	if retry && len(again) > 0 {
		a.mu.Lock()
		a.refusal = cause
		a.hold = time.Now().Add(time.Millisecond<<min(again[0].tries, maxTries) + rand.N(10*time.Millisecond)) //nolint:gosec // jitter
		a.mu.Unlock()
	}
	a.land(l, 0, again)
	for _, p := range failed {
		p.done(Result{}, p.refusal(cause))
	}
	a.expire()
	if stale(cause.Code) {
		return cause
	}
	return nil
}

// refusal is the error of an append that the server has failed to store, in words of this package.
func (p *pending) refusal(cause *pgconn.PgError) error {
	switch {
	case p.doubt:
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, cause)
	case cause.Code == anotherPast:
		return fmt.Errorf("%w: %w: %w", ErrUnavailable, ErrAnotherPast, cause)
	case passing(cause.Code):
		return fmt.Errorf("%w: %w", ErrUnavailable, cause)
	case cause.Code == "P0002":
		return fmt.Errorf("%w: %w", ErrNoSuchLog, cause)
	default:
		return fmt.Errorf("append: %w", cause)
	}
}

// anotherPast is the SQLSTATE of a log that does not have what the batch says that it has.
const anotherPast = "OM001"

// uniqueViolation is the SQLSTATE of a key, a claim or a version that is there already.
const uniqueViolation = "23505"

// passing says whether a failure goes away by itself: a serialization failure, a deadlock, a lock or a statement that
// took too long, a server short of resources, or a lane that must be opened anew.
func passing(code string) bool {
	return slices.Contains([]string{"40001", "40P01", "55P03", "57014"}, code) || strings.HasPrefix(code, "53") || stale(code)
}

// stale says whether a failure lies in the lane: the statement that it has prepared is not the server's any more, or
// the server has become a standby.
func stale(code string) bool { return slices.Contains([]string{"0A000", "26000", "25006"}, code) }

// patienceWith is how long p is worked on. An outcome that is in doubt is looked into for longer.
func (a *appender) patienceWith(p *pending) time.Duration {
	if p.doubt {
		return a.bounds.resolve
	}
	return a.bounds.patience
}

// expire tells the callers that have waited too long while nothing moves: those whose append was sent that nothing is
// known, the others that nothing was written.
func (a *appender) expire() {
	a.mu.Lock()
	var late []*pending
	why := ErrUnavailable
	if !a.hold.IsZero() && a.refusal != nil {
		why = fmt.Errorf("%w: %w", ErrUnavailable, a.refusal)
	}
	if a.lane == nil {
		for len(a.flying) > 0 && time.Since(a.flying[0].sentAt) > a.bounds.resolve {
			late = append(late, a.flying[0].appends...)
			a.flying = a.flying[1:]
		}
	}
	if a.lane == nil || !a.hold.IsZero() || (len(a.flying) > 0 && time.Since(a.flying[0].sentAt) > a.bounds.patience/4) {
		kept := a.queue[:0]
		for _, p := range a.queue {
			if time.Since(p.since) > a.patienceWith(p) {
				late = append(late, p)
			} else {
				kept = append(kept, p)
			}
		}
		clear(a.queue[len(kept):])
		a.queue = kept
	}
	a.mu.Unlock()
	for _, p := range late {
		p.abandon(why)
	}
}

// abandon ends p without an outcome: with certainty that nothing was written if there is, else in doubt.
func (p *pending) abandon(certain error) {
	switch {
	case p.doubt:
		p.done(Result{}, ErrOutcomeUnknown)
	case p.claim():
		p.done(Result{}, certain)
	}
}

// giveUp ends everything that is left when the appender ends without a lane.
func (a *appender) giveUp() {
	a.mu.Lock()
	var left []*pending
	for _, f := range a.flying {
		left = append(left, f.appends...)
	}
	left = append(left, a.queue...)
	a.flying, a.queue = nil, nil
	a.mu.Unlock()
	for _, p := range left {
		p.abandon(fmt.Errorf("%w: %w", ErrUnavailable, ErrClosed))
	}
}
