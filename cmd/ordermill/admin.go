package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// States of readiness.
const (
	starting int32 = iota
	ready
	draining
)

// admin is the host for operators: health, figures and profiles. It needs no token, so its address must be private.
type admin struct {
	registry *prometheus.Registry
	state    atomic.Int32
	health   *health
	log      *slog.Logger
	ended    chan error // once begun: what serving ended with
	server   *http.Server
}

func newAdmin(log *slog.Logger) *admin {
	a := &admin{registry: prometheus.NewRegistry(), health: newHealth(log), log: log}
	a.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "ordermill_build_info", Help: "Always 1; the version is the label.", ConstLabels: prometheus.Labels{"version": version},
		}, func() float64 { return 1 }),
	)
	return a
}

func (a *admin) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		if stuck := a.health.alive(); stuck != "" {
			say(w, http.StatusServiceUnavailable, "stuck", stuck)
			return
		}
		say(w, http.StatusOK, "live")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		verdict, lines := a.readiness()
		status := http.StatusOK
		if verdict != "ready" {
			status = http.StatusServiceUnavailable
		}
		say(w, status, verdict, lines...)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn)}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// ready says that the process has been started. Whether it is ready is judged from now on.
func (a *admin) ready() {
	a.state.Store(ready)
	a.health.open()
}

// readiness says in a word whether the process can do now what it is for, and in a line each what it lacks.
func (a *admin) readiness() (verdict string, lines []string) {
	needed, optional, known := a.health.missing()
	for _, line := range optional {
		needed = append(needed, "slower without "+line)
	}
	switch state := a.state.Load(); {
	case state == draining:
		return "draining", nil
	case state == starting || !known:
		return "starting", needed
	case len(needed) > len(optional):
		return "not ready", needed
	default:
		return "ready", needed
	}
}

// say answers with a word, and lines that explain it.
func say(w http.ResponseWriter, status int, word string, lines ...string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, strings.Join(append([]string{word}, lines...), "\n")+"\n") // fails only when the client is gone
}

// begin answers from now on, before there is anything to be ready with: whoever asks is never kept waiting.
func (a *admin) begin(listener net.Listener) {
	a.ended = make(chan error, 1)
	a.server = &http.Server{
		Handler: a.handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 2 * time.Minute, IdleTimeout: time.Minute, // profiles take their time
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	go func() { a.ended <- a.server.Serve(listener) }()
}

// serve answers on until ctx ends.
func (a *admin) serve(ctx context.Context) error {
	defer context.AfterFunc(ctx, a.end)()
	if err := <-a.ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("admin host: %w", err)
	}
	return nil
}

// end stops answering at once: nothing of it has to be finished.
func (a *admin) end() { _ = a.server.Close() }
