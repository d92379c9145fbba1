package eventstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// Under the lock nobody can lose: writers of several processes that only ever read, decide and append there meet no
// conflict, beside others that do.
func TestWithLock_neverLoses(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	stores := []*Store{openStore(t, pool, Config{}), openStore(t, pool, Config{})}
	stream := uuid.New()
	const each = 20
	var wg sync.WaitGroup
	for _, s := range stores {
		wg.Go(func() {
			for range each {
				err := s.WithLock(t.Context(), func(ctx context.Context, l *Locked) error {
					events, err := l.LoadMany(ctx, "a", []StreamAfter{{Stream: stream}})
					if err != nil {
						return err
					}
					read := Expectation{Stream: stream}
					if n := len(events); n > 0 {
						read.Version, read.Event = events[n-1].Version, events[n-1].ID
					}
					_, err = l.Append(ctx, onto("a", read, fmt.Sprint(read.Version+1)))
					return err
				})
				if err != nil {
					t.Errorf("WithLock = %v; want nil", err)
				}
			}
		})
		wg.Go(func() {
			for range each {
				if _, err := s.Append(t.Context(), first("a", uuid.New())); err != nil {
					t.Errorf("Append = %v; want nil", err)
				}
			}
		})
	}
	wg.Wait()
	events, err := stores[0].Load(t.Context(), "a", stream, 0)
	if err != nil || len(events) != 2*each {
		t.Errorf("Load = %d events, %v; want %d", len(events), err, 2*each)
	}
	checkDense(t, stores[0], 4*each)
}

// What was appended under the lock is gone when the decision fails after all, and leaves no hole.
func TestWithLock_rollback(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	mustAppend(t, s, first("a", uuid.New()))
	changed := errors.New("changed my mind")
	a := first("a", uuid.New())
	err := s.WithLock(t.Context(), func(ctx context.Context, l *Locked) error {
		if r, err := l.Append(ctx, a); err != nil || r.Position != 2 {
			t.Errorf("Append under the lock = %+v, %v; want position 2", r, err)
		}
		b := onto("a", after(a, a.Reads[0].Stream), "2") // sees what the lock's own append wrote
		if r, err := l.Append(ctx, b); err != nil || r.Position != 3 {
			t.Errorf("second Append under the lock = %+v, %v; want position 3", r, err)
		}
		return changed
	})
	if !errors.Is(err, changed) {
		t.Errorf("WithLock = %v; want the decision's error", err)
	}
	if r := mustAppend(t, s, a); r.Position != 2 || r.Known {
		t.Errorf("Append = %+v; want it new at position 2", r)
	}
	checkDense(t, s, 2)
}

// A decision that hides the server's error from WithLock does not make a rolled back transaction look committed.
func TestWithLock_hiddenError(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	err := s.WithLock(t.Context(), func(ctx context.Context, l *Locked) error {
		if _, err := l.Append(ctx, first("a", uuid.New())); err != nil {
			t.Error(err)
		}
		_, err := l.tx.Exec(ctx, "select 1/0")
		_ = err // that is the point
		return nil
	})
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("WithLock = %v; want ErrUnavailable: nothing was written", err)
	}
	checkDense(t, s, 0)
}

// A caller that is gone gives the lock back.
func TestWithLock_callerGone(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.WithLock(ctx, func(ctx context.Context, l *Locked) error {
		cancel()
		_, err := l.LoadMany(ctx, "a", []StreamAfter{{Stream: uuid.New()}})
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("WithLock = %v; want context.Canceled", err)
	}
	mustAppend(t, s, first("a", uuid.New()))
}

// checkDense reads the log back: n events at positions 1 to n, each stream's versions without holes and in order, no id
// twice.
func checkDense(t *testing.T, s *Store, n int) []Recorded {
	t.Helper()
	events, err := collect(t.Context(), s.pool, s.log, readSQL, s.log, 0, 1_000_000, 0, uuid.Nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != n {
		t.Errorf("%d events; want %d", len(events), n)
	}
	versions, ids := make(map[uuid.UUID]Version), make(map[uuid.UUID]bool)
	for i, e := range events {
		if e.Position != Position(i+1) {
			t.Fatalf("event %d is at position %d", i+1, e.Position)
		}
		if versions[e.Stream]++; e.Version != versions[e.Stream] {
			t.Errorf("position %d: version %d of %s; want %d", e.Position, e.Version, e.Stream, versions[e.Stream])
		}
		if ids[e.ID] {
			t.Errorf("position %d: id %s is there twice", e.Position, e.ID)
		}
		ids[e.ID] = true
	}
	return events
}
