package write

import (
	"context"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
)

// note reads the id of the note that the path names.
func (r *request) note() (uuid.UUID, error) { return r.id("note_id", "note_not_found", "note") }

// addNote adds words to an order, sealed whoever they are from.
func addNote(ctx context.Context, r *request, in *contract.NewNote) (commands.Command, error) {
	add := order.AddNote{NoteID: r.fresh, Visibility: order.NoteVisibility(value(in.Visibility, "")), Body: in.Body, By: r.by(), At: r.at}
	if value(in.From, "staff") == "customer" {
		o, _, err := r.server.load(ctx, r.Identity.Tenant, r.order)
		if err != nil {
			return nil, err
		}
		if add.PII, err = r.words(ctx, o.CustomerID, in.Body); err != nil {
			return nil, err
		}
		add.Body = ""
		return r.change(add)
	}
	var err error
	if add.Texts, err = r.sealTexts(ctx, map[string]string{"body": in.Body}); err != nil {
		return nil, err
	}
	return r.change(add)
}

// editNote replaces a note's words, its visibility or both. Whose words they are stays as it was.
func editNote(ctx context.Context, r *request, in *contract.NoteChange) (commands.Command, error) {
	id, err := r.note()
	if err != nil {
		return nil, err
	}
	o, version, err := r.server.load(ctx, r.Identity.Tenant, r.order)
	if err != nil {
		return nil, err
	}
	for i := range o.Notes {
		n := &o.Notes[i]
		if n.NoteID != id {
			continue
		}
		edit := order.EditNote{
			NoteID: id, Visibility: order.NoteVisibility(value(in.Visibility, "")), Body: value(in.Body, n.Body), Texts: n.Texts, PII: n.PII, By: r.by(), At: r.at,
		}
		switch {
		case in.Body == nil && (n.PII != nil || n.Texts != nil):
		case n.PII != nil:
			edit.Body = ""
			edit.PII, err = r.seal(ctx, o.CustomerID, o.ID, resource.CustomersNote{Note: *in.Body})
		default:
			edit.Texts, err = r.sealTexts(ctx, map[string]string{"body": edit.Body}) // also of a note that is still in clear
		}
		if err != nil {
			return nil, err
		}
		if in.Body == nil && r.expect == nil {
			r.expect = []eventstore.Version{version} // the words stay what they were when they were read
		}
		return r.change(edit)
	}
	return nil, noSuch("note_not_found", "note")
}

func removeNote(_ context.Context, r *request, _ *contract.Nothing) (commands.Command, error) {
	id, err := r.note()
	if err != nil {
		return nil, err
	}
	return r.change(order.RemoveNote{NoteID: id, By: r.by(), At: r.at})
}
