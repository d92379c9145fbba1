package resource

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// Opener decrypts personal data; *eventstore.Vault is one.
type Opener interface {
	Open(ctx context.Context, tenant string, sealed []byte, id uuid.UUID) ([]byte, error)
}

// Personal is what is encrypted of an order, in the shape in which events keep it.
type Personal struct {
	Email           string          `json:"email,omitempty"`
	Phone           string          `json:"phone,omitempty"`
	ShippingAddress json.RawMessage `json:"shipping_address,omitempty"`
	BillingAddress  json.RawMessage `json:"billing_address,omitempty"`
}

// Empty reports whether there is nothing to encrypt.
func (p *Personal) Empty() bool {
	return p.Email == "" && p.Phone == "" && p.ShippingAddress == nil && p.BillingAddress == nil
}

// CustomersNote is what is encrypted of a cancellation.
type CustomersNote struct {
	Note string `json:"note"`
}

// Disclosure says what became of the personal data of an order that is served.
type Disclosure string

// The disclosures. The last three stand in the order as its member personal_data.
const (
	NothingPersonal Disclosure = ""
	Clear           Disclosure = "clear"
	Masked          Disclosure = "masked"      // the caller lacks the scope
	Erased          Disclosure = "erased"      // the person's key was destroyed
	Unavailable     Disclosure = "unavailable" // the keys cannot be reached
)

// revealed is the end of an order as it is served.
type revealed struct {
	Customer        *revealedCustomer `json:"customer,omitempty"`
	ShippingAddress json.RawMessage   `json:"shipping_address,omitempty"`
	BillingAddress  json.RawMessage   `json:"billing_address,omitempty"`
	CustomersNote   string            `json:"customer_note,omitempty"`
	PersonalData    Disclosure        `json:"personal_data,omitempty"`
}

type revealedCustomer struct {
	ID    string `json:"id,omitempty"`
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// Reveal returns a sealed order as it is served: with its personal data in clear if allowed, else without. An order
// without personal data is returned as it is. What cannot be decrypted is left out, and the disclosure says why; the
// error then is for the log.
func Reveal(ctx context.Context, vault Opener, tenant string, body []byte, allowed bool) ([]byte, Disclosure, error) {
	at := bytes.Index(body, []byte(`,"pii":{`))
	if at < 0 {
		return body, NothingPersonal, nil
	}
	var data sealed
	if err := json.Unmarshal(body[at+len(`,"pii":`):len(body)-1], &data); err != nil {
		return nil, NothingPersonal, err
	}
	tail := revealed{PersonalData: Masked}
	if data.CustomerID != "" {
		tail.Customer = &revealedCustomer{ID: data.CustomerID}
	}
	var failed error
	if allowed {
		tail.PersonalData, failed = tail.open(ctx, vault, tenant, body, &data)
	}
	disclosure := tail.PersonalData
	if disclosure == Clear {
		tail.PersonalData = NothingPersonal // as nothing is left out
	}
	end := marshal(tail)
	out := make([]byte, 0, at+len(end)+1)
	out = append(out, body[:at]...)
	if len(end) > len(`{}`) {
		out = append(append(out, ','), end[1:]...)
	} else {
		out = append(out, '}')
	}
	return out, disclosure, failed
}

func (r *revealed) open(ctx context.Context, vault Opener, tenant string, body []byte, data *sealed) (Disclosure, error) {
	const first = `{"id":"`
	id, err := uuid.ParseBytes(body[len(first) : len(first)+36])
	if err != nil {
		return Unavailable, err
	}
	clear := *r
	if data.Order != nil {
		var p Personal
		if err := open(ctx, vault, tenant, data.Order, id, &p); err != nil {
			return reason(err)
		}
		clear.ShippingAddress, clear.BillingAddress = p.ShippingAddress, p.BillingAddress
		if p.Email != "" || p.Phone != "" {
			clear.Customer = &revealedCustomer{data.CustomerID, p.Email, p.Phone}
		}
	}
	if data.Cancellation != nil {
		var n CustomersNote
		if err := open(ctx, vault, tenant, data.Cancellation, id, &n); err != nil {
			return reason(err)
		}
		clear.CustomersNote = n.Note
	}
	*r = clear
	return Clear, nil
}

func open(ctx context.Context, vault Opener, tenant string, data []byte, id uuid.UUID, into any) error {
	plain, err := vault.Open(ctx, tenant, data, id)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, into)
}

func reason(err error) (Disclosure, error) {
	if errors.Is(err, eventstore.ErrErased) {
		return Erased, nil
	}
	return Unavailable, err
}
