package commands

import (
	"slices"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// view is what one decision sees. It notes what was read, for the append's read set, and what was not there, so that it
// can be loaded and the decision begun again.
type view struct {
	tenant  string
	states  *states
	first   bool // the first attempt: a new id is taken to be unused
	read    []*aggregate
	seen    map[*aggregate]struct{} // the same, once there are many
	missing []ref
}

// manyReads is where a map becomes faster than a look through the list.
const manyReads = 16

// named returns an aggregate by its natural key.
func (v *view) named(k *kind, key string) *aggregate {
	a, r := v.states.find(name{v.tenant, k, key})
	return v.see(a, r)
}

func (v *view) look(k *kind, stream uuid.UUID) *aggregate {
	r := ref{v.tenant, k, stream}
	return v.see(v.states.get(r), r)
}

// see takes note of an aggregate that is looked at.
func (v *view) see(a *aggregate, r ref) *aggregate {
	switch {
	case a == nil || a.doubtful:
		v.missing = append(v.missing, r)
		return newAggregate(r) // not in v.read: the decision does not count
	case v.saw(a):
		return a
	case v.read == nil:
		v.read = make([]*aggregate, 0, 8)
	}
	v.read = append(v.read, a)
	if v.seen != nil {
		v.seen[a] = struct{}{}
	}
	return a
}

// saw reports whether this decision has looked at an aggregate before.
func (v *view) saw(a *aggregate) bool {
	if v.seen == nil && len(v.read) > manyReads {
		v.seen = make(map[*aggregate]struct{}, 2*len(v.read))
		for _, read := range v.read {
			v.seen[read] = struct{}{}
		}
	}
	if v.seen != nil {
		_, seen := v.seen[a]
		return seen
	}
	return slices.Contains(v.read, a)
}

// contested reports whether the decision read an aggregate that other processes write to.
func (v *view) contested() bool {
	for _, a := range v.read {
		if a.contested > 0 {
			return true
		}
	}
	return false
}

// readSet lists what was read, each stream once: the ids of orders and reservations are chosen by others and may be the
// same.
func (v *view) readSet() []eventstore.Expectation {
	reads := make([]eventstore.Expectation, 0, len(v.read))
	unkeyed := 0
	for _, a := range v.read {
		read := eventstore.Expectation{Stream: a.stream, Version: a.version, Event: a.event}
		if a.kind.stream == nil {
			if unkeyed++; unkeyed > 1 && slices.ContainsFunc(reads, func(other eventstore.Expectation) bool { return other.Stream == read.Stream }) {
				continue
			}
		}
		reads = append(reads, read)
	}
	return reads
}
