package reservation

import (
	"time"

	"github.com/google/uuid"
)

// Event is a fact about one soft reservation. The unexported method seals the set, so that every switch over Event can
// be checked to cover all of it.
//
//sumtype:decl
type Event interface {
	// EventType returns the stored name. Stored events keep it for ever: names are added, never changed.
	EventType() string
	reservationEvent()
}

// Line is a number of units of one SKU.
type Line struct {
	LineID   uuid.UUID `json:"line_id"`
	SKU      string    `json:"sku"`
	Quantity int64     `json:"quantity"` // units, at least 1
}

// Made holds units for a shopper until a time. The units themselves are set aside in the stock of each SKU, under the
// same id.
type Made struct {
	ReservationID uuid.UUID `json:"reservation_id"`
	CustomerID    string    `json:"customer_id,omitempty"`
	Reference     string    `json:"reference,omitempty"` // the cart in the shop's own books
	Lines         []Line    `json:"lines"`
	ExpiresAt     time.Time `json:"expires_at"` // UTC, milliseconds
	MadeAt        time.Time `json:"made_at"`    // UTC, milliseconds
}

// Extended makes the reservation last longer.
type Extended struct {
	ReservationID uuid.UUID `json:"reservation_id"`
	ExpiresAt     time.Time `json:"expires_at"`  // UTC, milliseconds
	ExtendedAt    time.Time `json:"extended_at"` // UTC, milliseconds
}

// Released gives the units back before the time is up.
type Released struct {
	ReservationID uuid.UUID `json:"reservation_id"`
	Reason        string    `json:"reason,omitempty"`
	ReleasedAt    time.Time `json:"released_at"` // UTC, milliseconds
}

// Expired gives the units back because the time is up.
type Expired struct {
	ReservationID uuid.UUID `json:"reservation_id"`
	ExpiredAt     time.Time `json:"expired_at"` // UTC, milliseconds
}

// Converted says that an order was placed out of the reservation and took over its units.
type Converted struct {
	ReservationID uuid.UUID `json:"reservation_id"`
	OrderID       uuid.UUID `json:"order_id"`
	ConvertedAt   time.Time `json:"converted_at"` // UTC, milliseconds
}

// EventType returns "reservation.made.v1".
func (Made) EventType() string { return "reservation.made.v1" }

// EventType returns "reservation.extended.v1".
func (Extended) EventType() string { return "reservation.extended.v1" }

// EventType returns "reservation.released.v1".
func (Released) EventType() string { return "reservation.released.v1" }

// EventType returns "reservation.expired.v1".
func (Expired) EventType() string { return "reservation.expired.v1" }

// EventType returns "reservation.converted.v1".
func (Converted) EventType() string { return "reservation.converted.v1" }

func (Made) reservationEvent()      {}
func (Extended) reservationEvent()  {}
func (Released) reservationEvent()  {}
func (Expired) reservationEvent()   {}
func (Converted) reservationEvent() {}
