package api_test

import (
	"net/http"
	"testing"
)

// The backlog counts what is confirmed and has not left, and each bucket's filter lists its orders.
func TestBacklog(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	if none := s.get("/v1/backlog"); none.get(t, "total", "orders") != "0" || len(none.list(t, "bucket")) != 6 {
		t.Errorf("no backlog: %s", none.body)
	}
	waiting := s.scene(t, "demo").paid()
	s.scene(t, "demo").placed("") // pending: not in the backlog
	held := s.scene(t, "demo").paid().act("/actions/hold", `{"reason":"manual"}`)
	shipped := s.scene(t, "demo").shipped() // a fulfilment of all
	partly := s.scene(t, "demo").paid()
	partly.act("/fulfillments", `{"lines":[{"line_id":"`+exampleLine+`","quantity":3}]}`)
	partly.act("/fulfillments/"+partly.order.get(t, "fulfillments", "0", "id")+"/ship", "")
	backlog := s.get("/v1/backlog?by=age", partly.order)
	if got := backlog.get(t, "total"); got != `{"backordered_units":0,"on_hold":1,"orders":3,"units":21}` {
		t.Errorf("backlog: %s", backlog.body)
	}
	if backlog.get(t, "data", "0", "orders") != "3" || backlog.get(t, "data", "0", "bucket") != "under_4h" || backlog.get(t, "data", "0", "to_hours") != "4" {
		t.Errorf("the youngest bucket: %s", backlog.body)
	}
	behind := s.get("/v1/orders?sort=placed_at&"+backlog.get(t, "data", "0", "filter"), partly.order)
	want := []string{waiting.path["id"], held.path["id"], partly.path["id"]}
	if got := behind.list(t, "id"); len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("behind the bucket: %v, want %v, without %s", got, want, shipped.path["id"])
	}
	if behind.get(t, "data", "0", "open_units") != "8" {
		t.Errorf("a summary's open units: %s", behind.body)
	}
	s.get("/v1/backlog?by=color").wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	if theirs := s.as(s.tokenOf("other", "admin", "eve"), "/v1/backlog"); theirs.get(t, "total", "orders") != "0" {
		t.Errorf("another tenant: %s", theirs.body)
	}
	s.as(s.token("customer", "c-7"), "/v1/backlog").wantProblem(t, http.StatusForbidden, "insufficient_scope")
}

// Work lists are lists of orders by what is to be done; customers cannot search what they are not shown.
func TestWorkLists(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	plain := s.scene(t, "demo").placed("")
	held := s.scene(t, "demo").placed("").act("/actions/hold", `{"reason":"fraud_review"}`)
	tagged := s.scene(t, "demo").placed("")
	last := s.do(call{
		method: http.MethodPatch, path: "/v1/orders/" + tagged.path["id"], body: `{"tags":["gift"]}`,
		header: map[string]string{"If-Match": tagged.order.header.Get("Etag")},
	})
	last.want(t, http.StatusOK)
	for filter, want := range map[string]string{
		"filter[hold_reason]=fraud_review": held.path["id"], "filter[has]=hold": held.path["id"], "filter[tag]=gift": tagged.path["id"],
		"filter[tag][in]=gift,vip&sort=total": tagged.path["id"],
	} {
		list := s.get("/v1/orders?"+filter, last)
		if ids := list.list(t, "id"); len(ids) != 1 || ids[0] != want {
			t.Errorf("%s: %s, want %s", filter, list.body, want)
		}
	}
	due := s.get("/v1/orders?filter[due][exists]=true&sort=placed_at", last)
	if ids := due.list(t, "id"); len(ids) != 3 || ids[0] != plain.path["id"] || due.get(t, "data", "0", "due_kind") != "order" {
		t.Errorf("what is due: %s", due.body)
	}
	mine := s.as(s.token("customer", "c-7"), "/v1/orders")
	if len(mine.list(t, "id")) != 3 {
		t.Errorf("a customer's orders: %s", mine.body)
	}
	for _, tags := range mine.list(t, "tags") {
		if tags != "<nil>" {
			t.Errorf("a customer sees tags: %s", mine.body)
		}
	}
	s.as(s.token("customer", "c-7"), "/v1/orders?filter[tag]=gift").wantProblem(t, http.StatusBadRequest, "unknown_filter")
}
