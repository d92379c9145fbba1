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

	clear Personal // what the ciphertexts hold, once they are opened
	note  CustomersNote
}

// list is a member of the order of which not everybody sees everything.
type list struct {
	Name   string `json:"name"`
	Single bool   `json:"single,omitempty"` // not an array but the one item
	Items  []item `json:"items"`
}

// item is one element of a list.
type item struct {
	Shape    json.RawMessage   `json:"shape"`              // an object, what everybody sees
	Internal bool              `json:"internal,omitempty"` // only staff sees it at all
	Staff    json.RawMessage   `json:"staff,omitempty"`    // an object, whose members only staff see
	Customer json.RawMessage   `json:"customer,omitempty"` // an object, whose members only customers see
	As       string            `json:"as,omitempty"`       // the member that the customer's words become
	Words    json.RawMessage   `json:"words,omitempty"`    // ciphertext of a CustomersNote
	Texts    []json.RawMessage `json:"texts,omitempty"`    // ciphertexts of objects, whose members everybody sees who sees personal data
	Private  json.RawMessage   `json:"private,omitempty"`  // ciphertext of an object, whose members only staff see
	Lists    []list            `json:"lists,omitempty"`    // of the item's own

	note    CustomersNote // what the ciphertexts hold, once they are opened
	texts   []json.RawMessage
	private json.RawMessage
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
	out.fulfillments(o, &end)
	out.returns(o, &end, m)
	out.cancellation(o, &end)
	out.payments(o, &end, m)
	out.invoices(o, &end, m)
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

// holds are not for customers: neither why an order is held nor until when.
func (out *orderShape) holds(o *order.Order, end *sealed) {
	if len(o.Holds) == 0 {
		out.Holds = &[]hold{}
		return
	}
	l := list{Name: "holds"}
	for i := range o.Holds {
		h := &o.Holds[i]
		l.Items = append(l.Items, item{Internal: true, Shape: marshal(hold{h.HoldID, h.Reason, h.LineIDs, Time(h.Until), Time(h.HeldAt), h.Note}), Private: h.Private})
	}
	end.Lists = append(end.Lists, l)
}

// cancellation tells customers the reasons that concern them; the shop's own are "other".
func (out *orderShape) cancellation(o *order.Order, end *sealed) {
	if o.CancelReason == "" {
		return
	}
	shown := cancellation{Reason: publicReason(o.CancelReason)}
	if shown.Reason == o.CancelReason && o.CancelNote == "" && o.CancelPrivate == nil {
		out.Cancellation = &shown
		return
	}
	told := item{
		Shape: json.RawMessage("{}"), Staff: marshal(cancellation{o.CancelReason, o.CancelNote}), Customer: marshal(shown), Private: o.CancelPrivate,
	}
	end.Lists = append(end.Lists, list{Name: "cancellation", Single: true, Items: []item{told}})
}

// publicReason is the reason of a cancellation as customers are told it.
func publicReason(reason order.CancelReason) order.CancelReason {
	switch reason {
	case order.ReasonFraud, order.ReasonStaff:
		return order.ReasonOther
	case order.ReasonCustomer, order.ReasonPayment, order.ReasonInventory, order.ReasonOther:
	}
	return reason
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
			entry.Shape, entry.Texts = marshal(struct {
				note
				Body string `json:"body,omitempty"`
			}{shape, n.Body}), texts(n.Texts)
		}
		if n.AddedBy != "" {
			entry.Staff = marshal(map[string]string{"added_by": n.AddedBy})
		}
		l.Items = append(l.Items, entry)
	}
	end.Lists = append(end.Lists, l)
}

