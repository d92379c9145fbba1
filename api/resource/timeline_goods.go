package resource

import (
	"fmt"

	"github.com/ordermill/ordermill/domain/order"
)

// tellPaper says what a note or an invoice means.
func (s *story) tellPaper(event order.Event) telling {
	switch e := event.(type) {
	case order.NoteAdded:
		t := telling{text: "A note was added.", refs: reference("note_id", e.NoteID), note: s.private(e.Body, e.Texts, "body")}
		if len(e.PII) > 0 {
			t.text = "The customer's words were noted."
		}
		t.internal = !s.notes[e.NoteID]
		return t
	case order.NoteEdited:
		return telling{text: "A note was changed.", refs: reference("note_id", e.NoteID), note: s.private(e.Body, e.Texts, "body"), internal: !s.notes[e.NoteID]}
	case order.NoteRemoved:
		return telling{text: "A note was removed.", refs: reference("note_id", e.NoteID), internal: true}
	case order.InvoiceIssued:
		return telling{
			text:    fmt.Sprintf("Invoice %s over %s was issued.", e.InvoiceNumber, s.m(e.Totals.Total)),
			amounts: s.amounts("invoiced", e.Totals.Total), refs: map[string]string{"invoice_number": e.InvoiceNumber, "document_ref": s.written(e.DocumentRef, e.Texts, "document_ref")},
		}
	case order.CreditNoteIssued:
		return telling{
			text:    fmt.Sprintf("Credit note %s over %s was issued for invoice %s.", e.CreditNoteNumber, s.m(e.Amount), e.InvoiceNumber),
			amounts: s.amounts("credited", e.Amount), note: s.private(e.Reason, e.Private, "reason"),
			refs: map[string]string{
				"credit_note_number": e.CreditNoteNumber, "invoice_number": e.InvoiceNumber,
				"document_ref": s.written(e.DocumentRef, e.Texts, "document_ref"),
			},
		}
	default:
		return s.tellGoods(event)
	}
}

// tellGoods says how far goods have got on their way to the customer.
func (s *story) tellGoods(event order.Event) telling {
	switch e := event.(type) {
	case order.FulfillmentPlanned:
		n := unitsOf(e.Lines)
		return telling{
			text: units(n, "", "is to leave from "+e.LocationID, "are to leave from "+e.LocationID), internal: true, units: n,
			refs: map[string]string{"fulfillment_id": e.FulfillmentID.String(), "location_id": e.LocationID},
		}
	case order.FulfillmentMoved:
		return telling{
			text: fmt.Sprintf("A fulfilment was moved from %s to %s.", e.From, e.To), internal: true,
			refs: map[string]string{"fulfillment_id": e.FulfillmentID.String(), "location_id": e.To},
		}
	case order.FulfillmentCreated:
		n := unitsOf(e.Lines)
		return telling{
			text: units(n, "", "was packed", "were packed"), units: n,
			refs: reference("fulfillment_id", e.FulfillmentID), inside: map[string]string{"location_id": e.LocationID},
		}
	case order.FulfillmentCanceled:
		return telling{text: "A fulfilment was taken back.", internal: true, units: unitsOf(e.Lines), refs: reference("fulfillment_id", e.FulfillmentID), note: s.private(e.Reason, e.Private, "reason")}
	case order.ShipmentDispatched:
		n, by := unitsOf(e.Lines), ""
		if e.Carrier != "" {
			by = " with " + e.Carrier
		}
		return telling{
			text: units(n, "", "was shipped"+by, "were shipped"+by), units: n, amounts: s.amounts("value", e.Value),
			refs: map[string]string{
				"shipment_id": e.ShipmentID.String(), "fulfillment_id": e.FulfillmentID.String(), "carrier": e.Carrier,
				"tracking_number": s.written(e.TrackingNumber, e.Texts, "tracking_number"), "tracking_url": s.written(e.TrackingURL, e.Texts, "tracking_url"),
			},
		}
	case order.TrackingUpdated:
		return telling{
			text: "The tracking of a shipment was updated.",
			refs: map[string]string{
				"shipment_id": e.ShipmentID.String(), "carrier": e.Carrier, "tracking_number": s.written(e.TrackingNumber, e.Texts, "tracking_number"),
				"tracking_url": s.written(e.TrackingURL, e.Texts, "tracking_url"),
			},
		}
	case order.ShipmentDelivered:
		n := unitsOf(e.Lines)
		return telling{
			text: units(n, "", "was delivered", "were delivered"), units: n,
			refs: map[string]string{
				"shipment_id": e.ShipmentID.String(), "fulfillment_id": e.FulfillmentID.String(), "proof_ref": s.written(e.ProofRef, e.Texts, "proof_ref"),
			},
		}
	case order.DeliveryFailed:
		return telling{text: "A shipment could not be delivered" + because(s.written(e.Reason, e.Texts, "failure_reason")) + ".", refs: reference("shipment_id", e.ShipmentID)}
	default:
		return s.tellReturn(event)
	}
}

