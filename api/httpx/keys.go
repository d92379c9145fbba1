package httpx

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
)

// Bounds of RSA keys that are trusted.
const (
	minRSABits = 2048
	maxRSABits = 8192 // what is longer costs more to use than it adds
)

// Key verifies tokens. Its algorithm follows from the key, never from a token.
type Key struct {
	ID        string // the kid of tokens; empty: the key is tried on every token
	Algorithm string // ES256, EdDSA or RS256
	Public    crypto.PublicKey
}

// NewKey returns a key with the algorithm that belongs to its kind: ES256 for P-256, EdDSA for Ed25519, RS256 for RSA of
// at least 2048 bits. Others are refused.
func NewKey(id string, public crypto.PublicKey) (Key, error) {
	switch k := public.(type) {
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return Key{}, fmt.Errorf("key %q: an Ed25519 key has %d bytes", id, ed25519.PublicKeySize)
		}
		return Key{id, "EdDSA", k}, nil
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return Key{}, fmt.Errorf("key %q: an EC key must be on P-256", id)
		}
		if _, err := k.ECDH(); err != nil {
			return Key{}, fmt.Errorf("key %q: %w", id, err)
		}
		return Key{id, "ES256", k}, nil
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits || k.E < 3 || k.E%2 == 0 {
			return Key{}, fmt.Errorf("key %q: an RSA key needs %d to %d bits and an odd exponent", id, minRSABits, maxRSABits)
		}
		return Key{id, "RS256", k}, nil
	default:
		return Key{}, fmt.Errorf("key %q: %T is no key for signatures; use Ed25519, P-256 or RSA", id, public)
	}
}

// Equal reports whether both are the same key, whatever their ids.
func (k Key) Equal(other Key) bool {
	public, ok := k.Public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(other.Public)
}

// keyAlgorithm returns the Algorithm of keys for what a token or a JWK calls its alg; empty: none. RFC 9864 renames EdDSA.
func keyAlgorithm(alg string) string {
	switch alg {
	case "ES256", "EdDSA", "RS256":
		return alg
	case "Ed25519":
		return "EdDSA"
	default:
		return ""
	}
}

// keysByID makes a map of keys. Those that are there twice are there once.
func keysByID(keys []Key) map[string][]Key {
	byID := make(map[string][]Key, len(keys))
	for _, key := range keys {
		if !slices.ContainsFunc(byID[key.ID], key.Equal) {
			byID[key.ID] = append(byID[key.ID], key)
		}
	}
	return byID
}

// LoadKeys reads the public keys in a file: PEM blocks (PUBLIC KEY or CERTIFICATE), one JWK, or a JWK set.
func LoadKeys(path string) ([]Key, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	keys, err := parseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("keys in %s: %w", path, err)
	}
	return keys, nil
}

func parseKeys(data []byte) ([]Key, error) {
	if block, rest := pem.Decode(data); block != nil {
		return parsePEM(block, rest)
	}
	set, err := parseKeySet(data)
	if err != nil {
		one, single := parseJWK(data)
		if single != nil {
			return nil, fmt.Errorf("neither PEM, nor a JWK set (%w), nor a JWK (%w)", err, single)
		}
		return []Key{one}, nil
	}
	if len(set.keys) == 0 {
		return nil, errors.Join(append([]error{errors.New("no key for ES256, EdDSA or RS256 signatures in it")}, set.ignored...)...)
	}
	return set.keys, nil
}

func parsePEM(block *pem.Block, rest []byte) ([]Key, error) {
	var keys []Key
	for ; block != nil; block, rest = pem.Decode(rest) {
		var (
			public crypto.PublicKey
			err    error
		)
		switch block.Type {
		case "PUBLIC KEY":
			public, err = x509.ParsePKIXPublicKey(block.Bytes)
		case "CERTIFICATE":
			var cert *x509.Certificate
			if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
				public = cert.PublicKey
			}
		default:
			return nil, fmt.Errorf("a PEM block is %q; only PUBLIC KEY and CERTIFICATE belong here", block.Type)
		}
		if err != nil {
			return nil, fmt.Errorf("PEM block: %w", err)
		}
		key, err := NewKey(block.Headers["kid"], public)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}
