package order

import (
	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/internal/scan"
)

// These read the events of an order's life, from its draft to its archive; see scan.go.

// scan reads the member that has this name.
func (a *About) scan(r *scan.Reader, key []byte) {
	switch string(key) {
	case "order_id":
		a.OrderID = r.UUID()
	case "channel_id":
		a.Channel = r.String()
	case "currency":
		a.Currency = r.String()
	case "country":
		a.Country = r.String()
	case "customer_id":
		a.CustomerID = r.String()
	default:
		r.Fail()
	}
}

func scanID(r *scan.Reader, id *uuid.UUID) { *id = r.UUID() }

func scanText(r *scan.Reader, text *string) { *text = r.String() }

func scanDrafted(r *scan.Reader, e *Drafted) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "wishes":
			scanWishes(r, &e.Wishes)
		case "drafted_at":
			e.DraftedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanDraftUpdated(r *scan.Reader, e *DraftUpdated) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "wishes":
			scanWishes(r, &e.Wishes)
		case "changes":
			e.Changes = scanList(r, e.Changes, 1, scanText)
		case "updated_at":
			e.UpdatedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanWishes(r *scan.Reader, w *Wishes) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "shipping_method":
			w.ShippingMethod = r.String()
		case "discount_codes":
			w.DiscountCodes = scanList(r, w.DiscountCodes, 1, scanText)
		default:
			r.Fail()
		}
	}
}

func scanHeld(r *scan.Reader, e *Held) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "hold_id":
			e.HoldID = r.UUID()
		case "line_ids":
			e.LineIDs = scanList(r, e.LineIDs, 1+r.Left()/39, scanID)
		case "reason":
			e.Reason = HoldReason(r.String())
		case "note":
			e.Note = r.String()
		case "until":
			e.Until = r.Time()
		case "held_by":
			e.HeldBy = r.String()
		case "held_at":
			e.HeldAt = r.Time()
		case "private":
			e.Private = r.Raw()
		default:
			e.scan(r, key)
		}
	}
}

func scanHoldReleased(r *scan.Reader, e *HoldReleased) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "hold_id":
			e.HoldID = r.UUID()
		case "reason":
			e.Reason = HoldReason(r.String())
		case "released_by":
			e.ReleasedBy = r.String()
		case "held_at":
			e.HeldAt = r.Time()
		case "released_at":
			e.ReleasedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanLinesCanceled(r *scan.Reader, e *LinesCanceled) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "cancellation_id":
			e.CancellationID = r.UUID()
		case "reason":
			e.Reason = CancelReason(r.String())
		case "note":
			e.Note = r.String()
		case "pii":
			e.PII = r.Raw()
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/120, scanCanceledLine)
		case "fulfillments_canceled":
			e.Fulfillments = scanList(r, e.Fulfillments, 1+r.Left()/39, scanID)
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
			e.scan(r, key)
		}
	}
}

func scanExpired(r *scan.Reader, e *Expired) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/120, scanCanceledLine)
		case "value":
			e.Value = r.Int()
		case "amount_released":
			e.AmountReleased = r.Int()
		case "placed_at":
			e.PlacedAt = r.Time()
		case "expires_at":
			e.ExpiresAt = r.Time()
		case "expired_at":
			e.ExpiredAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanBackorderFilled(r *scan.Reader, e *BackorderFilled) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "lines":
			e.Lines = scanList(r, e.Lines, 1+r.Left()/90, scanLineQuantity)
		case "filled_at":
			e.FilledAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanCompleted(r *scan.Reader, e *Completed) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "total":
			e.Total = r.Int()
		case "automatic":
			e.Automatic = r.Bool()
		case "completed_by":
			e.CompletedBy = r.String()
		case "placed_at":
			e.PlacedAt = r.Time()
		case "confirmed_at":
			e.ConfirmedAt = r.Time()
		case "completed_at":
			e.CompletedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanArchived(r *scan.Reader, e *Archived) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "archived_by":
			e.ArchivedBy = r.String()
		case "archived_at":
			e.ArchivedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanLineQuantity(r *scan.Reader, l *LineQuantity) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "line_id":
			l.LineID = r.UUID()
		case "sku":
			l.SKU = r.String()
		case "quantity":
			l.Quantity = r.Int()
		default:
			r.Fail()
		}
	}
}
