// Package stock keeps the units of one SKU at all its locations and who they are promised to.
//
// A stock is the fold of its events. Decide answers a command with the events it causes or the rule it breaks; it is
// pure, so time and ids come in with the command. As an order's placing and its reservations are appended together,
// with the versions they were decided on, units are never promised twice. Nothing here is safe for concurrent changes;
// reading a state is.
//
// Units of an order move from available to reserved (placed) to committed (confirmed) and are deducted (shipped). Those
// that are not there are backordered, if the SKU's policy lets them be, and filled in the sequence of the orders' placing
// as soon as units become available, in the same decision that makes them so.
package stock

import (
	"slices"

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

// Transfer is the part of a transfer that is still on its way.
type Transfer struct {
	ID       uuid.UUID
	From, To string // locations
	Quantity int64  // units
}

// Stock is the state of one SKU. Its zero value is a SKU that was never received.
type Stock struct {
	Levels

	// Reservations holds live reservations by their id, except those that are still where the state was read from: a
	// snapshot, or the stock that a scratch is of. Reservation and All know them all.
	Reservations map[uuid.UUID]Reservation `json:"-"`

	hidden    map[uuid.UUID]struct{} // reservations of below or read that changed or ended since
	read      block                  // the reservations of the snapshot
	below     *Stock                 // what a scratch is of
	waiting   queue
	transfers []Transfer // by time of dispatch
}

// Exists reports whether anything ever happened to the SKU's stock.
func (s *Stock) Exists() bool { return s.SKU != "" }

// Transfer returns what is on its way of a transfer, if anything is.
func (s *Stock) Transfer(id uuid.UUID) (Transfer, bool) {
	if i := s.transferIndex(id); i >= 0 {
		return s.transfers[i], true
	}
	return Transfer{}, false
}

func (s *Stock) transferIndex(id uuid.UUID) int {
	return slices.IndexFunc(s.transfers, func(t Transfer) bool { return t.ID == id })
}

// Apply moves s on by one event, in place. It checks nothing: the event has already happened. Events and states may
// share allocations, which nobody writes to.
func (s *Stock) Apply(e Event) {
	s.Levels.Apply(e)
	switch e := e.(type) {
	case Received, Adjusted, Counted, Returned, Inspected, SafetyStockSet, BackorderPolicySet, TrackingSet: // levels only
	case Reserved:
		s.reserved(&e)
	case ReservationExtended:
		s.change(e.ReservationID, func(r *Reservation) { r.ExpiresAt = e.ExpiresAt.UTC() })
	case Released:
		s.change(e.ReservationID, func(r *Reservation) {
			r.Allocations = less(r.Allocations, e.Allocations)
			r.Backordered = lessLines(r.Backordered, e.Backordered)
		})
	case ReservationExpired:
		s.change(e.ReservationID, func(r *Reservation) { r.Allocations, r.Backordered = nil, nil })
	case Committed:
		s.change(e.ReservationID, func(r *Reservation) { r.Committed = true })
	case BackorderFilled:
		s.change(e.ReservationID, func(r *Reservation) {
			r.Allocations = slices.Concat(r.Allocations, e.Allocations)
			r.Backordered = lessLines(r.Backordered, byLine(e.Allocations))
		})
	case Moved:
		s.change(e.ReservationID, func(r *Reservation) {
			r.Allocations = slices.Concat(less(r.Allocations, e.Allocations), relocated(e.Allocations, e.ToLocationID))
		})
	case Deducted:
		s.change(e.ReservationID, func(r *Reservation) { r.Allocations = less(r.Allocations, e.Allocations) })
	case TransferDispatched:
		s.transfers = append(s.transfers[:len(s.transfers):len(s.transfers)],
			Transfer{ID: e.TransferID, From: e.FromLocationID, To: e.ToLocationID, Quantity: e.Quantity})
	case TransferReceived:
		s.transferred(&e)
	}
}

// reserved begins a reservation or adds to it.
func (s *Stock) reserved(e *Reserved) {
	r, there := s.Reservation(e.ReservationID)
	if there {
		r.Allocations = slices.Concat(r.Allocations, e.Allocations)
		r.Backordered = slices.Concat(r.Backordered, e.Backordered)
	} else {
		r = Reservation{
			OrderID: e.OrderID, Kind: e.Kind, Allocations: e.Allocations, Backordered: e.Backordered, Committed: e.Committed,
			PlacedAt: e.PlacedAt.UTC(), ExpiresAt: e.ExpiresAt.UTC(),
		}
		if e.PlacedAt.IsZero() {
			r.PlacedAt = e.ReservedAt.UTC()
		}
	}
	if e.ChangeID != uuid.Nil {
		r.changes = append(r.changes[:len(r.changes):len(r.changes)], e.ChangeID)
	}
	s.put(e.ReservationID, r)
}

// change changes a reservation, if it is there.
func (s *Stock) change(id uuid.UUID, how func(*Reservation)) {
	r, ok := s.Reservation(id)
	if !ok {
		return
	}
	how(&r)
	s.put(id, r)
}

// transferred takes a transfer's units off those on their way. The list is not written to: a clone may share it.
func (s *Stock) transferred(e *TransferReceived) {
	i := s.transferIndex(e.TransferID)
	if i < 0 {
		return
	}
	s.transfers = slices.Clone(s.transfers)
	s.transfers[i].Quantity -= e.Quantity + e.Lost
	if s.transfers[i].Quantity <= 0 {
		s.transfers = slices.Delete(s.transfers, i, i+1)
	}
	if len(s.transfers) == 0 {
		s.transfers = nil
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
