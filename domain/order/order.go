// Package order holds the rules of orders, from placing to return.
//
// An order is the fold of its events. Decide answers a command with the events it causes or the rule it breaks; it is
// pure, so time, ids and prices come in with the command. What spans several aggregates, such as placing an order and
// reserving its stock, is decided one level up and appended together. Nothing here is safe for concurrent changes;
// reading a state is.
package order

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
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
	Discounts        []Discount     `json:"discounts,omitempty"` // with what each has given in all, to edits too
	Totals           Totals         `json:"totals"`              // of Lines and ShippingLines, just as they say
	Added            int64          `json:"added,omitempty"`     // put on the total by edits that change how many units a line has, or taken off
	Released         int64          `json:"released,omitempty"`  // taken off the total by cancellations
	Credited         int64          `json:"credited,omitempty"`  // taken off the total by returns
	Payments         []Payment      `json:"payments,omitempty"`  // in the order in which they were first heard of
	PaymentPolicy    PaymentPolicy  `json:"payment_policy,omitempty"`
	Holds            []Hold         `json:"holds,omitempty"`        // the open ones
	Edit             *Edit          `json:"edit,omitempty"`         // the open one
	Fulfillments     []Fulfillment  `json:"fulfillments,omitempty"` // in the order in which they were planned or packed
	Returns          []Return       `json:"returns,omitempty"`
	Notes            []Note         `json:"notes,omitempty"`
	Tags             []string       `json:"tags,omitempty"` // sorted
	Metadata         Metadata       `json:"metadata,omitempty"`
	Invoices         []Invoice      `json:"invoices,omitempty"`
	Wishes           Wishes         `json:"wishes,omitzero"` // of a draft
	PriceListVersion string         `json:"price_list_version,omitempty"`
	TaxProviderRef   string         `json:"tax_provider_ref,omitempty"`
	Rounding         RoundingRule   `json:"rounding,omitzero"`
	Risk             *Risk          `json:"risk,omitempty"`
	Source           string         `json:"source,omitempty"` // the books an imported order comes from
	StockPolicy      StockPolicy    `json:"stock_policy,omitempty"`
	CancelReason     CancelReason   `json:"cancel_reason,omitempty"`
	CancelNote       string         `json:"cancel_note,omitempty"`
	CancelPrivate    PII            `json:"cancel_private,omitempty"` // cancel_note
	CancelPII        PII            `json:"cancel_pii,omitempty"`
	PlacedAt         time.Time      `json:"placed_at"` // of a draft: when it was drafted
	ConfirmedAt      time.Time      `json:"confirmed_at,omitzero"`
	CompletedAt      time.Time      `json:"completed_at,omitzero"`
	CanceledAt       time.Time      `json:"canceled_at,omitzero"`
	ExpiresAt        time.Time      `json:"expires_at,omitzero"` // only while pending
	ExpiredAt        time.Time      `json:"expired_at,omitzero"`
	ArchivedAt       time.Time      `json:"archived_at,omitzero"`
	DraftedAt        time.Time      `json:"drafted_at,omitzero"`
	ImportedAt       time.Time      `json:"imported_at,omitzero"`
	UpdatedAt        time.Time      `json:"updated_at"` // when the last event was recorded here
}

// LineState is a line and how far its units have got.
type LineState struct {
	Line
	Counters Counters `json:"counters"`
	Batches  []Batch  `json:"batches,omitempty"` // nil: one batch, the line as placed, with the live units at its start
}

// Batch is units of a line that came with one decision: as placed, or by one edit. Its sums are spread over all its
// units by money.Share; of those the first Live ones are still wanted.
type Batch struct {
	Quantity     int64 `json:"quantity"`
	Live         int64 `json:"live"`
	Tax          int64 `json:"tax,omitempty"`           // inclusive and exclusive
	ExclusiveTax int64 `json:"exclusive_tax,omitempty"` // the part of Tax that is on top of the price
	Total        int64 `json:"total"`
}

// Counters count units of a line, all at least 0. live = ordered - canceled, and
// delivered ≤ shipped ≤ fulfilled ≤ live and returned ≤ return_requested ≤ delivered hold at all times; a claim may be of
// what is only shipped, and what needs no shipping counts as delivered to the customer without being so here.
type Counters struct {
	Ordered          int64 `json:"ordered"`
	Canceled         int64 `json:"canceled,omitempty"`
	Reserved         int64 `json:"reserved,omitempty"`    // stock is kept for them, packed or not, until they are shipped
	Backordered      int64 `json:"backordered,omitempty"` // they wait for stock, and cannot be packed yet
	Fulfilled        int64 `json:"fulfilled,omitempty"`   // packed, and perhaps shipped
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
	Texts      PII          `json:"texts,omitempty"`     // reference
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
	Reason  HoldReason  `json:"reason"`
	Note    string      `json:"note,omitempty"`
	Private PII         `json:"private,omitempty"` // note
	Until   time.Time   `json:"until,omitzero"`
	HeldAt  time.Time   `json:"held_at,omitzero"`
}

