package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/write"
)

// logbook is what a host has logged, as JSON.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// lines returns the lines with a message that name a request, or all of them.
func (l *logbook) lines(tb testing.TB, message, request string) (found []map[string]any) {
	tb.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		var entry map[string]any
		unmarshal(tb, []byte(line), &entry)
		if entry["msg"] == message && (request == "" || entry["request_id"] == request) {
			found = append(found, entry)
		}
	}
	return found
}

func (l *logbook) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(l, nil)) }

// withLog puts a write host with a log of its own in the place of the shop's.
func (s *shop) withLog(log *slog.Logger) *shop {
	s.tb.Helper()
	host, err := write.New(write.Config{
		Do: s.engine.Do, Store: s.store, Vault: s.vault, Auth: s.auth, Tokens: s.tokens, Host: httpx.HostConfig{Log: log},
	})
	must(s.tb, err)
	s.write = httptest.NewServer(host)
	s.tb.Cleanup(s.write.Close)
	return s
}

// wantCause checks that r is a problem of the service's own, with or without a time to try again.
func (r reply) wantCause(tb testing.TB, code httpx.Code) {
	tb.Helper()
	r.wantProblem(tb, httpx.Codes()[code], string(code))
	again := r.header.Get("Retry-After") != ""
	if retryable := r.get(tb, "retryable") == "true"; retryable != again || again != (r.get(tb, "retry_after_ms") != "") {
		tb.Errorf("retryable %v, Retry-After %q: %s", retryable, r.header.Get("Retry-After"), r.body)
	}
	if code == httpx.CodeStreamUnreadable && again {
		tb.Errorf("send again, says %s", r.body)
	}
}

