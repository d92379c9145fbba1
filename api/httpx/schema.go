package httpx

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

func invalid(faults []Fault) error {
	first := faults[0]
	where := cmp.Or(first.Pointer, first.Parameter, "the body")
	return &Error{Code: CodeValidationFailed, Detail: where + ": " + first.Detail, Faults: faults}
}

// valueFault says what is wrong with a value by its schema: one thing, for a text first that it is of no such kind, and
// else what comes first. It is empty if nothing is.
func valueFault(schema *openapi3.Schema, value any) string {
	err := schema.VisitJSON(value, openapi3.MultiErrors())
	if err == nil {
		return ""
	}
	var many openapi3.MultiError
	if !errors.As(err, &many) {
		many = openapi3.MultiError{err}
	}
	detail := ""
	for _, e := range many {
		var one *openapi3.SchemaError
		switch {
		case !errors.As(e, &one):
		case one.Schema.Format == "uuid":
			return "must be an id as answers give them, such as 01990f3c-0000-7000-8000-00000000000a"
		case one.SchemaField == "format":
			if own := errors.Unwrap(one.Origin); own != nil {
				return own.Error()
			}
			return one.Reason
		case detail == "":
			detail = reason(one)
		}
	}
	return cmp.Or(detail, "does not fit the schema")
}

// reason is what the library found, in words that need no knowledge of schemas.
func reason(e *openapi3.SchemaError) string {
	switch e.SchemaField {
	case "nullable":
		return "must not be null; leave it out"
	case "minLength":
		if e.Schema.MinLength == 1 {
			return "must not be empty"
		}
		return fmt.Sprintf("must have at least %d characters", e.Schema.MinLength)
	case "maxLength":
		return fmt.Sprintf("must have at most %d characters", *e.Schema.MaxLength)
	case "pattern":
		if e.Schema.Pattern == "^[A-Z]{3}$" {
			return "a currency is a code of ISO 4217 in capitals, such as EUR"
		}
	}
	return e.Reason
}

// checkQuery reads a query: every parameter must exist (400), once, and fit its schema (422).
func (r *Route) checkQuery(raw string) (url.Values, error) {
	if raw == "" {
		return nil, nil
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &Error{Code: CodeUnknownFilter, Detail: "The query cannot be read: percent-encode it.", Cause: err}
	}
	var unknown, wrong []Fault
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if len(unknown) >= maxFaults || len(wrong) >= maxFaults {
			break
		}
		values := query[name]
		schema, known := r.query[name]
		switch {
		case !known && (r.free == "" || !strings.HasPrefix(name, r.free+"[")):
			unknown = append(unknown, Fault{Parameter: clip(name, maxEcho), Code: CodeUnknownFilter, Detail: "there is no such parameter" + r.parameterNames()})
			continue
		case len(values) > 1:
			wrong = append(wrong, Fault{Parameter: name, Code: CodeValidationFailed, Detail: "is there more than once"})
			continue
		case !utf8.ValidString(values[0]) || strings.ContainsFunc(values[0], unicode.IsControl):
			wrong = append(wrong, Fault{Parameter: name, Code: CodeValidationFailed, Detail: "is not plain UTF-8 text"})
			continue
		case !known:
			continue // the handler knows
		}
		if detail := valueFault(schema, queryValue(schema, values[0])); detail != "" {
			wrong = append(wrong, Fault{Parameter: name, Code: CodeValidationFailed, Detail: detail})
		}
	}
	if len(unknown) > 0 {
		return nil, &Error{Code: CodeUnknownFilter, Detail: unknown[0].Parameter + ": " + unknown[0].Detail, Faults: unknown}
	}
	if len(wrong) > 0 {
		return nil, invalid(wrong)
	}
	return query, nil
}

func (r *Route) parameterNames() string {
	names := slices.Sorted(maps.Keys(r.query))
	if r.free != "" {
		filter := r.free + "["
		names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, filter) })
		names = append(names, filter+"field][op]")
	}
	if len(names) == 0 {
		return "; this route has none"
	}
	return ", only " + strings.Join(names, ", ")
}

func queryValue(schema *openapi3.Schema, text string) any {
	if schema.Type.Is("integer") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	}
	return text
}
