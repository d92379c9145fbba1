// Package orderlist is the read model that orders are searched in: one row an order, with its statuses, sums and SKUs,
// filters over them, and pages by keys that cost the same wherever they are in the list.
//
// The row holds all that later events need to change it, so an event costs no look at the order's past: sums of an order
// that is as it was placed or is over, and for the time between what package order needs to fold its events.
package orderlist

import (
	"context"
	_ "embed" // the statements
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
	//go:embed renew.sql
	renewStatement string
	//go:embed state.sql
	stateStatement string
)

// index is one of a generation's.
type index struct {
	statement string
	mayHave   func(*row) bool // reports whether a row may be in it; nil: all are
}

// indexes are those of one generation: one for each sort, and those of the filters that pick few of many orders. What is
// to be shipped is found by status: few orders stay confirmed.
var indexes = []index{
	{"alter table {table} add primary key (tenant_id, order_id)", nil},
	{"create index on {table} (tenant_id, placed_at, order_id)", nil},
	{"create index on {table} (tenant_id, updated_at, order_id)", nil},
	{"create index on {table} (tenant_id, order_number, order_id)", nil},
	{"create index on {table} (tenant_id, total, order_id)", nil},
	{"create index on {table} (tenant_id, status, placed_at, order_id)", nil},
	{
		"create index on {table} (tenant_id, customer_id, placed_at, order_id) where customer_id <> ''",
		func(r *row) bool { return r.customer != "" },
	},
	{
		"create index on {table} (tenant_id, external_id) where external_id <> ''",
		func(r *row) bool { return r.externalID != "" },
	},
	{"create index on {table} using gin (skus)", nil},
	{
		"create index on {table} using gin (tags, hold_reasons) where tags is not null or hold_reasons is not null",
		func(r *row) bool { return r.life != nil },
	},
	{
		"create index on {table} (due_at) where due_at is not null",
		func(r *row) bool { return r.life != nil || r.status == order.StatusPending },
	},
}

// Model builds the order list. Its zero value is ready to use.
type Model struct{}

var _ projections.Model = Model{}

// Name returns "order_list".
func (Model) Name() string { return Name }

// StreamTypes says that the list is made of orders.
func (Model) StreamTypes() []string { return []string{order.StreamType} }

// Create returns the statements that make a generation's table.
func (Model) Create(g projections.Generation) []string {
	return []string{in(g, createStatement), in(g, "alter table {table} alter column facts set statistics 0")}
}

// Index returns the statements that add the table's key and indexes.
func (Model) Index(g projections.Generation) []string {
	statements := make([]string, len(indexes))
	for i := range indexes {
		statements[i] = in(g, indexes[i].statement)
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
		r := rows[k]
		switch {
		case r == nil && begins(e, fact):
			r = &row{key: k}
			rows[k] = r
			added = append(added, r)
		case r == nil:
			return fmt.Errorf("order list: order %s at position %d: %s comes before the order", e.Stream, e.Position, e.Type)
		case r.version == 0: // loaded, and not changed so far
			changed = append(changed, r)
		}
		r.apply(e, fact)
	}
	return write(ctx, tx, g, added, changed)
}

// begins reports whether an order's stream begins with the event. A draft that is placed goes on with one.
func begins(e *projections.Event, fact order.Event) bool {
	switch fact.(type) {
	case order.Drafted, order.Placed, order.Imported:
		return e.Version == 1
	default:
		return false
	}
}

// wanted are the rows that a frame goes on with.
type wanted struct {
	tenants []string
	ids     []uuid.UUID
	whole   []bool // with their SKUs
}

func wantedBy(events []projections.Event) *wanted {
	var w wanted
	places := make(map[key]int, len(events)) // -1: not wanted
	for i := range events {
		e := &events[i]
		fact, ok := e.Body.(order.Event)
		if !ok {
			continue
		}
		k := key{e.Tenant, e.Stream}
		place, seen := places[k]
		if !seen {
			place = -1
			if !begins(e, fact) {
				place = len(w.ids)
				w.tenants, w.ids, w.whole = append(w.tenants, e.Tenant), append(w.ids, e.Stream), append(w.whole, false)
			}
			places[k] = place
		}
		if edit, ok := fact.(order.EditCommitted); ok && place >= 0 && len(edit.LinesAdded) > 0 {
			w.whole[place] = true
		}
	}
	return &w
}

// older loads the rows of the orders that the events go on with.
func older(ctx context.Context, tx pgx.Tx, g projections.Generation, events []projections.Event) (map[key]*row, error) {
	rows, w := make(map[key]*row, len(events)), wantedBy(events)
	if len(w.ids) == 0 {
		return rows, nil
	}
	loaded, err := tx.Query(ctx, in(g, stateStatement), w.tenants, w.ids, w.whole)
	if err != nil {
		return nil, fmt.Errorf("order list: load rows: %w", err)
	}
	defer loaded.Close()
	for loaded.Next() {
		r, err := load(loaded)
		if err != nil {
			return nil, fmt.Errorf("order list: load rows: %w", err)
		}
		rows[r.key] = r
	}
	if err := loaded.Err(); err != nil {
		return nil, fmt.Errorf("order list: load rows: %w", err)
	}
	return rows, nil
}

// load reads one row of state.sql. Its version is 0 until an event is applied.
func load(from pgx.Rows) (*row, error) {
	r := &row{}
	var (
		facts []byte
		tags  []string
		t     times
	)
	if err := from.Scan(&r.tenant, &r.id, &r.status, &r.total, &tags, &facts, &r.placedAt, &t.confirmed, &t.archived, &r.updatedAt,
		&r.skus); err != nil {
		return nil, err
	}
	t.into(r)
	d, err := r.readFacts(facts)
	if err != nil || d.life == nil {
		return r, err
	}
	o := r.sums()
	o.Tags, o.ArchivedAt = tags, utc(t.archived)
	r.life = &o
	return r, decodeLife(d.life, &o)
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
		again := slices.DeleteFunc(slices.Clone(changed), func(r *row) bool { return r.renewed == renewed{} })
		if len(again) > 0 {
			batch.Queue(in(g, renewStatement), renewColumns(again)...)
		}
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("order list: write %d rows: %w", len(added)+len(changed), err)
	}
	return nil
}
