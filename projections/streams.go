package projections

import (
	"slices"

	"github.com/google/uuid"
)

// streamsChunk is how many values of Streams are allocated at once.
const streamsChunk = 512

// Streams keeps a value for each stream that a fold has met. While the log is replayed it finds them without looking
// anything up. Its zero value is empty. It is for one goroutine.
type Streams[T any] struct {
	values []*T        // in the order in which they were put
	ids    []uuid.UUID // of their streams
	room   []T

	byOrdinal []int32             // indexes of values, from 1; 0: none
	byID      map[uuid.UUID]int32 // indexes of values; nil until an event comes without an ordinal
	mixed     bool                // ordinals do not hold any more
}

// Len returns the number of values.
func (s *Streams[T]) Len() int { return len(s.values) }

// All returns the values. The slice is the caller's, the values are not.
func (s *Streams[T]) All() []*T { return append([]*T(nil), s.values...) }

// Each calls yield with one value after the other until it returns false.
func (s *Streams[T]) Each(yield func(*T) bool) {
	for _, value := range s.values {
		if !yield(value) {
			return
		}
	}
}

// Get returns the value of an event's stream, or nil.
func (s *Streams[T]) Get(e *Event) *T {
	if e.ordinal > 0 && !s.mixed {
		if int(e.ordinal) < len(s.byOrdinal) {
			if i := s.byOrdinal[e.ordinal]; i > 0 {
				return s.values[i-1]
			}
		}
		return nil
	}
	s.index()
	if i, ok := s.byID[e.Stream]; ok {
		return s.values[i]
	}
	return nil
}

// Put makes a value for an event's stream, which has none so far. It is the zero value.
func (s *Streams[T]) Put(e *Event) *T {
	if len(s.room) == 0 {
		s.room = make([]T, streamsChunk)
	}
	kept := &s.room[0]
	s.room = s.room[1:]
	s.values, s.ids = append(s.values, kept), append(s.ids, e.Stream)
	if e.ordinal > 0 && !s.mixed {
		for len(s.byOrdinal) <= int(e.ordinal) {
			s.byOrdinal = append(s.byOrdinal, 0)
		}
		s.byOrdinal[e.ordinal] = int32(len(s.values)) //nolint:gosec // memory ends sooner
	}
	if s.byID != nil {
		s.byID[e.Stream] = int32(len(s.values) - 1) //nolint:gosec // memory ends sooner
	}
	return kept
}

// Take moves over the values of other, which has none of the streams that s has, and leaves other empty.
func (s *Streams[T]) Take(other *Streams[T]) {
	s.values, s.ids = append(s.values, other.values...), append(s.ids, other.ids...)
	s.byOrdinal, s.byID, s.mixed = nil, nil, true
	*other = Streams[T]{}
}

// Fork returns a copy. What values point to is not copied.
func (s *Streams[T]) Fork() Streams[T] {
	fork := Streams[T]{values: make([]*T, len(s.values)), ids: s.ids[:len(s.ids):len(s.ids)], mixed: true}
	values := make([]T, len(s.values))
	for i, value := range s.values {
		values[i] = *value
		fork.values[i] = &values[i]
	}
	return fork
}

func (s *Streams[T]) index() {
	if s.byID != nil {
		return
	}
	s.byID = make(map[uuid.UUID]int32, len(s.ids))
	for i, id := range s.ids {
		s.byID[id] = int32(i) //nolint:gosec // memory ends sooner
	}
}

// Sorted returns the values in an order. Streams that begin one after the other often have ids in that order, and folds
// that were merged are in order each, so runs that are there already are merged.
func (s *Streams[T]) Sorted(compare func(a, b *T) int) []*T {
	from, to := s.All(), make([]*T, len(s.values))
	for ends := runs(from, compare); len(ends) > 1; from, to = to, from {
		if len(ends) > maxRuns {
			slices.SortFunc(from, compare)
			return from
		}
		start, merged := 0, ends[:0]
		for i := 0; i < len(ends); i += 2 {
			end := ends[min(i+1, len(ends)-1)]
			merge(to[start:end], from[start:ends[i]], from[ends[i]:end], compare)
			start, merged = end, append(merged, end)
		}
		ends = merged
	}
	return from
}

// maxRuns is the number of runs above which sorting from scratch is as good.
const maxRuns = 64

// runs returns the ends of the ascending runs, or somewhat more than maxRuns of them.
func runs[T any](values []*T, compare func(a, b *T) int) []int {
	var ends []int
	for i := 1; i < len(values) && len(ends) <= maxRuns; i++ {
		if compare(values[i-1], values[i]) > 0 {
			ends = append(ends, i)
		}
	}
	return append(ends, len(values))
}

func merge[T any](to, a, b []*T, compare func(a, b *T) int) {
	for i := range to {
		if len(b) == 0 || (len(a) > 0 && compare(a[0], b[0]) <= 0) {
			to[i], a = a[0], a[1:]
		} else {
			to[i], b = b[0], b[1:]
		}
	}
}
