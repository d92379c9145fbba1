package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ordermill/ordermill/api/write"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/eventstore"
)

// A guest's order that is refused, or was placed before, leaves no key behind; one that is placed has its key.
func TestErase_unusedKeys(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "demo").stocked()
	keys := func() (n int) {
		must(t, s.pool.QueryRow(t.Context(), "select count(*) from person_keys where tenant_id = 'demo'").Scan(&n))
		return n
	}
	order := func(key, quantity string) reply {
		return s.do(call{
			method: http.MethodPost, path: "/v1/orders", key: key,
			body: `{"currency":"EUR","customer":{"email":"gus@example.test"},"lines":[{"sku":"TSHIRT-M","quantity":` + quantity + `}]}`,
		})
	}
	placed := order("first", "1")
	placed.want(t, http.StatusCreated)
	before := keys()
	if again := order("first", "1"); again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("not replayed: %d %s", again.status, again.body)
	}
	order("first", "2").wantProblem(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
	order("second", "1000000").wantProblem(t, http.StatusConflict, "insufficient_stock")
	order("second", "1000000").wantProblem(t, http.StatusConflict, "insufficient_stock")
	if after := keys(); before != 1 || after != before {
		t.Errorf("%d keys, %d before", after, before)
	}
	if got := c.post("/v1/orders/"+placed.get(t, "id")+"/notes", `{"body":"rang twice"}`); got.get(t, "customer", "email") != "gus@example.test" {
		t.Errorf("the key that is used: %d %s", got.status, got.body)
	}
}

// A guest is erased by the order, whose key is the guest's. Nobody else is touched.
func TestErase_guest(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "demo").stocked()
	guest := func(extra string) reply {
		return c.post("/v1/orders", `{"currency":"EUR","customer":{"email":"gus@example.test"},"lines":`+goods+extra+`}`)
	}
	gone, stays, draft := guest(""), guest(""), guest(`,"draft":true`)
	for _, order := range []reply{gone, draft} {
		erased := c.post("/v1/customers/order:"+order.get(t, "id")+"/erase", "")
		if erased.status != http.StatusAccepted || erased.get(t, "key_destroyed") != "true" {
			t.Errorf("erased: %d %s", erased.status, erased.body)
		}
		c.path["id"] = order.get(t, "id")
		seen := c.match("PATCH", "/v1/orders/{id}", `{"tags":["x"]}`, "*")
		if seen.get(t, "personal_data") != "erased" || strings.Contains(string(seen.body), "gus@") {
			t.Errorf("after the erasure: %s", seen.body)
		}
		c.match("PATCH", "/v1/orders/{id}", `{"customer":{"email":"new@example.test"}}`, "*").wantProblem(t, http.StatusUnprocessableEntity, "erased_customer")
		c.try("POST", "/v1/orders/"+order.get(t, "id")+"/notes", `{"body":"it pinches","from":"customer"}`).wantProblem(t, http.StatusUnprocessableEntity, "erased_customer")
	}
	c.try("POST", "/v1/orders/"+draft.get(t, "id")+"/actions/place", "").wantProblem(t, http.StatusUnprocessableEntity, "erased_customer")
	c.path["id"] = stays.get(t, "id")
	if seen := c.match("PATCH", "/v1/orders/{id}", `{"tags":["x"]}`, "*"); seen.get(t, "customer", "email") != "gus@example.test" {
		t.Errorf("another guest: %s", seen.body)
	}
	c.try("PUT", "/v1/customers/order:"+stays.get(t, "id")+"/legal-hold", `{"reason":"case 9"}`).want(t, http.StatusOK)
	c.try("POST", "/v1/customers/order:"+stays.get(t, "id")+"/erase", "").wantProblem(t, http.StatusConflict, "legal_hold")
	of := s.scene(t, "demo").placed("")
	for _, nobody := range []string{"order:" + nowhere, "order:" + of.path["id"]} {
		c.try("POST", "/v1/customers/"+nobody+"/erase", "").wantProblem(t, http.StatusNotFound, "customer_not_found")
	}
	c.try("POST", "/v1/orders", `{"currency":"EUR","customer":{"id":"order:`+nowhere+`"},"lines":`+goods+`}`).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
}

// Whoever could order can be erased, and the answer says that a key is destroyed only if there was one.
func TestErase_anybody(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "demo").stocked()
	for name, id := range map[string]string{
		"short": "x", "long": strings.Repeat("l", 255), "of wide letters": strings.Repeat("ж", 127), "an address": "a@example.test", "like a key": "customer:1",
	} {
		c.must(call{method: http.MethodPost, path: "/v1/orders", body: `{"currency":"EUR","customer":{"id":` + quoted(t, id) + `,"email":"a@example.test"},"lines":` + goods + `}`})
		erased := c.post("/v1/customers/"+url.PathEscape(id)+"/erase", "")
		if erased.get(t, "key_destroyed") != "true" || erased.get(t, "customer_id") != id {
			t.Errorf("%s: %s", name, erased.body)
		}
	}
	for _, id := range []string{"made-up", "order:x"} {
		for range 2 { // the row that keeps a key from being made is none that was destroyed
			if erased := c.post("/v1/customers/"+id+"/erase", ""); erased.get(t, "key_destroyed") != "false" || erased.get(t, "erased_at") == "" {
				t.Errorf("%s: %s", id, erased.body)
			}
		}
		c.try("POST", "/v1/orders", `{"currency":"EUR","customer":{"id":"`+id+`"},"lines":`+goods+`}`).wantProblem(t, http.StatusUnprocessableEntity, "erased_customer")
	}
}

