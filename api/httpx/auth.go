package httpx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ordermill/ordermill/api/resource"
)

// Bounds of tokens.
const (
	maxTokenBytes = 8 << 10 // before anything is parsed
	clockSkew     = 60 * time.Second
	tokenType     = "at+jwt"
)

// Identity is who asks, as a verified token says.
type Identity struct {
	Tenant  string
	Client  string // OAuth client or API key
	Subject string // a person, or the client itself
	Role    string // may be empty
	Scopes  Scopes
	Expires time.Time
}

// Customer returns the customer whose orders alone the caller may see, and whether there is such a limit.
func (id *Identity) Customer() (string, bool) { return id.Subject, id.Role == RoleCustomer }

// claims are those of RFC 9068, with the tenant and the role beside them.
type claims struct {
	jwt.RegisteredClaims
	Client string `json:"client_id"`
	Tenant string `json:"tenant"`
	Role   string `json:"role,omitempty"`
	Scope  string `json:"scope,omitempty"`
}

// AuthConfig says whose tokens are trusted. Exactly one of Keys and JWKSURL is needed.
type AuthConfig struct {
	Issuer   string
	Audience string
	Keys     []Key        // fixed keys
	JWKSURL  string       // where the issuer publishes its keys
	Client   *http.Client // for JWKSURL; nil: one with a timeout that follows no redirects
	Now      func() time.Time
	Log      *slog.Logger // nil: nothing is logged
}

// Authenticator verifies access tokens (RFC 9068). It is safe for concurrent use.
type Authenticator struct {
	keys     keySet
	parser   *jwt.Parser
	now      func() time.Time
	verified *verified
}

// NewAuthenticator fails on a configuration that could let nobody in, or anybody.
func NewAuthenticator(config AuthConfig) (*Authenticator, error) {
	if config.Issuer == "" || config.Audience == "" {
		return nil, errors.New("authentication: an issuer and an audience are needed")
	}
	if (len(config.Keys) == 0) == (config.JWKSURL == "") {
		return nil, errors.New("authentication: either keys or a JWKS URL are needed")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	config.Log = cmp.Or(config.Log, slog.New(slog.DiscardHandler))
	a := &Authenticator{now: config.Now, verified: newVerified()}
	if config.JWKSURL != "" {
		a.keys = newRemoteKeys(config.JWKSURL, config.Client, config.Now, config.Log)
	} else {
		static := make(staticKeys, len(config.Keys))
		for _, key := range config.Keys {
			if _, twice := static[key.ID]; twice {
				return nil, fmt.Errorf("authentication: two keys have the id %q", key.ID)
			}
			static[key.ID] = key
		}
		a.keys = static
	}
	a.parser = jwt.NewParser(
		jwt.WithValidMethods([]string{"ES256", "EdDSA", "RS256"}),
		jwt.WithIssuer(config.Issuer), jwt.WithAudience(config.Audience),
		jwt.WithExpirationRequired(), jwt.WithLeeway(clockSkew), jwt.WithTimeFunc(config.Now), jwt.WithStrictDecoding(),
	)
	return a, nil
}

// Authenticate returns who sent the request. Its errors are *Error with a 401.
func (a *Authenticator) Authenticate(r *http.Request) (Identity, error) {
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return Identity{}, Errorf(CodeTokenMissing, "Send the header Authorization: Bearer <token>.")
	}
	const prefix = "Bearer "
	header := values[0]
	if len(values) > 1 || len(header) < len(prefix) || !strings.EqualFold(header[:len(prefix)], prefix) {
		return Identity{}, Errorf(CodeTokenInvalid, "The Authorization header must be one: Bearer <token>.")
	}
	return a.Verify(r.Context(), header[len(prefix):])
}

// Verify is Authenticate of a bare token.
func (a *Authenticator) Verify(ctx context.Context, token string) (Identity, error) {
	if len(token) > maxTokenBytes {
		return Identity{}, Errorf(CodeTokenInvalid, "A token has at most %d bytes.", maxTokenBytes)
	}
	now, generation := a.now(), a.keys.generation()
	if id, ok := a.verified.get(token, generation, now); ok {
		return id, nil
	}
	var c claims
	parsed, err := a.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) { return a.keyFor(ctx, t) })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return Identity{}, &Error{Code: CodeTokenExpired, Detail: "Get a new token.", Cause: err}
	case err != nil:
		return Identity{}, &Error{Code: CodeTokenInvalid, Detail: "The token's type, signature, issuer, audience or time does not hold.", Cause: err}
	case !parsed.Valid:
		return Identity{}, Errorf(CodeTokenInvalid, "The token is not valid.")
	}
	id, err := c.identity()
	if err != nil {
		return Identity{}, err
	}
	a.verified.put(token, id, generation, now)
	return id, nil
}

// keyFor looks the token's key up. The algorithm is the key's; a token that names another one is refused.
func (a *Authenticator) keyFor(ctx context.Context, t *jwt.Token) (any, error) {
	kind, _ := t.Header["typ"].(string)
	if kind = strings.ToLower(kind); kind != tokenType && kind != "application/"+tokenType {
		return nil, fmt.Errorf("typ is %q, not %s", kind, tokenType)
	}
	if t.Header["crit"] != nil {
		return nil, errors.New("critical header parameters are not understood here") // RFC 7515, section 4.1.11
	}
	id, ok := t.Header["kid"].(string)
	if !ok && t.Header["kid"] != nil {
		return nil, errors.New("kid is not a string")
	}
	key, ok := a.keys.find(ctx, id)
	if !ok {
		return nil, errors.New("no such key")
	}
	if t.Method.Alg() != key.Algorithm {
		return nil, fmt.Errorf("the key is for %s", key.Algorithm)
	}
	return key.Public, nil
}

func (c *claims) identity() (Identity, error) {
	id := Identity{Tenant: c.Tenant, Client: c.Client, Subject: c.Subject, Role: c.Role, Expires: c.ExpiresAt.Time}
	if !plain(id.Tenant, 64) || !plain(id.Client, 200) {
		return Identity{}, Errorf(CodeTokenInvalid, "The token needs the claims tenant and client_id, of visible ASCII characters.")
	}
	if id.Subject != "" && !plain(id.Subject, 200) || id.Subject == "" && id.Role == RoleCustomer {
		return Identity{}, Errorf(CodeTokenInvalid, "The token's sub must be visible ASCII characters, and a customer's token needs one.")
	}
	asked := parseScopes(c.Scope)
	if id.Role == "" {
		id.Scopes = asked
		return id, nil
	}
	allowed, known := RoleScopes(id.Role)
	if !known {
		return Identity{}, Errorf(CodeTokenInvalid, "The token's role must be one of %s.", strings.Join(Roles(), ", "))
	}
	if c.Scope != "" {
		allowed &= asked
	}
	id.Scopes = allowed
	return id, nil
}

// plain reports whether s is 1 to limit visible ASCII characters.
func plain(s string, limit int) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Viewer returns what the caller may see of an order.
func (id *Identity) Viewer() resource.Viewer {
	return resource.Viewer{Personal: id.Scopes.Has(ScopeCustomersPII), Staff: id.Role != RoleCustomer}
}
