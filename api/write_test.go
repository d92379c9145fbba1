package api_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestPlaceAndCancel(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	s.stocked("TSHIRT-M", "10")
	placed := s.do(call{
		method: http.MethodPost, path: "/v1/orders", key: `"quoted-1"`,
		body: `{"currency":"EUR","customer":{"id":"c1","email":"a@example.test"},"shipping_address":{"name":"Ada","country":"DE"},
			"lines":[{"sku":"TSHIRT-M","quantity":2}],"expected_total":{"amount":2000,"currency":"EUR"}}`,
	})
	placed.want(t, http.StatusCreated)
	id := placed.get(t, "id")
	for name, want := range map[string]string{
		"Location": "/v1/orders/" + id, "Etag": `"v1"`, "Content-Type": "application/json", "Api-Version": "2026-11-01", "Idempotent-Replayed": "",
	} {
		if got := placed.header.Get(name); got != want {
			t.Errorf("header %s = %q, want %q", name, got, want)
		}
	}
	if placed.header.Get("Consistency-Token") == "" || placed.header.Get("Request-Id") == "" {
		t.Errorf("no token or request id: %v", placed.header)
	}
	for _, tt := range []struct{ want, path string }{
		{"2000", "totals total amount"},
		{"2000", "totals amount_due amount"},
		{"pending", "status"},
		{"unpaid", "payment_status"},
		{"unfulfilled", "fulfillment_status"},
		{"none", "return_status"},
		{"[]", "holds"},
		{"1", "version"},
		{"a@example.test", "customer email"},
		{"Ada", "shipping_address name"},
		{"DE", "country"},
		{"2", "lines 0 counters reserved"},
		{`["mark-paid","hold","edit","cancel","cancel-lines"]`, "allowed_actions"},
		{"", "pii"},
	} {
		if got := placed.get(t, strings.Fields(tt.path)...); got != tt.want {
			t.Errorf("%s = %q, want %q", tt.path, got, tt.want)
		}
	}

	again := s.do(call{ // written by another library: other order of keys, other white space, the key bare
		method: http.MethodPost, path: "/v1/orders", key: "quoted-1",
		body: `{"expected_total": {"currency": "EUR", "amount": 2000}, "lines": [ {"quantity": 2, "sku": "TSHIRT-M"} ],
			"shipping_address": {"country": "DE", "name": "Ada"}, "customer": {"email": "a@example.test", "id": "c1"}, "currency": "EUR"}`,
	})
	again.want(t, http.StatusCreated)
	if string(again.body) != string(placed.body) || again.header.Get("Consistency-Token") != placed.header.Get("Consistency-Token") ||
		again.header.Get("Etag") != placed.header.Get("Etag") || again.header.Get("Location") != placed.header.Get("Location") {
		t.Errorf("replay differs:\n%s %v\n%s %v", placed.body, placed.header, again.body, again.header)
	}
	if again.header.Get("Idempotent-Replayed") != "true" || again.header.Get("Original-Request-Id") != placed.header.Get("Request-Id") ||
		again.header.Get("Request-Id") == placed.header.Get("Request-Id") {
		t.Errorf("replay headers: %v", again.header)
	}
	s.do(call{method: http.MethodPost, path: "/v1/orders", key: "quoted-1", body: `{"currency":"EUR","lines":[{"sku":"TSHIRT-M","quantity":3}]}`}).
		wantProblem(t, http.StatusUnprocessableEntity, "idempotency_key_reused")

	cancel := "/v1/orders/" + id + "/actions/cancel"
	stale := s.do(call{method: http.MethodPost, path: cancel, header: map[string]string{"If-Match": `"v9"`}})
	stale.wantProblem(t, http.StatusPreconditionFailed, "version_mismatch")
	if got := stale.get(t, "current_version"); got != "1" {
		t.Errorf("current_version = %s", got)
	}
	canceled := s.do(call{method: http.MethodPost, path: cancel, key: "-", header: map[string]string{"If-Match": `"v1"`}})
	canceled.want(t, http.StatusOK)
	if canceled.get(t, "status") != "canceled" || canceled.get(t, "cancellation", "reason") != "customer" || canceled.get(t, "totals", "amount_due", "amount") != "0" {
		t.Errorf("canceled: %s", canceled.body)
	}
	s.do(call{method: http.MethodPost, path: cancel}).wantProblem(t, http.StatusConflict, "order_terminal")
	s.post("/v1/inventory/TSHIRT-M/receive", `{"quantity":1}`).want(t, http.StatusOK)
}

