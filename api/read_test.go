package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ordermill/ordermill/internal/local/redistest"
)

// get reads a path, with the token of an earlier answer if there is one.
func (s *shop) get(path string, after ...reply) reply {
	s.tb.Helper()
	c := call{method: http.MethodGet, path: path, header: map[string]string{"Prefer": "wait=10"}}
	for _, r := range after {
		c.header["Consistency-Token"] = r.header.Get("Consistency-Token")
	}
	return s.do(c)
}

func TestReadOrder(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("R", "10")
	placed := s.do(call{
		method: http.MethodPost, path: "/v1/orders",
		body: `{"currency":"EUR","external_id":"x-1","customer":{"id":"c1","email":"a@example.test"},"lines":[{"sku":"R","quantity":2}]}`,
	})
	placed.want(t, http.StatusCreated)
	path := "/v1/orders/" + placed.get(t, "id")
	got := s.get(path, placed)
	got.want(t, http.StatusOK)
	if string(got.body) != string(placed.body) {
		t.Errorf("a read differs from the write's answer:\n%s\n%s", got.body, placed.body)
	}
	for _, name := range []string{"Etag", "Consistency-Token", "Projection-Lag-Ms", "Cache", "Request-Id"} {
		if got.header.Get(name) == "" {
			t.Errorf("no header %s", name)
		}
	}
	poll(t, func() bool { return s.get(path, placed).header.Get("Cache") == "hit" && s.read.CacheStats().Hits > 0 })
	if again := s.do(call{method: http.MethodGet, path: path, header: map[string]string{"If-None-Match": `"v0", "v1"`}}); again.status != http.StatusNotModified || len(again.body) > 0 {
		t.Errorf("If-None-Match: %d %s", again.status, again.body)
	}
	canceled := s.post(path+"/actions/cancel", "")
	if after := s.get(path, canceled); string(after.body) != string(canceled.body) || after.header.Get("Etag") != canceled.header.Get("Etag") {
		t.Errorf("after canceling: %s", after.body)
	}
	number := placed.get(t, "order_number")
	typed := strings.NewReplacer("-", "", "0", "o", "1", "L").Replace(strings.ToLower(number))
	for _, other := range []string{"/v1/orders/by-number/" + number, "/v1/orders/by-number/" + typed, "/v1/orders/by-external-id/x-1", "/v1/orders/by-external-id/x-1?channel=web"} {
		if found := s.get(other, canceled); found.get(t, "id") != placed.get(t, "id") || found.get(t, "status") != "canceled" {
			t.Errorf("%s: %s", other, found.body)
		}
	}
	events := s.get(path+"/events", canceled)
	if events.get(t, "data", "0", "type") != "order.placed.v1" || strings.Contains(string(events.body), `"pii"`) {
		t.Errorf("events: %s", events.body)
	}
	analyst := s.do(call{method: http.MethodGet, path: path, token: s.token("analyst", "ann")})
	if analyst.get(t, "personal_data") != "masked" || analyst.get(t, "customer", "id") != "c1" || strings.Contains(string(analyst.body), "a@example") {
		t.Errorf("without customers:pii: %s", analyst.body)
	}
	for _, wrong := range []string{"/v1/orders/01990f3c-0000-7000-8000-000000000001", "/v1/orders/nonsense", "/v1/orders/by-number/NONE", path[:len(path)-1] + "/events"} {
		s.get(wrong).wantProblem(t, http.StatusNotFound, "order_not_found")
	}
}

// With Redis every projection that is behind it answers the same.
func TestReadOrder_redis(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(redistest.New(t))
	s.stocked("R", "10")
	for range 5 {
		placed := s.place("R")
		if got := s.get("/v1/orders/"+placed.get(t, "id"), placed); string(got.body) != string(placed.body) {
			t.Errorf("%d %s, want %s", got.status, got.body, placed.body)
		}
	}
	if stock := s.get("/v1/inventory/R", s.place("R")); stock.get(t, "reserved") != "6" {
		t.Errorf("stock: %s", stock.body)
	}
}

