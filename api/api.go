// Package api holds the HTTP interface: the write host, the read host, and what both share. The contract is
// openapi.yaml; code is generated from it, and the tests of this folder hold real answers against it.
package api

import (
	"cmp"
	_ "embed" // the document
	"fmt"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed openapi.yaml
var document []byte

// Spec returns the OpenAPI document. It is read once, and nobody may change it: all calls return the same one. A property
// that is another schema with words of its own, allOf of one since OpenAPI 3.0 has no words beside a $ref, is here that
// schema itself, so that whoever follows properties and items meets everything.
func Spec() (*openapi3.T, error) { return spec() }

// Servers is where clients reach the two hosts.
type Servers struct {
	Write string // empty: as the document says
	Read  string // empty: where the document was fetched
}

// Published returns the document as JSON, as it was written but for the servers.
func Published(at Servers) ([]byte, error) {
	published, err := read()
	if err != nil {
		return nil, err
	}
	write, reads := published.Servers[0], published.Servers[1]
	write.URL = cmp.Or(at.Write, write.URL)
	reads.URL = cmp.Or(at.Read, "/")
	return published.MarshalJSON()
}

var spec = sync.OnceValues(func() (*openapi3.T, error) {
	unwrapped, err := read()
	if err != nil {
		return nil, err
	}
	for _, schema := range unwrapped.Components.Schemas {
		unwrap(schema)
	}
	return unwrapped, nil
})

func read() (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	published, err := loader.LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	if err := published.Validate(loader.Context); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	return published, nil
}

// unwrap puts the schema that a property stands for in its place. What is named by a $ref is met under its own name.
func unwrap(schema *openapi3.SchemaRef) {
	for name, property := range schema.Value.Properties {
		if all := property.Value.AllOf; property.Ref == "" && len(all) == 1 {
			schema.Value.Properties[name] = all[0]
		} else if property.Ref == "" {
			unwrap(property)
		}
	}
	if items := schema.Value.Items; items != nil && items.Ref == "" {
		unwrap(items)
	}
}
