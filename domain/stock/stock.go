// Package stock keeps the units of one SKU at all its locations and who they are promised to.
//
// A stock is the fold of its events. Decide answers a command with the events it causes or the rule it breaks; it is
// pure, so time and ids come in with the command. As an order's placing and its reservations are appended together,
// with the versions they were decided on, units are never promised twice. Nothing here is safe for concurrent changes;
// reading a state is.
package stock

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/streamid"
)

// StreamType is the type of every stock's stream.
const StreamType = "stock"

// StreamID returns the id of the stream that holds the stock of a tenant's SKU. SKUs differ by case.
func StreamID(tenant, sku string) uuid.UUID { return streamid.New(tenant, StreamType, sku) }

// Kind says what a reservation depends on.
type Kind string

const (
	// KindOrder lasts as long as its order: it has no timer of its own.
	KindOrder Kind = "order"
	// KindSoft holds units for a shopper for some time.
	KindSoft Kind = "soft"
)

// Reservation holds units for an order until it is released or its goods leave.
type Reservation struct {
	OrderID     uuid.UUID    `json:"order_id"`
	Kind        Kind         `json:"kind"`
	Allocations []Allocation `json:"allocations"`
	Committed   bool         `json:"committed,omitempty"`
	ExpiresAt   time.Time    `json:"expires_at,omitzero"` // soft reservations only; UTC, milliseconds
}

// Stock is the state of one SKU. Its zero value is a SKU that was never received.
type Stock struct {
	Levels
	Reservations map[uuid.UUID]Reservation `json:"reservations,omitempty"` // the live ones by their id
}

// Exists reports whether anything ever happened to the SKU's stock.
func (s *Stock) Exists() bool { return s.SKU != "" }

// Apply moves s on by one event, in place. It checks nothing: the event has already happened. Events and states may
// share allocations, which nobody writes to.
func (s *Stock) Apply(e Event) {
	s.Levels.Apply(e)
	switch e := e.(type) {
	case Received: // levels only
	case Reserved:
		if s.Reservations == nil {
			s.Reservations = make(map[uuid.UUID]Reservation)
		}
		s.Reservations[e.ReservationID] = Reservation{
			OrderID: e.OrderID, Kind: e.Kind, Allocations: e.Allocations, ExpiresAt: e.ExpiresAt,
		}
	case Released:
		if delete(s.Reservations, e.ReservationID); len(s.Reservations) == 0 {
			s.Reservations = nil // as it is after a round trip through JSON
		}
	case Committed:
		if r, ok := s.Reservations[e.ReservationID]; ok {
			r.Committed = true
			s.Reservations[e.ReservationID] = r
		}
	}
}

// Replay folds events, oldest first, from nothing.
func Replay(events ...Event) Stock {
	var s Stock
	for _, e := range events {
		s.Apply(e)
	}
	return s
}

// Clone returns a copy that later changes of s do not reach. It takes time in proportion to the live reservations.
func (s *Stock) Clone() Stock {
	c := *s
	c.Locations = slices.Clone(s.Locations)
	c.Reservations = maps.Clone(s.Reservations)
	return c
}
