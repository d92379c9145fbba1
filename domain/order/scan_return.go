package order

import "github.com/ordermill/ordermill/domain/internal/scan"

// These read the events of returns; see scan.go.

func scanReturnRequested(r *scan.Reader, e *ReturnRequested) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "return_id":
			e.ReturnID = r.UUID()
		case "kind":
			e.Kind = ReturnKind(r.String())
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/120, scanRequestedLine)
		case "requested_resolution":
			e.RequestedResolution = r.String()
		case "location_id":
			e.LocationID = r.String()
		case "window_ok":
			e.WindowOK = r.Bool()
		case "pii":
			e.PII = r.Raw()
		case "requested_at":
			e.RequestedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanRequestedLine(r *scan.Reader, l *RequestedLine) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "line_id":
			l.LineID = r.UUID()
		case "sku":
			l.SKU = r.String()
		case "quantity":
			l.Quantity = r.Int()
		case "reason_code":
			l.ReasonCode = r.String()
		case "note":
			l.Note = r.String()
		default:
			r.Fail()
		}
	}
}

func scanReturnApproved(r *scan.Reader, e *ReturnApproved) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "return_id":
			e.ReturnID = r.UUID()
		case "approved_by":
			e.ApprovedBy = r.String()
		case "approved_at":
			e.ApprovedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanReturnDeclined(r *scan.Reader, e *ReturnDeclined) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "return_id":
			e.ReturnID = r.UUID()
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/90, scanLineQuantity)
		case "reason":
			e.Reason = r.String()
		case "declined_by":
			e.DeclinedBy = r.String()
		case "declined_at":
			e.DeclinedAt = r.Time()
		case "texts":
			e.Texts = r.Raw()
		default:
			e.scan(r, key)
		}
	}
}

func scanReturnCanceled(r *scan.Reader, e *ReturnCanceled) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "return_id":
			e.ReturnID = r.UUID()
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/90, scanLineQuantity)
		case "canceled_at":
			e.CanceledAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanReturnReceived(r *scan.Reader, e *ReturnReceived) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "return_id":
			e.ReturnID = r.UUID()
		case "location_id":
			e.LocationID = r.String()
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/120, scanReceivedLine)
		case "received_by":
			e.ReceivedBy = r.String()
		case "received_at":
			e.ReceivedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanReceivedLine(r *scan.Reader, l *ReceivedLine) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "line_id":
			l.LineID = r.UUID()
		case "sku":
			l.SKU = r.String()
		case "quantity":
			l.Quantity = r.Int()
		case "condition":
			l.Condition = r.String()
		case "disposition":
			l.Disposition = Disposition(r.String())
		default:
			r.Fail()
		}
	}
}

func scanReturnResolved(r *scan.Reader, e *ReturnResolved) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "return_id":
			e.ReturnID = r.UUID()
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/140, scanReturnedLine)
		case "given_back":
			e.GivenBack = scanList(r, e.GivenBack, 1+r.Left()/90, scanLineQuantity)
		case "refund_amount":
			e.Refund = r.Int()
		case "taken_off_due":
			e.TakenOffDue = r.Int()
		case "refund_tax":
			e.RefundTax = r.Int()
		case "refund_shipping":
			e.RefundShipping = r.Int()
		case "refund_shipping_tax":
			e.RefundShippingTax = r.Int()
		case "refund_goodwill":
			e.RefundGoodwill = r.Int()
		case "fee":
			e.Fee = r.Int()
		case "store_credit":
			e.StoreCredit = r.Int()
		case "replacement_order_id":
			e.ReplacementOrderID = r.UUID()
		case "resolved_by":
			e.ResolvedBy = r.String()
		case "requested_at":
			e.RequestedAt = r.Time()
		case "resolved_at":
			e.ResolvedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}
