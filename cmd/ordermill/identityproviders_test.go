package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ordermill/ordermill/api/httpx"
)

// documented is a section of the page on identity providers.
var documented = regexp.MustCompile("(?s)\n## ([^\n]+)\n[^`]*(?:`[^`\n]+`[^`]*)*```sh\n(.*?)```\n\n```json\n(.*?)```\n\n```json\n(.*?)```")

// The tokens that the page on identity providers shows are let in with the settings that it gives for them, and lack one
// thing at a time without them.
func TestIdentityProviders(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile("../../docs/identity-providers.md")
	if err != nil {
		t.Fatal(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		// As they publish them: with a certificate, and without alg or beside a key for encryption.
		n := base64.RawURLEncoding.EncodeToString(key.N.Bytes())
		_, _ = w.Write([]byte(`{"keys":[{"kty":"RSA","use":"enc","kid":"key-0","alg":"RSA-OAEP","n":"` + n + `","e":"AQAB"},` +
			`{"kty":"RSA","use":"sig","kid":"key-1","x5t":"key-1","n":"` + n + `","e":"AQAB","x5c":["MIIC"],"issuer":"x"}]}`))
	}))
	t.Cleanup(keys.Close)
	found := documented.FindAllStringSubmatch(string(page), -1)
	if len(found) != 3 {
		t.Fatalf("the page has %d providers, want 3", len(found))
	}
	for _, section := range found {
		name := section[1]
		environ := map[string]string{"HOME": "/home/ada"}
		for line := range strings.Lines(section[2]) {
			variable, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			environ[variable] = value
		}
		header, claims := make(map[string]any), make(map[string]any)
		if err := json.Unmarshal([]byte(section[3]), &header); err != nil {
			t.Fatalf("%s: header: %v", name, err)
		}
		if err := json.Unmarshal([]byte(section[4]), &claims); err != nil {
			t.Fatalf("%s: payload: %v", name, err)
		}
		token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims(claims))
		token.Header = header
		signed, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		id, err := authenticatorOf(t, environ, keys.URL).Verify(t.Context(), signed)
		if err != nil || id.Tenant == "" || id.Client == "" || id.Subject == "" || id.Role != "support" || !id.Scopes.Has(httpx.ScopeOrdersWrite) || id.Scopes.Has(httpx.ScopeSettingsManage) {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
		for variable := range environ {
			if !strings.HasSuffix(variable, "_CLAIM") && !strings.HasSuffix(variable, "_TYPES") || strings.Contains(variable, "SCOPE") {
				continue
			}
			value := environ[variable]
			delete(environ, variable)
			if id, err := authenticatorOf(t, environ, keys.URL).Verify(t.Context(), signed); err == nil {
				t.Errorf("%s without %s: %+v is let in", name, variable, id)
			}
			environ[variable] = value
		}
	}
}

// authenticatorOf is what serve would make of an environment, with keys from elsewhere.
func authenticatorOf(t *testing.T, environ map[string]string, jwks string) *httpx.Authenticator {
	t.Helper()
	c, err := loadConfig(environ)
	if err != nil {
		t.Fatal(err)
	}
	c.JWTJWKSURL, c.MasterKey = jwks, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	s, err := productionSecrets(c, allRoles, environ, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.auth.Now = func() time.Time { return time.Unix(1796000060, 0) }
	auth, err := httpx.NewAuthenticator(s.auth)
	if err != nil {
		t.Fatal(err)
	}
	return auth
}
