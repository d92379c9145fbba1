package httpx

import (
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/labstack/echo/v4"
)

const (
	maxBody  = 1 << 20  // bytes of a request's body
	bodyUnit = 16 << 10 // bytes of bodies that are counted as one
)

// receive reads the body. As long as it is on its way it takes none of the host's slots, only of the memory that there
// is for bodies: who sends slowly, or nothing, keeps nobody from being served. A route without a body ignores none: what
// is sent must be expected.
func (c *Call) receive(x *exchange, r *http.Request, w http.ResponseWriter) ([]byte, error) {
	if r.ContentLength > maxBody {
		w.Header().Set(echo.HeaderConnection, "close")
		return nil, tooLarge()
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.ContentLength == 0 {
		return nil, c.checkMedia(r.Header, false)
	}
	units := 1 + maxBody/bodyUnit
	if r.ContentLength > 0 { // else nobody knows yet
		units = 1 + int(r.ContentLength/bodyUnit)
		if err := c.checkMedia(r.Header, true); err != nil {
			return nil, err
		}
	}
	if x != nil {
		if !x.host.bodies.take(c.Identity.Tenant, c.Identity.Client, units) {
			w.Header().Set(echo.HeaderConnection, "close")
			return nil, overloaded()
		}
		defer x.host.bodies.give(c.Identity.Tenant, c.Identity.Client, units)
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set(echo.HeaderConnection, "close")
		return nil, &Error{Code: CodeRequestTimeout, Detail: "The body came too slowly; nothing was done. Send the same request again.", Cause: err}
	case err != nil:
		return nil, &Error{Code: CodeMalformedJSON, Detail: "The body did not arrive whole.", Cause: err}
	}
	return data, c.checkMedia(r.Header, len(data) > 0)
}

// checkMedia holds what is known of a body before it is read against what the route takes.
func (c *Call) checkMedia(h http.Header, some bool) error {
	switch {
	case !some && (c.Route.body == nil || !c.Route.bodyRequired):
		return nil
	case c.Route.body == nil:
		return Errorf(CodeMalformedJSON, "This takes no body; send none.")
	case !some:
		return Errorf(CodeMalformedJSON, "A body is needed: %s.", c.Route.media)
	case !c.Route.takes(h):
		return Errorf(CodeUnsupportedMedia, "Send Content-Type: %s in UTF-8.", c.Route.media)
	case encoded(h):
		return Errorf(CodeUnsupportedMedia, "Send the body without Content-Encoding.")
	}
	return nil
}

// takeBody reads what has come.
func (c *Call) takeBody(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	if c.Route.media != mediaJSON {
		c.Body, c.Canonical = data, data // the handler reads it
		return nil
	}
	value, whole, err := parseStrict(data)
	if err == nil {
		err = checkBody(c.Route.body, value) // of what is too large the beginning says what is wrong with it
	}
	if err == nil && !whole {
		err = tooMany()
	}
	if err != nil {
		return err
	}
	if err := refuseCardNumbers(c.Route.body, data, value); err != nil {
		return err
	}
	c.Body, c.Canonical, c.value = data, AppendCanonical(nil, value), value
	return nil
}

func tooLarge() *Error { return Errorf(CodeBodyTooLarge, "A body has at most %d bytes.", maxBody) }
