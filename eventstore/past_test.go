package eventstore

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// loseEvents does to a log what a restore to an earlier time does.
func loseEvents(t *testing.T, pool *pgxpool.Pool, after Position) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), "delete from events where log_id = 1 and position > $1", after); err != nil {
		t.Fatal(err)
	}
}

// fill appends n events of streams of their own and returns the last stream with its event.
func fill(t *testing.T, s *Store, n int) (last Expectation) {
	t.Helper()
	for range n {
		a := first("a", uuid.New())
		mustAppend(t, s, a)
		last = Expectation{Stream: a.Events[0].Stream, Version: 1, Event: a.Events[0].ID}
	}
	return last
}

// Whatever becomes of a log behind a process's back, nothing is appended to another past than the process knows: not
// to a shorter log, nor to one that has grown again, to the same length or beyond, and nor by a decision under the lock.
func TestPast_appendsAreRefused(t *testing.T) {
	t.Parallel()

	for what, happens := range map[string]struct{ lost, grown int }{
		"the log is shorter":              {3, 0},
		"the log is empty":                {10, 0},
		"the log is as long, and another": {1, 1},
		"the log is longer, and another":  {3, 7},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.Pool(t)
			s := openStore(t, pool, Config{})
			last := fill(t, s, 10)
			loseEvents(t, pool, Position(10-happens.lost))
			fill(t, openStore(t, pool, Config{}), happens.grown)
			head := headOf(t, s)

			for name, err := range map[string]error{
				"Append of something new": lastError(s.Append(t.Context(), first("a", uuid.New()))),
				"Append to what was lost": lastError(s.Append(t.Context(), onto("a", last, "2"))),
				"WithLock": s.WithLock(t.Context(), func(ctx context.Context, l *Locked) error {
					_, err := l.Append(ctx, first("a", uuid.New()))
					return err
				}),
			} {
				if !errors.Is(err, ErrAnotherPast) {
					t.Errorf("%s = %v; want ErrAnotherPast", name, err)
				}
			}
			if now := headOf(t, s); now != head {
				t.Errorf("the log went from %d to %d", head, now)
			}
			if err := s.CheckPast(t.Context()); !errors.Is(err, ErrAnotherPast) {
				t.Errorf("CheckPast = %v; want ErrAnotherPast", err)
			}
			if _, err := s.Submit(first("a", uuid.New()), nil); !errors.Is(err, ErrAnotherPast) {
				t.Errorf("Submit after CheckPast = %v; want ErrAnotherPast", err)
			}
		})
	}
}

func lastError[T any](_ T, err error) error { return err }

// A log that was lost goes on once an operator has recovered it, in an epoch of its own, and what only the lost past has used
// is free again. It goes on too when it gets back what it had.
func TestPast_recover(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	s := openStore(t, pool, Config{})
	fill(t, s, 3)
	kept := keyed(uuid.New(), "kept", "1")
	mustAppend(t, s, kept)
	gone := keyed(uuid.New(), "gone", "1")
	gone.Claims = []Claim{{Scope: "number", Value: "17", Owner: gone.Events[0].Stream}}
	mustAppend(t, s, gone)
	before := s.Past()

	loseEvents(t, pool, 4)
	if err := s.CheckPast(t.Context()); !errors.Is(err, ErrAnotherPast) {
		t.Fatalf("CheckPast = %v; want ErrAnotherPast", err)
	}
	select {
	case <-before.Ended():
	default:
		t.Error("the past has not ended")
	}
	r, err := s.Recover(t.Context(), 0)
	if err != nil || r.Head != 4 || r.Answers != 1 || r.Claims != 1 || r.Epoch <= before.Epoch() {
		t.Fatalf("Recover = %+v, %v; want head 4, an answer and a claim dropped, a higher epoch", r, err)
	}
	if err := s.Past().Err(); err != nil || s.Past().Epoch() != r.Epoch {
		t.Fatalf("past of epoch %d, %v; want %d", s.Past().Epoch(), err, r.Epoch)
	}
	if got := mustAppend(t, s, kept); !got.Known || got.Epoch != r.Epoch {
		t.Errorf("a key of before: %+v; want known, in epoch %d", got, r.Epoch)
	}
	again := keyed(uuid.New(), "gone", "2")
	again.Claims = []Claim{{Scope: "number", Value: "17", Owner: again.Events[0].Stream}}
	if got := mustAppend(t, s, again); got.Known || got.Position != 5 {
		t.Errorf("a key of the lost past: %+v; want it to be free", got)
	}
	if r2, err := s.Recover(t.Context(), r.Epoch+1_000_000); err != nil || r2.Epoch != r.Epoch+1_000_001 {
		t.Errorf("Recover = %+v, %v; want an epoch beyond the one that was seen", r2, err)
	}
}

// A log that has again what was missed needs no operator.
func TestPast_comesBack(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	s := openStore(t, pool, Config{})
	fill(t, s, 5)
	for _, sql := range []string{"create table aside as select * from events where position > 3", "delete from events where position > 3"} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.CheckPast(t.Context()); !errors.Is(err, ErrAnotherPast) {
		t.Fatalf("CheckPast = %v; want ErrAnotherPast", err)
	}
	if _, err := pool.Exec(t.Context(), "insert into events select * from aside"); err != nil {
		t.Fatal(err)
	}
	if err := s.CheckPast(t.Context()); err != nil {
		t.Fatalf("CheckPast = %v; want nil", err)
	}
	fill(t, s, 1)
}

// Nothing of another past is read on, as if it followed, and a feed ends with the past that it is of.
func TestPast_readsOn(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	writer, reader := openStore(t, pool, Config{}), openStore(t, pool, Config{})
	fill(t, writer, 5)
	if events, err := reader.Read(t.Context(), 0, 100); err != nil || len(events) != 5 {
		t.Fatalf("%d events, %v; want 5", len(events), err)
	}
	feed := NewFeed(reader, FeedConfig{After: func(context.Context) (Position, error) { return 5, nil }})
	frames, err := feed.Subscribe(t.Context(), "events")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = feed.Close() })
	loseEvents(t, pool, 4)
	fill(t, openStore(t, pool, Config{}), 3)

	if events, err := reader.Read(t.Context(), 5, 100); len(events) > 0 {
		t.Errorf("%d events after the lost one, %v; want none", len(events), err)
	}
	if err := reader.CheckPast(t.Context()); !errors.Is(err, ErrAnotherPast) {
		t.Fatalf("CheckPast = %v; want ErrAnotherPast", err)
	}
	if msg, ok := <-frames; ok {
		t.Errorf("the feed went on with %s", msg.UUID)
	}
	seen := Place{Epoch: 1, Position: 5, Event: uuid.New()}
	if err := reader.Compare(t.Context(), "somebody", seen); !errors.Is(err, ErrAnotherPast) {
		t.Errorf("Compare = %v; want ErrAnotherPast", err)
	}
}
