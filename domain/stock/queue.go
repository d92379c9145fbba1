package stock

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"
)

// place is where a reservation stands in the queue of backorders.
type place struct {
	placed int64  // Unix milliseconds
	turn   uint64 // counts from 1, in the sequence in which they began to wait
	id     uuid.UUID
}

// queue has the reservations that wait for units, in the sequence they are served: by the time their orders were placed,
// then by the sequence in which they came.
type queue struct {
	places []place
	turns  uint64 // handed out
	below  *queue // of what a scratch is of; its places count as long as their reservations still have those turns
}

func byTurn(a, b place) int {
	return cmp.Or(cmp.Compare(a.placed, b.placed), cmp.Compare(a.turn, b.turn))
}

// add lines a reservation up and returns its turn.
func (q *queue) add(id uuid.UUID, placed time.Time) uint64 {
	q.turns++
	p := place{placed.UnixMilli(), q.turns, id}
	i := len(q.places) // where it nearly always belongs
	if i > 0 && byTurn(q.places[i-1], p) > 0 {
		i, _ = slices.BinarySearchFunc(q.places, p, byTurn)
	}
	q.places = slices.Insert(q.places, i, p)
	return q.turns
}

// remove takes a reservation out, if it is in this queue and not in the one below.
func (q *queue) remove(placed time.Time, turn uint64) {
	i, found := slices.BinarySearchFunc(q.places, place{placed: placed.UnixMilli(), turn: turn}, byTurn)
	switch {
	case !found:
	case len(q.places) == 1:
		q.places = nil
	case i == 0:
		q.places = q.places[1:]
	default:
		q.places = slices.Delete(q.places, i, i+1)
	}
}

// all returns the places in their sequence, those of the queue below included.
func (q *queue) all() iter.Seq[place] {
	if q.below == nil {
		return slices.Values(q.places)
	}
	return func(yield func(place) bool) {
		own := q.places
		for p := range q.below.all() {
			for len(own) > 0 && byTurn(own[0], p) < 0 {
				if !yield(own[0]) {
					return
				}
				own = own[1:]
			}
			if !yield(p) {
				return
			}
		}
		for _, p := range own {
			if !yield(p) {
				return
			}
		}
	}
}

// waiters returns the reservations that wait for units, in the sequence they are served.
func (s *Stock) waiters() iter.Seq2[uuid.UUID, Reservation] {
	return func(yield func(uuid.UUID, Reservation) bool) {
		for p := range s.waiting.all() {
			if r, ok := s.Reservation(p.id); ok && r.turn == p.turn && !yield(p.id, r) {
				return
			}
		}
	}
}
