package commands

import (
	"container/list"

	"github.com/google/uuid"
)

// states keeps the aggregates that were used last. It belongs to the engine's goroutine.
type states struct {
	limit int
	byRef map[ref]*aggregate
	used  *list.List         // of *aggregate, the last used one in front
	named map[name]uuid.UUID // streams of natural keys: to look one up is faster than to compute it
}

// name is an aggregate's natural key, such as a SKU.
type name struct {
	tenant string
	kind   *kind
	key    string
}

func newStates(limit int) *states {
	return &states{limit: limit, byRef: make(map[ref]*aggregate), used: list.New(), named: make(map[name]uuid.UUID)}
}

// stream returns the stream of a natural key.
func (s *states) stream(tenant string, k *kind, key string) uuid.UUID {
	n := name{tenant, k, key}
	id, known := s.named[n]
	if !known {
		if len(s.named) >= s.limit {
			clear(s.named)
		}
		id = k.stream(tenant, key)
		s.named[n] = id
	}
	return id
}

func (s *states) get(r ref) *aggregate {
	a := s.byRef[r]
	if a != nil {
		s.used.MoveToFront(a.place)
	}
	return a
}

func (s *states) put(a *aggregate) {
	s.drop(a.ref)
	a.place = s.used.PushFront(a)
	s.byRef[a.ref] = a
}

func (s *states) drop(r ref) {
	if a := s.byRef[r]; a != nil {
		s.used.Remove(a.place)
		delete(s.byRef, r)
	}
}

// trim forgets the aggregates that were not used for longest. It runs between batches, so that none goes away while a
// decision holds it.
func (s *states) trim() {
	for s.used.Len() > s.limit {
		if oldest, ok := s.used.Back().Value.(*aggregate); ok {
			s.drop(oldest.ref)
		}
	}
}
