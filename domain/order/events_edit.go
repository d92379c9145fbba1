package order

import (
	"time"

	"github.com/google/uuid"
)

// EditBegun opens an edit of a placed order. Nothing is blocked meanwhile.
type EditBegun struct {
	About
	EditID      uuid.UUID `json:"edit_id"`
	BaseVersion int64     `json:"base_version"` // of the order's stream
	BegunBy     string    `json:"begun_by,omitempty"`
	BegunAt     time.Time `json:"begun_at"` // UTC, milliseconds
}

// EditStaged adds a change to an open edit.
type EditStaged struct {
	About
	EditID   uuid.UUID  `json:"edit_id"`
	Change   EditChange `json:"change"`
	StagedAt time.Time  `json:"staged_at"` // UTC, milliseconds
}

// EditDiscarded closes an edit without effect.
type EditDiscarded struct {
	About
	EditID      uuid.UUID `json:"edit_id"`
	DiscardedBy string    `json:"discarded_by,omitempty"`
	DiscardedAt time.Time `json:"discarded_at"` // UTC, milliseconds
}

// EditCommitted applies an edit. Its stock is reserved and released in the same append.
type EditCommitted struct {
	About
	EditID          uuid.UUID      `json:"edit_id"`
	LineChanges     []LineChange   `json:"line_changes,omitempty"`
	LinesAdded      []Line         `json:"lines_added,omitempty"`
	Shipping        *ShippingEdit  `json:"shipping_changes,omitempty"`
	DiscountsAdded  []Discount     `json:"discounts_added,omitempty"` // what added units get of the order's discounts
	Backordered     []LineQuantity `json:"backordered,omitempty"`     // added units that are not in stock yet
	TotalsBefore    Totals         `json:"totals_before"`             // of the live units
	TotalsAfter     Totals         `json:"totals_after"`              // of the live units
	AmountDelta     int64          `json:"amount_delta"`              // what the order costs more, or less
	Rounding        RoundingRule   `json:"rounding,omitzero"`         // the order's
	Notify          bool           `json:"notify,omitempty"`
	PreviousPayment PaymentStatus  `json:"previous_payment_status"`
	PlacedAt        time.Time      `json:"placed_at"`    // UTC, milliseconds
	CommittedAt     time.Time      `json:"committed_at"` // UTC, milliseconds
}

// LineChange is what an edit does to the live units of one line: it takes some off its end, or adds a batch.
type LineChange struct {
	LineID    uuid.UUID     `json:"line_id"`
	SKU       string        `json:"sku"`
	From      int64         `json:"from"` // live units before
	To        int64         `json:"to"`   // live units after
	UnitPrice int64         `json:"unit_price"`
	Removed   *CanceledLine `json:"removed,omitempty"` // To < From: what those units cost
	Added     *Addition     `json:"added,omitempty"`   // To > From: what these units cost
}

// Addition is units that an edit adds to a line, with their own discounts and taxes.
type Addition struct {
	Quantity            int64                `json:"quantity"`
	Subtotal            int64                `json:"subtotal"`
	DiscountAllocations []DiscountAllocation `json:"discount_allocations,omitempty"`
	TaxLines            []TaxLine            `json:"tax_lines,omitempty"`
	Total               int64                `json:"total"`
}

// ShippingEdit replaces an order's shipping lines.
type ShippingEdit struct {
	Before []ShippingLine `json:"before"`
	After  []ShippingLine `json:"after"`
}

// LineQuantity is some units of a line.
type LineQuantity struct {
	LineID   uuid.UUID `json:"line_id"`
	SKU      string    `json:"sku"`
	Quantity int64     `json:"quantity"`
}

// EventType returns "order.edit_begun.v1".
func (EditBegun) EventType() string { return "order.edit_begun.v1" }

// EventType returns "order.edit_staged.v1".
func (EditStaged) EventType() string { return "order.edit_staged.v1" }

// EventType returns "order.edit_discarded.v1".
func (EditDiscarded) EventType() string { return "order.edit_discarded.v1" }

// EventType returns "order.edit_committed.v1".
func (EditCommitted) EventType() string { return "order.edit_committed.v1" }

func (EditBegun) orderEvent()     {}
func (EditStaged) orderEvent()    {}
func (EditDiscarded) orderEvent() {}
func (EditCommitted) orderEvent() {}
