package order

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
		return e.PII != nil
	case LinesCanceled:
		return e.PII != nil
	case NoteAdded:
		return e.PII != nil
	case NoteEdited:
		return e.PII != nil
	case ReturnRequested:
		return e.PII != nil
	case Imported, ReturnImported: // of the past, in which the person was not erased
	case Confirmed, Expired, BackorderFilled, Completed, Archived, PaymentUpdated, Held, HoldReleased, EditBegun, EditStaged, EditDiscarded,
		EditCommitted, FulfillmentPlanned, FulfillmentMoved, FulfillmentCreated, FulfillmentCanceled, ShipmentDispatched, TrackingUpdated,
		ShipmentDelivered, DeliveryFailed, ReturnApproved, ReturnDeclined, ReturnCanceled, ReturnReceived, ReturnResolved, NoteRemoved,
		TagsChanged, MetadataChanged, InvoiceIssued, CreditNoteIssued:
	}
	return false
}
