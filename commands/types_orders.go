package commands

import (
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
)

// DraftOrder begins an order that is not placed yet, at the prices of the moment. State: *order.Order.
type DraftOrder struct{ Order PlaceOrder }

// UpdateDraftOrder changes what is given of a draft. State: *order.Order.
type UpdateDraftOrder struct {
	OrderID        uuid.UUID
	Lines          *[]OrderLine
	ShippingMethod *string
	DiscountCodes  *[]string
	Country        *string
	CustomerID     *string
	Locale         *string
	PII            order.PII // nil: unchanged
	At             time.Time
}

// PlaceDraft places a draft, at the prices of now. State: *order.Order. It is refused as PlaceOrder is.
type PlaceDraft struct {
	OrderID       uuid.UUID
	ReservationID uuid.UUID
	ExpectedTotal *money.Amount
	ExpiresAt     time.Time // as PlaceOrder's
	At            time.Time
}

// QuoteOrder computes what an order would come to, and what there is of it. It changes nothing: run it with DryRun.
// State: *Quote.
type QuoteOrder struct{ Order PlaceOrder }

// Quote is the outcome of a QuoteOrder.
type Quote struct {
	Order order.Order         // as it would be placed
	Lines []QuoteAvailability // in the sequence of the lines
}

// QuoteAvailability says what there is for a line.
type QuoteAvailability struct {
	LineID        uuid.UUID
	SKU           string
	Requested     int64 // by all lines of this SKU
	Available     int64
	Backorderable bool // what is missing can be ordered all the same
}

// ChangeOrder runs a command of one order, together with what follows from it for stock, discounts and backorders. It
// is for all of them that need no prices and no settings: holds, opening and discarding edits, confirming, canceling
// lines, expiry, moving, shipping, delivering and tracking, approving, declining, receiving and canceling returns, notes, tags,
// metadata, contacts, completion, archiving, payments. State: *order.Order.
type ChangeOrder struct {
	OrderID uuid.UUID
	Command order.Command
	At      time.Time
}

// StageEdit adds a change to an order's open edit. State: *order.Order.
type StageEdit struct {
	OrderID uuid.UUID
	Stage   order.StageEditChange
}

// CommitEdit applies an order's open edit at the server's prices, and reserves and releases its stock. Run with DryRun
// it is the preview. State: *order.Order.
type CommitEdit struct {
	OrderID uuid.UUID
	Commit  order.CommitEdit // Prices and Backordered are filled in here
}

// PlanFulfillment assigns units to a location, and their reservations with them. State: *order.Order.
type PlanFulfillment struct {
	OrderID uuid.UUID
	Plan    order.PlanFulfillment
}

// CreateFulfillment says that units are packed at a location; reservations that are elsewhere are moved there if there
// is enough. State: *order.Order.
type CreateFulfillment struct {
	OrderID uuid.UUID
	Pack    order.CreateFulfillment // AllowUnpaid is filled in here
}

// RequestReturn asks to send units back, inside the tenant's window. State: *order.Order.
type RequestReturn struct {
	OrderID uuid.UUID
	Request order.RequestReturn // WindowDays is filled in here
}

// ResolveReturn ends a return. A replacement must be an order of the same customer. State: *order.Order.
type ResolveReturn struct {
	OrderID uuid.UUID
	Resolve order.ResolveReturn
}

// ChangeShippingAddress sends an order elsewhere, and computes its taxes anew if the country changes. State:
// *order.Order.
type ChangeShippingAddress struct {
	OrderID uuid.UUID
	Change  order.ChangeShippingAddress // Requote is filled in here
}

// IssueInvoice gives an order an invoice with the next number of its series. State: *order.Order.
type IssueInvoice struct {
	OrderID uuid.UUID
	Series  string             // empty: the year, such as 2026
	Invoice order.IssueInvoice // Number and Series are filled in here
}

// IssueCreditNote takes an invoice back, with the next number of its series. State: *order.Order.
type IssueCreditNote struct {
	OrderID uuid.UUID
	Series  string                // empty: the year, such as 2026
	Credit  order.IssueCreditNote // Number and Series are filled in here
}

// ChangeStock runs a command of one listed SKU's stock, and fills the backorders that it makes possible. State:
// *stock.Stock.
type ChangeStock struct {
	SKU     string
	Command stock.Command
	At      time.Time
}
