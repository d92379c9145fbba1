package stock

import "github.com/ordermill/ordermill/domain/internal/scan"

// The functions below read events from the JSON that Encode writes. They list the same fields as the events' JSON tags
// do; TestScan_readsAll holds one against the other. A name that they do not know makes the reader give up.

func scanReceived(r *scan.Reader, e *Received) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "sku":
			e.SKU = r.String()
		case "location_id":
			e.LocationID = r.String()
		case "quantity":
			e.Quantity = r.Int()
		case "reference":
			e.Reference = r.String()
		case "received_at":
			e.ReceivedAt = r.Time()
		default:
			r.Fail()
		}
	}
}

func scanReserved(r *scan.Reader, e *Reserved) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "sku":
			e.SKU = r.String()
		case "reservation_id":
			e.ReservationID = r.UUID()
		case "order_id":
			e.OrderID = r.UUID()
		case "change_id":
			e.ChangeID = r.UUID()
		case "kind":
			e.Kind = Kind(r.String())
		case "allocations":
			e.Allocations = scanAllocations(r, e.Allocations)
		case "backordered":
			e.Backordered = scanLines(r, e.Backordered)
		case "committed":
			e.Committed = r.Bool()
		case "placed_at":
			e.PlacedAt = r.Time()
		case "expires_at":
			e.ExpiresAt = r.Time()
		case "reserved_at":
			e.ReservedAt = r.Time()
		default:
			r.Fail()
		}
	}
}

func scanReleased(r *scan.Reader, e *Released) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "sku":
			e.SKU = r.String()
		case "reservation_id":
			e.ReservationID = r.UUID()
		case "order_id":
			e.OrderID = r.UUID()
		case "allocations":
			e.Allocations = scanAllocations(r, e.Allocations)
		case "backordered":
			e.Backordered = scanLines(r, e.Backordered)
		case "committed":
			e.Committed = r.Bool()
		case "reason":
			e.Reason = r.String()
		case "released_at":
			e.ReleasedAt = r.Time()
		default:
			r.Fail()
		}
	}
}

func scanCommitted(r *scan.Reader, e *Committed) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "sku":
			e.SKU = r.String()
		case "reservation_id":
			e.ReservationID = r.UUID()
		case "order_id":
			e.OrderID = r.UUID()
		case "allocations":
			e.Allocations = scanAllocations(r, e.Allocations)
		case "committed_at":
			e.CommittedAt = r.Time()
		default:
			r.Fail()
		}
	}
}
