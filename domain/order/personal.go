package order

// Texts that people write about an order may tell of its person, so they are recorded sealed: each event has beside such
// texts a ciphertext of an object of them, named as clients see them. What everybody who sees the order may read is in
// Texts, what only staff may in Private. A command has them twice: in clear, for its rules to look at, and sealed, to be
// recorded. The clear ones are recorded only by who has no keys, and by events from before there were ciphertexts.

// inClear returns a text as it is recorded: not at all if it is sealed.
func inClear(text string, sealed PII) string {
	if len(sealed) > 0 {
		return ""
	}
	return text
}

// Personal reports whether an event says something new of a person: that the person orders, or what is sealed. Nothing of
// the kind is recorded about somebody who was erased.
func Personal(event Event) bool {
	switch e := event.(type) {
	case Placed, Drafted, DraftUpdated:
		return true
	case ShippingAddressChanged:
		return e.PII != nil
	case BillingAddressChanged:
		return e.PII != nil
	case ContactChanged:
		return e.PII != nil
	case Canceled:
		return e.PII != nil || e.Private != nil
	case LinesCanceled:
		return e.PII != nil || e.Private != nil
	case NoteAdded:
		return e.PII != nil || e.Texts != nil
	case NoteEdited:
		return e.PII != nil || e.Texts != nil
	case ReturnRequested:
		return e.PII != nil
	case Held:
		return e.Private != nil
	case ReturnDeclined:
		return e.Texts != nil
	case PaymentUpdated:
		first := e.Payment.Captured > 0 && e.CapturedChange == e.Payment.Captured // later events restate what it says
		return e.Private != nil || e.Payment.Texts != nil && first
	case ShipmentDispatched:
		return e.Texts != nil || e.Private != nil
	case ShipmentDelivered:
		return e.Texts != nil
	case DeliveryFailed:
		return e.Texts != nil
	case FulfillmentCanceled:
		return e.Private != nil
	case InvoiceIssued:
		return e.Texts != nil
	case CreditNoteIssued:
		return e.Texts != nil || e.Private != nil
	case TrackingUpdated:
		return e.Texts != nil
	case Imported, ReturnImported: // of the past, in which the person was not erased
	case Confirmed, Expired, BackorderFilled, Completed, Archived, HoldReleased, EditBegun, EditStaged, EditDiscarded, EditCommitted,
		FulfillmentPlanned, FulfillmentMoved, FulfillmentCreated, ReturnApproved, ReturnCanceled, ReturnReceived, ReturnResolved,
		NoteRemoved, TagsChanged, MetadataChanged:
	}
	return false
}
