// Package products is the read model of the catalogue: one row a SKU, as it is sold now.
package products

import (
	"cmp"
	"context"
	_ "embed" // the statements
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/projections"
)

// Name is the model's stored name, and that of its table.
const Name = "products"

var (
	//go:embed create.sql
	createStatement string
	//go:embed upsert.sql
	upsertStatement string
	//go:embed select.sql
	selectStatement string
)

// Model builds the catalogue. Its zero value is ready to use.
type Model struct{}

var _ projections.Model = Model{}

// Name returns "products".
func (Model) Name() string { return Name }

// StreamTypes says that the catalogue is made of products.
func (Model) StreamTypes() []string { return []string{catalog.StreamType} }

// Create returns the statement that makes a generation's table.
func (Model) Create(g projections.Generation) []string { return []string{in(g, createStatement)} }

// Index returns the statement that adds the table's key.
func (Model) Index(g projections.Generation) []string {
	return []string{in(g, "alter table {table} add primary key (tenant_id, sku)")}
}

// in puts a generation's table into a statement.
func in(g projections.Generation, statement string) string {
	return strings.ReplaceAll(statement, "{table}", g.Table(Name))
}

// Product is one SKU as it is sold now.
type Product struct {
	catalog.Product
	ListedAt  time.Time // UTC
	UpdatedAt time.Time // when the last event happened, UTC
	Version   int64     // of the product's stream
	Position  int64     // of its last event
}

// row is a product with its tenant.
type row struct {
	tenant string
	Product
}

func byKey(a, b *row) int {
	return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.SKU, b.SKU))
}

// apply moves the row on by one event.
func (r *row) apply(e *projections.Event, fact catalog.Event) {
	r.Apply(fact)
	if listed, ok := fact.(catalog.Listed); ok {
		r.ListedAt = listed.ListedAt
	}
	r.UpdatedAt, r.Version, r.Position = e.OccurredAt, int64(e.Version), int64(e.Position)
}

// encodePrices returns the prices as they are stored.
func (r *row) encodePrices() string {
	data, err := json.Marshal(r.Prices)
	if err != nil {
		panic(err) // strings and integers only: it cannot fail
	}
	return string(data)
}

// encodeChannels returns the channels as JSON: unnest would flatten an array of arrays.
func (r *row) encodeChannels() string {
	data, err := json.Marshal(append([]string{}, r.Channels...))
	if err != nil {
		panic(err) // strings only: it cannot fail
	}
	return string(data)
}

// Apply folds a frame: it reads the rows that the frame changes, if they are older than the frame, and writes every
// row once.
func (Model) Apply(ctx context.Context, tx pgx.Tx, g projections.Generation, events []projections.Event) error {
	byStream, err := older(ctx, tx, g, events)
	if err != nil {
		return err
	}
	changed := []*row{}
	for i := range events {
		e := &events[i]
		fact, ok := e.Body.(catalog.Event)
		if !ok {
			continue
		}
		r := byStream[e.Stream]
		if r == nil {
			if _, listed := fact.(catalog.Listed); !listed {
				return fmt.Errorf("products: product %s at position %d: %s comes before the product", e.Stream, e.Position, e.Type)
			}
			r = &row{tenant: e.Tenant}
			byStream[e.Stream] = r
		}
		if r.Version == 0 { // the first event of this frame
			changed = append(changed, r)
		}
		r.apply(e, fact)
	}
	if len(changed) == 0 {
		return nil
	}
	slices.SortFunc(changed, byKey)
	if _, err := tx.Exec(ctx, in(g, upsertStatement), arguments(changed)...); err != nil {
		return fmt.Errorf("products: write %d rows: %w", len(changed), err)
	}
	return nil
}

// older loads the rows of the products that the events go on with. Their version is 0 until an event is applied.
func older(ctx context.Context, tx pgx.Tx, g projections.Generation, events []projections.Event) (map[uuid.UUID]*row, error) {
	var tenants, skus []string
	seen := make(map[uuid.UUID]bool)
	for i := range events {
		e := &events[i]
		fact, ok := e.Body.(catalog.Event)
		if !ok {
			continue
		}
		if sku := skuOf(fact); !seen[e.Stream] && sku != "" {
			tenants, skus = append(tenants, e.Tenant), append(skus, sku)
		}
		seen[e.Stream] = true
	}
	byStream := make(map[uuid.UUID]*row, len(seen))
	if len(skus) == 0 {
		return byStream, nil
	}
	rows, err := tx.Query(ctx, in(g, selectStatement)+
		"join unnest($1::text[], $2::text[]) as f (tenant_id, sku) on t.tenant_id = f.tenant_id and t.sku = f.sku", tenants, skus)
	if err != nil {
		return nil, fmt.Errorf("products: load rows: %w", err)
	}
	loaded, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("products: load rows: %w", err)
	}
	for _, r := range loaded {
		r.Version = 0
		byStream[catalog.StreamID(r.tenant, r.SKU)] = r
	}
	return byStream, nil
}

// skuOf returns the SKU that an event goes on with, or nothing for one that begins a product.
func skuOf(fact catalog.Event) string {
	switch f := fact.(type) {
	case catalog.Listed:
		return ""
	case catalog.PriceChanged:
		return f.SKU
	case catalog.Renamed:
		return f.SKU
	case catalog.TaxClassChanged:
		return f.SKU
	case catalog.ShippingRequirementChanged:
		return f.SKU
	case catalog.WeightChanged:
		return f.SKU
	case catalog.ChannelsChanged:
		return f.SKU
	case catalog.Delisted:
		return f.SKU
	case catalog.Relisted:
		return f.SKU
	}
	return ""
}

// scan reads one row of select.sql.
func scan(from pgx.CollectableRow) (*row, error) {
	var (
		r      row
		prices []byte
	)
	if err := from.Scan(&r.tenant, &r.SKU, &r.Name, &prices, &r.TaxClass, &r.RequiresShipping, &r.Sellable, &r.Weight,
		&r.Channels, &r.ListedAt, &r.UpdatedAt, &r.Version, &r.Position); err != nil {
		return nil, err
	}
	r.ListedAt, r.UpdatedAt = r.ListedAt.UTC(), r.UpdatedAt.UTC()
	if len(r.Channels) == 0 {
		r.Channels = nil
	}
	if err := json.Unmarshal(prices, &r.Prices); err != nil {
		return nil, fmt.Errorf("prices of SKU %q: %w", r.SKU, err)
	}
	return &r, nil
}

// arguments returns the arguments of upsert.sql.
func arguments(rows []*row) []any {
	return []any{
		list(rows, func(r *row) string { return r.tenant }), list(rows, func(r *row) string { return r.SKU }),
		list(rows, func(r *row) string { return r.Name }), list(rows, (*row).encodePrices),
		list(rows, func(r *row) string { return r.TaxClass }), list(rows, func(r *row) bool { return r.RequiresShipping }),
		list(rows, func(r *row) bool { return r.Sellable }), list(rows, func(r *row) int64 { return r.Weight }),
		list(rows, (*row).encodeChannels), list(rows, func(r *row) time.Time { return r.ListedAt }),
		list(rows, func(r *row) time.Time { return r.UpdatedAt }), list(rows, func(r *row) int64 { return r.Version }),
		list(rows, func(r *row) int64 { return r.Position }),
	}
}

// list turns rows into one column of a statement's arrays.
func list[T any](rows []*row, value func(*row) T) []T {
	values := make([]T, len(rows))
	for i, r := range rows {
		values[i] = value(r)
	}
	return values
}
