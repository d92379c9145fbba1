package stock

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
var ErrUnknownType = errors.New("stock: unknown event type")

// registry is a literal, complete before main runs: no event registers itself.
var registry = map[string]func([]byte) (Event, error){
	Received{}.EventType():            decoder(scanReceived),
	Adjusted{}.EventType():            plain[Adjusted],
	Counted{}.EventType():             plain[Counted],
	Reserved{}.EventType():            decoder(scanReserved),
	ReservationExtended{}.EventType(): plain[ReservationExtended],
	Released{}.EventType():            decoder(scanReleased),
	ReservationExpired{}.EventType():  decoder(scanReservationExpired),
	Committed{}.EventType():           decoder(scanCommitted),
	BackorderFilled{}.EventType():     decoder(scanBackorderFilled),
	Moved{}.EventType():               decoder(scanMoved),
	Deducted{}.EventType():            decoder(scanDeducted),
	Returned{}.EventType():            decoder(scanReturned),
	Inspected{}.EventType():           plain[Inspected],
	TransferDispatched{}.EventType():  plain[TransferDispatched],
	TransferReceived{}.EventType():    plain[TransferReceived],
	SafetyStockSet{}.EventType():      plain[SafetyStockSet],
	BackorderPolicySet{}.EventType():  plain[BackorderPolicySet],
	TrackingSet{}.EventType():         plain[TrackingSet],
}

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
		w := jsonwriter.New(512)
		e.write(w)
		data, err := w.Bytes()
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", e.EventType(), err)
		}
		return data, nil
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // references may hold & and <, and nothing here ends in a page unescaped
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("encode %s: %w", e.EventType(), err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// plain reads an event of a type that is rare enough for encoding/json.
func plain[T Event](data []byte) (Event, error) {
	var event T
	if err := json.Unmarshal(data, &event); err != nil {
		return nil, err
	}
	return event, nil
}

// decoder returns the reader of one event type: by the type's own scan if the bytes are as Encode writes them, else by
// encoding/json.
func decoder[T Event](read func(*scan.Reader, *T)) func([]byte) (Event, error) {
	return func(data []byte) (Event, error) {
		var event T
		r := scan.New(data)
		if read(&r, &event); r.Done() {
			return event, nil
		}
		return plain[T](data) // into another event: what a failed scan left behind must not shine through
	}
}
