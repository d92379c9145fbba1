package orderlist

import (
	"context"
	_ "embed" // the statements
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/query"
)

var (
	//go:embed backlog.sql
	backlogStatement string
	//go:embed due.sql
	dueStatement string
)

// maxEdges is the most edges that a backlog may be cut at.
const maxEdges = 50

// BacklogBucket sums up the confirmed orders of an age that are still to be shipped, all or in part.
type BacklogBucket struct {
	From        time.Duration // since their confirmation, exclusive
	To          time.Duration // inclusive; 0: there is no bound
	Orders      int64
	Units       int64 // that have not left
	Backordered int64 // of those, and of the ones that need no parcel: units that wait for stock
	OnHold      int64 // orders of which all or some is held
}

// Backlog sums up a tenant's orders that are to be shipped by their age: one bucket up to each edge and one beyond the
// last, the youngest first. Edges ascend and are above 0; without any there is one bucket. An order that was confirmed
// after now has no age yet and is in the first one.
func Backlog(ctx context.Context, db query.DB, g projections.Generation, tenant string, now time.Time, edges []time.Duration) ([]BacklogBucket, error) {
	if len(edges) > maxEdges {
		return nil, &query.Error{Parameter: "edges", Message: fmt.Sprintf("a backlog has at most %d edges, not %d", maxEdges, len(edges))}
	}
	buckets := make([]BacklogBucket, len(edges)+1)
	bounds := make([]time.Time, len(edges)) // ascending: the oldest first
	for i, edge := range edges {
		if edge <= buckets[i].From {
			return nil, &query.Error{Parameter: "edges", Message: fmt.Sprintf("edges ascend and are above 0; %s is not above %s", edge, buckets[i].From)}
		}
		buckets[i].To, buckets[i+1].From = edge, edge
		bounds[len(edges)-1-i] = now.Add(-edge)
	}
	statement, args := in(g, backlogStatement), []any{tenant, bounds}
	err := query.Send(ctx, db, tenant, func(batch *pgx.Batch) {
		batch.Queue(statement, args...).Query(func(rows pgx.Rows) error {
			var sums BacklogBucket
			var older int // how many bounds the age lies above, counted from the oldest
			_, err := pgx.ForEachRow(rows, []any{&sums.Orders, &sums.Units, &sums.Backordered, &sums.OnHold, &older}, func() error {
				b := &buckets[len(edges)-older]
				b.Orders, b.Units, b.Backordered, b.OnHold = sums.Orders, sums.Units, sums.Backordered, sums.OnHold
				return nil
			})
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("order list: backlog: %w", err)
	}
	return buckets, nil
}

// DueKind says what is to be done with an order by itself.
type DueKind string

// The kinds of what is due.
const (
	DueOrder DueKind = "order" // it expires
	DueHold  DueKind = "hold"  // one of its holds ends
)

// Due is something of an order that ends by itself.
type Due struct {
	Tenant  string
	OrderID uuid.UUID
	Kind    DueKind
	HoldID  uuid.UUID // of a hold
	At      time.Time // UTC
}

// dueKind tells an order that expires from a hold that ends.
func dueKind(at *time.Time, hold *uuid.UUID) (DueKind, uuid.UUID) {
	switch {
	case at == nil:
		return "", uuid.Nil
	case hold == nil:
		return DueOrder, uuid.Nil
	default:
		return DueHold, *hold
	}
}

// DueBefore returns what is due at now in the shops of all tenants, the earliest first: of each order the first thing
// only, so that an order is asked for again once that is done. Pending orders for which there is money are never due.
// The database must let the caller see all tenants' rows.
func DueBefore(ctx context.Context, db query.DB, g projections.Generation, now time.Time, limit int) ([]Due, error) {
	if limit < 1 {
		return nil, &query.Error{Parameter: "limit", Message: fmt.Sprintf("at least 1 can be asked for, not %d", limit)}
	}
	var all []Due
	batch := &pgx.Batch{}
	batch.Queue(in(g, dueStatement), now, limit).Query(func(rows pgx.Rows) (err error) {
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Due, error) {
			var (
				d    Due
				hold *uuid.UUID
			)
			if err := row.Scan(&d.Tenant, &d.OrderID, &d.At, &hold); err != nil {
				return d, err
			}
			d.At = d.At.UTC()
			d.Kind, d.HoldID = dueKind(&d.At, hold)
			return d, nil
		})
		return err
	})
	if err := db.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("order list: what is due: %w", err)
	}
	return slices.Clip(all), nil
}
