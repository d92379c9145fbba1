package write

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/stock"
)

func receiveStock(_ context.Context, r *request, in *contract.Receipt) (commands.Command, error) {
	return commands.ReceiveStock{
		SKU: r.path("sku"), LocationID: value(in.LocationId, stock.MainLocation), Quantity: in.Quantity, Reference: value(in.Reference, ""), At: r.at,
	}, nil
}

func adjustStock(_ context.Context, r *request, in *contract.Adjustment) (commands.Command, error) {
	return r.changeStock(stock.Adjust{
		SKU: r.path("sku"), LocationID: value(in.LocationId, stock.MainLocation), Delta: in.Delta, Reason: in.Reason, ExpectedQuantity: in.ExpectedQuantity, At: r.at,
	})
}

func countStock(_ context.Context, r *request, in *contract.StockCount) (commands.Command, error) {
	return r.changeStock(stock.Count{
		SKU: r.path("sku"), LocationID: value(in.LocationId, stock.MainLocation), Counted: in.Counted, ExpectedQuantity: in.ExpectedQuantity, Reference: value(in.Reference, ""), At: r.at,
	})
}

func inspectStock(_ context.Context, r *request, in *contract.Inspection) (commands.Command, error) {
	return r.changeStock(stock.Inspect{
		LocationID: value(in.LocationId, stock.MainLocation), From: stock.Disposition(value(in.From, "quality_control")), Disposition: stock.Disposition(in.Disposition),
		Quantity: in.Quantity, Reason: value(in.Reason, ""), At: r.at,
	})
}

func transferStock(_ context.Context, r *request, in *contract.NewTransfer) (commands.Command, error) {
	return r.changeStock(stock.DispatchTransfer{
		TransferID: r.fresh, From: value(in.FromLocationId, stock.MainLocation), To: in.ToLocationId, Quantity: in.Quantity, Reference: value(in.Reference, ""), At: r.at,
	})
}

// transfer reads the id of the transfer that the path names.
func (r *request) transfer() (uuid.UUID, error) {
	return r.id("transfer_id", "transfer_not_found", "transfer")
}

func receiveTransfer(_ context.Context, r *request, in *contract.TransferReceipt) (commands.Command, error) {
	id, err := r.transfer()
	if err != nil {
		return nil, err
	}
	return r.changeStock(stock.ReceiveTransfer{
		TransferID: id, Quantity: in.Quantity, Lost: value(in.Lost, 0), LossReason: value(in.LossReason, ""), At: r.at,
	})
}

// updateInventory changes all that is given in one step. The policy comes first: it says who may wait for the units that
// less safety stock sets free.
func updateInventory(_ context.Context, r *request, in *contract.InventoryChange) (commands.Command, error) {
	sku := r.path("sku")
	command := commands.PatchStock{SKU: sku, At: r.at}
	limited := value(in.BackorderPolicy, "") == contract.InventoryChangeBackorderPolicy(stock.BackorderLimit)
	if (in.BackorderLimit != nil) != limited {
		return nil, invalid("/backorder_limit", "belongs to backorder_policy limit, which needs it")
	}
	if in.BackorderPolicy != nil {
		command.Steps = append(command.Steps, stock.SetBackorderPolicy{
			SKU: sku, Policy: stock.BackorderPolicy(*in.BackorderPolicy), Limit: value(in.BackorderLimit, 0), At: r.at,
		})
	}
	if in.Tracked != nil {
		command.Steps = append(command.Steps, stock.SetTracking{SKU: sku, Tracked: *in.Tracked, At: r.at})
	}
	if in.SafetyStock != nil {
		for _, l := range *in.SafetyStock {
			command.Steps = append(command.Steps, stock.SetSafetyStock{SKU: sku, LocationID: l.LocationId, Quantity: l.Quantity, At: r.at})
		}
	}
	return command, nil
}

// inventory renders the stock of the SKU that the path names.
func inventory(r *request) func(commands.Outcome) rendered {
	return func(o commands.Outcome) rendered {
		return rendered{status: http.StatusOK, body: resource.Inventory(r.path("sku"), &stateOf[stock.Stock](o).Levels, o.PickOrder)}
	}
}

// dispatched renders the stock with a new transfer.
func dispatched(r *request) func(commands.Outcome) rendered {
	return func(o commands.Outcome) rendered {
		out := transferred(r, o, r.fresh)
		out.status, out.location = http.StatusCreated, "/v1/inventory/"+pathSegment(r.path("sku"))
		return out
	}
}

// arrived renders the stock with the transfer that the path names.
func arrived(r *request) func(commands.Outcome) rendered {
	id, _ := r.transfer() // it was read before
	return func(o commands.Outcome) rendered { return transferred(r, o, id) }
}

func transferred(r *request, o commands.Outcome, id uuid.UUID) rendered {
	s := stateOf[stock.Stock](o)
	transfer, underWay := s.Transfer(id)
	if !underWay {
		return rendered{status: http.StatusOK, body: resource.Inventory(r.path("sku"), &s.Levels, o.PickOrder)}
	}
	return rendered{status: http.StatusOK, body: resource.InventoryTransfer(r.path("sku"), &s.Levels, o.PickOrder, transfer)}
}
