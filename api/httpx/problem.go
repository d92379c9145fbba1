package httpx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// ProblemType is the media type of every error.
const ProblemType = "application/problem+json"

// typeBase and a code are a problem's type. It is a name, not a promise that a page is there.
const typeBase = "https://ordermill.example/problems/"

// Fault is one thing that is wrong with a request; a problem lists the first hundred.
type Fault struct {
	Pointer   string         `json:"pointer,omitempty"` // into the body, RFC 6901
	Parameter string         `json:"parameter,omitempty"`
	Header    string         `json:"header,omitempty"`
	Code      Code           `json:"code"`
	Detail    string         `json:"detail,omitempty"`
	Meta      map[string]any `json:"meta,omitempty"`
}

// Error is an error with a meaning to HTTP. Its zero fields are left out of the problem.
type Error struct {
	Code           Code
	Detail         string // for the client; says what to do
	Faults         []Fault
	RetryAfter     time.Duration // of an error that may pass; 0: a second
	CurrentVersion *int64
	RequiredScope  string
	ExistingID     string
	Header         http.Header // sent beside the problem
	Cause          error       // for the log only
	Denied         bool        // the answer says that there is nothing, since it is another's; the decision log says so
}

// Errorf returns an error whose detail is formatted as by fmt.Sprintf.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Error implements error.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Detail, e.Cause)
	}
	return string(e.Code) + ": " + e.Detail
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Status returns the HTTP status of the error's code.
func (e *Error) Status() int { return e.meaning().Status }

// level returns how loud the error is logged, and whether it is at all: what clients do wrong is not.
func (e *Error) level() (slog.Level, bool) {
	switch status := e.Status(); {
	case status == http.StatusInternalServerError || e.Code == CodeStreamUnreadable:
		return slog.LevelError, true
	case status > http.StatusInternalServerError:
		return slog.LevelWarn, true
	default:
		return 0, false
	}
}

// retryAfter returns when the very same request may be sent again; 0: nobody knows, or never. What may pass by itself
// has a time in any case.
func (e *Error) retryAfter() time.Duration {
	if e.RetryAfter == 0 && e.meaning().Retryable {
		return time.Second
	}
	return e.RetryAfter
}

func (e *Error) meaning() meaning {
	if m, ok := meanings[e.Code]; ok {
		return m
	}
	return meanings[CodeInternal]
}

// Problem is the body of an error, RFC 9457 with the members that API.md names.
type Problem struct {
	Type           string  `json:"type"`
	Title          string  `json:"title"`
	Status         int     `json:"status"`
	Code           Code    `json:"code"`
	Detail         string  `json:"detail,omitempty"`
	Instance       string  `json:"instance,omitempty"`
	Errors         []Fault `json:"errors,omitempty"`
	RequestID      string  `json:"request_id"`
	TraceID        string  `json:"trace_id,omitempty"`
	Retryable      bool    `json:"retryable"`
	RetryAfterMS   int64   `json:"retry_after_ms,omitempty"`
	CurrentVersion *int64  `json:"current_version,omitempty"`
	RequiredScope  string  `json:"required_scope,omitempty"`
	ExistingID     string  `json:"existing_id,omitempty"`
	Available      any     `json:"available,omitempty"` // of the first line that lacks stock
}

// Problem returns the body of e for one request.
func (e *Error) Problem(requestID, traceID string) Problem {
	m := e.meaning()
	p := Problem{
		Type: typeBase + string(e.Code), Title: m.Title, Status: m.Status, Code: e.Code, Detail: clip(e.Detail, maxDetail),
		Instance: "urn:ordermill:request:" + requestID, Errors: bounded(e.Faults), RequestID: requestID, TraceID: traceID,
		Retryable: m.Retryable, RetryAfterMS: e.retryAfter().Milliseconds(), CurrentVersion: e.CurrentVersion,
		RequiredScope: e.RequiredScope, ExistingID: e.ExistingID,
	}
	for _, f := range e.Faults {
		if available, ok := f.Meta["available"]; ok {
			p.Available = available
			break
		}
	}
	return p
}

// Marshal writes a value as JSON without escaping for HTML, since nothing here is embedded in a page. It panics on
// what cannot be JSON: all its callers pass structs of their own.
func Marshal(v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("httpx: marshal %T: %v", v, err))
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
