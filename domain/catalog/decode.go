package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// ErrUnknownType means that a stored event's name is not one of Types.
var ErrUnknownType = errors.New("catalog: unknown event type")

// registry is a literal, complete before main runs: no event registers itself.
var registry = map[string]func([]byte) (Event, error){
	Listed{}.EventType():                     decode[Listed],
	PriceChanged{}.EventType():               decode[PriceChanged],
	Renamed{}.EventType():                    decode[Renamed],
	TaxClassChanged{}.EventType():            decode[TaxClassChanged],
	ShippingRequirementChanged{}.EventType(): decode[ShippingRequirementChanged],
	WeightChanged{}.EventType():              decode[WeightChanged],
	ChannelsChanged{}.EventType():            decode[ChannelsChanged],
	Delisted{}.EventType():                   decode[Delisted],
	Relisted{}.EventType():                   decode[Relisted],
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
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // names may hold & and <, and nothing here ends in a page unescaped
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("encode %s: %w", e.EventType(), err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// decode is the only place that knows how events are parsed.
func decode[T Event](data []byte) (Event, error) {
	var event T
	if err := json.Unmarshal(data, &event); err != nil {
		return nil, err
	}
	return event, nil
}