func TestMarkPaid(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	s.stocked("A", "5")
	id := s.place("A").get(t, "id")
	path := "/v1/orders/" + id + "/actions/mark-paid"
	s.do(call{method: http.MethodPost, path: path, token: s.token("support", "sue")}).wantProblem(t, http.StatusForbidden, "insufficient_scope")
	s.do(call{method: http.MethodPost, path: path, key: "-"}).wantProblem(t, http.StatusBadRequest, "idempotency_key_missing")
	paid := s.post(path, `{"method":"bank_transfer","reference":"row 4"}`)
	paid.want(t, http.StatusOK)
	if paid.get(t, "status") != "confirmed" || paid.get(t, "payment_status") != "paid" || paid.get(t, "payments", "0", "captured", "amount") != "1000" {
		t.Errorf("paid: %s", paid.body)
	}
	stock := s.post("/v1/inventory/A/receive", `{"quantity":1}`)
	if stock.get(t, "committed") != "1" || stock.get(t, "available") != "5" || stock.get(t, "on_hand") != "6" {
		t.Errorf("stock: %s", stock.body)
	}
}

// Refusals of the rules are answers: they are stored, and say everything at once.
func TestRefusals(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	s.stocked("LAST", "1")
	short := call{method: http.MethodPost, path: "/v1/orders", key: "short", body: `{"currency":"EUR","lines":[{"sku":"LAST","quantity":2}]}`}
	first := s.do(short)
	first.wantProblem(t, http.StatusConflict, "insufficient_stock")
	if first.get(t, "available") != "1" || first.get(t, "errors", "0", "meta", "requested") != "2" || first.get(t, "errors", "0", "pointer") != "/lines/0/quantity" {
		t.Errorf("refusal: %s", first.body)
	}
	s.post("/v1/inventory/LAST/receive", `{"quantity":5}`).want(t, http.StatusOK)
	again := s.do(short)
	if string(again.body) != string(first.body) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("one key, two decisions: %s then %s", first.body, again.body)
	}
	for name, tt := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"unknown SKU":      {`{"currency":"EUR","lines":[{"sku":"NOPE","quantity":1}]}`, 422, "sku_unknown"},
		"no lines":         {`{"currency":"EUR","lines":[]}`, 422, "empty_order"},
		"negative":         {`{"currency":"EUR","lines":[{"sku":"LAST","quantity":-1}]}`, 422, "quantity_out_of_range"},
		"too many":         {`{"currency":"EUR","lines":[{"sku":"LAST","quantity":1000001}]}`, 422, "quantity_out_of_range"},
		"other price":      {`{"currency":"EUR","lines":[{"sku":"LAST","quantity":1}],"expected_total":{"amount":1,"currency":"EUR"}}`, 409, "price_changed"},
		"other currency":   {`{"currency":"USD","lines":[{"sku":"LAST","quantity":1}]}`, 422, "currency_unsupported"},
		"unknown currency": {`{"currency":"QQQ","lines":[{"sku":"LAST","quantity":1}]}`, 422, "currency_unsupported"},
		"card number":      {`{"currency":"EUR","lines":[{"sku":"LAST","quantity":1}],"shipping_address":{"line2":"4111 1111 1111 1111"}}`, 422, "sensitive_data_rejected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s.post("/v1/orders", tt.body).wantProblem(t, tt.status, tt.code)
		})
	}
	s.post("/v1/inventory/NOPE/receive", `{"quantity":1}`).wantProblem(t, http.StatusNotFound, "product_not_found")
	taken := call{method: http.MethodPost, path: "/v1/orders", body: `{"external_id":"web-1","currency":"EUR","lines":[{"sku":"LAST","quantity":1}]}`}
	id := s.do(taken).get(t, "id")
	second := s.do(taken)
	second.wantProblem(t, http.StatusConflict, "duplicate_external_id")
	if second.get(t, "existing_id") != id {
		t.Errorf("existing_id %s, want %s", second.get(t, "existing_id"), id)
	}
}

