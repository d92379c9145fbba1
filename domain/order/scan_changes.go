package order

import "github.com/ordermill/ordermill/domain/internal/scan"

// These read the events that change an order; see scan.go.

func scanConfirmed(r *scan.Reader, e *Confirmed) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "order_id":
			e.OrderID = r.UUID()
		case "channel_id":
			e.Channel = r.String()
		case "currency":
			e.Currency = r.String()
		case "country":
			e.Country = r.String()
		case "customer_id":
			e.CustomerID = r.String()
		case "total":
			e.Total = r.Int()
		case "reason":
			e.Reason = r.String()
		case "placed_at":
			e.PlacedAt = r.Time()
		case "confirmed_at":
			e.ConfirmedAt = r.Time()
		default:
			r.Fail()
		}
	}
}

func scanPaymentUpdated(r *scan.Reader, e *PaymentUpdated) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "order_id":
			e.OrderID = r.UUID()
		case "channel_id":
			e.Channel = r.String()
		case "currency":
			e.Currency = r.String()
		case "country":
			e.Country = r.String()
		case "payment":
			scanPayment(r, &e.Payment)
		case "captured_change":
			e.CapturedChange = r.Int()
		case "refunded_change":
			e.RefundedChange = r.Int()
		case "refund_method":
			e.RefundMethod = r.String()
		case "refund_reference":
			e.RefundReference = r.String()
		case "recorded_by":
			e.RecordedBy = r.String()
		case "updated_at":
			e.UpdatedAt = r.Time()
		case "private":
			e.Private = r.Raw()
		default:
			r.Fail()
		}
	}
}

func scanPayment(r *scan.Reader, p *Payment) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "payment_id":
			p.PaymentID = r.UUID()
		case "method":
			p.Method = r.String()
		case "reference":
			p.Reference = r.String()
		case "state":
			p.State = PaymentState(r.String())
		case "authorized":
			p.Authorized = r.Int()
		case "captured":
			p.Captured = r.Int()
		case "refunded":
			p.Refunded = r.Int()
		case "voided":
			p.Voided = r.Int()
		case "texts":
			p.Texts = r.Raw()
		default:
			r.Fail()
		}
	}
}

func scanCanceled(r *scan.Reader, e *Canceled) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "order_id":
			e.OrderID = r.UUID()
		case "cancellation_id":
			e.CancellationID = r.UUID()
		case "channel_id":
			e.Channel = r.String()
		case "currency":
			e.Currency = r.String()
		case "country":
			e.Country = r.String()
		case "customer_id":
			e.CustomerID = r.String()
		case "reason":
			e.Reason = CancelReason(r.String())
		case "note":
			e.Note = r.String()
		case "pii":
			e.PII = r.Raw()
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/120, scanCanceledLine)
		case "value":
			e.Value = r.Int()
		case "amount_released":
			e.AmountReleased = r.Int()
		case "amount_owed_to_customer":
			e.AmountOwed = r.Int()
		case "restock":
			e.Restock = r.Bool()
		case "refund_policy":
			e.RefundPolicy = r.String()
		case "previous_status":
			e.PreviousStatus = Status(r.String())
		case "previous_payment_status":
			e.PreviousPayment = PaymentStatus(r.String())
		case "placed_at":
			e.PlacedAt = r.Time()
		case "confirmed_at":
			e.ConfirmedAt = r.Time()
		case "canceled_at":
			e.CanceledAt = r.Time()
		case "private":
			e.Private = r.Raw()
		default:
			r.Fail()
		}
	}
}

func scanCanceledLine(r *scan.Reader, l *CanceledLine) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "line_id":
			l.LineID = r.UUID()
		case "sku":
			l.SKU = r.String()
		case "quantity":
			l.Quantity = r.Int()
		case "amount":
			l.Amount = r.Int()
		case "tax":
			l.Tax = r.Int()
		default:
			r.Fail()
		}
	}
}

func scanReturnImported(r *scan.Reader, e *ReturnImported) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "order_id":
			e.OrderID = r.UUID()
		case "return_id":
			e.ReturnID = r.UUID()
		case "credit_number":
			e.CreditNumber = r.String()
		case "source":
			e.Source = r.String()
		case "channel_id":
			e.Channel = r.String()
		case "currency":
			e.Currency = r.String()
		case "country":
			e.Country = r.String()
		case "customer_id":
			e.CustomerID = r.String()
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/140, scanReturnedLine)
		case "refund_amount":
			e.Refund = r.Int()
		case "stock_policy":
			e.StockPolicy = StockPolicy(r.String())
		case "placed_at":
			e.PlacedAt = r.Time()
		case "returned_at":
			e.ReturnedAt = r.Time()
		case "imported_at":
			e.ImportedAt = r.Time()
		default:
			r.Fail()
		}
	}
}

func scanReturnedLine(r *scan.Reader, l *ReturnedLine) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "line_id":
			l.LineID = r.UUID()
		case "sku":
			l.SKU = r.String()
		case "quantity":
			l.Quantity = r.Int()
		case "unit_price":
			l.UnitPrice = r.Int()
		case "amount":
			l.Amount = r.Int()
		case "tax":
			l.Tax = r.Int()
		default:
			r.Fail()
		}
	}
}
