package read

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections/orderlist"
	"github.com/ordermill/ordermill/projections/query"
)

// defaultLimit is how many rows a page has unless the client says otherwise.
const defaultLimit = 50

// pageInfo is the end of every list.
type pageInfo struct {
	NextCursor *string `json:"next_cursor"`
	PrevCursor *string `json:"prev_cursor"`
	HasMore    bool    `json:"has_more"`
}

type count struct {
	Value    int64              `json:"value"`
	Relation orderlist.Relation `json:"relation"`
}

// orderSummary is an order in a list.
type orderSummary struct {
	ID                uuid.UUID               `json:"id"`
	Number            string                  `json:"order_number"`
	Version           int64                   `json:"version"`
	ExternalID        string                  `json:"external_id,omitempty"`
	Channel           string                  `json:"channel"`
	Currency          string                  `json:"currency"`
	CustomerID        string                  `json:"customer_id,omitempty"`
	Country           string                  `json:"country,omitempty"`
	Status            order.Status            `json:"status"`
	PaymentStatus     order.PaymentStatus     `json:"payment_status"`
	FulfillmentStatus order.FulfillmentStatus `json:"fulfillment_status"`
	ReturnStatus      order.ReturnStatus      `json:"return_status"`
	Total             money.Amount            `json:"total"`
	CurrentTotal      money.Amount            `json:"current_total"`
	AmountDue         money.Amount            `json:"amount_due"`
	AmountOwed        money.Amount            `json:"amount_owed_to_customer"`
	LineCount         int                     `json:"line_count"`
	Units             int64                   `json:"units"`
	UnitsCanceled     int64                   `json:"units_canceled"`
	UnitsReturned     int64                   `json:"units_returned"`
	OpenUnits         int64                   `json:"open_units"`
	Backordered       int64                   `json:"backordered_units"`
	OnHold            bool                    `json:"on_hold"`
	HoldReasons       []string                `json:"hold_reasons,omitempty"`
	Tags              []string                `json:"tags,omitempty"`
	SKUs              []string                `json:"skus"`
	PlacedAt          resource.Time           `json:"placed_at"`
	ConfirmedAt       resource.Time           `json:"confirmed_at,omitzero"`
	CompletedAt       resource.Time           `json:"completed_at,omitzero"`
	CanceledAt        resource.Time           `json:"canceled_at,omitzero"`
	ExpiresAt         resource.Time           `json:"expires_at,omitzero"`
	ShipBy            resource.Time           `json:"ship_by,omitzero"`
	DueAt             resource.Time           `json:"due_at,omitzero"`
	DueKind           orderlist.DueKind       `json:"due_kind,omitempty"`
	DueHold           uuid.UUID               `json:"due_hold_id,omitzero"`
	ArchivedAt        resource.Time           `json:"archived_at,omitzero"`
	UpdatedAt         resource.Time           `json:"updated_at"`
}

// VisitListOrdersResponse implements the generated response.
func (p page) VisitListOrdersResponse(w http.ResponseWriter) error { return p.write(w) }

