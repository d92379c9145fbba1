package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ordermill/ordermill/api/httpx"
)

// calm fails unless an answer is a success or a well-made problem below 500.
func calm(t *testing.T, what string, r reply) {
	t.Helper()
	if r.status >= 500 || r.status >= 400 && (r.header.Get("Content-Type") != httpx.ProblemType || r.get(t, "code") == "") {
		t.Errorf("%s: %d %s %s", what, r.status, r.header.Get("Content-Type"), r.body)
	}
	for _, secret := range []string{"SQLSTATE", "goroutine", "pgx", ".go:", "eyJ"} {
		if strings.Contains(string(r.body), secret) {
			t.Errorf("%s: the answer holds %s: %s", what, secret, r.body)
		}
	}
}

func TestHostileBodies(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	raw := map[string]struct {
		status int
		code   string
	}{
		`{"currency":"EUR","currency":"EUR","lines":[]}`: {400, "malformed_json"},
		`{"Currency":"EUR","lines":[]}`:                  {400, "unknown_field"},
		`{"currency":"EUR","lines":[],"admin":true}`:     {400, "unknown_field"},
		`{"currency":"EUR","lines":[]} {}`:               {400, "malformed_json"},
		`{"currency":"EUR",`:                             {400, "malformed_json"},
		`[]`:                                             {422, "validation_failed"},
		`null`:                                           {422, "validation_failed"},
		`{"lines":[{"sku":7}]}`:                          {422, "validation_failed"},
		`{"currency":"EUR","lines":[{"sku":"A","quantity":99999999999999999999}]}`: {422, "validation_failed"},
		`{"currency":"EUR","lines":[{"sku":"A","quantity":1.5}]}`:                  {422, "validation_failed"},
		`{"currency":"EUR","lines":[{"sku":"A","quantity":"1"}]}`:                  {422, "validation_failed"},
		`{"currency":"EUR\u0000","lines":[]}`:                                      {400, "malformed_json"},
		"{\"currency\":\"\xff\",\"lines\":[]}":                                     {400, "malformed_json"},
		strings.Repeat("[", 100000):                                                {400, "malformed_json"},
		`{"currency":"` + strings.Repeat("x", 1<<20) + `"}`:                        {413, "body_too_large"},
	}
	for body, want := range raw {
		r := s.post("/v1/orders", body)
		if r.status != want.status || r.get(t, "code") != want.code {
			t.Errorf("%.80s: %d %s, want %d %s", body, r.status, r.body, want.status, want.code)
		}
		calm(t, body[:min(80, len(body))], r)
	}
	all := s.post("/v1/orders", `{"currency":1,"channel":"","lines":[{"sku":"","quantity":"x"},{"quantity":1}]}`)
	var problem struct{ Errors []httpx.Fault }
	unmarshal(t, all.body, &problem)
	var pointers []string
	for _, f := range problem.Errors {
		pointers = append(pointers, f.Pointer)
	}
	if want := []string{"/channel", "/currency", "/lines/0/quantity", "/lines/0/sku", "/lines/1/sku"}; !slices.Equal(pointers, want) {
		t.Errorf("faults at %v, want all of %v", pointers, want)
	}
	for _, r := range writes(t) {
		names, values := s.examples(r)
		t.Run(r.Operation, func(t *testing.T) {
			t.Parallel()

			c := s.stage(t, "hostile-"+r.Operation, r.Operation)
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
					calm(t, fmt.Sprintf("%s %s %d: %.200s", r.Operation, name, i, body), s.do(request))
				}
			}
		})
	}
}

// The id of zeros, with which programs note that there is none, is nobody's in a path, and stands for nothing in a body.
func TestHostileIDs(t *testing.T) {
	t.Parallel()

	const zero = "00000000-0000-0000-0000-000000000000"
	s := newShop(t).withReads(nil)
	c := s.scene(t, "demo").shipped()
	for _, r := range routes(t) {
		if !strings.Contains(r.Path, "id}") && !strings.Contains(r.Path, ":") {
			continue
		}
		request := call{method: r.Method, path: parameter.ReplaceAllLiteralString(r.Path, zero), token: c.token}
		if r.Method != http.MethodGet {
			request.body, request.header = "{}", map[string]string{"If-Match": "*"}
		}
		calm(t, r.Operation, s.do(request))
	}
	for _, wrong := range []struct{ path, body, pointer string }{
		{"/v1/orders", `{"currency":"EUR","reservation_id":"` + zero + `","lines":` + goods + `}`, "/reservation_id"},
		{"/v1/orders/{id}/fulfillments/{fulfillment_id}/deliver", `{"shipment_id":"` + zero + `"}`, "/shipment_id"},
		{"/v1/orders/{id}/actions/release-hold", `{"hold_id":"x"}`, "/hold_id"},
	} {
		got := c.try("POST", wrong.path, wrong.body)
		got.wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
		if got.get(t, "errors", "0", "pointer") != wrong.pointer || !strings.Contains(got.get(t, "detail"), "an id as answers give them") {
			t.Errorf("%s: %s", wrong.body, got.body)
		}
	}
}

