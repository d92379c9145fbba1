package read

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/query"
)

// eventLimit is how many events a page has unless the client says otherwise.
const eventLimit = 250

// eventPage is the end of a page of events.
type eventPage struct {
	NextAfter *eventstore.Version `json:"next_after"`
	HasMore   bool                `json:"has_more"`
}

// VisitListOrderEventsResponse implements the generated response.
func (p page) VisitListOrderEventsResponse(w http.ResponseWriter) error { return p.write(w) }

// ListOrderEvents serves GET /v1/orders/{id}/events. It reads the log, so that it is always current.
func (s *server) ListOrderEvents(ctx context.Context, request ListOrderEventsRequestObject) (ListOrderEventsResponseObject, error) {
	call := httpx.CallOf(ctx)
	id, ok := httpx.ParseID(request.Id)
	if !ok {
		return nil, noSuchOrder()
	}
	types, err := eventTypes(value(request.Params.Types, ""))
	if err != nil {
		return nil, err
	}
	now, err := s.logged(ctx, call)
	if err != nil {
		return nil, err
	}
	recorded, err := s.history(ctx, call.Identity.Tenant, id)
	if err != nil {
		return nil, err
	}
	now.position = max(now.position, recorded[len(recorded)-1].Position)
	out := struct {
		Data []orderEvent `json:"data"`
		Page eventPage    `json:"page"`
	}{Data: []orderEvent{}}
	limit := int(value(request.Params.Limit, eventLimit))
	for i := int(min(value(request.Params.After, 0), int64(len(recorded)))); i < len(recorded); i++ {
		e := &recorded[i]
		if types != nil && !slices.Contains(types, e.Type) {
			continue
		}
		if len(out.Data) == limit {
			out.Page = eventPage{&out.Data[limit-1].Version, true}
			break
		}
		shown, err := showEvent(e)
		if err != nil {
			return nil, err
		}
		out.Data = append(out.Data, shown)
	}
	answer := s.answer(ctx, now, httpx.Marshal(out))
	answer.header[httpx.HeaderLink] = eventLinks(call, out.Page)
	return answer, nil
}

// eventTypes reads a list of types; nil means all.
func eventTypes(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	types, known := strings.Split(text, ","), order.Types()
	for _, t := range types {
		if !slices.Contains(known, t) {
			return nil, explainQuery(query.Unknown("types", "event type", t, known))
		}
	}
	return types, nil
}

// showEvent shows an event without personal data.
func showEvent(e *eventstore.Recorded) (orderEvent, error) {
	known := besideOf(e)
	out := orderEvent{
		ID: e.ID, Type: e.Type, Version: e.Version, Position: e.Position, OccurredAt: resource.Time(e.OccurredAt),
		RecordedAt: resource.Time(e.RecordedAt), RequestID: known.CorrelationID, CausationID: known.CausationID,
	}
	if known.Actor.Type != "" {
		out.Actor = &known.Actor
	}
	var err error
	if out.Data, err = resource.EventData(e.Data); err != nil {
		return out, eventstore.Unreadable(e, err)
	}
	return out, nil
}

// eventLinks returns the Link header (RFC 8288) of a page of events.
func eventLinks(call *httpx.Call, end eventPage) []string {
	link := func(rel string, after int64) string {
		q := url.Values{}
		for name, values := range call.Query {
			if name != "after" && name != "consistency_token" {
				q[name] = values
			}
		}
		if after > 0 {
			q.Set("after", strconv.FormatInt(after, 10))
		}
		target := call.Path
		if len(q) > 0 {
			target += "?" + q.Encode()
		}
		return "<" + target + `>; rel="` + rel + `"`
	}
	links := []string{}
	if end.NextAfter != nil {
		links = append(links, link("next", int64(*end.NextAfter)))
	}
	return []string{strings.Join(append(links, link("first", 0)), ", ")}
}