func TestConsistencyToken(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("T", "10")
	placed := s.place("T")
	token := placed.header.Get("Consistency-Token")
	at, err := s.tokens.ParsePosition(token)
	must(t, err)
	paths := map[string]string{
		"order": "/v1/orders/" + placed.get(t, "id"), "orders": "/v1/orders", "products": "/v1/products", "product": "/v1/products/T",
		"inventory": "/v1/inventory/T", "metric": "/v1/metrics/units", "top": "/v1/metrics/top_skus",
	}
	for name, path := range paths {
		read := func(token, prefer string) reply {
			return s.do(call{method: http.MethodGet, path: path, header: map[string]string{"Consistency-Token": token, "Prefer": prefer}})
		}
		ok := read(token, "wait=10")
		ok.want(t, http.StatusOK)
		if served, err := s.tokens.ParsePosition(ok.header.Get("Consistency-Token")); err != nil || served.Position < at.Position || served.Epoch != at.Epoch {
			t.Errorf("%s: served at %+v, %v; want at least %+v", name, served, err, at)
		}
		for _, wrong := range s.tokensBeside(token) {
			read(wrong, "").wantProblem(t, http.StatusGone, "position_lost")
		}
		read("x", "").wantProblem(t, http.StatusBadRequest, "invalid_header")
		s.get(path+"?consistency_token="+token).want(t, http.StatusOK)
	}
	newer := s.whileNothingIsProjected(func() reply { return s.place("T") })
	for name, path := range paths {
		read := func(prefer string) reply {
			return s.do(call{method: http.MethodGet, path: path, header: map[string]string{"Consistency-Token": newer, "Prefer": prefer}})
		}
		late := read("wait=0")
		if name == "order" || name == "inventory" { // from the log
			late.want(t, http.StatusOK)
			continue
		}
		late.wantProblem(t, http.StatusServiceUnavailable, "projection_lagging")
		if late.header.Get("Retry-After") == "" || late.get(t, "retryable") != "true" {
			t.Errorf("%s: %v %s", name, late.header, late.body)
		}
		if lenient := read("wait=0, handling=lenient"); lenient.status != http.StatusOK || !strings.HasPrefix(lenient.header.Get("Consistency"), "stale; lag_ms=") {
			t.Errorf("%s, lenient: %d %v", name, lenient.status, lenient.header)
		}
	}
}

func TestListOrders(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("L", "100")
	var last reply
	var ids []string
	for i := range 7 {
		last = s.do(call{method: http.MethodPost, path: "/v1/orders", body: fmt.Sprintf(`{"currency":"EUR","external_id":"e%d","lines":[{"sku":"L","quantity":%d}]}`, i, i+1)})
		last.want(t, http.StatusCreated)
		ids = append(ids, last.get(t, "id"))
	}
	last = s.post("/v1/orders/"+ids[0]+"/actions/cancel", "")
	all := s.get("/v1/orders?count=exact", last)
	if all.get(t, "count", "value") != "7" || all.get(t, "page", "has_more") != "false" || all.get(t, "data", "0", "id") != ids[6] {
		t.Fatalf("list: %s", all.body)
	}
	var walked []string
	for path := "/v1/orders?limit=3&sort=total&filter[status]=pending"; path != ""; {
		page := s.get(path, last)
		page.want(t, http.StatusOK)
		walked = append(walked, page.list(t, "id")...)
		path = ""
		for link := range strings.SplitSeq(page.header.Get("Link"), ", ") {
			if target, ok := strings.CutSuffix(link, `>; rel="next"`); ok {
				path = strings.TrimPrefix(target, "<")
			}
		}
	}
	if strings.Join(walked, " ") != strings.Join(ids[1:], " ") {
		t.Errorf("pages by total: %v, want %v", walked, ids[1:])
	}
	cursor := url.QueryEscape(s.get("/v1/orders?limit=3", last).get(t, "page", "next_cursor"))
	for path, want := range map[string]struct {
		status int
		code   string
	}{
		"/v1/orders?limit=3&cursor=" + cursor:                       {200, ""},
		"/v1/orders?limit=5&cursor=" + cursor:                       {200, ""},
		"/v1/orders?sort=total&cursor=" + cursor:                    {400, "cursor_mismatch"},
		"/v1/orders?filter[status]=pending&cursor=" + cursor:        {400, "cursor_mismatch"},
		"/v1/orders?cursor=nonsense":                                {400, "invalid_cursor"},
		"/v1/orders?sort=color":                                     {400, "unknown_filter"},
		"/v1/orders?colour=red":                                     {400, "unknown_filter"},
		"/v1/orders?filter[colour]=red":                             {400, "unknown_filter"},
		"/v1/orders?filter[status][like]=p":                         {400, "unknown_filter"},
		"/v1/orders?filter[status=p":                                {400, "unknown_filter"},
		"/v1/orders?filter[status]=lost":                            {422, "validation_failed"},
		"/v1/orders?filter[total][gte]=much":                        {422, "validation_failed"},
		"/v1/orders?limit=0":                                        {422, "validation_failed"},
		"/v1/orders?limit=251":                                      {422, "validation_failed"},
		"/v1/orders?limit=x":                                        {422, "validation_failed"},
		"/v1/orders?limit=1&limit=2":                                {422, "validation_failed"},
		"/v1/orders?count=some":                                     {422, "validation_failed"},
		"/v1/orders?filter[sku]=L&filter[total][gte]=2000":          {200, ""},
		"/v1/orders?filter[status][in]=pending,canceled":            {200, ""},
		"/v1/orders?filter[external_id][prefix]=e&sort=-updated_at": {200, ""},
		"/v1/orders?filter[channel]=%00":                            {422, "validation_failed"},
		"/v1/orders?a=%zz":                                          {400, "unknown_filter"},
	} {
		r := s.get(path, last)
		if want.code == "" {
			r.want(t, want.status)
		} else {
			r.wantProblem(t, want.status, want.code)
		}
	}
}

