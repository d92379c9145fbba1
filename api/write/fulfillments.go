package write

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
)

// fulfillment reads the id of the fulfilment that the path names.
func (r *request) fulfillment() (uuid.UUID, error) {
	return r.id("fulfillment_id", "fulfillment_not_found", "fulfilment")
}

// createFulfillment packs units, or plans to.
func createFulfillment(_ context.Context, r *request, in *contract.NewFulfillment) (commands.Command, error) {
	location, lines := value(in.LocationId, stock.MainLocation), lineQuantities(in.Lines)
	if value(in.Planned, false) {
		if in.Packages != nil {
			return nil, invalid("/packages", "there are none before it is packed; leave them out")
		}
		return commands.PlanFulfillment{OrderID: r.order, Plan: order.PlanFulfillment{
			FulfillmentID: r.fresh, LocationID: location, Lines: lines, ShipBy: value(in.ShipBy, time.Time{}), At: r.at,
		}}, nil
	}
	if in.ShipBy != nil {
		return nil, invalid("/ship_by", "is for what is planned; leave it out")
	}
	return commands.CreateFulfillment{OrderID: r.order, Pack: order.CreateFulfillment{
		FulfillmentID: r.fresh, LocationID: location, Lines: lines, Packages: packages(in.Packages), By: r.by(), At: r.at,
	}}, nil
}

func packages(in *[]contract.Package) []order.Package {
	if in == nil {
		return nil
	}
	out := make([]order.Package, len(*in))
	for i, p := range *in {
		out[i] = order.Package{
			WeightGrams: value(p.WeightGrams, 0), LengthMM: value(p.LengthMm, 0), WidthMM: value(p.WidthMm, 0), HeightMM: value(p.HeightMm, 0),
		}
	}
	return out
}

// packFulfillment packs what was planned, at its location.
func packFulfillment(ctx context.Context, r *request, in *contract.Packing) (commands.Command, error) {
	id, err := r.fulfillment()
	if err != nil {
		return nil, err
	}
	o, _, err := r.server.load(ctx, r.Identity.Tenant, r.order)
	if err != nil {
		return nil, err
	}
	for i := range o.Fulfillments {
		if f := &o.Fulfillments[i]; f.FulfillmentID == id {
			return commands.CreateFulfillment{OrderID: r.order, Pack: order.CreateFulfillment{
				FulfillmentID: id, LocationID: f.LocationID, Lines: lineQuantities(in.Lines), Packages: packages(in.Packages), By: r.by(), At: r.at,
			}}, nil
		}
	}
	return nil, noSuch("fulfillment_not_found", "fulfilment")
}

func moveFulfillment(_ context.Context, r *request, in *contract.FulfillmentMove) (commands.Command, error) {
	id, err := r.fulfillment()
	if err != nil {
		return nil, err
	}
	return r.change(order.MoveFulfillment{FulfillmentID: id, LocationID: in.LocationId, At: r.at})
}

func shipFulfillment(_ context.Context, r *request, in *contract.NewShipment) (commands.Command, error) {
	id, err := r.fulfillment()
	if err != nil {
		return nil, err
	}
	return r.change(order.Ship{
		ShipmentID: r.fresh, FulfillmentID: id, Carrier: value(in.Carrier, ""), Service: value(in.Service, ""),
		TrackingNumber: value(in.TrackingNumber, ""), TrackingURL: value(in.TrackingUrl, ""), LabelRef: value(in.LabelRef, ""),
		Lines: lineQuantities(in.Lines), At: r.at,
	})
}

func recordDelivery(_ context.Context, r *request, in *contract.Delivery) (commands.Command, error) {
	id, err := r.fulfillment()
	if err != nil {
		return nil, err
	}
	return r.change(order.RecordDelivery{
		FulfillmentID: id, ShipmentID: value(in.ShipmentId, uuid.Nil), Lines: lineQuantities(in.Lines), ProofRef: value(in.ProofRef, ""),
		DeliveredAt: value(in.DeliveredAt, time.Time{}), At: r.at,
	})
}

func recordDeliveryFailure(_ context.Context, r *request, in *contract.DeliveryFailure) (commands.Command, error) {
	id, err := r.fulfillment()
	if err != nil {
		return nil, err
	}
	return r.change(order.RecordDeliveryFailure{FulfillmentID: id, ShipmentID: value(in.ShipmentId, uuid.Nil), Reason: in.Reason, At: r.at})
}

func cancelFulfillment(_ context.Context, r *request, in *contract.FulfillmentCancellation) (commands.Command, error) {
	id, err := r.fulfillment()
	if err != nil {
		return nil, err
	}
	return r.change(order.CancelFulfillment{FulfillmentID: id, Reason: value(in.Reason, ""), At: r.at})
}

// updateTracking is a merge patch: null takes a value away.
func updateTracking(_ context.Context, r *request, in *contract.Tracking) (commands.Command, error) {
	id, err := r.fulfillment()
	if err != nil {
		return nil, err
	}
	patch, err := members(r.Body)
	if err != nil {
		return nil, err
	}
	given := func(name string, text *string) *string {
		if _, ok := patch[name]; ok && text == nil {
			return new(string) // null
		}
		return text
	}
	return r.change(order.UpdateTracking{
		FulfillmentID: id, ShipmentID: value(in.ShipmentId, uuid.Nil), Carrier: given("carrier", in.Carrier),
		TrackingNumber: given("tracking_number", in.TrackingNumber), TrackingURL: given("tracking_url", in.TrackingUrl), At: r.at,
	})
}
