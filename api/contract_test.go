package api_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ordermill/ordermill/api"
	"github.com/ordermill/ordermill/api/httpx"
)

// contract is the OpenAPI document as a judge of answers.
type contract struct{ document *openapi3.T }

// check holds an answer against the document: its status and media type must be there, its body must fit the schema,
// and no field may be missing from the document. Paths outside of the document are those of problems and public pages.
func (c contract) check(method, path string, r reply) error {
	operation := c.find(method, path)
	if operation == nil || r.status == http.StatusNotModified || method == http.MethodHead {
		return nil
	}
	response := operation.Responses.Status(r.status)
	if response == nil {
		if r.status < 400 {
			return fmt.Errorf("%s %s: status %d is not in the document", method, path, r.status)
		}
		response = operation.Responses.Default()
	}
	if len(response.Value.Content) == 0 {
		if len(r.body) > 0 {
			return fmt.Errorf("%s %s: %d has a body: %s", method, path, r.status, r.body)
		}
		return nil
	}
	media, _, err := mime.ParseMediaType(r.header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("%s %s: content type: %w", method, path, err)
	}
	content := response.Value.Content[media]
	if content == nil {
		return fmt.Errorf("%s %s: %d comes as %s", method, path, r.status, media)
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(r.body))
	if err := decoder.Decode(&value); err != nil {
		return fmt.Errorf("%s %s: body %.200q: %w", method, path, r.body, err)
	}
	if err := content.Schema.Value.VisitJSON(value, openapi3.MultiErrors()); err != nil {
		return fmt.Errorf("%s %s: %d %s: %w", method, path, r.status, r.body, err)
	}
	if extra := undocumented("", content.Schema.Value, value); len(extra) > 0 {
		return fmt.Errorf("%s %s: the document does not know %v", method, path, extra)
	}
	return nil
}

func (c contract) find(method, path string) *openapi3.Operation {
	parts := strings.Split(path, "/")
	var found *openapi3.Operation
	best := -1
	for template, item := range c.document.Paths.Map() {
		segments := strings.Split(template, "/")
		literal := 0
		if len(segments) != len(parts) {
			continue
		}
		for i, segment := range segments {
			switch {
			case strings.HasPrefix(segment, "{"):
			case segment == parts[i]:
				literal++
			default:
				literal = -1 << 20
			}
		}
		if operation := item.GetOperation(method); operation != nil && literal > best {
			found, best = operation, literal
		}
	}
	return found
}

// undocumented lists the members of a value that its schema does not name. Schemas of objects without properties are
// open.
func undocumented(at string, schema *openapi3.Schema, value any) []string {
	var extra []string
	for _, one := range schema.OneOf {
		if one.Value.VisitJSON(value) == nil {
			return undocumented(at, one.Value, value)
		}
	}
	switch v := value.(type) {
	case map[string]any:
		if len(schema.Properties) == 0 {
			return nil
		}
		for key, member := range v {
			if property, ok := schema.Properties[key]; ok {
				extra = append(extra, undocumented(at+"/"+key, property.Value, member)...)
			} else {
				extra = append(extra, at+"/"+key)
			}
		}
	case []any:
		for i, item := range v {
			if schema.Items != nil {
				extra = append(extra, undocumented(fmt.Sprintf("%s/%d", at, i), schema.Items.Value, item)...)
			}
		}
	}
	return extra
}

// routes returns all routes of both hosts.
func routes(tb testing.TB) []*httpx.Route {
	tb.Helper()
	document, err := api.Spec()
	must(tb, err)
	write, err := httpx.Routes(document, "write")
	must(tb, err)
	read, err := httpx.Routes(document, "read")
	must(tb, err)
	return append(write, read...)
}

// path fills in a route's parameters; what is not named below is an id of nothing.
func path(r *httpx.Route, order, number string) string {
	known := map[string]string{
		"id": order, "sku": "TSHIRT-M", "name": "units", "number": number, "external_id": "web-88123", "tax_class": "standard", "country": "DE",
		"method_id": "standard", "discount_id": "spring", "location_id": "north", "customer_id": "c-7",
	}
	return parameter.ReplaceAllStringFunc(r.Path, func(name string) string { return cmp.Or(known[name[1:]], nowhere) })
}

// operation returns the document's entry of a route.
func (c contract) operation(r *httpx.Route) *openapi3.Operation {
	return c.document.Paths.Value(parameter.ReplaceAllString(r.Path, "{$1}")).GetOperation(r.Method)
}

// parameter is one of a path in Echo's form.
var parameter = regexp.MustCompile(":([a-z_]+)")

// writes returns the routes of the write host.
func writes(tb testing.TB) []*httpx.Route {
	tb.Helper()
	return slices.DeleteFunc(routes(tb), func(r *httpx.Route) bool { return r.Method == http.MethodGet })
}