// tellReturn says how far goods have got on their way back.
func (s *story) tellReturn(event order.Event) telling {
	switch e := event.(type) {
	case order.ReturnImported:
		t := telling{
			text: fmt.Sprintf("Goods that had come back on %s were taken over, with %s paid back.", e.ReturnedAt.Format("2006-01-02"), s.m(e.Refund)),
			refs: map[string]string{"return_id": e.ReturnID.String(), "credit_number": e.CreditNumber}, amounts: s.amounts("refund", e.Refund),
		}
		t.units = returnedUnits(e.Lines)
		return t
	case order.ReturnRequested:
		t := telling{refs: reference("return_id", e.ReturnID)}
		for i := range e.Lines {
			t.units += e.Lines[i].Quantity
		}
		t.text = fmt.Sprintf("A %s of %s was requested.", e.Kind, counted(t.units))
		return t
	case order.ReturnApproved:
		return telling{text: "The return was approved.", refs: reference("return_id", e.ReturnID)}
	case order.ReturnDeclined:
		return telling{text: "The return was declined" + because(s.written(e.Reason, e.Texts, "decline_reason")) + ".", units: unitsOf(e.Lines), refs: reference("return_id", e.ReturnID)}
	case order.ReturnCanceled:
		return telling{text: "The return was canceled.", units: unitsOf(e.Lines), refs: reference("return_id", e.ReturnID)}
	case order.ReturnReceived:
		t := telling{refs: reference("return_id", e.ReturnID), inside: map[string]string{"location_id": e.LocationID}}
		for i := range e.Lines {
			t.units += e.Lines[i].Quantity
		}
		t.text = units(t.units, "", "came back", "came back")
		return t
	case order.ReturnResolved:
		return s.resolved(&e)
	default:
		return telling{text: "Something happened that this version cannot tell.", internal: true}
	}
}

func (s *story) resolved(e *order.ReturnResolved) telling {
	t := telling{
		text: "The return was resolved.", units: returnedUnits(e.Lines), amounts: s.amounts("refund", e.Refund),
		refs: map[string]string{"return_id": e.ReturnID.String(), "replacement_order_id": e.ReplacementOrderID.String()},
	}
	switch {
	case e.Refund > 0:
		t.text = fmt.Sprintf("The return was resolved: %s to be paid back.", s.m(e.Refund))
	case e.StoreCredit > 0:
		t.text, t.amounts = fmt.Sprintf("The return was resolved with store credit of %s.", s.m(e.StoreCredit)), s.amounts("store_credit", e.StoreCredit)
	case e.TakenOffDue > 0:
		t.text, t.amounts = fmt.Sprintf("The return was resolved: the order costs %s less.", s.m(e.TakenOffDue)), s.amounts("taken_off_due", e.TakenOffDue)
	}
	return t
}

func returnedUnits(lines []order.ReturnedLine) (n int64) {
	for i := range lines {
		n += lines[i].Quantity
	}
	return n
}
