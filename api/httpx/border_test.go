package httpx_test

import (
	"crypto/ed25519"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/ordermill/ordermill/api/httpx"
)

// document has a route of each kind.
const document = `
openapi: 3.0.3
info: {title: test, version: "1"}
paths:
  /things/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    patch:
      tags: [test]
      operationId: change
      x-required-scope: orders:write
      x-idempotency-key: optional
      x-if-match: required
      requestBody: {required: true, content: {application/json: {schema: {type: object, additionalProperties: false, properties: {a: {type: integer}}}}}}
      responses: {default: {description: x}}
    delete: {tags: [test], operationId: remove, x-required-scope: orders:write, x-idempotency-key: ignored, responses: {default: {description: x}}}
    post:
      tags: [test]
      operationId: table
      x-required-scope: catalog:write
      x-idempotency-key: required
      requestBody: {required: true, content: {text/csv: {schema: {type: string}}}}
      responses: {default: {description: x}}
`

func TestBorder(t *testing.T) {
	t.Parallel()

	issuer, err := httpx.NewIssuer(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), time.Now)
	must(t, err)
	config, err := issuer.AuthConfig()
	must(t, err)
	auth, err := httpx.NewAuthenticator(config)
	must(t, err)
	spec, err := openapi3.NewLoader().LoadFromData([]byte(document))
	must(t, err)
	routes, err := httpx.Routes(spec, "test")
	must(t, err)
	border := httpx.NewBorder(auth, routes, time.Second)
	token, err := issuer.Token("demo", "admin", "tester")
	must(t, err)
	for name, tt := range map[string]struct {
		operation, media, body string
		header                 map[string]string
		code                   httpx.Code // empty: let in
	}{
		"merge patch":        {"change", "application/merge-patch+json", `{"a":1}`, map[string]string{"If-Match": `"v1"`}, ""},
		"JSON patch":         {"change", "application/json-patch+json", `[]`, map[string]string{"If-Match": `"v1"`}, httpx.CodeUnsupportedMedia},
		"no If-Match":        {"change", "application/json", `{"a":1}`, nil, httpx.CodePreconditionRequired},
		"no body":            {"change", "application/json", ``, map[string]string{"If-Match": "*"}, httpx.CodeMalformedJSON},
		"unknown field":      {"change", "application/json", `{"b":1}`, map[string]string{"If-Match": "*"}, httpx.CodeUnknownField},
		"delete":             {"remove", "", ``, map[string]string{"Idempotency-Key": `"broken`}, ""},
		"delete with a body": {"remove", "application/json", `{}`, nil, httpx.CodeMalformedJSON},
		"table":              {"table", "text/csv; charset=utf-8", "a,b\n1,2\n", map[string]string{"Idempotency-Key": "k"}, ""},
		"table as JSON":      {"table", "application/json", `{}`, map[string]string{"Idempotency-Key": "k"}, httpx.CodeUnsupportedMedia},
		"table without key":  {"table", "text/csv", "a", nil, httpx.CodeKeyMissing},
		"table in Latin-1":   {"table", "text/csv; charset=latin1", "a", map[string]string{"Idempotency-Key": "k"}, httpx.CodeUnsupportedMedia},
	} {
		route := border.Route(tt.operation)
		request := httptest.NewRequestWithContext(t.Context(), route.Method, "/things/7", strings.NewReader(tt.body))
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", tt.media)
		for name, value := range tt.header {
			request.Header.Set(name, value)
		}
		call, err := border.Admit(echo.New().NewContext(request, httptest.NewRecorder()), route)
		var fault *httpx.Error
		if errors.As(err, &fault) && fault.Code == tt.code || err == nil && tt.code == "" && string(call.Body) == tt.body {
			continue
		}
		t.Errorf("%s: %v, want %q", name, err, tt.code)
	}
	spec.Paths.Value("/things/{id}").Post = &openapi3.Operation{
		OperationID: "forgotten", Tags: []string{"test"}, Extensions: map[string]any{"x-required-scope": "orders:write"}, Responses: openapi3.NewResponses(),
	}
	if _, err := httpx.Routes(spec, "test"); err == nil || !strings.Contains(err.Error(), "x-idempotency-key") {
		t.Errorf("a POST that says nothing of keys: %v", err)
	}
}
