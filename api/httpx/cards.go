package httpx

import (
	"bytes"
	"maps"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ordermill/ordermill/domain/text"
)

// written are the formats of texts in which people write what they like. Identifiers and references are none: the
// number of a parcel or a bank transfer may well look like a card's.
var written = map[string]bool{"name": true, "note": true, "email-address": true}

// refuseCardNumbers refuses a body in whose free texts the number of a payment card stands, which must never be stored.
// value is the body parsed, and fits the schema.
func refuseCardNumbers(schema *openapi3.Schema, body []byte, value any) error {
	if !bytes.ContainsRune(body, '\\') && !text.HoldsCardNumber(string(body)) {
		return nil // a number could only be hidden by an escape
	}
	s := cardSearch{}
	if s.look(schema, value); len(s.faults) == 0 {
		return nil
	}
	return &Error{Code: CodeSensitiveData, Detail: s.faults[0].Pointer + ": " + s.faults[0].Detail, Faults: s.faults}
}

// cardSearch collects where card numbers stand.
type cardSearch struct {
	path   []string
	faults []Fault
}

func (s *cardSearch) look(schema *openapi3.Schema, value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			s.path = append(s.path, name)
			if property, ok := schema.Properties[name]; ok {
				s.look(property.Value, v[name])
			} else if more := schema.AdditionalProperties.Schema; more != nil {
				s.text(name) // a name that the client has chosen
				s.look(more.Value, v[name])
			}
			s.path = s.path[:len(s.path)-1]
		}
	case []any:
		for i := range v {
			s.path = append(s.path, strconv.Itoa(i))
			s.look(schema.Items.Value, v[i])
			s.path = s.path[:len(s.path)-1]
		}
	case string:
		if written[schema.Format] {
			s.text(v)
		}
	}
}

func (s *cardSearch) text(t string) {
	if !text.HoldsCardNumber(t) {
		return
	}
	fault := Fault{Pointer: pointer(s.path), Code: CodeSensitiveData, Detail: "there is a payment card's number in it; leave it out"}
	if n := len(s.faults); n == 0 || s.faults[n-1].Pointer != fault.Pointer {
		s.faults = append(s.faults, fault)
	}
}
