package read

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/documents"
)

// VisitGetOrderTimelineResponse implements the generated response.
func (p page) VisitGetOrderTimelineResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetOrderDiffResponse implements the generated response.
func (p page) VisitGetOrderDiffResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitListOrderNotesResponse implements the generated response.
func (p page) VisitListOrderNotesResponse(w http.ResponseWriter) error { return p.write(w) }

// orderHistory returns all events of an order that the caller may see, and where the answer stands.
func (s *server) orderHistory(ctx context.Context, call *httpx.Call, text string) ([]eventstore.Recorded, current, error) {
	id, ok := httpx.ParseID(text)
	if !ok {
		return nil, current{}, noSuchOrder()
	}
	now, err := s.logged(ctx, call)
	if err != nil {
		return nil, now, err
	}
	recorded, err := s.history(ctx, call.Identity.Tenant, id)
	if err != nil {
		return nil, now, err
	}
	now.position = max(now.position, recorded[len(recorded)-1].Position)
	return recorded, now, nil
}

// GetOrderTimeline serves GET /v1/orders/{id}/timeline. It reads the log, so that it is always current.
func (s *server) GetOrderTimeline(ctx context.Context, request GetOrderTimelineRequestObject) (GetOrderTimelineResponseObject, error) {
	call := httpx.CallOf(ctx)
	recorded, now, err := s.orderHistory(ctx, call, request.Id)
	if err != nil {
		return nil, err
	}
	happenings := make([]resource.Happening, len(recorded))
	var o order.Order
	for i := range recorded {
		e := &recorded[i]
		event, err := eventstore.Decode(e, order.Decode)
		if err != nil {
			return nil, err
		}
		o.Apply(event)
		happenings[i] = resource.Happening{
			Event: event, Type: e.Type, ID: e.ID, Version: e.Version, Position: e.Position, At: e.OccurredAt, By: besideOf(e).Actor,
		}
	}
	if err := own(call, &o); err != nil {
		return nil, err
	}
	out := struct {
		Data []resource.Entry `json:"data"`
	}{resource.Timeline(happenings, call.Identity.Viewer(), s.texts(ctx, call, o.ID, now.position))}
	answer := s.answer(ctx, now, httpx.Marshal(out))
	answer.header["Vary"] = varyAuthorization
	return answer, nil
}

// texts opens what was written about an order; nil if the caller may not see it.
func (s *server) texts(ctx context.Context, call *httpx.Call, id uuid.UUID, proven eventstore.Position) func(order.PII) map[string]string {
	if !call.Identity.Viewer().Personal {
		return nil
	}
	vault := s.opener(proven)
	return func(sealed order.PII) map[string]string {
		var said map[string]string
		plain, err := vault.Open(ctx, call.Identity.Tenant, sealed, id)
		if err == nil {
			err = json.Unmarshal(plain, &said)
		}
		if err != nil && !errors.Is(err, eventstore.ErrErased) {
			s.log.WarnContext(ctx, "personal data left out", "request_id", call.RequestID, "error", err)
		}
		return said
	}
}

// orderMoment says which moment of an order was compared.
type orderMoment struct {
	Version  eventstore.Version  `json:"version"`
	Position eventstore.Position `json:"position,omitempty"`
	At       resource.Time       `json:"at,omitzero"`
}

// GetOrderDiff serves GET /v1/orders/{id}/diff.
func (s *server) GetOrderDiff(ctx context.Context, request GetOrderDiffRequestObject) (GetOrderDiffResponseObject, error) {
	call, params := httpx.CallOf(ctx), request.Params
	recorded, now, err := s.orderHistory(ctx, call, request.Id)
	if err != nil {
		return nil, err
	}
	latest, err := fold(recorded)
	if err != nil {
		return nil, err
	}
	if err := own(call, latest); err != nil {
		return nil, err
	}
	to, err := s.versionAt(ctx, call, recorded, "to", params.To, len(recorded))
	if err != nil {
		return nil, err
	}
	from, err := s.versionAt(ctx, call, recorded, "from", params.From, max(0, to-1))
	if err != nil {
		return nil, err
	}
	before, wasSealed, err := s.comparable(ctx, call, recorded[:from])
	if err != nil {
		return nil, err
	}
	after, isSealed, err := s.comparable(ctx, call, recorded[:to])
	if err != nil {
		return nil, err
	}
	out := struct {
		From    orderMoment       `json:"from"`
		To      orderMoment       `json:"to"`
		Changes []resource.Change `json:"changes"`
		Private bool              `json:"personal_data_changed"`
	}{From: momentOf(recorded[:from]), To: momentOf(recorded[:to]), Private: wasSealed != isSealed}
	if out.Changes, err = resource.Diff(before, after); err != nil {
		return nil, err
	}
	return s.answer(ctx, now, httpx.Marshal(out)), nil
}

