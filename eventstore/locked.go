package eventstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Locked is the log while nobody else can append to it. It is for one goroutine and ends with WithLock.
type Locked struct {
	store *Store
	tx    pgx.Tx
	done  []func()
}

// WithLock runs decide while this process alone can append: what decide reads cannot move on before it appends. It is
// the way out for a decision that has lost a race, since it cannot lose again; every other append of the log waits
// meanwhile, so decide must be quick. When decide fails nothing is written.
//
// An error that matches ErrOutcomeUnknown means that the commit was sent and not answered: append the same again, by
// Append or WithLock, to find out.
func (s *Store) WithLock(ctx context.Context, decide func(ctx context.Context, l *Locked) error) error {
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return fmt.Errorf("%w: begin: %w", ErrUnavailable, err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after a commit it does nothing
	if err := s.lock(ctx, tx); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	l := &Locked{store: s, tx: tx}
	if err := decide(ctx, l); err != nil {
		return err
	}
	// The deadline of the request must not cut a commit off: it would be neither done nor undone for the caller.
	commit, cancel := context.WithTimeout(context.WithoutCancel(ctx), laneTimeout)
	defer cancel()
	if err := tx.Commit(commit); err != nil {
		if rolledBack := new(pgconn.PgError); errors.As(err, &rolledBack) && rolledBack.SeverityUnlocalized == "ERROR" {
			return fmt.Errorf("%w: commit: %w", ErrUnavailable, err)
		}
		return fmt.Errorf("%w: commit: %w", ErrOutcomeUnknown, err)
	}
	for _, publish := range l.done {
		publish()
	}
	return nil
}

// lock takes the log's row under the bounds that a lane has.
func (s *Store) lock(ctx context.Context, tx pgx.Tx) error {
	bounds := "set local lock_timeout = " + strconv.FormatInt(lockTimeout.Milliseconds(), 10) +
		"; set local statement_timeout = " + strconv.FormatInt(statementTimeout.Milliseconds(), 10) +
		"; set local idle_in_transaction_session_timeout = " + strconv.FormatInt(lockTimeout.Milliseconds(), 10)
	if _, err := tx.Exec(ctx, bounds); err != nil {
		return fmt.Errorf("bound the lock of log %d: %w", s.log, err)
	}
	if _, err := tx.Exec(ctx, "select lock_log($1)", s.log); err != nil {
		return fmt.Errorf("lock log %d: %w", s.log, err)
	}
	return nil
}

// LoadMany is Store.LoadMany, as of the lock.
func (l *Locked) LoadMany(ctx context.Context, tenant string, streams []StreamAfter) ([]Recorded, error) {
	return loadMany(ctx, l.tx, l.store.log, tenant, streams)
}

// Append is Store.Append within the lock. Its result holds only if WithLock then returns nil.
func (l *Locked) Append(ctx context.Context, a Append) (Result, error) {
	var result Result
	var failure error
	p := &pending{done: func(r Result, err error) { result, failure = r, err }}
	var err error
	if p.prepared, err = prepare(a); err != nil {
		return Result{}, err
	}
	args := params(l.store.log, []*pending{p})
	o, err := l.call(ctx, args)
	if err != nil {
		return Result{}, fmt.Errorf("append under the lock: %w", err)
	}
	if o.append == 0 {
		o.position += Position(len(p.Events))
	}
	events := recorded(l.store.log, []*pending{p}, []outcome{o})
	l.done = append(l.done, func() { l.store.tail.add(events) })
	p.settle(l.store.appender, o)
	return result, failure
}

// call runs append_events for one append on the transaction's connection.
func (l *Locked) call(ctx context.Context, args [][]byte) (o outcome, err error) {
	conn := l.tx.Conn().PgConn()
	formats := make([]int16, len(args))
	for i := range formats {
		formats[i] = 1
	}
	res := conn.ExecParams(ctx, appendSQL, args, nil, formats, []int16{1})
	for res.NextRow() {
		if o, err = readOutcome(res.Values()); err != nil {
			break
		}
	}
	if _, closeErr := res.Close(); err == nil {
		err = closeErr
	}
	return o, err
}
