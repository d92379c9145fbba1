package api_test

import (
	"bytes"
	"crypto/ed25519"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/httpx"
)

func TestReadCustomers(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("C", "100")
	order := func(customer, email string, quantity string) reply {
		r := s.post("/v1/orders", `{"currency":"EUR","customer":{"id":"`+customer+`","email":"`+email+`"},"lines":[{"sku":"C","quantity":`+quantity+`}]}`)
		r.want(t, http.StatusCreated)
		return r
	}
	first := order("c-7", "old@example.test", "1")
	last := order("c-7", "seven@example.test", "3")
	order("c-8", "eight@example.test", "1")
	canceled := s.post("/v1/orders/"+first.get(t, "id")+"/actions/cancel", "")
	got := s.get("/v1/customers/c-7", canceled)
	for path, want := range map[string]string{
		"customer_id": "c-7", "currencies.0.orders": "2", "currencies.0.canceled_orders": "1", "currencies.0.units": "4", "currencies.0.currency": "EUR",
		"currencies.0.gross.amount": "4000", "currencies.0.cancellations.amount": "1000", "currencies.0.net.amount": "3000",
		"currencies.0.first_order_id": first.get(t, "id"), "currencies.0.last_order_id": last.get(t, "id"), "contact.email": "seven@example.test",
	} {
		if value := got.get(t, strings.Split(path, ".")...); value != want {
			t.Errorf("%s is %s, want %s: %s", path, value, want, got.body)
		}
	}
	if masked := s.do(call{method: http.MethodGet, path: "/v1/customers/c-7", token: s.scoped("customers:read")}); masked.get(t, "personal_data") != "masked" || strings.Contains(string(masked.body), "@example") {
		t.Errorf("without customers:pii: %s", masked.body)
	}
	list := s.get("/v1/customers?sort=customer_id", canceled)
	if ids := list.list(t, "customer_id"); len(ids) != 2 || ids[0] != "c-7" || strings.Contains(string(list.body), "@example") {
		t.Errorf("list: %s", list.body)
	}
	page := s.get("/v1/customers?limit=1", canceled)
	if page.get(t, "data", "0", "customer_id") != "c-8" || page.get(t, "page", "has_more") != "true" {
		t.Errorf("who ordered last: %s", page.body)
	}
	s.get("/v1/customers?sort=name").wantProblem(t, http.StatusBadRequest, "unknown_filter")
	s.get("/v1/customers/nobody", canceled).wantProblem(t, http.StatusNotFound, "customer_not_found")
	stranger := s.tokenOf("other", "admin", "eve")
	s.as(stranger, "/v1/customers/c-7").wantProblem(t, http.StatusNotFound, "customer_not_found")
	if theirs := s.as(stranger, "/v1/customers"); theirs.get(t, "data") != "[]" {
		t.Errorf("another tenant sees %s", theirs.body)
	}
	held := s.do(call{method: http.MethodPut, path: "/v1/customers/c-8/legal-hold", body: `{"reason":"case 118"}`})
	held.want(t, http.StatusOK)
	if got := s.get("/v1/customers/c-8", held); got.get(t, "legal_hold", "reason") != "case 118" {
		t.Errorf("a legal hold: %s", got.body)
	}
	erased := s.post("/v1/customers/c-7/erase", `{}`)
	if erased.status >= 300 {
		t.Fatalf("erase: %d %s", erased.status, erased.body)
	}
	gone := s.get("/v1/customers/c-7", erased)
	if gone.get(t, "personal_data") != "erased" || gone.get(t, "erased_at") == "" || gone.get(t, "currencies", "0", "orders") != "2" || strings.Contains(string(gone.body), "@example") {
		t.Errorf("after erasing: %s", gone.body)
	}
}

// scoped returns a token with these scopes only.
func (s *shop) scoped(scopes string) string {
	s.tb.Helper()
	key, err := s.issuer.Key()
	must(s.tb, err)
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": httpx.DevelopmentIssuer, "aud": httpx.DevelopmentAudience, "sub": "sue", "client_id": "desk", "tenant": "demo", "role": "admin", "scope": scopes,
		"jti": uuid.NewString(), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	token.Header["typ"], token.Header["kid"] = "at+jwt", key.ID
	signed, err := token.SignedString(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)))
	must(s.tb, err)
	return signed
}

func TestReadReservations(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("V", "10")
	made := s.post("/v1/reservations", `{"lines":[{"sku":"V","quantity":2}],"reference":"basket 1"}`)
	made.want(t, http.StatusCreated)
	path := "/v1/reservations/" + made.get(t, "id")
	if got := s.get(path, made); string(got.body) != string(made.body) || got.header.Get("Etag") != made.header.Get("Etag") {
		t.Errorf("a read differs from the write's answer:\n%s\n%s", got.body, made.body)
	}
	if list := s.get("/v1/reservations?status=active", made); len(list.list(t, "id")) != 1 {
		t.Errorf("list: %s", list.body)
	}
	gone := s.do(call{method: http.MethodDelete, path: path})
	gone.want(t, http.StatusNoContent)
	if got := s.get(path, gone); got.get(t, "status") != "released" || got.get(t, "version") != "2" {
		t.Errorf("after its end: %s", got.body)
	}
	if list := s.get("/v1/reservations?status=active", gone); len(list.list(t, "id")) != 0 {
		t.Errorf("list: %s", list.body)
	}
	s.get("/v1/reservations?status=lost").wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	for _, wrong := range []string{"/v1/reservations/nonsense", "/v1/reservations/" + nowhere, "/v1/reservations/" + s.place("V").get(t, "id")} {
		s.get(wrong).wantProblem(t, http.StatusNotFound, "reservation_not_found")
	}
	s.as(s.tokenOf("other", "admin", "eve"), path).wantProblem(t, http.StatusNotFound, "reservation_not_found")
}
