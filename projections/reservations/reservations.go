// Package reservations is the read model of soft reservations: units that are held for shoppers for a while. It has the
// active ones, which a sweeper lets expire when their time is up, and those that have ended.
package reservations

import (
	"bytes"
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

	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/projections"
)

// Name is the model's stored name, and that of its table.
const Name = "reservations"

var (
	//go:embed create.sql
	createStatement string
	//go:embed upsert.sql
	upsertStatement string
	//go:embed select.sql
	selectStatement string
	//go:embed due.sql
	dueStatement string
)

// Model builds the reservations. Its zero value is ready to use.
type Model struct{}

var _ projections.Model = Model{}

// Name returns "reservations".
func (Model) Name() string { return Name }

// StreamTypes says that the rows are made of soft reservations.
func (Model) StreamTypes() []string { return []string{reservation.StreamType} }

// Create returns the statement that makes a generation's table.
func (Model) Create(g projections.Generation) []string { return []string{in(g, createStatement)} }

// Index returns the statements that add the table's key and indexes: of what is due, and of the lists.
func (Model) Index(g projections.Generation) []string {
	return []string{
		in(g, "alter table {table} add primary key (tenant_id, reservation_id)"),
		in(g, "create index on {table} (expires_at, tenant_id, reservation_id) where status = 'active'"),
		in(g, "create index on {table} (tenant_id, made_at, reservation_id)"),
		in(g, "create index on {table} (tenant_id, status, made_at, reservation_id)"),
	}
}

// in puts a generation's table into a statement.
func in(g projections.Generation, statement string) string {
	return strings.ReplaceAll(statement, "{table}", g.Table(Name))
}

// Reservation is one soft reservation.
type Reservation struct {
	reservation.Reservation
	Version  int64 // of its stream
	Position int64 // of its last event
}

// row is a reservation with its tenant.
type row struct {
	tenant string
	Reservation
}

func byKey(a, b *row) int {
	return cmp.Or(cmp.Compare(a.tenant, b.tenant), bytes.Compare(a.ID[:], b.ID[:]))
}

// apply moves the row on by one event.
func (r *row) apply(e *projections.Event, fact reservation.Event) {
	r.Apply(fact)
	r.Version, r.Position = int64(e.Version), int64(e.Position)
}

// encodeLines returns the lines as they are stored.
func (r *row) encodeLines() string {
	data, err := json.Marshal(r.Lines)
	if err != nil {
		panic(err) // ids, strings and integers only: it cannot fail
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
	var changed []*row
	for i := range events {
		e := &events[i]
		fact, ok := e.Body.(reservation.Event)
		if !ok {
			continue
		}
		r := byStream[e.Stream]
		if r == nil {
			if _, made := fact.(reservation.Made); !made {
				return fmt.Errorf("reservations: reservation %s at position %d: %s comes before it was made", e.Stream, e.Position, e.Type)
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
		return fmt.Errorf("reservations: write %d rows: %w", len(changed), err)
	}
	return nil
}

// older loads the rows of the reservations that the events go on with. Their version is 0 until an event is applied.
func older(ctx context.Context, tx pgx.Tx, g projections.Generation, events []projections.Event) (map[uuid.UUID]*row, error) {
	var (
		tenants []string
		ids     []uuid.UUID
	)
	seen := make(map[uuid.UUID]bool)
	for i := range events {
		e := &events[i]
		fact, ok := e.Body.(reservation.Event)
		if !ok {
			continue
		}
		if _, made := fact.(reservation.Made); !made && !seen[e.Stream] {
			tenants, ids = append(tenants, e.Tenant), append(ids, e.Stream)
		}
		seen[e.Stream] = true
	}
	byStream := make(map[uuid.UUID]*row, len(seen))
	if len(ids) == 0 {
		return byStream, nil
	}
	rows, err := tx.Query(ctx, in(g, selectStatement)+
		"join unnest($1::text[], $2::uuid[]) as f (tenant_id, reservation_id) on t.tenant_id = f.tenant_id and t.reservation_id = f.reservation_id",
		tenants, ids)
	if err != nil {
		return nil, fmt.Errorf("reservations: load rows: %w", err)
	}
	loaded, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("reservations: load rows: %w", err)
	}
	for _, r := range loaded {
		r.Version = 0
		byStream[r.ID] = r
	}
	return byStream, nil
}

// scan reads one row of select.sql.
func scan(from pgx.CollectableRow) (*row, error) {
	var (
		r       row
		lines   []byte
		orderID *uuid.UUID
	)
	if err := from.Scan(&r.tenant, &r.ID, &r.Status, &r.CustomerID, &r.Reference, &lines, &r.ExpiresAt, &orderID, &r.Reason,
		&r.MadeAt, &r.UpdatedAt, &r.Version, &r.Position); err != nil {
		return nil, err
	}
	r.ExpiresAt, r.MadeAt, r.UpdatedAt = r.ExpiresAt.UTC(), r.MadeAt.UTC(), r.UpdatedAt.UTC()
	if orderID != nil {
		r.OrderID = *orderID
	}
	if err := json.Unmarshal(lines, &r.Lines); err != nil {
		return nil, fmt.Errorf("lines of reservation %s: %w", r.ID, err)
	}
	return &r, nil
}

// arguments returns the arguments of upsert.sql.
func arguments(rows []*row) []any {
	return []any{
		list(rows, func(r *row) string { return r.tenant }), list(rows, func(r *row) uuid.UUID { return r.ID }),
		list(rows, func(r *row) string { return string(r.Status) }), list(rows, func(r *row) string { return r.CustomerID }),
		list(rows, func(r *row) string { return r.Reference }), list(rows, (*row).encodeLines),
		list(rows, func(r *row) time.Time { return r.ExpiresAt }), list(rows, (*row).order),
		list(rows, func(r *row) string { return r.Reason }), list(rows, func(r *row) time.Time { return r.MadeAt }),
		list(rows, func(r *row) time.Time { return r.UpdatedAt }), list(rows, func(r *row) int64 { return r.Version }),
		list(rows, func(r *row) int64 { return r.Position }),
	}
}

// order returns the order that the reservation became, or nil.
func (r *row) order() *uuid.UUID {
	if r.OrderID == uuid.Nil {
		return nil
	}
	return &r.OrderID
}

// list turns rows into one column of a statement's arrays.
func list[T any](rows []*row, value func(*row) T) []T {
	values := make([]T, len(rows))
	for i, r := range rows {
		values[i] = value(r)
	}
	return values
}