// fulfillments are shown to customers once they are packed, without where that is done.
func (*orderShape) fulfillments(o *order.Order, end *sealed) {
	if len(o.Fulfillments) == 0 {
		return
	}
	l := list{Name: "fulfillments"}
	for i := range o.Fulfillments {
		f := &o.Fulfillments[i]
		entry := item{
			Shape: marshal(fulfillmentOf(f)), Internal: f.State != order.FulfillmentStatePacked && len(f.Shipments) == 0,
			Staff: marshal(staffFulfillment{f.LocationID, f.Packages, Time(f.ShipBy), Time(f.PlannedAt)}),
		}
		if len(f.Shipments) > 0 {
			entry.Lists = []list{shipments(f)}
		}
		l.Items = append(l.Items, entry)
	}
	end.Lists = append(end.Lists, l)
}

func shipments(f *order.Fulfillment) list {
	l := list{Name: "shipments"}
	for i := range f.Shipments {
		s := &f.Shipments[i]
		entry := item{Shape: marshal(shipmentOf(s)), Texts: texts(s.Texts, s.FailureTexts, s.ProofTexts), Private: s.Private}
		if s.LabelRef != "" {
			entry.Staff = marshal(map[string]string{"label_ref": s.LabelRef})
		}
		l.Items = append(l.Items, entry)
	}
	return l
}

// returns are shown to customers without where goods are and what became of them there.
func (*orderShape) returns(o *order.Order, end *sealed, m minor) {
	if len(o.Returns) == 0 {
		return
	}
	l := list{Name: "returns"}
	for i := range o.Returns {
		r := &o.Returns[i]
		entry := item{Shape: marshal(returnOf(r, m)), As: "customer_note", Words: r.PII, Texts: texts(r.Texts)}
		if r.LocationID != "" {
			entry.Staff = marshal(map[string]string{"location_id": r.LocationID})
		}
		if len(r.Received) > 0 {
			entry.Lists = append(entry.Lists, receivedLines(r))
		}
		l.Items = append(l.Items, entry)
	}
	end.Lists = append(end.Lists, l)
}

func receivedLines(r *order.Return) list {
	l := list{Name: "received"}
	for i := range r.Received {
		g := &r.Received[i]
		l.Items = append(l.Items, item{Shape: marshal(received{g.LineID, g.SKU, g.Quantity}), Staff: marshal(inspected{g.Condition, g.Disposition})})
	}
	return l
}

// payments are in clear unless what was written about one is sealed.
func (out *orderShape) payments(o *order.Order, end *sealed, m minor) {
	l, secret := list{Name: "payments"}, false
	for i := range o.Payments {
		p := &o.Payments[i]
		secret = secret || p.Texts != nil
		out.Payments = append(out.Payments, payment{
			p.PaymentID, p.Method, p.Reference, p.State, m(p.Authorized), m(p.Captured), m(p.Refunded), m(p.Voided),
		})
	}
	if !secret {
		return
	}
	for i := range out.Payments {
		l.Items = append(l.Items, item{Shape: marshal(out.Payments[i]), Texts: texts(o.Payments[i].Texts)})
	}
	out.Payments, end.Lists = nil, append(end.Lists, l)
}

// invoices are in clear unless what was written about one is sealed.
func (out *orderShape) invoices(o *order.Order, end *sealed, m minor) {
	l, secret := list{Name: "invoices"}, false
	for i := range o.Invoices {
		v := &o.Invoices[i]
		secret = secret || v.Texts != nil
		out.Invoices = append(out.Invoices, invoice{v.Number, v.Series, v.CreditOf, m(v.Amount), v.DocumentRef, Time(v.IssuedAt)})
	}
	if !secret {
		return
	}
	for i := range out.Invoices {
		l.Items = append(l.Items, item{Shape: marshal(out.Invoices[i]), Texts: texts(o.Invoices[i].Texts)})
	}
	out.Invoices, end.Lists = nil, append(end.Lists, l)
}

// texts are those ciphertexts that are there.
func texts(sealed ...order.PII) []json.RawMessage {
	var all []json.RawMessage
	for _, data := range sealed {
		if data != nil {
			all = append(all, data)
		}
	}
	return all
}
