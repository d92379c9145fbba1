package write

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
)

func listProduct(_ context.Context, r *request, in *contract.NewProduct) (commands.Command, error) {
	return commands.ListProduct{Product: catalog.List{
		SKU: in.Sku, Name: in.Name, Prices: amounts(in.Prices), TaxClass: value(in.TaxClass, ""),
		RequiresShipping: value(in.RequiresShipping, true), Sellable: value(in.Sellable, true), Weight: value(in.WeightGrams, 0),
		Channels: value(in.Channels, nil), At: r.at,
	}}, nil
}

func updateProduct(_ context.Context, r *request, in *contract.ProductChange) (commands.Command, error) {
	change := catalog.Update{
		SKU: r.path("sku"), Name: in.Name, Sellable: in.Sellable, TaxClass: in.TaxClass, RequiresShipping: in.RequiresShipping,
		Weight: in.WeightGrams, Channels: in.Channels, At: r.at,
	}
	if in.Prices != nil {
		change.Prices = amounts(*in.Prices)
	}
	return commands.UpdateProduct{SKU: change.SKU, Change: change}, nil
}

// maxColumns bounds the columns of a table: there are about 180 currencies.
const maxColumns = 300

// importProducts lists what a table holds, all or nothing. The body is CSV.
func (s *server) importProducts(ctx context.Context, r *request) (answer, error) {
	header, _, _ := bytes.Cut(r.Body, []byte("\n"))
	if n := bytes.Count(header, []byte(",")); n > maxColumns {
		return answer{}, invalid("/rows/1", fmt.Sprintf("a table has at most %d columns, not %d", maxColumns, n+1))
	}
	var command commands.ListProducts
	err := catalog.ReadCSV(bytes.NewReader(r.Body), func(_ int, product catalog.List) error {
		product.At = r.at
		command.Products = append(command.Products, product)
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	return s.execute(ctx, r, command, func(commands.Outcome) rendered {
		return rendered{status: http.StatusOK, body: httpx.Marshal(struct {
			Rows int `json:"rows"`
		}{len(command.Products)})}
	})
}

// product renders a product.
func product(*request) func(commands.Outcome) rendered {
	return func(o commands.Outcome) rendered {
		return rendered{status: http.StatusOK, body: resource.Product(stateOf[catalog.Product](o), o.Version)}
	}
}

// listed renders a product that may be new.
func listed(r *request) func(commands.Outcome) rendered {
	return func(o commands.Outcome) rendered {
		out := product(r)(o)
		out.location = "/v1/products/" + pathSegment(stateOf[catalog.Product](o).SKU)
		if o.Created {
			out.status = http.StatusCreated
		}
		return out
	}
}

func amounts(in []contract.Money) []money.Amount {
	out := make([]money.Amount, len(in))
	for i, m := range in {
		out[i] = money.Amount{Minor: m.Amount, Currency: m.Currency}
	}
	return out
}

// pathSegment escapes a name for a path.
func pathSegment(name string) string { return url.PathEscape(name) }
