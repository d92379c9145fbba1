package read

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/query"
	"github.com/ordermill/ordermill/projections/reservations"
)

// VisitListReservationsResponse implements the generated response.
func (p page) VisitListReservationsResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetReservationResponse implements the generated response.
func (p page) VisitGetReservationResponse(w http.ResponseWriter) error { return p.write(w) }

// ListReservations serves GET /v1/reservations.
func (s *server) ListReservations(ctx context.Context, request ListReservationsRequestObject) (ListReservationsResponseObject, error) {
	call, params := httpx.CallOf(ctx), request.Params
	from, err := s.cursor(call, value(params.Cursor, ""))
	if err != nil {
		return nil, err
	}
	now, err := s.await(ctx, call, reservations.Name)
	if err != nil {
		return nil, err
	}
	list, err := reservations.Query(ctx, s.Pool, now.generation, call.Identity.Tenant, reservations.Request{
		Status: reservation.Status(value(params.Status, contract.ListReservationsParamsStatus(""))),
		Page:   query.Page{Limit: int(value(params.Limit, defaultLimit)), From: from},
	})
	if err != nil {
		return nil, explainQuery(err)
	}
	out := struct {
		Data []json.RawMessage `json:"data"`
		Page pageInfo          `json:"page"`
	}{Data: make([]json.RawMessage, len(list.Reservations))}
	for i := range list.Reservations {
		r := &list.Reservations[i]
		out.Data[i] = resource.Reservation(&r.Reservation, eventstore.Version(r.Version))
	}
	var links []string
	out.Page, links = s.turn(call, list.Next, list.Previous)
	answer := s.answer(ctx, now, httpx.Marshal(out))
	answer.header[httpx.HeaderLink] = links
	return answer, nil
}

// GetReservation serves GET /v1/reservations/{reservation_id}. A reservation has a handful of events, so that folding
// them costs no more than a read model would, and is always current.
func (s *server) GetReservation(ctx context.Context, request GetReservationRequestObject) (GetReservationResponseObject, error) {
	call, missing := httpx.CallOf(ctx), httpx.Errorf("reservation_not_found", "There is no reservation with this id.")
	id, ok := httpx.ParseID(request.ReservationId)
	if !ok {
		return nil, missing
	}
	now, err := s.logged(ctx, call)
	if err != nil {
		return nil, err
	}
	recorded, err := s.events.Load(ctx, call.Identity.Tenant, id, 0)
	switch {
	case err != nil:
		return nil, err
	case len(recorded) == 0 || recorded[0].StreamType != reservation.StreamType:
		return nil, missing
	}
	var found reservation.Reservation
	for i := range recorded {
		event, err := eventstore.Decode(&recorded[i], reservation.Decode)
		if err != nil {
			return nil, err
		}
		found.Apply(event)
	}
	last := &recorded[len(recorded)-1]
	now.position = max(now.position, last.Position)
	return s.answer(ctx, now, resource.Reservation(&found, last.Version)).tagged(call, last.Version), nil
}