// ListOrders serves GET /v1/orders.
func (s *server) ListOrders(ctx context.Context, request ListOrdersRequestObject) (ListOrdersResponseObject, error) {
	call := httpx.CallOf(ctx)
	filter, err := filterOf(call)
	if err != nil {
		return nil, err
	}
	params := request.Params
	sort, err := orderlist.ParseSort(value(params.Sort, ""))
	if err != nil {
		return nil, explainQuery(err)
	}
	from, err := s.cursor(call, value(params.Cursor, ""))
	if err != nil {
		return nil, err
	}
	now, err := s.await(ctx, call, orderlist.Name)
	if err != nil {
		return nil, err
	}
	list, err := orderlist.Query(ctx, s.Pool, now.generation, call.Identity.Tenant, orderlist.Request{
		Filter: filter, Sort: sort, Count: orderlist.CountMode(value(params.Count, contract.ListOrdersParamsCount(""))),
		Page: query.Page{Limit: int(value(params.Limit, defaultLimit)), From: from},
	})
	if err != nil {
		return nil, explainQuery(err)
	}
	out := struct {
		Data  []orderSummary `json:"data"`
		Page  pageInfo       `json:"page"`
		Count *count         `json:"count,omitempty"`
	}{Data: make([]orderSummary, len(list.Orders))}
	staff := call.Identity.Viewer().Staff
	for i := range list.Orders {
		if out.Data[i] = summarize(&list.Orders[i]); !staff {
			out.Data[i].forCustomers()
		}
	}
	if list.Count != nil {
		out.Count = &count{list.Count.Value, list.Count.Relation}
	}
	var links []string
	out.Page, links = s.turn(call, list.Next, list.Previous)
	answer := s.answer(ctx, now, httpx.Marshal(out))
	answer.header[httpx.HeaderLink] = links
	return answer, nil
}

// staffFields are the fields of the list that customers neither see nor filter by.
var staffFields = map[string]bool{"tag": true, "hold_reason": true, "ship_by": true, "due": true}

// forCustomers leaves out what is only for staff: why an order is held, and what there is to do with it.
func (o *orderSummary) forCustomers() {
	o.Tags, o.HoldReasons, o.ShipBy = nil, nil, resource.Time{}
	o.DueAt, o.DueKind, o.DueHold = resource.Time{}, "", uuid.Nil
}

func summarize(o *orderlist.Order) orderSummary {
	m := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: o.Currency} }
	return orderSummary{
		ID: o.ID, Number: o.Number, Version: o.Version, ExternalID: o.ExternalID, Channel: o.Channel, Currency: o.Currency,
		CustomerID: o.CustomerID, Country: o.Country, Status: o.Status, PaymentStatus: o.Payment, FulfillmentStatus: o.Fulfillment,
		ReturnStatus: o.Return, Total: m(o.Total), CurrentTotal: m(o.TotalNow), AmountDue: m(o.AmountDue), AmountOwed: m(o.AmountOwed),
		LineCount: o.Lines, Units: o.Units, UnitsCanceled: o.Canceled, UnitsReturned: o.Returned, SKUs: o.SKUs,
		OpenUnits: o.Open, Backordered: o.Backordered, OnHold: o.OnHold(), HoldReasons: o.HoldReasons, Tags: o.Tags,
		PlacedAt: resource.Time(o.PlacedAt), ConfirmedAt: resource.Time(o.ConfirmedAt), CompletedAt: resource.Time(o.CompletedAt),
		CanceledAt: resource.Time(o.CanceledAt), ExpiresAt: resource.Time(o.ExpiresAt), UpdatedAt: resource.Time(o.UpdatedAt),
		ShipBy: resource.Time(o.ShipBy), DueAt: resource.Time(o.DueAt), DueKind: o.DueKind, DueHold: o.DueHold, ArchivedAt: resource.Time(o.ArchivedAt),
	}
}

// filterOf reads the filters of a query, sorted by their names. A customer's list is that of its own orders.
func filterOf(call *httpx.Call) (orderlist.Filter, error) {
	var filter orderlist.Filter
	for _, name := range slices.Sorted(maps.Keys(call.Query)) {
		inside, ok := strings.CutPrefix(name, "filter[")
		if !ok {
			continue
		}
		inside, closed := strings.CutSuffix(inside, "]")
		field, op, hasOp := strings.Cut(inside, "][")
		if !closed || hasOp && op == "" || strings.ContainsAny(field+op, "[]") {
			return nil, explainQuery(query.Unknown(name, "form", name, []string{"filter[field]", "filter[field][op]"}))
		}
		values := []string{call.Query.Get(name)}
		if op == string(orderlist.In) {
			values = strings.Split(values[0], ",")
		}
		if !call.Identity.Viewer().Staff { // what is not shown cannot be asked for
			switch {
			case staffFields[field]:
				return nil, explainQuery(query.Unknown(name, "field", field, slices.DeleteFunc(orderlist.Fields(), func(f string) bool { return staffFields[f] })))
			case field == "has" && slices.Contains(values, "hold"):
				return nil, explainQuery(&query.Error{Parameter: name, Message: "hold is for staff"})
			}
		}
		filter = append(filter, orderlist.Condition{Field: field, Op: orderlist.Op(op), Values: values})
	}
	if customer, own := call.Identity.Customer(); own {
		filter = append(filter, orderlist.Condition{Field: "customer_id", Op: orderlist.Eq, Values: []string{customer}})
	}
	return filter, nil
}

