package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/write"
)

// A quote's token stands for its total: for the same lines, the same customer, the same shop, and 15 minutes.
func TestQuote(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "demo").stocked()
	body := `{"currency":"EUR","lines":[{"sku":"TSHIRT-M","quantity":2},{"sku":"VOUCHER-25","quantity":400000}],"shipping_address":{"name":"Ada","country":"DE"},"shipping_method":"standard","discount_codes":["spring"]}`
	before := c.trace()
	quote := c.post("/v1/orders/quote", body)
	if after := c.trace(); after != before {
		t.Errorf("a quote left a trace: %s, before %s", after, before)
	}
	for _, tt := range []struct{ want, path string }{
		{"true", "lines 0 availability in_stock"},
		{"false", "lines 1 availability in_stock"},
		{"200000", "lines 1 availability available"},
		{"false", "lines 1 availability backorderable"},
		{"490", "totals shipping amount"},
		{"SPRING", "discounts 0 code"},
	} {
		if got := quote.get(t, strings.Fields(tt.path)...); got != tt.want {
			t.Errorf("%s = %q, want %q", tt.path, got, tt.want)
		}
	}
	body = strings.Replace(body, "400000", "1", 1)
	quote = c.post("/v1/orders/quote", body)
	token := `,"quote_token":"` + quote.get(t, "quote_token") + `"}`
	with := strings.TrimSuffix(body, "}") + token
	other := s.scene(t, "other").stocked()
	for name, refused := range map[string]reply{
		"other lines":   c.try("POST", "/v1/orders", strings.Replace(with, `"quantity":2`, `"quantity":3`, 1)),
		"other country": c.try("POST", "/v1/orders", strings.Replace(with, `"DE"`, `"FR"`, 1)),
		"other shop":    other.try("POST", "/v1/orders", with),
		"another one":   s.do(call{method: "POST", path: "/v1/orders", body: with, token: s.token("customer", "bob")}),
		"made up":       c.try("POST", "/v1/orders", strings.Replace(with, token, `,"quote_token":"AQ"}`, 1)),
		"two totals":    c.try("POST", "/v1/orders", strings.TrimSuffix(with, "}")+`,"expected_total":{"amount":1,"currency":"EUR"}}`),
	} {
		if refused.status != http.StatusUnprocessableEntity || refused.get(t, "code") != "validation_failed" || !strings.Contains(refused.get(t, "errors", "0", "pointer"), "/") {
			t.Errorf("%s: %d %s", name, refused.status, refused.body)
		}
	}
	order := call{method: "POST", path: "/v1/orders", body: with, key: "quoted"}
	placed := c.must(order)
	if placed.get(t, "totals", "total", "amount") != quote.get(t, "totals", "total", "amount") {
		t.Errorf("placed %s, quoted %s", placed.body, quote.body)
	}
	c.must(call{method: "PATCH", path: "/v1/products/TSHIRT-M", body: `{"prices":[{"amount":2990,"currency":"EUR"}]}`})
	c.try("POST", "/v1/orders", with).wantProblem(t, http.StatusConflict, "price_changed")
	s.skew.Store(int64(16 * time.Minute))
	stale := c.try("POST", "/v1/orders", with)
	stale.wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	if !strings.Contains(stale.get(t, "detail"), "ended at") {
		t.Errorf("stale: %s", stale.body)
	}
	if again := c.must(order); string(again.body) != string(placed.body) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the order that was placed with it: %v %s", again.header, again.body)
	}
}

