package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// What is kept in one spelling is found in every other one.
func TestFilters_anySpelling(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("A", "10")
	placed := s.post("/v1/orders", `{"currency":"EUR","lines":[{"sku":"A","quantity":1}],"shipping_address":{"country":"de"}}`)
	placed.want(t, http.StatusCreated)
	tagged := s.do(call{method: http.MethodPatch, path: placed.header.Get("Location"), body: `{"tags":[" VIP ","Größe"]}`, header: map[string]string{"If-Match": "*"}})
	tagged.want(t, http.StatusOK)
	token := map[string]string{"Consistency-Token": tagged.header.Get("Consistency-Token")}
	number := placed.get(t, "order_number")
	typed := strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(number, "-", " "), "0", "o"))
	for parameter, values := range map[string][]string{
		"filter[country]":              {"DE", "de", "dE"},
		"filter[country][in]":          {"fr,de"},
		"filter[currency]":             {"EUR", "eur"},
		"filter[tag]":                  {"vip", "VIP", " Vip ", "GRÖßE"},
		"filter[tag][in]":              {"x,VIP"},
		"filter[order_number]":         {number, typed, strings.ReplaceAll(number, "-", "")},
		"filter[order_number][in]":     {"7K3M-9QXZ-4T2B," + typed},
		"filter[order_number][prefix]": {number[:6], strings.ToLower(number[:4] + number[5:6])},
	} {
		for _, value := range values {
			path := "/v1/orders?" + url.QueryEscape(parameter) + "=" + url.QueryEscape(value)
			found := s.do(call{method: http.MethodGet, path: path, header: token})
			if found.status != http.StatusOK || found.get(t, "data", "0", "id") != placed.get(t, "id") {
				t.Errorf("%s=%s: %d %s", parameter, value, found.status, found.body)
			}
		}
	}
	for _, value := range []string{"FR", "Germany"} {
		if found := s.do(call{method: http.MethodGet, path: "/v1/orders?filter[country]=" + value, header: token}); found.get(t, "data") != "[]" {
			t.Errorf("country %s: %s", value, found.body)
		}
	}
	if got := s.do(call{method: http.MethodGet, path: "/v1/orders/by-number/" + url.PathEscape(typed), header: token}); got.status != http.StatusOK {
		t.Errorf("by-number %q: %d %s", typed, got.status, got.body)
	}
	figure := s.do(call{method: http.MethodGet, path: "/v1/metrics/gross_sales?currency=eur", header: token})
	if figure.status != http.StatusOK || figure.get(t, "total") != "1000" {
		t.Errorf("gross sales in eur: %d %s", figure.status, figure.body)
	}
}

// What is no filter is refused, never ignored.
func TestFilters_refused(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	for _, parameter := range []string{
		"filter[status][]", "filter[]", "filter[][eq]", "filter[status]]", "filter[[status]]", "filter[status][eq][]", "filter[status", "filter", "filter[]status",
		"filter[email]", "filter[metadata.key]", "filter[metadata]", "filter[Status]", "filter[status][EQ]", "filter[status][gte]", "Filter[status]",
	} {
		s.do(call{method: http.MethodGet, path: "/v1/orders?" + url.QueryEscape(parameter) + "=pending"}).wantProblem(t, http.StatusBadRequest, "unknown_filter")
	}
}
