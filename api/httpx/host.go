package httpx

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// HostConfig says how a host behaves. Zero fields mean the documented defaults.
type HostConfig struct {
	Name     string        // write or read, for figures and logs
	InFlight int           // requests answered at the same time, default 2048; more get a 503
	Bodies   int           // bytes of bodies that are on their way at the same time, default 256 MiB; more get a 503
	Timeout  time.Duration // of one request, default 15 s
	Log      *slog.Logger  // default: nothing is logged
	Metrics  *Metrics      // default: nothing is counted
	Denials  *Denials      // what is told of denied calls; default: nobody

	// Where reads are served, if it is not here: by a host of this process, or at a URL without a path. What is asked of
	// this host with GET then goes there.
	Reads   http.Handler
	ReadURL string
}

// Host is an Echo server with what every answer needs: a request id, a problem for every failure, figures, a bound on
// what runs at once.
type Host struct {
	*echo.Echo
	config HostConfig
	ids    *ids
	slots  *shares // of requests
	bodies *shares // of bodies that are on their way, in units
	gauge  prometheus.Gauge
	drains drains
}

// NewHost returns a host without routes.
func NewHost(config HostConfig) *Host {
	config.InFlight = cmp.Or(config.InFlight, 2048)
	config.Bodies = cmp.Or(config.Bodies, 256<<20)
	config.Timeout = cmp.Or(config.Timeout, 15*time.Second)
	config.Log = cmp.Or(config.Log, slog.New(slog.DiscardHandler))
	h := &Host{Echo: echo.New(), config: config, ids: newIDs(), slots: newShares(config.InFlight), bodies: newShares(config.Bodies / bodyUnit)}
	if config.Metrics != nil {
		h.gauge = config.Metrics.inFlight.WithLabelValues(config.Name)
	}
	h.HideBanner, h.HidePort = true, true
	h.IPExtractor = echo.ExtractIPDirect() // headers can be made up
	h.HTTPErrorHandler = func(err error, c echo.Context) { _ = Problems{config.Log}.Handle(err, c) }
	h.Use(h.around)
	return h
}

// ServeHTTP implements http.Handler.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if u := normalized(r.URL); u != r.URL {
		r = r.WithContext(r.Context()) // a copy
		r.URL = u
	}
	if h.config.Reads != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		h.config.Reads.ServeHTTP(w, r)
		return
	}
	h.Echo.ServeHTTP(w, r)
}

// around is the one middleware of all routes.
func (h *Host) around(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		request, response := c.Request(), c.Response()
		header := response.Header()
		header[HeaderRequestID] = []string{h.ids.request(request.Header[HeaderRequestID])}
		header[HeaderAPIVersion] = apiVersion
		header["X-Content-Type-Options"] = noSniff
		if h.drains.begun() {
			header["Connection"] = closeConnection
		}
		x := &exchange{Context: c, host: h}
		h.guarded(x, next)
		took := time.Since(start)
		if h.config.Metrics != nil {
			h.config.Metrics.observe(h.config.Name, method(request.Method), c.Path(), response.Status, took)
		}
		x.record(request.Context(), h.config.Log, took)
		x.denied()
		return nil
	}
}

// apiVersion and noSniff are header values, shared and never written to.
var (
	apiVersion = []string{APIVersion}
	noSniff    = []string{"nosniff"}

	closeConnection = []string{"close"}
)

// guarded answers also when the handler panics, and gives the slot back in any case.
func (h *Host) guarded(x *exchange, next echo.HandlerFunc) {
	defer x.leave()
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case http.ErrAbortHandler:
			panic(cause)
		default:
			h.fail(x, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
		}
	}()
	if err := next(x); err != nil {
		h.fail(x, err)
	}
}

// fail answers what went wrong. A read that came here by mistake, as it followed the Location of a write, is shown where
// it is served.
func (h *Host) fail(x *exchange, err error) {
	routing := (*echo.HTTPError)(nil)
	if m := x.Request().Method; h.config.ReadURL != "" && (m == http.MethodGet || m == http.MethodHead) && errors.As(err, &routing) {
		x.Response().Header().Set(HeaderLocation, h.config.ReadURL+x.Request().URL.RequestURI())
		x.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		x.Response().WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	x.problem = Problems{h.config.Log}.Handle(err, x)
}

// Timeout is how long one request may take.
func (h *Host) Timeout() time.Duration { return h.config.Timeout }
