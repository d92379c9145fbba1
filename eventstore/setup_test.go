package eventstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// patient bounds a test's waits: a loaded machine is slow.
const patient = time.Minute

// shortBounds let a test see the end of the appender's patience.
func shortBounds() bounds {
	b := defaultBounds()
	b.lock, b.statement, b.lane = 300*time.Millisecond, 5*time.Second, 6*time.Second
	b.patience, b.tick = 600*time.Millisecond, 50*time.Millisecond
	return b
}

// openStore opens a store that is closed with the test.
func openStore(tb testing.TB, pool *pgxpool.Pool, config Config) *Store {
	tb.Helper()
	if config.Logger == nil {
		config.Logger = slog.New(slog.NewTextHandler(tb.Output(), nil))
	}
	s, err := Open(tb.Context(), pool, config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patient)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			tb.Errorf("Close = %v", err)
		}
	})
	return s
}

// newStore opens a store on a database of the test's own.
func newStore(t *testing.T) *Store {
	t.Helper()
	return openStore(t, pgtest.Pool(t), Config{})
}

// id makes the nth UUID.
func id(n uint64) (u uuid.UUID) {
	binary.BigEndian.PutUint64(u[8:], n)
	return u
}

// hash makes a key's hash or a request's fingerprint.
func hash(s string) [32]byte { return sha256.Sum256([]byte(s)) }

// fact is an event of stream with a body.
func fact(stream uuid.UUID, data string) NewEvent {
	return NewEvent{
		ID: uuid.New(), Stream: stream, StreamType: "thing", Type: "thing.changed.v1", Data: []byte(data),
		Metadata: []byte(`{}`), OccurredAt: time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC),
	}
}

// onto makes an append of one event onto what is expected.
func onto(tenant string, read Expectation, data string) Append {
	return Append{Tenant: tenant, Reads: []Expectation{read}, Events: []NewEvent{fact(read.Stream, data)}}
}

// first makes an append of one event to a new stream.
func first(tenant string, stream uuid.UUID) Append {
	return onto(tenant, Expectation{Stream: stream}, "1")
}

// after is what a stream is expected to be once a, which has one event a stream, is stored.
func after(a Append, stream uuid.UUID) Expectation {
	var e Expectation
	for _, r := range a.Reads {
		if r.Stream == stream {
			e = r
		}
	}
	for _, event := range a.Events {
		if event.Stream == stream {
			e.Version, e.Event = e.Version+1, event.ID
		}
	}
	return e
}

// submission is an append whose outcome is awaited apart from submitting it.
type submission struct {
	done     chan struct{}
	calls    int
	result   Result
	err      error
	withdraw func() bool
}

// submit submits a.
func submit(t *testing.T, s *Store, a Append) *submission {
	t.Helper()
	sub := &submission{done: make(chan struct{})}
	var err error
	sub.withdraw, err = s.Submit(a, func(r Result, err error) {
		if sub.calls++; sub.calls > 1 {
			t.Errorf("done was called %d times; want once", sub.calls)
			return
		}
		sub.result, sub.err = r, err
		close(sub.done)
	})
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

// wait returns the outcome.
func (sub *submission) wait(t *testing.T) (Result, error) {
	t.Helper()
	select {
	case <-sub.done:
		return sub.result, sub.err
	case <-time.After(patient):
		t.Fatal("an append had no outcome in a minute")
		return Result{}, nil
	}
}

// submitTogether submits appends so that they share one batch.
func submitTogether(t *testing.T, s *Store, appends ...Append) []*submission {
	t.Helper()
	subs := make([]*submission, len(appends))
	s.appender.sending.Lock()
	for i, a := range appends {
		subs[i] = submit(t, s, a)
	}
	s.appender.sending.Unlock()
	s.appender.nudge()
	return subs
}

// mustAppend appends a.
func mustAppend(t *testing.T, s *Store, a Append) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	r, err := s.Append(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// eventually polls until ok, at most a minute.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patient); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in a minute: %s", what)
		}
	}
}
