package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/httpx"
)

// traceSQL counts all that a tenant has left in the log, sealed keys included. Calls that were denied are noted as decisions,
// a moment later.
const traceSQL = `select jsonb_build_object(
	'events', (select count(*) from events where tenant_id = $1),
	'answers', (select count(*) from command_results where tenant_id = $1),
	'claims', (select count(*) from claims where tenant_id = $1),
	'decisions', (select count(*) from decisions where tenant_id = $1 and code not in ('insufficient_scope', 'order_not_found')),
	'keys', (select coalesce(jsonb_object_agg(subject, wrapped is null), '{}') from person_keys where tenant_id = $1))::text`

func (c *scene) trace() string {
	c.tb.Helper()
	var out string
	must(c.tb, c.shop.pool.QueryRow(c.tb.Context(), traceSQL, c.tenant).Scan(&out))
	return out
}

// ownAffairs are the operations by which a stranger only changes what is the stranger's own.
var ownAffairs = []string{
	"listProduct", "importProducts", "eraseCustomer", "setLegalHold", "liftLegalHold", "createTaxRate", "putTaxRate", "createShippingMethod",
	"putShippingMethod", "createDiscount", "putDiscount", "createLocation", "putLocation", "setPaymentPolicy", "setTimeZone", "setRounding", "setLimits",
}

// Every command can be rehearsed without leaving a trace, is out of reach for strangers and other customers, and then
// does what the rehearsal said.
func TestCommands(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	for _, r := range writes(t) {
		names, values := s.examples(r)
		if len(names) == 0 {
			continue // another test complains
		}
		t.Run(r.Operation, func(t *testing.T) {
			t.Parallel()

			c := s.stage(t, "t-"+r.Operation, r.Operation)
			request := c.call(r, values[names[len(names)-1]])
			request.key = uuid.NewString()
			before := c.trace()
			planned := c.rehearse(r, request)
			c.strangers(r, request)
			if after := c.trace(); after != before {
				t.Errorf("a rehearsal, or somebody who may not, has left a trace: %s, before %s", after, before)
			}
			if r.Operation == "quoteOrder" {
				return
			}
			done := s.do(request)
			if done.status != planned.Status || done.header.Get("Location") == "" != (planned.Location == "") || done.header.Get("Idempotent-Replayed") != "" {
				t.Errorf("done: %d %v %s, rehearsed: %+v", done.status, done.header, done.body, planned)
			}
			var stored []string
			rows, err := s.pool.Query(t.Context(), "select type from events where tenant_id = $1 order by position desc limit $2", c.tenant, len(planned.Events))
			must(t, err)
			for rows.Next() {
				var name string
				must(t, rows.Scan(&name))
				stored = append(stored, name)
			}
			must(t, rows.Err())
			slices.Reverse(stored)
			var wanted []string
			for _, e := range planned.Events {
				wanted = append(wanted, e.Type)
			}
			if !slices.Equal(stored, wanted) {
				t.Errorf("stored %v, rehearsed %v", stored, wanted)
			}
		})
	}
}

// rehearsal is what the answer to a dry run has beyond that which it stands for.
type rehearsal struct {
	Status   int
	Location string
	Events   []struct {
		Type string
		Data map[string]any
	}
}

// rehearse sends a request with Prefer: dry-run and holds the answer against what it stands for.
func (c *scene) rehearse(r *httpx.Route, request call) rehearsal {
	c.tb.Helper()
	request.header = map[string]string{"Prefer": "dry-run", "If-Match": request.header["If-Match"]}
	if request.header["If-Match"] == "" {
		delete(request.header, "If-Match")
	}
	got := c.shop.do(request)
	if got.status != http.StatusOK || got.header.Get("Preference-Applied") != "dry-run" || got.get(c.tb, "dry_run", "status") == "" {
		c.tb.Fatalf("dry run: %d %v %s", got.status, got.header, got.body)
	}
	for _, person := range []string{"seven@example.test", "a@example.test", "b@example.test", "pinches", "Musterweg", "Ms Meier", "I would like", `"pii"`} {
		if strings.Contains(string(got.body), person) {
			c.tb.Errorf("dry run shows %s: %s", person, got.body)
		}
	}
	var out struct {
		DryRun rehearsal `json:"dry_run"`
	}
	unmarshal(c.tb, got.body, &out)
	operation := c.shop.contract.operation(r)
	response := operation.Responses.Status(out.DryRun.Status)
	if response == nil {
		c.tb.Fatalf("the document has no status %d: %s", out.DryRun.Status, got.body)
	}
	if real := response.Value.Content["application/json"]; real != nil && real.Schema.Ref != operation.Responses.Status(http.StatusOK).Value.Content["application/json"].Schema.Ref {
		c.tb.Errorf("a dry run is answered with another schema than %s", real.Schema.Ref)
	}
	return out.DryRun
}

