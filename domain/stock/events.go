package stock

import (
	"time"

	"github.com/google/uuid"
)

// Event is a fact about the stock of one SKU. The unexported method seals the set, so that every switch over Event can
// be checked to cover all of it.
//
//sumtype:decl
type Event interface {
	// EventType returns the stored name. Stored events keep it for ever: names are added, never changed.
	EventType() string
	stockEvent()
}

// Allocation is the part of a reservation that one order line takes from one location.
type Allocation struct {
	LineID     uuid.UUID `json:"line_id"`
	LocationID string    `json:"location_id"`
	Quantity   int64     `json:"quantity"` // units, at least 1
}

// Received adds delivered units to a location.
type Received struct {
	SKU        string    `json:"sku"`
	LocationID string    `json:"location_id"`
	Quantity   int64     `json:"quantity"`
	Reference  string    `json:"reference,omitempty"` // the delivery in the shop's own books
	ReceivedAt time.Time `json:"received_at"`         // UTC, milliseconds
}

// Reserved sets units aside for one order. There is one for each SKU of the order, whatever the number of its lines.
type Reserved struct {
	SKU           string       `json:"sku"`
	ReservationID uuid.UUID    `json:"reservation_id"`
	OrderID       uuid.UUID    `json:"order_id"`
	Kind          Kind         `json:"kind"`
	Allocations   []Allocation `json:"allocations"`
	ExpiresAt     time.Time    `json:"expires_at,omitzero"` // soft reservations only; UTC, milliseconds
	ReservedAt    time.Time    `json:"reserved_at"`         // UTC, milliseconds
}

// Released gives a reservation's units back. It repeats them, so that levels follow from it alone.
type Released struct {
	SKU           string       `json:"sku"`
	ReservationID uuid.UUID    `json:"reservation_id"`
	OrderID       uuid.UUID    `json:"order_id"`
	Allocations   []Allocation `json:"allocations"`
	Committed     bool         `json:"committed"`        // whether the units were committed rather than reserved
	Reason        string       `json:"reason,omitempty"` // such as customer, payment, expired
	ReleasedAt    time.Time    `json:"released_at"`      // UTC, milliseconds
}

// Committed promises a reservation's units to a confirmed order. It repeats them, so that levels follow from it alone.
type Committed struct {
	SKU           string       `json:"sku"`
	ReservationID uuid.UUID    `json:"reservation_id"`
	OrderID       uuid.UUID    `json:"order_id"`
	Allocations   []Allocation `json:"allocations"`
	CommittedAt   time.Time    `json:"committed_at"` // UTC, milliseconds
}

// EventType returns "stock.received.v1".
func (Received) EventType() string { return "stock.received.v1" }

// EventType returns "stock.reserved.v1".
func (Reserved) EventType() string { return "stock.reserved.v1" }

// EventType returns "stock.released.v1".
func (Released) EventType() string { return "stock.released.v1" }

// EventType returns "stock.committed.v1".
func (Committed) EventType() string { return "stock.committed.v1" }

func (Received) stockEvent()  {}
func (Reserved) stockEvent()  {}
func (Released) stockEvent()  {}
func (Committed) stockEvent() {}
