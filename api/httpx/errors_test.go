package httpx_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/labstack/echo/v4"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/eventstore"
)

func TestExplain(t *testing.T) {
	t.Parallel()

	wrapped := func(err error) error { return fmt.Errorf("somewhere: %w", err) }
	for name, tt := range map[string]struct {
		err       error
		status    int
		code      httpx.Code
		retryable bool
	}{
		"invalid":           {rule.New(rule.SKUUnknown, "x"), 422, "sku_unknown", false},
		"state":             {rule.New(rule.InsufficientStock, "x"), 409, "insufficient_stock", false},
		"not found":         {wrapped(rule.New(rule.OrderNotFound, "x")), 404, "order_not_found", false},
		"key in use":        {wrapped(commands.ErrKeyInUse), 409, "idempotency_key_in_use", true},
		"key in use, late":  {fmt.Errorf("%w: %w", commands.ErrKeyInUse, context.DeadlineExceeded), 409, "idempotency_key_in_use", true},
		"key reused":        {&eventstore.KeyReusedError{Request: "POST /v1/orders"}, 422, "idempotency_key_reused", false},
		"version":           {wrapped(&commands.VersionError{Current: 7}), 412, "version_mismatch", false},
		"concurrent":        {commands.ErrConcurrentModification, 409, "concurrent_modification", true},
		"unknown outcome":   {fmt.Errorf("%w: %w", eventstore.ErrOutcomeUnknown, context.DeadlineExceeded), 503, "outcome_unknown", true},
		"overloaded":        {commands.ErrOverloaded, 503, "reduced_capacity", true},
		"not available":     {wrapped(eventstore.ErrUnavailable), 503, "dependency_unavailable", true},
		"queue is full":     {wrapped(eventstore.ErrBusy), 503, "reduced_capacity", true},
		"no connection":     {wrapped(&pgconn.ConnectError{}), 503, "dependency_unavailable", true},
		"connection lost":   {fmt.Errorf("%w: %w", eventstore.ErrUnavailable, io.ErrUnexpectedEOF), 503, "dependency_unavailable", true},
		"server is ending":  {wrapped(&pgconn.PgError{Code: "57P01"}), 503, "dependency_unavailable", true},
		"too many sessions": {wrapped(&pgconn.PgError{Code: "53300"}), 503, "reduced_capacity", true},
		"disk full":         {fmt.Errorf("%w: %w", eventstore.ErrUnavailable, &pgconn.PgError{Code: "53100"}), 503, "storage_full", true},
		"statement timeout": {wrapped(&pgconn.PgError{Code: "57014"}), 504, "dependency_timeout", true},
		"no such table":     {fmt.Errorf("%w: %w", eventstore.ErrUnavailable, &pgconn.PgError{Code: "42P01"}), 500, "internal_error", false},
		"unreadable event":  {fmt.Errorf("%w: %w", eventstore.ErrUnavailable, eventstore.Unreadable(&eventstore.Recorded{}, errors.New("x"))), 503, "stream_unreadable", false},
		"shutting down":     {eventstore.ErrClosed, 503, "shutting_down", true},
		"too late":          {fmt.Errorf("%w: %w", eventstore.ErrUnavailable, context.DeadlineExceeded), 504, "dependency_timeout", true},
		"client went away":  {context.Canceled, 503, "reduced_capacity", true},
		"erased":            {wrapped(eventstore.ErrErased), 422, "erased_customer", false},
		"anything else":     {errors.New("secret: connection to 10.0.0.1 refused"), 500, "internal_error", false},
		"a code of nowhere": {&httpx.Error{Code: "made_up"}, 500, "made_up", false},
		"router":            {echo.ErrNotFound, 404, "route_not_found", false},
		"method":            {echo.ErrMethodNotAllowed, 405, "method_not_allowed", false},
		"body limit":        {echo.ErrStatusRequestEntityTooLarge, 413, "body_too_large", false},
	} {
		e := httpx.Explain(tt.err)
		p := e.Problem("id-1", "")
		if e.Status() != tt.status || e.Code != tt.code || p.Retryable != tt.retryable || p.Status != tt.status || p.RequestID != "id-1" || p.Title == "" {
			t.Errorf("%s: %+v; want %d %s, retryable %v", name, p, tt.status, tt.code, tt.retryable)
		}
		if strings.Contains(string(httpx.Marshal(p)), "secret") {
			t.Errorf("%s tells a secret: %+v", name, p)
		}
	}
	if p := httpx.Explain(&commands.VersionError{Current: 7}).Problem("", ""); p.CurrentVersion == nil || *p.CurrentVersion != 7 {
		t.Errorf("current version: %+v", p)
	}
	violation := rule.New(rule.InsufficientStock, "x")
	violation.ExistingID = "o-1"
	violation.Details = []rule.Detail{{Pointer: "/lines/0/quantity", Code: rule.InsufficientStock, Message: "y", Meta: map[string]any{"available": int64(3)}}}
	p := httpx.Refusal(violation).Problem("", "")
	if p.Available != int64(3) || p.ExistingID != "o-1" || len(p.Errors) != 1 || p.Errors[0].Pointer != "/lines/0/quantity" {
		t.Errorf("violation: %+v", p)
	}
}

// Every rule of the domain has a code here, with a status that fits its kind.
func TestCodes(t *testing.T) {
	t.Parallel()

	status := map[rule.Kind]int{rule.Invalid: 422, rule.StateConflict: 409, rule.NotFound: 404}
	codes := httpx.Codes()
	file, err := parser.ParseFile(token.NewFileSet(), "../../domain/rule/rule.go", nil, 0)
	must(t, err)
	seen := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Code" {
			return true
		}
		for _, value := range spec.Values {
			literal, ok := value.(*ast.BasicLit)
			if !ok {
				continue
			}
			text, err := strconv.Unquote(literal.Value)
			must(t, err)
			seen++
			if got, want := codes[httpx.Code(text)], status[rule.Code(text).Kind()]; got != want {
				t.Errorf("rule %s has status %d, want %d", text, got, want)
			}
		}
		return true
	})
	if seen < 20 {
		t.Errorf("only %d rules found", seen)
	}
}

func TestHost(t *testing.T) {
	t.Parallel()

	var logged bytes.Buffer
	host := httpx.NewHost(httpx.HostConfig{Name: "test", Log: slog.New(slog.NewTextHandler(&logged, nil))})
	host.GET("/panic", func(echo.Context) error { panic("secret") })
	host.GET("/fail", func(echo.Context) error { return errors.New("secret") })
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		host.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		return w
	}
	for i, path := range []string{"/panic", "/fail"} {
		w := get(path)
		var p httpx.Problem
		must(t, json.Unmarshal(w.Body.Bytes(), &p))
		if w.Code != 500 || p.Code != httpx.CodeInternal || p.RequestID == "" || p.RequestID != w.Header().Get("Request-Id") || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if n := strings.Count(logged.String(), "request_id="+p.RequestID); n != 2 || strings.Count(logged.String(), `"request failed"`) != i+1 {
			t.Errorf("%s is logged %d times, want once as a failure and once as a request", path, n)
		}
	}
}
