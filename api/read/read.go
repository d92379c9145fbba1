// Package read serves the read host: read models, with proofs of how current they are.
//
// A single order is answered from the memory of the process, else from Redis, else from Postgres, and if none of them is
// as far as the client's consistency token asks for, from the order's own events. Lists and figures come from Postgres
// once their projection has got as far as the token.
package read

import (
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/ordermill/ordermill/api"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/documents"
	"github.com/ordermill/ordermill/projections/query"
)

//go:generate go tool -modfile=../../tools/go.mod oapi-codegen -config server.cfg.yaml ../openapi.yaml

// Config says what the read host works with. JWKS, CacheBytes, Now and Host have defaults.
type Config struct {
	Store      *eventstore.Store // the log, for its feed and where it ends; nothing of it is served
	Pool       query.DB          // a pool for all that is served, with a role that sees one tenant at a time
	Reader     *documents.Reader // whose Run is the caller's business
	Set        *projections.Set
	Vault      resource.Keys
	Auth       *httpx.Authenticator
	Tokens     *httpx.Tokens
	Servers    api.Servers // named by the contract
	JWKS       []byte      // served at /.well-known/jwks.json if there is one
	CacheBytes int         // of answers in memory; default 32 MiB
	Now        func() time.Time
	Host       httpx.HostConfig
}

// Host is the read host. Run keeps its memory current: without it, nothing is answered from memory.
type Host struct {
	*httpx.Host
	server *server
}

// server implements the generated StrictServerInterface.
type server struct {
	Config
	border    *httpx.Border
	log       *slog.Logger
	events    *eventstore.TenantLog // what is served of the log
	positions *projections.Positions
	orders    *httpx.Route

	remembered atomic.Pointer[memory]
	forgetting sync.Mutex
}

var _ StrictServerInterface = (*server)(nil)

// New returns the read host, ready to serve.
func New(config Config) (*Host, error) {
	if config.Store == nil || config.Pool == nil || config.Reader == nil || config.Set == nil || config.Vault == nil || config.Auth == nil || config.Tokens == nil {
		return nil, errors.New("read host: Store, Pool, Reader, Set, Vault, Auth and Tokens are needed")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	config.Host.Name = "read"
	if config.Host.Log == nil {
		config.Host.Log = slog.New(slog.DiscardHandler)
	}
	document, err := api.Spec()
	if err != nil {
		return nil, err
	}
	routes, err := httpx.Routes(document, "read")
	if err != nil {
		return nil, err
	}
	host := httpx.NewHost(config.Host)
	s := &server{
		Config: config, log: config.Host.Log, events: eventstore.NewTenantLog(config.Pool, config.Store.Log()), border: httpx.NewBorder(config.Auth, routes, host.Timeout()),
		positions: config.Set.Positions(config.Store.Log()),
	}
	first, err := s.newMemory(config.Store.Past())
	if err != nil {
		return nil, err
	}
	s.remembered.Store(first)
	if s.positions == nil {
		return nil, errors.New("read host: the projections do not follow the store's log")
	}
	if s.orders = s.border.Route("getOrder"); s.orders == nil {
		return nil, errors.New("read host: the OpenAPI document has no operation getOrder")
	}
	middlewares := make(map[string][]echo.MiddlewareFunc, len(routes))
	for _, r := range routes {
		middlewares[r.Operation] = []echo.MiddlewareFunc{s.border.Middleware}
	}
	both := router{host.Echo}
	RegisterHandlersWithOptions(both, NewStrictHandler(s, nil), RegisterHandlersOptions{OperationMiddlewares: middlewares})
	both.GET(s.orders.Path, s.getOrder)
	if err := s.registerPublic(both, document); err != nil {
		return nil, err
	}
	return &Host{host, s}, nil
}

// router registers what GET answers for HEAD too: the server leaves the body out by itself.
type router struct{ *echo.Echo }

// GET registers a handler of both methods.
func (r router) GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	r.HEAD(path, h, m...)
	return r.Echo.GET(path, h, m...)
}

// CacheStats counts what was answered from memory.
func (h *Host) CacheStats() documents.CacheStats { return h.server.memory().cache.Stats() }

// page is an answer of JSON. It implements the response interfaces of the generated operations.
type page struct {
	header    http.Header
	body      []byte
	unchanged bool // the client has it already
}

func (p page) write(w http.ResponseWriter) error {
	header := w.Header()
	for name, values := range p.header {
		header[name] = values
	}
	header[httpx.HeaderCacheControl] = cacheControl
	if p.unchanged {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	header["Content-Type"] = contentJSON
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(p.body) // fails only when the client is gone
	return nil
}

// tagged gives a page the ETag of a version, and leaves its body out if the client has that.
func (p page) tagged(call *httpx.Call, version eventstore.Version) page {
	tag := httpx.ETag(version)
	p.header[httpx.HeaderETag] = []string{tag}
	p.unchanged = len(call.Header[httpx.HeaderIfNoneMatch]) > 0 && httpx.NoneMatch(call.Header, tag)
	return p
}

// contentJSON and cacheControl are header values, shared and never written to.
var (
	contentJSON  = []string{"application/json"}
	cacheControl = []string{"private, no-cache"}
)
