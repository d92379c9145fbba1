package customer

import "time"

// Event is a fact about one customer. The unexported method seals the set, so that every switch over Event can be
// checked to cover all of it.
//
//sumtype:decl
type Event interface {
	// EventType returns the stored name. Stored events keep it for ever: names are added, never changed.
	EventType() string
	customerEvent()
}

// LegalHoldSet forbids to erase the customer, or gives another reason for it.
type LegalHoldSet struct {
	CustomerID string    `json:"customer_id"`
	Reason     string    `json:"reason"`
	By         string    `json:"by,omitempty"`
	SetAt      time.Time `json:"set_at"` // UTC, milliseconds
}

// LegalHoldLifted allows to erase the customer again.
type LegalHoldLifted struct {
	CustomerID string    `json:"customer_id"`
	Reason     string    `json:"reason,omitempty"`
	By         string    `json:"by,omitempty"`
	LiftedAt   time.Time `json:"lifted_at"` // UTC, milliseconds
}

// Erased makes the customer's personal data unreadable for ever. Read models redact what they hold.
type Erased struct {
	CustomerID string    `json:"customer_id"`
	KeyID      string    `json:"key_id,omitempty"` // the key that was destroyed
	Reason     string    `json:"reason,omitempty"` // the legal basis
	By         string    `json:"by,omitempty"`
	ErasedAt   time.Time `json:"erased_at"` // UTC, milliseconds
}

// EventType returns "customer.legal_hold_set.v1".
func (LegalHoldSet) EventType() string { return "customer.legal_hold_set.v1" }

// EventType returns "customer.legal_hold_lifted.v1".
func (LegalHoldLifted) EventType() string { return "customer.legal_hold_lifted.v1" }

// EventType returns "customer.erased.v1".
func (Erased) EventType() string { return "customer.erased.v1" }

func (LegalHoldSet) customerEvent()    {}
func (LegalHoldLifted) customerEvent() {}
func (Erased) customerEvent()          {}
