package write

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
)

// withheld stands for a reason that has to be given and must not be recorded, as the person was erased.
const withheld = "withheld"

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

func shipFulfillment(ctx context.Context, r *request, in *contract.NewShipment) (commands.Command, error) {
	id, err := r.fulfillment()
	if err != nil {
		return nil, err
	}
	ship := order.Ship{
		ShipmentID: r.fresh, FulfillmentID: id, Carrier: value(in.Carrier, ""), Service: value(in.Service, ""),
		TrackingNumber: value(in.TrackingNumber, ""), TrackingURL: value(in.TrackingUrl, ""), LabelRef: value(in.LabelRef, ""),
		Lines: lineQuantities(in.Lines), At: r.at,
	}
	if ship.Texts, err = r.texts(ctx, map[string]*string{"tracking_number": &ship.TrackingNumber, "tracking_url": &ship.TrackingURL}); err != nil {
		return nil, err
	}
	if ship.Private, err = r.texts(ctx, map[string]*string{"label_ref": &ship.LabelRef}); err != nil {
		return nil, err
	}
	return r.change(ship)
}

func recordDelivery(ctx context.Context, r *request, in *contract.Delivery) (commands.Command, error) {
	id, err := r.fulfillment()
	if err != nil {
		return nil, err
	}
	delivery := order.RecordDelivery{
		FulfillmentID: id, ShipmentID: value(in.ShipmentId, uuid.Nil), Lines: lineQuantities(in.Lines), ProofRef: value(in.ProofRef, ""),
		DeliveredAt: value(in.DeliveredAt, time.Time{}), At: r.at,
	}
	if delivery.Texts, err = r.texts(ctx, map[string]*string{"proof_ref": &delivery.ProofRef}); err != nil {
		return nil, err
	}
	return r.change(delivery)
}

func recordDeliveryFailure(ctx context.Context, r *request, in *contract.DeliveryFailure) (commands.Command, error) {
	id, err := r.fulfillment()
	if err != nil {
		return nil, err
	}
	failure := order.RecordDeliveryFailure{FulfillmentID: id, ShipmentID: value(in.ShipmentId, uuid.Nil), Reason: in.Reason, At: r.at}
	if failure.Texts, err = r.texts(ctx, map[string]*string{"failure_reason": &failure.Reason}); err != nil {
		return nil, err
	}
	if failure.Reason == "" && in.Reason != "" {
		failure.Reason = withheld
	}
	return r.change(failure)
}

func cancelFulfillment(ctx context.Context, r *request, in *contract.FulfillmentCancellation) (commands.Command, error) {
	id, err := r.fulfillment()
	if err != nil {
		return nil, err
	}
	cancel := order.CancelFulfillment{FulfillmentID: id, Reason: value(in.Reason, ""), At: r.at}
	if cancel.Private, err = r.texts(ctx, map[string]*string{"reason": &cancel.Reason}); err != nil {
		return nil, err
	}
	return r.change(cancel)
}

// updateTracking is a merge patch: null takes a value away. Number and URL are one sealed blob: it is opened, merged and
// sealed anew, and the version that was read guards it against changes meanwhile.
func updateTracking(ctx context.Context, r *request, in *contract.Tracking) (commands.Command, error) {
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
	update := order.UpdateTracking{
		FulfillmentID: id, ShipmentID: value(in.ShipmentId, uuid.Nil), Carrier: given("carrier", in.Carrier),
		TrackingNumber: given("tracking_number", in.TrackingNumber), TrackingURL: given("tracking_url", in.TrackingUrl), At: r.at,
	}
	if update.TrackingNumber == nil && update.TrackingURL == nil {
		return r.change(update)
	}
	return r.sealTracking(ctx, update)
}

// sealTracking completes number and URL by those of the shipment, and seals them if that changes anything.
func (r *request) sealTracking(ctx context.Context, update order.UpdateTracking) (commands.Command, error) {
	o, version, err := r.server.load(ctx, r.Identity.Tenant, r.order)
	if err != nil {
		return nil, err
	}
	before, err := r.tracking(ctx, o, o.Shipment(update.FulfillmentID, update.ShipmentID))
	if errors.Is(err, eventstore.ErrErased) {
		update.TrackingNumber, update.TrackingURL = nil, nil // nothing new is recorded about somebody who was erased
		return r.change(update)
	}
	if err != nil {
		return nil, err
	}
	number, url := value(update.TrackingNumber, before.Number), value(update.TrackingURL, before.URL)
	if number == before.Number && url == before.URL {
		update.TrackingNumber, update.TrackingURL = nil, nil
		return r.change(update)
	}
	if r.expect == nil {
		r.expect = []eventstore.Version{version}
	}
	update.TrackingNumber, update.TrackingURL = &number, &url
	update.Texts, err = r.seal(ctx, o.CustomerID, o.ID, tracking{number, url})
	if errors.Is(err, eventstore.ErrErased) {
		update.TrackingNumber, update.TrackingURL, err = nil, nil, nil
	}
	if err != nil {
		return nil, err
	}
	return r.change(update)
}

// tracking is what is sealed of where a shipment can be followed.
type tracking struct {
	Number string `json:"tracking_number,omitempty"`
	URL    string `json:"tracking_url,omitempty"`
}

// tracking returns where a shipment can be followed; nothing if there is no shipment.
func (r *request) tracking(ctx context.Context, o *order.Order, s *order.Shipment) (tracking, error) {
	if s == nil || s.Texts == nil {
		var t tracking
		if s != nil {
			t = tracking{s.TrackingNumber, s.TrackingURL}
		}
		return t, nil
	}
	return unseal[tracking](ctx, r, s.Texts, o.ID)
}
