package read

import (
	"context"
	"net/http"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/customers"
	"github.com/ordermill/ordermill/projections/query"
)

// VisitListCustomersResponse implements the generated response.
func (p page) VisitListCustomersResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetCustomerResponse implements the generated response.
func (p page) VisitGetCustomerResponse(w http.ResponseWriter) error { return p.write(w) }

// ListCustomers serves GET /v1/customers.
func (s *server) ListCustomers(ctx context.Context, request ListCustomersRequestObject) (ListCustomersResponseObject, error) {
	call, params := httpx.CallOf(ctx), request.Params
	sort, err := customers.ParseSort(value(params.Sort, ""))
	if err != nil {
		return nil, explainQuery(err)
	}
	from, err := s.cursor(call, value(params.Cursor, ""))
	if err != nil {
		return nil, err
	}
	now, err := s.await(ctx, call, customers.Name)
	if err != nil {
		return nil, err
	}
	list, err := customers.Query(ctx, s.Pool, now.generation, call.Identity.Tenant, sort, query.Page{Limit: int(value(params.Limit, defaultLimit)), From: from})
	if err != nil {
		return nil, explainQuery(err)
	}
	out := struct {
		Data []resource.CustomerFigures `json:"data"`
		Page pageInfo                   `json:"page"`
	}{Data: make([]resource.CustomerFigures, len(list.Customers))}
	for i := range list.Customers {
		out.Data[i] = resource.Figures(&list.Customers[i])
	}
	var links []string
	out.Page, links = s.turn(call, list.Next, list.Previous)
	answer := s.answer(ctx, now, httpx.Marshal(out))
	answer.header[httpx.HeaderLink] = links
	return answer, nil
}

// GetCustomer serves GET /v1/customers/{customer_id}. What was ordered comes from the read model, whether the customer was
// erased from the log.
func (s *server) GetCustomer(ctx context.Context, request GetCustomerRequestObject) (GetCustomerResponseObject, error) {
	call, tenant := httpx.CallOf(ctx), httpx.CallOf(ctx).Identity.Tenant
	now, err := s.await(ctx, call, customers.Name)
	if err != nil {
		return nil, err
	}
	sums, err := customers.Get(ctx, s.Pool, now.generation, tenant, request.CustomerId)
	if err != nil {
		return nil, err
	}
	known, version, err := s.customer(ctx, tenant, request.CustomerId)
	switch {
	case err != nil:
		return nil, err
	case len(sums) == 0 && version == 0:
		return nil, httpx.Errorf("customer_not_found", "Nobody with this id has ordered anything; ids differ by case.")
	}
	body, err := resource.CustomerSummary(ctx, s.opener(now.position), tenant, request.CustomerId, known, version, sums, call.Identity.Viewer())
	if err != nil {
		s.log.WarnContext(ctx, "personal data left out", "request_id", call.RequestID, "error", err)
	}
	answer := s.answer(ctx, now, body)
	answer.header["Vary"] = varyAuthorization
	return answer, nil
}

// customer folds what is known of a customer beyond the orders; version 0 is nothing.
func (s *server) customer(ctx context.Context, tenant, id string) (*customer.Customer, eventstore.Version, error) {
	recorded, err := s.events.Load(ctx, tenant, customer.StreamID(tenant, id), 0)
	if err != nil {
		return nil, 0, err
	}
	known, version := new(customer.Customer), eventstore.Version(0)
	for i := range recorded {
		event, err := eventstore.Decode(&recorded[i], customer.Decode)
		if err != nil {
			return nil, 0, err
		}
		known.Apply(event)
		version = recorded[i].Version
	}
	return known, version, nil
}
