package commands

import "slices"

// states keeps the aggregates that were used last, or nearly so, as a clock does (second chance): a look at one is a mark
// on it and nothing else; the oldest in the queue is forgotten, or loses its mark and queues again. It belongs to the
// engine's goroutine.
type states struct {
	limit int // of their number
	most  int // of their bytes in memory, roughly
	bytes int
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

func newStates(limit, most int) *states {
	return &states{limit: limit, most: most, byRef: make(map[ref]*aggregate), named: make(map[name]*aggregate)}
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
		s.weigh(a)
		return
	}
	s.drop(a.ref)
	a.kept, a.used = true, false
	s.byRef[a.ref] = a
	s.weigh(a)
	if len(s.queue) >= 2*max(len(s.byRef), 64) { // many were dropped
		s.queue = slices.DeleteFunc(s.queue, func(a *aggregate) bool { return !a.kept })
	}
	s.queue = append(s.queue, a)
}

func (s *states) drop(r ref) {
	if a := s.byRef[r]; a != nil {
		a.kept = false
		s.bytes, a.weight = s.bytes-a.weight, 0
		delete(s.byRef, r)
		if n := (name{r.tenant, r.kind, a.key}); s.named[n] == a {
			delete(s.named, n)
		}
	}
}

// baseWeight is what an aggregate takes beside its state.
const baseWeight = 512

// weigh counts what an aggregate takes of the memory now. Whoever has moved one on calls it.
func (s *states) weigh(a *aggregate) {
	if !a.kept {
		return
	}
	weight := 2 * a.bytes
	if a.kind.weigh != nil {
		weight = a.kind.weigh(a.state, a.bytes)
	}
	weight += baseWeight
	s.bytes, a.weight = s.bytes+weight-a.weight, weight
}

// trim forgets aggregates that were not used for long, as long as there are too many or they take too much. It runs
// between batches, so that none goes away while a decision holds it.
func (s *states) trim() {
	for len(s.byRef) > s.limit || s.bytes > s.most {
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
