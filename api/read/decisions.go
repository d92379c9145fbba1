package read

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/query"
)

// Bounds of looking for decisions about one command, which has no index of its own.
const (
	decisionsStep  = 1000
	decisionsSteps = 5
)

// decision is a refused command as auditors see it.
type decision struct {
	ID        uuid.UUID           `json:"id"`
	DecidedAt resource.Time       `json:"decided_at"`
	Position  eventstore.Position `json:"position"`
	Command   string              `json:"command"`
	Code      string              `json:"code"`
	Reason    string              `json:"reason"`
	Actor     resource.Actor      `json:"actor"`
	Resource  string              `json:"resource,omitempty"`
	RequestID string              `json:"request_id,omitempty"`
	Details   json.RawMessage     `json:"details,omitempty"`
}

// VisitListDecisionsResponse implements the generated response.
func (p page) VisitListDecisionsResponse(w http.ResponseWriter) error { return p.write(w) }

// ListDecisions serves GET /v1/decisions. Refusals are written together with their answers, so that none is missing.
func (s *server) ListDecisions(ctx context.Context, request ListDecisionsRequestObject) (ListDecisionsResponseObject, error) {
	call, params := httpx.CallOf(ctx), request.Params
	filter := eventstore.DecisionFilter{Code: value(params.Code, ""), Resource: value(params.Resource, "")}
	var err error
	if params.From != nil || params.To != nil {
		in, err := s.zoneOf(ctx, call, params.Tz)
		if err != nil {
			return nil, err
		}
		if filter.From, filter.Before, err = period(params.From, params.To, in); err != nil {
			return nil, err
		}
	}
	place, err := s.cursor(call, value(params.Cursor, ""))
	if err != nil {
		return nil, err
	}
	after, err := decisionCursor(place)
	if err != nil {
		return nil, err
	}
	now, err := s.logged(ctx, call)
	if err != nil {
		return nil, err
	}
	found, more, end, err := s.decisions(ctx, call.Identity.Tenant, filter, value(params.Command, ""), after, int(value(params.Limit, defaultLimit)))
	if err != nil {
		return nil, err
	}
	out := struct {
		Data []decision `json:"data"`
		Page pageInfo   `json:"page"`
	}{Data: make([]decision, len(found))}
	for i := range found {
		d := &found[i]
		out.Data[i] = decision{
			d.ID, resource.Time(d.DecidedAt), d.Position, d.Command, d.Code, d.Reason,
			resource.Actor{Type: d.ActorType, ID: d.ActorID},
			d.Resource, d.RequestID, d.Details,
		}
		now.position = max(now.position, d.Position)
	}
	var next *query.Cursor
	if more {
		next = &query.Cursor{Key: strconv.FormatInt(end.DecidedAt.UnixMicro(), 10), ID: end.ID}
	}
	var links []string
	out.Page, links = s.turn(call, next, nil)
	answer := s.answer(ctx, now, httpx.Marshal(out))
	answer.header[httpx.HeaderLink] = links
	return answer, nil
}

// decisions returns a page, whether there may be another, and where that begins. For a command it looks through a bounded
// number of decisions and returns those it has found.
func (s *server) decisions(
	ctx context.Context, tenant string, filter eventstore.DecisionFilter, command string, after eventstore.DecisionCursor, limit int,
) (found []eventstore.RecordedDecision, more bool, end eventstore.DecisionCursor, err error) {
	step := limit + 1 // one more tells whether there is another page
	if command != "" {
		step = decisionsStep
	}
	end = after
	for range decisionsSteps {
		some, err := s.events.Decisions(ctx, tenant, filter, end, step)
		if err != nil {
			return nil, false, end, err
		}
		for i := range some {
			if command != "" && some[i].Command != command {
				end = some[i].Cursor()
				continue
			}
			if len(found) == limit {
				return found, true, end, nil
			}
			found, end = append(found, some[i]), some[i].Cursor()
		}
		if len(some) < step {
			return found, false, end, nil
		}
	}
	return found, true, end, nil
}

// decisionCursor reads a place between two decisions; nil is before the newest.
func decisionCursor(c *query.Cursor) (eventstore.DecisionCursor, error) {
	if c == nil {
		return eventstore.DecisionCursor{}, nil
	}
	n, err := strconv.ParseInt(c.Key, 10, 64)
	if err != nil {
		return eventstore.DecisionCursor{}, &httpx.Error{Code: httpx.CodeInvalidCursor, Detail: "Begin again without the cursor.", Cause: err}
	}
	return eventstore.DecisionCursor{DecidedAt: time.UnixMicro(n).UTC(), ID: c.ID}, nil
}