// Edit is an open edit and what was staged in it.
type Edit struct {
	EditID      uuid.UUID    `json:"edit_id"`
	BaseVersion int64        `json:"base_version"`
	Changes     []EditChange `json:"changes,omitempty"`
	BegunBy     string       `json:"begun_by,omitempty"`
	BegunAt     time.Time    `json:"begun_at"`
}

// Fulfillment is units that leave, or are to leave, from one location together.
type Fulfillment struct {
	FulfillmentID uuid.UUID         `json:"fulfillment_id"`
	LocationID    string            `json:"location_id"`
	State         FulfillmentState  `json:"state"`
	Lines         []FulfillmentLine `json:"lines"`
	Packages      []Package         `json:"packages,omitempty"`
	Shipments     []Shipment        `json:"shipments,omitempty"`
	ShipBy        time.Time         `json:"ship_by,omitzero"`
	PlannedAt     time.Time         `json:"planned_at,omitzero"`
	PackedAt      time.Time         `json:"packed_at,omitzero"`
	CanceledAt    time.Time         `json:"canceled_at,omitzero"`
}

// FulfillmentState is where a fulfilment stands.
type FulfillmentState string

// The states of a fulfilment.
const (
	FulfillmentStatePlanned   FulfillmentState = "planned"
	FulfillmentStatePacked    FulfillmentState = "packed" // and partly shipped, perhaps
	FulfillmentStateShipped   FulfillmentState = "shipped"
	FulfillmentStateDelivered FulfillmentState = "delivered"
	FulfillmentStateCanceled  FulfillmentState = "canceled"
)

// FulfillmentLine is the units of one line in a fulfilment, and how far they have got.
type FulfillmentLine struct {
	LineQuantity
	Shipped     int64     `json:"shipped,omitempty"`
	Delivered   int64     `json:"delivered,omitempty"`
	DeliveredAt time.Time `json:"delivered_at,omitzero"` // of the last unit so far
}

// Shipment is a dispatch of packed units.
type Shipment struct {
	ShipmentID     uuid.UUID         `json:"shipment_id"`
	Carrier        string            `json:"carrier,omitempty"`
	Service        string            `json:"service,omitempty"`
	TrackingNumber string            `json:"tracking_number,omitempty"`
	TrackingURL    string            `json:"tracking_url,omitempty"`
	LabelRef       string            `json:"label_ref,omitempty"`
	Texts          PII               `json:"texts,omitempty"`   // tracking_number, tracking_url
	Private        PII               `json:"private,omitempty"` // label_ref
	Lines          []FulfillmentLine `json:"lines"`             // Quantity is what was shipped, Shipped stays 0
	FailureReason  string            `json:"failure_reason,omitempty"`
	FailureTexts   PII               `json:"failure_texts,omitempty"` // failure_reason
	ProofRef       string            `json:"proof_ref,omitempty"`
	ProofTexts     PII               `json:"proof_texts,omitempty"` // proof_ref
	ShippedAt      time.Time         `json:"shipped_at"`
	DeliveredAt    time.Time         `json:"delivered_at,omitzero"` // once all of it has arrived
	FailedAt       time.Time         `json:"failed_at,omitzero"`
}

// Return is goods that came back, or are to come back.
type Return struct {
	ReturnID            uuid.UUID       `json:"return_id"`
	Kind                ReturnKind      `json:"kind,omitempty"`  // empty for imported ones
	State               ReturnState     `json:"state,omitempty"` // empty for imported ones, which are resolved
	CreditNumber        string          `json:"credit_number,omitempty"`
	Source              string          `json:"source,omitempty"`
	LocationID          string          `json:"location_id,omitempty"`
	Requested           []RequestedLine `json:"requested,omitempty"`
	Received            []ReceivedLine  `json:"received,omitempty"`
	Lines               []ReturnedLine  `json:"lines"` // what the units had cost
	Refund              int64           `json:"refund_amount"`
	TakenOffDue         int64           `json:"taken_off_due,omitempty"`
	RefundTax           int64           `json:"refund_tax,omitempty"`      // in what the order costs less
	RefundShipping      int64           `json:"refund_shipping,omitempty"` // of what the order costs less; see ReturnResolved
	RefundGoodwill      int64           `json:"refund_goodwill,omitempty"`
	Fee                 int64           `json:"fee,omitempty"`
	StoreCredit         int64           `json:"store_credit,omitempty"`
	ReplacementOrderID  uuid.UUID       `json:"replacement_order_id,omitzero"`
	RequestedResolution string          `json:"requested_resolution,omitempty"`
	DeclineReason       string          `json:"decline_reason,omitempty"`
	Texts               PII             `json:"texts,omitempty"` // decline_reason
	PII                 PII             `json:"pii,omitempty"`
	WindowOK            bool            `json:"window_ok,omitempty"` // asked for in time
	RequestedAt         time.Time       `json:"requested_at,omitzero"`
	CanceledAt          time.Time       `json:"canceled_at,omitzero"` // when what had not come was given up
	ReturnedAt          time.Time       `json:"returned_at,omitzero"` // when the last units came
	ResolvedAt          time.Time       `json:"resolved_at,omitzero"`
}