// strangers sends a request as the admin of another tenant, and as another customer of the same one.
func (c *scene) strangers(r *httpx.Route, request call) {
	c.tb.Helper()
	request.key = ""
	if r.IfMatch {
		request.header = map[string]string{"If-Match": "*"}
	}
	request.token = c.shop.tokenOf("stranger-"+c.tenant, "admin", "eve")
	got := c.shop.do(request)
	switch {
	case slices.Contains(ownAffairs, r.Operation):
	case r.Operation == "placeOrder" || r.Operation == "quoteOrder" || r.Operation == "makeReservation":
		if got.status < 400 {
			c.tb.Errorf("a stranger: %d %s", got.status, got.body)
		}
	default:
		got.wantProblem(c.tb, http.StatusNotFound, got.get(c.tb, "code"))
	}
	if strings.Contains(string(got.body), "seven@") {
		c.tb.Errorf("a stranger sees %s", got.body)
	}
	if r.Operation == "placeOrder" || r.Operation == "quoteOrder" {
		return // bob may, for himself
	}
	request.token = c.shop.tokenOf(c.tenant, "customer", "bob")
	if got = c.shop.do(request); got.status != http.StatusForbidden {
		got.wantProblem(c.tb, http.StatusNotFound, "order_not_found")
	}
}

// A customer does with own orders what customers do, and no more.
func TestCustomersLife(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "demo")
	c.stocked()
	alice := s.token("customer", "alice")
	draft := c.must(call{method: http.MethodPost, path: "/v1/orders", token: alice, body: `{"draft":true,"currency":"EUR","customer":{"email":"al@example.test"},"lines":` + goods + `}`})
	own := "/v1/orders/" + draft.get(t, "id")
	if draft.get(t, "status") != "draft" || draft.get(t, "customer", "id") != "alice" {
		t.Fatalf("draft: %s", draft.body)
	}
	placed := c.must(call{method: http.MethodPost, path: own + "/actions/place", token: alice})
	if placed.get(t, "status") != "pending" || placed.get(t, "customer", "email") != "al@example.test" {
		t.Errorf("placed: %s", placed.body)
	}
	line := placed.get(t, "lines", "0", "id")
	c.post(own+"/notes", `{"body":"watch this one"}`)
	c.post(own+"/notes", `{"body":"we pack it today","visibility":"customer"}`)
	fewer := c.must(call{method: http.MethodPost, path: own + "/actions/cancel-lines", token: alice, body: `{"lines":[{"line_id":"` + line + `","quantity":1}],"note":"one is enough"}`})
	if fewer.get(t, "lines", "0", "current", "quantity") != "3" || fewer.get(t, "notes", "0", "body") != "we pack it today" || strings.Contains(string(fewer.body), "watch this one") {
		t.Errorf("after canceling a unit: %s", fewer.body)
	}
	c.path["id"] = draft.get(t, "id")
	c.act("/actions/mark-paid", "").act("/fulfillments", "")
	packed := "/fulfillments/" + c.order.get(t, "fulfillments", "0", "id")
	c.act(packed+"/ship", "").act(packed+"/deliver", "")
	back := call{method: http.MethodPost, path: own + "/returns", token: alice, body: `{"lines":[{"line_id":"` + line + `","quantity":1,"note":"it itches"}],"note":"sorry"}`}
	asked := c.must(back)
	if asked.get(t, "returns", "0", "customer_note") != "sorry\nit itches" || asked.get(t, "returns", "0", "requested", "0", "note") != "" {
		t.Errorf("return: %s", asked.body)
	}
	var leaked bool
	must(t, s.pool.QueryRow(t.Context(), `select exists (select from events where convert_from(data, 'UTF8') ~ 'itches|sorry|al@|enough')
		or exists (select from command_results where convert_from(body, 'UTF8') ~ 'itches|sorry|al@|enough')`).Scan(&leaked))
	if leaked {
		t.Error("a customer's words are stored in clear")
	}
	back.body = strings.Replace(back.body, `"note":"sorry"`, `"override_window":true`, 1)
	s.do(back).wantProblem(t, http.StatusForbidden, "insufficient_scope")
	s.do(call{method: http.MethodPost, path: own + "/actions/hold", token: alice}).wantProblem(t, http.StatusForbidden, "insufficient_scope")
}
