package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
)

const (
	// A lease is free when it has expired, and for whoever has the name of its owner: that is the same process, started
	// again.
	takeSQL = `insert into projection_leases (log_id, name, owner, epoch, expires_at)
		values ($1, $2, $3, 1, clock_timestamp() + $4::interval)
		on conflict (log_id, name) do update
		set owner = excluded.owner, epoch = projection_leases.epoch + 1, expires_at = excluded.expires_at
		where projection_leases.expires_at <= clock_timestamp() or projection_leases.owner = excluded.owner
		returning epoch`

	// The answer tells what else the owner has to know: the live generation, and whether a parked stream is to be tried
	// again.
	renewSQL = `with renewed as (
			update projection_leases set expires_at = clock_timestamp() + $4::interval
			where log_id = $1 and name = $2 and epoch = $3 returning name
		)
		select coalesce(p.live_generation, 0),
			exists (select from parked_streams s where s.log_id = $1 and s.name = $2 and s.generation = p.live_generation and s.requested_at is not null)
		from renewed join projections p using (name)`

	releaseSQL = `update projection_leases set expires_at = clock_timestamp(), problem = $4 where log_id = $1 and name = $2 and epoch = $3`
	problemSQL = `update projection_leases set problem = $4 where log_id = $1 and name = $2 and epoch = $3 and problem is distinct from $4`
)

// lease is the right to write one projection of one log. Its epoch is higher than that of every earlier one.
type lease struct {
	pool  *pgxpool.Pool
	log   eventstore.LogID
	name  string
	epoch int64
	ttl   time.Duration
}

// takeLease returns the lease, or nil when somebody else has it.
func takeLease(ctx context.Context, pool *pgxpool.Pool, log eventstore.LogID, name, owner string, ttl time.Duration) (*lease, error) {
	l := &lease{pool: pool, log: log, name: name, ttl: ttl}
	err := pool.QueryRow(ctx, takeSQL, log, name, owner, ttl).Scan(&l.epoch)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("take lease of %s: %w", name, err)
	}
	return l, nil
}

// news is what a renewal brings.
type news struct {
	live    Generation
	redrive bool // a parked stream is to be tried again
}

// renew makes the lease last for another while. It fails with ErrFenced when it has gone to somebody else.
func (l *lease) renew(ctx context.Context) (n news, err error) {
	err = l.pool.QueryRow(ctx, renewSQL, l.log, l.name, l.epoch, l.ttl).Scan(&n.live, &n.redrive)
	if errors.Is(err, pgx.ErrNoRows) {
		return n, fmt.Errorf("lease of %s: %w", l.name, ErrFenced)
	}
	if err != nil {
		return n, fmt.Errorf("renew lease of %s: %w", l.name, err)
	}
	return n, nil
}

// release hands the lease back. problem, if any, stays readable for the status.
func (l *lease) release(ctx context.Context, problem string) error {
	return l.exec(ctx, releaseSQL, problem)
}

// report stores why the owner does not go on, or that it does.
func (l *lease) report(ctx context.Context, problem string) error {
	return l.exec(ctx, problemSQL, problem)
}

func (l *lease) exec(ctx context.Context, sql, problem string) error {
	var value *string
	if problem != "" {
		value = &problem
	}
	if _, err := l.pool.Exec(ctx, sql, l.log, l.name, l.epoch, value); err != nil {
		return fmt.Errorf("lease of %s: %w", l.name, err)
	}
	return nil
}

// lock keeps the lease from changing hands until tx ends. It fails with ErrFenced when it has already.
func (l *lease) lock(ctx context.Context, tx pgx.Tx) error {
	var epoch int64
	err := tx.QueryRow(ctx, "select epoch from projection_leases where log_id = $1 and name = $2 for share", l.log, l.name).Scan(&epoch)
	switch {
	case errors.Is(err, pgx.ErrNoRows), err == nil && epoch != l.epoch:
		return fmt.Errorf("lease of %s: %w", l.name, ErrFenced)
	case err != nil:
		return fmt.Errorf("lock lease of %s: %w", l.name, err)
	}
	return nil
}
