// Package customer holds what the shop must know of a customer beyond the orders: whether the law forbids to erase the
// person, and whether the person was erased.
//
// A customer is the fold of its events. Personal data is not here: it lies sealed in the orders, and erasing a customer
// means destroying the person's key, which the event names. A customer of whom nothing ever happened can be erased too.
// Nothing here is safe for concurrent changes; reading a state is.
package customer

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/streamid"
)

// StreamType is the type of every customer's stream.
const StreamType = "customer"

// StreamID returns the id of the stream of a tenant's customer, by the customer's natural key. Keys differ by case.
func StreamID(tenant, customerID string) uuid.UUID {
	return streamid.New(tenant, StreamType, customerID)
}

// MaxLength is the most characters of an id, and the most bytes of a reason.
const MaxLength = 255

// Customer is the state of one customer. Its zero value is one of whom nothing ever happened.
type Customer struct {
	CustomerID string     `json:"customer_id"`
	LegalHold  *LegalHold `json:"legal_hold,omitempty"`
	KeyID      string     `json:"key_id,omitempty"`    // the key that was destroyed
	ErasedAt   time.Time  `json:"erased_at,omitzero"`  // UTC, milliseconds
	UpdatedAt  time.Time  `json:"updated_at,omitzero"` // UTC, milliseconds
}

// LegalHold forbids to erase a customer, such as during a lawsuit.
type LegalHold struct {
	Reason string    `json:"reason"`
	By     string    `json:"by,omitempty"`
	SetAt  time.Time `json:"set_at"` // UTC, milliseconds
}

// Exists reports whether anything ever happened to the customer. What did not exist can be erased all the same.
func (c *Customer) Exists() bool { return c.CustomerID != "" }

// Erased reports whether the person was erased.
func (c *Customer) Erased() bool { return !c.ErasedAt.IsZero() }

// CheckNotErased fails with erased_customer if the person was erased: nothing new is written about that person.
func (c *Customer) CheckNotErased() error {
	if !c.Erased() {
		return nil
	}
	return rule.New(rule.ErasedCustomer, "customer %q was erased at %s; use another customer id", c.CustomerID, c.ErasedAt.Format(time.RFC3339))
}

// Apply moves c on by one event, in place. It checks nothing: the event has already happened.
func (c *Customer) Apply(e Event) {
	switch e := e.(type) {
	case LegalHoldSet:
		c.CustomerID, c.UpdatedAt = e.CustomerID, e.SetAt
		c.LegalHold = &LegalHold{Reason: e.Reason, By: e.By, SetAt: e.SetAt}
	case LegalHoldLifted:
		c.CustomerID, c.UpdatedAt = e.CustomerID, e.LiftedAt
		c.LegalHold = nil
	case Erased:
		c.CustomerID, c.UpdatedAt = e.CustomerID, e.ErasedAt
		c.KeyID, c.ErasedAt = e.KeyID, e.ErasedAt
	}
}

// Replay folds events, oldest first, from nothing.
func Replay(events ...Event) Customer {
	var c Customer
	for _, e := range events {
		c.Apply(e)
	}
	return c
}

// Clone returns a copy that later changes of c do not reach.
func (c *Customer) Clone() Customer { return *c } // a hold is never changed in place

// Command asks for a change of one customer. Its unexported method seals the set and is the rule itself.
type Command interface {
	decide(c *Customer) ([]Event, error)
}

// Decide returns the events that cmd causes in state c, or a *rule.Violation. It changes nothing. No events and no error
// means that the wish is already met.
func Decide(c *Customer, cmd Command) ([]Event, error) { return cmd.decide(c) }

// SetLegalHold forbids to erase the customer. The same reason again changes nothing, another one replaces it.
type SetLegalHold struct {
	CustomerID string
	Reason     string // such as a case number; not what identifies the person
	By         string // who says so
	At         time.Time
}

