package commands

import (
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/domain/settings"
)

// MakeReservation holds units of some SKUs for a while. State: *reservation.Reservation.
type MakeReservation struct{ Reservation reservation.Make }

// EndReservation releases a soft reservation, or lets it expire if it is due. State: *reservation.Reservation.
type EndReservation struct {
	ReservationID uuid.UUID
	Expire        bool // by its timer: not being due is no refusal
	At            time.Time
}

// ExtendReservation lets a soft reservation last longer. State: *reservation.Reservation.
type ExtendReservation struct {
	ReservationID uuid.UUID
	ExpiresAt     time.Time
	Pointer       string // of the time in the request; empty: /expires_at
	At            time.Time
}

// ChangeSettings runs a command of the tenant's settings. State: *settings.Settings.
type ChangeSettings struct {
	Command settings.Command
	At      time.Time
}

// ChangeCustomer runs a command of one customer. State: *customer.Customer.
type ChangeCustomer struct {
	CustomerID string
	Command    customer.Command
	At         time.Time
}
