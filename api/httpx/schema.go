package httpx

import (
	"cmp"
	"errors"
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
	return &Error{Code: CodeValidationFailed, Detail: cmp.Or(first.Pointer, first.Parameter) + ": " + first.Detail, Faults: faults}
}

// schemaFaults flattens what kin-openapi found.
func schemaFaults(err error) []Fault {
	var (
		many openapi3.MultiError
		one  *openapi3.SchemaError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &many):
		var faults []Fault
		for _, e := range many {
			faults = append(faults, schemaFaults(e)...)
		}
		slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.Pointer, b.Pointer) })
		return faults
	case errors.As(err, &one):
		detail := one.Reason
		if one.Schema != nil && one.Schema.Format == "uuid" {
			detail = "must be an id as answers give them, such as 01990f3c-0000-7000-8000-00000000000a"
		}
		return []Fault{{Pointer: pointer(one.JSONPointer()), Code: CodeValidationFailed, Detail: detail}}
	default:
		return []Fault{{Code: CodeValidationFailed, Detail: "does not fit the schema"}}
	}
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
		for _, f := range schemaFaults(schema.VisitJSON(queryValue(schema, values[0]), openapi3.MultiErrors())) {
			wrong = append(wrong, Fault{Parameter: name, Code: CodeValidationFailed, Detail: f.Detail})
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
