package reservations

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/query"
)

// statuses are those that a reservation can have.
var statuses = []string{
	string(reservation.StatusActive), string(reservation.StatusReleased), string(reservation.StatusExpired),
	string(reservation.StatusConverted),
}

// Get returns a tenant's reservation, and whether there is one of that id.
func Get(ctx context.Context, db query.DB, g projections.Generation, tenant string, id uuid.UUID) (Reservation, bool, error) {
	found, err := read(ctx, db, tenant, in(g, selectStatement)+"where t.tenant_id = $1 and t.reservation_id = $2", tenant, id)
	if err != nil {
		return Reservation{}, false, fmt.Errorf("reservation %s: %w", id, err)
	}
	if len(found) == 0 {
		return Reservation{}, false, nil
	}
	return found[0], true, nil
}

// Due is an active reservation whose time is up.
type Due struct {
	Tenant    string
	ID        uuid.UUID
	ExpiresAt time.Time // UTC
}

// DueBefore returns the active reservations of all tenants whose time was up at now, the longest overdue first and at
// most limit. It is for the program itself: db must be one that sees the rows of all tenants.
func DueBefore(ctx context.Context, db query.DB, g projections.Generation, now time.Time, limit int) ([]Due, error) {
	var due []Due
	batch := &pgx.Batch{}
	batch.Queue(in(g, dueStatement), now, limit).Query(func(rows pgx.Rows) (err error) {
		due, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d Due, err error) {
			err = row.Scan(&d.Tenant, &d.ID, &d.ExpiresAt)
			d.ExpiresAt = d.ExpiresAt.UTC()
			return d, err
		})
		return err
	})
	if err := db.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("reservations that are due: %w", err)
	}
	return due, nil
}

// Request asks for a page of reservations, the newest first.
type Request struct {
	Status reservation.Status // empty: all
	Page   query.Page
}

// List is a page of reservations.
type List struct {
	Reservations []Reservation
	Next         *query.Cursor // nil: there is no such page
	Previous     *query.Cursor
}

// Query returns a page of a tenant's reservations. It fails with a *query.Error if the request is at fault.
func Query(ctx context.Context, db query.DB, g projections.Generation, tenant string, r Request) (List, error) {
	if err := r.Page.Check(); err != nil {
		return List{}, err
	}
	statement, args := in(g, selectStatement)+"where t.tenant_id = $1", []any{tenant, r.Page.Limit + 1}
	if r.Status != "" {
		if !slices.Contains(statuses, string(r.Status)) {
			return List{}, query.Unknown("status", "status", string(r.Status), statuses)
		}
		args = append(args, r.Status)
		statement += " and t.status = $3"
	}
	direction := " desc"
	if r.Page.Back() {
		direction = ""
	}
	if from := r.Page.From; from != nil {
		micros, err := strconv.ParseInt(from.Key, 10, 64)
		if err != nil {
			return List{}, &query.Error{Parameter: "cursor", Message: "the cursor is not one of this list; begin again without it"}
		}
		n := len(args)
		args = append(args, time.UnixMicro(micros).UTC(), from.ID)
		statement += fmt.Sprintf(" and (t.made_at, t.reservation_id) %s ($%d, $%d)",
			map[bool]string{false: "<", true: ">"}[r.Page.Back()], n+1, n+2)
	}
	statement += " order by t.made_at" + direction + ", t.reservation_id" + direction + " limit $2"
	found, err := read(ctx, db, tenant, statement, args...)
	if err != nil {
		return List{}, fmt.Errorf("reservations: %w", err)
	}
	var list List
	list.Reservations, list.Next, list.Previous = query.Turn(r.Page, found, func(r *Reservation) query.Cursor {
		return query.Cursor{Key: strconv.FormatInt(r.MadeAt.UnixMicro(), 10), ID: r.ID}
	})
	return list, nil
}

func read(ctx context.Context, db query.DB, tenant, statement string, args ...any) ([]Reservation, error) {
	var found []Reservation
	err := query.Send(ctx, db, tenant, func(batch *pgx.Batch) {
		batch.Queue(statement, args...).Query(func(rows pgx.Rows) error {
			collected, err := pgx.CollectRows(rows, scan)
			for _, r := range collected {
				found = append(found, r.Reservation)
			}
			return err
		})
	})
	return found, err
}
