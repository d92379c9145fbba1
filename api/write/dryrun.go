package write

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/eventstore"
)

// dryRun is the member by which the answer to Prefer: dry-run differs from the one that it stands for.
type dryRun struct {
	Status   int            `json:"status"`
	Location string         `json:"location,omitempty"`
	Events   []plannedEvent `json:"events"`
}

type plannedEvent struct {
	Type       string         `json:"type"`
	StreamType string         `json:"stream_type"`
	Data       map[string]any `json:"data"`
}

// rehearse answers with what a command would do; a refusal is answered as it would be. Personal data is left out for
// everybody: in a rehearsal it is not sealed, so there is none to be shown.
func (s *server) rehearse(ctx context.Context, r *request, wish commands.Request, show func(commands.Outcome) rendered) (answer, error) {
	var outcome struct {
		rendered
		events []commands.PlannedEvent
	}
	wish.DryRun, wish.Key = true, nil
	wish.Answer = func(o commands.Outcome) eventstore.Answer {
		outcome.events = o.Events
		if o.Refused != nil {
			return toStore(r.Call, o, show)
		}
		outcome.rendered = show(o)
		return eventstore.Answer{}
	}
	response, err := s.Do(ctx, wish)
	if err != nil {
		return answer{}, err
	}
	if response.Refused {
		a, err := s.fromStore(ctx, r.Call, &commands.Response{Answer: response.Answer})
		return a.rehearsed(), err
	}
	body, _, err := resource.Reveal(ctx, s.Vault, wish.Tenant, outcome.body, resource.Viewer{Staff: r.Identity.Viewer().Staff})
	if err != nil {
		return answer{}, err
	}
	if !r.Identity.Viewer().Staff {
		outcome.events = nil // they have stock and its locations in them, as the events that customers may not read
	}
	if outcome.location != "" {
		outcome.location = s.Host.ReadURL + outcome.location
	}
	dry := dryRun{Status: outcome.status, Location: outcome.location, Events: make([]plannedEvent, len(outcome.events))}
	for i, e := range outcome.events {
		dry.Events[i] = plannedEvent{Type: e.Type, StreamType: e.StreamType}
		if dry.Events[i].Data, err = resource.EventData(e.Data); err != nil {
			return answer{}, fmt.Errorf("planned event %s: %w", e.Type, err)
		}
	}
	a := answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}, "Cache-Control": {"no-store"}}, body: dry.in(body)}
	return a.rehearsed(), nil
}

// in returns the object that body holds with the member dry_run at its end, or an object of that member alone.
func (d dryRun) in(body []byte) []byte {
	rest, object := bytes.CutSuffix(body, []byte("}"))
	switch {
	case !object:
		rest = []byte("{")
	case len(rest) > 1:
		rest = append(slices.Clip(rest), ',')
	}
	return slices.Concat(rest, []byte(`"dry_run":`), httpx.Marshal(d), []byte("}"))
}

// rehearsed marks an answer as that of a dry run.
func (a answer) rehearsed() answer {
	if a.header != nil {
		a.header.Set(httpx.HeaderPreferenceApplied, httpx.PreferenceDryRun)
	}
	return a
}

// ask answers with what a command that changes nothing tells.
func (s *server) ask(ctx context.Context, r *request, question commands.Command, show func(commands.Outcome) rendered) (answer, error) {
	response, err := s.Do(ctx, commands.Request{
		Tenant: r.Identity.Tenant, Actor: actor(&r.Identity), DryRun: true, Command: question,
		Cause:  commands.Cause{CorrelationID: r.RequestID, Traceparent: r.Trace().Parent()},
		Answer: func(o commands.Outcome) eventstore.Answer { return toStore(r.Call, o, show) },
	})
	if err != nil {
		return answer{}, err
	}
	return s.fromStore(ctx, r.Call, &response)
}