// Tables are no better than other bodies.
func TestHostileTables(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	for _, table := range []string{
		"\x00", "\xff\xfe", "\"", "sku", "sku,name,price_EUR", "sku,name,price_EUR\n\"A", "sku,sku,name\nA,B,C", "sku;name;price_EUR\nA;b;1", strings.Repeat(",", 1<<19),
		strings.Repeat("\n", 1<<19), "sku,name,price_EUR\nA,b,1e400", "sku,name,price_EUR\nA,b,99999999999999999999", "sku,name,price_XXX\nA,b,1",
		"sku,name,price_EUR\n" + strings.Repeat("é", 1<<17) + ",b,1", "sku,name,price_EUR\nA,\x07,1", "sku,name,price_EUR\n../..,b,-1", "\ufeffsku,name,price_EUR\n',b,1",
	} {
		calm(t, fmt.Sprintf("%.40q", table), s.post("/v1/products/import", table))
	}
}

// mutations puts hostile values in the place of every value of an example, one at a time.
func mutations(tb testing.TB, example any) []string {
	tb.Helper()
	hostile := []any{
		nil, true, -1, 0, int64(math.MaxInt64), int64(math.MinInt64), "", " ", "\u202e\u0007", "💥'; drop table events; --", "../../etc/passwd",
		strings.Repeat("é", 300),
		[]any{},
		map[string]any{},
		[]any{nil},
	}
	var out []string
	var walk func(value any, replace func(any))
	root := example
	emit := func() {
		body, err := json.Marshal(root)
		must(tb, err)
		out = append(out, string(body))
	}
	walk = func(value any, replace func(any)) {
		for _, h := range hostile {
			replace(h)
			emit()
		}
		replace(value)
		switch v := value.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				walk(v[key], func(n any) { v[key] = n })
			}
		case []any:
			for i := range v {
				walk(v[i], func(n any) { v[i] = n })
			}
		}
	}
	walk(example, func(n any) { root = n })
	return out
}

func TestHostileRequests(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("TSHIRT-M", "10")
	long := strings.Repeat("x", 5000)
	values := []string{"", "x", long, "\"", "-1", "99999999999999999999", "%00", "é", "v1", `"v1"`, "*", "'; --", "null", "\t", "1,2,3", "../..", "/%00", "0001-01-01", "9999-12-31T23:59:59Z"}
	headers := []string{
		"Idempotency-Key", "If-Match", "If-None-Match", "Prefer", "Accept", "Consistency-Token", "Traceparent", "Request-Id", "Api-Version",
		"Content-Type", "Content-Encoding", "Authorization", "Cookie", "X-Forwarded-For", "Accept-Encoding", "Range", "Expect",
	}
	for n, r := range routes(t) {
		target := path(r, nowhere, "7K3M-9QXZ-4T2B")
		for i, name := range headers {
			for j, value := range values {
				if (n+i+j)%16 > 0 && r.Operation != "placeOrder" && r.Operation != "getOrder" {
					continue // the border is the same: a sample will do
				}
				if name == "Expect" && value != "" {
					continue // net/http answers 417 itself
				}
				calm(t, r.Operation+" "+name+": "+value[:min(20, len(value))], s.do(call{method: r.Method, path: target, body: map[bool]string{true: `{}`}[r.Method != http.MethodGet], header: map[string]string{name: value}}))
			}
		}
		for i, value := range values[:len(values)-2] {
			if (n+i)%4 > 0 && r.Operation != "putTaxRate" {
				continue
			}
			hostile := parameter.ReplaceAllLiteralString(r.Path, url.PathEscape(strings.ReplaceAll(value, "%00", "\x00")))
			calm(t, hostile, s.do(call{method: r.Method, path: hostile, body: map[bool]string{true: `{}`}[r.Method != http.MethodGet]}))
		}
		if r.Method != http.MethodGet || strings.Contains(r.Path, ":id") {
			continue
		}
		for i, name := range []string{
			"limit", "cursor", "sort", "count", "from", "to", "bucket", "tz", "currency", "channel", "by", "consistency_token", "filter[status]", "filter[sku][in]",
			"filter[total][gte]", "filter[placed_at][lte]", "filter[customer_id][exists]", "filter[external_id][prefix]", "filter[", "filter[][]", "x",
		} {
			for j, value := range values {
				if (n+i+j)%8 > 0 && r.Operation != "listOrders" && r.Operation != "getMetric" {
					continue
				}
				query := url.Values{name: {strings.ReplaceAll(value, "%00", "\x00")}}.Encode()
				calm(t, target+"?"+query[:min(100, len(query))], s.do(call{method: r.Method, path: target + "?" + query}))
			}
		}
	}
}

