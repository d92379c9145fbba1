package projections

import (
	"fmt"

	"github.com/google/uuid"
)

// search counts what looking for events that cannot be applied has cost in a session, so that one tenant's events do not
// keep the others waiting. Its zero value is ready to use.
type search struct {
	tenants map[string]int // streams that were found, by tenant
	streams int            // in all
	waited  int
}

// found notes a stream of a tenant, and returns how many there were of all.
func (s *search) found(tenant string) int {
	if s.tenants == nil {
		s.tenants = make(map[string]int)
	}
	s.tenants[tenant]++
	s.streams++
	return s.streams
}

// waits reports whether a failed event is given some time before it is tried again: the error may have been another's.
func (s *search) waits() bool {
	s.waited++
	return s.waited <= patience
}

// exclude takes the events of tenants that have had their share of searching out of those of a failed step. They are to
// be parked, each stream from its first one on.
func (s *search) exclude(events []Event, failure error) (rest []Event, parked []follower) {
	if len(s.tenants) == 0 {
		return events, nil
	}
	seen := make(map[uuid.UUID]bool)
	for i := range events {
		e := &events[i]
		if s.tenants[e.Tenant] < maxSearched {
			rest = append(rest, *e)
			continue
		}
		f := follower{position: e.Position, stream: e.Stream, tenant: e.Tenant}
		if !seen[e.Stream] {
			seen[e.Stream] = true
			f.reason = reasonOf(fmt.Errorf("parked unseen with other streams of its tenant, of which %d could not be applied before; one of them failed with: %w",
				maxSearched, failure))
		}
		parked = append(parked, f)
	}
	return rest, parked
}
