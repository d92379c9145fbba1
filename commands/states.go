package commands

import "slices"

// states keeps the aggregates that were used last, or nearly so, as a clock does (second chance): a look at one is a mark
// on it and nothing else; the oldest in the queue is forgotten, or loses its mark and queues again. It belongs to the
// engine's goroutine.
type states struct {
	limit int
	byRef map[ref]*aggregate
	named map[name]*aggregate // by natural key, which is faster than to compute the stream
	queue []*aggregate        // the oldest in front; some may be gone already
}

// name is an aggregate's natural key, such as a SKU.
type name struct {
	tenant string
	kind   *kind
	key    string
}

func newStates(limit int) *states {
	return &states{limit: limit, byRef: make(map[ref]*aggregate), named: make(map[name]*aggregate)}
}

// find returns an aggregate by its natural key, or nil and how to load it.
func (s *states) find(n name) (*aggregate, ref) {
	if a := s.named[n]; a != nil {
		a.used = true
		return a, a.ref
	}
	r := ref{n.tenant, n.kind, n.kind.stream(n.tenant, n.key)}
	a := s.get(r)
	if a != nil {
		s.named[n], a.key = a, n.key
	}
	return a, r
}

func (s *states) get(r ref) *aggregate {
	a := s.byRef[r]
	if a != nil {
		a.used = true
	}
	return a
}

func (s *states) put(a *aggregate) {
	if s.byRef[a.ref] == a {
		return
	}
	s.drop(a.ref)
	a.kept, a.used = true, false
	s.byRef[a.ref] = a
	if len(s.queue) >= 2*max(len(s.byRef), 64) { // many were dropped
		s.queue = slices.DeleteFunc(s.queue, func(a *aggregate) bool { return !a.kept })
	}
	s.queue = append(s.queue, a)
}

func (s *states) drop(r ref) {
	if a := s.byRef[r]; a != nil {
		a.kept = false
		delete(s.byRef, r)
		if n := (name{r.tenant, r.kind, a.key}); s.named[n] == a {
			delete(s.named, n)
		}
	}
}

// trim forgets aggregates that were not used for long. It runs between batches, so that none goes away while a decision
// holds it.
func (s *states) trim() {
	for len(s.byRef) > s.limit {
		a := s.queue[0]
		s.queue[0] = nil // the array lives on
		s.queue = s.queue[1:]
		switch {
		case !a.kept:
		case a.used:
			a.used = false
			s.queue = append(s.queue, a)
		default:
			s.drop(a.ref)
		}
	}
}
