package write

import (
	"context"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
)

// returned reads the id of the return that the path names.
func (r *request) returned() (uuid.UUID, error) {
	return r.id("return_id", "return_not_found", "return")
}

// requestReturn asks to send units back. What a customer wrote is sealed, whether the customer or staff typed it in;
// only staff may take a return that comes too late, or say where it goes.
func requestReturn(ctx context.Context, r *request, in *contract.NewReturn) (commands.Command, error) {
	request := order.RequestReturn{
		ReturnID: r.fresh, Kind: order.ReturnKind(value(in.Kind, "")), RequestedResolution: value(in.RequestedResolution, ""),
		LocationID: value(in.LocationId, ""), OverrideWindow: value(in.OverrideWindow, false), At: r.at,
	}
	_, own := r.Identity.Customer()
	if request.OverrideWindow || request.LocationID != "" && own {
		if err := r.Identity.Allow(httpx.ScopeReturnsWrite); err != nil {
			return nil, err
		}
	}
	words := value(in.Note, "")
	for _, l := range in.Lines {
		line := order.RequestedLine{LineID: l.LineId, Quantity: l.Quantity, ReasonCode: value(l.ReasonCode, ""), Note: value(l.Note, "")}
		if line.Note != "" {
			words, line.Note = joined(words, line.Note), ""
		}
		request.Lines = append(request.Lines, line)
	}
	if words != "" {
		o, _, err := r.server.load(ctx, r.Identity.Tenant, r.order)
		if err != nil {
			return nil, err
		}
		if request.PII, err = r.words(ctx, o.CustomerID, words); err != nil {
			return nil, err
		}
	}
	return commands.RequestReturn{OrderID: r.order, Request: request}, nil
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "\n" + b
}

func approveReturn(_ context.Context, r *request, _ *contract.Nothing) (commands.Command, error) {
	id, err := r.returned()
	if err != nil {
		return nil, err
	}
	return r.change(order.ApproveReturn{ReturnID: id, By: r.by(), At: r.at})
}

func declineReturn(ctx context.Context, r *request, in *contract.ReturnDecline) (commands.Command, error) {
	id, err := r.returned()
	if err != nil {
		return nil, err
	}
	decline := order.DeclineReturn{ReturnID: id, Reason: in.Reason, By: r.by(), At: r.at}
	if decline.Texts, err = r.texts(ctx, map[string]*string{"decline_reason": &decline.Reason}); err != nil {
		return nil, err
	}
	return r.change(decline)
}

func cancelReturn(_ context.Context, r *request, _ *contract.Nothing) (commands.Command, error) {
	id, err := r.returned()
	if err != nil {
		return nil, err
	}
	return r.change(order.CancelReturn{ReturnID: id, At: r.at})
}

func receiveReturn(_ context.Context, r *request, in *contract.ReturnReceipt) (commands.Command, error) {
	id, err := r.returned()
	if err != nil {
		return nil, err
	}
	receive := order.ReceiveReturn{ReturnID: id, LocationID: value(in.LocationId, ""), By: r.by(), At: r.at}
	if in.Lines != nil {
		for _, l := range *in.Lines {
			receive.Lines = append(receive.Lines, order.ReceivedLine{
				LineID: l.LineId, Quantity: l.Quantity, Condition: value(l.Condition, ""),
				Disposition: order.Disposition(value(l.Disposition, "restock")),
			})
		}
	}
	return r.change(receive)
}

func resolveReturn(ctx context.Context, r *request, in *contract.ReturnResolution) (commands.Command, error) {
	id, err := r.returned()
	if err != nil {
		return nil, err
	}
	refund, pointer := in.Refund, "/refund"
	if in.RefundAmount != nil {
		if refund != nil {
			return nil, invalid("/refund_amount", "is another name of refund; send one of them")
		}
		refund, pointer = in.RefundAmount, "/refund_amount"
	}
	err = r.sameCurrency(ctx, priced{"/refund", in.Refund}, priced{"/refund_amount", in.RefundAmount}, priced{"/fee", in.Fee}, priced{"/store_credit", in.StoreCredit})
	if err != nil {
		return nil, err
	}
	resolve := order.ResolveReturn{ReturnID: id, ReplacementOrderID: value(in.ReplacementOrderId, uuid.Nil), By: r.by(), At: r.at}
	if refund != nil {
		resolve.Refund, resolve.RefundPointer = &refund.Amount, pointer
	}
	if in.Fee != nil {
		resolve.Fee = in.Fee.Amount
	}
	if in.StoreCredit != nil {
		resolve.StoreCredit = in.StoreCredit.Amount
	}
	return commands.ResolveReturn{OrderID: r.order, Resolve: resolve}, nil
}