// A merge patch changes what it names and leaves the rest, personal data included.
func TestPatchOrder(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "demo").stocked()
	c.order = c.post("/v1/orders", `{"currency":"EUR","customer":{"id":"c-1","email":"a@example.test","phone":"1"},"shipping_address":{"name":"Ada","line1":"Way 1","line2":"back","country":"DE"},"lines":`+goods+`}`)
	c.path["id"] = c.order.get(t, "id")
	patch := func(body, etag string) reply { return c.match("PATCH", "/v1/orders/{id}", body, etag) }
	both := patch(`{"tags":["b","a"],"metadata":{"x":"1","y":"2"},"customer":{"email":"b@example.test"},"shipping_address":{"line1":"Way 2","line2":null},"billing_address":{"company":"ACME"}}`, `"v1"`)
	both.want(t, http.StatusOK)
	for _, tt := range []struct{ want, path string }{
		{`["a","b"]`, "tags"},
		{`{"x":"1","y":"2"}`, "metadata"},
		{"b@example.test", "customer email"},
		{"1", "customer phone"},
		{"Ada", "shipping_address name"},
		{"Way 2", "shipping_address line1"},
		{"", "shipping_address line2"},
		{"DE", "country"},
		{"ACME", "billing_address company"},
	} {
		if got := both.get(t, strings.Fields(tt.path)...); got != tt.want {
			t.Errorf("%s = %q, want %q", tt.path, got, tt.want)
		}
	}
	patch(`{"tags":["c"]}`, `"v1"`).wantProblem(t, http.StatusPreconditionFailed, "version_mismatch")
	patch(`{"tags":["c"],"lines":[{"sku":"TSHIRT-M","quantity":1}]}`, "*").wantProblem(t, http.StatusConflict, "invalid_state")
	less := patch(`{"tags":null,"metadata":{"x":null},"customer":{"phone":null},"billing_address":null}`, "*")
	less.want(t, http.StatusOK)
	if less.get(t, "tags") != "" || less.get(t, "metadata") != `{"y":"2"}` || less.get(t, "customer", "phone") != "" || less.get(t, "customer", "email") != "b@example.test" || less.get(t, "billing_address") != "" {
		t.Errorf("taken away: %s", less.body)
	}
	same := patch(`{"customer":{"email":"b@example.test"},"shipping_address":{"name":"Ada"}}`, "*")
	if same.header.Get("Etag") != less.header.Get("Etag") {
		t.Errorf("a patch that changes nothing changed the version: %s, %s", same.header.Get("Etag"), less.header.Get("Etag"))
	}
	merged := s.do(call{method: "PATCH", path: "/v1/orders/" + c.path["id"], body: `{"tags":["z"]}`, header: map[string]string{"If-Match": "*", "Content-Type": "application/merge-patch+json"}})
	merged.want(t, http.StatusOK)
	var wg sync.WaitGroup
	replies := make([]reply, 8)
	errs := make([]error, len(replies))
	for i := range replies {
		field := [...]string{"name", "company", "line1", "line2", "city", "region", "postal_code", "phone"}[i]
		request := call{method: "PATCH", path: "/v1/orders/" + c.path["id"], body: `{"billing_address":{"` + field + `":"new"}}`, token: c.token, header: map[string]string{"If-Match": "*"}}
		wg.Go(func() {
			for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
				if replies[i], errs[i] = s.send(s.write.URL, request); errs[i] != nil || replies[i].status == http.StatusOK {
					return
				}
			}
		})
	}
	wg.Wait()
	for i := range replies {
		must(t, errs[i])
		replies[i].want(t, http.StatusOK)
	}
	last := patch(`{"tags":["end"]}`, "*")
	if address := last.get(t, "billing_address"); strings.Count(address, `"new"`) != len(replies) {
		t.Errorf("changes were lost: %s", address)
	}
}

