package order

import (
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// Limits of an order's fields.
const (
	MaxLines         = 1000      // lines of a placed order; imported ones have no limit
	MaxQuantity      = 1_000_000 // units of a line
	MaxNoteLength    = 500       // characters of a cancellation's note
	MaxChannelLength = 64        // characters of a channel
	MaxKeyLength     = 255       // characters of ids that come from outside
	methodImported   = "imported"
	reasonPaid       = "paid"
	reasonAuthorized = "authorized"
	reasonOnAccount  = "on_account"
	reasonNothingDue = "nothing_due"
)

// Command asks for a change of one order. Its unexported method seals the set and is the rule itself.
type Command interface {
	decide(o *Order) ([]Event, error)
}

// Decide returns the events that cmd causes in state o, with the confirmation and the completion that they lead to, or a
// *rule.Violation. It changes nothing. No events and no error means that the wish is already met.
func Decide(o *Order, cmd Command, terms Terms) ([]Event, error) {
	events, err := cmd.decide(o)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	return o.advance(events, terms), nil
}

// NewLine is a line of an order to be placed or imported. Its price comes from the server.
type NewLine struct {
	LineID              uuid.UUID
	SKU                 string
	ProductName         string
	Quantity            int64
	UnitPrice           int64 // minor units of the order's currency
	RequiresShipping    bool
	BackorderPolicy     BackorderPolicy
	DiscountAllocations []DiscountAllocation // the line's parts of the order's discounts
	TaxLines            []TaxLine            // amounts already rounded by the order's rule
	TaxClass            string               // pricing.StandardClass, or one with rates of its own
	Pointer             string               // the line's place in the request, for a refusal; empty: /lines/n
}

// Place begins an order at prices that the caller has looked up, or places the draft of that id: what the command says
// replaces what the draft said. The caller reserves its stock in the same append.
type Place struct {
	OrderID          uuid.UUID
	Number           string // empty: Number(OrderID)
	ExternalID       string
	Channel          string
	Currency         string
	CustomerID       string
	Country          string
	Locale           string
	PII              PII
	Lines            []NewLine
	ShippingLines    []ShippingLine
	Discounts        []Discount
	ExpectedTotal    *money.Amount // what the customer was shown; another total is refused
	PriceListVersion string
	TaxProviderRef   string
	Rounding         RoundingRule
	Risk             *Risk
	PaymentPolicy    PaymentPolicy  // empty: PolicyPaid
	Backordered      []LineQuantity // units that the stock does not have yet
	ExpiresAt        time.Time      // zero: never
	At               time.Time
}

// Import begins an order of the past that was paid and delivered at once. Importing the same order of the same source
// again changes nothing.
type Import struct {
	OrderID       uuid.UUID
	Number        string // empty: Number(OrderID)
	ExternalID    string
	Source        string
	Channel       string
	Currency      string
	CustomerID    string
	Country       string
	PII           PII
	Lines         []NewLine
	ShippingLines []ShippingLine
	Discounts     []Discount
	ExpectedTotal *money.Amount // what the source says; another total is refused
	Rounding      RoundingRule
	StockPolicy   StockPolicy // empty: StockSkip
	PlacedAt      time.Time   // when it was placed in the world, not after At
	At            time.Time
}

// ImportReturn records goods of the past that came back and were paid back: each unit at what it cost on this order,
// whatever the credit says. The same return again changes nothing.
type ImportReturn struct {
	ReturnID     uuid.UUID
	CreditNumber string
	Source       string
	Lines        []ReturnLine
	ReturnedAt   time.Time // when it happened in the world, not after At
	At           time.Time
}

// ReturnLine asks for units of one line back.
type ReturnLine struct {
	LineID   uuid.UUID
	Quantity int64
}

// MarkPaid records that the whole amount due was paid outside, in cash or by bank transfer, and confirms a pending
// order. An order that owes nothing stays as it is.
type MarkPaid struct {
	PaymentID uuid.UUID
	Method    string // such as cash, bank_transfer
	Reference string
	Texts     PII    // sealed: reference
	By        string // who says so
	At        time.Time
}

// Confirm confirms a pending order whose payment policy is met. A confirmed order stays as it is.
type Confirm struct{ At time.Time }

// CancelReason says why an order was canceled.
type CancelReason string

// The reasons of a cancellation.
const (
	ReasonCustomer  CancelReason = "customer"
	ReasonPayment   CancelReason = "payment"
	ReasonFraud     CancelReason = "fraud"
	ReasonInventory CancelReason = "inventory"
	ReasonStaff     CancelReason = "staff"
	ReasonOther     CancelReason = "other"
)

// Cancel ends an order of which nothing was shipped. The caller releases its stock in the same append.
type Cancel struct {
	CancellationID uuid.UUID
	Reason         CancelReason // empty: ReasonCustomer
	Note           string
	Private        PII // sealed: note
	PII            PII // what a customer wrote
	RefundPolicy   string
	At             time.Time
}

// notFound is the answer to every command on an order that does not exist.
func notFound() error {
	return rule.New(rule.OrderNotFound, "there is no such order; place it first")
}
