package order

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ordermill/ordermill/domain/internal/scan"
	"github.com/ordermill/ordermill/domain/jsonwriter"
)

// ErrUnknownType means that a stored event's name is not one of Types.
var ErrUnknownType = errors.New("order: unknown event type")

// registry is a literal, complete before main runs: no event registers itself.
var registry = map[string]func([]byte) (Event, error){
	Placed{}.EventType():                 decoder(scanPlaced),
	Imported{}.EventType():               decoder(scanImported),
	Confirmed{}.EventType():              decoder(scanConfirmed),
	PaymentUpdated{}.EventType():         decoder(scanPaymentUpdated),
	Canceled{}.EventType():               decoder(scanCanceled),
	ReturnImported{}.EventType():         decoder(scanReturnImported),
	Drafted{}.EventType():                decoder(scanDrafted),
	DraftUpdated{}.EventType():           decoder(scanDraftUpdated),
	Held{}.EventType():                   decoder(scanHeld),
	HoldReleased{}.EventType():           decoder(scanHoldReleased),
	EditBegun{}.EventType():              decoder(scanEditBegun),
	EditStaged{}.EventType():             decoder(scanEditStaged),
	EditDiscarded{}.EventType():          decoder(scanEditDiscarded),
	EditCommitted{}.EventType():          decoder(scanEditCommitted),
	LinesCanceled{}.EventType():          decoder(scanLinesCanceled),
	Expired{}.EventType():                decoder(scanExpired),
	BackorderFilled{}.EventType():        decoder(scanBackorderFilled),
	Completed{}.EventType():              decoder(scanCompleted),
	Archived{}.EventType():               decoder(scanArchived),
	FulfillmentPlanned{}.EventType():     decoder(scanFulfillmentPlanned),
	FulfillmentMoved{}.EventType():       decoder(scanFulfillmentMoved),
	FulfillmentCreated{}.EventType():     decoder(scanFulfillmentCreated),
	ShipmentDispatched{}.EventType():     decoder(scanShipmentDispatched),
	TrackingUpdated{}.EventType():        decoder(scanTrackingUpdated),
	ShipmentDelivered{}.EventType():      decoder(scanShipmentDelivered),
	DeliveryFailed{}.EventType():         decoder(scanDeliveryFailed),
	FulfillmentCanceled{}.EventType():    decoder(scanFulfillmentCanceled),
	ReturnRequested{}.EventType():        decoder(scanReturnRequested),
	ReturnApproved{}.EventType():         decoder(scanReturnApproved),
	ReturnDeclined{}.EventType():         decoder(scanReturnDeclined),
	ReturnCanceled{}.EventType():         decoder(scanReturnCanceled),
	ReturnReceived{}.EventType():         decoder(scanReturnReceived),
	ReturnResolved{}.EventType():         decoder(scanReturnResolved),
	ShippingAddressChanged{}.EventType(): decoder(scanShippingAddressChanged),
	BillingAddressChanged{}.EventType():  decoder(scanBillingAddressChanged),
	ContactChanged{}.EventType():         decoder(scanContactChanged),
	NoteAdded{}.EventType():              decoder(scanNoteAdded),
	NoteEdited{}.EventType():             decoder(scanNoteEdited),
	NoteRemoved{}.EventType():            decoder(scanNoteRemoved),
	TagsChanged{}.EventType():            decoder(scanTagsChanged),
	MetadataChanged{}.EventType():        decoder(slow[MetadataChanged]),
	InvoiceIssued{}.EventType():          decoder(scanInvoiceIssued),
	CreditNoteIssued{}.EventType():       decoder(scanCreditNoteIssued),
}

// slow leaves an event to encoding/json.
func slow[T Event](r *scan.Reader, _ *T) { r.Fail() }

// Types returns the stored names of all events, sorted.
func Types() []string { return slices.Sorted(maps.Keys(registry)) }

// Decode reads a stored event. It fails with ErrUnknownType, or with a JSON error that names the type. Fields that
// this build does not know are ignored, since newer builds may add some.
func Decode(eventType string, data []byte) (Event, error) {
	read, ok := registry[eventType]
	if !ok {
		return nil, fmt.Errorf("%w %q", ErrUnknownType, eventType)
	}
	event, err := read(data)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", eventType, err)
	}
	return event, nil
}

// Encode writes an event as it is stored: compact JSON, the same bytes for the same event.
func Encode(e Event) ([]byte, error) {
	if e, ok := e.(written); ok {
		w := jsonwriter.New(1024)
		e.write(w)
		data, err := w.Bytes()
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", e.EventType(), err)
		}
		return data, nil
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // names may hold & and <, and nothing here ends in a page unescaped
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("encode %s: %w", e.EventType(), err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// decoder returns the reader of one event type. It is the only place that knows how events are parsed: by the type's
// own scan if the bytes are as Encode writes them, else by encoding/json.
func decoder[T Event](read func(*scan.Reader, *T)) func([]byte) (Event, error) {
	return func(data []byte) (Event, error) {
		var event T
		r := scan.New(data)
		if read(&r, &event); r.Done() {
			return event, nil
		}
		var again T // what a failed scan left behind must not shine through
		if err := json.Unmarshal(data, &again); err != nil {
			return nil, err
		}
		return again, nil
	}
}
