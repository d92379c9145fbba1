package commands

import (
	"context"
	"fmt"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/eventstore"
)

// rehearse answers with what j would do. Its append has the reads alone: they tell whether it was decided on what the
// log says, and nothing is stored.
func rehearse(p prepared, j *job, d *decision) (prepared, []ref, error) {
	events, err := encode(j, d)
	if err != nil {
		return prepared{}, nil, err
	}
	o := Outcome{State: d.result, PickOrder: d.pick, Events: make([]PlannedEvent, len(events))}
	for i := range events {
		o.Events[i] = PlannedEvent{StreamType: events[i].StreamType, Stream: events[i].Stream, Type: events[i].Type, Data: events[i].Data}
	}
	if d.target != nil {
		o.Created, o.Version = d.target.version == 0, d.target.version
		if at := d.place(d.target); at >= 0 {
			o.Version += eventstore.Version(len(d.changes[at].facts))
		}
		if o.State == nil {
			o.State = d.on(d.target).value()
		}
	}
	p.claims = d.claims
	p.answer(j, o, d.resource)
	return p, nil, nil
}

// claimable looks whether what a dry run would claim is still free, which an append would notice by itself.
func (e *Engine) claimable(ctx context.Context, j *job, r Response) (Response, error) {
	for _, c := range j.prepared.claims {
		owner, taken, err := e.store.Claimed(ctx, j.request.Tenant, c.Scope, c.Value)
		switch {
		case err != nil:
			return Response{}, fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
		case !taken || owner == c.Owner || c.Scope == scopeOrderNumber: // another number would be drawn
			continue
		}
		r.Refused = true
		var p prepared
		p.answer(j, Outcome{State: (*order.Order)(nil), Refused: duplicate(&eventstore.ClaimedError{Scope: c.Scope, Value: c.Value, Owner: owner})}, "")
		r.Answer = p.append.Answer
		return r, nil
	}
	return r, nil
}

// duplicate is the refusal of a command whose unique value belongs to somebody else.
func duplicate(taken *eventstore.ClaimedError) *rule.Violation {
	v := rule.New(rule.DuplicateExternalID, "external id %q is taken by another order of this channel; use another one, or read that order", taken.Value)
	v.ExistingID = taken.Owner.String()
	return v
}
