package reservation

import "github.com/ordermill/ordermill/domain/internal/scan"

// The functions below read events from the JSON that Encode writes. They list the same fields as the events' JSON tags
// do; TestScan_readsAll holds one against the other. A name that they do not know makes the reader give up.

func scanMade(r *scan.Reader, e *Made) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "reservation_id":
			e.ReservationID = r.UUID()
		case "customer_id":
			e.CustomerID = r.String()
		case "reference":
			e.Reference = r.String()
		case "lines":
			e.Lines = scanLines(r, e.Lines)
		case "expires_at":
			e.ExpiresAt = r.Time()
		case "made_at":
			e.MadeAt = r.Time()
		default:
			r.Fail()
		}
	}
}

func scanExtended(r *scan.Reader, e *Extended) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "reservation_id":
			e.ReservationID = r.UUID()
		case "expires_at":
			e.ExpiresAt = r.Time()
		case "extended_at":
			e.ExtendedAt = r.Time()
		default:
			r.Fail()
		}
	}
}

func scanReleased(r *scan.Reader, e *Released) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "reservation_id":
			e.ReservationID = r.UUID()
		case "reason":
			e.Reason = r.String()
		case "released_at":
			e.ReleasedAt = r.Time()
		default:
			r.Fail()
		}
	}
}

func scanExpired(r *scan.Reader, e *Expired) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "reservation_id":
			e.ReservationID = r.UUID()
		case "expired_at":
			e.ExpiredAt = r.Time()
		default:
			r.Fail()
		}
	}
}

func scanConverted(r *scan.Reader, e *Converted) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "reservation_id":
			e.ReservationID = r.UUID()
		case "order_id":
			e.OrderID = r.UUID()
		case "converted_at":
			e.ConvertedAt = r.Time()
		default:
			r.Fail()
		}
	}
}

// scanLines reads an array. A list that was there already is a name given twice.
func scanLines(r *scan.Reader, before []Line) []Line {
	if before != nil {
		r.Fail()
	}
	list := make([]Line, 0, 1)
	for more := r.Open('['); more; more = r.More(']') {
		var l Line
		scanLine(r, &l)
		list = append(list, l)
	}
	return list
}

func scanLine(r *scan.Reader, e *Line) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "line_id":
			e.LineID = r.UUID()
		case "sku":
			e.SKU = r.String()
		case "quantity":
			e.Quantity = r.Int()
		default:
			r.Fail()
		}
	}
}
