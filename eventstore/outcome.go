package eventstore

import (
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// finish tells the callers of a committed batch, after the tail has its events: whoever then reads the log from memory
// finds what it was told.
func (a *appender) finish(f *inFlight, rows []outcome) {
	results := make([]outcome, len(f.appends))
	if len(rows) == 1 && rows[0].append == 0 {
		position := rows[0].position
		for i, p := range f.appends {
			position += Position(len(p.Events))
			results[i] = rows[0]
			results[i].position = position
		}
	} else {
		for _, o := range rows {
			results[o.append-1] = o
		}
	}
	a.stats.appends.Add(int64(len(f.appends)))
	a.tail.add(recorded(a.log, f.appends, results))
	for i, p := range f.appends {
		p.settle(a, results[i])
	}
}

// recorded lists the events that a batch has added to the log, in order.
func recorded(log LogID, appends []*pending, results []outcome) []Recorded {
	n := 0
	for i, p := range appends {
		if results[i].kind == "appended" {
			n += len(p.Events)
		}
	}
	out := make([]Recorded, 0, n)
	for i, p := range appends {
		if results[i].kind != "appended" {
			continue
		}
		first := results[i].position - Position(len(p.Events)) + 1
		for j := range p.Events {
			e := &p.Events[j]
			out = append(out, Recorded{
				Log: log, Position: first + Position(j), Tenant: p.Tenant, Stream: e.Stream, StreamType: e.StreamType,
				Version: p.versions[j], ID: e.ID, Type: e.Type, Schema: p.schemas[j], Data: e.Data, Metadata: e.Metadata,
				OccurredAt: e.OccurredAt, RecordedAt: results[i].recorded,
			})
		}
	}
	return out
}

func (p *pending) settle(a *appender, o outcome) {
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
		p.done(Result{}, &o.conflict)
	case "claimed":
		p.done(Result{}, &o.claimed)
	default:
		p.done(Result{}, fmt.Errorf("append_events answered %q, which this build does not know: apply the migrations", o.kind))
	}
}

// rolledBack deals with a batch that the server certainly undid. What passes by itself is tried again; when one append
// of several is to blame they go one by one, so that its neighbours do not suffer.
func (a *appender) rolledBack(f *inFlight, cause *pgconn.PgError) {
	var again []*pending
	for _, p := range f.appends {
		p.tries++
		switch {
		case p.tries < maxTries && passing(cause.Code):
			again = append(again, p)
		case !passing(cause.Code) && !p.alone:
			p.alone = true
			again = append(again, p)
		case passing(cause.Code):
			p.done(Result{}, fmt.Errorf("%w: %w", ErrUnavailable, cause))
		default:
			p.done(Result{}, cause)
		}
	}
	a.stats.retries.Add(int64(len(again)))
	a.logger.Warn("append batch rolled back", "log", a.log, "appends", len(f.appends), "again", len(again), "error", cause)
	if len(again) > 0 {
		a.mu.Lock()
		a.queue = append(again, a.queue...)
		a.mu.Unlock()
		a.nudge()
	}
}

// passing says whether a failure goes away by itself: a serialization failure, a deadlock, a lock or a statement that
// took too long, a server short of resources.
func passing(code string) bool {
	return slices.Contains([]string{"40001", "40P01", "55P03", "57014"}, code) || code[:2] == "53"
}

// expire tells the callers that have waited too long while there was no lane: those whose append was sent that nothing
// is known, the others that nothing was written.
func (a *appender) expire() {
	a.mu.Lock()
	var unknown, unsent []*pending
	for len(a.flying) > 0 && time.Since(a.flying[0].sentAt) > resolveTimeout {
		unknown = append(unknown, a.flying[0].appends...)
		a.flying = a.flying[1:]
	}
	for len(a.queue) > 0 && time.Since(a.queue[0].since) > queueTimeout {
		unsent = append(unsent, a.queue[0])
		a.queue = a.queue[1:]
	}
	a.mu.Unlock()
	for _, p := range unknown {
		p.done(Result{}, ErrOutcomeUnknown)
	}
	for _, p := range unsent {
		if p.claim() {
			p.done(Result{}, ErrUnavailable)
		}
	}
}

// giveUp answers everything that is left when the appender ends without a lane.
func (a *appender) giveUp(err error) {
	a.mu.Lock()
	flying, queue := a.flying, a.queue
	a.flying, a.queue = nil, nil
	a.mu.Unlock()
	for _, f := range flying {
		for _, p := range f.appends {
			p.done(Result{}, ErrOutcomeUnknown)
		}
	}
	for _, p := range queue {
		if p.claim() {
			p.done(Result{}, err)
		}
	}
}
