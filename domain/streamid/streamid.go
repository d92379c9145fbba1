// Package streamid derives the stream ids of aggregates that have a natural key, such as a SKU.
package streamid

import (
	"encoding/binary"

	"github.com/google/uuid"
)

// namespace is the UUID namespace of ordermill's streams. Stored streams depend on it: it never changes.
var namespace = uuid.UUID{0x8f, 0x0e, 0x5c, 0x21, 0x6d, 0x3b, 0x4c, 0x7a, 0x9e, 0x14, 0x52, 0xd7, 0xa8, 0x60, 0x1b, 0xf3}

// New returns the UUIDv5 (RFC 9562) of tenant, kind and key. Each part is preceded by its length, so that no two
// different triples are hashed alike. Keys are compared byte for byte.
func New(tenant, kind, key string) uuid.UUID {
	name := make([]byte, 0, 64)
	for _, part := range [...]string{tenant, kind, key} {
		name = binary.AppendUvarint(name, uint64(len(part)))
		name = append(name, part...)
	}
	return uuid.NewSHA1(namespace, name)
}
