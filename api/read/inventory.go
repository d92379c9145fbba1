package read

import (
	"context"
	"net/http"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/projections/query"
	"github.com/ordermill/ordermill/projections/stocklevels"
)

// stockAt is a SKU at a location.
type stockAt struct {
	SKU string `json:"sku"`
	stock.Location
	Available int64 `json:"available"`
}

// VisitListInventoryResponse implements the generated response.
func (p page) VisitListInventoryResponse(w http.ResponseWriter) error { return p.write(w) }

// ListInventory serves GET /v1/inventory: what a location has, the main one unless another is named.
func (s *server) ListInventory(ctx context.Context, request ListInventoryRequestObject) (ListInventoryResponseObject, error) {
	call, params := httpx.CallOf(ctx), request.Params
	from, err := s.cursor(call, value(params.Cursor, ""))
	if err != nil {
		return nil, err
	}
	now, err := s.await(ctx, call, stocklevels.Name)
	if err != nil {
		return nil, err
	}
	list, err := stocklevels.AtLocation(ctx, s.Pool, now.generation, call.Identity.Tenant, value(params.LocationId, stock.MainLocation),
		query.Page{Limit: int(value(params.Limit, defaultLimit)), From: from})
	if err != nil {
		return nil, explainQuery(err)
	}
	rules, _, err := s.settingsOf(ctx, call)
	if err != nil {
		return nil, err
	}
	pick := stock.PickOrder(rules.PickOrder())
	out := struct {
		Data []stockAt `json:"data"`
		Page pageInfo  `json:"page"`
	}{Data: make([]stockAt, len(list.SKUs))}
	for i := range list.SKUs {
		at := &list.SKUs[i]
		out.Data[i] = stockAt{at.SKU, at.Location, at.AvailableFrom(pick)}
	}
	var links []string
	out.Page, links = s.turn(call, list.Next, list.Previous)
	answer := s.answer(ctx, now, httpx.Marshal(out))
	answer.header[httpx.HeaderLink] = links
	return answer, nil
}
