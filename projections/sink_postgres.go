package projections

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
)

const (
	// The commit does not wait for the disk, which the appends need. Rows and checkpoint are in one transaction, so a crash
	// of the server loses the last of both or neither: the checkpoint is never ahead of the rows, and what is lost is
	// applied again from the log, whose commits do wait.
	beginSQL = "begin isolation level read committed; set local synchronous_commit = off"

	checkpointSQL = `select log_epoch, position, event_id from projection_checkpoints
		where log_id = $1 and name = $2 and generation = $3`

	// It runs first in its transaction, so that the row lock keeps writers of one generation apart, and it finds no row
	// when another owner was here or readers have moved on.
	moveSQL = `update projection_checkpoints
		set position = $6, event_id = $7, log_epoch = $8, owner_epoch = $9, updated_at = clock_timestamp()
		where log_id = $1 and name = $2 and generation = $3 and position = $4 and event_id = $5 and owner_epoch <= $9 and not sealed`

	// The same for a step that does not move it.
	holdSQL = `update projection_checkpoints set owner_epoch = $4, updated_at = clock_timestamp()
		where log_id = $1 and name = $2 and generation = $3 and owner_epoch <= $4 and not sealed`
)

// postgresSink is one generation of a model: rows and checkpoint change in one transaction.
type postgresSink struct {
	pool       *pgxpool.Pool
	model      Model
	log        eventstore.LogID
	generation Generation
}

// queryRower is a pool or a transaction.
type queryRower interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Checkpoint implements Sink.
func (s *postgresSink) Checkpoint(ctx context.Context) (Checkpoint, error) {
	return s.checkpoint(ctx, s.pool)
}

func (s *postgresSink) checkpoint(ctx context.Context, db queryRower) (Checkpoint, error) {
	var c Checkpoint
	err := db.QueryRow(ctx, checkpointSQL, s.log, s.model.Name(), s.generation).Scan(&c.Epoch, &c.Position, &c.Event)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, nil
	}
	return c, err
}

// Apply implements Sink.
func (s *postgresSink) Apply(ctx context.Context, fence int64, from, to Checkpoint, events []Event) error {
	return s.inTx(ctx, func(tx pgx.Tx) error { return s.applyTx(ctx, tx, fence, from, to, events) })
}

// applyTx is Apply as a part of a transaction.
func (s *postgresSink) applyTx(ctx context.Context, tx pgx.Tx, fence int64, from, to Checkpoint, events []Event) error {
	tag, err := tx.Exec(ctx, moveSQL, s.log, s.model.Name(), s.generation, from.Position, from.Event, to.Position, to.Event, to.Epoch, fence)
	if err != nil {
		return fmt.Errorf("move checkpoint of %s: %w", s.model.Name(), err)
	}
	if tag.RowsAffected() != 1 {
		return fmt.Errorf("%s generation %d at position %d: %w", s.model.Name(), s.generation, from.Position, ErrFenced)
	}
	return s.write(ctx, tx, events)
}

// redrive applies events of a parked stream and takes them out of the parking table, in one transaction.
func (s *postgresSink) redrive(ctx context.Context, fence int64, events []Event, unpark func(pgx.Tx) error) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, holdSQL, s.log, s.model.Name(), s.generation, fence)
		if err != nil {
			return fmt.Errorf("hold checkpoint of %s: %w", s.model.Name(), err)
		}
		if tag.RowsAffected() != 1 {
			return fmt.Errorf("%s generation %d: %w", s.model.Name(), s.generation, ErrFenced)
		}
		if err := s.write(ctx, tx, events); err != nil {
			return err
		}
		return unpark(tx)
	})
}

func (s *postgresSink) inTx(ctx context.Context, do func(pgx.Tx) error) error {
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: beginSQL})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after a commit it does nothing
	if err := do(tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return judge(tx, fmt.Errorf("commit %s: %w", s.model.Name(), err)) // a deferred constraint fails here
	}
	return nil
}

// write lets the model work and tells its faults from the database's.
func (s *postgresSink) write(ctx context.Context, tx pgx.Tx, events []Event) (err error) {
	if len(events) == 0 {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %s panicked: %v\n%s", ErrInvalidEvent, s.model.Name(), r, debug.Stack())
		}
	}()
	if err := s.model.Apply(ctx, tx, s.generation, events); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("apply to %s: %w", s.model.Name(), err)
		}
		return judge(tx, fmt.Errorf("apply to %s: %w", s.model.Name(), err))
	}
	return nil
}

// judge marks an error as the events' fault unless the database, the network or a deadline can be to blame.
func judge(tx pgx.Tx, err error) error {
	var server *pgconn.PgError
	var network net.Error
	switch {
	case errors.Is(err, ErrInvalidEvent), errors.Is(err, ErrFenced):
		return err
	case errors.As(err, &server):
		switch server.Code[:2] {
		case "21", "22", "23": // cardinality violation, data exception, integrity constraint violation
			return fmt.Errorf("%w: %w", ErrInvalidEvent, err)
		}
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.As(err, &network),
		errors.Is(err, pgx.ErrTxClosed), errors.Is(err, pgx.ErrTxCommitRollback), tx.Conn().IsClosed():
		return err
	}
	return fmt.Errorf("%w: %w", ErrInvalidEvent, err)
}
