package api_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/ordermill/ordermill/api"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/read"
	"github.com/ordermill/ordermill/api/write"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/customers"
	"github.com/ordermill/ordermill/projections/documents"
	"github.com/ordermill/ordermill/projections/metrics"
	"github.com/ordermill/ordermill/projections/orderlist"
	"github.com/ordermill/ordermill/projections/products"
	"github.com/ordermill/ordermill/projections/reservations"
	"github.com/ordermill/ordermill/projections/stocklevels"
	"github.com/ordermill/ordermill/projections/topskus"
)

// shop is a running write host over a database of its own.
type shop struct {
	tb      testing.TB
	pool    *pgxpool.Pool
	store   *eventstore.Store
	engine  *commands.Engine
	vault   *eventstore.Vault
	issuer  *httpx.Issuer
	auth    *httpx.Authenticator
	tokens  *httpx.Tokens
	denials *httpx.Denials
	write   *httptest.Server
	read    *read.Host
	set     *projections.Set
	readURL string
	reads   *readPool
	skew    atomic.Int64 // nanoseconds that the write host's clock is ahead

	contract contract // what every answer is held against
}

// masterKeys wrap the keys of all shops. Never changed.
var masterKeys = []eventstore.MasterKey{{ID: "test", Key: [32]byte{1, 2, 3}}}

// newShop starts one.
func newShop(tb testing.TB) *shop {
	tb.Helper()
	document, err := api.Spec()
	must(tb, err)
	s := &shop{tb: tb, pool: pgtest.Pool(tb), contract: contract{document}}
	s.store, err = eventstore.Open(tb.Context(), s.pool, eventstore.Config{})
	must(tb, err)
	s.engine = commands.New(s.store, commands.Config{})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.engine.Run(ctx) }()
	tb.Cleanup(func() {
		stop()
		must(tb, <-ended)
		bounded, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		must(tb, s.store.Close(bounded))
	})
	s.vault, err = eventstore.NewVault(s.pool, eventstore.VaultConfig{MasterKeys: masterKeys})
	must(tb, err)
	s.issuer, err = httpx.NewIssuer(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)), time.Now)
	must(tb, err)
	config, err := s.issuer.AuthConfig()
	must(tb, err)
	s.auth, err = httpx.NewAuthenticator(config)
	must(tb, err)
	s.tokens, err = httpx.NewTokens([]byte("a secret of the tests only"))
	must(tb, err)
	s.denials = httpx.NewDenials(s.store.NoteDecisions, logTo(tb))
	noted := make(chan error, 1)
	go func() { noted <- s.denials.Run(ctx) }()
	tb.Cleanup(func() { // before the store closes
		stop()
		must(tb, <-noted)
	})
	host, err := write.New(write.Config{
		Do: s.engine.Do, Store: s.store, Vault: s.vault, Auth: s.auth, Tokens: s.tokens,
		Now:  func() time.Time { return time.Now().Add(time.Duration(s.skew.Load())) },
		Host: httpx.HostConfig{Log: logTo(tb), Denials: s.denials},
	})
	must(tb, err)
	s.write = httptest.NewServer(host)
	tb.Cleanup(s.write.Close)
	return s
}

// withReads adds a read host whose projections run in the same process, with a Redis if there is a client.
func (s *shop) withReads(client redis.UniversalClient) *shop {
	s.tb.Helper()
	orders, stock := documents.Orders(), documents.StockLevels()
	config := projections.Config{
		Pool: s.pool, Stores: []*eventstore.Store{s.store}, Logger: slog.New(slog.DiscardHandler),
		Models: []projections.Model{
			documents.NewModel(orders), documents.NewModel(stock),
			orderlist.Model{},
			products.Model{},
			metrics.Model{},
			topskus.Model{},
			stocklevels.Model{},
			customers.Model{},
			reservations.Model{},
		},
	}
	if client != nil {
		config.Backends = []projections.Backend{
			documents.NewBackend(orders, client, s.store, documents.BackendConfig{}), documents.NewBackend(stock, client, s.store, documents.BackendConfig{}),
		}
	}
	var err error
	s.set, err = projections.NewSet(config)
	must(s.tb, err)
	must(s.tb, s.set.Ensure(s.tb.Context()))
	s.reads = newReadPool(s.tb, s.pool)
	reader, err := documents.NewReader(documents.ReaderConfig{Postgres: s.reads, Redis: client, Positions: s.set.Positions(s.store.Log())})
	must(s.tb, err)
	vault, err := eventstore.NewVault(s.pool, eventstore.VaultConfig{MasterKeys: masterKeys}) // as of another process than that of the writes
	must(s.tb, err)
	s.read, err = read.New(read.Config{
		Store: s.store, Pool: s.reads, Reader: reader, Set: s.set, Vault: vault, Auth: s.auth, Tokens: s.tokens, JWKS: s.issuer.JWKS(),
		Host: httpx.HostConfig{Log: logTo(s.tb), Denials: s.denials},
	})
	must(s.tb, err)
	server := httptest.NewServer(s.read)
	s.readURL = server.URL
	ctx, stop := context.WithCancel(context.Background())
	var running errgroup.Group
	running.Go(func() error { return s.set.Run(ctx, projections.RunOptions{}) })
	running.Go(func() error { return reader.Run(ctx) })
	running.Go(func() error { return s.read.Run(ctx) })
	s.tb.Cleanup(func() {
		server.Close()
		stop()
		must(s.tb, running.Wait())
	})
	return s
}

