package resource

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
)

// Opener decrypts personal data; *eventstore.Vault is one.
type Opener interface {
	Open(ctx context.Context, tenant string, sealed []byte, id uuid.UUID) ([]byte, error)
}

// Keys is an Opener that knows what became of keys; *eventstore.Vault is one.
type Keys interface {
	Opener
	// Destroyed reports whether a subject had a key that is destroyed.
	Destroyed(ctx context.Context, tenant, subject string) (bool, error)
	// Forget says that the log tells of a subject's erasure, ForgetAll that it may have told of some.
	Forget(tenant, subject string)
	ForgetAll()
	// OpenFresh is Open with a key that is asked for anew.
	OpenFresh(ctx context.Context, tenant string, sealed []byte, id uuid.UUID) ([]byte, error)
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

// All reports whether the viewer sees everything of an order whose personal data came to a disclosure.
func (v Viewer) All(d Disclosure) bool { return v.Staff && (d == Clear || d == NothingPersonal) }

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

// Sealed reports whether an order of Order has an end that depends on who of staff looks at it: then it is for Reveal, as
// every order is that a customer looks at.
func Sealed(body []byte) bool { return bytes.Contains(body, sealedEnd) }

// Secrets returns all ciphertexts of a sealed order that the viewer may see opened, to be compared.
func Secrets(body []byte, viewer Viewer) (string, error) {
	at := bytes.Index(body, sealedEnd)
	if at < 0 {
		return "", nil
	}
	var end sealed
	if err := json.Unmarshal(body[at+len(sealedEnd)-1:len(body)-1], &end); err != nil {
		return "", err
	}
	end.narrow(viewer)
	var all strings.Builder
	for _, c := range end.ciphertexts() {
		all.Write(c.data)
	}
	return all.String(), nil
}

// Reveal returns a sealed order as somebody may see it: with its personal data in clear if that is allowed, without what
// is only for staff if it is a customer. What cannot be decrypted is left out, and the disclosure says why; the error then
// is for the log.
func Reveal(ctx context.Context, vault Opener, tenant string, body []byte, viewer Viewer) ([]byte, Disclosure, error) {
	at := bytes.Index(body, sealedEnd)
	if at < 0 {
		return forViewer(body, viewer), NothingPersonal, nil
	}
	var end sealed
	if err := json.Unmarshal(body[at+len(sealedEnd)-1:len(body)-1], &end); err != nil {
		return nil, NothingPersonal, err
	}
	end.narrow(viewer)
	disclosure, err := NothingPersonal, error(nil)
	switch {
	case !end.personal():
	case !viewer.Personal:
		disclosure = Masked
	default:
		disclosure, err = end.open(ctx, vault, tenant, body)
	}
	members := end.members(viewer, disclosure == Clear)
	switch disclosure {
	case Masked, Erased, Unavailable:
		members = append(members, member("personal_data", marshal(disclosure))...)
	case NothingPersonal, Clear: // nothing is left out
	}
	head := forViewer(body[:at], viewer)
	out := make([]byte, 0, len(head)+len(members)+1)
	return append(append(append(out, head...), members...), '}'), disclosure, err
}

var (
	actionsBegin = []byte(`,"allowed_actions":[`)
	// customerActions are what customers can ask of their orders.
	customerActions = map[string]bool{
		string(order.ActionPlace): true, string(order.ActionCancel): true, string(order.ActionCancelLines): true, string(order.ActionReturn): true,
	}
)

// forViewer leaves out of the beginning of an order the actions that are not for the viewer.
func forViewer(body []byte, viewer Viewer) []byte {
	before, rest, found := bytes.Cut(body, actionsBegin) // no string of JSON can hold that
	list, after, closed := bytes.Cut(rest, []byte("]"))
	if viewer.Staff || !found || !closed || len(list) == 0 {
		return body
	}
	out := append(make([]byte, 0, len(body)), before...)
	out = append(out, actionsBegin...)
	first := true
	for action := range bytes.SplitSeq(list, []byte(",")) {
		if !customerActions[string(bytes.Trim(action, `"`))] {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		out, first = append(out, action...), false
	}
	return append(append(out, ']'), after...)
}
