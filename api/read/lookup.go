package read

import (
	"context"
	"errors"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections/orderlist"
	"github.com/ordermill/ordermill/projections/query"
)

// Scopes of the claims that placing an order makes on its names.
const (
	claimNumber     = "order_number"
	claimExternalID = "external_id:" // and the channel
)

// GetOrderByNumber serves GET /v1/orders/by-number/{number}.
func (s *server) GetOrderByNumber(ctx context.Context, request GetOrderByNumberRequestObject) (GetOrderByNumberResponseObject, error) {
	return s.claimed(ctx, claimNumber, order.NormalNumber(request.Number))
}

// GetOrderByExternalID serves GET /v1/orders/by-external-id/{external_id}.
func (s *server) GetOrderByExternalID(ctx context.Context, request GetOrderByExternalIDRequestObject) (GetOrderByExternalIDResponseObject, error) {
	if channel := value(request.Params.Channel, ""); channel != "" {
		return s.claimed(ctx, claimExternalID+channel, request.ExternalId)
	}
	filter := orderlist.Filter{{Field: "external_id", Values: []string{request.ExternalId}}}
	if customer, own := httpx.CallOf(ctx).Identity.Customer(); own { // a newer one of somebody else hides none
		filter = append(filter, orderlist.Condition{Field: "customer_id", Values: []string{customer}})
	}
	return s.lookUp(ctx, filter)
}

// claimed answers with the order that has claimed a name. The claim was written together with the order, so that no read
// model can be behind it.
func (s *server) claimed(ctx context.Context, scope, name string) (orderPage, error) {
	call := httpx.CallOf(ctx)
	if _, err := s.logged(ctx, call); err != nil {
		return orderPage{}, err
	}
	id, ok, err := s.events.Claimed(ctx, call.Identity.Tenant, scope, name)
	switch {
	case err != nil:
		return orderPage{}, err
	case !ok:
		return orderPage{}, noSuchOrder()
	}
	page, err := s.byID(ctx, id, 0)
	if problem := (*httpx.Error)(nil); errors.As(err, &problem) && problem.Code == httpx.CodeOrderNotFound {
		head, _, err := s.Store.Head(ctx) // the order is there, so the read model is behind
		if err != nil {
			return orderPage{}, err
		}
		return s.byID(ctx, id, head)
	}
	return page, err
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
	return s.byID(ctx, list.Orders[0].ID, 0)
}
