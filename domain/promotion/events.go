package promotion

import (
	"time"

	"github.com/google/uuid"
)

// Event is a fact about the uses of one discount. The unexported method seals the set, so that every switch over Event
// can be checked to cover all of it.
//
//sumtype:decl
type Event interface {
	// EventType returns the stored name. Stored events keep it for ever: names are added, never changed.
	EventType() string
	promotionEvent()
}

// Redeemed is an order that uses the discount.
type Redeemed struct {
	DiscountID string    `json:"discount_id"`
	OrderID    uuid.UUID `json:"order_id"`
	Limit      int64     `json:"limit,omitempty"` // as it was then; 0: none
	Used       int64     `json:"used"`            // uses taken, this one included
	RedeemedAt time.Time `json:"redeemed_at"`     // UTC, milliseconds
}

// GivenBack is an order that no longer uses the discount.
type GivenBack struct {
	DiscountID  string    `json:"discount_id"`
	OrderID     uuid.UUID `json:"order_id"`
	Reason      string    `json:"reason,omitempty"` // such as canceled, expired
	Used        int64     `json:"used"`             // uses still taken
	GivenBackAt time.Time `json:"given_back_at"`    // UTC, milliseconds
}

// EventType returns "discount.redeemed.v1".
func (Redeemed) EventType() string { return "discount.redeemed.v1" }

// EventType returns "discount.given_back.v1".
func (GivenBack) EventType() string { return "discount.given_back.v1" }

func (Redeemed) promotionEvent()  {}
func (GivenBack) promotionEvent() {}