// explainQuery gives the errors of queries their meaning.
func explainQuery(err error) error {
	var fault *query.Error
	if !errors.As(err, &fault) {
		return err
	}
	code := httpx.CodeValidationFailed
	switch {
	case fault.Parameter == "cursor":
		code = httpx.CodeInvalidCursor
	case fault.Unknown:
		code = httpx.CodeUnknownFilter
	}
	f := httpx.Fault{Parameter: fault.Parameter, Code: code, Detail: fault.Message}
	if len(fault.Allowed) > 0 {
		f.Meta = map[string]any{"allowed": fault.Allowed}
	}
	return &httpx.Error{Code: code, Detail: fault.Error(), Faults: []httpx.Fault{f}}
}

// identityOfList is what a cursor is bound to: everything of the query that decides which rows there are and in which
// order, and whose they are.
func identityOfList(call *httpx.Call) string {
	bound := url.Values{}
	for name, values := range call.Query {
		switch name {
		case "cursor", "limit", "count", "consistency_token":
		default:
			bound[name] = values
		}
	}
	customer := ""
	if subject, own := call.Identity.Customer(); own {
		customer = subject
	}
	return call.Route.Operation + "?" + bound.Encode() + "#" + call.Identity.Tenant + " " + customer
}

// cursor reads a cursor of the list that is asked for; nil without one.
func (s *server) cursor(call *httpx.Call, text string) (*query.Cursor, error) {
	if text == "" {
		return nil, nil // the first page has no cursor
	}
	place, err := s.Tokens.ParseCursor(identityOfList(call), text)
	if err != nil {
		return nil, err
	}
	var c query.Cursor
	if err := json.Unmarshal([]byte(place), &c); err != nil {
		return nil, &httpx.Error{Code: httpx.CodeInvalidCursor, Detail: "Begin again without the cursor.", Cause: err}
	}
	return &c, nil
}

// turn returns the end of a list and its Link header (RFC 8288).
func (s *server) turn(call *httpx.Call, next, previous *query.Cursor) (pageInfo, []string) {
	identity := identityOfList(call)
	link := func(rel, cursor string) string {
		q := maps.Clone(call.Query)
		if q == nil {
			q = url.Values{}
		}
		delete(q, "cursor")
		delete(q, "consistency_token")
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		target := call.Path
		if len(q) > 0 {
			target += "?" + q.Encode()
		}
		return "<" + target + `>; rel="` + rel + `"`
	}
	info := pageInfo{HasMore: next != nil}
	links := []string{}
	for _, neighbour := range [...]struct {
		rel   string
		place *query.Cursor
		into  **string
	}{{"next", next, &info.NextCursor}, {"prev", previous, &info.PrevCursor}} {
		if neighbour.place == nil {
			continue
		}
		cursor := s.Tokens.Cursor(identity, string(httpx.Marshal(neighbour.place)))
		*neighbour.into = &cursor
		links = append(links, link(neighbour.rel, cursor))
	}
	links = append(links, link("first", ""))
	return info, []string{strings.Join(links, ", ")}
}

// value returns what p points to, or a default.
func value[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
