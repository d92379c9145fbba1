package api_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"

	"github.com/ordermill/ordermill/api/httpx"
)

// noted is a line of the decision log about denied calls.
type noted struct {
	Command  string                      `json:"command"`
	Code     string                      `json:"code"`
	Actor    struct{ Type, ID string }   `json:"actor"`
	Resource string                      `json:"resource"`
	Request  string                      `json:"request_id"`
	Details  []struct{ Meta deniedMeta } `json:"details"`
}

type deniedMeta struct {
	Count  int
	Client string
	Method string
	Route  string
}

// denied returns a tenant's lines with a code.
func (s *shop) denied(tb testing.TB, tenant, code string) (lines []noted) {
	tb.Helper()
	got := s.do(call{method: http.MethodGet, path: "/v1/decisions?limit=250&code=" + code, token: s.tokenOf(tenant, "auditor", "audrey")})
	got.want(tb, http.StatusOK)
	var page struct{ Data []json.RawMessage }
	unmarshal(tb, got.body, &page)
	for _, text := range page.Data {
		var line noted
		unmarshal(tb, text, &line)
		lines = append(lines, line)
	}
	return lines
}

// Every operation that is denied to somebody leaves a line that says who it was and what was asked, on both hosts.
func TestDenials(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	warehouse, analyst := s.tokenOf("other", "warehouse", "wim"), s.tokenOf("other", "analyst", "ann")
	want := make(map[string]string) // command -> request
	for _, r := range routes(t) {
		token, scopes := warehouse, must2(httpx.RoleScopes("warehouse"))
		if scopes.Has(r.Scope) {
			token, scopes = analyst, must2(httpx.RoleScopes("analyst"))
		}
		if scopes.Has(r.Scope) {
			continue
		}
		got := s.do(call{method: r.Method, path: path(r, nowhere, "7K3M-9QXZ-4T2B"), token: token})
		got.wantProblem(t, http.StatusForbidden, "insufficient_scope")
		want[r.Method+" "+r.Path] = got.header.Get("Request-Id")
	}
	if len(want) < 60 {
		t.Fatalf("only %d operations were denied", len(want))
	}
	poll(t, func() bool { return len(s.denied(t, "other", "insufficient_scope")) >= len(want) })
	for _, line := range s.denied(t, "other", "insufficient_scope") {
		meta := line.Details[0].Meta
		if request := want[meta.Method+" "+meta.Route]; request == "" || line.Request != request || line.Actor.Type != "staff" || meta.Count != 1 || meta.Client == "" {
			t.Errorf("%+v", line)
		}
		delete(want, meta.Method+" "+meta.Route)
	}
	if len(want) > 0 {
		t.Errorf("not noted: %v", want)
	}
	if theirs := s.denied(t, "demo", "insufficient_scope"); len(theirs) > 0 {
		t.Errorf("another tenant sees %v", theirs)
	}
}

func must2(scopes httpx.Scopes, ok bool) httpx.Scopes {
	if !ok {
		panic("no such role")
	}
	return scopes
}

// A customer who asks for another's order is told that there is none. The decision log knows better.
func TestDenials_notTheirs(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("TSHIRT-M", "10")
	placed := s.post("/v1/orders", `{"currency":"EUR","external_id":"x-1","customer":{"id":"c-1"},"lines":[{"sku":"TSHIRT-M","quantity":1}]}`)
	id := placed.get(t, "id")
	s.get("/v1/orders/"+id, placed).want(t, http.StatusOK)
	eve := s.token("customer", "eve")
	requests := []call{
		{method: http.MethodGet, path: "/v1/orders/" + id},
		{method: http.MethodGet, path: "/v1/orders/" + id + "?as_of=v1"},
		{method: http.MethodGet, path: "/v1/orders/" + id + "/timeline"},
		{method: http.MethodGet, path: "/v1/orders/by-number/" + placed.get(t, "order_number")},
		{method: http.MethodPost, path: "/v1/orders/" + id + "/actions/cancel"},
	}
	for _, request := range requests {
		request.token = eve
		s.do(request).wantProblem(t, http.StatusNotFound, "order_not_found")
	}
	s.do(call{method: http.MethodGet, path: "/v1/orders/" + nowhere, token: eve}).wantProblem(t, http.StatusNotFound, "order_not_found")
	commands := make(map[string]int)
	poll(t, func() bool {
		clear(commands)
		for _, line := range s.denied(t, "demo", "order_not_found") {
			commands[line.Command] += line.Details[0].Meta.Count
		}
		return len(commands) >= 4
	})
	if commands["get-order"] == 0 || commands["get-order-timeline"] != 1 || commands["get-order-by-number"] != 1 || commands["cancel-order"] != 1 {
		t.Errorf("noted: %v", commands)
	}
}

// A flood of denied calls is one line a minute of each kind, and a hundred kinds at most, whatever is asked.
func TestDenials_flood(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	token := s.tokenOf("flood", "analyst", "ann")
	for range 300 {
		s.do(call{method: http.MethodPost, path: "/v1/orders", body: "{}", token: token}).want(t, http.StatusForbidden)
	}
	for i := range 150 {
		s.do(call{method: http.MethodPost, path: "/v1/orders", body: "{}", token: s.tokenOf("wide", "analyst", "s-"+strconv.Itoa(i))}).want(t, http.StatusForbidden)
	}
	poll(t, func() bool {
		counted := 0
		for _, line := range s.denied(t, "wide", "insufficient_scope") {
			counted += line.Details[0].Meta.Count
		}
		return len(s.denied(t, "flood", "insufficient_scope")) > 0 && counted > 100
	})
	if lines := s.denied(t, "flood", "insufficient_scope"); len(lines) > 2 {
		t.Errorf("%d lines about one kind of calls", len(lines))
	}
	if lines := s.denied(t, "wide", "insufficient_scope"); len(lines) > 102 {
		t.Errorf("%d lines of one tenant", len(lines))
	}
}
