package stock

import "github.com/ordermill/ordermill/domain/internal/scan"

func scanReservationExpired(r *scan.Reader, e *ReservationExpired) {
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
		case "expired_at":
			e.ExpiredAt = r.Time()
		default:
			r.Fail()
		}
	}
}

func scanBackorderFilled(r *scan.Reader, e *BackorderFilled) {
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
		case "committed":
			e.Committed = r.Bool()
		case "filled_at":
			e.FilledAt = r.Time()
		default:
			r.Fail()
		}
	}
}

func scanMoved(r *scan.Reader, e *Moved) {
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
		case "to_location_id":
			e.ToLocationID = r.String()
		case "committed":
			e.Committed = r.Bool()
		case "moved_at":
			e.MovedAt = r.Time()
		default:
			r.Fail()
		}
	}
}

func scanDeducted(r *scan.Reader, e *Deducted) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "sku":
			e.SKU = r.String()
		case "reservation_id":
			e.ReservationID = r.UUID()
		case "order_id":
			e.OrderID = r.UUID()
		case "shipment_id":
			e.ShipmentID = r.UUID()
		case "allocations":
			e.Allocations = scanAllocations(r, e.Allocations)
		case "deducted_at":
			e.DeductedAt = r.Time()
		default:
			r.Fail()
		}
	}
}

func scanReturned(r *scan.Reader, e *Returned) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "sku":
			e.SKU = r.String()
		case "location_id":
			e.LocationID = r.String()
		case "order_id":
			e.OrderID = r.UUID()
		case "return_id":
			e.ReturnID = r.UUID()
		case "lines":
			e.Lines = scanLines(r, e.Lines)
		case "disposition":
			e.Disposition = Disposition(r.String())
		case "untracked":
			e.Untracked = r.Bool()
		case "returned_at":
			e.ReturnedAt = r.Time()
		default:
			r.Fail()
		}
	}
}

// scanAllocations reads an array. A list that was there already is a name given twice.
func scanAllocations(r *scan.Reader, before []Allocation) []Allocation {
	if before != nil {
		r.Fail()
	}
	list := make([]Allocation, 0, 1)
	for more := r.Open('['); more; more = r.More(']') {
		var a Allocation
		scanAllocation(r, &a)
		list = append(list, a)
	}
	return list
}

func scanAllocation(r *scan.Reader, a *Allocation) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "line_id":
			a.LineID = r.UUID()
		case "location_id":
			a.LocationID = r.String()
		case "quantity":
			a.Quantity = r.Int()
		case "untracked":
			a.Untracked = r.Bool()
		default:
			r.Fail()
		}
	}
}

// scanLines reads an array. A list that was there already is a name given twice.
func scanLines(r *scan.Reader, before []LineQuantity) []LineQuantity {
	if before != nil {
		r.Fail()
	}
	list := make([]LineQuantity, 0, 1)
	for more := r.Open('['); more; more = r.More(']') {
		var l LineQuantity
		scanLine(r, &l)
		list = append(list, l)
	}
	return list
}

func scanLine(r *scan.Reader, l *LineQuantity) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "line_id":
			l.LineID = r.UUID()
		case "quantity":
			l.Quantity = r.Int()
		default:
			r.Fail()
		}
	}
}
