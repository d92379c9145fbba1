package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/eventstore"
)

// reads returns the routes of the read host.
func reads(tb testing.TB) []*httpx.Route {
	tb.Helper()
	return slices.DeleteFunc(routes(tb), func(r *httpx.Route) bool { return r.Method != http.MethodGet })
}

// queries returns the queries that a read's examples make: none, each parameter's example alone, and all of them but filters
// that name an operator, of which there are more than one query may have.
func (s *shop) queries(r *httpx.Route) []string {
	s.tb.Helper()
	out, all := []string{""}, url.Values{}
	for _, p := range s.contract.operation(r).Parameters {
		if p.Value.In == openapi3.ParameterInQuery && p.Value.Example != nil {
			if !strings.Contains(p.Value.Name, "][") {
				all.Set(p.Value.Name, fmt.Sprint(p.Value.Example))
			}
			out = append(out, "?"+url.Values{p.Value.Name: {fmt.Sprint(p.Value.Example)}}.Encode())
		}
	}
	if len(all) > 1 {
		out = append(out, "?"+all.Encode())
	}
	return out
}

// world is a shop in which everything is that the examples of the read paths name.
func (s *shop) world(tb testing.TB) *scene {
	tb.Helper()
	c := s.scene(tb, "demo")
	s.configure()
	s.stocked("TSHIRT-M", "50")
	c.order = c.post("/v1/orders", `{"currency":"EUR","external_id":"web-88123","customer":{"id":"c-1001","email":"a@example.test"},"lines":[{"sku":"TSHIRT-M","quantity":2}]}`)
	c.path = map[string]string{
		"id": c.order.get(tb, "id"), "number": c.order.get(tb, "order_number"), "external_id": "web-88123", "sku": "TSHIRT-M", "name": "gross_sales",
		"customer_id": "c-1001", "tax_class": "standard", "country": "DE", "method_id": "standard", "discount_id": "spring", "location_id": "north",
		"reservation_id": c.post("/v1/reservations", `{"lines":[{"sku":"TSHIRT-M","quantity":1}]}`).get(tb, "id"),
	}
	s.post("/v1/orders", `{"currency":"EUR","lines":[{"sku":"TSHIRT-M","quantity":5000}]}`).wantProblem(tb, http.StatusConflict, "insufficient_stock")
	c.act("/notes", `{"body":"rang twice"}`)
	return c
}

// Every read path answers as its examples in the document ask, current to the token, and HEAD says the same without a
// body.
func TestReadExamples(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c := s.world(t)
	for _, r := range reads(t) {
		for _, query := range s.queries(r) {
			got := s.get(c.target(r)+query, c.order)
			if got.status != http.StatusOK {
				t.Errorf("%s%s: %d %s", r.Operation, query, got.status, got.body)
				continue
			}
			if strings.Contains(string(got.body), `"data":null`) {
				t.Errorf("%s%s: a list is null: %s", r.Operation, query, got.body)
			}
			if r.Operation == "listMetrics" || r.Operation == "listProjections" {
				continue
			}
			served, err := s.tokens.ParsePosition(got.header.Get("Consistency-Token"))
			asked, _ := s.tokens.ParsePosition(c.order.header.Get("Consistency-Token"))
			if err != nil || served.Position < asked.Position || got.header.Get("Projection-Lag-Ms") == "" {
				t.Errorf("%s%s: served at %+v, %v; asked for %+v; %v", r.Operation, query, served, err, asked, got.header)
			}
		}
		head := s.do(call{method: http.MethodHead, path: c.target(r), header: map[string]string{"Consistency-Token": c.order.header.Get("Consistency-Token"), "Prefer": "wait=10"}})
		if head.status != http.StatusOK || len(head.body) > 0 || head.header.Get("Content-Type") != "application/json" {
			t.Errorf("HEAD %s: %d %v", r.Operation, head.status, head.header)
		}
	}
	for path, want := range map[string]int{"/v1/orders/nonsense": 404, "/v1/nothing": 404, "/v1/orders?limit=0": 422, "/docs": 200} {
		if head := s.do(call{method: http.MethodHead, path: path}); head.status != want || len(head.body) > 0 {
			t.Errorf("HEAD %s: %d, want %d", path, head.status, want)
		}
	}
	if head := s.do(call{method: http.MethodHead, path: "/v1/orders", token: "-"}); head.status != http.StatusUnauthorized {
		t.Errorf("HEAD without a token: %d", head.status)
	}
}

// Examples of schemas fit them.
func TestSchemaExamples(t *testing.T) {
	t.Parallel()

	document, err := api.Spec()
	must(t, err)
	for name, schema := range document.Components.Schemas {
		if schema.Value.Example == nil {
			continue
		}
		if err := schema.Value.VisitJSON(schema.Value.Example, openapi3.MultiErrors()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if extra := undocumented("", schema.Value, schema.Value.Example); len(extra) > 0 {
			t.Errorf("%s: its example has %v", name, extra)
		}
	}
}

// Every answer has an example, and every property says what it is. What may be left out of a body has no default, since
// generators then take it for what is always there.
func TestDocument_complete(t *testing.T) {
	t.Parallel()

	published, err := api.Published(api.Servers{})
	must(t, err)
	document, err := openapi3.NewLoader().LoadFromData(published)
	must(t, err)
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			for status, response := range operation.Responses.Map() {
				for media, content := range response.Value.Content {
					if content.Schema.Value.Example == nil {
						t.Errorf("%s %s: %s has no example of %s", method, path, status, media)
					}
				}
			}
		}
	}
	for name, schema := range document.Components.Schemas {
		incomplete(t, name, schema.Value)
	}
}

