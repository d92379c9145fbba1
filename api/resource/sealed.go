package resource

import (
	"encoding/json"

	"github.com/ordermill/ordermill/domain/order"
)

// sealed is the end of an order in its sealed form: all that depends on who looks at it.
type sealed struct {
	CustomerID   string          `json:"customer_id,omitempty"`
	Order        json.RawMessage `json:"order,omitempty"`        // ciphertext of a Personal
	Cancellation json.RawMessage `json:"cancellation,omitempty"` // ciphertext of a CustomersNote
	Staff        json.RawMessage `json:"staff,omitempty"`        // an object, whose members only staff see
	Lists        []list          `json:"lists,omitempty"`
}

// list is a member of the order of which not everybody sees everything.
type list struct {
	Name   string `json:"name"`
	Single bool   `json:"single,omitempty"` // not an array but the one item
	Items  []item `json:"items"`
}

// item is one element of a list.
type item struct {
	Shape    json.RawMessage `json:"shape"`              // an object, what everybody sees
	Internal bool            `json:"internal,omitempty"` // only staff sees it at all
	Staff    json.RawMessage `json:"staff,omitempty"`    // an object, whose members only staff see
	As       string          `json:"as,omitempty"`       // the member that the customer's words become
	Words    json.RawMessage `json:"words,omitempty"`    // ciphertext of a CustomersNote
}

// staffOnly are an order's members that customers do not see.
type staffOnly struct {
	Tags     []string       `json:"tags,omitempty"`
	Metadata order.Metadata `json:"metadata,omitempty"`
	Edit     *openEdit      `json:"edit,omitempty"`
}

// seal puts what depends on the viewer at the end. An order that looks the same to everybody has no such end.
func (out *orderShape) seal(o *order.Order, m minor) {
	end := sealed{CustomerID: o.CustomerID, Order: o.PII, Cancellation: o.CancelPII, Staff: staffMembers(o)}
	out.holds(o, &end)
	out.notes(o, &end)
	out.returns(o, &end, m)
	out.cancellation(o, &end)
	if end.Order != nil || end.Cancellation != nil || end.Staff != nil || end.Lists != nil {
		out.Sealed = &end
	} else if o.CustomerID != "" {
		out.Customer = &customerRef{o.CustomerID}
	}
}

func staffMembers(o *order.Order) json.RawMessage {
	only := staffOnly{Tags: o.Tags, Metadata: o.Metadata}
	if e := o.Edit; e != nil {
		only.Edit = &openEdit{e.EditID, e.BaseVersion, StagedChanges(e), e.BegunBy, Time(e.BegunAt)}
	}
	if len(only.Tags) == 0 && len(only.Metadata) == 0 && only.Edit == nil {
		return nil
	}
	return marshal(only)
}

func (out *orderShape) holds(o *order.Order, end *sealed) {
	noted := false
	shapes := make([]hold, len(o.Holds))
	for i, h := range o.Holds {
		shapes[i] = hold{h.HoldID, h.Reason, h.LineIDs, Time(h.Until), Time(h.HeldAt)}
		noted = noted || h.Note != ""
	}
	if !noted {
		out.Holds = &shapes
		return
	}
	l := list{Name: "holds"}
	for i, h := range o.Holds {
		entry := item{Shape: marshal(shapes[i])}
		if h.Note != "" {
			entry.Staff = marshal(map[string]string{"note": h.Note})
		}
		l.Items = append(l.Items, entry)
	}
	end.Lists = append(end.Lists, l)
}

func (out *orderShape) cancellation(o *order.Order, end *sealed) {
	if o.CancelReason == "" {
		return
	}
	shape := cancellation{o.CancelReason}
	if o.CancelNote == "" {
		out.Cancellation = &shape
		return
	}
	words := item{Shape: marshal(shape), Staff: marshal(map[string]string{"note": o.CancelNote})}
	end.Lists = append(end.Lists, list{Name: "cancellation", Single: true, Items: []item{words}})
}

func (*orderShape) notes(o *order.Order, end *sealed) {
	if len(o.Notes) == 0 {
		return
	}
	l := list{Name: "notes"}
	for i := range o.Notes {
		n := &o.Notes[i]
		shape := note{n.NoteID, n.Visibility, "staff", Time(n.AddedAt), Time(n.EditedAt)}
		entry := item{Internal: n.Visibility != order.NoteCustomer, As: "body"}
		if n.PII != nil {
			shape.From, entry.Words = "customer", n.PII
			entry.Shape = marshal(shape)
		} else {
			entry.Shape = marshal(struct {
				note
				Body string `json:"body"`
			}{shape, n.Body})
		}
		if n.AddedBy != "" {
			entry.Staff = marshal(map[string]string{"added_by": n.AddedBy})
		}
		l.Items = append(l.Items, entry)
	}
	end.Lists = append(end.Lists, l)
}

func (out *orderShape) returns(o *order.Order, end *sealed, m minor) {
	worded := false
	for i := range o.Returns {
		out.Returns = append(out.Returns, returnOf(&o.Returns[i], m))
		worded = worded || o.Returns[i].PII != nil
	}
	if !worded {
		return
	}
	l := list{Name: "returns"}
	for i := range o.Returns {
		l.Items = append(l.Items, item{Shape: marshal(out.Returns[i]), As: "customer_note", Words: o.Returns[i].PII})
	}
	out.Returns = nil
	end.Lists = append(end.Lists, l)
}