// versionAt returns how many of the events there were at the moment that a parameter names.
func (s *server) versionAt(ctx context.Context, call *httpx.Call, recorded []eventstore.Recorded, name string, text *string, otherwise int) (int, error) {
	if text == nil {
		return otherwise, nil
	}
	at, err := s.momentOfOrder(ctx, call, name, *text, len(recorded), recorded)
	if err != nil {
		return 0, err
	}
	return at.of(recorded), nil
}

func momentOf(recorded []eventstore.Recorded) orderMoment {
	if len(recorded) == 0 {
		return orderMoment{}
	}
	last := &recorded[len(recorded)-1]
	return orderMoment{last.Version, last.Position, resource.Time(last.RecordedAt)}
}

// comparable renders an order as the caller may see it, without personal data, and returns beside it what is sealed.
func (s *server) comparable(ctx context.Context, call *httpx.Call, recorded []eventstore.Recorded) (body []byte, sealed string, err error) {
	if len(recorded) == 0 {
		return []byte("{}"), "", nil
	}
	o, err := fold(recorded)
	if err != nil {
		return nil, "", err
	}
	viewer := call.Identity.Viewer()
	viewer.Personal = false
	whole := resource.Order(o, recorded[len(recorded)-1].Version)
	if sealed, err = resource.Secrets(whole, viewer); err != nil {
		return nil, "", err
	}
	body, _, err = resource.Reveal(ctx, s.Vault, call.Identity.Tenant, whole, viewer)
	return body, sealed, err
}

// ListOrderNotes serves GET /v1/orders/{id}/notes: those of the order itself.
func (s *server) ListOrderNotes(ctx context.Context, request ListOrderNotesRequestObject) (ListOrderNotesResponseObject, error) {
	call := httpx.CallOf(ctx)
	id, ok := httpx.ParseID(request.Id)
	if !ok {
		return nil, noSuchOrder()
	}
	found, err := s.find(ctx, call, id, 0)
	if err != nil {
		return nil, err
	}
	body, _, err := resource.Reveal(ctx, s.opener(found.proven), call.Identity.Tenant, found.body, call.Identity.Viewer())
	if err != nil {
		s.log.WarnContext(ctx, "personal data left out", "request_id", call.RequestID, "error", err)
	}
	var o struct {
		Notes []json.RawMessage `json:"notes"`
	}
	if err := json.Unmarshal(body, &o); err != nil {
		return nil, fmt.Errorf("order %s: %w", id, err)
	}
	if o.Notes == nil {
		o.Notes = []json.RawMessage{}
	}
	answer := s.answer(ctx, current{position: found.proven}, httpx.Marshal(map[string]any{"data": o.Notes}))
	answer.header["Vary"] = varyAuthorization
	return answer, nil
}

// find returns an order that the caller may see, at a position and at what the token asks for, or beyond.
func (s *server) find(ctx context.Context, call *httpx.Call, id uuid.UUID, least eventstore.Position) (served, error) {
	need, err := s.need(ctx, call)
	if err != nil {
		return served{}, err
	}
	need = max(need, least)
	key := documents.Key{Tenant: call.Identity.Tenant, Stream: id}
	found := served{cache: cacheHit}
	m := s.memory()
	if found.view, found.proven, _, _ = m.cache.Get(key, need); found.view == nil {
		if found, err = s.loadOrder(ctx, m, key, need); err != nil {
			return served{}, err
		}
	}
	if customer, own := call.Identity.Customer(); own && customer != found.customer {
		return served{}, notTheirs()
	}
	return found, nil
}
