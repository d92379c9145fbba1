package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
)

// as reads a path as somebody else.
func (s *shop) as(token, path string) reply {
	s.tb.Helper()
	return s.do(call{method: http.MethodGet, path: path, token: token, header: map[string]string{"Prefer": "wait=10"}})
}

// folded is what an order's first n events come to.
func folded(tb testing.TB, recorded []eventstore.Recorded, n int) *order.Order {
	tb.Helper()
	o := new(order.Order)
	for i := range recorded[:n] {
		event, err := order.Decode(recorded[i].Type, recorded[i].Data)
		must(tb, err)
		o.Apply(event)
	}
	return o
}

// lived is an order with a long life, and its events.
func (s *shop) lived(tb testing.TB) (*scene, []eventstore.Recorded) {
	tb.Helper()
	c := s.scene(tb, "demo").cameBack()
	c.act("/returns/"+c.path["return_id"]+"/resolve", "")
	c.act("/notes", `{"body":"rang twice"}`).act("/notes", `{"body":"leave it at the door","from":"customer","visibility":"customer"}`)
	recorded, err := s.store.Load(tb.Context(), "demo", uuid.MustParse(c.path["id"]), 0)
	must(tb, err)
	return c, recorded
}

// An order at any position and any time is what the events up to there come to.
func TestOrderAsOf(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c, recorded := s.lived(t)
	path := "/v1/orders/" + c.path["id"]
	analyst := s.token("analyst", "ann") // sees no personal data, so that plain bytes can be compared
	for n := 1; n <= len(recorded); n++ {
		e := &recorded[n-1]
		want, _, err := resource.Reveal(t.Context(), s.vault, "demo", resource.Order(folded(t, recorded, n), e.Version), resource.Viewer{Staff: true})
		must(t, err)
		got := s.as(analyst, path+"?as_of="+strconv.FormatInt(int64(e.Position), 10))
		got.want(t, http.StatusOK)
		if string(got.body) != string(want) || !strings.HasPrefix(got.header.Get("Etag"), fmt.Sprintf(`"v%d-`, n)) || got.header.Get("Cache") != "bypass" || got.header.Get("Projection-Lag-Ms") != "0" {
			t.Errorf("as of v%d: %v\n%s\nwant\n%s", n, got.header, got.body, want)
		}
		if at, err := s.tokens.ParsePosition(got.header.Get("Consistency-Token")); err != nil || at.Position != e.Position {
			t.Errorf("token of v%d: %+v, %v", n, at, err)
		}
		if n < len(recorded) && recorded[n].RecordedAt.Equal(e.RecordedAt) {
			continue // events of one append have one time
		}
		if got := s.as(analyst, path+"?as_of="+e.RecordedAt.Format(time.RFC3339Nano)); string(got.body) != string(want) {
			t.Errorf("as of %s: %s\nwant\n%s", e.RecordedAt, got.body, want)
		}
	}
	first := strconv.FormatInt(int64(recorded[0].Position)-1, 10)
	s.get(path+"?as_of="+first).wantProblem(t, http.StatusNotFound, "order_not_found")
	s.get(path+"?as_of=2020-01-01T00:00:00Z").wantProblem(t, http.StatusNotFound, "order_not_found")
	head, _, err := s.store.Head(t.Context())
	must(t, err)
	for _, wrong := range []string{
		"", "0", "-1", "v", "v1000", "soon", "2026-01-01", "99999999999999999999", strconv.FormatInt(int64(head)+1, 10), "2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z",
		time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "%00", strings.Repeat("1", 65),
	} {
		s.get(path+"?as_of="+wrong).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	}
	if wrong := s.get(path + "?as_of=soon"); !strings.Contains(wrong.get(t, "errors", "0", "meta", "allowed"), "position") {
		t.Errorf("what is allowed is not told: %s", wrong.body)
	}
	s.get(path+"?as_of=v0").wantProblem(t, http.StatusNotFound, "order_not_found")
	if third := s.get(path + "?as_of=v3"); third.header.Get("Etag") != `"v3"` {
		t.Errorf("as of v3: %d %s", third.status, third.body)
	}
	events := s.get(path + "/events")
	for n := range recorded { // a time as answers show it
		shown := s.get(path + "?as_of=" + events.get(t, "data", strconv.Itoa(n), "recorded_at"))
		if got, err := strconv.Atoi(strings.Trim(shown.header.Get("Etag"), `"v`)); err != nil || got <= n {
			t.Errorf("as of the time of v%d: %s", n+1, shown.header.Get("Etag"))
		}
	}
	s.get(path+"?as_of=1&as_of=2").wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	same := s.do(call{method: http.MethodGet, path: path + "?as_of=" + strconv.FormatInt(int64(recorded[0].Position), 10), header: map[string]string{"If-None-Match": `"v1"`}})
	if same.status != http.StatusNotModified {
		t.Errorf("If-None-Match: %d", same.status)
	}
	for _, stranger := range []string{s.tokenOf("other", "admin", "eve"), s.token("customer", "c-8")} {
		s.as(stranger, path+"?as_of="+strconv.FormatInt(int64(head), 10)).wantProblem(t, http.StatusNotFound, "order_not_found")
	}
	s.as(s.token("customer", "c-7"), path+"?as_of="+strconv.FormatInt(int64(head), 10)).want(t, http.StatusOK)
	for _, other := range []string{"/v1/orders/by-number/" + c.order.get(t, "order_number"), "/v1/orders/by-external-id/x"} {
		s.get(other+"?as_of=1").wantProblem(t, http.StatusBadRequest, "unknown_filter")
	}
	if now := s.get(path, c.order); now.header.Get("Etag") != c.order.header.Get("Etag") {
		t.Errorf("the order as it is: %v", now.header)
	}
}

