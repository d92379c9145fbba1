package httpx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// HostConfig says how a host behaves. Zero fields mean the documented defaults.
type HostConfig struct {
	Name     string        // write or read, for figures and logs
	InFlight int           // requests answered at the same time, default 1024; more get a 503
	Timeout  time.Duration // of one request, default 15 s
	Log      *slog.Logger  // default: nothing is logged
	Metrics  *Metrics      // default: nothing is counted
}

// Host is an Echo server with what every answer needs: a request id, a problem for every failure, figures, a bound on
// what runs at once.
type Host struct {
	*echo.Echo
	config HostConfig
	ids    *ids
	slots  chan struct{}
	gauge  prometheus.Gauge
}

// NewHost returns a host without routes.
func NewHost(config HostConfig) *Host {
	config.InFlight = cmp.Or(config.InFlight, 1024)
	config.Timeout = cmp.Or(config.Timeout, 15*time.Second)
	config.Log = cmp.Or(config.Log, slog.New(slog.DiscardHandler))
	h := &Host{Echo: echo.New(), config: config, ids: newIDs(), slots: make(chan struct{}, config.InFlight)}
	if config.Metrics != nil {
		h.gauge = config.Metrics.inFlight.WithLabelValues(config.Name)
	}
	h.HideBanner, h.HidePort = true, true
	h.IPExtractor = echo.ExtractIPDirect() // headers can be made up
	h.HTTPErrorHandler = Problems{config.Log}.Handle
	h.Use(h.around)
	return h
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
		select {
		case h.slots <- struct{}{}:
			h.guarded(c, next)
		default:
			c.Error(overloaded())
		}
		took := time.Since(start)
		if h.config.Metrics != nil {
			h.config.Metrics.observe(h.config.Name, method(request.Method), c.Path(), response.Status, took)
		}
		if h.config.Log.Enabled(request.Context(), slog.LevelDebug) {
			h.config.Log.DebugContext(request.Context(), "request", "method", request.Method, "route", c.Path(), "status", response.Status,
				"took", took, "request_id", header.Get(HeaderRequestID))
		}
		return nil
	}
}

// apiVersion and noSniff are header values, shared and never written to.
var (
	apiVersion = []string{APIVersion}
	noSniff    = []string{"nosniff"}
)

// method keeps what clients make up out of the figures.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	default:
		return "other"
	}
}

// guarded answers also when the handler panics, and gives the slot back in any case.
func (h *Host) guarded(c echo.Context, next echo.HandlerFunc) {
	if h.gauge != nil {
		h.gauge.Inc()
	}
	defer func() {
		<-h.slots
		if h.gauge != nil {
			h.gauge.Dec()
		}
	}()
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case http.ErrAbortHandler:
			panic(cause)
		default:
			c.Error(fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
		}
	}()
	if err := next(c); err != nil {
		c.Error(err)
	}
}

// Timeout is how long one request may take.
func (h *Host) Timeout() time.Duration { return h.config.Timeout }

// Serve answers requests on the listener until ctx ends, then lets those that run finish for as long as grace, and
// returns. The listener is closed in any case.
func (h *Host) Serve(ctx context.Context, listener net.Listener, grace time.Duration) error {
	server := &http.Server{
		Handler:           h.Echo,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      h.config.Timeout + 30*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(h.config.Log.Handler(), slog.LevelDebug), // broken clients
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("%s host: %w", h.config.Name, err)
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := server.Shutdown(ending)
	if err != nil {
		err = errors.Join(fmt.Errorf("%s host: drain: %w", h.config.Name, err), server.Close())
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
