package commands

import (
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/eventstore"
)

// prepared is a decided job: what is to be appended and what is to be answered then.
type prepared struct {
	append  eventstore.Append
	touched []*aggregate          // what was read; only their refs are of use to others
	taken   []eventstore.Snapshot // to be stored once this is
	claims  []eventstore.Claim    // of a dry run, which does not make them
	refused bool
	fail    error // answered instead, once the read set is known to hold
}

// errContested says that a command is about something that other processes write to all the time: decided without the
// lock it would most likely be decided for nothing.
var errContested = errors.New("commands: to be decided under the lock")

// prepare decides j on the states at hand and moves them on. The second result lists what has to be loaded first. It
// fails with errContested if j had better be decided under the lock.
func (e *Engine) prepare(j *job, locked bool) (prepared, []ref, error) {
	v := &view{tenant: j.request.Tenant, states: e.states, first: j.attempts == 0}
	d, err := decide(v, j.request.Command)
	switch {
	case len(v.missing) > 0:
		return prepared{}, v.missing, nil
	case !locked && v.contested():
		return prepared{}, nil, errContested
	}
	p := prepared{append: eventstore.Append{Tenant: j.request.Tenant, Reads: v.readSet()}, touched: v.read}
	if expect := j.request.Expect; expect != nil && d.target != nil && !slices.Contains(expect, d.target.version) && (err == nil || !unstored(err)) {
		p.fail = &VersionError{Current: d.target.version}
		return p, nil, nil
	}
	if err == nil {
		err = d.alien()
	}
	if err != nil {
		return refuse(p, j, &d, err)
	}
	if j.request.DryRun {
		return rehearse(p, j, &d)
	}
	created := d.target != nil && d.target.version == 0
	if p.append.Events, err = encode(j, &d); err != nil {
		return prepared{}, nil, err
	}
	p.taken = e.snapshots.take(d.apply(e.states, p.append.Events))
	p.append.Claims = d.claims
	o := Outcome{State: d.result, Created: created, PickOrder: d.pick}
	if d.target != nil {
		o.Version = d.target.version
		if o.State == nil {
			o.State = d.target.state.value()
		}
	}
	p.answer(j, o, d.resource)
	return p, nil, nil
}

// alien refuses to write the events of one kind of aggregate to the stream of another.
func (d *decision) alien() error {
	for i := range d.changes {
		if a := d.changes[i].of; a.alien && len(d.changes[i].facts) > 0 {
			return rule.New(rule.ValidationFailed, "the id %s is that of something else than this %s; make a new one", a.stream, a.kind.streamType)
		}
	}
	return nil
}

// refuse turns a rule violation into an answer, and a line of the decision log. What does not exist is not stored, since
// it may yet come to be, and neither is what was malformed: the same key may be used for what was meant.
func refuse(p prepared, j *job, d *decision, err error) (prepared, []ref, error) {
	var violation *rule.Violation
	switch {
	case !errors.As(err, &violation):
		return prepared{}, nil, err
	case unstored(violation):
		p.fail = err
		return p, nil, nil
	}
	p.refused = true
	o := Outcome{State: d.result, Refused: err}
	if d.target != nil {
		o.Version = d.target.version
		if o.State == nil {
			o.State = d.target.state.value()
		}
	}
	p.answer(j, o, d.resource)
	if !j.request.DryRun {
		p.append.Decision, err = note(&j.request, violation, d.resource)
		return p, nil, err
	}
	return p, nil, nil
}

// unstored reports that err is a violation whose answer is not kept under the request's key.
func unstored(err error) bool {
	var v *rule.Violation
	return errors.As(err, &v) && (v.Kind() == rule.NotFound || v.Code == rule.ValidationFailed)
}

func (p *prepared) answer(j *job, o Outcome, resource string) {
	if j.request.Answer != nil {
		p.append.Answer = j.request.Answer(o)
	}
	if p.append.Answer.Resource == "" {
		p.append.Answer.Resource = resource
	}
	if !j.request.DryRun {
		p.append.Key = j.request.Key
	}
}

// encode makes the events of a decision.
func encode(j *job, d *decision) ([]eventstore.NewEvent, error) {
	n := d.events()
	if n == 0 {
		return nil, nil
	}
	meta, err := j.request.metadata()
	if err != nil {
		return nil, err
	}
	events := make([]eventstore.NewEvent, 0, n)
	for i := range d.changes {
		c := &d.changes[i]
		for _, f := range c.facts {
			data, err := c.of.kind.encode(f)
			if err != nil {
				return nil, err
			}
			id, err := uuid.NewV7()
			if err != nil {
				return nil, err
			}
			events = append(events, eventstore.NewEvent{
				ID: id, Stream: c.of.stream, StreamType: c.of.kind.streamType, Type: f.EventType(), Data: data, Metadata: meta, OccurredAt: d.occurred,
			})
		}
	}
	return events, nil
}

// apply moves the aggregates on by the decision's events, so that the next decision of the batch sees them. It returns
// those that it is time to have a snapshot of.
func (d *decision) apply(s *states, events []eventstore.NewEvent) (due []*aggregate) {
	n := 0
	for i := range d.changes {
		c := &d.changes[i]
		before := c.of.version / snapshotEvery
		for _, f := range c.facts {
			c.of.apply(events[n].ID, f, len(events[n].Data))
			n++
		}
		s.weigh(c.of)
		if c.of.kind.save != nil && (c.of.long || c.of.version/snapshotEvery != before) {
			due = append(due, c.of)
		}
	}
	return due
}
