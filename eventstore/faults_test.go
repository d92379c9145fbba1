package eventstore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// A fault befalls one batch on its way.
type fault int32

const (
	none        fault = iota
	loseReply         // the server gets the batch and works through it; its answer is lost with the connection
	loseRequest       // the connection ends before the server has got the batch
	hangUp            // the server gets the batch, and the connection ends at once
)

// wire makes the connections of a lane, and breaks them.
type wire struct {
	next  atomic.Int32 // the fault of the next batch
	every atomic.Int32 // beyond that, every so many-th batch has one fault or the other
	count atomic.Int32
	mu    sync.Mutex
	lanes []net.Conn
}

// through makes the lanes of stores on pool go through a wire.
func through(t *testing.T, pool *pgxpool.Pool) (*wire, *pgxpool.Pool) {
	t.Helper()
	w := &wire{}
	config := pool.Config()
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &wiredConn{Conn: conn, wire: w}, nil
	}
	wired, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(wired.Close)
	return w, wired
}

// cut ends the connections of all lanes.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.lanes {
		_ = conn.Close()
	}
	w.lanes = nil
}

func (w *wire) pick() fault {
	if f := fault(w.next.Swap(int32(none))); f != none {
		return f
	}
	n, every := w.count.Add(1), w.every.Load()
	if every == 0 || n%every != 0 {
		return none
	}
	return loseReply + fault(n/every%3)
}

// wiredConn is a connection that a fault may befall. Only batches are looked at: what a lane sends is a Bind and more.
type wiredConn struct {
	net.Conn
	wire *wire
	lane atomic.Bool
	lose atomic.Bool
}

func (c *wiredConn) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("\x00ordermill append\x00")) {
		c.lane.Store(true)
		c.wire.mu.Lock()
		c.wire.lanes = append(c.wire.lanes, c.Conn)
		c.wire.mu.Unlock()
	}
	if !c.lane.Load() || b[0] != 'B' {
		return c.Conn.Write(b)
	}
	switch c.wire.pick() {
	case loseReply:
		c.lose.Store(true)
	case loseRequest:
		_ = c.Close()
	case hangUp:
		n, err := c.Conn.Write(b)
		_ = c.Close()
		return n, err
	case none:
	}
	return c.Conn.Write(b)
}

func (c *wiredConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.lose.Load() {
		_ = c.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// An answer that is lost is found out by sending the same batch again: one effect, and the outcome that was lost.
func TestAppend_replyLost(t *testing.T) {
	t.Parallel()

	for name, f := range map[string]fault{"reply lost": loseReply, "request lost": loseRequest, "hung up": hangUp} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w, pool := through(t, pgtest.Pool(t))
			s := openStore(t, pool, Config{})
			one := first("a", uuid.New())
			mustAppend(t, s, one)
			w.next.Store(int32(f))
			two := onto("a", after(one, one.Reads[0].Stream), "2")
			stale := first("a", one.Reads[0].Stream)
			claim, request := claimOf("n"), keyed(uuid.New(), "k", "body")
			refusal := keyed(uuid.New(), "refused", "body")
			refusal.Events = nil
			subs := submitTogether(t, s, two, stale, claim, request, refusal)
			for i, want := range []Position{2, 0, 3, 4, 4} {
				r, err := subs[i].wait(t)
				if i == 1 {
					if !errors.Is(err, ErrConflict) {
						t.Errorf("stale append = %v; want ErrConflict", err)
					}
				} else if err != nil || r.Position != want {
					t.Errorf("append %d = %+v, %v; want position %d", i, r, err, want)
				}
			}
			if got := s.Stats().Unknown; got != 1 {
				t.Errorf("%d unknown outcomes; want one", got)
			}
			if head, _, err := s.Head(t.Context()); err != nil || head != 4 {
				t.Errorf("head = %d, %v; want 4", head, err)
			}
			if events, err := s.Read(t.Context(), 0, 10); err != nil || len(events) != 4 {
				t.Errorf("Read = %d events, %v; want 4", len(events), err)
			}
		})
	}
}

