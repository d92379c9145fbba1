// Package reservation holds units of several SKUs for a shopper for some time, before there is an order.
//
// A reservation says which SKUs it holds and until when; the units themselves are set aside in the streams of their
// stock, under the reservation's id, and in the same append. It is the fold of its events. Decide answers a command with
// the events it causes or the rule it breaks; it is pure, so time and ids come in with the command.
package reservation

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// StreamType is the type of every reservation's stream. The stream's id is the reservation's, a UUIDv7.
const StreamType = "reservation"

// Status says where a reservation stands.
type Status string

// Statuses of a reservation. All but Active are final.
const (
	StatusActive    Status = "active"
	StatusReleased  Status = "released"
	StatusExpired   Status = "expired"
	StatusConverted Status = "converted"
)

// Reservation is the state of one soft reservation. Its zero value was never made.
type Reservation struct {
	ID         uuid.UUID `json:"id"`
	Status     Status    `json:"status"`
	CustomerID string    `json:"customer_id,omitempty"`
	Reference  string    `json:"reference,omitempty"`
	Lines      []Line    `json:"lines"`
	OrderID    uuid.UUID `json:"order_id,omitzero"` // of a converted one
	Reason     string    `json:"reason,omitempty"`  // of a released one
	ExpiresAt  time.Time `json:"expires_at"`
	MadeAt     time.Time `json:"made_at"`
	UpdatedAt  time.Time `json:"updated_at"`
}

// Exists reports whether the reservation was ever made.
func (r *Reservation) Exists() bool { return r.Status != "" }

// SKUs returns the SKUs that the reservation is of, in the sequence of their first lines.
func (r *Reservation) SKUs() []string {
	seen := make(map[string]bool, len(r.Lines))
	skus := make([]string, 0, len(r.Lines))
	for i := range r.Lines {
		if sku := r.Lines[i].SKU; !seen[sku] {
			seen[sku] = true
			skus = append(skus, sku)
		}
	}
	return skus
}

// Apply moves r on by one event, in place. It checks nothing: the event has already happened.
func (r *Reservation) Apply(e Event) {
	switch e := e.(type) {
	case Made:
		*r = Reservation{
			ID: e.ReservationID, Status: StatusActive, CustomerID: e.CustomerID, Reference: e.Reference, Lines: e.Lines,
			ExpiresAt: e.ExpiresAt, MadeAt: e.MadeAt, UpdatedAt: e.MadeAt,
		}
	case Extended:
		r.ExpiresAt, r.UpdatedAt = e.ExpiresAt, e.ExtendedAt
	case Released:
		r.Status, r.Reason, r.UpdatedAt = StatusReleased, e.Reason, e.ReleasedAt
	case Expired:
		r.Status, r.UpdatedAt = StatusExpired, e.ExpiredAt
	case Converted:
		r.Status, r.OrderID, r.UpdatedAt = StatusConverted, e.OrderID, e.ConvertedAt
	}
}

// Replay folds events, oldest first, from nothing.
func Replay(events ...Event) Reservation {
	var r Reservation
	for _, e := range events {
		r.Apply(e)
	}
	return r
}

// Clone returns a copy that later changes of r do not reach.
func (r *Reservation) Clone() Reservation {
	c := *r
	c.Lines = slices.Clone(r.Lines)
	return c
}