// The changes between two moments lead from what a read answered at the one to what it answered at the other.
func TestOrderDiff(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c, recorded := s.lived(t)
	path := "/v1/orders/" + c.path["id"]
	render := func(n int) []byte {
		if n == 0 {
			return []byte("{}")
		}
		body, _, err := resource.Reveal(t.Context(), s.vault, "demo", resource.Order(folded(t, recorded, n), recorded[n-1].Version), resource.Viewer{Staff: true})
		must(t, err)
		return body
	}
	for from := 0; from <= len(recorded); from += 5 {
		for to := from; to <= len(recorded); to += 3 {
			want, err := resource.Diff(render(from), render(to))
			must(t, err)
			got := s.get(fmt.Sprintf("%s/diff?from=v%d&to=v%d", path, from, to))
			var body struct {
				From, To struct{ Version int }
				Changes  []resource.Change
			}
			unmarshal(t, got.body, &body)
			if body.From.Version != from || body.To.Version != to || !sameChanges(t, body.Changes, want) {
				t.Errorf("v%d to v%d: %s\nwant %+v", from, to, got.body, want)
			}
			if strings.Contains(string(got.body), "seven@example") || strings.Contains(string(got.body), "leave it at") {
				t.Errorf("personal data: %s", got.body)
			}
		}
	}
	n := len(recorded)
	last := s.get(path + "/diff")
	if last.get(t, "from", "version") != strconv.Itoa(n-1) || last.get(t, "to", "version") != strconv.Itoa(n) || last.get(t, "personal_data_changed") != "true" {
		t.Errorf("the last change: %s", last.body)
	}
	at := slices.IndexFunc(recorded, func(e eventstore.Recorded) bool { return e.Position > eventstore.Position(n) })
	byPlace := s.get(fmt.Sprintf("%s/diff?from=%d&to=%s", path, recorded[at].Position, recorded[n-1].RecordedAt.Format(time.RFC3339Nano)))
	if byPlace.get(t, "from", "version") != strconv.Itoa(at+1) || byPlace.get(t, "to", "version") != strconv.Itoa(n) {
		t.Errorf("from a position to a time: %s", byPlace.body)
	}
	plain := s.get(fmt.Sprintf("%s/diff?from=0&to=%d", path, n)) // small numbers are versions
	if plain.get(t, "from", "version") != "0" || plain.get(t, "to", "version") != strconv.Itoa(n) {
		t.Errorf("by plain versions: %s", plain.body)
	}
	for _, wrong := range []string{"from=v", "from=v-1", "to=v" + strconv.Itoa(n+1), "from=soon", "to=", "to=2999-01-01T00:00:00Z", "from=v99999999999999999999"} {
		s.get(path+"/diff?"+wrong).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	}
	for _, stranger := range []string{s.tokenOf("other", "admin", "eve"), s.token("customer", "c-8")} {
		s.as(stranger, path+"/diff").wantProblem(t, http.StatusNotFound, "order_not_found")
	}
	if mine := s.as(s.token("customer", "c-7"), path+"/diff?from=v0"); strings.Contains(string(mine.body), "rang twice") {
		t.Errorf("a customer sees staff's words: %s", mine.body)
	}
}

func sameChanges(tb testing.TB, got, want []resource.Change) bool {
	tb.Helper()
	plain := func(changes []resource.Change) any {
		data, err := json.Marshal(changes)
		must(tb, err)
		var value any
		unmarshal(tb, data, &value)
		return value
	}
	return len(got) == len(want) && reflect.DeepEqual(plain(got), plain(want))
}

