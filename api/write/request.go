package write

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
)

// request is a call that was let in, with what handlers need to make a command of it.
type request struct {
	*httpx.Call
	server *server
	path   func(name string) string // parameters of the path, unescaped
	expect []eventstore.Version     // by If-Match, one of them; nil: any
	at     time.Time
	fresh  uuid.UUID // id of what the request makes, if it makes something
	guest  bool      // a key was made for the guest whose order the request makes
	order  uuid.UUID // the order that the path names, if it names one
}

// handler answers one operation.
type handler func(ctx context.Context, r *request) (answer, error)

// serve makes a handler one of Echo's.
func (s *server) serve(h handler) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		r := &request{Call: httpx.CallOf(ctx), server: s, at: s.Now(), path: func(name string) string {
			value := c.Param(name)
			if c.Request().URL.RawPath != "" { // else Echo has it unescaped already
				if plain, err := url.PathUnescape(value); err == nil {
					return plain
				}
			}
			return value
		}}
		var err error
		if r.expect, err = httpx.ParseIfMatch(r.Header); err != nil {
			return err
		}
		if r.fresh, err = uuid.NewV7(); err != nil {
			return fmt.Errorf("new id: %w", err)
		}
		a, err := h(ctx, r)
		if err != nil {
			return err
		}
		a.write(c.Response())
		return nil
	}
}

// decode reads a body that fits its schema. No body is the zero value.
func decode[T any](r *request) (*T, error) {
	in := new(T)
	if r.Body == nil {
		return in, nil
	}
	if err := json.Unmarshal(r.Body, in); err != nil {
		return nil, &httpx.Error{Code: httpx.CodeMalformedJSON, Detail: "The body cannot be read.", Cause: err}
	}
	return in, nil
}

// command answers with the outcome of one command, which build makes of the body.
func command[T any](s *server, build func(context.Context, *request, *T) (commands.Command, error), show render) handler {
	return func(ctx context.Context, r *request) (answer, error) {
		in, err := decode[T](r)
		if err != nil {
			return answer{}, err
		}
		wish, err := build(ctx, r, in)
		if err != nil {
			return s.answered(ctx, r, err)
		}
		return s.execute(ctx, r, wish, show(r))
	}
}

// ofOrder is command for the order that the path names. Customers may name their own.
func ofOrder[T any](s *server, build func(context.Context, *request, *T) (commands.Command, error), show render) handler {
	next := command(s, build, show)
	return func(ctx context.Context, r *request) (answer, error) {
		if err := s.findOrder(ctx, r); err != nil {
			return answer{}, err
		}
		return next(ctx, r)
	}
}

// findOrder reads the order's id, and makes sure that a customer names an own one.
func (s *server) findOrder(ctx context.Context, r *request) error {
	var err error
	if r.order, err = r.id("id", httpx.CodeOrderNotFound, "order"); err != nil {
		return err
	}
	if customer, own := r.Identity.Customer(); own {
		o, _, err := s.load(ctx, r.Identity.Tenant, r.order)
		if err != nil {
			return err
		}
		if o.CustomerID != customer {
			e := noSuch(httpx.CodeOrderNotFound, "order")
			e.Denied = true // it is another's
			return e
		}
	}
	return nil
}

// load returns an order as it is now. It fails with order_not_found.
func (s *server) load(ctx context.Context, tenant string, id uuid.UUID) (*order.Order, eventstore.Version, error) {
	recorded, err := s.Store.Load(ctx, tenant, id, 0)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
	}
	if len(recorded) == 0 || recorded[0].StreamType != order.StreamType {
		return nil, 0, noSuch(httpx.CodeOrderNotFound, "order")
	}
	o := new(order.Order)
	for i := range recorded {
		event, err := eventstore.Decode(&recorded[i], order.Decode)
		if err != nil {
			return nil, 0, err
		}
		o.Apply(event)
	}
	return o, recorded[len(recorded)-1].Version, nil
}

// id reads an id of the path. What is no UUID cannot be anything's id.
func (r *request) id(name string, code httpx.Code, what string) (uuid.UUID, error) {
	id, ok := httpx.ParseID(r.path(name))
	if !ok {
		return uuid.Nil, noSuch(code, what)
	}
	return id, nil
}

func noSuch(code httpx.Code, what string) *httpx.Error {
	return httpx.Errorf(code, "There is no %s with this id.", what)
}

// by returns who sent the request, as events note it.
func (r *request) by() string { return actor(&r.Identity).ID }

// change is a command of the order that the path names.
func (r *request) change(cmd order.Command) (commands.Command, error) {
	return commands.ChangeOrder{OrderID: r.order, Command: cmd, At: r.at}, nil
}

// changeStock is a command of the SKU that the path names.
func (r *request) changeStock(cmd stock.Command) (commands.Command, error) {
	return commands.ChangeStock{SKU: r.path("sku"), Command: cmd, At: r.at}, nil
}

func actor(id *httpx.Identity) commands.Actor {
	kind, name := id.Actor()
	return commands.Actor{Type: kind, ID: name}
}

// value returns what p points to, or a default.
func value[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// render makes the rendering of a request's outcome.
type render func(r *request) func(commands.Outcome) rendered

// rendered is a successful outcome as a client sees it.
type rendered struct {
	status   int
	location string
	body     []byte // nil: none
}

// gone renders what is no longer there.
func gone(*request) func(commands.Outcome) rendered {
	return func(commands.Outcome) rendered { return rendered{status: http.StatusNoContent} }
}

// stateOf returns the state of an outcome, or an empty one.
func stateOf[T any](o commands.Outcome) *T {
	if state, ok := o.State.(*T); ok && state != nil {
		return state
	}
	return new(T)
}
