package order

import (
	"time"

	"github.com/google/uuid"
)

// ReturnRequested says that a customer wants to send units back, or claims that something is wrong with them.
type ReturnRequested struct {
	About
	ReturnID            uuid.UUID       `json:"return_id"`
	Kind                ReturnKind      `json:"kind"`
	Lines               []RequestedLine `json:"lines"`
	RequestedResolution string          `json:"requested_resolution,omitempty"` // such as refund, exchange, store_credit
	LocationID          string          `json:"location_id,omitempty"`          // where the goods go
	WindowOK            bool            `json:"window_ok"`                      // inside the window for returns, rather than allowed by staff
	PII                 PII             `json:"pii,omitempty"`                  // what a customer wrote
	RequestedAt         time.Time       `json:"requested_at"`                   // UTC, milliseconds
}

// RequestedLine is units of one line that are to come back.
type RequestedLine struct {
	LineID     uuid.UUID `json:"line_id"`
	SKU        string    `json:"sku"`
	Quantity   int64     `json:"quantity"`
	ReasonCode string    `json:"reason_code,omitempty"` // such as damaged, wrong_item, too_small, unwanted
	Note       string    `json:"note,omitempty"`        // staff's words
}

// ReturnApproved lets the goods come.
type ReturnApproved struct {
	About
	ReturnID   uuid.UUID `json:"return_id"`
	ApprovedBy string    `json:"approved_by,omitempty"`
	ApprovedAt time.Time `json:"approved_at"` // UTC, milliseconds
}

// ReturnDeclined refuses a return; its units count as kept.
type ReturnDeclined struct {
	About
	ReturnID   uuid.UUID      `json:"return_id"`
	Lines      []LineQuantity `json:"lines"` // what had been requested
	Reason     string         `json:"reason"`
	Texts      PII            `json:"texts,omitempty"` // decline_reason
	DeclinedBy string         `json:"declined_by,omitempty"`
	DeclinedAt time.Time      `json:"declined_at"` // UTC, milliseconds
}

// ReturnCanceled takes back what of a return has not been received.
type ReturnCanceled struct {
	About
	ReturnID   uuid.UUID      `json:"return_id"`
	Lines      []LineQuantity `json:"lines"` // what had been requested and did not come
	CanceledAt time.Time      `json:"canceled_at"`
}

// ReturnReceived says that goods have come back. Their stock is booked in the same append.
type ReturnReceived struct {
	About
	ReturnID   uuid.UUID      `json:"return_id"`
	LocationID string         `json:"location_id"`
	Lines      []ReceivedLine `json:"lines"`
	ReceivedBy string         `json:"received_by,omitempty"`
	ReceivedAt time.Time      `json:"received_at"` // UTC, milliseconds
}

// ReceivedLine is units of one line that came back alike.
type ReceivedLine struct {
	LineID      uuid.UUID   `json:"line_id"`
	SKU         string      `json:"sku"`
	Quantity    int64       `json:"quantity"`
	Condition   string      `json:"condition,omitempty"` // such as new, opened, damaged
	Disposition Disposition `json:"disposition"`
}

// ReturnResolved ends a return: the customer gets money, store credit or a replacement.
type ReturnResolved struct {
	About
	ReturnID           uuid.UUID      `json:"return_id"`
	Lines              []ReturnedLine `json:"lines"`                     // what the units had cost
	GivenBack          []LineQuantity `json:"given_back,omitempty"`      // requested units that did not come and count as kept
	Refund             int64          `json:"refund_amount"`             // what the order costs less and is to be paid back
	TakenOffDue        int64          `json:"taken_off_due,omitempty"`   // what the order costs less and had not been paid
	RefundTax          int64          `json:"refund_tax,omitempty"`      // the tax in both
	RefundShipping     int64          `json:"refund_shipping,omitempty"` // what of both is for the shipping, beyond the units, with tax
	RefundShippingTax  int64          `json:"refund_shipping_tax,omitempty"`
	RefundGoodwill     int64          `json:"refund_goodwill,omitempty"` // what of both is beyond units and shipping; it has no tax
	Fee                int64          `json:"fee,omitempty"`             // kept of what the units had cost
	StoreCredit        int64          `json:"store_credit,omitempty"`    // given in place of money
	ReplacementOrderID uuid.UUID      `json:"replacement_order_id,omitzero"`
	ResolvedBy         string         `json:"resolved_by,omitempty"`
	RequestedAt        time.Time      `json:"requested_at"` // UTC, milliseconds
	ResolvedAt         time.Time      `json:"resolved_at"`  // UTC, milliseconds
}

// EventType returns "order.return_requested.v1".
func (ReturnRequested) EventType() string { return "order.return_requested.v1" }

// EventType returns "order.return_approved.v1".
func (ReturnApproved) EventType() string { return "order.return_approved.v1" }

// EventType returns "order.return_declined.v1".
func (ReturnDeclined) EventType() string { return "order.return_declined.v1" }

// EventType returns "order.return_canceled.v1".
func (ReturnCanceled) EventType() string { return "order.return_canceled.v1" }

// EventType returns "order.return_received.v1".
func (ReturnReceived) EventType() string { return "order.return_received.v1" }

// EventType returns "order.return_resolved.v1".
func (ReturnResolved) EventType() string { return "order.return_resolved.v1" }

func (ReturnRequested) orderEvent() {}
func (ReturnApproved) orderEvent()  {}
func (ReturnDeclined) orderEvent()  {}
func (ReturnCanceled) orderEvent()  {}
func (ReturnReceived) orderEvent()  {}
func (ReturnResolved) orderEvent()  {}