// logTo shows a test what the hosts log: failures, of which clients learn nothing.
func logTo(tb testing.TB) *slog.Logger {
	tb.Helper()
	return slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// token returns one of tenant demo.
func (s *shop) token(role, subject string) string { return s.tokenOf("demo", role, subject) }

func (s *shop) tokenOf(tenant, role, subject string) string {
	s.tb.Helper()
	token, err := s.issuer.Token(tenant, role, subject)
	must(s.tb, err)
	return token
}

// call is a request in the making. Its zero values mean: an admin of tenant demo, a new key on writes, JSON.
type call struct {
	method, path, body string
	token              string
	key                string // "-": none
	header             map[string]string
	lines              map[string][]string // headers of several lines
}

// reply is what came back, read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request to the host that it belongs to.
func (s *shop) do(c call) reply {
	s.tb.Helper()
	base := s.write.URL
	if c.method == http.MethodGet || c.method == http.MethodHead {
		base = s.readURL
	}
	r, err := s.send(base, c)
	must(s.tb, err)
	return r
}

// send is do without failing the test, for goroutines.
func (s *shop) send(base string, c call) (reply, error) {
	request, err := http.NewRequestWithContext(context.Background(), c.method, base+c.path, strings.NewReader(c.body))
	if err != nil {
		return reply{}, err
	}
	if c.token == "" {
		c.token = s.token("admin", "tester")
	}
	if c.token != "-" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.method != http.MethodGet && c.key != "-" {
		if c.key == "" {
			c.key = uuid.NewString()
		}
		request.Header.Set("Idempotency-Key", c.key)
	}
	if c.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if strings.HasSuffix(c.path, "/products/import") {
		request.Header.Set("Content-Type", "text/csv")
	}
	for name, value := range c.header {
		request.Header.Set(name, value)
	}
	maps.Copy(request.Header, c.lines)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	r := reply{response.StatusCode, response.Header, body}
	if err == nil {
		err = s.contract.check(c.method, request.URL.Path, r)
	}
	return r, err
}

// post is do for the usual write.
func (s *shop) post(path, body string) reply {
	s.tb.Helper()
	return s.do(call{method: http.MethodPost, path: path, body: body})
}

// locations defines the main location and the north.
func (s *shop) locations() {
	s.tb.Helper()
	s.post("/v1/settings/locations", `{"id":"main","name":"Main hall"}`).want(s.tb, http.StatusCreated)
	s.post("/v1/settings/locations", `{"id":"north","name":"North hall","priority":1}`).want(s.tb, http.StatusCreated)
}

// stocked lists a SKU at 10.00 EUR and receives units of it.
func (s *shop) stocked(sku string, units string) {
	s.tb.Helper()
	s.post("/v1/products", `{"sku":"`+sku+`","name":"Thing `+sku+`","prices":[{"amount":1000,"currency":"EUR"}]}`).want(s.tb, http.StatusCreated)
	s.post("/v1/inventory/"+sku+"/receive", `{"quantity":`+units+`}`).want(s.tb, http.StatusOK)
}

// place places an order of one unit.
func (s *shop) place(sku string) reply {
	s.tb.Helper()
	r := s.post("/v1/orders", `{"currency":"EUR","lines":[{"sku":"`+sku+`","quantity":1}]}`)
	r.want(s.tb, http.StatusCreated)
	return r
}

func (r reply) want(tb testing.TB, status int) {
	tb.Helper()
	if r.status != status {
		tb.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
}

// wantProblem checks that r is a problem with the code, as every failure is.
func (r reply) wantProblem(tb testing.TB, status int, code string) {
	tb.Helper()
	if r.status != status || r.header.Get("Content-Type") != httpx.ProblemType || r.get(tb, "code") != code {
		tb.Fatalf("%d %s %s, want %d %s", r.status, r.header.Get("Content-Type"), r.body, status, code)
	}
	if r.get(tb, "request_id") == "" || r.header.Get("Request-Id") == "" {
		tb.Errorf("a problem without a request id: %s", r.body)
	}
}

// get returns a value of the body by its path, as text.
func (r reply) get(tb testing.TB, path ...string) string {
	tb.Helper()
	var value any
	decoder := json.NewDecoder(bytes.NewReader(r.body))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		tb.Fatalf("body %q: %v", r.body, err)
	}
	for _, name := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[name]
		case []any:
			if name == "last" {
				name = strconv.Itoa(len(v) - 1)
			}
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(v) {
				return ""
			}
			value = v[i]
		}
	}
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		text, err := json.Marshal(v)
		must(tb, err)
		return string(text)
	}
}

func unmarshal(tb testing.TB, data []byte, into any) {
	tb.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		tb.Fatalf("body %.200q: %v", data, err)
	}
}
