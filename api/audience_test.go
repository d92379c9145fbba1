package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// hush are words of the shop's own business that a held, packed, shipped and returned order has, as TestAudience makes it.
var hush = []string{
	"fraud", "north", "location_id", "smells", "rang twice", "pat-of-staff", "mark-refunded", "release-hold", "write_off", "torn", "vip", "label-77", "planned",
}

// A customer sees the own order everywhere in one view: without why it is held, where its goods are, what staff noted and
// what staff can do. Staff see all of it.
func TestAudience(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c := s.scene(t, "demo")
	c.token = s.token("admin", "pat-of-staff")
	c.paid().act("/fulfillments", `{"location_id":"north","lines":[{"line_id":"`+exampleLine+`","quantity":2}],"packages":[{"weight_grams":7}]}`)
	c.act("/fulfillments/"+c.order.get(t, "fulfillments", "0", "id")+"/ship", `{"label_ref":"label-77"}`)
	c.act("/fulfillments/"+c.order.get(t, "fulfillments", "0", "id")+"/deliver", "")
	c.act("/fulfillments", `{"location_id":"north","planned":true,"lines":[{"line_id":"`+exampleLine2+`","quantity":1}]}`)
	c.act("/returns", `{"location_id":"north","lines":[{"line_id":"`+exampleLine+`","quantity":1}]}`)
	returned := "/returns/" + c.order.get(t, "returns", "0", "id")
	c.act(returned+"/approve", "").act(returned+"/receive", `{"lines":[{"line_id":"`+exampleLine+`","quantity":1,"condition":"torn","disposition":"write_off"}]}`)
	c.act("/notes", `{"body":"rang twice"}`)
	c.act("/actions/hold", `{"reason":"fraud_review","note":"smells"}`)
	path := "/v1/orders/" + c.path["id"]
	c.order = c.must(call{method: http.MethodPatch, path: path, body: `{"tags":["vip"]}`, header: map[string]string{"If-Match": "*"}})

	customer := s.token("customer", "c-7")
	dry := map[string]string{"Prefer": "dry-run"}
	answers := map[string]reply{
		"the order":     s.as(customer, path),
		"as it was":     s.as(customer, path+"?as_of=v"+c.order.get(t, "version")),
		"by its number": s.as(customer, "/v1/orders/by-number/"+c.order.get(t, "order_number")),
		"timeline":      s.as(customer, path+"/timeline"),
		"difference":    s.as(customer, path+"/diff?from=v0"),
		"notes":         s.as(customer, path+"/notes"),
		"list":          s.do(call{method: http.MethodGet, path: "/v1/orders", token: customer, header: map[string]string{"Consistency-Token": c.order.header.Get("Consistency-Token"), "Prefer": "wait=10"}}),
		"rehearsal":     s.do(call{method: http.MethodPost, path: path + "/actions/cancel-lines", token: customer, header: dry, body: `{"lines":[{"line_id":"` + c.swap[exampleLine2] + `","quantity":1}]}`}),
		"new order":     s.do(call{method: http.MethodPost, path: "/v1/orders", token: customer, header: dry, body: `{"currency":"EUR","lines":` + goods + `}`}),
	}
	for name, r := range answers {
		r.want(t, http.StatusOK)
		for _, word := range hush {
			if strings.Contains(string(r.body), word) {
				t.Errorf("%s tells the customer of %q: %s", name, word, r.body)
			}
		}
	}
	if all := string(s.as(c.token, path).body) + string(s.as(c.token, path+"/timeline").body); !strings.Contains(all, hush[0]) {
		t.Errorf("staff see no hold: %s", all)
	} else {
		for _, word := range hush {
			if !strings.Contains(all, word) {
				t.Errorf("staff do not see %q, so this test would not notice it: %s", word, all)
			}
		}
	}
	if got := answers["the order"].get(t, "allowed_actions"); got != `["cancel-lines","return"]` {
		t.Errorf("a customer can %s", got)
	}
	if len(answers["rehearsal"].get(t, "dry_run", "events")) != len("[]") {
		t.Errorf("a customer's rehearsal has events: %s", answers["rehearsal"].body)
	}
	for filter, status := range map[string]int{
		"filter[hold_reason]=fraud_review": http.StatusBadRequest, "filter[tag]=vip": http.StatusBadRequest, "filter[due][exists]=true": http.StatusBadRequest,
		"filter[ship_by][exists]=true": http.StatusBadRequest, "filter[has]=hold": http.StatusUnprocessableEntity, "filter[has][in]=return,hold": http.StatusUnprocessableEntity,
	} {
		s.as(customer, "/v1/orders?"+filter).want(t, status)
	}
	s.do(call{method: http.MethodPost, path: path + "/returns", token: customer, body: `{"location_id":"north","lines":[{"line_id":"` + c.swap[exampleLine] + `","quantity":1}]}`}).
		wantProblem(t, http.StatusForbidden, "insufficient_scope")

	canceled := s.scene(t, "demo").placed("").act("/actions/cancel", `{"reason":"fraud","note":"smells"}`)
	for _, from := range []string{"", "/timeline", "/diff?from=v1"} {
		if r := s.as(customer, "/v1/orders/"+canceled.path["id"]+from); strings.Contains(string(r.body), "fraud") || strings.Contains(string(r.body), "smells") {
			t.Errorf("%s tells why the shop canceled: %s", from, r.body)
		}
	}
}

