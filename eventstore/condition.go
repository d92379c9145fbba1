package eventstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Bounds of looking whether a log can be appended to.
const (
	recently      = time.Second            // an answer that young proves it
	probePatience = 700 * time.Millisecond // for the log's lock: batches hold it for milliseconds
	probeWonders  = 250 * time.Millisecond // before it is asked who has it
	laneless      = 2 * time.Second        // without a connection for appends is no mere hiccup
)

// probeSQL takes what every append takes, and leaves no trace: what is rolled back is not waited for on disk.
const probeSQL = `begin; set local lock_timeout = %d; select lock_log(%d);
	select from events limit 0; select from command_results limit 0; select from claims limit 0; rollback`

// blockersSQL follows who waits for whom to those who wait for nobody. What a session of another account does is told
// only to a monitor; a prepared transaction has no session.
const blockersSQL = `with recursive chain (pid) as (
		select unnest(pg_blocking_pids($1))
		union select unnest(pg_blocking_pids(pid)) from chain where pid <> 0
	)
	select distinct chain.pid, coalesce(a.usename, ''), coalesce(a.application_name, case when chain.pid = 0 then 'a prepared transaction' else '' end),
		coalesce(a.state, ''), coalesce(host(a.client_addr), ''), a.xact_start
	from chain left join pg_stat_activity a using (pid)
	where chain.pid = 0 or cardinality(pg_blocking_pids(chain.pid)) = 0`

// strangersSQL finds who has locked a table that appends write to. What ordermill itself does takes no such locks; a
// migration has them for a moment.
const strangersSQL = `select distinct l.pid, coalesce(a.usename, ''), coalesce(a.application_name, case when l.pid = 0 then 'a prepared transaction' else '' end),
		coalesce(a.state, ''), coalesce(host(a.client_addr), ''), a.xact_start
	from (select distinct coalesce(pid, 0) as pid from pg_locks
		where granted and locktype = 'relation' and database = (select oid from pg_database where datname = current_database())
			and relation = any (array['logs', 'events', 'command_results', 'claims']::regclass[])
			and mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') and pid is distinct from pg_backend_pid()) l
	left join pg_stat_activity a using (pid)`

// Blocker is a session that keeps the log from others.
type Blocker struct {
	PID         int // 0: a prepared transaction
	User        string
	Application string
	State       string     // of the session; empty if the account may not see it, as are the next two
	Address     string     // of its client
	Since       *time.Time // its transaction's begin
}

// String names the session for people.
func (b Blocker) String() string {
	text := fmt.Sprintf("session %d", b.PID)
	if b.User != "" {
		text += " of " + b.User
	}
	if b.Application != "" {
		text += fmt.Sprintf(" (%s)", b.Application)
	}
	if b.Address != "" {
		text += " from " + b.Address
	}
	if b.State != "" {
		text += ", " + b.State
	}
	return text
}

// Blockers names the sessions that appends wait for right now; none in a healthy system.
func (s *Store) Blockers(ctx context.Context) ([]Blocker, error) {
	return s.blockersOf(ctx, s.appender.lanePID.Load())
}

func (s *Store) blockersOf(ctx context.Context, pid uint32) ([]Blocker, error) {
	rows, err := s.pool.Query(ctx, blockersSQL, int64(pid))
	if err != nil {
		return nil, fmt.Errorf("blockers of log %d: %w", s.log, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Blocker])
}

// Condition is whether a log can be appended to, as far as one look tells.
type Condition struct {
	Waiting  time.Duration // for how long appends have waited without any being answered; 0 when none waits
	Blockers []Blocker     // who has kept the log for longer than a batch does
	Err      error         // why the log could not be locked, or why there is no connection for appends; nil if all is well
}

// Condition looks whether the log can be appended to: by the answers that appends get, and when there were none of late
// by taking the log's lock for a moment. It returns soon after ctx has ended, whatever hangs.
func (s *Store) Condition(ctx context.Context) Condition {
	waiting, err := s.appender.waits()
	c := Condition{Waiting: waiting, Err: err}
	if time.Since(time.Unix(0, s.appender.answeredAt.Load())) < recently {
		return c
	}
	var probed error
	if c.Blockers, probed = s.probe(ctx); c.Err == nil {
		c.Err = probed
	}
	return c
}

// waits says for how long no append was answered although some wait, and why there is no lane.
func (a *appender) waits() (time.Duration, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var since time.Time
	switch {
	case len(a.flying) > 0:
		since = a.flying[0].sentAt
	case len(a.queue) > 0:
		since = a.queue[0].since
	}
	var waiting time.Duration
	if !since.IsZero() {
		waiting = min(time.Since(since), time.Since(time.Unix(0, a.answeredAt.Load())))
	}
	if !a.without.IsZero() && time.Since(a.without) > laneless {
		return waiting, fmt.Errorf("no connection for appends for %s: %w", time.Since(a.without).Round(time.Second), a.why)
	}
	return waiting, nil
}

// probe takes the log's lock for a moment. When that takes long it asks who has it.
func (s *Store) probe(ctx context.Context) ([]Blocker, error) {
	if err := s.probing.take(ctx); err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	defer s.probing.release()
	conn := s.probing.conn
	done := make(chan error, 1)
	go func() { done <- lockOnce(ctx, conn, s.log) }()
	wonder := time.NewTimer(probeWonders)
	defer wonder.Stop()
	select {
	case err := <-done:
		if err != nil {
			return nil, err
		}
		return s.strangers(ctx)
	case <-wonder.C:
	}
	blockers, err := s.blockersOf(ctx, s.probingPID)
	switch probed := <-done; {
	case probed == nil:
		return nil, nil
	case err != nil:
		return nil, errors.Join(probed, err)
	default:
		return blockers, probed
	}
}

// strangers returns the sessions that keep a table of the log locked, each from the second time on that it is met. The
// caller has the turn of the probing connection.
func (s *Store) strangers(ctx context.Context) ([]Blocker, error) {
	rows, err := s.probing.conn.Query(ctx, strangersSQL)
	if err != nil {
		return nil, fmt.Errorf("locks of log %d: %w", s.log, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Blocker])
	if err != nil {
		return nil, fmt.Errorf("locks of log %d: %w", s.log, err)
	}
	met := s.met
	s.met = make(map[int]bool, len(found))
	for _, b := range found {
		s.met[b.PID] = true
	}
	return slices.DeleteFunc(found, func(b Blocker) bool { return !met[b.PID] }), nil
}

// lockOnce runs probeSQL, and leaves no transaction behind when it fails.
func lockOnce(ctx context.Context, conn *pgx.Conn, log LogID) error {
	_, err := conn.PgConn().Exec(ctx, fmt.Sprintf(probeSQL, probePatience.Milliseconds(), log)).ReadAll()
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &refused):
		return fmt.Errorf("lock log %d: %w", log, err)
	}
	if _, failed := conn.PgConn().Exec(ctx, "rollback").ReadAll(); failed != nil {
		return fmt.Errorf("lock log %d: %w", log, errors.Join(err, failed))
	}
	if refused.Code == lockNotAvailable {
		return fmt.Errorf("the lock of log %d was not to be had in %s", log, probePatience)
	}
	return fmt.Errorf("lock log %d: %w", log, err)
}

// lockNotAvailable is the SQLSTATE of a lock that was waited for too long.
const lockNotAvailable = "55P03"
