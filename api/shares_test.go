package api_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/write"
)

// withHost puts a write host with other bounds in the place of the shop's.
func (s *shop) withHost(config httpx.HostConfig, readTimeout time.Duration) *shop {
	s.tb.Helper()
	config.Denials = s.denials
	if config.Log == nil {
		config.Log = logTo(s.tb)
	}
	host, err := write.New(write.Config{Do: s.engine.Do, Store: s.store, Vault: s.vault, Auth: s.auth, Tokens: s.tokens, Host: config})
	must(s.tb, err)
	s.write = httptest.NewUnstartedServer(host)
	s.write.Config.ReadTimeout = readTimeout
	s.write.Start()
	s.tb.Cleanup(s.write.Close)
	return s
}

// half sends the head of an order of a tenant, and nothing of the body that it announces.
func (s *shop) half(tenant string, length string) net.Conn {
	s.tb.Helper()
	conn, err := (&net.Dialer{}).DialContext(s.tb.Context(), "tcp", s.write.Listener.Addr().String())
	must(s.tb, err)
	s.tb.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nIdempotency-Key: %s\r\nContent-Type: application/json\r\n%s\r\n\r\n{",
		s.tokenOf(tenant, "integrator", "slow"), uuid.NewString(), length)
	must(s.tb, err)
	return conn
}

// Bodies that do not come keep no slot, and only so much memory that there is enough for others.
func TestShares_bodies(t *testing.T) {
	t.Parallel()

	s := newShop(t).withHost(httpx.HostConfig{InFlight: 4, Bodies: 1 << 20}, time.Minute)
	s.stocked("TSHIRT-M", "100")
	refused := 0
	for i := range 60 {
		length := "Content-Length: 100"
		if i%2 == 0 {
			length = "Transfer-Encoding: chunked"
		}
		conn := s.half("slow", length)
		must(t, conn.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
		if response, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
			if refused++; response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
				t.Errorf("refused with %d %v", response.StatusCode, response.Header)
			}
			must(t, response.Body.Close())
		}
	}
	if refused == 0 {
		t.Error("one client holds all the memory that there is for bodies")
	}
	for range 20 {
		s.place("TSHIRT-M")
	}
}