// ReturnKind says what a customer asks for.
type ReturnKind string

// The kinds of returns.
const (
	KindReturn   ReturnKind = "return"
	KindExchange ReturnKind = "exchange"
	KindClaim    ReturnKind = "claim" // something is wrong; it may be resolved without goods
)

// ReturnState is where a return stands.
type ReturnState string

// The states of a return.
const (
	ReturnStateRequested         ReturnState = "requested"
	ReturnStateApproved          ReturnState = "approved"
	ReturnStatePartiallyReceived ReturnState = "partially_received"
	ReturnStateReceived          ReturnState = "received"
	ReturnStateResolved          ReturnState = "resolved"
	ReturnStateDeclined          ReturnState = "declined"
	ReturnStateCanceled          ReturnState = "canceled"
)

// Disposition says what becomes of units that came back.
type Disposition string

// The dispositions.
const (
	DispositionRestock        Disposition = "restock"
	DispositionQualityControl Disposition = "quality_control"
	DispositionDamaged        Disposition = "damaged"
	DispositionWriteOff       Disposition = "write_off"
)

// Note is words about an order.
type Note struct {
	NoteID     uuid.UUID      `json:"note_id"`
	Visibility NoteVisibility `json:"visibility"`
	Body       string         `json:"body,omitempty"`
	Texts      PII            `json:"texts,omitempty"` // body
	PII        PII            `json:"pii,omitempty"`
	AddedBy    string         `json:"added_by,omitempty"`
	AddedAt    time.Time      `json:"added_at"`
	EditedAt   time.Time      `json:"edited_at,omitzero"`
}

// NoteVisibility says who sees a note.
type NoteVisibility string

// The visibilities of a note.
const (
	NoteInternal NoteVisibility = "internal" // staff
	NoteCustomer NoteVisibility = "customer" // the customer too
)

// Metadata is what a shop's own programs keep with an order.
type Metadata map[string]string

// Invoice is an invoice or a credit note.
type Invoice struct {
	Number      string    `json:"number"`
	Series      string    `json:"series"`
	CreditOf    string    `json:"credit_of,omitempty"` // the invoice that a credit note takes back
	Amount      int64     `json:"amount"`              // with tax
	DocumentRef string    `json:"document_ref,omitempty"`
	Texts       PII       `json:"texts,omitempty"` // document_ref
	IssuedAt    time.Time `json:"issued_at"`
}

// Exists reports whether the order was ever placed or imported.
func (o *Order) Exists() bool { return o.ID != uuid.Nil }

// Total returns what the order costs now, after edits, cancellations and returns. Like all sums of an order it stops at the
// ends of an int64, which no command gets it near to.
func (o *Order) Total() int64 {
	return money.Clamped(o.Totals.Total, o.Added, -o.Released, -o.Credited)
}

// about returns what every event of the order repeats.
func (o *Order) about() About {
	return About{OrderID: o.ID, Channel: o.Channel, Currency: o.Currency, Country: o.Country, CustomerID: o.CustomerID}
}

// Replay folds events, oldest first, from nothing.
func Replay(events ...Event) Order {
	var o Order
	for _, e := range events {
		o.Apply(e)
	}
	return o
}

// Clone returns a copy that later changes of o do not reach. What Apply replaces as a whole is shared.
func (o *Order) Clone() Order {
	c := *o
	c.Lines = slices.Clone(o.Lines)
	for i := range c.Lines {
		c.Lines[i].Batches = slices.Clone(c.Lines[i].Batches)
	}
	c.Payments = slices.Clone(o.Payments)
	c.Holds = slices.Clone(o.Holds)
	if o.Edit != nil {
		edit := *o.Edit
		edit.Changes = slices.Clone(edit.Changes)
		c.Edit = &edit
	}
	c.Fulfillments = slices.Clone(o.Fulfillments)
	for i := range c.Fulfillments {
		c.Fulfillments[i] = c.Fulfillments[i].clone()
	}
	c.Returns = slices.Clone(o.Returns)
	for i := range c.Returns {
		r := &c.Returns[i]
		r.Requested, r.Received, r.Lines = slices.Clone(r.Requested), slices.Clone(r.Received), slices.Clone(r.Lines)
	}
	c.Notes = slices.Clone(o.Notes)
	c.Tags = slices.Clone(o.Tags)
	c.Metadata = maps.Clone(o.Metadata)
	c.Invoices = slices.Clone(o.Invoices)
	return c
}

func (f *Fulfillment) clone() Fulfillment {
	c := *f
	c.Lines, c.Shipments = slices.Clone(f.Lines), slices.Clone(f.Shipments)
	for i := range c.Shipments {
		c.Shipments[i].Lines = slices.Clone(c.Shipments[i].Lines)
	}
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