// The event and the end of the key are one fact: whatever becomes of the process in between, both are there or neither.
func TestErase_atomic(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "demo").placed("")
	const keys = `select count(*) from person_keys where subject = 'customer:c-7' and wrapped is not null`
	var alive int
	must(t, s.pool.QueryRow(t.Context(), keys).Scan(&alive))
	if alive != 1 {
		t.Fatalf("%d keys before the erasure", alive)
	}
	erase := customer.Erase{CustomerID: "c-7", KeyID: customer.KeyOf("c-7"), At: time.Now()}
	// The command alone, as if the process ended right after it.
	_, err := s.engine.Do(t.Context(), commands.Request{
		Tenant: "demo", Command: commands.ChangeCustomer{CustomerID: "c-7", Command: erase, At: erase.At},
		Answer: func(commands.Outcome) eventstore.Answer { return eventstore.Answer{} },
	})
	must(t, err)
	must(t, s.pool.QueryRow(t.Context(), keys).Scan(&alive))
	if alive != 0 {
		t.Error("the erasure is in the log, and the key is not destroyed")
	}
	if told := c.post("/v1/customers/c-7/erase", ""); told.get(t, "key_destroyed") != "true" {
		t.Errorf("told: %s", told.body)
	}
}

// Another process, with the keys still in its memory, neither takes new data of the person nor goes on showing the old.
func TestErase_elsewhere(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c := s.scene(t, "demo").placed("")
	draft := c.post("/v1/orders", `{"currency":"EUR","draft":true,"customer":{"id":"c-7","email":"seven@example.test"},"lines":`+goods+`}`)
	elsewhere, err := eventstore.NewVault(s.pool, eventstore.VaultConfig{MasterKeys: masterKeys})
	must(t, err)
	host, err := write.New(write.Config{Do: s.engine.Do, Store: s.store, Vault: elsewhere, Auth: s.auth, Tokens: s.tokens})
	must(t, err)
	server := httptest.NewServer(host)
	t.Cleanup(server.Close)
	send := func(method, path, body string) reply {
		r, err := s.send(server.URL, call{method: method, path: path, body: body, token: c.token, header: map[string]string{"If-Match": "*"}})
		must(t, err)
		return r
	}
	order := "/v1/orders/" + c.path["id"]
	warm := send(http.MethodPatch, order, `{"customer":{"phone":"1"}}`)
	if warm.get(t, "customer", "email") != "seven@example.test" {
		t.Fatalf("before the erasure: %s", warm.body)
	}
	shown := s.get(order, warm)
	if shown.get(t, "customer", "phone") != "1" {
		t.Fatalf("before the erasure: %s", shown.body)
	}
	erased := c.post("/v1/customers/c-7/erase", "")
	for _, again := range []reply{
		send(http.MethodPatch, order, `{"customer":{"email":"new@example.test"}}`),
		send(http.MethodPost, order+"/notes", `{"body":"hello","from":"customer"}`),
		send(http.MethodPost, "/v1/orders", `{"currency":"EUR","customer":{"id":"c-7","email":"new@example.test"},"lines":`+goods+`}`),
		send(http.MethodPost, "/v1/orders/"+draft.get(t, "id")+"/actions/place", ""),
	} {
		again.wantProblem(t, http.StatusUnprocessableEntity, "erased_customer")
	}
	if seen := s.get(order, erased); seen.get(t, "personal_data") != "erased" || strings.Contains(string(seen.body), "seven@") {
		t.Errorf("a read that knows of the erasure: %s", seen.body)
	}
	commands.ForgetErased(elsewhere, s.recorded(t))
	if seen := send(http.MethodPatch, order, `{"tags":["b"]}`); seen.get(t, "personal_data") != "erased" {
		t.Errorf("once the log has told of it: %s", seen.body)
	}
}

// What is written about a return is sealed, also line by line and whoever types it in: the log has it nowhere in clear.
func TestErase_returnWords(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "demo").delivered()
	c.act("/returns", `{"note":"it pinches","lines":[{"line_id":"`+exampleLine+`","quantity":1,"note":"Ada's left shoulder"}]}`)
	if shown := c.order.get(t, "returns", "last", "customer_note"); shown != "it pinches\nAda's left shoulder" {
		t.Errorf("shown: %q", shown)
	}
	for _, e := range s.recorded(t) {
		if strings.Contains(string(e.Data), "shoulder") || strings.Contains(string(e.Data), "pinches") {
			t.Errorf("in clear: %s", e.Data)
		}
	}
}

// recorded are all events of the log.
func (s *shop) recorded(tb testing.TB) []eventstore.Recorded {
	tb.Helper()
	recorded, err := s.store.Read(tb.Context(), 0, 10_000)
	must(tb, err)
	return recorded
}

func quoted(tb testing.TB, text string) string {
	tb.Helper()
	out, err := json.Marshal(text)
	must(tb, err)
	return string(out)
}