// The document that is served names the hosts as clients reach them.
func TestDocument_servers(t *testing.T) {
	t.Parallel()

	for at, want := range map[api.Servers][2]string{
		{}: {"http://127.0.0.1:8080", "/"},
		{Write: "https://write.example", Read: "https://read.example"}: {"https://write.example", "https://read.example"},
	} {
		published, err := api.Published(at)
		must(t, err)
		document, err := openapi3.NewLoader().LoadFromData(published)
		must(t, err)
		if got := [2]string{document.Servers[0].URL, document.Servers[1].URL}; got != want {
			t.Errorf("%+v: servers %q, want %q", at, got, want)
		}
	}
}

// incomplete complains of properties without a description and of those with a default.
func incomplete(t *testing.T, at string, schema *openapi3.Schema) {
	t.Helper()
	if schema.Default != nil {
		t.Errorf("%s has a default; say it in its description", at)
	}
	for name, property := range schema.Properties {
		if property.Ref != "" || property.Value.Description == "" {
			t.Errorf("%s.%s has no description of its own", at, name)
		}
		incomplete(t, at+"."+name, property.Value)
	}
	if schema.Items != nil && schema.Items.Ref == "" {
		incomplete(t, at+"[]", schema.Items.Value)
	}
}

// Of a shop in which everything is, another tenant sees what a tenant sees that is alone: nothing.
func TestReadTenants(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c := s.world(t)
	s.scene(t, "demo").paid()
	token, alone := s.get("/v1/orders/"+c.path["id"], c.order).header.Get("Consistency-Token"), s.tokenOf("alone", "admin", "eve")
	for _, r := range reads(t) {
		if r.Operation == "listProjections" {
			continue // nobody's
		}
		as := func(stranger, target string) reply {
			return s.do(call{method: http.MethodGet, path: target, token: stranger, header: map[string]string{"Consistency-Token": token, "Prefer": "wait=10"}})
		}
		theirs, nothing := as(s.tokenOf("other", "admin", "eve"), c.target(r)), as(alone, c.target(r))
		if theirs.status == http.StatusNotFound {
			if theirs.get(t, "code") != nothing.get(t, "code") || theirs.get(t, "detail") != nothing.get(t, "detail") {
				t.Errorf("%s: %s, to who has nothing %s", r.Operation, theirs.body, nothing.body)
			}
			continue
		}
		if strings.Contains(r.Path, ":") && r.Operation != "getMetric" || times.ReplaceAllString(string(theirs.body), "") != times.ReplaceAllString(string(nothing.body), "") {
			t.Errorf("%s: %d %s, to who has nothing %s", r.Operation, theirs.status, theirs.body, nothing.body)
		}
	}
}

