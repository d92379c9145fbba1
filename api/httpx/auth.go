package httpx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
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
	Subject string // a person, or the client itself; may be empty
	Role    string // of several the one that comes first in Roles
	Scopes  Scopes
	Expires time.Time
}

// Customer returns the customer whose orders alone the caller may see, and whether there is such a limit.
func (id *Identity) Customer() (string, bool) { return id.Subject, id.Role == RoleCustomer }

// Actor returns who the caller is, as the event log and the decision log note it: what kind of actor, and its id.
func (id *Identity) Actor() (kind, name string) {
	switch {
	case id.Role == RoleCustomer:
		return "customer", id.Subject
	case id.Subject != "" && id.Subject != id.Client && id.Role != "integrator":
		return "staff", id.Subject
	default:
		return "app", id.Client
	}
}

// Viewer returns what the caller may see of an order.
func (id *Identity) Viewer() resource.Viewer {
	return resource.Viewer{Personal: id.Scopes.Has(ScopeCustomersPII), Staff: id.Role != RoleCustomer}
}

// AuthConfig says whose tokens are trusted. Exactly one of Keys and JWKSURL is needed.
type AuthConfig struct {
	Issuer   string
	Audience string
	Types    []string // values of typ that are taken, in any case; default at+jwt
	Claims   Claims
	Keys     []Key        // fixed keys
	JWKSURL  string       // where the issuer publishes its keys
	Refused  []Key        // keys that JWKSURL may not publish: development keys, which are known by their content
	Client   *http.Client // for JWKSURL; nil: one with a timeout that follows no redirects
	Now      func() time.Time
	Log      *slog.Logger // nil: nothing is logged
}

// Authenticator verifies access tokens (RFC 9068, and its like by configuration). It is safe for concurrent use.
type Authenticator struct {
	config   AuthConfig
	types    []string
	keys     keySet
	verified *verified
	refused  *refusalLog
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
	config.Claims = config.Claims.withDefaults()
	a := &Authenticator{config: config, verified: newVerified(), refused: newRefusalLog(config.Log, config.Now)}
	for _, kind := range config.Types {
		a.types = append(a.types, mediaSubtype(kind))
	}
	if len(a.types) == 0 {
		a.types = []string{tokenType}
	}
	if config.JWKSURL != "" {
		a.keys = newRemoteKeys(&config)
	} else {
		a.keys = staticKeys(keysByID(config.Keys))
	}
	return a, nil
}

// mediaSubtype folds the two ways to write a token's type (RFC 7515, section 4.1.9) into one.
func mediaSubtype(kind string) string {
	return strings.TrimPrefix(strings.ToLower(kind), "application/")
}

// Authenticate returns who sent the request. Its errors are *Error: a 401, of which the log says why, or a 503 as long as
// the keys that would verify the token cannot be had. The request id goes into the log.
func (a *Authenticator) Authenticate(r *http.Request, requestID string) (Identity, error) {
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return Identity{}, Errorf(CodeTokenMissing, "Send the header Authorization: Bearer <token>.")
	}
	const scheme = "Bearer "
	header := values[0]
	if len(values) > 1 || len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		a.refused.note(r.Context(), requestID, &RefusedToken{Reasons: []string{"there is not one header Authorization: Bearer <token>"}})
		return Identity{}, Errorf(CodeTokenInvalid, "The Authorization header must be one: Bearer <token>.")
	}
	id, err := a.Verify(r.Context(), header[len(scheme):])
	if refused := new(RefusedToken); errors.As(err, &refused) {
		a.refused.note(r.Context(), requestID, refused)
	}
	return id, err
}

// RefusedToken is why a token was refused: everything that is wrong with it. It holds nothing of the token that would be
// a secret.
type RefusedToken struct {
	Reasons []string
	Signed  bool // by a trusted key
}

// Error implements error.
func (r *RefusedToken) Error() string { return "token refused: " + strings.Join(r.Reasons, "; ") }

// Verify is Authenticate of a bare token, and logs nothing.
func (a *Authenticator) Verify(ctx context.Context, token string) (Identity, error) {
	now, generation := a.config.Now(), a.keys.generation()
	if id, ok := a.verified.get(token, generation, now); ok {
		return id, nil
	}
	if len(token) > maxTokenBytes {
		return Identity{}, &Error{
			Code: CodeTokenInvalid, Detail: fmt.Sprintf("A token has at most %d bytes.", maxTokenBytes),
			Cause: &RefusedToken{Reasons: []string{fmt.Sprintf("it has more than %d bytes", maxTokenBytes)}},
		}
	}
	t, err := readBearer(token)
	if err != nil {
		return Identity{}, refusal(&RefusedToken{Reasons: []string{err.Error()}})
	}
	reasons := a.wrongHeader(t)
	signed, unknown := a.checkSignature(ctx, t)
	if signed != nil {
		reasons = append(reasons, signed.Error())
	}
	expires, expired, wrong := a.wrongTimes(t.claims, now)
	reasons = append(append(reasons, wrong...), a.wrongOrigin(t.claims)...)
	id, err := a.config.Claims.identity(t.claims)
	reasons = append(reasons, lines(err)...)
	id.Expires = expires
	switch {
	case len(reasons) == 0 && unknown != nil:
		return Identity{}, unknown
	case len(reasons) == 0 && expired != "":
		return Identity{}, &Error{Code: CodeTokenExpired, Detail: "Get a new token.", Cause: &RefusedToken{Reasons: []string{expired}, Signed: true}}
	case len(reasons) > 0:
		if expired != "" {
			reasons = append(reasons, expired)
		}
		return Identity{}, refusal(&RefusedToken{Reasons: reasons, Signed: signed == nil && unknown == nil})
	}
	a.verified.put(token, id, generation, now)
	return id, nil
}

