package commands

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/eventstore"
)

// Command is something that somebody wants. The types of this package are all there are.
type Command interface {
	// decide returns what the command changes, or the *rule.Violation that forbids it. It is pure: it sees aggregates
	// through v and changes none. When v lacks one, what it returns is thrown away and it is called again.
	decide(v *view) (decision, error)
}

// decision is what a command changes.
type decision struct {
	target   *aggregate // whose state and version the answer shows
	changes  []change
	claims   []eventstore.Claim
	occurred time.Time
	resource string // id of the target as clients know it
	result   any    // instead of the target's state
}

// change is the new events of one aggregate.
type change struct {
	of    *aggregate
	facts []fact
}

// facts converts the events of one aggregate's package.
func facts[E fact](events []E) []fact {
	out := make([]fact, len(events))
	for i, e := range events {
		out[i] = e
	}
	return out
}

// prepared is a decided job: what is to be appended and what is to be answered then.
type prepared struct {
	append  eventstore.Append
	touched []ref
	refused bool
	fail    error // answered instead, once the read set is known to hold
}

// prepare decides j on the states at hand and moves them on. The second result lists what has to be loaded first.
func (e *Engine) prepare(j *job, s *states) (prepared, []ref, error) {
	v := &view{tenant: j.request.Tenant, states: s, first: j.attempts == 0}
	d, err := j.request.Command.decide(v)
	if len(v.missing) > 0 {
		return prepared{}, v.missing, nil
	}
	p := prepared{append: eventstore.Append{Tenant: j.request.Tenant, Reads: v.readSet()}}
	for _, a := range v.read {
		p.touched = append(p.touched, a.ref)
	}
	if expect := j.request.Expect; expect != nil && d.target != nil && d.target.version != *expect && (err == nil || !unstored(err)) {
		p.fail = &VersionError{Current: d.target.version}
		return p, nil, nil
	}
	if err != nil {
		return e.refuse(p, j, d, err)
	}
	created := d.target != nil && d.target.version == 0
	if p.append.Events, err = e.encode(j, d); err != nil {
		return prepared{}, nil, err
	}
	p.append.Claims = d.claims
	p.answer(j, d.outcome(created), d.resource)
	return p, nil, nil
}

// refuse turns a rule violation into an answer. What does not exist is not stored, since it may yet come to be, and
// neither is what was malformed: the same key may be used for what was meant.
func (e *Engine) refuse(p prepared, j *job, d decision, err error) (prepared, []ref, error) {
	switch {
	case kindOf(err) == 0:
		return prepared{}, nil, err
	case unstored(err):
		p.fail = err
	default:
		p.refused = true
		outcome := d.outcome(false)
		outcome.Refused = err
		p.answer(j, outcome, d.resource)
	}
	return p, nil, nil
}

// unstored reports that err is a violation whose answer is not kept under the request's key.
func unstored(err error) bool {
	return kindOf(err) == rule.NotFound || rule.CodeOf(err) == rule.ValidationFailed
}

func kindOf(err error) rule.Kind {
	var v *rule.Violation
	if errors.As(err, &v) {
		return v.Kind()
	}
	return 0
}

func (p *prepared) answer(j *job, o Outcome, resource string) {
	if j.request.Answer != nil {
		p.append.Answer = j.request.Answer(o)
	}
	if p.append.Answer.Resource == "" {
		p.append.Answer.Resource = resource
	}
	p.append.Key = j.request.Key
}

// encode makes the events of a decision and moves the aggregates on, so that the next decision of the batch sees them.
func (e *Engine) encode(j *job, d decision) ([]eventstore.NewEvent, error) {
	if len(d.changes) == 0 {
		return nil, nil
	}
	meta, err := j.request.metadata()
	if err != nil {
		return nil, err
	}
	var events []eventstore.NewEvent
	for _, c := range d.changes {
		for _, f := range c.facts {
			data, err := encode(f)
			if err != nil {
				return nil, err
			}
			id, err := uuid.NewV7()
			if err != nil {
				return nil, err
			}
			events = append(events, eventstore.NewEvent{
				ID: id, Stream: c.of.stream, StreamType: c.of.kind, Type: f.EventType(), Data: data, Metadata: meta, OccurredAt: d.occurred,
			})
		}
	}
	n := 0
	for _, c := range d.changes {
		for _, f := range c.facts {
			c.of.apply(events[n].ID, f)
			n++
		}
	}
	return events, nil
}

func (d *decision) outcome(created bool) Outcome {
	o := Outcome{State: d.result, Created: created}
	if d.target == nil {
		return o
	}
	o.Version = d.target.version
	if o.State != nil {
		return o
	}
	switch {
	case d.target.order != nil:
		o.State = d.target.order
	case d.target.stock != nil:
		o.State = d.target.stock
	default:
		o.State = d.target.product
	}
	return o
}
