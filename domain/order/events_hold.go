package order

import (
	"time"

	"github.com/google/uuid"
)

// Held keeps an order, or some of its lines, from moving on.
type Held struct {
	About
	HoldID  uuid.UUID   `json:"hold_id"`
	LineIDs []uuid.UUID `json:"line_ids,omitempty"` // empty: the whole order
	Reason  HoldReason  `json:"reason"`
	Note    string      `json:"note,omitempty"`
	Private PII         `json:"private,omitempty"` // note
	Until   time.Time   `json:"until,omitzero"`    // when it ends by itself; UTC, milliseconds
	HeldBy  string      `json:"held_by,omitempty"`
	HeldAt  time.Time   `json:"held_at"` // UTC, milliseconds
}

// HoldReleased ends a hold.
type HoldReleased struct {
	About
	HoldID     uuid.UUID  `json:"hold_id"`
	Reason     HoldReason `json:"reason"` // of the hold
	ReleasedBy string     `json:"released_by,omitempty"`
	HeldAt     time.Time  `json:"held_at"`     // UTC, milliseconds
	ReleasedAt time.Time  `json:"released_at"` // UTC, milliseconds
}

// EventType returns "order.held.v1".
func (Held) EventType() string { return "order.held.v1" }

// EventType returns "order.hold_released.v1".
func (HoldReleased) EventType() string { return "order.hold_released.v1" }

func (Held) orderEvent()         {}
func (HoldReleased) orderEvent() {}
