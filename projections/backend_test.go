package projections_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// shelf is a store outside Postgres: tallies in memory, with their checkpoint, kept by generation.
type shelf struct {
	tally

	mu          sync.Mutex
	generations map[projections.Generation]*shelved
}

type shelved struct {
	*tallyFold
	at    projections.Checkpoint
	fence int64
}

func newShelf(name string) *shelf {
	return &shelf{tally: tally{name: name}, generations: make(map[projections.Generation]*shelved)}
}

func (b *shelf) Store() string             { return "shelf" }
func (b *shelf) NewFold() projections.Fold { return newTallyFold(&b.tally) }

func (b *shelf) Sink(_ eventstore.LogID, g projections.Generation) projections.Sink {
	return &shelfSink{b, g}
}

func (b *shelf) of(g projections.Generation) *shelved {
	if b.generations[g] == nil {
		b.generations[g] = &shelved{tallyFold: newTallyFold(&b.tally)}
	}
	return b.generations[g]
}

func (b *shelf) Load(_ context.Context, g projections.Generation, fold projections.Fold, at map[eventstore.LogID]projections.Checkpoint) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	copied := newTallyFold(&b.tally)
	from, ok := fold.(*tallyFold)
	if !ok {
		return fmt.Errorf("%T is not a tally", fold)
	}
	for key, c := range from.counts {
		count := *c
		copied.counts[key] = &count
	}
	b.generations[g] = &shelved{tallyFold: copied, at: at[1]}
	return nil
}

func (b *shelf) Verify(ctx context.Context, g projections.Generation, _ eventstore.LogID, fold projections.FoldFunc) ([]projections.Difference, error) {
	b.mu.Lock()
	at := b.of(g).at.Position
	stored := b.counts(g)
	b.mu.Unlock()
	folded, err := fold(ctx, at, func(uuid.UUID) eventstore.Position { return at })
	if err != nil {
		return nil, err
	}
	fresh, ok := folded.(*tallyFold)
	if !ok {
		return nil, fmt.Errorf("%T is not a tally", folded)
	}
	var found []projections.Difference
	for key, want := range fresh.counts {
		if stored[key.stream] != [2]int64{want.events, want.units} {
			found = append(found, projections.Difference{Projection: b.name, Key: key.stream.String(), Position: at, Problem: "different"})
		}
	}
	return found, nil
}

func (b *shelf) Drop(_ context.Context, g projections.Generation) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.generations, g)
	return nil
}

func (b *shelf) counts(g projections.Generation) map[uuid.UUID][2]int64 {
	out := make(map[uuid.UUID][2]int64)
	for key, c := range b.of(g).counts {
		out[key.stream] = [2]int64{c.events, c.units}
	}
	return out
}

func (b *shelf) live(g projections.Generation) map[uuid.UUID][2]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.counts(g)
}

type shelfSink struct {
	of *shelf
	g  projections.Generation
}

func (s *shelfSink) Checkpoint(context.Context) (projections.Checkpoint, error) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	return s.of.of(s.g).at, nil
}

func (s *shelfSink) Apply(_ context.Context, fence int64, from, to projections.Checkpoint, events []projections.Event) error {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	at := s.of.of(s.g)
	if at.fence > fence || at.at != from {
		return fmt.Errorf("shelf at %d: %w", at.at.Position, projections.ErrFenced)
	}
	if err := s.add(events); err != nil {
		return err
	}
	at.at, at.fence = to, fence
	return nil
}

func (s *shelfSink) Redrive(_ context.Context, _ int64, events []projections.Event) error {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	return s.add(events)
}

func (s *shelfSink) add(events []projections.Event) error {
	for i := range events {
		if fault := s.of.fault.Load(); fault != nil {
			if err := (*fault)(&events[i]); err != nil {
				return fmt.Errorf("%w: %w", projections.ErrInvalidEvent, err)
			}
		}
	}
	for i := range events {
		if err := s.of.of(s.g).Add(&events[i]); err != nil {
			return err
		}
	}
	return nil
}

// A projection outside Postgres is run, parked, redriven, verified and rebuilt like the others.
func TestBackend(t *testing.T) {
	t.Parallel()

	s := openShop(t, 4)
	b := newShelf("shelf")
	fault := failOnPoison
	b.fault.Store(&fault)
	set := newSet(t, projections.Config{Pool: s.pool, Stores: []*eventstore.Store{s.store}, Backends: []projections.Backend{b}, Logger: logger(t)})
	running(t, set, projections.RunOptions{})
	s.fill(40)
	s.receive(s.streams[0], poison)
	s.fill(40)
	s.reach(set, "shelf")
	if got := b.live(1)[s.streams[0]]; got != [2]int64{10, 10} {
		t.Errorf("the parked stream = %v; want 10 and 10", got)
	}
	b.fault.Store(nil)
	if err := set.Unpark(t.Context(), "shelf", s.streams[0]); err != nil {
		t.Fatal(err)
	}
	if got, want := b.live(1), s.logCounts(); !maps.Equal(got, want) {
		t.Errorf("counts = %v; want %v", got, want)
	}
	reports, err := set.Rebuild(t.Context(), projections.RebuildOptions{Progress: func(p projections.Progress) {
		if p.Phase == projections.PhaseLoad {
			s.fill(800)
		}
	}})
	if err != nil || !reports[0].Switched || reports[0].Generation != 2 {
		t.Fatalf("Rebuild = %+v, %v; want generation 2", reports, err)
	}
	s.fill(40)
	s.reach(set, "shelf")
	if got, want := b.live(2), s.logCounts(); !maps.Equal(got, want) {
		t.Errorf("counts = %v; want %v", got, want)
	}
	if found, err := set.Verify(t.Context(), projections.VerifyOptions{}); err != nil || len(found) > 0 {
		t.Errorf("Verify = %v, %v; want nothing", found, err)
	}
	b.mu.Lock()
	for _, c := range b.generations[2].counts {
		c.units++
		break
	}
	b.mu.Unlock()
	if found, err := set.Verify(t.Context(), projections.VerifyOptions{}); err != nil || len(found) != 1 {
		t.Errorf("Verify of a tampered one = %v, %v; want one difference", found, err)
	}
	if status, err := set.Status(t.Context()); err != nil || status[0].Store != "shelf" || status[0].Logs[0].Position != s.head {
		t.Errorf("Status = %+v, %v; want it at the head", status, err)
	}
}