// A timeline has an entry for each event, for staff; customers see theirs, and nothing that is not for them.
func TestOrderTimeline(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c, recorded := s.lived(t)
	path := "/v1/orders/" + c.path["id"] + "/timeline"
	c.act("/actions/archive", "")
	staff := s.get(path, c.order)
	if codes := staff.list(t, "code"); len(codes) < len(recorded) || codes[0] != "placed" || codes[len(codes)-1] != "archived" {
		t.Errorf("timeline: %v", codes)
	}
	if !strings.Contains(string(staff.body), "rang twice") || strings.Contains(string(staff.body), "at the door") || staff.get(t, "data", "0", "by", "id") == "" {
		t.Errorf("timeline: %s", staff.body)
	}
	mine := s.as(s.token("customer", "c-7"), path)
	mine.want(t, http.StatusOK)
	if strings.Contains(string(mine.body), "rang twice") || strings.Contains(string(mine.body), "tester") || len(mine.list(t, "code")) >= len(staff.list(t, "code")) {
		t.Errorf("a customer's timeline: %s", mine.body)
	}
	for _, stranger := range []string{s.tokenOf("other", "admin", "eve"), s.token("customer", "c-8")} {
		s.as(stranger, path).wantProblem(t, http.StatusNotFound, "order_not_found")
	}
	s.get("/v1/orders/nonsense/timeline").wantProblem(t, http.StatusNotFound, "order_not_found")
}

func TestOrderEvents(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c, recorded := s.lived(t)
	path := "/v1/orders/" + c.path["id"] + "/events"
	var walked []string
	for next := path + "?limit=4"; next != ""; {
		page := s.get(next, c.order)
		page.want(t, http.StatusOK)
		walked = append(walked, page.list(t, "type")...)
		next = ""
		for link := range strings.SplitSeq(page.header.Get("Link"), ", ") {
			if target, ok := strings.CutSuffix(link, `>; rel="next"`); ok {
				next = strings.TrimPrefix(target, "<")
			}
		}
	}
	var want []string
	for i := range recorded {
		want = append(want, recorded[i].Type)
	}
	if !reflect.DeepEqual(walked, want) {
		t.Errorf("pages: %v, want %v", walked, want)
	}
	some := s.get(path+"?types=order.placed.v1,order.note_added.v1&limit=2", c.order)
	if got := some.list(t, "type"); len(got) != 2 || got[1] != "order.note_added.v1" || some.get(t, "page", "has_more") != "true" {
		t.Errorf("some types: %s", some.body)
	}
	if end := s.get(path + "?after=1000000"); len(end.list(t, "id")) != 0 || end.get(t, "page", "next_after") != "" {
		t.Errorf("after the end: %s", end.body)
	}
	first := s.get(path + "?limit=1")
	if first.get(t, "data", "0", "actor", "id") != "tester" || first.get(t, "data", "0", "request_id") == "" || strings.Contains(string(first.body), `"pii"`) {
		t.Errorf("what is beside an event: %s", first.body)
	}
	s.get(path+"?types=order.lost.v1").wantProblem(t, http.StatusBadRequest, "unknown_filter")
	for _, wrong := range []string{"after=-1", "after=x", "limit=0", "limit=1001", "limit=1&limit=2"} {
		s.get(path+"?"+wrong).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	}
}

// Notes are those of the order, for whoever may see them.
func TestOrderNotes(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c, _ := s.lived(t)
	path := "/v1/orders/" + c.path["id"] + "/notes"
	staff := s.get(path, c.order)
	if got := staff.list(t, "body"); !reflect.DeepEqual(got, []string{"rang twice", "leave it at the door"}) {
		t.Errorf("notes: %s", staff.body)
	}
	if got := s.as(s.token("analyst", "ann"), path).list(t, "body"); !reflect.DeepEqual(got, []string{"<nil>", "<nil>"}) {
		t.Errorf("without customers:pii: %v", got)
	}
	if got := s.as(s.token("customer", "c-7"), path).list(t, "body"); !reflect.DeepEqual(got, []string{"leave it at the door"}) {
		t.Errorf("a customer: %v", got)
	}
	for _, stranger := range []string{s.tokenOf("other", "admin", "eve"), s.token("customer", "c-8")} {
		s.as(stranger, path).wantProblem(t, http.StatusNotFound, "order_not_found")
	}
	if none := s.get("/v1/orders/" + s.place("TSHIRT-M").get(t, "id") + "/notes"); none.get(t, "data") != "[]" {
		t.Errorf("no notes: %s", none.body)
	}
}
