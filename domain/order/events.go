package order

import (
	"time"

	"github.com/google/uuid"
)

// Event is a fact about one order. The unexported method seals the set, so that every switch over Event can be checked
// to cover all of it.
//
// Sums are minor units of the order's one currency. Events repeat what figures are made of (channel, currency, country,
// SKUs, sums), so that a reader needs no event but the one at hand.
//
//sumtype:decl
type Event interface {
	// EventType returns the stored name. Stored events keep it for ever: names are added, never changed.
	EventType() string
	orderEvent()
}

// Placed begins an order whose stock is reserved in the same append. Prices, discounts and taxes are frozen here.
type Placed struct {
	Contents
	PaymentPolicy PaymentPolicy  `json:"payment_policy"`
	Backordered   []LineQuantity `json:"backordered,omitempty"` // units that are not in stock yet
	PlacedAt      time.Time      `json:"placed_at"`             // UTC, milliseconds
	ExpiresAt     time.Time      `json:"expires_at,omitzero"`   // when it expires if it is still pending; UTC, milliseconds
}

// Imported begins an order that was placed, paid and delivered before this system knew of it.
type Imported struct {
	Contents
	Source           string      `json:"source"` // the books it comes from, such as online-retail
	OriginalPlacedAt time.Time   `json:"original_placed_at"`
	ImportedAt       time.Time   `json:"imported_at"` // UTC, milliseconds
	Statuses         Statuses    `json:"statuses"`
	Captured         int64       `json:"captured"` // what was paid
	StockPolicy      StockPolicy `json:"stock_policy"`
}

// Statuses are the states that an imported order had reached.
type Statuses struct {
	Status      Status            `json:"status"`
	Payment     PaymentStatus     `json:"payment_status"`
	Fulfillment FulfillmentStatus `json:"fulfillment_status"`
}

// Confirmed says that an order's payment policy is met, so that it can be packed. Its stock is committed in the same
// append.
type Confirmed struct {
	OrderID     uuid.UUID `json:"order_id"`
	Channel     string    `json:"channel_id"`
	Currency    string    `json:"currency"`
	Country     string    `json:"country,omitempty"`
	CustomerID  string    `json:"customer_id,omitempty"`
	Total       int64     `json:"total"`            // what the customer owes for the order
	Reason      string    `json:"reason,omitempty"` // what met the policy: paid, authorized, on_account, nothing_due
	PlacedAt    time.Time `json:"placed_at"`        // UTC, milliseconds
	ConfirmedAt time.Time `json:"confirmed_at"`     // UTC, milliseconds
}

// PaymentUpdated states one payment of an order anew. Its sums are cumulative, so applying it twice does no harm; the
// two changes are what it adds to the state before, for figures.
type PaymentUpdated struct {
	OrderID         uuid.UUID `json:"order_id"`
	Channel         string    `json:"channel_id"`
	Currency        string    `json:"currency"`
	Country         string    `json:"country,omitempty"`
	Payment         Payment   `json:"payment"`
	CapturedChange  int64     `json:"captured_change,omitempty"`
	RefundedChange  int64     `json:"refunded_change,omitempty"`
	RefundMethod    string    `json:"refund_method,omitempty"` // how it was paid back, if it was outside of the payment
	RefundReference string    `json:"refund_reference,omitempty"`
	Private         PII       `json:"private,omitempty"`     // refund_reference
	RecordedBy      string    `json:"recorded_by,omitempty"` // the member of staff or the system that knew
	UpdatedAt       time.Time `json:"updated_at"`            // UTC, milliseconds
}

