package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/eventstore"
)

// compareBackend has the backend compare what it stores with the fold at hand, which is at the same position.
func (r *rebuild) compareBackend(ctx context.Context, j *job) (different []Difference, err error) {
	if checker, ok := j.of.backend.(Checker); ok {
		return checker.Check(ctx, j.g, j.fold)
	}
	for _, c := range j.consumers {
		at := c.at.Position
		found, err := j.of.backend.Verify(ctx, j.g, c.store.Log(), func(_ context.Context, to eventstore.Position, _ func(uuid.UUID) eventstore.Position) (Fold, error) {
			if to > at {
				return nil, fmt.Errorf("it is at position %d; nobody but this rebuild, which is at %d, should have written it", to, at)
			}
			return j.fold, nil
		})
		if err != nil {
			return nil, err
		}
		different = append(different, found...)
	}
	return different, nil
}

// switchBackend takes the lease away from whoever writes the old generation, shuts that one out, brings the new
// generation at least as far, and moves the pointer.
func (r *rebuild) switchBackend(ctx context.Context, j *job, old Generation) error {
	for _, c := range j.consumers {
		l, wait, err := r.set.seizeLease(ctx, c.store.Log(), j.of.name, r.began)
		if err != nil {
			return err
		}
		defer func() { _ = l.release(context.WithoutCancel(ctx), "") }() // else it expires
		if err := r.shutOut(ctx, j, c.store.Log(), old, l.epoch, wait); err != nil {
			return err
		}
		// A value of the old generation may be ahead of its checkpoint, but not of the log.
		head, _, err := c.store.Head(ctx)
		if err != nil {
			return err
		}
		if err := c.readTo(ctx, head); err != nil {
			return err
		}
	}
	return pgx.BeginFunc(ctx, r.set.pool, func(tx pgx.Tx) error { return point(ctx, tx, j, old) })
}

// shutOut sees to it that nobody writes the old generation any more.
func (r *rebuild) shutOut(ctx context.Context, j *job, log eventstore.LogID, old Generation, fence int64, wait time.Duration) error {
	if fencer, ok := j.of.backend.(Fencer); ok {
		if err := fencer.Fence(ctx, log, old, fence); err != nil {
			return fmt.Errorf("shut out the writer of generation %d: %w", old, err)
		}
		return nil
	}
	if !sleep(ctx, wait) {
		return ctx.Err()
	}
	return nil
}

// seizeLease takes a lease from its owner, and returns how long that one may still believe that it has it.
func (s *Set) seizeLease(ctx context.Context, log eventstore.LogID, name string, began time.Time) (*lease, time.Duration, error) {
	const ttl = 20 * time.Second
	l := &lease{pool: s.pool, log: log, name: name, ttl: ttl}
	var wait time.Duration
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `select greatest(expires_at - clock_timestamp(), '0'::interval) from projection_leases
			where log_id = $1 and name = $2 for update`, log, name).Scan(&wait)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return tx.QueryRow(ctx, `insert into projection_leases (log_id, name, owner, epoch, expires_at)
			values ($1, $2, $3, 1, clock_timestamp() + $4::interval)
			on conflict (log_id, name) do update set owner = excluded.owner, epoch = projection_leases.epoch + 1, expires_at = excluded.expires_at
			returning epoch`, log, name, fmt.Sprintf("rebuild begun %s", began.UTC().Format(time.RFC3339Nano)), ttl).Scan(&l.epoch)
	})
	if err != nil {
		return nil, 0, fmt.Errorf("take lease of %s: %w", name, err)
	}
	return l, wait, nil
}
