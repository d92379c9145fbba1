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
	Quantity   int64     `json:"quantity"`            // units, at least 1
	Untracked  bool      `json:"untracked,omitempty"` // taken while the SKU was not tracked: no level moves with it, ever
}

// LineQuantity is a number of units of one order line.
type LineQuantity struct {
	LineID   uuid.UUID `json:"line_id"`
	Quantity int64     `json:"quantity"` // units, at least 1
}

// Received adds delivered units to a location.
type Received struct {
	SKU        string    `json:"sku"`
	LocationID string    `json:"location_id"`
	Quantity   int64     `json:"quantity"`
	Reference  string    `json:"reference,omitempty"` // the delivery in the shop's own books
	ReceivedAt time.Time `json:"received_at"`         // UTC, milliseconds
}

// Adjusted corrects what is on hand at a location by a difference.
type Adjusted struct {
	SKU              string    `json:"sku"`
	LocationID       string    `json:"location_id"`
	Delta            int64     `json:"delta"`                       // units, never 0
	Reason           string    `json:"reason"`                      // such as shrinkage, found
	ExpectedQuantity *int64    `json:"expected_quantity,omitempty"` // units on hand that the sender had seen
	AdjustedAt       time.Time `json:"adjusted_at"`                 // UTC, milliseconds
}

// Counted says how many units somebody has counted at a location, damaged ones and those in quality control included.
type Counted struct {
	SKU              string    `json:"sku"`
	LocationID       string    `json:"location_id"`
	Counted          int64     `json:"counted"`                     // units
	Variance         int64     `json:"variance"`                    // counted less what was on hand until then
	ExpectedQuantity *int64    `json:"expected_quantity,omitempty"` // units on hand that the sender had seen
	Reference        string    `json:"reference,omitempty"`         // the count in the shop's own books
	CountedAt        time.Time `json:"counted_at"`                  // UTC, milliseconds
}

// Reserved sets units aside for one order or shopper. There is one for each SKU and command, whatever the number of
// lines. A second one for the same reservation adds to it.
type Reserved struct {
	SKU           string         `json:"sku"`
	ReservationID uuid.UUID      `json:"reservation_id"`
	OrderID       uuid.UUID      `json:"order_id"` // all zero for a soft reservation
	ChangeID      uuid.UUID      `json:"change_id,omitzero"`
	Kind          Kind           `json:"kind"`
	Allocations   []Allocation   `json:"allocations"`
	Backordered   []LineQuantity `json:"backordered,omitempty"` // units that wait until there are some
	Committed     bool           `json:"committed,omitempty"`   // the units go to a confirmed order at once
	PlacedAt      time.Time      `json:"placed_at,omitzero"`    // when the order was placed, unless at ReservedAt; UTC, milliseconds
	ExpiresAt     time.Time      `json:"expires_at,omitzero"`   // soft reservations only; UTC, milliseconds
	ReservedAt    time.Time      `json:"reserved_at"`           // UTC, milliseconds
}

// ReservationExtended makes a soft reservation last longer.
type ReservationExtended struct {
	SKU           string    `json:"sku"`
	ReservationID uuid.UUID `json:"reservation_id"`
	ExpiresAt     time.Time `json:"expires_at"`  // UTC, milliseconds
	ExtendedAt    time.Time `json:"extended_at"` // UTC, milliseconds
}

// Released gives units of a reservation back: all that it had left or some. It repeats them, so that levels follow from
// it alone. A reservation without units is over.
type Released struct {
	SKU           string         `json:"sku"`
	ReservationID uuid.UUID      `json:"reservation_id"`
	OrderID       uuid.UUID      `json:"order_id"`
	Allocations   []Allocation   `json:"allocations"`
	Backordered   []LineQuantity `json:"backordered,omitempty"` // units that are waited for no longer
	Committed     bool           `json:"committed"`             // whether the units were committed rather than reserved
	Reason        string         `json:"reason,omitempty"`      // such as customer, payment, expired
	ReleasedAt    time.Time      `json:"released_at"`           // UTC, milliseconds
}

// ReservationExpired gives all units of a soft reservation back, because its time is up.
type ReservationExpired struct {
	SKU           string       `json:"sku"`
	ReservationID uuid.UUID    `json:"reservation_id"`
	OrderID       uuid.UUID    `json:"order_id"`
	Allocations   []Allocation `json:"allocations"`
	ExpiredAt     time.Time    `json:"expired_at"` // UTC, milliseconds
}

// Committed promises a reservation's units to a confirmed order, those included that it still waits for. It repeats the
// ones it has, so that levels follow from it alone.
type Committed struct {
	SKU           string       `json:"sku"`
	ReservationID uuid.UUID    `json:"reservation_id"`
	OrderID       uuid.UUID    `json:"order_id"`
	Allocations   []Allocation `json:"allocations"`
	CommittedAt   time.Time    `json:"committed_at"` // UTC, milliseconds
}

