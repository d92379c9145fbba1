package order

import (
	"time"

	"github.com/google/uuid"
)

// About is what every later event of an order repeats of it, for figures and lists.
type About struct {
	OrderID    uuid.UUID `json:"order_id"`
	Channel    string    `json:"channel_id"`
	Currency   string    `json:"currency"`
	Country    string    `json:"country,omitempty"`
	CustomerID string    `json:"customer_id,omitempty"`
}

// Wishes are what the prices of a draft were computed from, beside its lines, so that placing it can compute them anew.
type Wishes struct {
	ShippingMethod string   `json:"shipping_method,omitempty"`
	DiscountCodes  []string `json:"discount_codes,omitempty"`
}

// Drafted begins an order that is not placed yet: nothing is reserved, no discount is used up, and its prices are those
// of the moment.
type Drafted struct {
	Contents
	Wishes    Wishes    `json:"wishes,omitzero"`
	DraftedAt time.Time `json:"drafted_at"` // UTC, milliseconds
}

// DraftUpdated states a draft's contents anew.
type DraftUpdated struct {
	Contents
	Wishes    Wishes    `json:"wishes,omitzero"`
	Changes   []string  `json:"changes"`    // names of the fields that differ from before, sorted
	UpdatedAt time.Time `json:"updated_at"` // UTC, milliseconds
}

// EventType returns "order.drafted.v1".
func (Drafted) EventType() string { return "order.drafted.v1" }

// EventType returns "order.draft_updated.v1".
func (DraftUpdated) EventType() string { return "order.draft_updated.v1" }

func (Drafted) orderEvent()      {}
func (DraftUpdated) orderEvent() {}
