package write

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/eventstore"
)

// edit reads the id of the edit that the path names.
func (r *request) edit() (uuid.UUID, error) { return r.id("edit_id", "edit_not_found", "open edit") }

func beginEdit(ctx context.Context, r *request, _ *contract.Nothing) (commands.Command, error) {
	_, version, err := r.server.load(ctx, r.Identity.Tenant, r.order)
	if err != nil {
		return nil, err
	}
	return r.change(order.BeginEdit{EditID: r.fresh, BaseVersion: int64(version), By: r.by(), At: r.at})
}

func discardEdit(_ context.Context, r *request, _ *contract.Nothing) (commands.Command, error) {
	id, err := r.edit()
	if err != nil {
		return nil, err
	}
	return r.change(order.DiscardEdit{EditID: id, By: r.by(), At: r.at})
}

func commitEdit(ctx context.Context, r *request, in *contract.EditCommit) (commands.Command, error) {
	id, err := r.edit()
	if err != nil {
		return nil, err
	}
	commit := order.CommitEdit{EditID: id, Notify: value(in.Notify, false), At: r.at}
	if in.ExpectedDelta != nil {
		if err := r.sameCurrency(ctx, priced{"/expected_delta", in.ExpectedDelta}); err != nil {
			return nil, err
		}
		commit.ExpectedDelta = &in.ExpectedDelta.Amount
	}
	return commands.CommitEdit{OrderID: r.order, Commit: commit}, nil
}

// stage makes a command of a change of an edit.
func stage(_ context.Context, r *request, in *contract.EditChange) (commands.Command, error) {
	id, err := r.edit()
	if err != nil {
		return nil, err
	}
	change := order.EditChange{
		ChangeID: r.fresh, Kind: order.EditKind(in.Kind), LineID: value(in.LineId, uuid.Nil), SKU: value(in.Sku, ""),
		Quantity: value(in.Quantity, 0), ShippingMethod: value(in.ShippingMethod, ""),
	}
	var faults []httpx.Fault
	for _, field := range []struct {
		name          string
		given, needed bool
	}{
		{"line_id", in.LineId != nil, change.Kind == order.EditSetQuantity},
		{"sku", in.Sku != nil, change.Kind == order.EditAddLine},
		{"quantity", in.Quantity != nil, change.Kind == order.EditSetQuantity || change.Kind == order.EditAddLine},
		{"shipping_method", in.ShippingMethod != nil, change.Kind == order.EditSetShipping},
	} {
		if field.given != field.needed {
			detail := map[bool]string{true: "is needed", false: "does not belong"}[field.needed] + " in a change of kind " + string(change.Kind)
			faults = append(faults, httpx.Fault{Pointer: "/" + field.name, Code: httpx.CodeValidationFailed, Detail: detail})
		}
	}
	if len(faults) > 0 {
		return nil, &httpx.Error{Code: httpx.CodeValidationFailed, Detail: faults[0].Pointer + ": " + faults[0].Detail + ".", Faults: faults}
	}
	if change.Kind == order.EditAddLine {
		change.LineID = uuid.NewSHA1(r.fresh, []byte("line"))
	}
	return commands.StageEdit{OrderID: r.order, Stage: order.StageEditChange{EditID: id, Change: change, At: r.at}}, nil
}

// stageEdit adds a change to an edit, and answers with the order and with what committing the edit would come to, as it
// is at this moment.
func (s *server) stageEdit(ctx context.Context, r *request) (answer, error) {
	var dry *order.Order
	staged, err := ofOrder(s, stage, func(*request) func(commands.Outcome) rendered {
		return func(o commands.Outcome) rendered {
			state := stateOf[order.Order](o).Clone()
			dry = &state
			body := resource.Order(&state, o.Version)
			if r.Prefer.DryRun { // what was only rehearsed cannot be previewed
				body, _, _ = resource.Reveal(ctx, s.Vault, r.Identity.Tenant, body, resource.Viewer{Staff: true})
				body = resource.Preview(body, resource.StagedChanges(state.Edit), nil, nil)
			}
			return rendered{status: http.StatusOK, body: body}
		}
	})(ctx, r)
	if err != nil || staged.status != http.StatusOK || r.Prefer.DryRun {
		return staged, err
	}
	o := dry
	if o == nil { // a replay
		if o, _, err = s.load(ctx, r.Identity.Tenant, r.order); err != nil {
			return answer{}, err
		}
	}
	id, err := r.edit()
	if err != nil {
		return answer{}, err
	}
	if o.Edit == nil || o.Edit.EditID != id {
		staged.body = resource.Preview(staged.body, resource.StagedChanges(nil), nil, nil)
		return staged, nil
	}
	committed, refused, err := s.preview(ctx, r, id)
	if err != nil {
		return answer{}, err
	}
	staged.body = resource.Preview(staged.body, resource.StagedChanges(o.Edit), committed, refused)
	return staged, nil
}

// preview rehearses committing an edit. What forbids it is a problem, not an error.
func (s *server) preview(ctx context.Context, r *request, id uuid.UUID) (committed *order.EditCommitted, refused []byte, err error) {
	var outcome commands.Outcome
	_, err = s.Do(ctx, commands.Request{
		Tenant: r.Identity.Tenant, Actor: actor(&r.Identity), DryRun: true,
		Command: commands.CommitEdit{OrderID: r.order, Commit: order.CommitEdit{EditID: id, At: r.at}},
		Cause:   commands.Cause{CorrelationID: r.RequestID, Traceparent: r.Trace().Parent()},
		Answer:  func(o commands.Outcome) eventstore.Answer { outcome = o; return eventstore.Answer{} },
	})
	if err == nil {
		err = outcome.Refused
	}
	var violation *rule.Violation
	if errors.As(err, &violation) {
		return nil, httpx.Marshal(httpx.Refusal(violation).Problem(r.RequestID, r.Trace().ID)), nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, e := range outcome.Events {
		if decoded, err := order.Decode(e.Type, e.Data); err == nil && e.StreamType == order.StreamType {
			if done, ok := decoded.(order.EditCommitted); ok {
				return &done, nil, nil
			}
		}
	}
	return nil, nil, nil
}