// BackorderFilled gives units that have come in to a reservation that waited for them.
type BackorderFilled struct {
	SKU           string       `json:"sku"`
	ReservationID uuid.UUID    `json:"reservation_id"`
	OrderID       uuid.UUID    `json:"order_id"`
	Allocations   []Allocation `json:"allocations"`
	Committed     bool         `json:"committed"` // whether they are committed rather than reserved
	FilledAt      time.Time    `json:"filled_at"` // UTC, milliseconds
}

// Moved makes a reservation take units from another location than before.
type Moved struct {
	SKU           string       `json:"sku"`
	ReservationID uuid.UUID    `json:"reservation_id"`
	OrderID       uuid.UUID    `json:"order_id"`
	Allocations   []Allocation `json:"allocations"` // as they were
	ToLocationID  string       `json:"to_location_id"`
	Committed     bool         `json:"committed"` // whether the units are committed rather than reserved
	MovedAt       time.Time    `json:"moved_at"`  // UTC, milliseconds
}

// Deducted says that committed units have left the house.
type Deducted struct {
	SKU           string       `json:"sku"`
	ReservationID uuid.UUID    `json:"reservation_id"`
	OrderID       uuid.UUID    `json:"order_id"`
	ShipmentID    uuid.UUID    `json:"shipment_id,omitzero"`
	Allocations   []Allocation `json:"allocations"`
	DeductedAt    time.Time    `json:"deducted_at"` // UTC, milliseconds
}

// Returned says that units of an order came back to a location, and what became of them.
type Returned struct {
	SKU         string         `json:"sku"`
	LocationID  string         `json:"location_id"`
	OrderID     uuid.UUID      `json:"order_id"`
	ReturnID    uuid.UUID      `json:"return_id,omitzero"`
	Lines       []LineQuantity `json:"lines"`
	Disposition Disposition    `json:"disposition"`
	Untracked   bool           `json:"untracked,omitempty"` // the SKU is not tracked: no level moves
	ReturnedAt  time.Time      `json:"returned_at"`         // UTC, milliseconds
}

// Inspected says what became of units that were damaged or in quality control.
type Inspected struct {
	SKU         string      `json:"sku"`
	LocationID  string      `json:"location_id"`
	From        Disposition `json:"from"` // quality_control or damaged
	Disposition Disposition `json:"disposition"`
	Quantity    int64       `json:"quantity"`
	Reason      string      `json:"reason,omitempty"`
	InspectedAt time.Time   `json:"inspected_at"` // UTC, milliseconds
}

// TransferDispatched sends units from one location to another.
type TransferDispatched struct {
	SKU            string    `json:"sku"`
	TransferID     uuid.UUID `json:"transfer_id"`
	FromLocationID string    `json:"from_location_id"`
	ToLocationID   string    `json:"to_location_id"`
	Quantity       int64     `json:"quantity"`
	Reference      string    `json:"reference,omitempty"`
	DispatchedAt   time.Time `json:"dispatched_at"` // UTC, milliseconds
}

// TransferReceived says how many units of a transfer have arrived, and how many never will. The rest is still on its way.
type TransferReceived struct {
	SKU            string    `json:"sku"`
	TransferID     uuid.UUID `json:"transfer_id"`
	FromLocationID string    `json:"from_location_id"`
	ToLocationID   string    `json:"to_location_id"`
	Quantity       int64     `json:"quantity"` // units that arrived, at least 0
	Lost           int64     `json:"lost,omitempty"`
	LossReason     string    `json:"loss_reason,omitempty"`
	ReceivedAt     time.Time `json:"received_at"` // UTC, milliseconds
}

// SafetyStockSet keeps some units of a location from being sold.
type SafetyStockSet struct {
	SKU        string    `json:"sku"`
	LocationID string    `json:"location_id"`
	Quantity   int64     `json:"quantity"`
	SetAt      time.Time `json:"set_at"` // UTC, milliseconds
}

// BackorderPolicySet says whether orders may wait for units that are not there.
type BackorderPolicySet struct {
	SKU    string          `json:"sku"`
	Policy BackorderPolicy `json:"policy"`
	Limit  int64           `json:"limit,omitempty"` // units that may be waited for at most, for policy limit
	SetAt  time.Time       `json:"set_at"`          // UTC, milliseconds
}

// TrackingSet says whether the SKU's units are counted at all.
type TrackingSet struct {
	SKU     string    `json:"sku"`
	Tracked bool      `json:"tracked"`
	SetAt   time.Time `json:"set_at"` // UTC, milliseconds
}