func TestRouting(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	for _, tt := range []struct {
		c      call
		status int
		code   string
	}{
		{call{method: http.MethodPost, path: "/v1/nothing"}, 404, "route_not_found"},
		{call{method: http.MethodGet, path: "/v1/nothing", token: "-"}, 404, "route_not_found"},
		{call{method: http.MethodDelete, path: "/v1/orders"}, 405, "method_not_allowed"},
		{call{method: "BREW", path: "/v1/orders"}, 405, "method_not_allowed"},
		{call{method: http.MethodPost, path: "/v1/orders", body: "{}", key: "-"}, 400, "idempotency_key_missing"},
		{call{method: http.MethodPost, path: "/v1/orders", body: "{}", key: `"open`}, 400, "idempotency_key_invalid"},
		{call{method: http.MethodPost, path: "/v1/orders"}, 400, "malformed_json"},
		{call{method: http.MethodPost, path: "/v1/orders?x=1", body: "{}"}, 400, "unknown_filter"},
		{call{method: http.MethodPost, path: "/v1/orders", body: "{}", header: map[string]string{"Content-Type": "text/plain"}}, 415, "unsupported_media_type"},
		{call{method: http.MethodPost, path: "/v1/orders", body: "{}", header: map[string]string{"Content-Type": "application/json; charset=latin1"}}, 415, "unsupported_media_type"},
		{call{method: http.MethodPost, path: "/v1/orders", body: "{}", header: map[string]string{"Content-Encoding": "gzip"}}, 415, "unsupported_media_type"},
		{call{method: http.MethodPost, path: "/v1/orders", body: "{}", header: map[string]string{"Accept": "text/html"}}, 406, "not_acceptable"},
		{call{method: http.MethodPost, path: "/v1/orders", body: "{}", header: map[string]string{"Accept": "*/*, application/json;q=0"}}, 406, "not_acceptable"},
		{call{method: http.MethodPost, path: "/v1/orders", body: "{}", header: map[string]string{"Accept": "text/html, */*;q=0.1"}}, 422, "validation_failed"},
		{call{method: http.MethodPost, path: "/v1/orders", body: "{}", header: map[string]string{"Api-Version": "2020-01-01"}}, 400, "invalid_header"},
		{call{method: http.MethodPost, path: "/v1/orders/x/actions/cancel"}, 404, "order_not_found"},
		{call{method: http.MethodPost, path: "/v1/orders/01990f3c-0000-7000-8000-000000000001/actions/cancel", header: map[string]string{"If-Match": "v1"}}, 400, "invalid_header"},
		{call{method: http.MethodPatch, path: "/v1/products/NONE", body: `{"name":"x"}`}, 404, "product_not_found"},
		{call{method: http.MethodPatch, path: "/v1/products/NONE", body: `{}`}, 422, "validation_failed"},
	} {
		r := s.do(tt.c)
		if r.status != tt.status || r.header.Get("Content-Type") != httpx.ProblemType || r.get(t, "code") != tt.code {
			t.Errorf("%+v: %d %s, want %d %s", tt.c, r.status, r.body, tt.status, tt.code)
		}
		switch tt.code {
		case "method_not_allowed":
			if r.header.Get("Allow") == "" {
				t.Errorf("%s %s: no Allow header", tt.c.method, tt.c.path)
			}
		case "idempotency_key_missing":
			if !strings.Contains(r.header.Get("Link"), `rel="describedby"`) {
				t.Errorf("no Link: %v", r.header)
			}
		}
	}
	named := s.do(call{method: http.MethodPost, path: "/v1/nothing", header: map[string]string{
		"Request-Id": "mine-1", "Traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}})
	if named.header.Get("Request-Id") != "mine-1" || named.get(t, "request_id") != "mine-1" || named.get(t, "trace_id") != "4bf92f3577b34da6a3ce929d0e0e4736" {
		t.Errorf("ids of the client: %v %s", named.header, named.body)
	}
	if odd := s.do(call{method: http.MethodPost, path: "/v1/nothing", header: map[string]string{"Request-Id": "a b<script>"}}); len(odd.header.Get("Request-Id")) != 36 {
		t.Errorf("an odd request id is kept: %v", odd.header)
	}
}
