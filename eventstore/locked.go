package eventstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Locked is the log while nobody else can append to it. It is for one goroutine and ends with WithLock.
type Locked struct {
	store *Store
	past  *Past
	tx    pgx.Tx
	done  []func()
}

// lockLane is the one connection on which a process locks the log: no two could hold the lock anyway. It has the same
// settings as a lane.
type lockLane struct {
	open   func(ctx context.Context, notice pgconn.NoticeHandler) (*pgx.Conn, error)
	turn   chan struct{} // holds a token while somebody uses the rest
	conn   *pgx.Conn     // nil: not yet connected
	unsure error         // what a notice said against the last commit
	closed bool
}

func newLockLane(open func(context.Context, pgconn.NoticeHandler) (*pgx.Conn, error)) *lockLane {
	return &lockLane{open: open, turn: make(chan struct{}, 1)}
}

// take waits for the lane's turn and for a connection that works.
func (l *lockLane) take(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	var err error
	switch {
	case l.closed:
		err = ErrClosed
	case l.conn == nil || l.conn.IsClosed():
		l.conn, err = l.open(ctx, func(_ *pgconn.PgConn, n *pgconn.Notice) {
			if unsettling(n.Code) {
				l.unsure = errors.New(n.Message)
			}
		})
	}
	if err != nil {
		l.conn = nil
		<-l.turn
	}
	return err
}

func (l *lockLane) release() { <-l.turn }

// close waits for the lane's turn, as long as ctx allows, and ends it.
func (l *lockLane) close(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		defer l.release()
	case <-ctx.Done():
		return ctx.Err()
	}
	l.closed = true
	if l.conn == nil {
		return nil
	}
	return l.conn.Close(ctx)
}

// WithLock runs decide while this process alone can append: what decide reads cannot move on before it appends. It is
// the way out for a decision that has lost a race, since it cannot lose again; every other append of the log waits
// meanwhile, so decide must be quick. When decide fails nothing is written.
//
// An error that matches ErrOutcomeUnknown means that the commit was sent and not answered: append the same again, by
// Append or WithLock, to find out. One that matches ErrUnavailable means that nothing was written.
func (s *Store) WithLock(ctx context.Context, decide func(ctx context.Context, l *Locked) error) error {
	past := s.Past()
	if err := past.Err(); err != nil {
		return err
	}
	if err := s.locking.take(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer s.locking.release()
	tx, err := s.locking.conn.BeginTx(ctx, pgx.TxOptions{})
	if err != nil {
		return fmt.Errorf("%w: begin: %w", ErrUnavailable, err)
	}
	defer s.rollback(ctx, tx) // after a commit it does nothing
	if _, err := tx.Exec(ctx, "select lock_log($1)", s.log); err != nil {
		return fmt.Errorf("%w: lock log %d: %w", ErrUnavailable, s.log, err)
	}
	l := &Locked{store: s, past: past, tx: tx}
	if err := decide(ctx, l); err != nil {
		return err
	}
	if err := s.commit(ctx, tx); err != nil {
		return err
	}
	for _, publish := range l.done {
		publish()
	}
	return nil
}

// commit ends tx and sorts its failures. The deadline of the request must not cut it off: it would be neither done nor
// undone for the caller.
func (s *Store) commit(ctx context.Context, tx pgx.Tx) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.bounds.lane)
	defer cancel()
	s.locking.unsure = nil
	err := tx.Commit(ctx)
	undone := new(pgconn.PgError)
	switch {
	case err == nil && s.locking.unsure == nil:
		return nil
	case err == nil:
		return fmt.Errorf("%w: commit: %w", ErrOutcomeUnknown, s.locking.unsure)
	case errors.Is(err, pgx.ErrTxCommitRollback), errors.As(err, &undone) && undone.SeverityUnlocalized == "ERROR":
		return fmt.Errorf("%w: commit: %w", ErrUnavailable, err)
	default:
		return fmt.Errorf("%w: commit: %w", ErrOutcomeUnknown, err)
	}
}

// rollback lets the lock go even if the caller has gone, and gives the connection up when the server does not answer.
func (s *Store) rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = tx.Rollback(ctx)
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
	batch := []*pending{p}
	rows, err := l.call(ctx, l.params(batch))
	if err == nil {
		err = complete(rows, 1)
	}
	if err != nil {
		return Result{}, fmt.Errorf("append under the lock: %w", err)
	}
	l.settle(batch, rows)
	return result, failure
}

// params lays a batch out. It vouches for nothing, since others write to the log between two locks.
func (l *Locked) params(batch []*pending) [][]byte {
	known := newChain().next(batch, lookFirst)
	return params(newScratch(), l.store.log, batch, &known, l.past.Known())
}

// settle tells what became of a batch, and keeps its events for the tail until they are committed.
func (l *Locked) settle(batch []*pending, rows []outcome) {
	events := recorded(l.store.log, batch, rows)
	l.done = append(l.done, func() {
		l.past.seeAll(events)
		if l.past == l.store.Past() {
			l.store.tail.add(events)
		}
	})
	for p, o := range spread(batch, rows) {
		p.settle(l.store.appender, o)
	}
}

// call runs append_events on the transaction's connection.
func (l *Locked) call(ctx context.Context, args [][]byte) (rows []outcome, err error) {
	conn := l.tx.Conn().PgConn()
	res := conn.ExecParams(ctx, appendSQL, args, nil, []int16{pgx.BinaryFormatCode}, []int16{pgx.BinaryFormatCode})
	for res.NextRow() {
		o, badRow := readOutcome(res.Values())
		if badRow != nil {
			err = badRow
		}
		rows = append(rows, o)
	}
	if _, closeErr := res.Close(); err == nil {
		err = closeErr
	}
	if refused := new(pgconn.PgError); errors.As(err, &refused) && refused.Code == anotherPast {
		l.store.pasts.doubt()
		err = fmt.Errorf("%w: %w: %w", ErrUnavailable, ErrAnotherPast, err)
	}
	return rows, err
}
