package commands

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/eventstore"
)

// Bounds of what is noted of a refusal, in bytes: an order of a thousand lines may have a fault on each.
const (
	notedText    = 255     // names and ids
	notedReason  = 2 << 10 // the violation's words
	notedDetails = 8 << 10 // its figures
)

// detail is a rule.Detail as the decision log has it.
type detail struct {
	Pointer string         `json:"pointer,omitempty"`
	Code    rule.Code      `json:"code"`
	Message string         `json:"message,omitempty"`
	Meta    map[string]any `json:"meta,omitempty"`
}

// note is a refusal as the decision log has it. What is too long is cut: the log must never be a reason to fail.
func note(r *Request, v *rule.Violation, resource string) (*eventstore.Decision, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("decision id: %w", err)
	}
	d := &eventstore.Decision{
		ID: id, Command: clean(nameOf(r.Command), notedText), Code: string(v.Code), Reason: clean(v.Message, notedReason),
		ActorType: clean(r.Actor.Type, notedText), ActorID: clean(r.Actor.ID, notedText), Resource: clean(resource, notedText),
		RequestID: clean(r.Cause.CorrelationID, notedText),
	}
	d.Details, err = details(v)
	return d, err
}

// details is a JSON array with the first of a violation's details, as many as fit; nil when there are none.
func details(v *rule.Violation) ([]byte, error) {
	if len(v.Details) == 0 {
		return nil, nil
	}
	out := []byte{'['}
	for _, d := range v.Details {
		one, err := json.Marshal(detail{Pointer: d.Pointer, Code: d.Code, Message: d.Message, Meta: d.Meta})
		if err != nil {
			return nil, fmt.Errorf("note a refusal: %w", err)
		}
		if len(out)+len(one)+2 > notedDetails {
			break
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, one...)
	}
	return append(out, ']'), nil
}

// clean returns s as text that a database can store, cut to a number of bytes.
func clean(s string, limit int) string {
	if len(s) > limit {
		for limit > 0 && !utf8.RuneStart(s[limit]) {
			limit--
		}
		s = s[:limit]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
}

// nameOf returns a command's name as the decision log has it: that of its type, such as "place-order". A command that
// carries one of an aggregate's package out is named after that: "hold", and "stock-adjust". Only refusals ask.
func nameOf(c Command) string {
	switch c := c.(type) {
	case ChangeOrder:
		return kebab(fmt.Sprintf("%T", c.Command))
	case ChangeStock:
		return "stock-" + kebab(fmt.Sprintf("%T", c.Command))
	default:
		return kebab(fmt.Sprintf("%T", c))
	}
}

// kebab turns a type's name, such as "commands.PlaceOrder", into "place-order".
func kebab(name string) string {
	name = name[strings.LastIndexByte(name, '.')+1:]
	var out strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			out.WriteByte('-')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}
