package commands

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
)

// What is looked at all the time stays, whatever else comes and goes; what came last outlives what came before it.
func TestStates_trim(t *testing.T) {
	t.Parallel()

	s := newStates(100)
	var busy []name
	for i := range 50 {
		n := name{"a", products, fmt.Sprint(i)}
		_, r := s.find(n)
		s.put(newAggregate(r))
		busy = append(busy, n)
	}
	var last []ref
	for round := range 200 {
		last = last[:0]
		for range 20 {
			r := ref{"a", orders, uuid.New()}
			s.put(newAggregate(r))
			last = append(last, r)
		}
		for i, n := range busy {
			if a, _ := s.find(n); a == nil {
				t.Fatalf("round %d: aggregate %d is gone, though every round looks at it", round, i)
			}
		}
		s.trim()
		if want := min(100, 50+20*(round+1)); len(s.byRef) != want || len(s.queue) != want || len(s.named) > want {
			t.Fatalf("round %d: %d kept, %d queue, %d have names; want %d", round, len(s.byRef), len(s.queue), len(s.named), want)
		}
		for _, r := range last {
			if s.byRef[r] == nil {
				t.Fatalf("round %d: what came last is gone already", round)
			}
		}
	}
}

// What is dropped leaves nothing behind, however often that happens.
func TestStates_dropsLeaveNothing(t *testing.T) {
	t.Parallel()

	s := newStates(100)
	for i := range 10_000 {
		n := name{"a", stocks, fmt.Sprint(i)}
		_, r := s.find(n)
		s.put(newAggregate(r))
		s.find(n)
		s.drop(r)
	}
	if len(s.byRef) > 0 || len(s.named) > 0 || len(s.queue) > 200 {
		t.Errorf("%d kept, %d with names, %d in the queue; want none, none and few", len(s.byRef), len(s.named), len(s.queue))
	}
}

// An aggregate that was dropped is not found by its name either, and its successor is.
func TestStates_drop(t *testing.T) {
	t.Parallel()

	s := newStates(10)
	n := name{"a", stocks, "MUG"}
	none, r := s.find(n)
	first := newAggregate(r)
	s.put(first)
	found, _ := s.find(n)
	s.drop(r)
	dropped, _ := s.find(n)
	second := newAggregate(r)
	s.put(second)
	again, _ := s.find(n)
	if none != nil || found != first || dropped != nil || again != second || len(s.byRef) != 1 {
		t.Errorf("found %p, %p, %p, %p of %d kept; want none, the first, none, the second and 1", none, found, dropped, again, len(s.byRef))
	}
}
