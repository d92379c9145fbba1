package projections

import "github.com/ordermill/ordermill/eventstore"

// SinkOf returns the sink of a projection's generation.
func SinkOf(s *Set, name string, log eventstore.LogID, g Generation) Sink {
	for _, p := range s.projections {
		if p.name == name {
			return p.sink(log, g)
		}
	}
	return nil
}
