package httpx

import (
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"strings"

	"github.com/ordermill/ordermill/eventstore"
)

// maxKeyLength is in characters, which are bytes here.
const maxKeyLength = 255

// ParseKey reads the Idempotency-Key header: an RFC 8941 string in quotes, or the same characters bare. It returns ""
// when there is none. The error is an *Error with a 400.
func ParseKey(h http.Header) (string, error) {
	values := h[HeaderIdempotencyKey]
	if len(values) == 0 {
		return "", nil
	}
	value := strings.Trim(values[0], " \t")
	key, ok := value, true
	if strings.HasPrefix(value, `"`) {
		key, ok = unquote(value)
	}
	if len(values) > 1 || !ok || !plain(key, maxKeyLength) || key == value && strings.ContainsRune(key, '"') {
		return "", &Error{
			Code:   CodeKeyInvalid,
			Detail: "A key is 1 to 255 visible ASCII characters, in double quotes or bare, such as a UUID, and is sent once.",
			Faults: []Fault{{Header: HeaderIdempotencyKey, Code: CodeKeyInvalid}},
		}
	}
	return key, nil
}

// unquote reads a string of RFC 8941, in which only quotes and backslashes are escaped.
func unquote(s string) (string, bool) {
	var out strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return out.String(), i == len(s)-1
		case '\\':
			i++
			if i >= len(s) || s[i] != '"' && s[i] != '\\' {
				return "", false
			}
		}
		out.WriteByte(s[i])
	}
	return "", false
}

// EventstoreKey returns the key of a call as it is stored, or nil if it has none. Its scope is the client; shoppers of
// one storefront share a client, so that for them the subject is a part of it.
func (c *Call) EventstoreKey() *eventstore.Key {
	if c.Key == "" {
		return nil
	}
	client := c.Identity.Client
	if customer, ok := c.Identity.Customer(); ok {
		client += " " + customer // neither has a space in it
	}
	return &eventstore.Key{Client: client, Hash: sha256.Sum256([]byte(c.Key)), Fingerprint: c.fingerprint()}
}

// fingerprint tells one request from another: method, path, sorted query, version, content type and canonical body,
// each preceded by its length. What may differ between two attempts (If-Match, Prefer, token, trace) is left out.
func (c *Call) fingerprint() [32]byte {
	hash := sha256.New()
	media := ""
	if c.Body != nil {
		media = c.Route.media
	}
	for _, part := range [...]string{c.Route.Method, c.Path, c.Query.Encode(), APIVersion, media, string(c.Canonical)} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		hash.Write(length[:])
		hash.Write([]byte(part))
	}
	return [32]byte(hash.Sum(nil))
}
