package httpx_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ordermill/ordermill/api/httpx"
)

// noon is the time of all tests here.
var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

type keys struct {
	ed  ed25519.PrivateKey
	ec  *ecdsa.PrivateKey
	rsa *rsa.PrivateKey
}

// rsaKey is made once, since that takes long.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newKeys(tb testing.TB) keys {
	tb.Helper()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(tb, err)
	rs, err := rsaKey()
	must(tb, err)
	return keys{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32)), ec, rs}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func (k keys) public(tb testing.TB) []httpx.Key {
	tb.Helper()
	var out []httpx.Key
	for id, public := range map[string]crypto.PublicKey{"ed": k.ed.Public(), "ec": k.ec.Public(), "rsa": k.rsa.Public()} {
		key, err := httpx.NewKey(id, public)
		must(tb, err)
		out = append(out, key)
	}
	return out
}

// sign makes a token that is right but for what the change does.
func sign(tb testing.TB, method jwt.SigningMethod, kid string, key any, change func(header, claims map[string]any)) string {
	tb.Helper()
	claims := jwt.MapClaims{
		"iss": "https://issuer.example", "aud": "ordermill", "sub": "sue", "client_id": "web", "tenant": "demo", "role": "support",
		"exp": noon.Add(time.Hour).Unix(), "nbf": noon.Unix(), "iat": noon.Unix(),
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["typ"], token.Header["kid"] = "at+jwt", kid
	if change != nil {
		change(token.Header, claims)
	}
	signed, err := token.SignedString(key)
	must(tb, err)
	return signed
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()

	k := newKeys(t)
	auth, err := httpx.NewAuthenticator(httpx.AuthConfig{Issuer: "https://issuer.example", Audience: "ordermill", Keys: k.public(t), Now: at(noon)})
	must(t, err)
	claim := func(name string, value any) func(map[string]any, map[string]any) {
		return func(_, claims map[string]any) { claims[name] = value }
	}
	head := func(name string, value any) func(map[string]any, map[string]any) {
		return func(header, _ map[string]any) { header[name] = value }
	}
	ed := func(change func(header, claims map[string]any)) string {
		return sign(t, jwt.SigningMethodEdDSA, "ed", k.ed, change)
	}
	der, err := x509.MarshalPKIXPublicKey(k.rsa.Public())
	must(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	tests := map[string]struct {
		token string
		want  httpx.Code // empty: let in
	}{
		"EdDSA":                        {ed(nil), ""},
		"ES256":                        {sign(t, jwt.SigningMethodES256, "ec", k.ec, nil), ""},
		"RS256":                        {sign(t, jwt.SigningMethodRS256, "rsa", k.rsa, nil), ""},
		"audience among others":        {ed(claim("aud", []string{"x", "ordermill"})), ""},
		"expired within the skew":      {ed(claim("exp", noon.Add(-59*time.Second).Unix())), ""},
		"from the skew's future":       {ed(claim("nbf", noon.Add(59*time.Second).Unix())), ""},
		"media type spelled out":       {ed(head("typ", "application/at+jwt")), ""},
		"expired":                      {ed(claim("exp", noon.Add(-61*time.Second).Unix())), httpx.CodeTokenExpired},
		"not yet":                      {ed(claim("nbf", noon.Add(61*time.Second).Unix())), httpx.CodeTokenInvalid},
		"never expires":                {ed(func(_, c map[string]any) { delete(c, "exp") }), httpx.CodeTokenInvalid},
		"other issuer":                 {ed(claim("iss", "https://evil.example")), httpx.CodeTokenInvalid},
		"no issuer":                    {ed(func(_, c map[string]any) { delete(c, "iss") }), httpx.CodeTokenInvalid},
		"other audience":               {ed(claim("aud", "shop")), httpx.CodeTokenInvalid},
		"no role":                      {ed(func(_, c map[string]any) { delete(c, "role"); c["scope"] = "orders:read" }), httpx.CodeTokenInvalid},
		"an ID token":                  {ed(head("typ", "JWT")), httpx.CodeTokenInvalid},
		"no type":                      {ed(func(h, _ map[string]any) { delete(h, "typ") }), httpx.CodeTokenInvalid},
		"unknown key":                  {ed(head("kid", "../../etc/passwd")), httpx.CodeTokenInvalid},
		"key id is a number":           {ed(head("kid", 7)), httpx.CodeTokenInvalid},
		"no key id":                    {ed(func(h, _ map[string]any) { delete(h, "kid") }), httpx.CodeTokenInvalid},
		"another key's id":             {ed(head("kid", "ec")), httpx.CodeTokenInvalid},
		"signed with the public key":   {sign(t, jwt.SigningMethodHS256, "rsa", publicPEM, nil), httpx.CodeTokenInvalid},
		"PS256 with an RS256 key":      {sign(t, jwt.SigningMethodPS256, "rsa", k.rsa, nil), httpx.CodeTokenInvalid},
		"RS512 with an RS256 key":      {sign(t, jwt.SigningMethodRS512, "rsa", k.rsa, nil), httpx.CodeTokenInvalid},
		"unsigned":                     {sign(t, jwt.SigningMethodNone, "ed", jwt.UnsafeAllowNoneSignatureType, nil), httpx.CodeTokenInvalid},
		"no tenant":                    {ed(claim("tenant", "")), httpx.CodeTokenInvalid},
		"tenant with a space":          {ed(claim("tenant", "demo other")), httpx.CodeTokenInvalid},
		"tenant is a number":           {ed(claim("tenant", 7)), httpx.CodeTokenInvalid},
		"no client":                    {ed(claim("client_id", "")), httpx.CodeTokenInvalid},
		"unknown role":                 {ed(claim("role", "root")), httpx.CodeTokenInvalid},
		"customer without a subject":   {ed(func(_, c map[string]any) { c["role"], c["sub"] = "customer", "" }), httpx.CodeTokenInvalid},
		"no token at all":              {"garbage", httpx.CodeTokenInvalid},
		"empty":                        {"", httpx.CodeTokenInvalid},
		"broken signature":             {ed(nil)[:len(ed(nil))-4] + "AAAA", httpx.CodeTokenInvalid},
		"expired and forged":           {ed(claim("exp", 1))[:len(ed(claim("exp", 1)))-4] + "AAAA", httpx.CodeTokenInvalid},
		"larger than anybody needs":    {ed(claim("x", strings.Repeat("x", 8<<10))), httpx.CodeTokenInvalid},
		"as large as one may be":       {ed(claim("x", strings.Repeat("x", 5<<10))), ""},
		"critical header we don't get": {ed(head("crit", []string{"x"})), httpx.CodeTokenInvalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for range 2 { // the second time perhaps from memory
				id, err := auth.Verify(t.Context(), tt.token)
				var fault *httpx.Error
				if errors.As(err, &fault); tt.want == "" && err != nil || tt.want != "" && (fault == nil || fault.Code != tt.want || fault.Status() != 401) {
					t.Fatalf("Verify = %+v, %v; want %q", id, err, tt.want)
				}
				if err == nil && (id.Tenant != "demo" || id.Client != "web" || id.Subject != "sue" || !id.Scopes.Has(httpx.ScopeOrdersWrite) || id.Scopes.Has(httpx.ScopeCatalogWrite)) {
					t.Errorf("identity %+v", id)
				}
			}
		})
	}
	for name, header := range map[string][]string{"none": nil, "basic": {"Basic YTpi"}, "two": {"Bearer a", "Bearer b"}, "bare": {ed(nil)}} {
		if _, err := auth.Authenticate(&http.Request{Header: http.Header{"Authorization": header}}, "r-1"); err == nil {
			t.Errorf("header %s lets in", name)
		}
	}
}

// A scope claim narrows what a role may do; it never widens it.
func TestAuthenticate_scopes(t *testing.T) {
	t.Parallel()

	k := newKeys(t)
	auth, err := httpx.NewAuthenticator(httpx.AuthConfig{Issuer: "https://issuer.example", Audience: "ordermill", Keys: k.public(t), Now: at(noon)})
	must(t, err)
	for name, tt := range map[string]struct {
		role, scope string
		has, lacks  httpx.Scope
	}{
		"role":             {"analyst", "", httpx.ScopeAnalyticsRead, httpx.ScopeCustomersPII},
		"role and scope":   {"admin", "orders:read unknown:thing", httpx.ScopeOrdersRead, httpx.ScopeOrdersWrite},
		"scope beyond":     {"analyst", "orders:write orders:read", httpx.ScopeOrdersRead, httpx.ScopeOrdersWrite},
		"foreign scopes":   {"admin", "openid profile email", httpx.ScopeSettingsManage, "made:up"},
		"customer's scope": {"customer", "", httpx.ScopeOrdersCancel, httpx.ScopeAnalyticsRead},
		"part of another":  {"admin", "orders:write returns:write", httpx.ScopeOrdersPlace, httpx.ScopeOrdersCancel},
		"only a part":      {"customer", "orders:write", httpx.ScopeOrdersPlace, httpx.ScopeOrdersWrite},
		"warehouse":        {"warehouse", "", httpx.ScopeReturnsReceive, httpx.ScopeReturnsWrite},
		"unknown scope":    {"admin", "", httpx.ScopeSettingsManage, "made:up"},
	} {
		id, err := auth.Verify(t.Context(), sign(t, jwt.SigningMethodEdDSA, "ed", k.ed, func(_, c map[string]any) { c["role"], c["scope"] = tt.role, tt.scope }))
		if err != nil || !id.Scopes.Has(tt.has) || id.Scopes.Has(tt.lacks) {
			t.Errorf("%s: scopes %b, %v", name, id.Scopes, err)
		}
	}
}

func poll(tb testing.TB, done func() bool) {
	tb.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatal("it does not happen")
		}
	}
}