// Nobody learns from a refusal that an order of somebody else exists, which it is, or how far the log has got.
func TestAudience_others(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c := s.scene(t, "demo").stocked()
	mine, theirs := s.token("customer", "c-7"), s.token("customer", "c-8")
	place := func(token, externalID, channel string, header map[string]string) reply {
		return s.do(call{method: http.MethodPost, path: "/v1/orders", token: token, header: header, body: `{"currency":"EUR","external_id":"` + externalID + `","channel":"` + channel + `","lines":` + goods + `}`})
	}
	own := place(mine, "x-1", "web", nil)
	other := place(theirs, "x-1", "app", nil)
	for _, r := range []reply{own, other} {
		r.want(t, http.StatusCreated)
	}
	foreign, missing := "/v1/orders/"+other.get(t, "id"), "/v1/orders/"+nowhere
	for _, at := range []string{"", "?as_of=v1", "?as_of=v99", "?as_of=1", "?as_of=999999999", "?as_of=2026-01-01T00:00:00Z", "?as_of=v0", "?as_of=nonsense"} {
		a, b := s.as(mine, foreign+at), s.as(mine, missing+at)
		if a.status != b.status || a.get(t, "detail") != b.get(t, "detail") || a.get(t, "errors") != b.get(t, "errors") {
			t.Errorf("%q: another's order %d %s, a missing one %d %s", at, a.status, a.body, b.status, b.body)
		}
	}
	for _, below := range []string{"/timeline", "/diff?from=v99", "/diff?to=999999999", "/notes"} {
		s.as(mine, foreign+below).wantProblem(t, http.StatusNotFound, "order_not_found")
	}
	head := other.header.Get("Consistency-Token")
	at, err := s.tokens.ParsePosition(head)
	must(t, err)
	for _, token := range []string{mine, c.token} {
		beyond := s.as(token, "/v1/orders/"+own.get(t, "id")+"?as_of=999999999")
		beyond.wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
		if strings.Contains(string(beyond.body), " "+strconv.FormatInt(int64(at.Position), 10)) {
			t.Errorf("the head is told: %s", beyond.body)
		}
	}
	s.as(mine, "/v1/orders/"+own.get(t, "id")+"?as_of="+strconv.FormatInt(int64(at.Position), 10)).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	s.as(c.token, "/v1/orders/"+own.get(t, "id")+"?as_of="+strconv.FormatInt(int64(at.Position), 10)).want(t, http.StatusOK)

	for name, header := range map[string]map[string]string{"placed": nil, "rehearsed": {"Prefer": "dry-run"}} {
		taken := place(mine, "x-1", "app", header)
		taken.wantProblem(t, http.StatusConflict, "duplicate_external_id")
		if strings.Contains(string(taken.body), other.get(t, "id")) {
			t.Errorf("%s: another customer's order is named: %s", name, taken.body)
		}
		if known := place(c.token, "x-1", "app", header); known.get(t, "existing_id") != other.get(t, "id") {
			t.Errorf("%s: staff are not told which order it is: %s", name, known.body)
		}
	}
	found := s.do(call{method: http.MethodGet, path: "/v1/orders/by-external-id/x-1", token: mine, header: map[string]string{"Consistency-Token": head, "Prefer": "wait=10"}})
	if found.get(t, "id") != own.get(t, "id") {
		t.Errorf("by external id a customer finds %d %s; want the own order", found.status, found.body)
	}
}
