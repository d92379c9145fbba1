package eventstore

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// Several appends under the lock come out as one after the other would: each on what those before it leave behind, the
// refused ones alone, and all of them or none.
func TestLocked_AppendAll(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	s := openStore(t, pool, Config{})
	stream := uuid.New()
	used := first("a", uuid.New())
	used.Key, used.Answer = &Key{Client: "c", Hash: hash("used"), Fingerprint: hash("1")}, Answer{Body: []byte("was")}
	mustAppend(t, s, used)

	one := first("a", stream)
	two := onto("a", after(one, stream), "2") // on what one is about to store
	known := first("a", uuid.New())
	known.Key = used.Key
	onKnown := onto("a", after(known, known.Reads[0].Stream), "2") // on what known will not store
	twin := func() Append {                                        // two of one key share no call
		a := first("a", uuid.New())
		a.Key, a.Answer = &Key{Client: "c", Hash: hash("twin"), Fingerprint: hash("1")}, Answer{Body: []byte("twin")}
		return a
	}
	invalid := first("a", uuid.New())
	invalid.Events[0].Type = "nonsense"
	three := onto("a", after(two, stream), "3")
	appends := []Append{one, two, known, onKnown, twin(), invalid, twin(), three}

	errInvalid := errors.New("invalid")
	check := func(settled []Settled) {
		t.Helper()
		for i, want := range []struct {
			position Position
			known    bool
			err      error
		}{{2, false, nil}, {3, false, nil}, {1, true, nil}, {0, false, ErrConflict}, {4, false, nil}, {0, false, errInvalid}, {4, true, nil}, {5, false, nil}} {
			got := settled[i]
			if invalid := new(InvalidError); errors.As(got.Err, &invalid) {
				got.Err = errInvalid
			}
			if !errors.Is(got.Err, want.err) || got.Result.Position != want.position || got.Result.Known != want.known {
				t.Errorf("append %d: %+v, %v; want position %d, known: %t, %v", i, got.Result, got.Err, want.position, want.known, want.err)
			}
		}
	}
	changed := errors.New("changed my mind")
	for _, outcome := range []error{changed, nil} {
		err := s.WithLock(t.Context(), func(ctx context.Context, l *Locked) error {
			settled, err := l.AppendAll(ctx, slices.Clone(appends))
			if err != nil {
				return err
			}
			check(settled)
			return outcome
		})
		if !errors.Is(err, outcome) {
			t.Fatalf("WithLock = %v; want %v", err, outcome)
		}
	}
	checkDense(t, s, 5)
	if events, err := s.Read(t.Context(), 0, 10); err != nil || len(events) != 5 {
		t.Errorf("Read = %d events, %v; want all 5", len(events), err)
	}
}
