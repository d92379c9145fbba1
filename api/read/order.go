package read

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/documents"
)

// view is an order as it is kept in memory: rendered, with its personal data sealed. It is never changed.
type view struct {
	body     []byte
	etag     []string // header value
	length   []string // header value
	personal bool
	customer string
	epoch    int64
}

// served is a view and what is known about it.
type served struct {
	*view
	proven eventstore.Position
	cache  []string // header value
	past   bool     // it is shown as it was, which no change makes outdated
}

// Values of the Cache header, shared and never written to.
var (
	cacheHit    = []string{"hit"}
	cacheMiss   = []string{"miss"}
	cacheBypass = []string{"bypass"}
	noLag       = []string{"0"}
)

func noSuchOrder() *httpx.Error {
	return httpx.Errorf(httpx.CodeOrderNotFound, "There is no such order, or there was none yet at the moment that is asked for; look at its id, number or name.")
}

// notTheirs says that there is no such order, and the decision log that it is another customer's.
func notTheirs() error {
	e := noSuchOrder()
	e.Denied = true
	return e
}

// getOrder serves GET /v1/orders/{id}. It is written by hand, since it is what is asked for most.
func (s *server) getOrder(c echo.Context) error {
	call, err := s.border.Admit(c, s.orders)
	if err != nil {
		return err
	}
	id, ok := httpx.ParseID(c.Param("id"))
	if !ok {
		return noSuchOrder()
	}
	need, err := s.need(c.Request().Context(), call)
	if err != nil {
		return err
	}
	if text, ok := call.Query["as_of"]; ok {
		ctx, cancel := context.WithTimeout(c.Request().Context(), s.border.Timeout())
		defer cancel()
		if _, err := s.logged(ctx, call); err != nil {
			return err
		}
		found, err := s.orderAsOf(ctx, call, id, text[0])
		if err != nil {
			return err
		}
		return s.serveOrder(ctx, c.Response(), call, found)
	}
	key := documents.Key{Tenant: call.Identity.Tenant, Stream: id}
	found := served{cache: cacheHit}
	m := s.memory()
	if found.view, found.proven, _, ok = m.cache.Get(key, need); !ok {
		ctx, cancel := context.WithTimeout(c.Request().Context(), s.border.Timeout())
		defer cancel()
		if found, err = s.loadOrder(ctx, m, key, need); err != nil {
			return err
		}
	}
	return s.serveOrder(c.Request().Context(), c.Response(), call, found)
}

// loadOrder reads an order that memory does not have, and leaves it there.
func (s *server) loadOrder(ctx context.Context, m *memory, key documents.Key, need eventstore.Position) (served, error) {
	a, err := s.Reader.Order(ctx, key.Tenant, key.Stream, max(need, m.cache.Floor(key)))
	if err != nil {
		return served{}, explain(err)
	}
	if !a.Found() {
		return served{}, noSuchOrder()
	}
	v, err := newView(&a)
	if err != nil {
		return served{}, err
	}
	m.cache.Put(key, v, len(v.body), a.Position, a.Proven)
	found := served{view: v, proven: a.Proven, cache: cacheMiss}
	switch {
	case a.Source == documents.SourceRedis:
		found.cache = cacheHit
	case a.Source == documents.SourceLog && need > 0:
		found.cache = cacheBypass // no read model was as far as the token
	}
	return found, nil
}

func newView(a *documents.Answer) (*view, error) {
	var o order.Order
	if err := json.Unmarshal(a.Body, &o); err != nil {
		return nil, fmt.Errorf("document of order %s: %w", a.Key.Stream, err)
	}
	return viewOf(&o, a.Version, a.Epoch), nil
}

func viewOf(o *order.Order, version eventstore.Version, epoch int64) *view {
	body := resource.Order(o, version)
	return &view{
		body: body, etag: []string{httpx.ETag(version)}, length: []string{strconv.Itoa(len(body))}, personal: resource.Sealed(body),
		customer: o.CustomerID, epoch: epoch,
	}
}

