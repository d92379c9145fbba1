package httpx_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ordermill/ordermill/api/httpx"
)

// publisher is an issuer's JWKS URL.
type publisher struct {
	fetches atomic.Int64
	now     atomic.Int64
	mu      sync.Mutex
	body    string // empty: 502
	log     bytes.Buffer
}

func newPublisher(t *testing.T, body string) (*publisher, *httpx.Authenticator) {
	t.Helper()
	p := &publisher{body: body}
	p.now.Store(noon.UnixNano())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.fetches.Add(1)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.body == "" {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=600")
		_, _ = w.Write([]byte(p.body))
	}))
	t.Cleanup(server.Close)
	return p, newAuthenticator(t, func(c *httpx.AuthConfig) {
		c.Keys, c.JWKSURL, c.Log = nil, server.URL, slog.New(slog.NewTextHandler(p, nil))
		c.Now = func() time.Time { return time.Unix(0, p.now.Load()) }
	})
}

// Write takes a line of the log.
func (p *publisher) Write(line []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(line)
}

func (p *publisher) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

func (p *publisher) publish(body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.body = body
}

func (p *publisher) later(d time.Duration) { p.now.Add(int64(d)) }

// jwk is a public key as a member of a JWK set; change is laid over it, and null takes away.
func jwk(t *testing.T, kid string, public any, change string) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	member := map[string]any{"kid": kid}
	switch k := public.(type) {
	case ed25519.PublicKey:
		member["kty"], member["crv"], member["x"] = "OKP", "Ed25519", encode(k)
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		must(t, err)
		member["kty"], member["crv"], member["x"], member["y"] = "EC", "P-256", encode(point[1:33]), encode(point[33:])
	case *rsa.PublicKey:
		member["kty"], member["n"], member["e"] = "RSA", encode(k.N.Bytes()), "AQAB"
	}
	if change != "" {
		must(t, json.Unmarshal([]byte(change), &member))
	}
	for name, value := range member {
		if value == nil {
			delete(member, name)
		}
	}
	return string(httpx.Marshal(member))
}

func set(members ...string) string { return `{"keys":[` + strings.Join(members, ",") + `]}` }

// status returns the HTTP status that a token gets; 200: it is let in.
func status(t *testing.T, auth *httpx.Authenticator, token string) int {
	t.Helper()
	_, err := auth.Verify(t.Context(), token)
	var fault *httpx.Error
	switch {
	case err == nil:
		return http.StatusOK
	case errors.As(err, &fault):
		return fault.Status()
	default:
		t.Fatalf("no error of ours: %v", err)
		return 0
	}
}

// Keys are fetched again for an unknown id, though not more often than every 30 seconds, and are kept while the issuer
// does not answer. A key that was taken away opens nothing more, not even from memory; nor does any when all are.
func TestJWKS_rotation(t *testing.T) {
	t.Parallel()

	k := newKeys(t)
	p, auth := newPublisher(t, set(jwk(t, "ed", k.ed.Public(), "")))
	long := func(_, c map[string]any) { c["exp"] = noon.Add(24 * time.Hour).Unix() }
	first, second := sign(t, jwt.SigningMethodEdDSA, "ed", k.ed, long), sign(t, jwt.SigningMethodES256, "ec", k.ec, long)
	want := func(when, token string, code int) {
		t.Helper()
		if got := status(t, auth, token); got != code {
			t.Errorf("%s: %d, want %d", when, got, code)
		}
	}
	want("the key", first, 200)
	want("the key, again", first, 200)
	want("an unknown key", second, 401)
	if p.fetches.Load() != 1 {
		t.Errorf("an unknown key: %d fetches, want 1 in 30 s", p.fetches.Load())
	}
	p.publish(set(jwk(t, "ec", k.ec.Public(), "")))
	p.later(31 * time.Second)
	want("a new key", second, 200)
	want("a key that was taken away", first, 401)

	p.publish("")
	p.later(20 * time.Minute)
	want("no answer", second, 200)
	poll(t, func() bool { return strings.Contains(p.logged(), "502") })
	want("no answer, again", second, 200)
	p.later(31 * time.Second)
	want("a key that may be new", first, 503)

	p.publish(set())
	p.later(31 * time.Second)
	want("an empty set: another key", first, 401)
	want("an empty set", second, 401)
	if !strings.Contains(p.logged(), "no token is accepted") {
		t.Errorf("nobody is told that the set is empty:\n%s", p.logged())
	}
}

