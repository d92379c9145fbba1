package write

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/stock"
)

// ListProduct serves POST /v1/products.
func (s *server) ListProduct(ctx context.Context, request ListProductRequestObject) (ListProductResponseObject, error) {
	in := request.Body
	command := commands.ListProduct{Product: catalog.List{
		SKU: in.Sku, Name: in.Name, Prices: amounts(in.Prices), TaxClass: value(in.TaxClass, ""),
		RequiresShipping: value(in.RequiresShipping, true), Sellable: value(in.Sellable, true), At: s.Now(),
	}}
	return s.execute(ctx, command, func(o commands.Outcome) rendered {
		status := http.StatusOK
		if o.Created {
			status = http.StatusCreated
		}
		return rendered{status, "/v1/products/" + url.PathEscape(in.Sku), renderProduct(o)}
	})
}

// UpdateProduct serves PATCH /v1/products/{sku}.
func (s *server) UpdateProduct(ctx context.Context, request UpdateProductRequestObject) (UpdateProductResponseObject, error) {
	in := request.Body
	change := catalog.Update{SKU: request.Sku, Name: in.Name, Sellable: in.Sellable, TaxClass: in.TaxClass, At: s.Now()}
	if in.Prices != nil {
		change.Prices = amounts(*in.Prices)
	}
	return s.execute(ctx, commands.UpdateProduct{SKU: request.Sku, Change: change}, func(o commands.Outcome) rendered {
		return rendered{status: http.StatusOK, body: renderProduct(o)}
	})
}

// ReceiveStock serves POST /v1/inventory/{sku}/receive.
func (s *server) ReceiveStock(ctx context.Context, request ReceiveStockRequestObject) (ReceiveStockResponseObject, error) {
	in := request.Body
	command := commands.ReceiveStock{
		SKU: request.Sku, LocationID: value(in.LocationId, stock.MainLocation), Quantity: in.Quantity, Reference: value(in.Reference, ""), At: s.Now(),
	}
	return s.execute(ctx, command, func(o commands.Outcome) rendered {
		levels := &stock.Levels{}
		if state, ok := o.State.(*stock.Stock); ok && state != nil {
			levels = &state.Levels
		}
		return rendered{status: http.StatusOK, body: resource.Inventory(request.Sku, levels)}
	})
}

func renderProduct(o commands.Outcome) []byte {
	product, ok := o.State.(*catalog.Product)
	if !ok || product == nil {
		product = &catalog.Product{}
	}
	return resource.Product(product, o.Version)
}

func amounts(in []contract.Money) []money.Amount {
	out := make([]money.Amount, len(in))
	for i, m := range in {
		out[i] = money.Amount{Minor: m.Amount, Currency: m.Currency}
	}
	return out
}

// value returns what p points to, or a default.
func value[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
