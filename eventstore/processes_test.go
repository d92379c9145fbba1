package eventstore

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// sharedStreams are contended for by all writers of a database.
func sharedStreams(n int) (streams []uuid.UUID) {
	for i := range n {
		streams = append(streams, id(uint64(i+1)))
	}
	return streams
}

// The environment of a writer process.
const (
	writerURL  = "EVENTSTORE_TEST_WRITER_URL"
	writerFile = "EVENTSTORE_TEST_WRITER_FILE"
	writerSeed = "EVENTSTORE_TEST_WRITER_SEED"
)

const (
	processes        = 3
	writersAProcess  = 6
	appendsPerWriter = 60
)

// writeAll runs the writers of one process on s.
func writeAll(ctx context.Context, s *Store, seed uint64) []operation {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var ops []operation
	for i := range writersAProcess {
		wg.Go(func() {
			done := newWriter(s, sharedStreams(12), seed<<8+uint64(i)).run(ctx, appendsPerWriter)
			mu.Lock()
			defer mu.Unlock()
			ops = append(ops, done...)
		})
	}
	wg.Wait()
	return ops
}

// TestWriterProcess is no test by itself: it is what the processes of TestAppend_processes run.
func TestWriterProcess(t *testing.T) { //nolint:paralleltest // alone in its process
	url := os.Getenv(writerURL)
	if url == "" {
		return
	}
	seed, err := strconv.ParseUint(os.Getenv(writerSeed), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	s := openStore(t, pool, Config{})
	out, err := json.Marshal(writeAll(t.Context(), s, seed))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv(writerFile), out, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Many writers in several processes contend for a few streams. Their positions are dense and in commit order, for a
// reader who follows meanwhile too; nobody is lost, doubled or half stored.
func TestAppend_processes(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	pool := pgtest.PoolOf(t, url)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patient)
	defer cancel()
	reader := openStore(t, pool, Config{})
	var ops []operation
	var mu sync.Mutex
	var wg sync.WaitGroup
	add := func(done []operation) {
		mu.Lock()
		defer mu.Unlock()
		ops = append(ops, done...)
	}
	for n := range processes - 1 {
		file := filepath.Join(t.TempDir(), "operations.json")
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestWriterProcess$", "-test.count=1") //nolint:gosec // this binary
		cmd.Env = append(os.Environ(), writerURL+"="+url, writerFile+"="+file, writerSeed+"="+fmt.Sprint(n+1))
		wg.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("writer process: %v\n%s", err, out)
				return
			}
			var done []operation
			raw, err := os.ReadFile(file)
			if err == nil {
				err = json.Unmarshal(raw, &done)
			}
			if err != nil {
				t.Errorf("operations: %v", err)
			}
			add(done)
		})
	}
	wg.Go(func() { add(writeAll(ctx, openStore(t, pool, Config{}), 100)) })
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		wg.Wait()
	}()
	seen := follow(ctx, t, reader, finished)
	if t.Failed() {
		return
	}

	stored := 0
	for _, op := range ops {
		if op.Outcome == "stored" {
			stored += len(op.Events)
		}
	}
	events := checkDense(t, reader, stored)
	checkHistory(t, ops, events)
	if len(seen) != len(events) {
		t.Fatalf("the reader saw %d events; want %d", len(seen), len(events))
	}
	for i := range seen {
		if seen[i].ID != events[i].ID {
			t.Fatalf("the reader saw another event at %d", i+1)
		}
	}
	conflicts := count(ops, "conflict")
	if conflicts < len(ops)/20 {
		t.Errorf("%d conflicts of %d appends; want contention", conflicts, len(ops))
	}
	t.Logf("%d appends, %d conflicts, %d events", len(ops), conflicts, len(events))
}

// follow reads the log until finished is closed and nothing is left. Read itself complains of holes.
func follow(ctx context.Context, t *testing.T, s *Store, finished <-chan struct{}) (seen []Recorded) {
	t.Helper()
	for last := false; ; {
		events, err := s.Read(ctx, Position(len(seen)), 50)
		if err != nil {
			t.Errorf("Read after %d: %v", len(seen), err)
			<-finished
			return seen
		}
		seen = append(seen, events...)
		if len(events) > 0 {
			continue
		}
		if last {
			return seen
		}
		select {
		case <-finished:
			last = true
		case <-time.After(time.Millisecond):
		}
	}
}

// Connections break in every way, again and again, and the server ends the lanes: each append has one effect or none,
// and what its caller was told is true.
func TestAppend_brokenConnections(t *testing.T) {
	t.Parallel()

	plain := pgtest.Pool(t)
	w, pool := through(t, plain)
	w.every.Store(7)
	s := openStore(t, pool, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	var killer sync.WaitGroup
	killer.Go(func() {
		for ctx.Err() == nil {
			_, err := plain.Exec(ctx, `select pg_terminate_backend(pid) from pg_stat_activity
				where datname = current_database() and application_name = 'ordermill append'`)
			if err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(150 * time.Millisecond):
			}
		}
	})
	ops := writeAll(t.Context(), s, 7)
	cancel()
	killer.Wait()
	w.every.Store(0)

	mustAppend(t, s, first("a", uuid.New())) // behind it, nothing is left on its way
	events, err := collect(t.Context(), plain, 1, readSQL, 1, 0, 1_000_000, 0, uuid.Nil)
	if err != nil {
		t.Fatal(err)
	}
	events = checkDense(t, s, len(events))
	checkHistory(t, ops, events[:len(events)-1])
	if got := s.Stats(); got.Unknown == 0 || got.Conflicts == 0 {
		t.Errorf("Stats = %+v; want unknown outcomes and conflicts", got)
	}
	t.Logf("%+v", s.Stats())
}

// The server dies in the middle of it all, twice: what was confirmed is there, what was not is there once or not at all.
func TestAppend_serverKilled(t *testing.T) {
	t.Parallel()

	server := pgtest.Server(t, nil)
	pool := pgtest.PoolOf(t, server.URL())
	s := openStore(t, pool, Config{})
	var ops []operation
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		ops = writeAll(t.Context(), s, 9)
	}()
	for range 2 {
		appends := s.Stats().Appends
		eventually(t, "the load goes on", func() bool {
			select {
			case <-finished:
				return true
			default:
				return s.Stats().Appends > appends+100
			}
		})
		server.Kill(t)
		server.Restart(t)
	}
	select {
	case <-finished:
	case <-time.After(2 * patient):
		t.Fatal("the writers hang")
	}
	eventually(t, "appends flow again", func() bool {
		_, err := s.Append(t.Context(), first("a", uuid.New()))
		return err == nil
	})
	pool.Reset() // its connections are the dead server's
	events := checkDense(t, s, headOf(t, s))
	mine := events[:0]
	for _, e := range events {
		if strings.HasPrefix(string(e.Data), "shared") || string(e.Data) == "own" {
			mine = append(mine, e)
		}
	}
	checkHistory(t, ops, mine)
	t.Logf("%d appends, %d conflicts, %d unknown, %d refused, %+v", len(ops), count(ops, "conflict"), count(ops, "unknown"), count(ops, "refused"), s.Stats())
}

func headOf(t *testing.T, s *Store) int {
	t.Helper()
	head, _, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return int(head)
}