// Of fifty requests with one key one is executed; all get its answer.
func TestTwins(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	s.stocked("TWIN", "100")
	const twins = 50
	bodies := []string{
		`{"currency":"EUR","lines":[{"sku":"TWIN","quantity":1}]}`,
		`{"currency":"EUR","lines":[{"sku":"TWIN","quantity":2}]}`,
	}
	replies := make([]reply, 2*twins)
	errs := make([]error, 2*twins)
	var wg sync.WaitGroup
	for i := range replies {
		c := call{method: http.MethodPost, path: "/v1/orders", key: "twin", body: bodies[0], token: s.token("admin", "t"), header: map[string]string{"Prefer": "wait=5"}}
		if i >= twins { // the same key with two bodies
			c.key, c.body = "rivals", bodies[i%2]
		}
		wg.Go(func() { replies[i], errs[i] = s.send(s.write.URL, c) })
	}
	wg.Wait()
	ids, executed, reused := map[string]bool{}, 0, 0
	for i, r := range replies {
		must(t, errs[i])
		switch {
		case r.status == http.StatusCreated:
			ids[r.get(t, "id")] = true
			if r.header.Get("Idempotent-Replayed") == "" {
				executed++
			}
		case i >= twins && r.get(t, "code") == "idempotency_key_reused":
			reused++
		default:
			t.Errorf("reply %d: %d %s", i, r.status, r.body)
		}
	}
	if len(ids) != 2 || executed != 2 || reused == 0 {
		t.Errorf("%d orders, %d executed, %d refused; want 2, 2, some", len(ids), executed, reused)
	}
	stock := s.post("/v1/inventory/TWIN/receive", `{"quantity":1}`)
	if reserved := stock.get(t, "reserved"); reserved != "2" && reserved != "3" {
		t.Errorf("%s units are reserved; want 1 of the twins and 1 or 2 of the rivals", reserved)
	}
}

// Shoppers share a storefront's client: neither their keys nor their orders may meet.
func TestCustomers(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	s.stocked("C", "10")
	alice, bob := s.token("customer", "alice"), s.token("customer", "bob")
	order := call{method: http.MethodPost, path: "/v1/orders", key: "cart-1", body: `{"currency":"EUR","customer":{"email":"x@example.test"},"lines":[{"sku":"C","quantity":1}]}`}
	order.token = alice
	hers := s.do(order)
	order.token = bob
	his := s.do(order)
	if hers.get(t, "id") == his.get(t, "id") || hers.get(t, "customer", "id") != "alice" || his.get(t, "customer", "id") != "bob" {
		t.Fatalf("keys met: %s and %s", hers.body, his.body)
	}
	cancel := call{method: http.MethodPost, path: "/v1/orders/" + hers.get(t, "id") + "/actions/cancel", token: bob, body: `{"note":"too slow"}`}
	s.do(cancel).wantProblem(t, http.StatusNotFound, "order_not_found")
	cancel.token = alice
	canceled := s.do(cancel)
	canceled.want(t, http.StatusOK)
	if canceled.get(t, "customer_note") != "too slow" || canceled.get(t, "cancellation", "note") != "" || canceled.get(t, "customer", "email") != "x@example.test" {
		t.Errorf("canceled: %s", canceled.body)
	}
	order.body = `{"currency":"EUR","customer":{"id":"alice"},"lines":[{"sku":"C","quantity":1}]}`
	order.key = ""
	s.do(order).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
}

// A destroyed key leaves the order and the stored answer, without the person.
func TestErasedReplay(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	s.stocked("E", "10")
	order := call{method: http.MethodPost, path: "/v1/orders", key: "k", body: `{"currency":"EUR","customer":{"id":"eve","email":"eve@example.test"},"lines":[{"sku":"E","quantity":1}]}`}
	s.do(order).want(t, http.StatusCreated)
	var leaked bool
	must(t, s.pool.QueryRow(t.Context(), `select exists (select from events where convert_from(data, 'UTF8') like '%eve@%')
		or exists (select from command_results where convert_from(body, 'UTF8') like '%eve@%')`).Scan(&leaked))
	if leaked {
		t.Error("personal data is stored in clear")
	}
	must(t, s.vault.Destroy(t.Context(), "demo", "customer:eve"))
	again := s.do(order)
	again.want(t, http.StatusCreated)
	if again.get(t, "personal_data") != "erased" || again.header.Get("Idempotent-Replayed") != "redacted" {
		t.Errorf("replay after erasure: %v %s", again.header, again.body)
	}
	order.key = "k2"
	s.do(order).wantProblem(t, http.StatusUnprocessableEntity, "erased_customer")
	if strings.Contains(string(again.body), "eve@") {
		t.Errorf("the person is still there: %s", again.body)
	}
}