// explain gives the reader's errors their meaning.
func explain(err error) error {
	switch {
	case errors.Is(err, documents.ErrAhead):
		return &httpx.Error{Code: httpx.CodeProjectionLagging, Detail: "The database that was read is behind the token. Try again.", RetryAfter: time.Second, Cause: err}
	case errors.Is(err, documents.ErrUnreadable):
		return httpx.Unreadable(err)
	case errors.Is(err, documents.ErrUnavailable) && eventstore.TroubleOf(err) == eventstore.TroubleNone:
		return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
	default:
		return err
	}
}

// serveOrder sends an order to those who may see it, or that it is unchanged.
func (s *server) serveOrder(ctx context.Context, w http.ResponseWriter, call *httpx.Call, found served) error {
	if customer, own := call.Identity.Customer(); own && customer != found.customer {
		return notTheirs()
	}
	body, etag, length := found.body, found.etag, found.length
	if viewer := call.Identity.Viewer(); found.personal || !viewer.Staff {
		shown, disclosure, err := resource.Reveal(ctx, s.opener(found.proven), call.Identity.Tenant, body, viewer)
		if err != nil {
			s.log.WarnContext(ctx, "personal data left out", "request_id", call.RequestID, "error", err)
		}
		if body, length = shown, []string{strconv.Itoa(len(shown))}; !viewer.All(disclosure) && !bytes.Equal(body, found.body) {
			etag = []string{httpx.ViewTag(etag[0], body)}
		}
	}
	call.Position = found.proven
	header := w.Header()
	header[httpx.HeaderETag] = etag
	m := s.memory()
	if token := s.tokenHeader(ctx, m, found.epoch, found.proven); token != nil {
		header[httpx.HeaderConsistencyToken] = token
	}
	header[httpx.HeaderCache] = found.cache
	header[httpx.HeaderCacheControl] = cacheControl
	header["Vary"] = varyAuthorization
	header[httpx.HeaderProjectionLag] = noLag
	if behind := m.lag.of(found.proven, s.Now()); behind > 0 && !found.past {
		header[httpx.HeaderProjectionLag] = []string{milliseconds(behind)}
	}
	if len(call.Header[httpx.HeaderIfNoneMatch]) > 0 && httpx.NoneMatch(call.Header, etag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	header["Content-Type"] = contentJSON
	header["Content-Length"] = length
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // fails only when the client is gone
	return nil
}

// freshly opens with keys that are asked for anew.
type freshly struct{ resource.Keys }

func (f freshly) Open(ctx context.Context, tenant string, sealed []byte, id uuid.UUID) ([]byte, error) {
	return f.OpenFresh(ctx, tenant, sealed, id)
}

// opener decrypts for an answer that is proven at a position. If this process has not followed the log so far yet, it may
// not have heard of an erasure that the client knows of.
func (s *server) opener(proven eventstore.Position) resource.Keys {
	if proven > s.memory().cache.Position() {
		return freshly{s.Vault}
	}
	return s.Vault
}

// varyAuthorization is a header value, shared and never written to.
var varyAuthorization = []string{"Authorization"}

// orderPage answers with one order that was found by something else than its id.
type orderPage struct {
	server *server
	ctx    context.Context // of the request that is being answered
	call   *httpx.Call
	found  served
}

func (p orderPage) write(w http.ResponseWriter) error {
	return p.server.serveOrder(p.ctx, w, p.call, p.found)
}

// VisitGetOrderByNumberResponse implements the generated response.
func (p orderPage) VisitGetOrderByNumberResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetOrderByExternalIDResponse implements the generated response.
func (p orderPage) VisitGetOrderByExternalIDResponse(w http.ResponseWriter) error { return p.write(w) }

// byID returns the page of an order whose id is known by now, at a position or beyond.
func (s *server) byID(ctx context.Context, id uuid.UUID, least eventstore.Position) (orderPage, error) {
	call := httpx.CallOf(ctx)
	found, err := s.find(ctx, call, id, least)
	if err != nil {
		return orderPage{}, err
	}
	return orderPage{s, ctx, call, found}, nil
}
