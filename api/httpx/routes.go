package httpx

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// KeyUse says what a route does with the Idempotency-Key header.
type KeyUse string

// The uses of a key.
const (
	KeyIgnored  KeyUse = "ignored"
	KeyOptional KeyUse = "optional"
	KeyRequired KeyUse = "required"
)

// Route is one operation of the OpenAPI document.
type Route struct {
	Method    string
	Path      string // in Echo's form: /v1/orders/:id
	Operation string
	Scope     Scope
	Key       KeyUse
	IfMatch   bool // the header is required

	body         *openapi3.Schema // nil: no body
	media        string           // of the body
	bodyRequired bool
	ids          []bool // which of the path's parameters are UUIDs
	query        map[string]*openapi3.Schema
	free         string // prefix of query parameters that the handler checks itself
}

// Routes returns the operations of the document that have a tag, by path and method. It fails when one of them says
// nothing of the scope that it needs, so that no route can be left open by accident.
func Routes(document *openapi3.T, tag string) ([]*Route, error) {
	var routes []*Route
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			if !slices.Contains(operation.Tags, tag) {
				continue
			}
			route, err := newRoute(method, path, item, operation)
			if err != nil {
				return nil, err
			}
			routes = append(routes, route)
		}
	}
	slices.SortFunc(routes, func(a, b *Route) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	return routes, nil
}

func newRoute(method, path string, item *openapi3.PathItem, operation *openapi3.Operation) (*Route, error) {
	r := &Route{
		Method: method, Path: strings.NewReplacer("{", ":", "}", "").Replace(path), Operation: operation.OperationID,
		query: make(map[string]*openapi3.Schema),
	}
	scope, _ := operation.Extensions["x-required-scope"].(string)
	r.Scope = Scope(scope)
	if _, known := bits[r.Scope]; !known {
		return nil, fmt.Errorf("%s %s: x-required-scope %q is not a scope", method, path, scope)
	}
	use, _ := operation.Extensions["x-idempotency-key"].(string)
	switch r.Key = KeyUse(use); {
	case r.Key == KeyIgnored, r.Key == KeyOptional, r.Key == KeyRequired:
	case use == "" && method != http.MethodPost:
		r.Key = KeyIgnored
	default:
		return nil, fmt.Errorf("%s %s: x-idempotency-key is %q", method, path, use)
	}
	match, _ := operation.Extensions["x-if-match"].(string)
	r.IfMatch = match == "required"
	r.free, _ = operation.Extensions["x-free-query"].(string)
	ids := make(map[string]bool)
	for _, parameters := range []openapi3.Parameters{item.Parameters, operation.Parameters} {
		for _, p := range parameters {
			switch p.Value.In {
			case openapi3.ParameterInQuery:
				r.query[p.Value.Name] = p.Value.Schema.Value
			case openapi3.ParameterInPath:
				ids[p.Value.Name] = p.Value.Extensions["x-uuid"] == true
			}
		}
	}
	for s := range strings.SplitSeq(r.Path, "/") {
		if name, ok := strings.CutPrefix(s, ":"); ok {
			r.ids = append(r.ids, ids[name])
		}
	}
	if operation.RequestBody != nil {
		body := operation.RequestBody.Value
		for media, content := range body.Content {
			r.body, r.media, r.bodyRequired = content.Schema.Value, media, body.Required
		}
		if len(body.Content) != 1 {
			return nil, fmt.Errorf("%s %s: a body has one media type, not %d", method, path, len(body.Content))
		}
	}
	return r, nil
}
