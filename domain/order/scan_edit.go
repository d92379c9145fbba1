package order

import "github.com/ordermill/ordermill/domain/internal/scan"

// These read the events of edits; see scan.go.

func scanEditBegun(r *scan.Reader, e *EditBegun) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "edit_id":
			e.EditID = r.UUID()
		case "base_version":
			e.BaseVersion = r.Int()
		case "begun_by":
			e.BegunBy = r.String()
		case "begun_at":
			e.BegunAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanEditStaged(r *scan.Reader, e *EditStaged) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "edit_id":
			e.EditID = r.UUID()
		case "change":
			scanEditChange(r, &e.Change)
		case "staged_at":
			e.StagedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanEditChange(r *scan.Reader, e *EditChange) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "change_id":
			e.ChangeID = r.UUID()
		case "kind":
			e.Kind = EditKind(r.String())
		case "line_id":
			e.LineID = r.UUID()
		case "sku":
			e.SKU = r.String()
		case "quantity":
			e.Quantity = r.Int()
		case "from":
			e.From = r.Int()
		case "shipping_method":
			e.ShippingMethod = r.String()
		default:
			r.Fail()
		}
	}
}

func scanEditDiscarded(r *scan.Reader, e *EditDiscarded) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "edit_id":
			e.EditID = r.UUID()
		case "discarded_by":
			e.DiscardedBy = r.String()
		case "discarded_at":
			e.DiscardedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanEditCommitted(r *scan.Reader, e *EditCommitted) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "edit_id":
			e.EditID = r.UUID()
		case "line_changes":
			e.LineChanges = scanList(r, e.LineChanges, 1+r.Left()/150, scanLineChange)
		case "lines_added":
			e.LinesAdded = scanList(r, e.LinesAdded, 1+r.Left()/180, scanLine)
		case "shipping_changes":
			if e.Shipping == nil {
				e.Shipping = new(ShippingEdit)
			}
			scanShippingEdit(r, e.Shipping)
		case "discounts_added":
			e.DiscountsAdded = scanList(r, e.DiscountsAdded, 1, scanDiscount)
		case "backordered":
			e.Backordered = scanList(r, e.Backordered, 1+r.Left()/90, scanLineQuantity)
		case "totals_before":
			scanTotals(r, &e.TotalsBefore)
		case "totals_after":
			scanTotals(r, &e.TotalsAfter)
		case "amount_delta":
			e.AmountDelta = r.Int()
		case "rounding":
			scanRounding(r, &e.Rounding)
		case "notify":
			e.Notify = r.Bool()
		case "previous_payment_status":
			e.PreviousPayment = PaymentStatus(r.String())
		case "placed_at":
			e.PlacedAt = r.Time()
		case "committed_at":
			e.CommittedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanLineChange(r *scan.Reader, l *LineChange) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "line_id":
			l.LineID = r.UUID()
		case "sku":
			l.SKU = r.String()
		case "from":
			l.From = r.Int()
		case "to":
			l.To = r.Int()
		case "unit_price":
			l.UnitPrice = r.Int()
		case "removed":
			if l.Removed == nil {
				l.Removed = new(CanceledLine)
			}
			scanCanceledLine(r, l.Removed)
		case "added":
			if l.Added == nil {
				l.Added = new(Addition)
			}
			scanAddition(r, l.Added)
		default:
			r.Fail()
		}
	}
}

func scanAddition(r *scan.Reader, a *Addition) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "quantity":
			a.Quantity = r.Int()
		case "subtotal":
			a.Subtotal = r.Int()
		case "discount_allocations":
			a.DiscountAllocations = scanList(r, a.DiscountAllocations, 1, scanDiscountAllocation)
		case "tax_lines":
			a.TaxLines = scanList(r, a.TaxLines, 1, scanTaxLine)
		case "total":
			a.Total = r.Int()
		default:
			r.Fail()
		}
	}
}

func scanShippingEdit(r *scan.Reader, s *ShippingEdit) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "before":
			s.Before = scanList(r, s.Before, 1, scanShippingLine)
		case "after":
			s.After = scanList(r, s.After, 1, scanShippingLine)
		default:
			r.Fail()
		}
	}
}