func TestLoadKeys(t *testing.T) {
	t.Parallel()

	k := newKeys(t)
	issuer, err := httpx.NewIssuer(k.ed, time.Now)
	must(t, err)
	var set struct{ Keys []json.RawMessage }
	must(t, json.Unmarshal(issuer.JWKS(), &set))
	der, err := x509.MarshalPKIXPublicKey(k.ec.Public())
	must(t, err)
	small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	must(t, err)
	smallDER, err := x509.MarshalPKIXPublicKey(small.Public())
	must(t, err)
	for name, tt := range map[string]struct {
		data []byte
		want string // algorithm; empty: refused
	}{
		"set":           {issuer.JWKS(), "EdDSA"},
		"one JWK":       {set.Keys[0], "EdDSA"},
		"PEM":           {pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "ES256"},
		"P-224":         {pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: smallDER}), ""},
		"a private key": {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), ""},
		"symmetric":     {[]byte(`{"keys":[{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0","kid":"x","alg":"HS256"}]}`), ""},
		"empty":         {nil, ""},
		"no keys":       {[]byte(`{"keys":[]}`), ""},
	} {
		path := filepath.Join(t.TempDir(), "keys")
		must(t, os.WriteFile(path, tt.data, 0o600))
		got, err := httpx.LoadKeys(path)
		if tt.want == "" && err == nil || tt.want != "" && (len(got) != 1 || got[0].Algorithm != tt.want) {
			t.Errorf("%s: %+v, %v; want %q", name, got, err, tt.want)
		}
	}
}

