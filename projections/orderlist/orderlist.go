// Package orderlist is the read model that orders are searched in: one row an order, with its statuses, sums and SKUs,
// filters over them, and pages by keys that cost the same wherever they are in the list.
//
// The row holds all that later events need to change it, so an event costs no look at the order's past.
package orderlist

import (
	"context"
	_ "embed" // the statements
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections"
)

// Name is the model's stored name, and that of its table.
const Name = "order_list"

var (
	//go:embed create.sql
	createStatement string
	//go:embed insert.sql
	insertStatement string
	//go:embed update.sql
	updateStatement string
	//go:embed state.sql
	stateStatement string
)

// indexes are those of one generation: one for each sort, and those of the filters that pick few of many orders.
var indexes = []string{
	"alter table {table} add primary key (tenant_id, order_id)",
	"create index on {table} (tenant_id, placed_at, order_id)",
	"create index on {table} (tenant_id, updated_at, order_id)",
	"create index on {table} (tenant_id, order_number, order_id)",
	"create index on {table} (tenant_id, total, order_id)",
	"create index on {table} (tenant_id, status, placed_at, order_id)",
	"create index on {table} (tenant_id, customer_id, placed_at, order_id) where customer_id <> ''",
	"create index on {table} (tenant_id, external_id) where external_id <> ''",
	"create index on {table} using gin (skus)",
}

// Model builds the order list. Its zero value is ready to use.
type Model struct{}

var _ projections.Model = Model{}

// Name returns "order_list".
func (Model) Name() string { return Name }

// StreamTypes says that the list is made of orders.
func (Model) StreamTypes() []string { return []string{order.StreamType} }

// Create returns the statement that makes a generation's table.
func (Model) Create(g projections.Generation) []string { return []string{in(g, createStatement)} }

// Index returns the statements that add the table's key and indexes.
func (Model) Index(g projections.Generation) []string {
	statements := make([]string, len(indexes))
	for i, index := range indexes {
		statements[i] = in(g, index)
	}
	return statements
}

// in puts a generation's table into a statement.
func in(g projections.Generation, statement string) string {
	return strings.ReplaceAll(statement, "{table}", g.Table(Name))
}

// Apply folds a frame: it reads the rows that the frame changes, if they are older than the frame, and writes every
// row once.
func (Model) Apply(ctx context.Context, tx pgx.Tx, g projections.Generation, events []projections.Event) error {
	rows, err := older(ctx, tx, g, events)
	if err != nil {
		return err
	}
	added, changed := []*row{}, []*row{}
	for i := range events {
		e := &events[i]
		fact, ok := e.Body.(order.Event)
		if !ok {
			continue
		}
		k := key{e.Tenant, e.Stream}
		r, there := rows[k]
		switch {
		case begins(fact):
			r = &row{key: k}
			rows[k] = r
			added = append(added, r)
		case !there:
			return fmt.Errorf("order list: order %s at position %d: %s comes before the order", e.Stream, e.Position, e.Type)
		case r.version == 0: // loaded, and not changed so far
			changed = append(changed, r)
		}
		if err := r.apply(e, fact); err != nil {
			return err
		}
	}
	return write(ctx, tx, g, added, changed)
}

// begins reports whether an order's stream begins with the event.
func begins(fact order.Event) bool {
	switch fact.(type) {
	case order.Placed, order.Imported:
		return true
	default:
		return false
	}
}

// older loads the rows of the orders that the events go on with.
func older(ctx context.Context, tx pgx.Tx, g projections.Generation, events []projections.Event) (map[key]*row, error) {
	var (
		rows    = make(map[key]*row, len(events))
		seen    = make(map[key]bool, len(events))
		tenants []string
		ids     []uuid.UUID
	)
	for i := range events {
		e := &events[i]
		fact, ok := e.Body.(order.Event)
		if !ok {
			continue
		}
		k := key{e.Tenant, e.Stream}
		if !seen[k] && !begins(fact) {
			tenants, ids = append(tenants, e.Tenant), append(ids, e.Stream)
		}
		seen[k] = true
	}
	if len(ids) == 0 {
		return rows, nil
	}
	loaded, err := tx.Query(ctx, in(g, stateStatement), tenants, ids)
	if err != nil {
		return nil, fmt.Errorf("order list: load rows: %w", err)
	}
	defer loaded.Close()
	for loaded.Next() {
		r := &row{}
		var (
			payments []byte
			t        times
		)
		if err := loaded.Scan(&r.tenant, &r.id, &r.status, &r.total, &r.released, &r.credited, &r.units, &r.unitsCanceled,
			&r.unitsToShip, &r.unitsDelivered, &r.unitsReturned, &payments, &r.placedAt, &t.confirmed, &t.completed,
			&t.canceled, &t.expires, &r.updatedAt); err != nil {
			return nil, fmt.Errorf("order list: load rows: %w", err)
		}
		t.into(r)
		if err := json.Unmarshal(payments, &r.payments); err != nil {
			return nil, fmt.Errorf("order list: payments of order %s: %w", r.id, err)
		}
		rows[r.key] = r
	}
	if err := loaded.Err(); err != nil {
		return nil, fmt.Errorf("order list: load rows: %w", err)
	}
	return rows, nil
}

// write stores new and changed rows in key order, in one round trip.
func write(ctx context.Context, tx pgx.Tx, g projections.Generation, added, changed []*row) error {
	if len(added)+len(changed) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	if len(added) > 0 {
		slices.SortFunc(added, byKey)
		batch.Queue(in(g, insertStatement), insertColumns(added)...)
	}
	if len(changed) > 0 {
		slices.SortFunc(changed, byKey)
		batch.Queue(in(g, updateStatement), updateColumns(changed)...)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("order list: write %d rows: %w", len(added)+len(changed), err)
	}
	return nil
}