// waitingFor counts the lanes that wait for the log's row.
func waitingFor(t *testing.T, pool *pgxpool.Pool) (n int) {
	t.Helper()
	err := pool.QueryRow(t.Context(), `select count(*) from pg_stat_activity
		where datname = current_database() and application_name = 'ordermill append' and wait_event_type = 'Lock'`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// While the first sending still waits for the lock, unseen by anybody, the second one waits behind it: one effect.
func TestAppend_firstSendingStillWaits(t *testing.T) {
	t.Parallel()

	plain := pgtest.Pool(t)
	w, pool := through(t, plain)
	b := defaultBounds()
	b.lock, b.statement, b.lane = patient, patient, patient
	s := openStore(t, pool, Config{bounds: b})
	tx, err := plain.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), "select lock_log(1)"); err != nil {
		t.Fatal(err)
	}
	stream := uuid.New()
	one := first("a", stream)
	two := onto("a", after(one, stream), "2")
	subs := []*submission{submit(t, s, one), submit(t, s, two)}
	eventually(t, "the first sending waits", func() bool { return waitingFor(t, plain) == 1 })
	w.cut()
	eventually(t, "the second sending waits too", func() bool { return waitingFor(t, plain) == 2 })
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, sub := range subs {
		if r, err := sub.wait(t); err != nil || r.Position != Position(i+1) {
			t.Errorf("append %d = %+v, %v; want position %d", i+1, r, err, i+1)
		}
	}
	if head, _, err := s.Head(t.Context()); err != nil || head != 2 {
		t.Errorf("head = %d, %v; want 2", head, err)
	}
}

// A failure after a sending without an answer does not prove that nothing is stored, and nobody is told so.
func TestAppend_staysInDoubt(t *testing.T) {
	t.Parallel()

	plain := pgtest.Pool(t)
	w, pool := through(t, plain)
	b := shortBounds()
	b.resolve = time.Second
	s := openStore(t, pool, Config{bounds: b})
	tx, err := plain.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), "select lock_log(1)"); err != nil {
		t.Fatal(err)
	}
	a := first("a", uuid.New())
	sub := submit(t, s, a)
	eventually(t, "the append waits", func() bool { return waitingFor(t, plain) > 0 })
	w.cut()
	if _, err := sub.wait(t); !errors.Is(err, ErrOutcomeUnknown) || errors.Is(err, ErrUnavailable) {
		t.Errorf("Append = %v; want ErrOutcomeUnknown", err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := mustAppend(t, s, a); r.Position != 1 { // the very same append finds out
		t.Errorf("position %d; want 1", r.Position)
	}
}

// WithLock whose commit is not answered says so, and the same append finds out.
func TestWithLock_commitLost(t *testing.T) {
	t.Parallel()

	_, pool := through(t, pgtest.Pool(t))
	s := openStore(t, pool, Config{})
	a := first("a", uuid.New())
	err := s.WithLock(t.Context(), func(ctx context.Context, l *Locked) error {
		if _, err := l.Append(ctx, a); err != nil {
			return err
		}
		conn, ok := l.tx.Conn().PgConn().Conn().(*wiredConn)
		if !ok {
			t.Fatal("the connection does not go through the wire")
		}
		conn.lose.Store(true)
		return nil
	})
	if !errors.Is(err, ErrOutcomeUnknown) {
		t.Fatalf("WithLock = %v; want ErrOutcomeUnknown", err)
	}
	if r := mustAppend(t, s, a); r.Position != 1 || !r.Known {
		t.Errorf("Append again = %+v; want it known at position 1", r)
	}
	err = s.WithLock(t.Context(), func(ctx context.Context, l *Locked) error {
		_, err := l.Append(ctx, onto("a", after(a, a.Reads[0].Stream), "2"))
		return err
	})
	if err != nil {
		t.Errorf("WithLock on a new connection = %v; want nil", err)
	}
}

// A caller whose time is up goes, whatever its append waits for; the answer is read without it.
func TestAppend_callerLeavesEarly(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	b := defaultBounds()
	b.lock, b.statement, b.lane = patient, patient, patient
	s := openStore(t, pool, Config{bounds: b})
	mustAppend(t, s, first("a", uuid.New()))
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), "select lock_log(1)"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	a := first("a", uuid.New())
	errs := make(chan error, 1)
	go func() {
		_, err := s.Append(ctx, a)
		errs <- err
	}()
	eventually(t, "the append waits", func() bool { return waitingFor(t, pool) == 1 })
	cancel()
	if err := <-errs; !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("Append = %v; want ErrOutcomeUnknown because of the context", err)
	}
	next := submit(t, s, first("a", uuid.New()))
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r, err := next.wait(t); err != nil || r.Position != 3 {
		t.Errorf("the next append = %+v, %v; want position 3", r, err)
	}
	if r := mustAppend(t, s, a); r.Position != 2 || !r.Known {
		t.Errorf("Append again = %+v; want it known at position 2", r)
	}
	if got := s.Stats(); got.Unknown != 0 {
		t.Errorf("Stats = %+v; want the lane unbroken", got)
	}
}
