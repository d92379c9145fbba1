package httpx

import (
	"net/url"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// Paths that are equal by RFC 3986 are the same.
func TestNormalized(t *testing.T) {
	t.Parallel()

	for sent, want := range map[string]string{
		"/v1/inventory/TSHIRT-M":       "/v1/inventory/TSHIRT-M",
		"/v1/inventory/TSHIRT%2DM":     "/v1/inventory/TSHIRT-M",
		"/v1/inventory/TSHIRT%2dM":     "/v1/inventory/TSHIRT-M",
		"/v1/%69nventory/%41%7E%7e%5f": "/v1/inventory/A~~_",
		"/v1/x/%c3%a9":                 "/v1/x/%C3%A9",
		"/v1/x/é":                      "/v1/x/%C3%A9",
		"/v1/x/a%2fb":                  "/v1/x/a%2Fb",
		"/v1/x/a%20b":                  "/v1/x/a%20b",
		"/v1/x/%252D":                  "/v1/x/%252D",
		"/v1/./x/../orders":            "/v1/orders",
		"/v1/x/%2E%2e/orders":          "/v1/orders",
		"/v1/orders/.":                 "/v1/orders/",
		"/v1/orders/..":                "/v1/",
		"/../../v1/orders":             "/v1/orders",
		"/v1//orders":                  "/v1//orders",
		"/v1/.hidden/..x/a.b":          "/v1/.hidden/..x/a.b",
		"/":                            "/",
		"/v1/x/%3Aa:b,%2C":             "/v1/x/%3Aa:b,%2C",
	} {
		u, err := url.ParseRequestURI(sent)
		must(t, err)
		if got := normalized(u); got.EscapedPath() != want {
			t.Errorf("%s is %s, want %s", sent, got.EscapedPath(), want)
		}
	}
}

// What a key's fingerprint sees of a path depends on what is named, not on how it is written.
func TestCanonical(t *testing.T) {
	t.Parallel()

	route, err := newRoute("POST", "/v1/orders/{id}/x/{sku}", &openapi3.PathItem{}, &openapi3.Operation{
		OperationID: "x", Extensions: map[string]any{"x-required-scope": "orders:write", "x-idempotency-key": "required"},
		Parameters: openapi3.Parameters{
			{Value: &openapi3.Parameter{Name: "id", In: "path", Extensions: map[string]any{"x-uuid": true}}}, {Value: &openapi3.Parameter{Name: "sku", In: "path"}},
		},
	})
	must(t, err)
	const id, capitals = "01990f3c-0000-7000-8000-00000000000a", "01990F3C-0000-7000-8000-00000000000A"
	for sent, want := range map[[2]string]string{
		{id, "A,B"}:         "/v1/orders/" + id + "/x/A,B",
		{capitals, "A%2CB"}: "/v1/orders/" + id + "/x/A,B",
		{id, "a%2fb"}:       "/v1/orders/" + id + "/x/a%2Fb",
		{id, capitals}:      "/v1/orders/" + id + "/x/" + capitals, // a SKU differs by case
		{id, "%C3%A9"}:      "/v1/orders/" + id + "/x/%C3%A9",
	} {
		u, err := url.ParseRequestURI("/v1/orders/" + sent[0] + "/x/" + sent[1])
		must(t, err)
		values := []string{sent[0], sent[1]}
		if u = normalized(u); u.RawPath == "" {
			values[1], err = url.PathUnescape(sent[1])
			must(t, err)
		}
		if got := route.canonical(u, values); got != want {
			t.Errorf("%v is %s, want %s", sent, got, want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