// As long as no key set was ever had, nobody can say that a token is bad: clients are told to try again, the log why.
func TestJWKS_failing(t *testing.T) {
	t.Parallel()

	k := newKeys(t)
	token := sign(t, jwt.SigningMethodEdDSA, "ed", k.ed, nil)
	good := set(jwk(t, "ed", k.ed.Public(), ""))
	for name, tt := range map[string]struct{ body, logged string }{
		"a bad gateway":       {"", "502"},
		"a page":              {"<html>", "not a JSON object"},
		"no list":             {`{"keys":{}}`, "not one list"},
		"null":                {`{"keys":null}`, "not one list"},
		"no member keys":      {`{"Keys":[]}`, "no list"},
		"two lists":           {`{"keys":[],` + good[1:], "not one list"},
		"half a set":          {good[:len(good)/2], "key set not fetched"},
		"more than one reads": {`{"x":"` + strings.Repeat("x", 1<<20) + `",` + good[1:], "more than"},
	} {
		p, auth := newPublisher(t, tt.body)
		if got := status(t, auth, token); got != 503 {
			t.Errorf("%s: %d, want 503", name, got)
		}
		if !strings.Contains(p.logged(), tt.logged) {
			t.Errorf("%s: the log does not say %q:\n%s", name, tt.logged, p.logged())
		}
		if got := status(t, auth, sign(t, jwt.SigningMethodHS256, "ed", []byte("x"), nil)); got != 401 {
			t.Errorf("%s: a token that is bad by any key: %d, want 401", name, got)
		}
		p.publish(good)
		p.later(6 * time.Second)
		if got := status(t, auth, token); got != 200 {
			t.Errorf("%s: %d once it works, want 200", name, got)
		}
	}
}

// What a set holds beside our keys does not make them unusable (RFC 7517, section 5), and is told once.
func TestJWKS_foreignMembers(t *testing.T) {
	t.Parallel()

	k := newKeys(t)
	good := jwk(t, "ed", k.ed.Public(), "")
	token := sign(t, jwt.SigningMethodEdDSA, "ed", k.ed, nil)
	for name, member := range map[string]string{
		"an unknown kind":        `{"kty":"AKP","alg":"ML-DSA-44","kid":"pq","pub":"AAAA"}`,
		"an unknown curve":       `{"kty":"OKP","crv":"Ed448","kid":"x","x":"AAAA"}`,
		"a key for agreement":    `{"kty":"OKP","crv":"X25519","kid":"x","x":"` + strings.Repeat("A", 43) + `"}`,
		"a short key":            `{"kty":"OKP","crv":"Ed25519","kid":"x","x":"AAAA"}`,
		"a point off the curve":  jwk(t, "x", k.ec.Public(), `{"y":"`+strings.Repeat("A", 43)+`"}`),
		"P-384":                  `{"kty":"EC","crv":"P-384","kid":"x","x":"AAAA","y":"AAAA"}`,
		"no base64":              `{"kty":"RSA","kid":"x","n":"!!","e":"AQAB"}`,
		"an even exponent":       jwk(t, "x", k.rsa.Public(), `{"e":"AQAA"}`),
		"a small RSA key":        jwk(t, "x", k.rsa.Public(), `{"n":"`+strings.Repeat("_", 100)+`"}`),
		"a secret":               `{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0","kid":"ed","alg":"HS256"}`,
		"for encryption":         jwk(t, "x", k.rsa.Public(), `{"use":"enc","alg":"RSA-OAEP"}`),
		"for another algorithm":  jwk(t, "x", k.rsa.Public(), `{"alg":"RS512"}`),
		"an algorithm of others": jwk(t, "x", k.ec.Public(), `{"alg":"RS256"}`),
		"for other operations":   jwk(t, "x", k.ec.Public(), `{"key_ops":["deriveKey"]}`),
		"operations as text":     jwk(t, "x", k.ec.Public(), `{"key_ops":"verify"}`),
		"a kid that is a number": jwk(t, "x", k.ec.Public(), `{"kid":7}`),
		"a kind that is a list":  `{"kty":["RSA"],"kid":"x"}`,
		"a name that is twice":   `{"kty":"EC","kid":"x","kid":"ed"}`,
		"a development key":      jwk(t, "dev-x", k.ec.Public(), ""),
		"null":                   "null",
		"a number":               "1.5",
		"nothing":                "{}",
	} {
		p, auth := newPublisher(t, set(member, good, member))
		for range 3 {
			if got := status(t, auth, token); got != 200 {
				t.Errorf("%s beside the key: %d, want 200", name, got)
			}
			p.later(11 * time.Minute) // the set is fetched again
			poll(t, func() bool { return status(t, auth, sign(t, jwt.SigningMethodEdDSA, "ed", k.ed, nil)) == 200 })
		}
		if n := strings.Count(p.logged(), "member of the key set left out"); n < 1 || n > 2 {
			t.Errorf("%s: told %d times:\n%s", name, n, p.logged())
		}
	}
}

