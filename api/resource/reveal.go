package resource

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// narrow takes out what the viewer does not see at all.
func (s *sealed) narrow(viewer Viewer) {
	if viewer.Staff {
		return
	}
	s.Staff = nil
	narrowLists(s.Lists)
}

func narrowLists(lists []list) {
	for i := range lists {
		kept := lists[i].Items[:0]
		for _, e := range lists[i].Items {
			if e.Internal {
				continue
			}
			e.Staff, e.Private = nil, nil
			narrowLists(e.Lists)
			kept = append(kept, e)
		}
		lists[i].Items = kept
	}
}

// personal reports whether there is any personal data.
func (s *sealed) personal() bool { return len(s.ciphertexts()) > 0 }

// ciphertext is personal data, and where it goes once it is in clear.
type ciphertext struct {
	data []byte
	into any
}

// ciphertexts are all that the order has.
func (s *sealed) ciphertexts() []ciphertext {
	var all []ciphertext
	add := func(data []byte, into any) {
		if data != nil {
			all = append(all, ciphertext{data, into})
		}
	}
	add(s.Order, &s.clear)
	add(s.Cancellation, &s.note)
	var look func(lists []list)
	look = func(lists []list) {
		for i := range lists {
			for n := range lists[i].Items {
				e := &lists[i].Items[n]
				add(e.Words, &e.note)
				e.texts = make([]json.RawMessage, len(e.Texts))
				for t := range e.Texts {
					add(e.Texts[t], &e.texts[t])
				}
				add(e.Private, &e.private)
				look(e.Lists)
			}
		}
	}
	look(s.Lists)
	return all
}

// open decrypts all of it, or says why it cannot.
func (s *sealed) open(ctx context.Context, vault Opener, tenant string, body []byte) (Disclosure, error) {
	const first = `{"id":"`
	id, err := uuid.ParseBytes(body[len(first) : len(first)+36])
	if err != nil {
		return Unavailable, err
	}
	for _, c := range s.ciphertexts() {
		plain, err := vault.Open(ctx, tenant, c.data, id)
		if err == nil {
			err = json.Unmarshal(plain, c.into)
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

// members returns the end of the order as it is served, each member behind a comma, with the personal data if that is in
// clear.
func (s *sealed) members(viewer Viewer, clear bool) []byte {
	if !clear {
		s.clear, s.note = Personal{}, CustomersNote{}
	}
	var out []byte
	if person := (revealedCustomer{s.CustomerID, s.clear.Email, s.clear.Phone}); person != (revealedCustomer{}) {
		out = append(out, member("customer", marshal(person))...)
	}
	out = append(out, member("shipping_address", s.clear.ShippingAddress)...)
	out = append(out, member("billing_address", s.clear.BillingAddress)...)
	if s.note.Note != "" {
		out = append(out, member("customer_note", marshal(s.note.Note))...)
	}
	out = append(out, inside(s.Staff)...)
	return append(out, membersOf(s.Lists, viewer, clear)...)
}

// membersOf returns lists as members of an object, each behind a comma.
func membersOf(lists []list, viewer Viewer, clear bool) []byte {
	var out []byte
	for i := range lists {
		l := &lists[i]
		elements := make([][]byte, len(l.Items))
		for n := range l.Items {
			elements[n] = l.Items[n].render(viewer, clear)
		}
		value := bytes.Join(elements, []byte{','})
		switch {
		case !l.Single:
			value = append(append([]byte{'['}, value...), ']')
		case len(elements) == 0:
			continue
		}
		out = append(out, member(l.Name, value)...)
	}
	return out
}

// render returns the item as it is served.
func (e *item) render(viewer Viewer, clear bool) []byte {
	out := append([]byte(nil), e.Shape[:len(e.Shape)-1]...)
	if !viewer.Staff {
		out = append(out, inside(e.Customer)...)
	}
	out = append(out, inside(e.Staff)...)
	if clear {
		if e.note.Note != "" {
			out = append(out, member(e.As, marshal(e.note.Note))...)
		}
		for _, object := range e.texts {
			out = append(out, inside(object)...)
		}
		out = append(out, inside(e.private)...)
	}
	out = append(out, membersOf(e.Lists, viewer, clear)...)
	if len(e.Shape) <= len(`{}`) && len(out) > 1 {
		out = append(out[:1], out[2:]...) // nothing stands before the first comma
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