// refusal answers a refused token. Who holds one that a trusted issuer has signed is told what is wrong with it.
func refusal(r *RefusedToken) *Error {
	e := &Error{Code: CodeTokenInvalid, Detail: "The token's type, signature, issuer, audience, time or claims do not hold. The request id finds the reasons in the log.", Cause: r}
	if r.Signed {
		e.Detail = "The token is signed as it should be, but " + strings.Join(r.Reasons, "; ") + "."
	}
	return e
}

// lines returns the messages of joined errors.
func lines(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

// wrongHeader judges the header, but for the key.
func (a *Authenticator) wrongHeader(t *bearer) []string {
	var reasons []string
	if kind, ok := t.header["typ"].(string); !ok || !slices.Contains(a.types, mediaSubtype(kind)) {
		reasons = append(reasons, fmt.Sprintf("its typ is %s, not %s", shown(t.header["typ"]), strings.Join(a.types, " or ")))
	}
	if _, there := t.header["crit"]; there {
		reasons = append(reasons, "it has critical header parameters, which are not understood here") // RFC 7515, section 4.1.11
	}
	// Where typ cannot tell kinds of tokens apart, identity providers have claims that do.
	for _, name := range [...]string{"typ", "token_use"} {
		if use, ok := t.claims[name].(string); ok && slices.Contains([]string{"id", "refresh", "offline", "logout"}, strings.ToLower(use)) {
			reasons = append(reasons, fmt.Sprintf("its claim %s is %s: it is no access token", name, shown(use)))
		}
	}
	return reasons
}

// checkSignature returns what is wrong with the signature, or why that cannot be known right now. The algorithm is the
// key's; a token that names another one is refused.
func (a *Authenticator) checkSignature(ctx context.Context, t *bearer) (wrong, unknown error) {
	id, ok := t.header["kid"].(string)
	if _, there := t.header["kid"]; there && !ok {
		return errors.New("its kid is no text"), nil
	}
	named, _ := t.header["alg"].(string)
	algorithm := keyAlgorithm(named)
	if algorithm == "" {
		return fmt.Errorf("its alg is %s, not ES256, EdDSA or RS256", shown(t.header["alg"])), nil
	}
	candidates, unknown := a.keys.find(ctx, id)
	if unknown != nil {
		return nil, unknown
	}
	if len(candidates) == 0 {
		return fmt.Errorf("no key has its kid %s", shown(t.header["kid"])), nil
	}
	wrong = fmt.Errorf("the key with its kid %s is for another algorithm than %s", shown(t.header["kid"]), named)
	for _, key := range candidates {
		if key.Algorithm != algorithm {
			continue
		}
		if jwt.GetSigningMethod(algorithm).Verify(t.signed, t.signature, key.Public) == nil {
			return nil, nil
		}
		wrong = errors.New("its signature does not hold")
	}
	return wrong, nil
}

// wrongOrigin judges who has made the token and for whom.
func (a *Authenticator) wrongOrigin(claims map[string]any) []string {
	var reasons []string
	if issuer, ok := claims["iss"].(string); !ok || issuer != a.config.Issuer {
		reasons = append(reasons, fmt.Sprintf("its iss is %s, not %s", shown(claims["iss"]), shown(a.config.Issuer)))
	}
	audience, ok := claims["aud"].([]any)
	if !ok {
		audience = []any{claims["aud"]}
	}
	if !slices.Contains(audience, any(a.config.Audience)) {
		reasons = append(reasons, fmt.Sprintf("its aud is %s, not %s", shown(claims["aud"]), shown(a.config.Audience)))
	}
	return reasons
}

// wrongTimes judges exp, nbf and iat. That the token has expired is told apart from all else: a new one helps.
func (a *Authenticator) wrongTimes(claims map[string]any, now time.Time) (expires time.Time, expired string, reasons []string) {
	for _, name := range [...]string{"exp", "nbf", "iat"} {
		value, there := claims[name]
		if !there && name != "exp" {
			continue
		}
		at, ok := numericDate(value)
		switch {
		case !ok:
			reasons = append(reasons, fmt.Sprintf("its claim %s is %s, not a number of seconds since 1970 within the calendar", name, shown(value)))
		case name == "exp":
			if expires = at; !now.Before(at.Add(clockSkew)) {
				expired = "it has expired at " + at.UTC().Format(time.RFC3339)
			}
		case now.Before(at.Add(-clockSkew)):
			reasons = append(reasons, fmt.Sprintf("its claim %s, %s, lies in the future", name, at.UTC().Format(time.RFC3339)))
		}
	}
	return expires, expired, reasons
}

// numericDate reads a time as RFC 7519 writes it: a number of seconds, which may have a fraction.
func numericDate(value any) (time.Time, bool) {
	const end = 253_402_300_800 // of the year 9999
	switch seconds := value.(type) {
	case int64:
		return time.Unix(seconds, 0), seconds > 0 && seconds < end
	case float64:
		return time.UnixMicro(int64(min(seconds, end) * 1e6)), seconds > 0 && seconds < end
	default:
		return time.Time{}, false
	}
}

// shown writes what a token says for people, not at length.
func shown(value any) string {
	const most = 100
	if value == nil {
		return "missing"
	}
	text := string(Marshal(value))
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
