package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// The stock of a location is what the SKUs themselves say of it.
func TestListInventory(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	for _, sku := range []string{"A", "B", "C"} {
		s.stocked(sku, "10")
	}
	s.locations()
	s.post("/v1/inventory/B/receive", `{"quantity":4,"location_id":"north"}`).want(t, http.StatusOK)
	s.place("A")
	s.do(call{method: http.MethodPatch, path: "/v1/inventory/C", body: `{"safety_stock":[{"location_id":"main","quantity":3}],"backorder_policy":"limit","backorder_limit":5}`}).want(t, http.StatusOK)
	last := s.post("/v1/inventory/A/transfer", `{"to_location_id":"north","quantity":2}`)
	last.want(t, http.StatusCreated)
	main := s.get("/v1/inventory", last)
	if got := main.list(t, "sku"); !slices.Equal(got, []string{"A", "B", "C"}) {
		t.Errorf("the main location: %s", main.body)
	}
	if got := main.list(t, "available"); !slices.Equal(got, []string{"7", "10", "7"}) {
		t.Errorf("available: %v %s", got, main.body)
	}
	north := s.get("/v1/inventory?location_id=north", last)
	if got := north.list(t, "incoming"); !slices.Equal(got, []string{"2", "0"}) || !slices.Equal(north.list(t, "on_hand"), []string{"0", "4"}) {
		t.Errorf("the north: %s", north.body)
	}
	var walked []string
	for path := "/v1/inventory?limit=2"; path != ""; {
		page := s.get(path, last)
		page.want(t, http.StatusOK)
		walked = append(walked, page.list(t, "sku")...)
		path = ""
		for link := range strings.SplitSeq(page.header.Get("Link"), ", ") {
			if target, ok := strings.CutSuffix(link, `>; rel="next"`); ok {
				path = strings.TrimPrefix(target, "<")
			}
		}
	}
	if !slices.Equal(walked, []string{"A", "B", "C"}) {
		t.Errorf("pages: %v", walked)
	}
	if moon := s.get("/v1/inventory?location_id=moon", last); moon.get(t, "data") != "[]" {
		t.Errorf("nowhere: %s", moon.body)
	}
	one := s.get("/v1/inventory/C", last)
	if one.get(t, "backorder_policy") != "limit" || one.get(t, "backorder_limit") != "5" || one.get(t, "locations", "0", "safety_stock") != "3" {
		t.Errorf("one SKU: %s", one.body)
	}
	none := s.do(call{method: http.MethodPatch, path: "/v1/inventory/C", body: `{"backorder_policy":"limit","backorder_limit":0}`})
	for what, got := range map[string]reply{"as answered": none, "as read": s.get("/v1/inventory/C", none)} {
		if got.get(t, "backorder_limit") != "0" {
			t.Errorf("a limit of no units, %s: %s", what, got.body)
		}
	}
	if two := s.get("/v1/inventory/A", last); !strings.Contains(two.get(t, "locations"), `"incoming":2`) {
		t.Errorf("what is on its way: %s", two.body)
	}
	if theirs := s.as(s.tokenOf("other", "admin", "eve"), "/v1/inventory"); theirs.get(t, "data") != "[]" {
		t.Errorf("another tenant: %s", theirs.body)
	}
	s.as(s.token("customer", "c-7"), "/v1/inventory").wantProblem(t, http.StatusForbidden, "insufficient_scope")
}

// What is available is what can be sold: nothing at a location that orders take nothing from.
func TestInventory_notPickable(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	for _, location := range []string{`{"id":"main","name":"Main","pickable":true}`, `{"id":"cellar","name":"Cellar","pickable":false}`} {
		s.post("/v1/settings/locations", location).want(t, http.StatusCreated)
	}
	s.stocked("A", "3")
	last := s.post("/v1/inventory/A/receive", `{"quantity":4,"location_id":"cellar"}`)
	last.want(t, http.StatusOK)
	for name, a := range map[string]reply{"receipt": last, "inventory": s.get("/v1/inventory/A", last)} {
		if a.get(t, "on_hand") != "7" || a.get(t, "available") != "3" || a.get(t, "locations", "1", "available") != "0" {
			t.Errorf("%s: %s; want 7 on hand, 3 available", name, a.body)
		}
	}
	if cellar := s.get("/v1/inventory?location_id=cellar", last); !slices.Equal(cellar.list(t, "available"), []string{"0"}) {
		t.Errorf("the cellar: %s; want none available", cellar.body)
	}
}
