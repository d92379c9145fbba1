package eventstore_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// runSignals runs a store's signals until the test ends.
func runSignals(t *testing.T, s *eventstore.Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.RunSignals(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("RunSignals = %v", err)
			}
		case <-time.After(patience):
			t.Error("RunSignals goes on after the end of its context")
		}
	})
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// listeners returns the process ids of the listening connections of a database.
func listeners(t *testing.T, pool *pgxpool.Pool) []int32 {
	t.Helper()
	rows, err := pool.Query(t.Context(), `select pid from pg_stat_activity
		where application_name = 'ordermill listen' and datname = current_database() and query like 'listen %' and state = 'idle'`)
	if err != nil {
		t.Fatal(err)
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int32])
	if err != nil {
		t.Fatal(err)
	}
	return pids
}

// What one process appends reaches the other's feed without polling, also after the listening connection broke.
func TestRunSignals_wakesOtherProcess(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	pool := pgtest.PoolOf(t, url)
	here, there := feedStore(t, pool), feedStore(t, pgtest.PoolOf(t, url))
	runSignals(t, here)
	runSignals(t, there)
	messages := subscribe(t, here, eventstore.FeedConfig{PollInterval: never})
	for i := range eventstore.Position(20) {
		appendNotes(t, there, 1, 1)
		receiveUntil(t, messages, i, i+1)
	}
	eventually(t, "both listen", func() bool { return len(listeners(t, pool)) == 2 })
	before := listeners(t, pool)
	if _, err := pool.Exec(t.Context(), "select pg_terminate_backend(pid) from unnest($1::int[]) pid", before); err != nil {
		t.Fatal(err)
	}
	appendNotes(t, there, 1, 1) // while nobody listens
	receiveUntil(t, messages, 20, 21)
	eventually(t, "both listen again", func() bool { return len(listeners(t, pool)) == 2 })
	appendNotes(t, there, 1, 1)
	receiveUntil(t, messages, 21, 22)
}

// Signals are few, however many appends there are, and the last one tells the end.
func TestRunSignals_throttled(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	store := feedStore(t, pgtest.PoolOf(t, url))
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), "listen ordermill_log"); err != nil {
		t.Fatal(err)
	}
	runSignals(t, store)
	begin := time.Now()
	for range 300 {
		appendNotes(t, store, 1, 1)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	signals := 0
	for last := ""; last != "1 300"; signals++ {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			t.Fatalf("after %d signals, the last %q: %v", signals, last, err)
		}
		last = n.Payload
	}
	if most := int(time.Since(begin)/(20*time.Millisecond)) + 2; signals > most || signals > 150 {
		t.Errorf("%d signals for 300 appends in %v; want at most %d", signals, time.Since(begin), most)
	}
}

// lines collects what is logged.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *lines) has(part string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.all.String(), part)
}

// Behind a pooler nobody listens, and the feed goes on by polling.
func TestRunSignals_behindPooler(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	direct := pgtest.PoolOf(t, url)
	config := direct.Config().Copy()
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return throughPooler(t, conn), nil
	}
	pooled, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pooled.Close)
	logged := new(lines)
	here, err := eventstore.Open(t.Context(), pooled, eventstore.Config{Logger: slog.New(slog.NewTextHandler(logged, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = here.Close(context.Background()) })
	there := feedStore(t, direct)
	runSignals(t, here)
	eventually(t, "it says that it only polls", func() bool { return logged.has("polling only") })
	if pids := listeners(t, direct); len(pids) > 0 {
		t.Errorf("%v listen; want nobody", pids)
	}
	messages := subscribe(t, here, eventstore.FeedConfig{PollInterval: 10 * time.Millisecond})
	appendNotes(t, there, 1, 1)
	receiveUntil(t, messages, 0, 1)
}

// throughPooler returns a connection to a pooler in front of server: what it passes on is the server's, but the process
// id is its own.
func throughPooler(t *testing.T, server net.Conn) net.Conn {
	t.Helper()
	client, pooler := net.Pipe()
	go func() {
		_, _ = io.Copy(server, pooler)
		_ = server.Close()
	}()
	go func() {
		defer func() { _ = pooler.Close() }()
		front := pgproto3.NewFrontend(server, nil)
		for {
			msg, err := front.Receive()
			if err != nil {
				return
			}
			if key, ok := msg.(*pgproto3.BackendKeyData); ok {
				key.ProcessID = 1
			}
			b, err := msg.Encode(nil)
			if err == nil {
				_, err = pooler.Write(b)
			}
			if err != nil {
				if !errors.Is(err, io.ErrClosedPipe) {
					t.Errorf("pooler: %v", err)
				}
				return
			}
		}
	}()
	return client
}