// times are those in filters and figures, which go on.
var times = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.%A]+Z`)

// Every read honours a token: it waits, or refuses, or reads the log; it never answers from before it.
func TestReadTokens(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c := s.world(t)
	token := c.order.header.Get("Consistency-Token")
	wrong := s.tokensBeside(token)
	for _, r := range reads(t) {
		if r.Operation == "listMetrics" || r.Operation == "listProjections" {
			continue // they say nothing of the log
		}
		read := func(token, prefer string) reply {
			return s.do(call{method: http.MethodGet, path: c.target(r), header: map[string]string{"Consistency-Token": token, "Prefer": prefer}})
		}
		read(token, "wait=10").want(t, http.StatusOK)
		for name, token := range wrong {
			if got := read(token, "wait=0"); got.status != http.StatusGone || got.get(t, "code") != "position_lost" {
				t.Errorf("%s with a token %s: %d %s; want position_lost", r.Operation, name, got.status, got.body)
			}
		}
		read("x", "").wantProblem(t, http.StatusBadRequest, "invalid_header")
	}
	lagging, newer := 0, s.whileNothingIsProjected(func() reply { return s.place("TSHIRT-M") })
	for _, r := range reads(t) {
		if r.Operation == "listMetrics" || r.Operation == "listProjections" {
			continue
		}
		late := s.do(call{method: http.MethodGet, path: c.target(r), header: map[string]string{"Consistency-Token": newer, "Prefer": "wait=0"}})
		if late.status == http.StatusOK {
			continue // from the log
		}
		late.wantProblem(t, http.StatusServiceUnavailable, "projection_lagging")
		if lagging++; late.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After: %v", r.Operation, late.header)
		}
	}
	if lagging < 5 {
		t.Errorf("%d reads were behind the token; want lists and figures at least", lagging)
	}
}

// tokensBeside returns tokens of other pasts than that of a token: what a restore makes of tokens that were good.
func (s *shop) tokensBeside(token string) map[string]string {
	s.tb.Helper()
	at, err := s.tokens.ParsePosition(token)
	must(s.tb, err)
	event, err := s.store.EventAt(s.tb.Context(), at.Position)
	must(s.tb, err)
	make := func(change func(*eventstore.Place)) string {
		place := eventstore.Place{Epoch: at.Epoch, Position: at.Position, Event: event}
		change(&place)
		return s.tokens.Position(at.Log, place)
	}
	return map[string]string{
		"of a later epoch":    make(func(p *eventstore.Place) { p.Epoch++ }),
		"of an earlier epoch": make(func(p *eventstore.Place) { p.Epoch-- }),
		"beyond the log":      make(func(p *eventstore.Place) { p.Position += 1_000_000 }),
		"of another event":    make(func(p *eventstore.Place) { p.Event = uuid.New() }),
		"of no event":         make(func(p *eventstore.Place) { p.Event = uuid.Nil }),
	}
}

// whileNothingIsProjected does something while no read model of a table can move on, for the rest of the test, and
// returns its token.
func (s *shop) whileNothingIsProjected(do func() reply) (token string) {
	s.tb.Helper()
	for _, sql := range []string{ // somebody else has them, and does nothing
		"update projection_leases set owner = 'nobody', epoch = epoch + 1000, expires_at = 'infinity'",
		"update projection_checkpoints set owner_epoch = 1000",
	} {
		_, err := s.pool.Exec(s.tb.Context(), sql)
		must(s.tb, err)
	}
	done := do()
	if done.status >= http.StatusBadRequest {
		s.tb.Fatalf("%d %s", done.status, done.body)
	}
	return done.header.Get("Consistency-Token")
}

// Names of orders are claimed with their placing, so that no read model needs to know them.
func TestLookups_withoutProjections(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("N", "100")
	for i := range 20 { // at once, without a token
		placed := s.post("/v1/orders", fmt.Sprintf(`{"currency":"EUR","external_id":"n/%d","lines":[{"sku":"N","quantity":1}]}`, i))
		placed.want(t, http.StatusCreated)
		for _, path := range []string{"/v1/orders/by-number/" + placed.get(t, "order_number"), fmt.Sprintf("/v1/orders/by-external-id/n%%2F%d?channel=web", i)} {
			got := s.do(call{method: http.MethodGet, path: path})
			if got.status != http.StatusOK || string(got.body) != string(placed.body) || got.header.Get("Etag") != `"v1"` {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
			same := s.do(call{method: http.MethodGet, path: path, header: map[string]string{"If-None-Match": `"v1"`}})
			if same.status != http.StatusNotModified || len(same.body) > 0 {
				t.Errorf("%s: If-None-Match: %d", path, same.status)
			}
			s.as(s.tokenOf("other", "admin", "eve"), path).wantProblem(t, http.StatusNotFound, "order_not_found")
			s.as(s.token("customer", "c-9"), path).wantProblem(t, http.StatusNotFound, "order_not_found")
		}
	}
	for _, path := range []string{"/v1/orders/by-number/NONE", "/v1/orders/by-external-id/none", "/v1/orders/by-external-id/n%2F1?channel=moon"} {
		s.get(path).wantProblem(t, http.StatusNotFound, "order_not_found")
	}
}

// Whatever is sent to a read, it is answered or refused, and nothing breaks.
func TestHostileReads(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c := s.world(t)
	values := []string{
		"", "x", "-1", "0", "99999999999999999999", "\x00", "é", "v1", "v-1", "v99999999999", `"`, "'; --", "null", "1,2", "../..", "0001-01-01", "9999-12-31T23:59:59Z",
		"-9223372036854775808", "1e9", strings.Repeat("x", 300), "2026-01-01T00:00:00+99:00",
	}
	shared := map[string]bool{"Prefer": true, "Consistency-Token": true, "consistency_token": true, "If-None-Match": true, "limit": true, "cursor": true}
	for _, r := range reads(t) {
		for i, p := range s.contract.operation(r).Parameters {
			for j, value := range values {
				if shared[p.Value.Name] && (i+j+len(r.Path))%5 > 0 {
					continue // the border and the lists treat these alike everywhere: a sample will do
				}
				switch p.Value.In {
				case openapi3.ParameterInQuery:
					query := url.Values{p.Value.Name: {value}}.Encode()
					calm(t, r.Operation+"?"+query, s.do(call{method: http.MethodGet, path: c.target(r) + "?" + query}))
				case openapi3.ParameterInHeader:
					if !strings.ContainsAny(value, "\x00") {
						calm(t, r.Operation+" "+p.Value.Name, s.do(call{method: http.MethodGet, path: c.target(r), header: map[string]string{p.Value.Name: value}}))
					}
				}
			}
		}
		for _, value := range values {
			if !strings.Contains(r.Path, ":") || value == "" {
				continue
			}
			hostile := parameter.ReplaceAllString(r.Path, strings.ReplaceAll(url.PathEscape(value), "$", "$$"))
			calm(t, r.Operation+" "+hostile, s.do(call{method: http.MethodGet, path: hostile}))
		}
	}
}
