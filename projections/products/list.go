package products

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/query"
)

// Get returns those of the SKUs that were ever listed, by SKU.
func Get(ctx context.Context, db query.DB, g projections.Generation, tenant string, skus ...string) (map[string]Product, error) {
	asked := make([]string, 0, len(skus))
	for _, sku := range skus {
		if query.Storable(sku) {
			asked = append(asked, sku)
		}
	}
	rows, err := read(ctx, db, tenant, in(g, selectStatement)+"where t.tenant_id = $1 and t.sku = any ($2::text[])", tenant, asked)
	if err != nil {
		return nil, fmt.Errorf("products %q: %w", asked, err)
	}
	found := make(map[string]Product, len(rows))
	for _, p := range rows {
		found[p.SKU] = p
	}
	return found, nil
}

// List is a page of products, by SKU bytewise.
type List struct {
	Products []Product
	Next     *query.Cursor // nil: there is no such page
	Previous *query.Cursor
}

// Query returns a page of a tenant's products. It fails with a *query.Error if the page's limit is out of range.
func Query(ctx context.Context, db query.DB, g projections.Generation, tenant string, page query.Page) (List, error) {
	if err := page.Check(); err != nil {
		return List{}, err
	}
	statement, args := in(g, selectStatement)+"where t.tenant_id = $1", []any{tenant, page.Limit + 1}
	direction := ""
	if page.Back() {
		direction = " desc"
	}
	if page.From != nil {
		if !query.Storable(page.From.Key) {
			return List{}, &query.Error{Parameter: "cursor", Message: "the cursor is not one of this list; begin again without it"}
		}
		statement += map[bool]string{false: " and t.sku > $3", true: " and t.sku < $3"}[page.Back()]
		args = append(args, page.From.Key)
	}
	rows, err := read(ctx, db, tenant, statement+" order by t.sku"+direction+" limit $2", args...)
	if err != nil {
		return List{}, fmt.Errorf("products: %w", err)
	}
	var list List
	list.Products, list.Next, list.Previous = query.Turn(page, rows, func(p *Product) query.Cursor { return query.Cursor{Key: p.SKU} })
	return list, nil
}

func read(ctx context.Context, db query.DB, tenant, statement string, args ...any) ([]Product, error) {
	var products []Product
	err := query.Send(ctx, db, tenant, func(batch *pgx.Batch) {
		batch.Queue(statement, args...).Query(func(rows pgx.Rows) error {
			found, err := pgx.CollectRows(rows, scan)
			for _, r := range found {
				products = append(products, r.Product)
			}
			return err
		})
	})
	return products, err
}