// list returns one member of each item of the data.
func (r reply) list(tb testing.TB, name string) []string {
	tb.Helper()
	var body struct{ Data []map[string]any }
	unmarshal(tb, r.body, &body)
	out := make([]string, len(body.Data))
	for i, item := range body.Data {
		out[i] = fmt.Sprint(item[name])
	}
	return out
}

func TestFigures(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("M", "100")
	s.stocked("N", "100")
	s.post("/v1/orders", `{"currency":"EUR","lines":[{"sku":"M","quantity":3},{"sku":"N","quantity":1}]}`).want(t, http.StatusCreated)
	last := s.place("N")
	for name, want := range map[string]string{"gross_sales": "5000", "orders_placed": "2", "units": "5", "orders_canceled": "0"} {
		r := s.get("/v1/metrics/"+name+"?bucket=hour", last)
		if r.get(t, "total") != want || r.get(t, "name") != name || r.get(t, "bucket") != "hour" || len(r.points(t)) != 24 {
			t.Errorf("%s: %s", name, r.body)
		}
	}
	year := s.get("/v1/metrics/units?from=2026-01-01&to=2027-01-01&bucket=month&tz=Europe/Berlin", last)
	if points := year.points(t); len(points) != 12 || points[0] != "2025-12-31T23:00:00.000Z" {
		t.Errorf("months: %s", year.body)
	}
	top := s.get("/v1/metrics/top_skus?by=units&limit=1", last)
	if top.get(t, "data", "0", "sku") != "M" || top.get(t, "data", "0", "units") != "3" || top.get(t, "data", "0", "net", "amount") != "3000" {
		t.Errorf("top: %s", top.body)
	}
	s.get("/v1/metrics/luck").wantProblem(t, http.StatusNotFound, "metric_not_found")
	s.get("/v1/metrics/units?from=soon&to=later").wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	s.get("/v1/metrics/units?from=2026-01-02&to=2026-01-01").wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	s.get("/v1/metrics/units?from=0001-01-01&to=9999-12-31&bucket=hour").wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	s.get("/v1/metrics/units?tz=Mars/Olympus").wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	s.get("/v1/metrics/gross_sales?currency=QQQ").wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	s.get("/v1/metrics").want(t, http.StatusOK)
	if status := s.get("/v1/projections"); status.get(t, "data", "0", "name") != "order_detail" || status.get(t, "data", "0", "logs", "0", "head") == "0" {
		t.Errorf("projections: %s", status.body)
	}
}

func (r reply) points(tb testing.TB) []string {
	tb.Helper()
	var body struct {
		Points []struct {
			Start string
			Value int64
		}
	}
	unmarshal(tb, r.body, &body)
	out := make([]string, len(body.Points))
	for i, p := range body.Points {
		out[i] = p.Start
	}
	return out
}

func TestPublic(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	for path, want := range map[string]string{"/openapi.json": `"openapi":"3.0.3"`, "/docs": "Error codes", "/.well-known/jwks.json": `"kty":"OKP"`} {
		r := s.do(call{method: http.MethodGet, path: path, token: "-"})
		if r.status != http.StatusOK || !strings.Contains(string(r.body), want) {
			t.Errorf("%s: %d %.200s", path, r.status, r.body)
		}
	}
	s.stocked("INV", "3")
	s.post("/v1/products", `{"sku":"NEVER","name":"Never received","prices":[{"amount":1,"currency":"EUR"}]}`).want(t, http.StatusCreated)
	s.locations()
	last := s.post("/v1/inventory/INV/receive", `{"quantity":4,"location_id":"north"}`)
	if got := s.get("/v1/inventory/INV", last); string(got.body) != string(last.body) {
		t.Errorf("inventory: %s, want %s", got.body, last.body)
	}
	if got := s.get("/v1/inventory/NEVER", last); got.get(t, "on_hand") != "0" || got.get(t, "locations") != "[]" {
		t.Errorf("never received: %s", got.body)
	}
	s.get("/v1/inventory/NONE", last).wantProblem(t, http.StatusNotFound, "product_not_found")
	s.get("/v1/products/none", last).wantProblem(t, http.StatusNotFound, "product_not_found")
	if list := s.get("/v1/products?limit=1", last); list.get(t, "data", "0", "sku") != "INV" || list.get(t, "page", "has_more") != "true" {
		t.Errorf("products: %s", list.body)
	}
	changed := s.do(call{method: http.MethodPatch, path: "/v1/products/INV", body: `{"prices":[{"amount":900,"currency":"EUR"}]}`, header: map[string]string{"If-Match": `"v1"`}})
	changed.want(t, http.StatusOK)
	if got := s.get("/v1/products/INV", changed); string(got.body) != string(changed.body) || got.header.Get("Etag") != `"v2"` {
		t.Errorf("product: %s, want %s", got.body, changed.body)
	}
}

func poll(tb testing.TB, done func() bool) {
	tb.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatal("it does not happen")
		}
	}
}