// With the database away every operation says so, and none that it is its own fault.
func TestCauses_databaseAway(t *testing.T) {
	t.Parallel()

	var log logbook
	s := newShop(t).withReads(nil).withLog(log.logger())
	s.stocked("TSHIRT-M", "10")
	mine := s.place("TSHIRT-M")
	s.get("/v1/orders/"+mine.get(t, "id"), mine).want(t, http.StatusOK)
	var name string
	must(t, s.pool.QueryRow(t.Context(), "select current_database()").Scan(&name))
	outside := s.pool.Config().ConnConfig.Copy()
	outside.Database = "postgres"
	other, err := pgx.ConnectConfig(t.Context(), outside)
	must(t, err)
	defer func() { must(t, other.Close(context.WithoutCancel(t.Context()))) }()
	refuse := func(yes string) {
		_, err := other.Exec(t.Context(), `alter database "`+name+`" with allow_connections `+yes)
		must(t, err)
	}
	refuse("false")
	defer refuse("true")
	_, err = other.Exec(t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
	must(t, err)

	var wrong []string
	for _, r := range routes(t) {
		request := call{method: r.Method, path: path(r, nowhere, "7K3M-9QXZ-4T2B"), header: map[string]string{"If-Match": "*"}}
		if r.Method != http.MethodGet {
			names, values := s.examples(r)
			if request.body, _ = values[names[0]].(string); request.body == "" && values[names[0]] != nil {
				body, err := json.Marshal(values[names[0]])
				must(t, err)
				request.body = string(body)
			}
		}
		switch got := s.do(request); {
		case got.status < 500 && r.Operation != "listMetrics": // it needs no database
			wrong = append(wrong, r.Operation+": "+string(got.body))
		case r.Method != http.MethodGet && got.get(t, "code") == "outcome_unknown": // it was on its way already
		case got.status >= 500 && got.get(t, "code") != "dependency_unavailable":
			wrong = append(wrong, r.Operation+": "+string(got.body))
		case got.status >= 500:
			got.wantCause(t, httpx.CodeDependencyUnavailable)
			if r.Method != http.MethodGet && len(log.lines(t, "request failed", got.header.Get("Request-Id"))) != 1 {
				t.Errorf("%s is not logged once", r.Operation)
			}
		}
	}
	for _, w := range wrong {
		t.Errorf("%.300s", w)
	}
}

// A disk without room is no passing shortage of time.
func TestCauses_diskFull(t *testing.T) {
	t.Parallel()

	var log logbook
	s := newShop(t).withLog(log.logger())
	s.stocked("TSHIRT-M", "10")
	_, err := s.pool.Exec(t.Context(), `create function full_disk() returns trigger language plpgsql as
		$$ begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$;
		create trigger full_disk before insert on events execute function full_disk();
		create trigger full_disk before insert on person_keys execute function full_disk();`)
	must(t, err)
	for name, body := range map[string]string{
		"order":         `{"currency":"EUR","lines":[{"sku":"TSHIRT-M","quantity":1}]}`,
		"personal data": `{"currency":"EUR","customer":{"email":"a@example.test"},"lines":[{"sku":"TSHIRT-M","quantity":1}]}`,
	} {
		got := s.post("/v1/orders", body)
		got.wantCause(t, httpx.CodeStorageFull)
		if got.header.Get("Retry-After") == "1" {
			t.Errorf("%s: a disk is not cleared in a second: %v", name, got.header)
		}
		if lines := log.lines(t, "request failed", got.header.Get("Request-Id")); len(lines) != 1 || !strings.Contains(fmt.Sprint(lines[0]["error"]), "No space left") {
			t.Errorf("%s: logged as %v", name, lines)
		}
	}
}

// A stream that this build cannot read is named, and nobody is told to send the same again. Its neighbours are served.
func TestCauses_unreadable(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c := s.scene(t, "demo")
	c.paid()
	s.stocked("POISON", "10")
	s.stocked("GOOD", "10")
	order := c.path["id"]
	for _, stream := range []string{order, s.streamOf("stock", "POISON")} {
		s.poison(stream)
	}
	for _, request := range []call{
		{method: "POST", path: "/v1/orders/" + order + "/actions/hold", body: "{}"},
		{method: "POST", path: "/v1/orders", body: `{"currency":"EUR","lines":[{"sku":"POISON","quantity":1}]}`},
		{method: "POST", path: "/v1/inventory/POISON/receive", body: `{"quantity":1}`},
		{method: "POST", path: "/v1/orders/quote", body: `{"currency":"EUR","lines":[{"sku":"POISON","quantity":1}]}`},
		{method: "PATCH", path: "/v1/orders/" + order, body: `{"tags":["a"]}`, header: map[string]string{"If-Match": "*"}},
		{method: "GET", path: "/v1/orders/" + order + "/timeline"},
		{method: "GET", path: "/v1/orders/" + order + "/diff"},
		{method: "GET", path: "/v1/orders/" + order + "?as_of=v99"},
		{method: "GET", path: "/v1/orders/" + order, header: map[string]string{"Consistency-Token": s.place("GOOD").header.Get("Consistency-Token")}},
		{method: "GET", path: "/v1/inventory/POISON", header: map[string]string{"Consistency-Token": s.place("GOOD").header.Get("Consistency-Token")}},
	} {
		got := s.do(request)
		if request.path == "/v1/orders/"+order+"?as_of=v99" && got.status == http.StatusUnprocessableEntity {
			continue // there is no such version, whatever is in the others
		}
		got.wantCause(t, httpx.CodeStreamUnreadable)
		if detail := got.get(t, "detail"); !strings.Contains(detail, "order.from-the-future.v9") {
			t.Errorf("%s %s does not say what cannot be read: %s", request.method, request.path, detail)
		}
	}
	s.place("GOOD")
}

// poison adds an event to a stream that no build knows.
func (s *shop) poison(stream string) {
	s.tb.Helper()
	_, err := s.pool.Exec(s.tb.Context(), `insert into events (log_id, position, tenant_id, stream_id, stream_type, version, event_id, type, schema_version,
			data, metadata, occurred_at, recorded_at)
		select log_id, (select max(position) from events) + 1, tenant_id, stream_id, stream_type, version + 1, $2, 'order.from-the-future.v9', 1,
			'{}', '{}', now(), now()
		from events where stream_id = $1 order by version desc limit 1`, stream, uuid.New())
	must(s.tb, err)
}

// streamOf returns the stream of a type that has a text in its first event.
func (s *shop) streamOf(kind, text string) (stream string) {
	s.tb.Helper()
	must(s.tb, s.pool.QueryRow(s.tb.Context(), `select stream_id::text from events where stream_type = $1 and version = 1 and convert_from(data, 'UTF8') like $2`,
		kind, "%"+text+"%").Scan(&stream))
	return stream
}