// Every example of every command works as it stands in the document, in the state that it needs.
func TestExamples(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	all := writes(t)
	for _, r := range all {
		names, values := s.examples(r)
		if len(names) == 0 {
			t.Errorf("%s has no example", r.Operation)
		}
		for _, name := range names {
			t.Run(r.Operation+"/"+name, func(t *testing.T) {
				t.Parallel()

				c := s.stage(t, "demo", r.Operation)
				got := s.do(c.call(r, values[name]))
				if got.status >= 300 || s.contract.operation(r).Responses.Status(got.status) == nil {
					t.Errorf("%d %s", got.status, got.body)
				}
				for _, header := range []string{"Request-Id", "Consistency-Token"} {
					if got.header.Get(header) == "" && r.Operation != "quoteOrder" {
						t.Errorf("no header %s", header)
					}
				}
				if got.status == http.StatusCreated && got.header.Get("Location") == "" {
					t.Error("no Location")
				}
			})
		}
	}
	for operation := range arrangements {
		if !slices.ContainsFunc(all, func(r *httpx.Route) bool { return r.Operation == operation }) {
			t.Errorf("there is an arrangement for %s, which is no operation", operation)
		}
	}
}

// Who may do what follows from the document and the roles alone.
func TestScopes(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	for _, r := range routes(t) {
		target := path(r, "01990f3c-0000-7000-8000-000000000001", "NONE")
		body := ""
		if r.Method != http.MethodGet {
			body = `{"unknown":1}`
		}
		anonymous := s.do(call{method: r.Method, path: target, body: body, token: "-"})
		anonymous.wantProblem(t, http.StatusUnauthorized, "token_missing")
		if !strings.HasPrefix(anonymous.header.Get("Www-Authenticate"), "Bearer") {
			t.Errorf("%s: no WWW-Authenticate", r.Operation)
		}
		s.do(call{method: r.Method, path: target, body: body, token: "nonsense"}).wantProblem(t, http.StatusUnauthorized, "token_invalid")
		for _, role := range httpx.Roles() {
			scopes, _ := httpx.RoleScopes(role)
			got := s.do(call{method: r.Method, path: target, body: body, token: s.token(role, "someone")})
			if scopes.Has(r.Scope) == (got.status == http.StatusForbidden) {
				t.Errorf("%s as %s: %d %s", r.Operation, role, got.status, got.body)
			}
			if got.status == http.StatusForbidden && got.get(t, "required_scope") != string(r.Scope) {
				t.Errorf("%s as %s: required_scope %s", r.Operation, role, got.get(t, "required_scope"))
			}
		}
	}
}

// Another tenant's things are not there, whatever is asked, and are the same as things that never were.
func TestTenants(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("TSHIRT-M", "10")
	mine := s.post("/v1/orders", `{"currency":"EUR","external_id":"web-88123","lines":[{"sku":"TSHIRT-M","quantity":2}]}`)
	mine.want(t, http.StatusCreated)
	id := mine.get(t, "id")
	s.get("/v1/orders/"+id, mine).want(t, http.StatusOK)
	stranger := s.tokenOf("other", "admin", "eve")
	empty := map[string]string{ // what is left of lists and figures
		"listOrders": `{"data":[],"page":{"next_cursor":null,"prev_cursor":null,"has_more":false}}`, "listProducts": `{"data":[],"page":{"next_cursor":null,"prev_cursor":null,"has_more":false}}`,
		"getTopSKUs": `{"data":[]}`,
	}
	for _, r := range routes(t) {
		if r.Method != http.MethodGet {
			continue // TestCommands knows strangers too
		}
		c := call{method: r.Method, path: path(r, id, mine.get(t, "order_number")), token: stranger}
		c.header = map[string]string{"Consistency-Token": mine.header.Get("Consistency-Token"), "Prefer": "wait=10"}
		switch got := s.do(c); r.Operation {
		case "listMetrics", "listProjections": // nobody's
		case "listOrders", "listProducts", "getTopSKUs":
			if string(got.body) != empty[r.Operation] {
				t.Errorf("%s shows %s", r.Operation, got.body)
			}
		case "getMetric":
			if got.get(t, "total") != "0" {
				t.Errorf("%s shows %s", r.Operation, got.body)
			}
		default:
			if !strings.Contains(r.Path, ":") {
				continue // TestReadTenants compares lists and settings with those of a tenant that has nothing
			}
			c.path = path(r, "01990f3c-0000-7000-8000-000000000001", "NONE")
			if never := s.do(c); got.status != http.StatusNotFound || !strings.Contains(r.Path, ":sku") && got.get(t, "detail") != never.get(t, "detail") {
				t.Errorf("%s: %d %s, and %s for what never was", r.Operation, got.status, got.body, never.body)
			}
		}
	}
	customer := s.token("customer", "nobody")
	if list := s.do(call{method: http.MethodGet, path: "/v1/orders", token: customer}); len(list.list(t, "id")) != 0 {
		t.Errorf("a customer sees %s", list.body)
	}
	for _, target := range []string{"/v1/orders/" + id, "/v1/orders/by-number/" + mine.get(t, "order_number"), "/v1/orders/by-external-id/web-88123"} {
		s.do(call{method: http.MethodGet, path: target, token: customer}).wantProblem(t, http.StatusNotFound, "order_not_found")
	}
}
