package read

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/documents"
	"github.com/ordermill/ordermill/projections/products"
	"github.com/ordermill/ordermill/projections/query"
)

// VisitListProductsResponse implements the generated response.
func (p page) VisitListProductsResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetProductResponse implements the generated response.
func (p page) VisitGetProductResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetInventoryResponse implements the generated response.
func (p page) VisitGetInventoryResponse(w http.ResponseWriter) error { return p.write(w) }

func noSuchProduct(sku string) error {
	return httpx.Errorf(httpx.CodeProductNotFound, "There is no product with the SKU %q; SKUs differ by case.", sku)
}

// ListProducts serves GET /v1/products.
func (s *server) ListProducts(ctx context.Context, request ListProductsRequestObject) (ListProductsResponseObject, error) {
	call := httpx.CallOf(ctx)
	from, err := s.cursor(call, value(request.Params.Cursor, ""))
	if err != nil {
		return nil, err
	}
	now, err := s.await(ctx, call, products.Name)
	if err != nil {
		return nil, err
	}
	list, err := products.Query(ctx, s.Pool, now.generation, call.Identity.Tenant, query.Page{Limit: int(value(request.Params.Limit, defaultLimit)), From: from})
	if err != nil {
		return nil, explainQuery(err)
	}
	out := struct {
		Data []json.RawMessage `json:"data"`
		Page pageInfo          `json:"page"`
	}{Data: make([]json.RawMessage, len(list.Products))}
	for i := range list.Products {
		p := &list.Products[i]
		out.Data[i] = resource.Product(&p.Product, eventstore.Version(p.Version))
	}
	var links []string
	out.Page, links = s.turn(call, list.Next, list.Previous)
	answer := s.answer(ctx, now, httpx.Marshal(out))
	answer.header[httpx.HeaderLink] = links
	return answer, nil
}

// GetProduct serves GET /v1/products/{sku}.
func (s *server) GetProduct(ctx context.Context, request GetProductRequestObject) (GetProductResponseObject, error) {
	call := httpx.CallOf(ctx)
	found, now, err := s.product(ctx, call, request.Sku)
	if err != nil {
		return nil, err
	}
	answer := s.answer(ctx, now, resource.Product(&found.Product, eventstore.Version(found.Version)))
	answer.header[httpx.HeaderETag] = []string{httpx.ETag(eventstore.Version(found.Version))}
	return answer, nil
}

func (s *server) product(ctx context.Context, call *httpx.Call, sku string) (products.Product, current, error) {
	now, err := s.await(ctx, call, products.Name)
	if err != nil {
		return products.Product{}, now, err
	}
	found, err := products.Get(ctx, s.Pool, now.generation, call.Identity.Tenant, sku)
	if err != nil {
		return products.Product{}, now, err
	}
	p, ok := found[sku]
	if !ok {
		return products.Product{}, now, noSuchProduct(sku)
	}
	return p, now, nil
}

// GetInventory serves GET /v1/inventory/{sku}. A product that was never received has no stock, which is zero.
func (s *server) GetInventory(ctx context.Context, request GetInventoryRequestObject) (GetInventoryResponseObject, error) {
	call := httpx.CallOf(ctx)
	need, err := s.need(ctx, call)
	if err != nil {
		return nil, err
	}
	m := s.memory()
	key := documents.Key{Tenant: call.Identity.Tenant, Stream: stock.StreamID(call.Identity.Tenant, request.Sku)}
	a, err := s.Reader.Stock(ctx, call.Identity.Tenant, request.Sku, max(need, m.cache.Floor(key)))
	if err != nil {
		return nil, explain(err)
	}
	levels := stock.Levels{SKU: request.Sku}
	if a.Found() {
		if err := json.Unmarshal(a.Body, &levels); err != nil {
			return nil, fmt.Errorf("document of stock %s: %w", a.Key.Stream, err)
		}
	} else if _, _, err := s.product(ctx, call, request.Sku); err != nil {
		return nil, err
	}
	m.cache.Changed(key.Tenant, key.Stream, a.Position) // no later answer goes back behind this one
	rules, _, err := s.settingsOf(ctx, call)
	if err != nil {
		return nil, err
	}
	call.Position = a.Proven
	answer := s.answer(ctx, current{position: a.Proven}, resource.Inventory(request.Sku, &levels, rules.PickOrder()))
	if a.Found() {
		answer.header[httpx.HeaderETag] = []string{httpx.ETag(a.Version)}
	}
	answer.header[httpx.HeaderCache] = cacheMiss
	if a.Source == documents.SourceRedis {
		answer.header[httpx.HeaderCache] = cacheHit
	}
	return answer, nil
}