func TestDevelopmentKey(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "key.pem")
	first, err := httpx.DevelopmentKey(path)
	must(t, err)
	second, err := httpx.DevelopmentKey(path)
	must(t, err)
	if !first.Equal(second) {
		t.Error("the key changes")
	}
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	must(t, os.WriteFile(path, []byte("rubbish"), 0o600))
	if _, err := httpx.DevelopmentKey(path); err == nil {
		t.Error("rubbish is a key")
	}
	issuer, err := httpx.NewIssuer(first, time.Now)
	must(t, err)
	if _, err := issuer.Token("demo", "king", ""); err == nil {
		t.Error("a token of an unknown role")
	}
}

func FuzzVerify(f *testing.F) {
	k := keys{ed: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))}
	key, err := httpx.NewKey("ed", k.ed.Public())
	must(f, err)
	auth, err := httpx.NewAuthenticator(httpx.AuthConfig{Issuer: "https://issuer.example", Audience: "ordermill", Keys: []httpx.Key{key}, Now: at(noon)})
	must(f, err)
	token := sign(f, jwt.SigningMethodEdDSA, "ed", k.ed, nil) // the same in every process
	f.Add(token)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := auth.Verify(context.Background(), text); (err == nil) != (text == token) {
			t.Errorf("%q lets in %+v, %v", text, id, err)
		}
	})
}
