package httpx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/eventstore"
)

// Explain gives an error its meaning to a client. It is the only place where that happens; what it does not know is an
// internal error, of which the client learns no more than that.
func Explain(err error) *Error {
	var (
		own       *Error
		violation *rule.Violation
		version   *commands.VersionError
		reused    *eventstore.KeyReusedError
		routing   *echo.HTTPError

		unreadable *eventstore.UnreadableError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &violation):
		return Refusal(violation)
	case errors.As(err, &version):
		current := int64(version.Current)
		return &Error{Code: CodeVersionMismatch, Detail: "Fetch the current version and send the request again with its ETag in If-Match; the same key may be used.", CurrentVersion: &current}
	case errors.As(err, &reused):
		return Errorf(CodeKeyReused, "The key was first used for %s with another content. Use a new key for a new request.", reused.Request)
	case errors.Is(err, eventstore.ErrErased):
		return Errorf(CodeErasedCustomer, "Orders for this customer need another customer id.")
	case errors.Is(err, commands.ErrKeyInUse):
		return &Error{Code: CodeKeyInUse, Detail: "Send the same request again in a moment to get its answer."}
	case errors.Is(err, commands.ErrConcurrentModification):
		return &Error{Code: CodeConcurrent, Detail: "Send the same request again."}
	case errors.Is(err, eventstore.ErrOutcomeUnknown):
		return &Error{Code: CodeOutcomeUnknown, Detail: "Send the same request again with the same key: it is done once, whatever became of this one.", Cause: err}
	case errors.As(err, &unreadable):
		return Unreadable(err)
	case errors.Is(err, eventstore.ErrAnotherPast):
		return &Error{Code: CodeAnotherPast, RetryAfter: pastRetry, Cause: err, Detail: "The log has another past than what was seen of it, as after a restore; its operators have to run ordermill recover. Nothing was done. Send the same request again then."}
	case errors.Is(err, commands.ErrOverloaded):
		return overloaded()
	case errors.Is(err, context.Canceled):
		return &Error{Code: CodeReducedCapacity, Detail: "The request was given up; nothing was done.", Cause: err}
	case eventstore.TroubleOf(err) != eventstore.TroubleNone:
		return troubled(eventstore.TroubleOf(err), err)
	case errors.As(err, &routing):
		return explainRouting(routing)
	default:
		return &Error{Code: CodeInternal, Detail: "The request id finds the cause in the logs.", Cause: err}
	}
}

// Refusal is the error of a command that the domain's rules forbid.
func Refusal(v *rule.Violation) *Error {
	e := &Error{Code: Code(v.Code), Detail: v.Message, ExistingID: v.ExistingID}
	for _, d := range v.Details {
		e.Faults = append(e.Faults, Fault{Pointer: d.Pointer, Code: Code(d.Code), Detail: d.Message, Meta: d.Meta})
	}
	return e
}

func overloaded() *Error {
	return Errorf(CodeReducedCapacity, "Too many requests are waiting; nothing was done. Send the same request again.")
}

// pastRetry is after how long a client asks again whether the operators have taken the log up.
const pastRetry = 10 * time.Second

// fullRetry is after how long a client asks again whether there is room.
const fullRetry = 30 * time.Second

// troubled is the error of a request that the database did not serve: each trouble has a problem of its own, so that
// clients and operators know what to wait for.
func troubled(trouble eventstore.Trouble, cause error) *Error {
	e := &Error{Cause: cause}
	switch trouble {
	case eventstore.TroubleNone, eventstore.TroubleAway:
		e.Code, e.Detail = CodeDependencyUnavailable, "The database does not answer; nothing was done. Send the same request again."
	case eventstore.TroubleBusy:
		e.Code, e.Detail = CodeReducedCapacity, "The database has too much to do; nothing was done. Send the same request again."
	case eventstore.TroubleFull:
		e.Code, e.RetryAfter = CodeStorageFull, fullRetry
		e.Detail = "The database has no room left, which its operators have to make; nothing was done. Send the same request again then."
	case eventstore.TroubleLate:
		e.Code, e.Detail = CodeDependencyTimeout, "The database did not answer in time; nothing was done. Send the same request again."
	case eventstore.TroubleClosing:
		e.Code, e.Detail = CodeShuttingDown, "Nothing was done. Send the same request again, on a new connection."
	}
	return e
}

