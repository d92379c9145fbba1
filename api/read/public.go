package read

import (
	"bytes"
	"cmp"
	_ "embed" // the page
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/ordermill/ordermill/api"
	"github.com/ordermill/ordermill/api/httpx"
)

//go:embed docs.html
var docsPage string

// registerPublic serves what needs no token: the OpenAPI document, its rendered form, and keys.
func (s *server) registerPublic(e router, document *openapi3.T) error {
	published, err := api.Published(s.Servers)
	if err != nil {
		return err
	}
	docs, err := renderDocs(document)
	if err != nil {
		return err
	}
	static := func(path, contentType string, body []byte) {
		e.GET(path, func(c echo.Context) error {
			header := c.Response().Header()
			header.Set(httpx.HeaderCacheControl, "public, max-age=300")
			header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
			return c.Blob(http.StatusOK, contentType, body)
		})
	}
	static("/openapi.json", echo.MIMEApplicationJSON, published)
	static("/docs", echo.MIMETextHTMLCharsetUTF8, docs)
	if s.JWKS != nil {
		static("/.well-known/jwks.json", "application/jwk-set+json", s.JWKS)
	}
	return nil
}

// docsOperation is an operation as the page shows it.
type docsOperation struct {
	Method, Path, Summary, Description, Scope, Key, Host string
	Parameters                                           []docsParameter
	Examples                                             []docsExample
	Statuses                                             []string
}

type docsParameter struct {
	Name, In, Description string
	Required              bool
}

type docsExample struct{ Name, Body string }

func renderDocs(document *openapi3.T) ([]byte, error) {
	page, err := template.New("docs").Parse(docsPage)
	if err != nil {
		return nil, fmt.Errorf("docs: %w", err)
	}
	var operations []docsOperation
	for path, item := range document.Paths.Map() {
		for method, o := range item.Operations() {
			operations = append(operations, describe(method, path, item, o))
		}
	}
	slices.SortFunc(operations, func(a, b docsOperation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	var codes []string
	for code, status := range httpx.Codes() {
		codes = append(codes, fmt.Sprintf("%d %s", status, code))
	}
	slices.Sort(codes)
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{
		"Title": document.Info.Title, "Version": document.Info.Version, "Description": document.Info.Description,
		"Operations": operations, "Codes": codes,
	})
	if err != nil {
		return nil, fmt.Errorf("docs: %w", err)
	}
	return out.Bytes(), nil
}

func describe(method, path string, item *openapi3.PathItem, o *openapi3.Operation) docsOperation {
	scope, _ := o.Extensions["x-required-scope"].(string)
	key, _ := o.Extensions["x-idempotency-key"].(string)
	out := docsOperation{Method: method, Path: path, Summary: o.Summary, Description: o.Description, Scope: scope, Key: key, Host: strings.Join(o.Tags, " ")}
	for _, p := range slices.Concat(item.Parameters, o.Parameters) {
		out.Parameters = append(out.Parameters, docsParameter{p.Value.Name, p.Value.In, p.Value.Description, p.Value.Required})
	}
	if o.RequestBody != nil {
		for media, content := range o.RequestBody.Value.Content {
			for name, example := range content.Examples {
				text, plain := example.Value.Value.(string)
				if !plain || media == "application/json" {
					text = string(httpx.Marshal(example.Value.Value))
				}
				out.Examples = append(out.Examples, docsExample{name, text})
			}
		}
		slices.SortFunc(out.Examples, func(a, b docsExample) int { return cmp.Compare(a.Name, b.Name) })
	}
	for status := range o.Responses.Map() {
		out.Statuses = append(out.Statuses, status)
	}
	slices.Sort(out.Statuses)
	return out
}
