package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/httpx"
)

// pointed checks that each fault of a problem points into the body that was sent: to something of it, or to a member that
// an object of it lacks.
func pointed(tb testing.TB, what, body string, r reply) {
	tb.Helper()
	if r.status < 400 || r.get(tb, "code") == "malformed_json" {
		return
	}
	var sent any
	if body != "" && json.Unmarshal([]byte(body), &sent) != nil {
		return // a table
	}
	var problem struct{ Errors []httpx.Fault }
	unmarshal(tb, r.body, &problem)
	for _, f := range problem.Errors {
		if f.Pointer == "" {
			continue
		}
		value, segments := sent, strings.Split(f.Pointer[1:], "/")
		for i, name := range segments {
			name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
			switch v := value.(type) {
			case map[string]any:
				member, there := v[name]
				if !there && i < len(segments)-1 {
					tb.Errorf("%s: %s points into nothing of %.200s: %s", what, f.Pointer, body, r.body)
				}
				value = member
			case []any:
				n, err := strconv.Atoi(name)
				if err != nil || n >= len(v) {
					tb.Errorf("%s: %s is beyond %.200s", what, f.Pointer, body)
					return
				}
				value = v[n]
			default:
				tb.Errorf("%s: %s leads nowhere in %.200s: %s", what, f.Pointer, body, r.body)
				return
			}
		}
	}
}

// Every fault of every command points into its own request, whatever is wrong with it.
func TestPointers(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	for _, r := range writes(t) {
		names, values := s.examples(r)
		t.Run(r.Operation, func(t *testing.T) {
			t.Parallel()

			c := s.stage(t, "p-"+uuid.NewString(), r.Operation)
			for _, name := range names {
				if _, table := values[name].(string); table || values[name] == nil {
					continue
				}
				request := c.call(r, values[name])
				var example any
				unmarshal(t, []byte(request.body), &example)
				if r.IfMatch {
					request.header = map[string]string{"If-Match": "*"}
				}
				for i, body := range mutations(t, example) {
					request.body, request.key = body, ""
					pointed(t, fmt.Sprintf("%s %s %d", r.Operation, name, i), body, s.do(request))
				}
			}
		})
	}
}

// What the rules call by other names than the contract does is pointed to where the client wrote it.
func TestPointers_names(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "p-"+uuid.NewString()).placed("")
	long := strings.Repeat("k", 41)
	for _, tt := range []struct{ method, path, body, pointer, parameter string }{
		{"PATCH", "/v1/orders/{id}", `{"metadata":{"` + long + `":"v"}}`, "/metadata/" + long, ""},
		{"PATCH", "/v1/orders/{id}", `{"tags":["a"],"metadata":{"a/~b":"` + strings.Repeat("v", 501) + `"}}`, "/metadata/a~1~0b", ""},
		{"POST", "/v1/orders", `{"currency":"EUR","customer":{"id":" x"},"lines":` + goods + `}`, "/customer/id", ""},
		{"POST", "/v1/orders/quote", `{"currency":"EUR","lines":[{"sku":"NONE","quantity":1}]}`, "/lines/0/sku", ""},
		{"POST", "/v1/inventory/NO%20NE/receive", `{"quantity":1}`, "", "sku"},
	} {
		got := c.match(tt.method, tt.path, tt.body, "*")
		if got.status != http.StatusUnprocessableEntity && got.status != http.StatusNotFound {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, got.status, got.body)
			continue
		}
		if pointer, parameter := got.get(t, "errors", "0", "pointer"), got.get(t, "errors", "0", "parameter"); pointer != tt.pointer || tt.parameter != "" && got.get(t, "errors") != "" && parameter != tt.parameter {
			t.Errorf("%s points to %q %q, want %q %q: %s", tt.body, pointer, parameter, tt.pointer, tt.parameter, got.body)
		}
		if detail := got.get(t, "detail"); strings.HasPrefix(detail, "/set") || strings.HasPrefix(detail, "/customer_id") {
			t.Errorf("the detail names the command: %s", detail)
		}
	}
}
