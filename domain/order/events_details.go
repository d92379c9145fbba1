package order

import (
	"time"

	"github.com/google/uuid"
)

// ShippingAddressChanged sends an order elsewhere. About holds the new country. If that changes its taxes, Requote says
// how: each line and the shipping come with what their net values change by, which is nothing (and absent) unless prices
// contain taxes before or after.
type ShippingAddressChanged struct {
	About
	PreviousCountry string    `json:"previous_country,omitempty"`
	PII             PII       `json:"pii,omitempty"` // all personal data of the order, as it is now
	Requote         *Requote  `json:"requote,omitempty"`
	ChangedAt       time.Time `json:"changed_at"` // UTC, milliseconds
}

// Requote replaces the taxes of an order of which nothing was shipped or canceled. Where prices contain taxes it changes
// what goods and shipping are worth without them.
type Requote struct {
	Lines             []LineTaxes    `json:"lines"`
	Shipping          []ShippingLine `json:"shipping_lines,omitempty"`      // absent: as they were
	ShippingNetChange int64          `json:"shipping_net_change,omitempty"` // without tax
	TotalsBefore      Totals         `json:"totals_before"`
	TotalsAfter       Totals         `json:"totals_after"`
	AmountDelta       int64          `json:"amount_delta"`
}

// LineTaxes are a line's taxes, computed anew. What the line's discounts change by without tax is the difference of the
// two changes.
type LineTaxes struct {
	LineID            uuid.UUID `json:"line_id"`
	SKU               string    `json:"sku"`
	TaxLines          []TaxLine `json:"tax_lines,omitempty"`
	Total             int64     `json:"total"`
	NetSubtotalChange int64     `json:"net_subtotal_change,omitempty"` // before discounts, without tax
	NetTotalChange    int64     `json:"net_total_change,omitempty"`    // after discounts, without tax
}

// BillingAddressChanged bills an order to another address.
type BillingAddressChanged struct {
	About
	PII       PII       `json:"pii,omitempty"` // all personal data of the order, as it is now
	ChangedAt time.Time `json:"changed_at"`    // UTC, milliseconds
}

// ContactChanged gives an order another e-mail address or telephone number.
type ContactChanged struct {
	About
	PII       PII       `json:"pii,omitempty"` // all personal data of the order, as it is now
	ChangedAt time.Time `json:"changed_at"`    // UTC, milliseconds
}

// NoteAdded adds words to an order.
type NoteAdded struct {
	About
	NoteID     uuid.UUID      `json:"note_id"`
	Visibility NoteVisibility `json:"visibility"`
	Body       string         `json:"body,omitempty"`  // staff's words
	Texts      PII            `json:"texts,omitempty"` // body
	PII        PII            `json:"pii,omitempty"`   // a customer's
	AddedBy    string         `json:"added_by,omitempty"`
	AddedAt    time.Time      `json:"added_at"` // UTC, milliseconds
}

// NoteEdited replaces a note's words.
type NoteEdited struct {
	About
	NoteID     uuid.UUID      `json:"note_id"`
	Visibility NoteVisibility `json:"visibility"`
	Body       string         `json:"body,omitempty"`
	Texts      PII            `json:"texts,omitempty"` // body
	PII        PII            `json:"pii,omitempty"`
	EditedBy   string         `json:"edited_by,omitempty"`
	EditedAt   time.Time      `json:"edited_at"` // UTC, milliseconds
}

// NoteRemoved takes a note away.
type NoteRemoved struct {
	About
	NoteID    uuid.UUID `json:"note_id"`
	RemovedBy string    `json:"removed_by,omitempty"`
	RemovedAt time.Time `json:"removed_at"` // UTC, milliseconds
}

// TagsChanged adds tags to an order and takes others away.
type TagsChanged struct {
	About
	Added     []string  `json:"added,omitempty"`   // sorted
	Removed   []string  `json:"removed,omitempty"` // sorted
	ChangedAt time.Time `json:"changed_at"`        // UTC, milliseconds
}

// MetadataChanged sets and unsets what a shop's own programs keep with an order.
type MetadataChanged struct {
	About
	Set       map[string]string `json:"set,omitempty"`
	Unset     []string          `json:"unset,omitempty"` // sorted
	ChangedAt time.Time         `json:"changed_at"`      // UTC, milliseconds
}

// InvoiceIssued gives an order an invoice with the next number of its series, which was drawn in the same append.
type InvoiceIssued struct {
	About
	InvoiceNumber string    `json:"invoice_number"`
	Series        string    `json:"series"`
	Totals        Totals    `json:"totals"`             // of live units and shipping; tax and total less what is credited
	Credited      int64     `json:"credited,omitempty"` // taken off the order by returns, with tax
	DocumentRef   string    `json:"document_ref,omitempty"`
	Texts         PII       `json:"texts,omitempty"` // document_ref
	IssuedBy      string    `json:"issued_by,omitempty"`
	IssuedAt      time.Time `json:"issued_at"` // UTC, milliseconds
}

// CreditNoteIssued takes an invoice back in part or in whole.
type CreditNoteIssued struct {
	About
	CreditNoteNumber string    `json:"credit_note_number"`
	Series           string    `json:"series"`
	InvoiceNumber    string    `json:"invoice_number"`
	Amount           int64     `json:"amount"` // with tax
	Reason           string    `json:"reason,omitempty"`
	DocumentRef      string    `json:"document_ref,omitempty"`
	Texts            PII       `json:"texts,omitempty"`   // document_ref
	Private          PII       `json:"private,omitempty"` // reason
	IssuedBy         string    `json:"issued_by,omitempty"`
	IssuedAt         time.Time `json:"issued_at"` // UTC, milliseconds
}

// EventType returns "order.shipping_address_changed.v1".
func (ShippingAddressChanged) EventType() string { return "order.shipping_address_changed.v1" }

// EventType returns "order.billing_address_changed.v1".
func (BillingAddressChanged) EventType() string { return "order.billing_address_changed.v1" }

// EventType returns "order.contact_changed.v1".
func (ContactChanged) EventType() string { return "order.contact_changed.v1" }

// EventType returns "order.note_added.v1".
func (NoteAdded) EventType() string { return "order.note_added.v1" }

// EventType returns "order.note_edited.v1".
func (NoteEdited) EventType() string { return "order.note_edited.v1" }

// EventType returns "order.note_removed.v1".
func (NoteRemoved) EventType() string { return "order.note_removed.v1" }

// EventType returns "order.tags_changed.v1".
func (TagsChanged) EventType() string { return "order.tags_changed.v1" }

// EventType returns "order.metadata_changed.v1".
func (MetadataChanged) EventType() string { return "order.metadata_changed.v1" }

// EventType returns "order.invoice_issued.v1".
func (InvoiceIssued) EventType() string { return "order.invoice_issued.v1" }

// EventType returns "order.credit_note_issued.v1".
func (CreditNoteIssued) EventType() string { return "order.credit_note_issued.v1" }

func (ShippingAddressChanged) orderEvent() {}
func (BillingAddressChanged) orderEvent()  {}
func (ContactChanged) orderEvent()         {}
func (NoteAdded) orderEvent()              {}
func (NoteEdited) orderEvent()             {}
func (NoteRemoved) orderEvent()            {}
func (TagsChanged) orderEvent()            {}
func (MetadataChanged) orderEvent()        {}
func (InvoiceIssued) orderEvent()          {}
func (CreditNoteIssued) orderEvent()       {}