// The preview of an edit is what committing it then does.
func TestEditPreview(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "demo").editing()
	stage := call{method: "POST", path: "/v1/orders/" + c.path["id"] + "/edits/" + c.path["edit_id"] + "/changes", key: "staged", body: `{"kind":"set_quantity","line_id":"` + c.swap[exampleLine] + `","quantity":6}`}
	preview := c.must(stage)
	if preview.get(t, "amount_delta", "amount") != "3980" || preview.get(t, "changes", "0", "quantity") != "6" || preview.get(t, "totals_after", "total", "amount") != "19900" || preview.get(t, "order", "edit", "id") != c.path["edit_id"] {
		t.Fatalf("preview: %s", preview.body)
	}
	commit := "/v1/orders/{id}/edits/{edit_id}/commit"
	c.try("POST", commit, "").wantProblem(t, http.StatusPreconditionRequired, "precondition_required")
	c.match("POST", commit, `{"expected_delta":{"amount":1,"currency":"EUR"}}`, "*").wantProblem(t, http.StatusConflict, "price_changed")
	c.match("POST", commit, `{"expected_delta":{"amount":1,"currency":"USD"}}`, "*").wantProblem(t, http.StatusUnprocessableEntity, "currency_unsupported")
	done := c.match("POST", commit, `{"expected_delta":{"amount":3980,"currency":"EUR"}}`, preview.header.Get("Etag"))
	done.want(t, http.StatusOK)
	if done.get(t, "totals", "current_total", "amount") != "19900" || done.get(t, "lines", "0", "current", "total", "amount") != "11940" || done.get(t, "totals", "amount_due", "amount") != "3980" {
		t.Errorf("committed: %s", done.body)
	}
	again := c.must(stage)
	if again.header.Get("Idempotent-Replayed") != "true" || again.get(t, "totals_after") != "" || again.get(t, "order") != preview.get(t, "order") {
		t.Errorf("replay after the edit: %v %s", again.header, again.body)
	}
	c.act("/edits", "")
	c.path["edit_id"] = c.order.get(t, "edit", "id")
	short := c.try("POST", "/v1/orders/{id}/edits/{edit_id}/changes", `{"kind":"set_quantity","line_id":"`+exampleLine+`","quantity":400000}`)
	short.want(t, http.StatusOK)
	if short.get(t, "refused", "code") != "insufficient_stock" {
		t.Errorf("preview of what cannot be: %s", short.body)
	}
}

// A refund may be called refund_amount, but not both; and no limit is 0, which would mean its default.
func TestNames(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "demo").cameBack()
	resolve := "/v1/orders/{id}/returns/{return_id}/resolve"
	both := c.try("POST", resolve, `{"refund":{"amount":100,"currency":"EUR"},"refund_amount":{"amount":100,"currency":"EUR"}}`)
	both.wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	c.try("POST", resolve, `{"refund_amount":{"amount":100,"currency":"USD"}}`).wantProblem(t, http.StatusUnprocessableEntity, "currency_unsupported")
	done := c.try("POST", resolve, `{"refund_amount":{"amount":100,"currency":"EUR"}}`)
	done.want(t, http.StatusOK)
	if got := done.get(t, "returns", "0", "refund", "amount"); got != "100" {
		t.Errorf("refund of %s: %s", got, done.body)
	}
	for _, setting := range []struct{ path, body string }{
		{"discounts", `{"code":"NONAME","kind":"percentage","rate":100000}`},
		{"locations", `{"name":"South hall"}`},
		{"shipping-methods", `{"name":"Van","kind":"flat","prices":[{"amount":100,"currency":"EUR"}]}`},
		{"tax-rates", `{"tax_class":"standard","country":"*","code":"VAT","rate":200000}`},
	} {
		made := c.try("POST", "/v1/settings/"+setting.path, setting.body)
		made.want(t, http.StatusCreated)
		if id := made.get(t, "id"); setting.path != "tax-rates" && (uuid.Validate(id) != nil || made.header.Get("Location") != "/v1/settings/"+setting.path+"/"+id) {
			t.Errorf("%s without a name: %v %s", setting.path, made.header, made.body)
		}
		c.try("DELETE", made.header.Get("Location"), "").want(t, http.StatusNoContent)
	}
	for _, name := range []string{"max_lines", "max_quantity", "order_expiry_minutes", "reservation_minutes"} {
		c.try("PUT", "/v1/settings/limits", `{"`+name+`":0}`).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	}
}