// A body that comes too slowly is answered as that, and leaves nothing behind.
func TestSlowBody(t *testing.T) {
	t.Parallel()

	s := newShop(t).withHost(httpx.HostConfig{}, 300*time.Millisecond)
	for _, length := range []string{"Content-Length: 100", "Transfer-Encoding: chunked"} {
		conn := s.half("demo", length)
		must(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		must(t, err)
		must(t, response.Body.Close())
		if response.StatusCode != http.StatusRequestTimeout || response.Header.Get("Content-Type") != httpx.ProblemType || !response.Close {
			t.Errorf("%s: %d %v", length, response.StatusCode, response.Header)
		}
	}
}

// The same thing is the same request under its key, however a proxy between writes its path.
func TestEqualPaths(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	s.stocked("TSHIRT-M", "10")
	order := s.place("TSHIRT-M").get(t, "id")
	for name, paths := range map[string][]string{
		"receive": {
			"/v1/inventory/TSHIRT-M/receive", "/v1/inventory/TSHIRT%2DM/receive", "/v1/inventory/TSHIRT%2dM/receive", "/v1/%69nventory/TSHIRT-M/%72eceive",
			"/v1/./inventory/x/../TSHIRT-M/receive", "/v1/inventory/%54SHIRT-M/receive",
		},
		"cancel":   {"/v1/orders/" + order + "/actions/cancel", "/v1/orders/" + strings.ToUpper(order) + "/actions/cancel", "/v1/orders/" + strings.ReplaceAll(order, "-", "%2d") + "/actions/cancel"},
		"customer": {"/v1/customers/Zo%C3%AB~1/erase", "/v1/customers/Zo%c3%ab%7E1/erase", "/v1/customers/%5Ao%C3%AB%7e1/erase"},
	} {
		body := map[string]string{"receive": `{"quantity":1}`}[name]
		for i, path := range paths {
			got := s.do(call{method: http.MethodPost, path: path, body: body, key: name})
			if got.status >= 300 || (got.header.Get("Idempotent-Replayed") != "") != (i > 0) {
				t.Errorf("%s: %d, replayed %q: %s", path, got.status, got.header.Get("Idempotent-Replayed"), got.body)
			}
		}
	}
	if other := s.do(call{method: http.MethodPost, path: "/v1/inventory/tshirt-m/receive", body: `{"quantity":1}`, key: "receive"}); other.status < 400 {
		t.Errorf("a SKU in small letters is another: %s", other.body)
	}
}

// What a write's Location names can be read where it was given out.
func TestLocation(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	body := `{"currency":"EUR","lines":[{"sku":"TSHIRT-M","quantity":1}]}`
	s.stocked("TSHIRT-M", "10")

	apart := s.withHost(httpx.HostConfig{ReadURL: s.readURL}, 0)
	placed := apart.post("/v1/orders", body)
	placed.want(t, http.StatusCreated)
	if got := placed.header.Get("Location"); got != s.readURL+"/v1/orders/"+placed.get(t, "id") {
		t.Errorf("Location: %s, want it on the read host", got)
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		request, err := http.NewRequestWithContext(t.Context(), method, s.write.URL+"/v1/orders/"+placed.get(t, "id")+"?as_of=v1", http.NoBody)
		must(t, err)
		response, err := http.DefaultTransport.RoundTrip(request)
		must(t, err)
		must(t, response.Body.Close())
		if want := s.readURL + "/v1/orders/" + placed.get(t, "id") + "?as_of=v1"; response.StatusCode != http.StatusTemporaryRedirect || response.Header.Get("Location") != want {
			t.Errorf("%s on the write host: %d %v, want 307 to %s", method, response.StatusCode, response.Header, want)
		}
	}
	apart.do(call{method: http.MethodDelete, path: "/v1/orders"}).wantProblem(t, http.StatusMethodNotAllowed, "method_not_allowed")

	together := s.withHost(httpx.HostConfig{Reads: s.read}, 0)
	placed = together.post("/v1/orders", body)
	if placed.header.Get("Location") != "/v1/orders/"+placed.get(t, "id") {
		t.Errorf("Location: %s", placed.header.Get("Location"))
	}
	got, err := s.send(s.write.URL, call{method: http.MethodGet, path: placed.header.Get("Location"), header: map[string]string{"Consistency-Token": placed.header.Get("Consistency-Token")}})
	must(t, err)
	if got.status != http.StatusOK || string(got.body) != string(placed.body) || got.header.Get("Etag") != placed.header.Get("Etag") {
		t.Errorf("read where it was written: %d %s", got.status, got.body)
	}
}

// The access log has a line for each request, with what belongs together and nothing that is somebody's own.
func TestAccessLog(t *testing.T) {
	t.Parallel()

	var log logbook
	s := newShop(t).withHost(httpx.HostConfig{Log: log.logger()}, 0)
	s.stocked("TSHIRT-M", "10")
	placed := s.post("/v1/orders", `{"currency":"EUR","customer":{"id":"anna-secret","email":"anna@example.test"},"lines":[{"sku":"TSHIRT-M","quantity":1}]}`)
	line := log.one(t, placed)
	for name, want := range map[string]any{
		"level": "INFO", "host": "write", "method": "POST", "route": "/v1/orders", "status": float64(201), "tenant": "demo", "client": "development",
	} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	var command string
	must(t, s.pool.QueryRow(t.Context(), `select convert_from(metadata, 'UTF8')::jsonb ->> 'command_id' from events where stream_id = $1 and version = 1`, placed.get(t, "id")).Scan(&command))
	var position float64
	must(t, s.pool.QueryRow(t.Context(), `select max(position) from events`).Scan(&position))
	if line["command_id"] != command || command == "" || line["position"] != position || line["took"] == nil {
		t.Errorf("%v; want command %s at %v", line, command, position)
	}
	for want, request := range map[string]call{
		"token_missing":      {method: "POST", path: "/v1/orders", token: "-"},
		"insufficient_scope": {method: "POST", path: "/v1/customers/anna-secret/erase", token: s.token("analyst", "bob-secret")},
		"route_not_found":    {method: "POST", path: "/v1/people/anna-secret"},
		"validation_failed":  {method: "POST", path: "/v1/orders", body: `{"currency":1}`},
		"customer":           {method: "POST", path: "/v1/customers/anna-secret/erase"},
	} {
		if line := log.one(t, s.do(request)); line["code"] != want && want != "customer" || line["status"] == nil {
			t.Errorf("%s: %v", want, line)
		}
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if strings.Contains(log.text.String(), "secret") || strings.Contains(log.text.String(), "example.test") {
		t.Errorf("somebody is named: %s", log.text.String())
	}
}

// one returns the only line of the access log about an answer. It is written after the answer was sent.
func (l *logbook) one(tb testing.TB, r reply) map[string]any {
	tb.Helper()
	var lines []map[string]any
	poll(tb, func() bool {
		lines = l.lines(tb, "request", r.header.Get("Request-Id"))
		return len(lines) > 0
	})
	if len(lines) != 1 {
		tb.Fatalf("%d lines: %v", len(lines), lines)
	}
	return lines[0]
}
