package httpx

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// What tokens of the development key say.
const (
	DevelopmentIssuer   = "https://ordermill.example/development"
	DevelopmentAudience = "ordermill"
	DevelopmentClient   = "development"
	developmentValidity = 24 * time.Hour
	developmentID       = "dev-" // how ids of development keys begin
)

// Issuer signs tokens with a key of its own, for development.
type Issuer struct {
	key      ed25519.PrivateKey
	id       string
	issuer   string
	audience string
	now      func() time.Time
}

// NewIssuer returns an issuer of development tokens. The key's id follows from the key.
func NewIssuer(key ed25519.PrivateKey, now func() time.Time) (*Issuer, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("issuer: the key has no public half")
	}
	sum := sha256.Sum256(public)
	return &Issuer{key, developmentID + base64.RawURLEncoding.EncodeToString(sum[:9]), DevelopmentIssuer, DevelopmentAudience, now}, nil
}

// Development reports whether k is a development key: its id says so, or it is one of those that are known to be.
func (k Key) Development(known []Key) bool {
	return strings.HasPrefix(k.ID, developmentID) || slices.ContainsFunc(known, k.Equal)
}

// Key returns the key that verifies the issuer's tokens.
func (i *Issuer) Key() (Key, error) { return NewKey(i.id, i.key.Public()) }

// JWKS returns the public key as a JWK set (RFC 7517, RFC 8037).
func (i *Issuer) JWKS() []byte {
	public, _ := i.key.Public().(ed25519.PublicKey) // NewIssuer has seen to that
	return Marshal(map[string]any{"keys": []map[string]string{{
		"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": i.id, "x": base64.RawURLEncoding.EncodeToString(public),
	}}})
}

// AuthConfig returns the configuration of an authenticator that trusts this issuer alone.
func (i *Issuer) AuthConfig() (AuthConfig, error) {
	key, err := i.Key()
	return AuthConfig{Issuer: i.issuer, Audience: i.audience, Keys: []Key{key}, Now: i.now}, err
}

// Token returns a token that is valid for 24 hours. The subject may be empty, but for the role customer.
func (i *Issuer) Token(tenant, role, subject string) (string, error) {
	now := i.now().Unix()
	claims := map[string]any{
		"iss": i.issuer, "aud": i.audience, "jti": uuid.NewString(), "iat": now, "nbf": now, "exp": now + int64(developmentValidity/time.Second),
		"client_id": DevelopmentClient, "tenant": tenant, "role": role,
	}
	if subject != "" {
		claims["sub"] = subject
	}
	if _, err := (Claims{}).withDefaults().identity(claims); err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims(claims))
	token.Header["typ"], token.Header["kid"] = tokenType, i.id
	signed, err := token.SignedString(i.key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}

// DevelopmentKey is LoadDevelopmentKey, and makes the key, readable by its owner only, if there is no such file.
func DevelopmentKey(path string) (ed25519.PrivateKey, error) {
	key, err := LoadDevelopmentKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createKey(path)
	}
	return key, err
}

// LoadDevelopmentKey returns the key in a file. Its error is fs.ErrNotExist if there is no such file.
func LoadDevelopmentKey(path string) (ed25519.PrivateKey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("development key: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("development key: %s holds no PEM block; remove it to get a new key", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("development key in %s: %w", path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("development key: %s holds no Ed25519 key; remove it to get a new key", path)
	}
	return key, nil
}

// createKey writes a new key beside path first and links it there, so that a crash leaves no half a key and of two
// processes one wins.
func createKey(path string) (key ed25519.PrivateKey, err error) {
	_, key, err = ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("development key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("development key: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("development key: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(file.Name())) }()
	_, err = file.Write(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, fmt.Errorf("development key: %w", err)
	}
	if err = os.Link(file.Name(), path); errors.Is(err, fs.ErrExist) {
		return DevelopmentKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("development key: %w", err)
	}
	return key, nil
}
