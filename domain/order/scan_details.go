package order

import "github.com/ordermill/ordermill/domain/internal/scan"

// These read the events of an order's details; see scan.go. Metadata is left to encoding/json.

func scanShippingAddressChanged(r *scan.Reader, e *ShippingAddressChanged) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "previous_country":
			e.PreviousCountry = r.String()
		case "pii":
			e.PII = r.Raw()
		case "requote":
			if e.Requote == nil {
				e.Requote = new(Requote)
			}
			scanRequote(r, e.Requote)
		case "changed_at":
			e.ChangedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanRequote(r *scan.Reader, l *Requote) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "lines":
			l.Lines = scanList(r, l.Lines, 1+r.Left()/120, scanLineTaxes)
		case "shipping_lines":
			l.Shipping = scanList(r, l.Shipping, 1, scanShippingLine)
		case "shipping_net_change":
			l.ShippingNetChange = r.Int()
		case "totals_before":
			scanTotals(r, &l.TotalsBefore)
		case "totals_after":
			scanTotals(r, &l.TotalsAfter)
		case "amount_delta":
			l.AmountDelta = r.Int()
		default:
			r.Fail()
		}
	}
}

func scanLineTaxes(r *scan.Reader, l *LineTaxes) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "line_id":
			l.LineID = r.UUID()
		case "sku":
			l.SKU = r.String()
		case "tax_lines":
			l.TaxLines = scanList(r, l.TaxLines, 1, scanTaxLine)
		case "total":
			l.Total = r.Int()
		case "net_subtotal_change":
			l.NetSubtotalChange = r.Int()
		case "net_total_change":
			l.NetTotalChange = r.Int()
		default:
			r.Fail()
		}
	}
}

func scanBillingAddressChanged(r *scan.Reader, e *BillingAddressChanged) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "pii":
			e.PII = r.Raw()
		case "changed_at":
			e.ChangedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanContactChanged(r *scan.Reader, e *ContactChanged) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "pii":
			e.PII = r.Raw()
		case "changed_at":
			e.ChangedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanNoteAdded(r *scan.Reader, e *NoteAdded) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "note_id":
			e.NoteID = r.UUID()
		case "visibility":
			e.Visibility = NoteVisibility(r.String())
		case "body":
			e.Body = r.String()
		case "pii":
			e.PII = r.Raw()
		case "added_by":
			e.AddedBy = r.String()
		case "added_at":
			e.AddedAt = r.Time()
		case "texts":
			e.Texts = r.Raw()
		default:
			e.scan(r, key)
		}
	}
}

func scanNoteEdited(r *scan.Reader, e *NoteEdited) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "note_id":
			e.NoteID = r.UUID()
		case "visibility":
			e.Visibility = NoteVisibility(r.String())
		case "body":
			e.Body = r.String()
		case "pii":
			e.PII = r.Raw()
		case "edited_by":
			e.EditedBy = r.String()
		case "edited_at":
			e.EditedAt = r.Time()
		case "texts":
			e.Texts = r.Raw()
		default:
			e.scan(r, key)
		}
	}
}

func scanNoteRemoved(r *scan.Reader, e *NoteRemoved) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "note_id":
			e.NoteID = r.UUID()
		case "removed_by":
			e.RemovedBy = r.String()
		case "removed_at":
			e.RemovedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanTagsChanged(r *scan.Reader, e *TagsChanged) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "added":
			e.Added = scanList(r, e.Added, 1, scanText)
		case "removed":
			e.Removed = scanList(r, e.Removed, 1, scanText)
		case "changed_at":
			e.ChangedAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanInvoiceIssued(r *scan.Reader, e *InvoiceIssued) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "invoice_number":
			e.InvoiceNumber = r.String()
		case "series":
			e.Series = r.String()
		case "credited":
			e.Credited = r.Int()
		case "totals":
			scanTotals(r, &e.Totals)
		case "document_ref":
			e.DocumentRef = r.String()
		case "issued_by":
			e.IssuedBy = r.String()
		case "issued_at":
			e.IssuedAt = r.Time()
		case "texts":
			e.Texts = r.Raw()
		default:
			e.scan(r, key)
		}
	}
}

func scanCreditNoteIssued(r *scan.Reader, e *CreditNoteIssued) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "credit_note_number":
			e.CreditNoteNumber = r.String()
		case "series":
			e.Series = r.String()
		case "invoice_number":
			e.InvoiceNumber = r.String()
		case "amount":
			e.Amount = r.Int()
		case "reason":
			e.Reason = r.String()
		case "document_ref":
			e.DocumentRef = r.String()
		case "issued_by":
			e.IssuedBy = r.String()
		case "issued_at":
			e.IssuedAt = r.Time()
		case "texts":
			e.Texts = r.Raw()
		case "private":
			e.Private = r.Raw()
		default:
			e.scan(r, key)
		}
	}
}
