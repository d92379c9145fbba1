package eventstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says which log a Store works on. Zero fields mean the documented defaults.
type Config struct {
	Log    LogID        // default 1
	Logger *slog.Logger // default: nothing is logged

	// TailBytes is how much memory the newest events of the log may take, and half as much older ones that were read
	// back. Default 32 MiB.
	TailBytes int

	bounds bounds // for tests
}

// Store appends to and reads one log. It is safe for concurrent use.
type Store struct {
	log        LogID
	pool       *pgxpool.Pool
	bounds     bounds
	appender   *appender
	locking    *lockLane
	probing    *lockLane
	probingPID uint32       // of the server's process behind probing; of who has its turn
	met        map[int]bool // sessions that had a table locked when it was last looked; of who has probing's turn
	tail       *tail
	pasts      *pasts
	stop       context.CancelFunc
}

// Open checks that the database is one that keeps its promises, and starts the appender on a connection of its own,
// made like the pool's but not by way of a pooler in transaction mode. The pool is used for reading and stays the
// caller's.
func Open(ctx context.Context, pool *pgxpool.Pool, config Config) (*Store, error) {
	if config.Log == 0 {
		config.Log = 1
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.bounds == (bounds{}) {
		config.bounds = defaultBounds()
	}
	s := &Store{log: config.Log, pool: pool, bounds: config.bounds, tail: newTail(cmp.Or(config.TailBytes, tailBytes))}
	s.pasts = &pasts{forget: s.tail.forget, suspect: make(chan struct{}, 1), logger: config.Logger.With("log", config.Log)}
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	s.locking, s.probing = newLockLane(s.openLocking), newLockLane(s.openProbing)
	s.appender = newAppender(config.Log, config.bounds, s.openAppending, s.tail, s.pasts, config.Logger)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	go s.appender.run(running)
	return s, nil
}

// connConfig is the pool's configuration with the settings of a lane.
func (s *Store) connConfig(ctx context.Context) (*pgx.ConnConfig, error) {
	pool := s.pool.Config()
	if pool.BeforeConnect != nil { // fetches a password, for example
		if err := pool.BeforeConnect(ctx, pool.ConnConfig); err != nil {
			return nil, fmt.Errorf("before connect: %w", err)
		}
	}
	laneConfig(&pool.ConnConfig.Config, s.bounds)
	return pool.ConnConfig, nil
}

func (s *Store) openAppending(ctx context.Context) (*lane, error) {
	config, err := s.connConfig(ctx)
	if err != nil {
		return nil, err
	}
	return openLane(ctx, &config.Config, s.bounds)
}

func (s *Store) openLocking(ctx context.Context, notice pgconn.NoticeHandler) (*pgx.Conn, error) {
	config, err := s.connConfig(ctx)
	if err != nil {
		return nil, err
	}
	config.OnNotice = notice
	ctx, cancel := context.WithTimeout(ctx, s.bounds.connect)
	defer cancel()
	return pgx.ConnectConfig(ctx, config)
}

func (s *Store) openProbing(ctx context.Context, _ pgconn.NoticeHandler) (*pgx.Conn, error) {
	config, err := s.connConfig(ctx)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["application_name"] = "ordermill probe"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if s.probingPID, err = ServerPID(ctx, conn.PgConn()); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// check refuses a server that may lose what it has confirmed, and a database without the log.
func (s *Store) check(ctx context.Context) error {
	var fsync, fullPages, syncCommit, encoding string
	err := s.pool.QueryRow(ctx, `select current_setting('fsync'), current_setting('full_page_writes'),
		current_setting('synchronous_commit'), current_setting('server_encoding')`).Scan(&fsync, &fullPages, &syncCommit, &encoding)
	switch {
	case err != nil:
		return fmt.Errorf("check database: %w", err)
	case fsync != "on" || fullPages != "on":
		return errors.New("check database: fsync and full_page_writes must be on: without them a crash loses what was confirmed")
	case syncCommit == "off" || syncCommit == "local":
		return fmt.Errorf("check database: synchronous_commit is %s and must be on: a crash would lose what was confirmed", syncCommit)
	case encoding != "UTF8":
		return fmt.Errorf("check database: its encoding is %s and must be UTF8", encoding)
	}
	head, _, err := s.look(ctx)
	if err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	s.pasts.now.Store(newPast(head, nil))
	return nil
}

// Log returns the number of the store's log.
func (s *Store) Log() LogID { return s.log }

// Epoch returns the log's epoch: it is raised when the log is restored to an earlier past, so positions of different
// epochs cannot be compared.
func (s *Store) Epoch(ctx context.Context) (int64, error) {
	var epoch int64
	err := s.pool.QueryRow(ctx, "select epoch from logs where log_id = $1", s.log).Scan(&epoch)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("log %d: %w", s.log, ErrNoSuchLog)
	}
	if err != nil {
		return 0, fmt.Errorf("epoch of log %d: %w", s.log, err)
	}
	return epoch, nil
}

// Close refuses new appends, sends what waits and sees to the outcome of everything sent, as long as ctx allows. What
// is then left is told ErrOutcomeUnknown or, if it was never sent, ErrUnavailable; Close then fails with ctx's error.
func (s *Store) Close(ctx context.Context) error {
	defer s.stop()
	s.appender.close()
	select {
	case <-s.appender.stopped:
	case <-ctx.Done():
		s.stop()
		<-s.appender.stopped // at once, now that nothing is waited for
		return fmt.Errorf("close event store: %w", ctx.Err())
	}
	if err := errors.Join(s.probing.close(ctx), s.locking.close(ctx)); err != nil {
		return fmt.Errorf("close event store: %w", err)
	}
	return nil
}

// Append stores all of a or nothing, and returns once that is certain. Its errors are *ConflictError, *ClaimedError,
// *KeyReusedError, *InvalidError, ErrUnavailable and ErrOutcomeUnknown; a known key, or an append that is already
// there, is no error but a Result that says so.
func (s *Store) Append(ctx context.Context, a Append) (Result, error) {
	type answer struct {
		result Result
		err    error
	}
	ch := make(chan answer, 1)
	p := &pending{done: func(r Result, err error) { ch <- answer{r, err} }, since: time.Now()}
	var err error
	if p.prepared, err = prepare(a); err != nil {
		return Result{}, err
	}
	l, err := s.appender.submit(p, true)
	if err != nil {
		return Result{}, err
	}
	if l != nil {
		s.appender.lead(ctx, l)
	}
	select {
	case got := <-ch:
		return got.result, got.err
	case <-ctx.Done():
		if p.withdraw() {
			return Result{}, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
		}
		return Result{}, fmt.Errorf("%w: %w", ErrOutcomeUnknown, ctx.Err())
	}
}

// Submit is Append for callers that go on meanwhile. Appends reach the log in the order in which they are submitted,
// as long as none has to be tried again. Unless Submit fails, done is called exactly once, by the appender, which waits
// for it: it must be quick. What a points to must not be changed any more. The returned function takes the append back and says whether it could: then done is never
// called.
func (s *Store) Submit(a Append, done func(Result, error)) (withdraw func() bool, err error) {
	p := &pending{done: done, since: time.Now()}
	if p.prepared, err = prepare(a); err != nil {
		return nil, err
	}
	if _, err := s.appender.submit(p, false); err != nil {
		return nil, err
	}
	return p.withdraw, nil
}

// Stats counts what the appender has done since it was opened.
type Stats struct {
	Appends   int64 // committed, refused ones included
	Batches   int64 // commits that they shared
	Conflicts int64 // appends refused because a stream had moved on
	Retries   int64 // appends sent again after the server rolled their batch back
	Unknown   int64 // batches whose outcome had to be found out by sending them again
}

// Stats returns the counters.
func (s *Store) Stats() Stats {
	c := &s.appender.stats
	return Stats{c.appends.Load(), c.batches.Load(), c.conflicts.Load(), c.retries.Load(), c.unknown.Load()}
}