// LiftLegalHold allows to erase the customer again.
type LiftLegalHold struct {
	CustomerID string
	Reason     string // optional
	By         string
	At         time.Time
}

// Erase makes the customer's personal data unreadable for ever: the caller destroys the key in the same step. A customer
// who was erased stays so, and erasing again changes nothing.
type Erase struct {
	CustomerID string
	KeyID      string // the key that is destroyed, as KeyOf names it; the person may never have had one
	Reason     string // the legal basis, such as a request of the person
	By         string
	At         time.Time
}

func (cmd SetLegalHold) decide(c *Customer) ([]Event, error) {
	var faults rule.Faults
	checkID(&faults, cmd.CustomerID)
	checkText(&faults, "/reason", cmd.Reason, 1)
	checkText(&faults, "/by", cmd.By, 0)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if err := c.CheckNotErased(); err != nil {
		return nil, err
	}
	if c.LegalHold != nil && c.LegalHold.Reason == cmd.Reason {
		return nil, nil
	}
	return []Event{LegalHoldSet{CustomerID: cmd.CustomerID, Reason: cmd.Reason, By: cmd.By, SetAt: instant(cmd.At)}}, nil
}

func (cmd LiftLegalHold) decide(c *Customer) ([]Event, error) {
	var faults rule.Faults
	checkID(&faults, cmd.CustomerID)
	checkText(&faults, "/reason", cmd.Reason, 0)
	checkText(&faults, "/by", cmd.By, 0)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if err := c.CheckNotErased(); err != nil {
		return nil, err
	}
	if c.LegalHold == nil {
		return nil, nil
	}
	return []Event{LegalHoldLifted{CustomerID: cmd.CustomerID, Reason: cmd.Reason, By: cmd.By, LiftedAt: instant(cmd.At)}}, nil
}

func (cmd Erase) decide(c *Customer) ([]Event, error) {
	var faults rule.Faults
	checkID(&faults, cmd.CustomerID)
	checkText(&faults, "/reason", cmd.Reason, 0)
	checkText(&faults, "/by", cmd.By, 0)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if c.Erased() {
		return nil, nil
	}
	if c.LegalHold != nil {
		v := rule.New(rule.LegalHold, "customer %q must be kept since %s (%s); lift the legal hold first",
			c.CustomerID, c.LegalHold.SetAt.Format(time.RFC3339), c.LegalHold.Reason)
		v.Details = []rule.Detail{{
			Pointer: "/customer_id", Code: v.Code, Message: v.Message,
			Meta: map[string]any{"customer_id": c.CustomerID, "reason": c.LegalHold.Reason, "set_at": c.LegalHold.SetAt.Format(time.RFC3339)},
		}}
		return nil, v
	}
	return []Event{Erased{CustomerID: cmd.CustomerID, KeyID: cmd.KeyID, Reason: cmd.Reason, By: cmd.By, ErasedAt: instant(cmd.At)}}, nil
}

// checkID takes every id that an order may bear, or may have borne before ids were looked at, so that whoever ordered can
// be erased. Its length is counted in characters, as that of an order's is.
func checkID(faults *rule.Faults, id string) {
	if n := utf8.RuneCountInString(id); n < 1 || n > MaxLength || !utf8.ValidString(id) {
		faults.Add(rule.ValidationFailed, "/customer_id", "a customer's id is 1 to %d characters of UTF-8, not %q", MaxLength, id)
	}
}

func checkText(faults *rule.Faults, pointer, text string, least int) {
	strange := func(r rune) bool { return !unicode.IsPrint(r) }
	if len(text) < least || len(text) > MaxLength || !utf8.ValidString(text) || strings.ContainsFunc(text, strange) {
		faults.Add(rule.ValidationFailed, pointer, "%d to %d bytes of printable characters fit here, not %q", least, MaxLength, text)
	}
}

// instant returns t as events store it: UTC, whole milliseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
