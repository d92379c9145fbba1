package httpx

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

// Border lets requests in to the routes of the OpenAPI document: it checks token, scope, headers, query, key and body,
// in this order, and hands the rest to the handlers as a Call.
type Border struct {
	auth    *Authenticator
	timeout time.Duration
	routes  map[string]*Route // method and path in Echo's form
}

// NewBorder returns the border of some routes. Each request's context ends after the timeout.
func NewBorder(auth *Authenticator, routes []*Route, timeout time.Duration) *Border {
	b := &Border{auth: auth, timeout: timeout, routes: make(map[string]*Route, len(routes))}
	for _, r := range routes {
		b.routes[r.Method+" "+r.Path] = r
		if r.Method == http.MethodGet {
			b.routes[http.MethodHead+" "+r.Path] = r // the same without its body
		}
	}
	return b
}

// Route returns the route of an operation, for handlers that call Admit themselves; nil if there is none.
func (b *Border) Route(operation string) *Route {
	for _, r := range b.routes {
		if r.Operation == operation {
			return r
		}
	}
	return nil
}

// Middleware is for the generated handlers; each of their routes must be one of the border's.
func (b *Border) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		route, ok := b.routes[r.Method+" "+c.Path()]
		if !ok {
			return errors.New("route without an entry in the OpenAPI document: " + c.Path())
		}
		call, err := b.Admit(c, route)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(r.Context(), b.timeout) // from now on: the body has come
		defer cancel()
		if err := plainPath(c.ParamValues(), r.URL.RawPath != ""); err != nil {
			return err
		}
		r = r.WithContext(WithCall(ctx, call))
		if call.Body != nil {
			r.Body = io.NopCloser(bytes.NewReader(call.Body))
			r.ContentLength = int64(len(call.Body))
			r.Header.Set(echo.HeaderContentType, route.media)
		} else {
			r.Body, r.ContentLength = http.NoBody, 0
		}
		c.SetRequest(r)
		return next(c)
	}
}

// Admit checks everything that does not depend on what the route does, and takes one of the host's slots once the body is
// there. Its errors are *Error.
func (b *Border) Admit(c echo.Context, route *Route) (*Call, error) {
	r, w := c.Request(), c.Response()
	identity, err := b.auth.Authenticate(r, w.Header().Get(HeaderRequestID))
	if err != nil {
		return nil, err
	}
	call := &Call{
		Identity: identity, Route: route, RequestID: w.Header().Get(HeaderRequestID), Header: r.Header, Path: route.canonical(r.URL, c.ParamValues()),
		Prefer: ParsePrefer(r.Header),
	}
	x, hosted := c.(*exchange)
	if hosted {
		x.call = call
	}
	if err := call.check(r); err != nil {
		return nil, err
	}
	data, err := call.receive(x, r, w)
	if err != nil {
		return nil, err
	}
	if hosted {
		if err := x.admit(); err != nil {
			return nil, err
		}
	}
	err = call.takeBody(data)
	call.whole = err == nil
	return call, err
}

// check holds a call against what its route says of scope, headers, query and key.
func (c *Call) check(r *http.Request) (err error) {
	route := c.Route
	if err := c.Identity.Allow(route.Scope); err != nil {
		return err
	}
	if err := checkHeaders(r.Header); err != nil {
		return err
	}
	if route.IfMatch && len(r.Header[HeaderIfMatch]) == 0 {
		return &Error{
			Code: CodePreconditionRequired, Detail: "Fetch the target and send its ETag in If-Match, so that nobody's change is lost.",
			Faults: []Fault{{Header: HeaderIfMatch, Code: CodePreconditionRequired}},
		}
	}
	if c.Query, err = route.checkQuery(r.URL.RawQuery); err != nil || route.Key == KeyIgnored {
		return err
	}
	if c.Key, err = ParseKey(r.Header); err == nil && c.Key == "" && route.Key == KeyRequired {
		return &Error{
			Code: CodeKeyMissing, Detail: "Send an Idempotency-Key header, such as a new UUID, and the same one when you try again.",
			Faults: []Fault{{Header: HeaderIdempotencyKey, Code: CodeKeyMissing}},
		}
	}
	return err
}

// Allow returns an *Error with a 403 unless the caller has the scope.
func (id *Identity) Allow(scope Scope) error {
	if id.Scopes.Has(scope) {
		return nil
	}
	return &Error{Code: CodeInsufficientScope, Detail: "This needs the scope " + string(scope) + ".", RequiredScope: string(scope)}
}

func checkHeaders(h http.Header) error {
	if version, ok := h[HeaderAPIVersion]; ok && (len(version) != 1 || version[0] != APIVersion) {
		return &Error{Code: CodeInvalidHeader, Detail: "API-Version: this build speaks " + APIVersion + " only.", Faults: []Fault{{Header: "API-Version", Code: CodeInvalidHeader}}}
	}
	if len(h[HeaderConsistencyToken]) > 1 { // the others are lists, or have errors of their own
		return &Error{Code: CodeInvalidHeader, Detail: "Consistency-Token is there more than once; send one.", Faults: []Fault{{Header: HeaderConsistencyToken, Code: CodeInvalidHeader}}}
	}
	if !acceptsJSON(h) {
		return Errorf(CodeNotAcceptable, "Send Accept: application/json, or no Accept header.")
	}
	return nil
}

// maxPathParameter is the most characters of a name in a path; no id or SKU is longer.
const maxPathParameter = 255

// plainPath refuses names that nothing can have, before they reach a database. Echo leaves them escaped when the path
// could be read in two ways.
func plainPath(values []string, escaped bool) error {
	for _, v := range values {
		if escaped {
			var err error
			if v, err = url.PathUnescape(v); err != nil {
				v = ""
			}
		}
		if v == "" || utf8.RuneCountInString(v) > maxPathParameter || !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
			return Errorf(CodeRouteNotFound, "Nothing can have this name.")
		}
	}
	return nil
}

// Timeout is how long a request may take.
func (b *Border) Timeout() time.Duration { return b.timeout }