// Canceled ends an order of which nothing was shipped. Its stock is released in the same append.
type Canceled struct {
	OrderID         uuid.UUID      `json:"order_id"`
	CancellationID  uuid.UUID      `json:"cancellation_id,omitzero"`
	Channel         string         `json:"channel_id"`
	Currency        string         `json:"currency"`
	Country         string         `json:"country,omitempty"`
	CustomerID      string         `json:"customer_id,omitempty"`
	Reason          CancelReason   `json:"reason"`
	Note            string         `json:"note,omitempty"`    // staff's words; what a customer wrote belongs into PII
	Private         PII            `json:"private,omitempty"` // note
	PII             PII            `json:"pii,omitempty"`
	Lines           []CanceledLine `json:"lines"`
	Value           int64          `json:"value"`           // Σ amounts of the lines, without tax and shipping
	AmountReleased  int64          `json:"amount_released"` // what the customer no longer owes, tax and shipping included
	AmountOwed      int64          `json:"amount_owed_to_customer,omitempty"`
	Restock         bool           `json:"restock"`
	RefundPolicy    string         `json:"refund_policy,omitempty"`
	PreviousStatus  Status         `json:"previous_status"`
	PreviousPayment PaymentStatus  `json:"previous_payment_status"`
	PlacedAt        time.Time      `json:"placed_at"`             // UTC, milliseconds
	ConfirmedAt     time.Time      `json:"confirmed_at,omitzero"` // UTC, milliseconds; absent if it never was
	CanceledAt      time.Time      `json:"canceled_at"`           // UTC, milliseconds
}

// CanceledLine is what a cancellation takes from one line.
type CanceledLine struct {
	LineID   uuid.UUID `json:"line_id"`
	SKU      string    `json:"sku"`
	Quantity int64     `json:"quantity"`
	Amount   int64     `json:"amount"`        // after discounts, without tax
	Tax      int64     `json:"tax,omitempty"` // on top of the amount
}

// ReturnImported records goods that came back, and were paid back, before this system knew of it.
type ReturnImported struct {
	OrderID      uuid.UUID      `json:"order_id"`
	ReturnID     uuid.UUID      `json:"return_id"`
	CreditNumber string         `json:"credit_number"`    // the credit invoice in the books it comes from
	Source       string         `json:"source,omitempty"` // those books, such as online-retail
	Channel      string         `json:"channel_id"`
	Currency     string         `json:"currency"`
	Country      string         `json:"country,omitempty"`
	CustomerID   string         `json:"customer_id,omitempty"`
	Lines        []ReturnedLine `json:"lines"`
	Refund       int64          `json:"refund_amount"` // Σ amounts and taxes of the lines
	StockPolicy  StockPolicy    `json:"stock_policy"`
	PlacedAt     time.Time      `json:"placed_at"`   // when the order was; UTC, milliseconds
	ReturnedAt   time.Time      `json:"returned_at"` // UTC, milliseconds
	ImportedAt   time.Time      `json:"imported_at"` // UTC, milliseconds
}

// ReturnedLine is what a return takes from one line.
type ReturnedLine struct {
	LineID    uuid.UUID `json:"line_id"`
	SKU       string    `json:"sku"`
	Quantity  int64     `json:"quantity"`
	UnitPrice int64     `json:"unit_price"`    // the order line's
	Amount    int64     `json:"amount"`        // paid back, after discounts, without tax
	Tax       int64     `json:"tax,omitempty"` // paid back on top of the amount
}

// EventType returns "order.placed.v1".
func (Placed) EventType() string { return "order.placed.v1" }

// EventType returns "order.imported.v1".
func (Imported) EventType() string { return "order.imported.v1" }

// EventType returns "order.confirmed.v1".
func (Confirmed) EventType() string { return "order.confirmed.v1" }

// EventType returns "order.payment_updated.v1".
func (PaymentUpdated) EventType() string { return "order.payment_updated.v1" }

// EventType returns "order.canceled.v1".
func (Canceled) EventType() string { return "order.canceled.v1" }

// EventType returns "order.return_imported.v1".
func (ReturnImported) EventType() string { return "order.return_imported.v1" }

func (Placed) orderEvent()         {}
func (Imported) orderEvent()       {}
func (Confirmed) orderEvent()      {}
func (PaymentUpdated) orderEvent() {}
func (Canceled) orderEvent()       {}
func (ReturnImported) orderEvent() {}
