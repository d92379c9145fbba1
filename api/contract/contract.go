// Package contract holds the types that are generated from the OpenAPI document.
package contract

//go:generate go tool -modfile=../../tools/go.mod oapi-codegen -config types.cfg.yaml ../openapi.yaml
