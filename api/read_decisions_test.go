package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every refusal is in the log of decisions, the newest first, in pages that nothing is missing from.
func TestDecisions(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("R", "1")
	if none := s.get("/v1/decisions"); none.get(t, "data") != "[]" || none.get(t, "page", "has_more") != "false" {
		t.Errorf("nothing was refused: %s", none.body)
	}
	kept := s.place("R")
	id := kept.get(t, "id")
	var last reply
	for i := range 5 {
		last = s.post("/v1/orders", fmt.Sprintf(`{"currency":"EUR","lines":[{"sku":"R","quantity":%d}]}`, i+2))
		last.wantProblem(t, http.StatusConflict, "insufficient_stock")
	}
	s.post("/v1/orders/"+id+"/actions/cancel", "").want(t, http.StatusOK)
	s.post("/v1/orders/"+id+"/actions/mark-paid", "").wantProblem(t, http.StatusConflict, "order_terminal")
	all := s.get("/v1/decisions")
	if codes := all.list(t, "code"); len(codes) != 6 || codes[0] != "order_terminal" || codes[5] != "insufficient_stock" {
		t.Fatalf("decisions: %s", all.body)
	}
	if all.get(t, "data", "0", "command") != "mark-paid" || all.get(t, "data", "0", "resource") != id || all.get(t, "data", "0", "actor", "id") != "tester" ||
		all.get(t, "data", "0", "reason") == "" || all.get(t, "data", "0", "request_id") == "" {
		t.Errorf("decision: %s", all.body)
	}
	for path, want := range map[string]int{
		"code=insufficient_stock": 5, "command=place-order": 5, "command=mark-paid": 1, "resource=" + id: 1, "resource=nothing": 0,
		"code=insufficient_stock&command=mark-paid": 0, "from=2020-01-01": 6, "to=2020-01-01": 0, "code=invented": 0,
	} {
		if got := s.get("/v1/decisions?"+path).list(t, "id"); len(got) != want {
			t.Errorf("%s: %d decisions, want %d", path, len(got), want)
		}
	}
	for zone, hours := range map[string]time.Duration{"Pacific/Kiritimati": 14, "Etc/GMT+12": -12} { // a date is a day where it is meant
		today := time.Now().UTC().Add(hours * time.Hour)
		if today.Hour() == 23 && today.Minute() > 55 || today.Hour() == 0 && today.Minute() < 5 {
			continue // it becomes another day meanwhile, in one of the two
		}
		s.do(call{method: http.MethodPut, path: "/v1/settings/time-zone", body: `{"time_zone":"` + zone + `"}`}).want(t, http.StatusOK)
		for _, tz := range []string{"", "&tz=" + url.QueryEscape(zone)} {
			for bound, want := range map[string]int{
				"from=" + today.Format(time.DateOnly): 6, "to=" + today.Format(time.DateOnly): 0, "to=" + today.AddDate(0, 0, 1).Format(time.DateOnly): 6,
			} {
				poll(t, func() bool { return len(s.get("/v1/decisions?"+bound+tz).list(t, "id")) == want })
			}
		}
	}
	for _, filter := range []string{"", "&command=place-order", "&code=insufficient_stock"} {
		want := s.get("/v1/decisions?limit=250"+filter).list(t, "id")
		var walked []string
		for path := "/v1/decisions?limit=2" + filter; path != ""; {
			page := s.get(path)
			page.want(t, http.StatusOK)
			walked = append(walked, page.list(t, "id")...)
			path = ""
			for link := range strings.SplitSeq(page.header.Get("Link"), ", ") {
				if target, ok := strings.CutSuffix(link, `>; rel="next"`); ok {
					path = strings.TrimPrefix(target, "<")
				}
			}
		}
		if !slices.Equal(walked, want) {
			t.Errorf("pages of %q: %v, want %v", filter, walked, want)
		}
	}
	cursor := url.QueryEscape(s.get("/v1/decisions?limit=2").get(t, "page", "next_cursor"))
	s.get("/v1/decisions?code=x&cursor="+cursor).wantProblem(t, http.StatusBadRequest, "cursor_mismatch")
	s.get("/v1/decisions?cursor=x").wantProblem(t, http.StatusBadRequest, "invalid_cursor")
	s.get("/v1/decisions?reason=x").wantProblem(t, http.StatusBadRequest, "unknown_filter")
	s.get("/v1/decisions?from=soon").wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	if theirs := s.as(s.tokenOf("other", "auditor", "eve"), "/v1/decisions?resource="+id); theirs.get(t, "data") != "[]" {
		t.Errorf("another tenant sees %s", theirs.body)
	}
	s.as(s.token("support", "sue"), "/v1/decisions").wantProblem(t, http.StatusForbidden, "insufficient_scope")
}