// What a good member may look like, and which tokens it opens.
func TestJWKS_goodMembers(t *testing.T) {
	t.Parallel()

	k := newKeys(t)
	ed, rs := sign(t, jwt.SigningMethodEdDSA, "ed", k.ed, nil), sign(t, jwt.SigningMethodRS256, "rsa", k.rsa, nil)
	renamed := rawToken(`{"alg":"Ed25519","kid":"ed","typ":"at+jwt"}`, "{"+goodClaims()+"}")
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32)).Public()
	member := func(change string) string { return jwk(t, "ed", k.ed.Public(), change) }
	for name, tt := range map[string]struct {
		set, token string
		want       int
	}{
		"bare":                             {set(member("")), ed, 200},
		"the old name, old token":          {set(member(`{"alg":"EdDSA"}`)), ed, 200},
		"the new name, old token":          {set(member(`{"alg":"Ed25519"}`)), ed, 200},
		"the old name, new token":          {set(member(`{"alg":"EdDSA"}`)), renamed, 200},
		"the new name, new token":          {set(member(`{"alg":"Ed25519"}`)), renamed, 200},
		"for signatures":                   {set(member(`{"use":"sig"}`)), ed, 200},
		"to verify":                        {set(member(`{"key_ops":["sign","verify"]}`)), ed, 200},
		"with members of others":           {set(jwk(t, "rsa", k.rsa.Public(), `{"x5t":"x","x5c":["x"],"exp":1.5,"nbf":1e9}`)), rs, 200},
		"one id for two kinds":             {set(jwk(t, "ed", k.ec.Public(), ""), member("")), ed, 200},
		"one id for two keys":              {set(jwk(t, "ed", other, ""), member("")), ed, 200},
		"one id for two keys, other order": {set(member(""), jwk(t, "ed", other, "")), ed, 200},
		"one id for others' keys":          {set(jwk(t, "ed", other, ""), jwk(t, "ed", k.ec.Public(), "")), ed, 401},
		"no id":                            {set(member(`{"kid":null}`)), ed, 200},
		"no id, another key":               {set(jwk(t, "", other, `{"kid":null}`)), ed, 401},
		"another id":                       {set(member(`{"kid":"other"}`)), ed, 401},
	} {
		_, auth := newPublisher(t, tt.set)
		if got := status(t, auth, tt.token); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
	for name, forbidden := range map[string]ed25519.PrivateKey{"known by its content": k.ed, "another": ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32))} {
		key, err := httpx.NewKey("whatever", forbidden.Public())
		must(t, err)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, set(member(""))) }))
		t.Cleanup(server.Close)
		auth := newAuthenticator(t, func(c *httpx.AuthConfig) { c.Keys, c.JWKSURL, c.Refused = nil, server.URL, []httpx.Key{key} })
		if got, want := status(t, auth, ed), map[bool]int{true: 401, false: 200}[forbidden.Equal(k.ed)]; got != want {
			t.Errorf("a development key %s: %d, want %d", name, got, want)
		}
	}
}
