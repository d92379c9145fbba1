package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// configure gives the tenant demo one of every setting.
func (s *shop) configure() (last reply) {
	s.tb.Helper()
	for _, w := range [][3]string{
		{http.MethodPost, "tax-rates", `{"code":"DE-19","country":"DE","rate":190000,"inclusive":true}`},
		{http.MethodPost, "tax-rates", `{"code":"STD","rate":200000}`},
		{http.MethodPost, "shipping-methods", `{"id":"standard","name":"Parcel","kind":"flat","prices":[{"amount":490,"currency":"EUR"}]}`},
		{http.MethodPost, "discounts", `{"id":"spring","code":"SPRING","kind":"percentage","rate":100000,"usage_limit":3}`},
		{http.MethodPost, "discounts", `{"id":"free","code":"FREE","kind":"percentage","rate":50000}`},
		{http.MethodPost, "locations", `{"id":"north","name":"North hall","priority":2}`},
		{http.MethodPost, "locations", `{"id":"main","name":"Main hall","priority":1}`},
		{http.MethodPut, "payment-policy", `{"policy":"authorized"}`},
		{http.MethodPut, "time-zone", `{"time_zone":"Europe/Berlin"}`},
		{http.MethodPut, "rounding", `{"mode":"half_even","scope":"order"}`},
		{http.MethodPut, "limits", `{"max_lines":20}`},
	} {
		last = s.do(call{method: w[0], path: "/v1/settings/" + w[1], body: w[2]})
		if last.status >= 300 {
			s.tb.Fatalf("%v: %d %s", w, last.status, last.body)
		}
	}
	return last
}

func TestReadSettings(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	before := s.get("/v1/settings")
	if before.get(t, "version") != "0" || before.get(t, "time_zone") != "UTC" || before.get(t, "limits", "max_lines") != "1000" || before.get(t, "limits", "return_window_days") != "0" || before.get(t, "payment_policy", "policy") != "paid" {
		t.Errorf("before anything was set: %s", before.body)
	}
	last := s.configure()
	all := s.get("/v1/settings", last)
	for path, want := range map[string]string{
		"time_zone": "Europe/Berlin", "limits.max_lines": "20", "payment_policy.policy": "authorized", "rounding.scope": "order",
		"locations.0.id": "main", "shipping_methods.0.id": "standard", "tax_rates.0.code": "STD", "discounts.0.id": "free",
	} {
		if got := all.get(t, strings.Split(path, ".")...); got != want {
			t.Errorf("%s is %s, want %s: %s", path, got, want, all.body)
		}
	}
	for path, want := range map[string]string{
		"tax-rates/standard/DE": "DE-19", "tax-rates/standard/de": "DE-19", "tax-rates/standard/*": "STD", "shipping-methods/standard": "Parcel", "locations/north": "North hall",
		"discounts/spring": "SPRING", "payment-policy": "authorized", "time-zone": "Europe/Berlin", "rounding": "half_even", "limits": "20",
		"tax-rates": "DE-19", "shipping-methods": "Parcel", "discounts": "FREE", "locations": "Main hall",
	} {
		got := s.get("/v1/settings/"+path, last)
		got.want(t, http.StatusOK)
		if !strings.Contains(string(got.body), want) || got.header.Get("Consistency-Token") == "" || got.header.Get("Projection-Lag-Ms") == "" {
			t.Errorf("%s: %v %s", path, got.header, got.body)
		}
	}
	for path, code := range map[string]string{
		"tax-rates/luxury/DE": "setting_not_found", "shipping-methods/rocket": "setting_not_found", "discounts/winter": "setting_not_found", "locations/moon": "location_unknown",
	} {
		s.get("/v1/settings/"+path, last).wantProblem(t, http.StatusNotFound, code)
		s.as(s.tokenOf("other", "admin", "eve"), "/v1/settings/"+strings.NewReplacer("luxury/DE", "standard/DE", "rocket", "standard", "winter", "spring", "moon", "north").Replace(path)).wantProblem(t, http.StatusNotFound, code)
	}
	if theirs := s.as(s.tokenOf("other", "admin", "eve"), "/v1/settings"); theirs.get(t, "version") != "0" || theirs.get(t, "tax_rates") != "[]" {
		t.Errorf("another tenant: %s", theirs.body)
	}
	same := s.do(call{method: http.MethodGet, path: "/v1/settings/limits", header: map[string]string{"If-None-Match": all.header.Get("Etag")}})
	if same.status != http.StatusNotModified || len(same.body) > 0 {
		t.Errorf("If-None-Match: %d %s", same.status, same.body)
	}
	changed := s.do(call{method: http.MethodPut, path: "/v1/settings/limits", body: `{"max_lines":30}`})
	if got := s.get("/v1/settings/limits", changed); got.get(t, "max_lines") != "30" || got.header.Get("Etag") == all.header.Get("Etag") {
		t.Errorf("after a change: %v %s", got.header, got.body)
	}
	s.as(s.token("customer", "c-7"), "/v1/settings").wantProblem(t, http.StatusForbidden, "insufficient_scope")
}

// Settings that were read never go back, however many read while they change.
func TestReadSettings_neverBack(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for last := -1; ; {
				r, err := s.send(s.readURL, call{method: http.MethodGet, path: "/v1/settings"})
				if err != nil || r.status != http.StatusOK {
					t.Errorf("%d %s %v", r.status, r.body, err)
					return
				}
				now, err := strconv.Atoi(r.get(t, "version"))
				if err != nil || now < last {
					t.Errorf("version %d after %d", now, last)
					return
				}
				last = now
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 20 {
		w := s.do(call{method: http.MethodPut, path: "/v1/settings/limits", body: `{"max_lines":` + strconv.Itoa(10+i) + `}`})
		if got := s.get("/v1/settings/limits", w); got.get(t, "max_lines") != strconv.Itoa(10+i) {
			t.Errorf("after write %d: %s", i, got.body)
		}
	}
	close(done)
	wg.Wait()
}

// A limited discount tells how often it was used, as orders come and go.
func TestReadDiscounts_uses(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.configure()
	s.stocked("D", "100")
	usage := func(after reply) string { return s.get("/v1/settings/discounts/spring", after).get(t, "usage") }
	order := func() reply {
		r := s.post("/v1/orders", `{"currency":"EUR","lines":[{"sku":"D","quantity":1}],"discount_codes":["spring"]}`)
		r.want(t, http.StatusCreated)
		return r
	}
	first := order()
	if got := usage(first); got != `{"left":2,"limit":3,"used":1}` {
		t.Errorf("after one order: %s", got)
	}
	order()
	last := order()
	s.post("/v1/orders", `{"currency":"EUR","lines":[{"sku":"D","quantity":1}],"discount_codes":["spring"]}`).wantProblem(t, http.StatusUnprocessableEntity, "discount_invalid")
	if got := usage(last); got != `{"left":0,"limit":3,"used":3}` {
		t.Errorf("after three orders: %s", got)
	}
	canceled := s.post("/v1/orders/"+first.get(t, "id")+"/actions/cancel", "")
	if got := usage(canceled); got != `{"left":1,"limit":3,"used":2}` {
		t.Errorf("after one was canceled: %s", got)
	}
	if all := s.get("/v1/settings/discounts", canceled); strings.Count(string(all.body), `"usage"`) != 1 {
		t.Errorf("only limited discounts have a usage: %s", all.body)
	}
}
