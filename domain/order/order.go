// Package order holds the rules of orders, from placing to return.
//
// An order is the fold of its events. Decide answers a command with the events it causes or the rule it breaks; it is
// pure, so time, ids and prices come in with the command. What spans several aggregates, such as placing an order and
// reserving its stock, is decided one level up and appended together. Nothing here is safe for concurrent changes;
// reading a state is.
package order

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// StreamType is the type of every order's stream. The stream's id is the order's.
const StreamType = "order"

// Order is the state of one order, complete enough to show it. Its zero value is an order that does not exist. As JSON
// it is stored and folded on: marshalling is deterministic and loses nothing. Sums are minor units of Currency, times
// UTC with whole milliseconds.
type Order struct {
	ID               uuid.UUID      `json:"id"`
	Number           string         `json:"order_number"`
	ExternalID       string         `json:"external_id,omitempty"`
	Channel          string         `json:"channel_id"`
	Currency         string         `json:"currency"`
	CustomerID       string         `json:"customer_id,omitempty"` // empty for a guest
	Country          string         `json:"country,omitempty"`
	Locale           string         `json:"locale,omitempty"`
	PII              PII            `json:"pii,omitempty"`
	Status           Status         `json:"status"`
	Lines            []LineState    `json:"lines"`
	ShippingLines    []ShippingLine `json:"shipping_lines,omitempty"`
	Discounts        []Discount     `json:"discounts,omitempty"`
	Totals           Totals         `json:"totals"`             // as placed
	Released         int64          `json:"released,omitempty"` // taken off the total by cancellations
	Credited         int64          `json:"credited,omitempty"` // taken off the total by returns
	Payments         []Payment      `json:"payments,omitempty"` // in the order in which they were first heard of
	PaymentPolicy    PaymentPolicy  `json:"payment_policy,omitempty"`
	Holds            []Hold         `json:"holds,omitempty"`
	Returns          []Return       `json:"returns,omitempty"`
	PriceListVersion string         `json:"price_list_version,omitempty"`
	TaxProviderRef   string         `json:"tax_provider_ref,omitempty"`
	Rounding         RoundingRule   `json:"rounding,omitzero"`
	Risk             *Risk          `json:"risk,omitempty"`
	Source           string         `json:"source,omitempty"` // the books an imported order comes from
	StockPolicy      StockPolicy    `json:"stock_policy,omitempty"`
	CancelReason     CancelReason   `json:"cancel_reason,omitempty"`
	CancelNote       string         `json:"cancel_note,omitempty"`
	CancelPII        PII            `json:"cancel_pii,omitempty"`
	PlacedAt         time.Time      `json:"placed_at"`
	ConfirmedAt      time.Time      `json:"confirmed_at,omitzero"`
	CompletedAt      time.Time      `json:"completed_at,omitzero"`
	CanceledAt       time.Time      `json:"canceled_at,omitzero"`
	ExpiresAt        time.Time      `json:"expires_at,omitzero"` // only while pending
	ImportedAt       time.Time      `json:"imported_at,omitzero"`
	UpdatedAt        time.Time      `json:"updated_at"` // when the last event was recorded here
}

// LineState is a line and how far its units have got.
type LineState struct {
	Line
	Counters Counters `json:"counters"`
}

// Counters count units of a line, all at least 0. live = ordered - canceled, and
// delivered ≤ shipped ≤ fulfilled ≤ live and returned ≤ return_requested ≤ delivered hold at all times.
type Counters struct {
	Ordered          int64 `json:"ordered"`
	Canceled         int64 `json:"canceled,omitempty"`
	Reserved         int64 `json:"reserved,omitempty"`
	Backordered      int64 `json:"backordered,omitempty"`
	Fulfilled        int64 `json:"fulfilled,omitempty"` // packed
	Shipped          int64 `json:"shipped,omitempty"`
	Delivered        int64 `json:"delivered,omitempty"`
	ReturnRequested  int64 `json:"return_requested,omitempty"`
	Returned         int64 `json:"returned,omitempty"`
	Restocked        int64 `json:"restocked,omitempty"`
	WrittenOff       int64 `json:"written_off,omitempty"`
	RefundedQuantity int64 `json:"refunded_quantity,omitempty"`
}

// Live returns the units that are still wanted.
func (c *Counters) Live() int64 { return c.Ordered - c.Canceled }

// Payment is one payment of the order. Its sums are cumulative minor units.
type Payment struct {
	PaymentID  uuid.UUID    `json:"payment_id"`
	Method     string       `json:"method,omitempty"`    // such as cash, bank_transfer, card
	Reference  string       `json:"reference,omitempty"` // the payment in the shop's own books
	State      PaymentState `json:"state"`
	Authorized int64        `json:"authorized,omitempty"`
	Captured   int64        `json:"captured,omitempty"`
	Refunded   int64        `json:"refunded,omitempty"`
	Voided     int64        `json:"voided,omitempty"`
}

// Hold keeps an order, or some of its lines, from moving on.
type Hold struct {
	HoldID  uuid.UUID   `json:"hold_id"`
	LineIDs []uuid.UUID `json:"line_ids,omitempty"` // empty: the whole order
	Reason  string      `json:"reason"`
	Note    string      `json:"note,omitempty"`
	Until   time.Time   `json:"until,omitzero"`
}

// Return is goods that came back.
type Return struct {
	ReturnID     uuid.UUID      `json:"return_id"`
	CreditNumber string         `json:"credit_number,omitempty"`
	Source       string         `json:"source,omitempty"`
	Lines        []ReturnedLine `json:"lines"`
	Refund       int64          `json:"refund_amount"`
	ReturnedAt   time.Time      `json:"returned_at"`
}

// Exists reports whether the order was ever placed or imported.
func (o *Order) Exists() bool { return o.ID != uuid.Nil }

// Total returns what the order costs now, after cancellations and returns.
func (o *Order) Total() int64 { return o.Totals.Total - o.Released - o.Credited }

// Replay folds events, oldest first, from nothing.
func Replay(events ...Event) Order {
	var o Order
	for _, e := range events {
		o.Apply(e)
	}
	return o
}

// Clone returns a copy that later changes of o do not reach.
func (o *Order) Clone() Order {
	c := *o
	c.Lines = slices.Clone(o.Lines)
	c.Payments = slices.Clone(o.Payments)
	c.Holds = slices.Clone(o.Holds)
	c.Returns = slices.Clone(o.Returns)
	return c
}

// line returns the index of a line, or -1. It looks at the hint first: events name lines in the order's own sequence,
// and orders may have thousands.
func (o *Order) line(id uuid.UUID, hint int) int {
	if hint < len(o.Lines) && o.Lines[hint].LineID == id {
		return hint
	}
	for i := range o.Lines {
		if o.Lines[i].LineID == id {
			return i
		}
	}
	return -1
}

// instant returns t as events store it: UTC, whole milliseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
