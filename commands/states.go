package commands

// states keeps the aggregates that were used last, or nearly so: a look at one is a mark on it and nothing else, and of
// those without a mark since the last round the next one in line goes. It belongs to the engine's goroutine.
type states struct {
	limit int
	byRef map[ref]*aggregate
	named map[name]*aggregate // by natural key, which is faster than to compute the stream; some may be gone
	line  []*aggregate        // all that are kept
	hand  int                 // in line: who is asked next to go
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
	if a := s.named[n]; a != nil && a.kept {
		a.used = true
		return a, a.ref
	}
	r := ref{n.tenant, n.kind, n.kind.stream(n.tenant, n.key)}
	a := s.get(r)
	if a != nil {
		if len(s.named) >= s.limit {
			clear(s.named)
		}
		s.named[n] = a
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
	s.drop(a.ref)
	a.place, a.kept, a.used = len(s.line), true, true
	s.line = append(s.line, a)
	s.byRef[a.ref] = a
}

func (s *states) drop(r ref) {
	a := s.byRef[r]
	if a == nil {
		return
	}
	last := len(s.line) - 1
	s.line[a.place] = s.line[last]
	s.line[a.place].place = a.place
	s.line[last] = nil
	s.line = s.line[:last]
	a.kept = false
	delete(s.byRef, r)
}

// trim forgets aggregates that were not used for long. It runs between batches, so that none goes away while a decision
// holds it.
func (s *states) trim() {
	for len(s.line) > s.limit {
		if s.hand >= len(s.line) {
			s.hand = 0
		}
		a := s.line[s.hand]
		if a.used {
			a.used = false
			s.hand++
			continue
		}
		s.drop(a.ref) // the last in line takes its place
	}
}
