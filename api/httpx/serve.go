package httpx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// idleMoment is how long a connection that nobody uses is kept once the host drains. A client that sends on one that was
// closed a moment ago gets no answer; one that sends before is told to close it.
const idleMoment = 3 * time.Second

// drains is how far a host is with its end.
type drains struct {
	since atomic.Int64 // 0: it does not end
	open  atomic.Int64 // connections
}

func (d *drains) begin() { d.since.CompareAndSwap(0, time.Now().UnixNano()) }

func (d *drains) begun() bool { return d.since.Load() != 0 }

// count keeps count of the connections. It is the server's ConnState.
func (d *drains) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		d.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		d.open.Add(-1)
	case http.StateActive, http.StateIdle:
	}
}

// linger waits until no connection is open, or those that are have been idle for long enough.
func (d *drains) linger(ctx context.Context) {
	tick := time.NewTicker(idleMoment / 100)
	defer tick.Stop()
	for until := time.Unix(0, d.since.Load()).Add(idleMoment); d.open.Load() > 0 && time.Now().Before(until); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Drain has every answer from now on say that its connection is closed, so that clients go elsewhere by themselves. Call
// it as soon as the end is known; the host serves on.
func (h *Host) Drain() { h.drains.begin() }

// Serve answers requests on the listener until ctx ends, and then still for a moment, so that clients with connections are
// told to close them. Then it closes the listener and idle connections, lets the requests that run finish for as long as
// grace in all, and returns. The listener is closed in any case.
func (h *Host) Serve(ctx context.Context, listener net.Listener, grace time.Duration) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      h.config.Timeout + 30*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(h.config.Log.Handler(), slog.LevelDebug), // broken clients
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ConnState:         h.drains.count,
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
	h.drains.begin()
	h.drains.linger(ending)
	err := server.Shutdown(ending)
	if err != nil {
		err = errors.Join(fmt.Errorf("%s host: drain: %w", h.config.Name, err), server.Close())
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
