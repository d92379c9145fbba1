package promotion

import "github.com/ordermill/ordermill/domain/internal/scan"

// The functions below read events from the JSON that Encode writes. They list the same fields as the events' JSON tags
// do; TestScan_readsAll holds one against the other. A name that they do not know makes the reader give up.

func scanRedeemed(r *scan.Reader, e *Redeemed) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "discount_id":
			e.DiscountID = r.String()
		case "order_id":
			e.OrderID = r.UUID()
		case "limit":
			e.Limit = r.Int()
		case "used":
			e.Used = r.Int()
		case "redeemed_at":
			e.RedeemedAt = r.Time()
		default:
			r.Fail()
		}
	}
}

func scanGivenBack(r *scan.Reader, e *GivenBack) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "discount_id":
			e.DiscountID = r.String()
		case "order_id":
			e.OrderID = r.UUID()
		case "reason":
			e.Reason = r.String()
		case "used":
			e.Used = r.Int()
		case "given_back_at":
			e.GivenBackAt = r.Time()
		default:
			r.Fail()
		}
	}
}
