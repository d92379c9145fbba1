package httpx

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/MicahParks/keyfunc/v3"
)

// minRSABits is the least size of an RSA key that is trusted.
const minRSABits = 2048

// Key verifies tokens. Its algorithm follows from the key, never from a token.
type Key struct {
	ID        string // the kid of tokens; empty in a key file without one: tokens then carry none either
	Algorithm string // ES256, EdDSA or RS256
	Public    crypto.PublicKey
}

// NewKey returns a key with the algorithm that belongs to its kind: ES256 for P-256, EdDSA for Ed25519, RS256 for RSA of
// at least 2048 bits. Others are refused.
func NewKey(id string, public crypto.PublicKey) (Key, error) {
	switch k := public.(type) {
	case ed25519.PublicKey:
		return Key{id, "EdDSA", k}, nil
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return Key{id, "ES256", k}, nil
		}
		return Key{}, fmt.Errorf("key %q: an EC key must be on P-256", id)
	case *rsa.PublicKey:
		if k.N.BitLen() >= minRSABits {
			return Key{id, "RS256", k}, nil
		}
		return Key{}, fmt.Errorf("key %q: an RSA key needs at least %d bits", id, minRSABits)
	default:
		return Key{}, fmt.Errorf("key %q: %T is no key for signatures; use Ed25519, P-256 or RSA", id, public)
	}
}

// LoadKeys reads the public keys in a file: PEM blocks (PUBLIC KEY or CERTIFICATE), one JWK, or a JWK set.
func LoadKeys(path string) ([]Key, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	keys, err := ParseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("keys in %s: %w", path, err)
	}
	return keys, nil
}

// ParseKeys is LoadKeys of what a file holds.
func ParseKeys(data []byte) ([]Key, error) {
	if block, rest := pem.Decode(data); block != nil {
		return parsePEM(block, rest)
	}
	var shape struct {
		Keys json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &shape); err != nil {
		return nil, errors.New("neither PEM nor JSON")
	}
	if shape.Keys == nil {
		data = fmt.Appendf(nil, `{"keys":[%s]}`, data)
	}
	set, err := keyfunc.NewJWKSetJSON(data)
	if err != nil {
		return nil, fmt.Errorf("JWK set: %w", err)
	}
	stored, err := set.Storage().KeyReadAll(context.Background()) // from memory
	if err != nil {
		return nil, fmt.Errorf("JWK set: %w", err)
	}
	var keys []Key
	for _, jwk := range stored {
		meta := jwk.Marshal()
		public := jwk.Key()
		if private, ok := public.(crypto.Signer); ok {
			public = private.Public()
		}
		key, err := NewKey(meta.KID, public)
		if err != nil {
			continue // sets may hold keys for other purposes
		}
		if alg := string(meta.ALG); alg != "" && alg != key.Algorithm || meta.USE != "" && meta.USE != "sig" {
			continue
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("no key for ES256, EdDSA or RS256 signatures in it")
	}
	return keys, nil
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
