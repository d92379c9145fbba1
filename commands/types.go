package commands

import (
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

// PlaceOrder places an order at the catalogue's prices, with the tenant's taxes, shipping methods and discounts, and
// reserves its stock. State: *order.Order. It is refused with sku_unknown, sku_not_sellable, currency_unsupported,
// quantity_out_of_range, empty_order, price_changed, insufficient_stock, duplicate_external_id, shipping_method_invalid,
// discount_invalid, reservation_expired.
type PlaceOrder struct {
	OrderID        uuid.UUID // UUIDv7
	ExternalID     string    // unique per tenant and channel; may be empty
	Channel        string
	Currency       string
	CustomerID     string // empty: a guest
	Country        string // of the shipping address
	Locale         string
	PII            order.PII // sealed
	Lines          []OrderLine
	ShippingMethod string    // empty: no shipping line
	DiscountCodes  []string  // what the customer entered; automatic discounts come by themselves
	ReservationID  uuid.UUID // a soft reservation that the order takes over; zero: none
	ExpectedTotal  *money.Amount
	ExpiresAt      time.Time // zero: as the tenant's limits say, counted from At
	At             time.Time
}

// ListProducts lists many products in one step, all or none. State: nil.
type ListProducts struct{ Products []catalog.List }

// OrderLine is a line of a PlaceOrder.
type OrderLine struct {
	LineID   uuid.UUID // zero: derived from the order's id and the line's place
	SKU      string
	Quantity int64
}

// CancelOrder cancels an order of which nothing has left, and releases its stock. State: *order.Order.
type CancelOrder struct {
	OrderID uuid.UUID
	Reason  order.CancelReason
	Note    string
	Private order.PII // sealed: note
	PII     order.PII
	At      time.Time
}

// MarkPaid records a payment that staff have received, confirms the order and commits its stock. State: *order.Order.
type MarkPaid struct {
	OrderID   uuid.UUID
	PaymentID uuid.UUID
	Method    string // cash, bank_transfer, ...
	Reference string
	Texts     order.PII // sealed: reference
	By        string
	At        time.Time
}

// ListProduct lists a product, or brings the one with the same SKU to the given content. State: *catalog.Product.
type ListProduct struct{ Product catalog.List }

// UpdateProduct changes what is given of a product. State: *catalog.Product.
type UpdateProduct struct {
	SKU    string
	Change catalog.Update
}

// ReceiveStock adds delivered units of a listed SKU. State: *stock.Stock.
type ReceiveStock struct {
	SKU        string
	LocationID string
	Quantity   int64
	Reference  string
	At         time.Time
}

// ImportOrder records an order of the past, and deducts its stock if its policy says so. State: *order.Order.
type ImportOrder struct{ Order order.Import }

// ImportCredit books units back that were sold by imported orders: the parts say which orders may give how many, in the
// order in which they are asked. State: *CreditOutcome.
type ImportCredit struct {
	CreditNumber string
	Source       string
	Rows         []CreditRow
	ReturnedAt   time.Time
	At           time.Time
}

// CreditRow is one row of a credit: units of a SKU that came back, and the order lines they may come from.
type CreditRow struct {
	SKU        string
	Units      int64
	UnitPrice  int64 // what the credit says, in minor units; the order line's price is what is paid back
	Candidates []CreditCandidate
}

// CreditCandidate is an order line that units may come from.
type CreditCandidate struct {
	OrderID uuid.UUID
	LineID  uuid.UUID
}

// CreditOutcome is what became of a credit. It is stored as the answer under the credit's key and never decided again.
type CreditOutcome struct {
	CreditNumber    string        `json:"credit_number"`
	Returns         []CreditMatch `json:"returns,omitempty"`
	ReturnedUnits   int64         `json:"returned_units"`
	Refunds         int64         `json:"refunds"`          // minor units, at the order lines' prices
	PriceDifference int64         `json:"price_difference"` // Σ units × (credit's price − order line's price)
	UnmatchedRows   int64         `json:"unmatched_rows"`   // rows of which at least one unit found no order
	UnmatchedUnits  int64         `json:"unmatched_units"`
	UnmatchedValue  int64         `json:"unmatched_value"` // at the credit's prices
}

// CreditMatch is a part of a credit that one order line gave.
type CreditMatch struct {
	Row       int       `json:"row"` // index in Rows
	OrderID   uuid.UUID `json:"order_id"`
	LineID    uuid.UUID `json:"line_id"`
	SKU       string    `json:"sku"`
	Units     int64     `json:"units"`
	UnitPrice int64     `json:"unit_price"` // what was paid
}