// Unreadable is the error of a request about a stream with an event that this build cannot read. Sending it again does
// not help, so that it says what does.
func Unreadable(err error) *Error {
	e := &Error{Code: CodeStreamUnreadable, Cause: err, Detail: "An event of it is damaged, or of a newer version of ordermill: its operators have to look into it, or to update."}
	if event := (*eventstore.UnreadableError)(nil); errors.As(err, &event) {
		e.Detail = fmt.Sprintf("Version %d of the %s stream %s, an event of type %q, is damaged, or of a newer version of ordermill: its operators have to look into it, or to update.",
			event.Version, event.StreamType, event.Stream, event.Type)
	}
	return e
}

func explainRouting(e *echo.HTTPError) *Error {
	switch e.Code {
	case http.StatusNotFound:
		return Errorf(CodeRouteNotFound, "See /openapi.json on the read host for what there is. Commands go to the write host, reads to the read host.")
	case http.StatusMethodNotAllowed:
		return Errorf(CodeMethodNotAllowed, "The Allow header names the methods that exist here.")
	case http.StatusRequestEntityTooLarge:
		return tooLarge()
	case http.StatusBadRequest:
		return &Error{Code: CodeInvalidHeader, Detail: "A parameter or header cannot be read.", Cause: e}
	default:
		return &Error{Code: CodeInternal, Detail: "The request id finds the cause in the logs.", Cause: e}
	}
}

// Problems answers errors. It is safe for concurrent use.
type Problems struct {
	Log *slog.Logger
}

// Handle answers err, and logs what is our own fault, once. It returns what it has answered.
func (p Problems) Handle(err error, c echo.Context) *Error {
	e := Explain(err)
	if x, ok := c.(*exchange); ok && x.call != nil {
		e = x.call.locate(e)
	}
	if c.Response().Committed {
		return e
	}
	header := c.Response().Header()
	requestID := header.Get(HeaderRequestID)
	trace := ParseTrace(c.Request().Header.Get(HeaderTraceparent))
	if level, ours := e.level(); ours && !errors.Is(err, context.Canceled) {
		p.Log.Log(c.Request().Context(), level, "request failed", "code", e.Code, "method", c.Request().Method, "route", c.Path(),
			"request_id", requestID, "trace_id", trace.ID, "error", err)
	}
	for name, values := range e.Header {
		header[name] = values
	}
	body := Marshal(e.Problem(requestID, trace.ID))
	WriteProblem(c.Response(), e, body)
	return e
}

// WriteProblem sends a rendered problem with the headers that belong to its code.
func WriteProblem(w http.ResponseWriter, e *Error, body []byte) {
	header := w.Header()
	header.Set(echo.HeaderContentType, ProblemType)
	header.Set(echo.HeaderCacheControl, "no-store")
	if after := e.retryAfter(); after > 0 {
		header.Set(HeaderRetryAfter, strconv.FormatInt(int64((after+time.Second-1)/time.Second), 10))
	}
	switch e.Code { //nolint:exhaustive // the other codes have no headers of their own
	case CodeTokenMissing:
		header.Set(echo.HeaderWWWAuthenticate, `Bearer realm="ordermill"`)
	case CodeTokenInvalid, CodeTokenExpired:
		header.Set(echo.HeaderWWWAuthenticate, `Bearer realm="ordermill", error="invalid_token"`)
	case CodeInsufficientScope:
		header.Set(echo.HeaderWWWAuthenticate, `Bearer realm="ordermill", error="insufficient_scope", scope="`+e.RequiredScope+`"`)
	case CodeKeyMissing, CodeKeyInvalid:
		header.Set(HeaderLink, "<"+typeBase+string(e.Code)+`>; rel="describedby"`)
	}
	header.Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	w.WriteHeader(e.Status())
	_, _ = w.Write(body) // fails only when the client is gone
}
