// Package api holds the HTTP interface: the write host, the read host, and what both share. The contract is
// openapi.yaml; code is generated from it, and the tests of this folder hold real answers against it.
package api

import (
	_ "embed" // the document
	"fmt"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed openapi.yaml
var document []byte

// Spec returns the OpenAPI document. It is read once, and nobody may change it: all calls return the same one.
func Spec() (*openapi3.T, error) { return read() }

var read = sync.OnceValues(func() (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	spec, err := loader.LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	if err := spec.Validate(loader.Context); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	return spec, nil
})
