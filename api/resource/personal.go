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

// CustomersNote is what is encrypted of a cancellation, a return or a note: what a customer said.
type CustomersNote struct {
	Note string `json:"note"`
}

// Viewer is who looks at an order.
type Viewer struct {
	Personal bool // may see personal data
	Staff    bool // rather than a customer
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

// sealedEnd begins the end of a sealed order. No string of JSON can hold it, as its quotes would be escaped.
var sealedEnd = []byte(`,"pii":{`)

// Sealed reports whether an order of Order has an end that depends on who looks at it: then it is for Reveal.
func Sealed(body []byte) bool { return bytes.Contains(body, sealedEnd) }

// opened is the personal data of an order in clear.
type opened struct {
	order        Personal
	cancellation CustomersNote
	words        [][]CustomersNote // of each item of each list
}

// Reveal returns a sealed order as somebody may see it: with its personal data in clear if that is allowed, without what
// is only for staff if it is a customer. An order that looks the same to everybody is returned as it is. What cannot be
// decrypted is left out, and the disclosure says why; the error then is for the log.
func Reveal(ctx context.Context, vault Opener, tenant string, body []byte, viewer Viewer) ([]byte, Disclosure, error) {
	at := bytes.Index(body, sealedEnd)
	if at < 0 {
		return body, NothingPersonal, nil
	}
	var end sealed
	if err := json.Unmarshal(body[at+len(sealedEnd)-1:len(body)-1], &end); err != nil {
		return nil, NothingPersonal, err
	}
	var clear opened
	disclosure, err := NothingPersonal, error(nil)
	switch {
	case !end.personal():
	case !viewer.Personal:
		disclosure = Masked
	default:
		if disclosure, err = clear.open(ctx, vault, tenant, body, &end); disclosure != Clear {
			clear = opened{}
		}
	}
	members := end.members(&clear, viewer)
	switch disclosure {
	case Masked, Erased, Unavailable:
		members = append(members, member("personal_data", marshal(disclosure))...)
	case NothingPersonal, Clear: // nothing is left out
	}
	out := make([]byte, 0, at+len(members)+1)
	return append(append(append(out, body[:at]...), members...), '}'), disclosure, err
}

// personal reports whether there is any personal data.
func (s *sealed) personal() bool {
	for i := range s.Lists {
		for n := range s.Lists[i].Items {
			if s.Lists[i].Items[n].Words != nil {
				return true
			}
		}
	}
	return s.Order != nil || s.Cancellation != nil
}

func (c *opened) open(ctx context.Context, vault Opener, tenant string, body []byte, end *sealed) (Disclosure, error) {
	const first = `{"id":"`
	id, err := uuid.ParseBytes(body[len(first) : len(first)+36])
	if err != nil {
		return Unavailable, err
	}
	c.words = make([][]CustomersNote, len(end.Lists))
	wanted := []struct {
		data []byte
		into any
	}{{end.Order, &c.order}, {end.Cancellation, &c.cancellation}}
	for i := range end.Lists {
		c.words[i] = make([]CustomersNote, len(end.Lists[i].Items))
		for n := range c.words[i] {
			wanted = append(wanted, struct {
				data []byte
				into any
			}{end.Lists[i].Items[n].Words, &c.words[i][n]})
		}
	}
	for _, w := range wanted {
		if w.data == nil {
			continue
		}
		plain, err := vault.Open(ctx, tenant, w.data, id)
		if err == nil {
			err = json.Unmarshal(plain, w.into)
		}
		switch {
		case errors.Is(err, eventstore.ErrErased):
			return Erased, nil
		case err != nil:
			return Unavailable, err
		}
	}
	return Clear, nil
}

type revealedCustomer struct {
	ID    string `json:"id,omitempty"`
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// members returns the end of the order as it is served, each member behind a comma.
func (s *sealed) members(c *opened, viewer Viewer) []byte {
	var out []byte
	if person := (revealedCustomer{s.CustomerID, c.order.Email, c.order.Phone}); person != (revealedCustomer{}) {
		out = append(out, member("customer", marshal(person))...)
	}
	out = append(out, member("shipping_address", c.order.ShippingAddress)...)
	out = append(out, member("billing_address", c.order.BillingAddress)...)
	if c.cancellation.Note != "" {
		out = append(out, member("customer_note", marshal(c.cancellation.Note))...)
	}
	if viewer.Staff {
		out = append(out, inside(s.Staff)...)
	}
	for i := range s.Lists {
		l := &s.Lists[i]
		var elements [][]byte
		for n := range l.Items {
			words := ""
			if c.words != nil {
				words = c.words[i][n].Note
			}
			if element := l.Items[n].render(words, viewer); element != nil {
				elements = append(elements, element)
			}
		}
		value := bytes.Join(elements, []byte{','})
		if !l.Single {
			value = append(append([]byte{'['}, value...), ']')
		}
		out = append(out, member(l.Name, value)...)
	}
	return out
}

// render returns the item as it is served, or nil if it is not for the viewer.
func (e *item) render(words string, viewer Viewer) []byte {
	if e.Internal && !viewer.Staff {
		return nil
	}
	out := append([]byte(nil), e.Shape[:len(e.Shape)-1]...)
	if viewer.Staff {
		out = append(out, inside(e.Staff)...)
	}
	if words != "" {
		out = append(out, member(e.As, marshal(words))...)
	}
	return append(out, '}')
}

// member returns a member of an object behind a comma; nothing for no value.
func member(name string, value []byte) []byte {
	if value == nil {
		return nil
	}
	return append([]byte(`,"`+name+`":`), value...)
}

// inside returns the members of an object behind a comma.
func inside(object []byte) []byte {
	if len(object) <= len(`{}`) {
		return nil
	}
	return append([]byte{','}, object[1:len(object)-1]...)
}
