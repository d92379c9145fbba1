package read

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/orderlist"
	"github.com/ordermill/ordermill/projections/query"
)

// GetOrderByNumber serves GET /v1/orders/by-number/{number}.
func (s *server) GetOrderByNumber(ctx context.Context, request GetOrderByNumberRequestObject) (GetOrderByNumberResponseObject, error) {
	return s.lookUp(ctx, orderlist.Filter{{Field: "order_number", Values: []string{request.Number}}})
}

// GetOrderByExternalID serves GET /v1/orders/by-external-id/{external_id}.
func (s *server) GetOrderByExternalID(ctx context.Context, request GetOrderByExternalIDRequestObject) (GetOrderByExternalIDResponseObject, error) {
	filter := orderlist.Filter{{Field: "external_id", Values: []string{request.ExternalId}}}
	if channel := value(request.Params.Channel, ""); channel != "" {
		filter = append(filter, orderlist.Condition{Field: "channel", Values: []string{channel}})
	}
	return s.lookUp(ctx, filter)
}

// lookUp finds the newest order that a filter picks and answers with it as it is now.
func (s *server) lookUp(ctx context.Context, filter orderlist.Filter) (orderPage, error) {
	call := httpx.CallOf(ctx)
	now, err := s.await(ctx, call, orderlist.Name)
	if err != nil {
		return orderPage{}, err
	}
	list, err := orderlist.Query(ctx, s.Pool, now.generation, call.Identity.Tenant, orderlist.Request{Filter: filter, Page: query.Page{Limit: 1}})
	if err != nil {
		return orderPage{}, explainQuery(err)
	}
	if len(list.Orders) == 0 {
		return orderPage{}, noSuchOrder()
	}
	return s.byID(ctx, list.Orders[0].ID)
}

type orderEvent struct {
	ID         uuid.UUID           `json:"id"`
	Type       string              `json:"type"`
	Version    eventstore.Version  `json:"version"`
	Position   eventstore.Position `json:"position"`
	OccurredAt resource.Time       `json:"occurred_at"`
	RecordedAt resource.Time       `json:"recorded_at"`
	Data       map[string]any      `json:"data"`
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
	if _, err := s.need(ctx, call); err != nil { // the log has every position that a token can name
		return nil, err
	}
	events, err := s.Store.Load(ctx, call.Identity.Tenant, id, 0)
	if err != nil {
		return nil, unavailable(err)
	}
	if len(events) == 0 || events[0].StreamType != order.StreamType {
		return nil, noSuchOrder()
	}
	out := struct {
		Data []orderEvent `json:"data"`
	}{make([]orderEvent, len(events))}
	for i := range events {
		e := &events[i]
		out.Data[i] = orderEvent{e.ID, e.Type, e.Version, e.Position, resource.Time(e.OccurredAt), resource.Time(e.RecordedAt), nil}
		if err := json.Unmarshal(e.Data, &out.Data[i].Data); err != nil {
			return nil, fmt.Errorf("event at position %d: %w", e.Position, err)
		}
		delete(out.Data[i].Data, "pii")
	}
	return s.answer(current{position: events[len(events)-1].Position}, httpx.Marshal(out)), nil
}
