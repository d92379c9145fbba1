package order

import "github.com/ordermill/ordermill/domain/internal/scan"

// These read the events of fulfilments; see scan.go.

func scanFulfillmentPlanned(r *scan.Reader, e *FulfillmentPlanned) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "fulfillment_id":
			e.FulfillmentID = r.UUID()
		case "location_id":
			e.LocationID = r.String()
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/90, scanLineQuantity)
		case "ship_by":
			e.ShipBy = r.Time()
		case "planned_at":
			e.PlannedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanFulfillmentMoved(r *scan.Reader, e *FulfillmentMoved) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "fulfillment_id":
			e.FulfillmentID = r.UUID()
		case "from_location_id":
			e.From = r.String()
		case "to_location_id":
			e.To = r.String()
		case "moved_at":
			e.MovedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanFulfillmentCreated(r *scan.Reader, e *FulfillmentCreated) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "fulfillment_id":
			e.FulfillmentID = r.UUID()
		case "location_id":
			e.LocationID = r.String()
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/90, scanLineQuantity)
		case "packages":
			e.Packages = scanList(r, e.Packages, 1+r.Left()/40, scanPackage)
		case "packed_by":
			e.PackedBy = r.String()
		case "packed_at":
			e.PackedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanPackage(r *scan.Reader, p *Package) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "weight_grams":
			p.WeightGrams = r.Int()
		case "length_mm":
			p.LengthMM = r.Int()
		case "width_mm":
			p.WidthMM = r.Int()
		case "height_mm":
			p.HeightMM = r.Int()
		default:
			r.Fail()
		}
	}
}

func scanShipmentDispatched(r *scan.Reader, e *ShipmentDispatched) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "shipment_id":
			e.ShipmentID = r.UUID()
		case "fulfillment_id":
			e.FulfillmentID = r.UUID()
		case "location_id":
			e.LocationID = r.String()
		case "carrier":
			e.Carrier = r.String()
		case "service":
			e.Service = r.String()
		case "tracking_number":
			e.TrackingNumber = r.String()
		case "tracking_url":
			e.TrackingURL = r.String()
		case "label_ref":
			e.LabelRef = r.String()
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/90, scanLineQuantity)
		case "value":
			e.Value = r.Int()
		case "placed_at":
			e.PlacedAt = r.Time()
		case "confirmed_at":
			e.ConfirmedAt = r.Time()
		case "shipped_at":
			e.ShippedAt = r.Time()
		case "texts":
			e.Texts = r.Raw()
		case "private":
			e.Private = r.Raw()
		default:
			e.scan(r, key)
		}
	}
}

func scanTrackingUpdated(r *scan.Reader, e *TrackingUpdated) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "shipment_id":
			e.ShipmentID = r.UUID()
		case "fulfillment_id":
			e.FulfillmentID = r.UUID()
		case "carrier":
			e.Carrier = r.String()
		case "tracking_number":
			e.TrackingNumber = r.String()
		case "tracking_url":
			e.TrackingURL = r.String()
		case "updated_at":
			e.UpdatedAt = r.Time()
		case "texts":
			e.Texts = r.Raw()
		default:
			e.scan(r, key)
		}
	}
}

func scanShipmentDelivered(r *scan.Reader, e *ShipmentDelivered) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "shipment_id":
			e.ShipmentID = r.UUID()
		case "fulfillment_id":
			e.FulfillmentID = r.UUID()
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/90, scanLineQuantity)
		case "proof_ref":
			e.ProofRef = r.String()
		case "shipped_at":
			e.ShippedAt = r.Time()
		case "delivered_at":
			e.DeliveredAt = r.Time()
		case "texts":
			e.Texts = r.Raw()
		default:
			e.scan(r, key)
		}
	}
}

func scanDeliveryFailed(r *scan.Reader, e *DeliveryFailed) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "shipment_id":
			e.ShipmentID = r.UUID()
		case "fulfillment_id":
			e.FulfillmentID = r.UUID()
		case "reason":
			e.Reason = r.String()
		case "failed_at":
			e.FailedAt = r.Time()
		case "texts":
			e.Texts = r.Raw()
		default:
			e.scan(r, key)
		}
	}
}

func scanFulfillmentCanceled(r *scan.Reader, e *FulfillmentCanceled) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "fulfillment_id":
			e.FulfillmentID = r.UUID()
		case "location_id":
			e.LocationID = r.String()
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/90, scanLineQuantity)
		case "restock":
			e.Restock = r.Bool()
		case "reason":
			e.Reason = r.String()
		case "canceled_at":
			e.CanceledAt = r.Time()
		case "private":
			e.Private = r.Raw()
		default:
			e.scan(r, key)
		}
	}
}
