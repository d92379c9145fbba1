package order

import (
	"time"

	"github.com/google/uuid"
)

// LinesCanceled cancels units that have not been shipped, while others stay. Their stock is released in the same append.
type LinesCanceled struct {
	About
	CancellationID  uuid.UUID      `json:"cancellation_id"`
	Reason          CancelReason   `json:"reason"`
	Note            string         `json:"note,omitempty"`    // staff's words; what a customer wrote belongs into PII
	Private         PII            `json:"private,omitempty"` // note
	PII             PII            `json:"pii,omitempty"`
	Lines           []CanceledLine `json:"lines"`
	Fulfillments    []uuid.UUID    `json:"fulfillments_canceled,omitempty"` // packed ones that are unpacked for it; plans shrink by themselves
	Value           int64          `json:"value"`                           // Σ amounts of the lines, without tax
	AmountReleased  int64          `json:"amount_released"`                 // what the customer no longer owes, tax included
	AmountOwed      int64          `json:"amount_owed_to_customer,omitempty"`
	Restock         bool           `json:"restock"`
	RefundPolicy    string         `json:"refund_policy,omitempty"`
	PreviousPayment PaymentStatus  `json:"previous_payment_status"`
	PlacedAt        time.Time      `json:"placed_at"`             // UTC, milliseconds
	ConfirmedAt     time.Time      `json:"confirmed_at,omitzero"` // UTC, milliseconds; absent if it never was
	CanceledAt      time.Time      `json:"canceled_at"`           // UTC, milliseconds
}

// Expired ends a pending order whose time ran out. Its stock is released in the same append.
type Expired struct {
	About
	Lines          []CanceledLine `json:"lines"`
	Value          int64          `json:"value"`           // Σ amounts of the lines, without tax and shipping
	AmountReleased int64          `json:"amount_released"` // what the customer no longer owes, tax and shipping included
	PlacedAt       time.Time      `json:"placed_at"`       // UTC, milliseconds
	ExpiresAt      time.Time      `json:"expires_at"`      // when it was due; UTC, milliseconds
	ExpiredAt      time.Time      `json:"expired_at"`      // UTC, milliseconds
}

// BackorderFilled says that units which were not in stock are reserved now. The stock's event is in the same append.
type BackorderFilled struct {
	About
	Lines    []LineQuantity `json:"lines"`
	FilledAt time.Time      `json:"filled_at"` // UTC, milliseconds
}

// Completed ends an order: every unit is where it belongs and nothing is owed. It can still be returned.
type Completed struct {
	About
	Total       int64     `json:"total"`
	Automatic   bool      `json:"automatic,omitempty"` // it came with the last delivery or payment
	CompletedBy string    `json:"completed_by,omitempty"`
	PlacedAt    time.Time `json:"placed_at"`             // UTC, milliseconds
	ConfirmedAt time.Time `json:"confirmed_at,omitzero"` // UTC, milliseconds
	CompletedAt time.Time `json:"completed_at"`          // UTC, milliseconds
}

// Archived takes a finished order out of everyday lists.
type Archived struct {
	About
	ArchivedBy string    `json:"archived_by,omitempty"`
	ArchivedAt time.Time `json:"archived_at"` // UTC, milliseconds
}

// EventType returns "order.lines_canceled.v1".
func (LinesCanceled) EventType() string { return "order.lines_canceled.v1" }

// EventType returns "order.expired.v1".
func (Expired) EventType() string { return "order.expired.v1" }

// EventType returns "order.backorder_filled.v1".
func (BackorderFilled) EventType() string { return "order.backorder_filled.v1" }

// EventType returns "order.completed.v1".
func (Completed) EventType() string { return "order.completed.v1" }

// EventType returns "order.archived.v1".
func (Archived) EventType() string { return "order.archived.v1" }

func (LinesCanceled) orderEvent()   {}
func (Expired) orderEvent()         {}
func (BackorderFilled) orderEvent() {}
func (Completed) orderEvent()       {}
func (Archived) orderEvent()        {}