// An erased customer is gone from every answer, and stays gone.
func TestErase(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "demo").noted("customer")
	erase := call{method: "POST", path: "/v1/customers/c-7/erase", body: `{"reason":"asked for it"}`, key: "erase"}
	first := c.must(erase)
	if first.status != http.StatusAccepted || first.get(t, "key_destroyed") != "true" || first.get(t, "erased_at") == "" {
		t.Errorf("erased: %d %s", first.status, first.body)
	}
	if again := c.must(erase); string(again.body) != string(first.body) {
		t.Errorf("again: %s", again.body)
	}
	c.must(call{method: "POST", path: "/v1/customers/c-7/erase"})
	seen := c.match("PATCH", "/v1/orders/{id}", `{"tags":["x"]}`, "*")
	seen.want(t, http.StatusOK)
	if seen.get(t, "personal_data") != "erased" || strings.Contains(string(seen.body), "seven@") || strings.Contains(string(seen.body), "first words") {
		t.Errorf("after the erasure: %s", seen.body)
	}
	c.match("PATCH", "/v1/orders/{id}", `{"customer":{"email":"new@example.test"}}`, "*").wantProblem(t, http.StatusUnprocessableEntity, "erased_customer")
	again := call{method: "POST", path: "/v1/orders", body: `{"currency":"EUR","customer":{"id":"c-7","email":"new@example.test"},"lines":` + goods + `}`, token: c.token}
	s.do(again).wantProblem(t, http.StatusUnprocessableEntity, "erased_customer")
	again.header = map[string]string{"Prefer": "dry-run"}
	s.do(again).wantProblem(t, http.StatusUnprocessableEntity, "erased_customer")
	c.try("PUT", "/v1/customers/c-7/legal-hold", `{"reason":"case 2"}`).wantProblem(t, http.StatusUnprocessableEntity, "erased_customer")
	c.try("PUT", "/v1/customers/c-8/legal-hold", `{"reason":"case 2"}`).want(t, http.StatusOK)
	c.try("POST", "/v1/customers/c-8/erase", "").wantProblem(t, http.StatusConflict, "legal_hold")
	c.try("DELETE", "/v1/customers/c-8/legal-hold", "").want(t, http.StatusNoContent)
	c.try("POST", "/v1/customers/c-8/erase", "").want(t, http.StatusAccepted)
}

// downVault has lost its keys.
type downVault struct{ write.Vault }

func (downVault) Seal(context.Context, string, string, uuid.UUID, []byte) (json.RawMessage, error) {
	return nil, errors.New("down")
}

func (downVault) Open(context.Context, string, []byte, uuid.UUID) ([]byte, error) {
	return nil, errors.New("down")
}

func (downVault) Destroyed(context.Context, string, string) (bool, error) {
	return false, errors.New("down")
}

// Without keys nothing personal is taken, and an erasure is done all the same, since the database does it: only what
// became of the key cannot be told yet.
func TestVaultDown(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "demo").placed("")
	host, err := write.New(write.Config{Do: s.engine.Do, Store: s.store, Vault: downVault{s.vault}, Auth: s.auth, Tokens: s.tokens})
	must(t, err)
	down := httptest.NewServer(host)
	t.Cleanup(down.Close)
	before := c.trace()
	send := func(request call) reply {
		request.token = c.token
		r, err := s.send(down.URL, request)
		must(t, err)
		return r
	}
	order := "/v1/orders/" + c.path["id"]
	for _, request := range []call{
		{method: "POST", path: "/v1/orders", body: `{"currency":"EUR","customer":{"email":"x@example.test"},"lines":` + goods + `}`},
		{method: "PATCH", path: order, body: `{"customer":{"phone":"1"}}`, header: map[string]string{"If-Match": "*"}},
		{method: "POST", path: order + "/notes", body: `{"body":"I want it blue","from":"customer"}`},
	} {
		send(request).wantProblem(t, http.StatusServiceUnavailable, string(httpx.CodeDependencyUnavailable))
	}
	if after := c.trace(); after != before {
		t.Errorf("left a trace: %s, before %s", after, before)
	}
	if r := send(call{method: "PATCH", path: order, body: `{"tags":["a"]}`, header: map[string]string{"If-Match": "*"}}); r.get(t, "personal_data") != "unavailable" {
		t.Errorf("without keys: %d %s", r.status, r.body)
	}
	erase := call{method: "POST", path: "/v1/customers/c-7/erase", key: "erase"}
	send(erase).wantProblem(t, http.StatusServiceUnavailable, string(httpx.CodeDependencyUnavailable))
	if trace := c.trace(); !strings.Contains(trace, `"customer:c-7": true`) {
		t.Errorf("the key lives on: %s", trace)
	}
	done := c.must(erase)
	if done.get(t, "key_destroyed") != "true" || done.header.Get("Idempotent-Replayed") != "true" || !strings.Contains(c.trace(), `"customer:c-7": true`) {
		t.Errorf("erased: %s, %s", done.body, c.trace())
	}
}
