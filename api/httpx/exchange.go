package httpx

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

// exchange is a request and what becomes of it, for the access log, the figures and the decision log.
type exchange struct {
	echo.Context
	host    *Host
	call    *Call  // nil as long as nobody was let in
	problem *Error // that was answered; nil: none
	slotted bool   // it has one of the host's slots
}

// admit lets a call that is whole take one of the host's slots.
func (x *exchange) admit() error {
	id := &x.call.Identity
	if x.slotted = x.host.slots.take(id.Tenant, id.Client, 1); !x.slotted {
		return overloaded()
	}
	if x.host.gauge != nil {
		x.host.gauge.Inc()
	}
	return nil
}

// leave gives the slot back.
func (x *exchange) leave() {
	if !x.slotted {
		return
	}
	x.host.slots.give(x.call.Identity.Tenant, x.call.Identity.Client, 1)
	if x.host.gauge != nil {
		x.host.gauge.Dec()
	}
}

// record writes the line of the access log, one for each request. It names nobody but tenant and client: a path may hold
// the id of a person, so that the route stands for it.
func (x *exchange) record(ctx context.Context, log *slog.Logger, took time.Duration) {
	if !log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	response := x.Response()
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.String("request_id", response.Header().Get(HeaderRequestID)), slog.String("host", x.host.config.Name),
		slog.String("method", method(x.Request().Method)), slog.String("route", x.Path()), slog.Int("status", response.Status), slog.Duration("took", took))
	if x.problem != nil {
		attrs = append(attrs, slog.String("code", string(x.problem.Code)))
	}
	if c := x.call; c != nil {
		attrs = append(attrs, slog.String("tenant", c.Identity.Tenant), slog.String("client", c.Identity.Client))
		if c.CommandID != uuid.Nil {
			attrs = append(attrs, slog.String("command_id", c.CommandID.String()))
		}
		if c.Position > 0 {
			attrs = append(attrs, slog.Int64("position", int64(c.Position)))
		}
		if c.Replayed {
			attrs = append(attrs, slog.Bool("replayed", true))
		}
	}
	log.LogAttrs(ctx, slog.LevelInfo, "request", attrs...)
}

// denied tells the decision log of a call that was not allowed to who made it.
func (x *exchange) denied() {
	e := x.problem
	if x.host.config.Denials == nil || x.call == nil || e == nil || !e.Denied && e.Code != CodeInsufficientScope {
		return
	}
	x.host.config.Denials.note(x.call, e)
}

// method keeps what clients make up out of figures and logs.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	default:
		return "other"
	}
}
