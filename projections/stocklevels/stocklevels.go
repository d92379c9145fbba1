// Package stocklevels is the read model of stock: how many units of a SKU each location has, and how many of them are
// set aside or promised. It may lag; no decision reads it.
package stocklevels

import (
	"context"
	_ "embed" // the statements
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/projections"
)

// Name is the model's stored name, and that of its table.
const Name = "stock"

var (
	//go:embed create.sql
	createStatement string
	//go:embed upsert.sql
	upsertStatement string
	//go:embed select.sql
	selectStatement string
)

// Model builds the stock levels. Its zero value is ready to use.
type Model struct{}

var _ projections.Model = Model{}

// Name returns "stock".
func (Model) Name() string { return Name }

// StreamTypes says that the levels are made of stock.
func (Model) StreamTypes() []string { return []string{stock.StreamType} }

// Create returns the statement that makes a generation's table.
func (Model) Create(g projections.Generation) []string { return []string{in(g, createStatement)} }

// Index returns the statement that adds the table's key.
func (Model) Index(g projections.Generation) []string {
	return []string{in(g, "alter table {table} add primary key (tenant_id, sku, location_id)")}
}

// in puts a generation's table into a statement.
func in(g projections.Generation, statement string) string {
	return strings.ReplaceAll(statement, "{table}", g.Table(Name))
}

// changes is what a frame does to one SKU: counts to be added, which may be negative.
type changes struct {
	tenant, sku string
	levels      stock.Levels
	marks       []mark
}

// Apply folds a frame: it adds up what the frame does to each SKU and location, and adds that to the rows in one
// statement. An event repeats all that it changes, so no row needs to be read.
func (Model) Apply(ctx context.Context, tx pgx.Tx, g projections.Generation, events []projections.Event) error {
	byStream := make(map[uuid.UUID]*changes)
	for i := range events {
		e := &events[i]
		fact, ok := e.Body.(stock.Event)
		if !ok {
			continue
		}
		c := byStream[e.Stream]
		if c == nil {
			c = &changes{tenant: e.Tenant, sku: skuOf(fact)}
			byStream[e.Stream] = c
		}
		c.levels.Apply(fact)
		c.marks = touch(c.marks, e, fact)
	}
	if len(byStream) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, in(g, upsertStatement), arguments(byStream)...); err != nil {
		return fmt.Errorf("stock levels: write %d SKUs: %w", len(byStream), err)
	}
	return nil
}

// arguments returns the arguments of upsert.sql, in key order.
func arguments(byStream map[uuid.UUID]*changes) []any {
	var rows []row
	for _, c := range byStream {
		rows = appendRows(rows, c.tenant, c.sku, &c.levels, c.marks)
	}
	slices.SortFunc(rows, byKey)
	return []any{
		list(rows, func(r *row) string { return r.tenant }), list(rows, func(r *row) string { return r.sku }),
		list(rows, func(r *row) string { return r.at.ID }), list(rows, func(r *row) int64 { return r.at.OnHand }),
		list(rows, func(r *row) int64 { return r.at.Reserved }), list(rows, func(r *row) int64 { return r.at.Committed }),
		list(rows, func(r *row) int64 { return r.at.Incoming }), list(rows, func(r *row) int64 { return r.at.Damaged }),
		list(rows, func(r *row) int64 { return r.at.QualityControl }),
		list(rows, func(r *row) int64 { return r.at.SafetyStock }),
		list(rows, func(r *row) int64 { return r.mark.version }), list(rows, func(r *row) int64 { return r.mark.position }),
		list(rows, func(r *row) time.Time { return r.mark.updated }),
	}
}

// list turns rows into one column of a statement's arrays.
func list[T any](rows []row, value func(*row) T) []T {
	values := make([]T, len(rows))
	for i := range rows {
		values[i] = value(&rows[i])
	}
	return values
}
