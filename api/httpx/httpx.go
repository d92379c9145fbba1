// Package httpx holds what the write host and the read host share: who is asking, what a request must look like, how
// errors are told, and the tokens that connect writes with reads.
//
// Handlers return errors; one function, Problems.Handle, gives every error its status and its RFC 9457 body. What a
// request may be is taken from the OpenAPI document, so that the document and the server cannot drift apart.
package httpx

import (
	"context"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// APIVersion is the dated version that this build speaks, and the one that requests without the header get.
const APIVersion = "2026-11-01"

// Names of headers, in the form in which net/http keeps them.
const (
	HeaderAPIVersion        = "Api-Version"
	HeaderCacheControl      = "Cache-Control"
	HeaderCache             = "Cache"
	HeaderConsistency       = "Consistency"
	HeaderConsistencyToken  = "Consistency-Token"
	HeaderETag              = "Etag"
	HeaderIdempotencyKey    = "Idempotency-Key"
	HeaderIfMatch           = "If-Match"
	HeaderIfNoneMatch       = "If-None-Match"
	HeaderLink              = "Link"
	HeaderLocation          = "Location"
	HeaderOriginalRequest   = "Original-Request-Id"
	HeaderPrefer            = "Prefer"
	HeaderPreferenceApplied = "Preference-Applied"
	HeaderProjectionLag     = "Projection-Lag-Ms"
	HeaderReplayed          = "Idempotent-Replayed"
	HeaderRequestID         = "Request-Id"
	HeaderRetryAfter        = "Retry-After"
	HeaderTraceparent       = "Traceparent"
)

// Call is what the border knows of a request once it has let it in.
type Call struct {
	Identity  Identity
	Route     *Route
	RequestID string
	Prefer    Prefer
	Header    http.Header
	Path      string     // with ids, in its normal form
	Query     url.Values // of parameters that the route knows
	Body      []byte     // strict JSON that fits the route's schema, or another media type as it came; nil if there was none
	Canonical []byte     // Body with sorted keys and without white space
	Key       string     // idempotency key, unquoted; empty if there is none

	// What the handlers say for the access log.
	CommandID uuid.UUID
	Position  eventstore.Position // where the answer stands in the log
	Replayed  bool

	trace Trace
	value any  // what Body says
	whole bool // the border has let it in
}

// Trace returns the trace that the request belongs to, a new one if the client named none. It is for the request's own
// goroutine.
func (c *Call) Trace() Trace {
	if c.trace.ID == "" {
		c.trace = ParseTrace(c.Header.Get(HeaderTraceparent))
	}
	return c.trace
}

type callKey struct{}

// WithCall returns a context that carries the call.
func WithCall(ctx context.Context, call *Call) context.Context {
	return context.WithValue(ctx, callKey{}, call)
}

// CallOf returns the call of a context made by WithCall. A handler that is reached without one is a mistake in the
// wiring, so that it panics.
func CallOf(ctx context.Context) *Call {
	call, ok := ctx.Value(callKey{}).(*Call)
	if !ok {
		panic("httpx: handler outside of Border")
	}
	return call
}

// ParseID reads an id of a path. What is no UUID in its usual form cannot be anything's id, nor can the one of zeros.
func ParseID(text string) (uuid.UUID, bool) {
	if len(text) != 36 {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(text)
	return id, err == nil && id != uuid.Nil
}
