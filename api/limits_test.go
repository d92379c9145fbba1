package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// What would make an order come to more than 10^15 minor units is refused at its place, wherever an order can grow, and
// the largest that fits is taken.
func TestLimits_orderTotal(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c := s.scene(t, "demo")
	c.post("/v1/products", `{"sku":"GOLD","name":"Gold","prices":[{"currency":"EUR","amount":1000000000000}],"requires_shipping":true}`)
	c.must(call{method: http.MethodPatch, path: "/v1/inventory/GOLD", body: `{"tracked":false}`})
	c.post("/v1/settings/shipping-methods", `{"id":"convoy","name":"Convoy","kind":"flat","prices":[{"currency":"EUR","amount":1}]}`)
	c.post("/v1/settings/tax-rates", `{"code":"CH-8","country":"CH","rate":81000}`)
	lines := func(quantities ...string) string {
		all := make([]string, len(quantities))
		for i, n := range quantities {
			all[i] = `{"sku":"GOLD","quantity":` + n + `}`
		}
		return `"lines":[` + strings.Join(all, ",") + `]`
	}
	for name, tt := range map[string]struct{ body, pointer string }{
		"a line":       {lines("1001"), "/lines/0/quantity"},
		"the sum":      {lines("600", "401"), "/lines"},
		"many lines":   {lines("1000000", "1000000", "1000000", "1000000", "1000000"), "/lines/0/quantity"},
		"the shipping": {lines("1000") + `,"shipping_method":"convoy"`, "/lines"},
		"the taxes":    {lines("1000") + `,"shipping_address":{"country":"CH"}`, "/lines"},
	} {
		for path, more := range map[string]string{"/v1/orders": "", "/v1/orders/quote": "", "/v1/orders?draft": `"draft":true,`} {
			got := s.post(strings.TrimSuffix(path, "?draft"), `{"currency":"EUR",`+more+tt.body+`}`)
			got.wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
			if pointer := got.get(t, "errors", "0", "pointer"); pointer != tt.pointer {
				t.Errorf("%s of %s: the pointer is %s; want %s: %s", path, name, pointer, tt.pointer, got.body)
			}
		}
	}
	largest := s.post("/v1/orders", `{"currency":"EUR",`+lines("1000")+`}`)
	largest.want(t, http.StatusCreated)
	if total := largest.get(t, "totals", "total", "amount"); total != "1000000000000000" {
		t.Errorf("the largest order comes to %s", total)
	}
	order := "/v1/orders/" + largest.get(t, "id")
	moved := s.do(call{method: http.MethodPatch, path: order, body: `{"shipping_address":{"country":"CH"}}`, header: map[string]string{"If-Match": "*"}})
	moved.wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	if pointer := moved.get(t, "errors", "0", "pointer"); pointer != "/shipping_address/country" {
		t.Errorf("another address: the pointer is %s: %s", pointer, moved.body)
	}
	edit := s.post(order+"/edits", "")
	edit.want(t, http.StatusCreated)
	edits := order + "/edits/" + edit.get(t, "edit", "id")
	staged := s.post(edits+"/changes", `{"kind":"add_line","sku":"GOLD","quantity":1}`) // staged, with what its commit would be told
	if staged.want(t, http.StatusOK); staged.get(t, "refused", "code") != "validation_failed" {
		t.Errorf("the preview of an edit that is too much: %s", staged.body)
	}
	s.do(call{method: http.MethodPost, path: edits + "/commit", header: map[string]string{"If-Match": "*"}}).
		wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
}

// An event of a schema version that this build does not know is not read as one that it knows: reads and commands name it.
func TestCauses_futureSchema(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("GOOD", "10")
	placed := s.place("GOOD")
	order := placed.get(t, "id")
	_, err := s.pool.Exec(t.Context(), `insert into events (log_id, position, tenant_id, stream_id, stream_type, version, event_id, type, schema_version,
			data, metadata, occurred_at, recorded_at)
		select log_id, (select max(position) from events) + 1, tenant_id, stream_id, stream_type, version + 1, $2, 'order.tags_changed.v1', 99,
			'{"added":["x"]}', '{}', now(), now()
		from events where stream_id = $1 order by version desc limit 1`, order, uuid.New())
	must(t, err)
	for _, request := range []call{
		{method: "POST", path: "/v1/orders/" + order + "/actions/hold", body: "{}"},
		{method: "GET", path: "/v1/orders/" + order, header: map[string]string{"Consistency-Token": s.place("GOOD").header.Get("Consistency-Token")}},
		{method: "GET", path: "/v1/orders/" + order + "/timeline"},
	} {
		got := s.do(request)
		got.wantProblem(t, http.StatusServiceUnavailable, "stream_unreadable")
		if detail := got.get(t, "detail"); !strings.Contains(detail, "order.tags_changed.v1") || !strings.Contains(string(got.body), order) {
			t.Errorf("%s %s does not say what cannot be read: %s", request.method, request.path, got.body)
		}
	}
}
