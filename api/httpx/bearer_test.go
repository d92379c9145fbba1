package httpx_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ordermill/ordermill/api/httpx"
)

// rawToken signs header and payload exactly as they are written.
func rawToken(header, payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	return signed + "." + encode(ed25519.Sign(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32)), []byte(signed)))
}

// goodHeader and goodClaims are those of a token that is let in; claims are without their braces, to be added to.
const goodHeader = `{"alg":"EdDSA","kid":"ed","typ":"at+jwt"}`

func goodClaims(change ...string) string {
	claims := fmt.Sprintf(`"iss":"https://issuer.example","aud":"ordermill","sub":"sue","client_id":"web","tenant":"demo","role":"analyst","exp":%d,"iat":%d`,
		noon.Add(time.Hour).Unix(), noon.Unix())
	return strings.NewReplacer(change...).Replace(claims)
}

func newAuthenticator(tb testing.TB, change func(*httpx.AuthConfig)) *httpx.Authenticator {
	tb.Helper()
	config := httpx.AuthConfig{Issuer: "https://issuer.example", Audience: "ordermill", Keys: newKeys(tb).public(tb), Now: at(noon)}
	if change != nil {
		change(&config)
	}
	auth, err := httpx.NewAuthenticator(config)
	must(tb, err)
	return auth
}

// A token is read as strictly as a command: names are matched to the letter, and what stands twice is refused, since the
// issuer and this reader could each mean another one.
func TestVerify_strict(t *testing.T) {
	t.Parallel()

	auth := newAuthenticator(t, nil)
	good := goodClaims()
	for name, tt := range map[string]struct {
		header, claims string
		let            bool
	}{
		"as it should be":               {goodHeader, good, true},
		"names in other case":           {goodHeader, good + `,"ROLE":"admin","Role":"admin","Tenant":"other","Sub":"eve","CLIENT_ID":"x"`, true},
		"a name with a Kelvin sign":     {goodHeader, good + `,"Tenanſ":"other"`, true},
		"a second role":                 {goodHeader, good + `,"role":"admin"`, false},
		"a second role, escaped":        {goodHeader, good + `,"r\u006fle":"admin"`, false},
		"a second tenant":               {goodHeader, good + `,"tenant":"demo"`, false},
		"a second name in a claim":      {goodHeader, good + `,"x":{"y":1,"y":2}`, false},
		"a second typ":                  {`{"alg":"EdDSA","kid":"ed","typ":"JWT","typ":"at+jwt"}`, good, false},
		"a second alg":                  {`{"alg":"none","alg":"EdDSA","kid":"ed","typ":"at+jwt"}`, good, false},
		"typ in other case":             {`{"alg":"EdDSA","kid":"ed","TYP":"at+jwt"}`, good, false},
		"alg in other case":             {`{"Alg":"EdDSA","kid":"ed","typ":"at+jwt"}`, good, false},
		"kid in other case":             {`{"alg":"EdDSA","KID":"ed","typ":"at+jwt"}`, good, false},
		"crit that is null":             {`{"alg":"EdDSA","kid":"ed","typ":"at+jwt","crit":null}`, good, false},
		"the new name of EdDSA":         {`{"alg":"Ed25519","kid":"ed","typ":"at+jwt"}`, good, true},
		"trailing data":                 {goodHeader + "{}", good, false},
		"a header that is a list":       {`["EdDSA"]`, good, false},
		"tenant only in other case":     {goodHeader, goodClaims(`"tenant"`, `"Tenant"`), false},
		"role only in other case":       {goodHeader, goodClaims(`"role"`, `"Role"`), false},
		"expiry only in other case":     {goodHeader, goodClaims(`"exp"`, `"EXP"`), false},
		"numbers that are not ours":     {goodHeader, good + `,"weight":0.25,"big":123456789012345678901234567890,"huge":1e999`, true},
		"not UTF-8":                     {goodHeader, good + ",\"x\":\"\xff\"", false},
		"two roles of staff":            {goodHeader, goodClaims(`"analyst"`, `["analyst","warehouse"]`), true},
		"customer and staff":            {goodHeader, goodClaims(`"analyst"`, `["analyst","customer"]`), false},
		"a role that is an object":      {goodHeader, goodClaims(`"analyst"`, `{"admin":true}`), false},
		"roles that are numbers":        {goodHeader, goodClaims(`"analyst"`, `[1]`), false},
		"no role":                       {goodHeader, goodClaims(`,"role":"analyst"`, `,"scope":"orders:read"`), false},
		"a role that is null":           {goodHeader, goodClaims(`"analyst"`, `null`), false},
		"a role that is empty":          {goodHeader, goodClaims(`"analyst"`, `""`), false},
		"roles of others only":          {goodHeader, goodClaims(`"analyst"`, `["offline_access"]`), false},
		"a scope that is a number":      {goodHeader, good + `,"scope":7`, false},
		"an audience that is an object": {goodHeader, goodClaims(`"aud":"ordermill"`, `"aud":{"ordermill":1}`), false},
		"an ID token of Keycloak":       {goodHeader, good + `,"typ":"ID"`, false},
		"an access token of Keycloak":   {goodHeader, good + `,"typ":"Bearer"`, true},
		"an ID token of Cognito":        {goodHeader, good + `,"token_use":"id"`, false},
	} {
		id, err := auth.Verify(t.Context(), rawToken(tt.header, "{"+tt.claims+"}"))
		if (err == nil) != tt.let {
			t.Errorf("%s: %v; want let in: %v", name, err, tt.let)
		}
		if err == nil && (id.Tenant != "demo" || id.Subject != "sue" || id.Role != "analyst" && id.Role != "warehouse" || id.Scopes.Has(httpx.ScopeSettingsManage)) {
			t.Errorf("%s: identity %+v", name, id)
		}
	}
}

// Times are numbers of seconds within the calendar; a token from the future is no token yet.
func TestVerify_times(t *testing.T) {
	t.Parallel()

	auth := newAuthenticator(t, nil)
	exp, iat := fmt.Sprintf(`"exp":%d`, noon.Add(time.Hour).Unix()), fmt.Sprintf(`"iat":%d`, noon.Unix())
	second := func(name string, after time.Duration) string {
		return fmt.Sprintf(`%q:%d`, name, noon.Add(after).Unix())
	}
	for name, tt := range map[string]struct {
		from, to string
		want     httpx.Code // empty: let in
	}{
		"exp with a fraction":            {exp, fmt.Sprintf(`"exp":%d.75`, noon.Add(time.Hour).Unix()), ""},
		"exp as text":                    {exp, fmt.Sprintf(`"exp":"%d"`, noon.Add(time.Hour).Unix()), httpx.CodeTokenInvalid},
		"exp as a list":                  {exp, `"exp":[9999999999]`, httpx.CodeTokenInvalid},
		"exp that is null":               {exp, `"exp":null`, httpx.CodeTokenInvalid},
		"exp beyond the calendar":        {exp, `"exp":253402300800`, httpx.CodeTokenInvalid},
		"exp at the calendar's end":      {exp, `"exp":253402300799`, ""},
		"exp in milliseconds":            {exp, fmt.Sprintf(`"exp":%d`, noon.Add(time.Hour).UnixMilli()), httpx.CodeTokenInvalid},
		"exp beyond 64 bits":             {exp, `"exp":92233720368547758070`, httpx.CodeTokenInvalid},
		"exp beyond a float":             {exp, `"exp":1e999`, httpx.CodeTokenInvalid},
		"exp with an exponent":           {exp, `"exp":1.9e9`, ""},
		"exp of 0":                       {exp, `"exp":0`, httpx.CodeTokenInvalid},
		"exp before 1970":                {exp, `"exp":-1`, httpx.CodeTokenInvalid},
		"expired to the second":          {exp, second("exp", -60*time.Second), httpx.CodeTokenExpired},
		"expired within the skew":        {exp, second("exp", -59*time.Second), ""},
		"issued in the future":           {iat, second("iat", 61*time.Second), httpx.CodeTokenInvalid},
		"issued in the skew's future":    {iat, second("iat", 60*time.Second), ""},
		"issued at a text":               {iat, `"iat":"now"`, httpx.CodeTokenInvalid},
		"issued never":                   {"," + iat, "", ""},
		"not before a text":              {iat, `"nbf":"now"`, httpx.CodeTokenInvalid},
		"not before the calendar's end":  {iat, `"nbf":1e300`, httpx.CodeTokenInvalid},
		"not before the future":          {iat, second("nbf", time.Hour), httpx.CodeTokenInvalid},
		"expired, and not for us either": {exp, `"azp":"x",` + second("exp", -time.Hour) + `,"crv":1`, httpx.CodeTokenExpired},
	} {
		_, err := auth.Verify(t.Context(), rawToken(goodHeader, "{"+goodClaims(tt.from, tt.to)+"}"))
		var fault *httpx.Error
		if errors.As(err, &fault); tt.want == "" && err != nil || tt.want != "" && (fault == nil || fault.Code != tt.want) {
			t.Errorf("%s: %v; want %q", name, err, tt.want)
		}
	}
}

// The log says everything that is wrong with a refused token at once, never the token, and not without a bound. What a
// stranger makes up does not hide what a trusted issuer's token lacks.
func TestAuthenticate_refusalsLogged(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer
	auth := newAuthenticator(t, func(c *httpx.AuthConfig) { c.Log = slog.New(slog.NewTextHandler(&out, nil)) })
	send := func(token string) *httpx.Error {
		_, err := auth.Authenticate(&http.Request{Header: http.Header{"Authorization": {"Bearer " + token}}}, "request-7")
		var fault *httpx.Error
		if !errors.As(err, &fault) {
			t.Fatalf("let in, or no error of ours: %v", err)
		}
		return fault
	}
	token := rawToken(`{"alg":"EdDSA","kid":"ed","typ":"JWT"}`, "{"+goodClaims(`"ordermill"`, `"shop"`, `"analyst"`, `"king"`, `"tenant"`, `"org"`)+"}")
	fault := send(token)
	for _, reason := range []string{"typ", "JWT", "aud", "shop", "role", "admin, support", "no claim tenant"} {
		if !strings.Contains(out.String(), reason) || !strings.Contains(fault.Detail, reason) {
			t.Errorf("%q is missing from the log or the answer:\n%s\n%s", reason, &out, fault.Detail)
		}
	}
	if lines := strings.Count(out.String(), "\n"); lines != 1 || !strings.Contains(out.String(), "request-7") {
		t.Errorf("%d lines for one token:\n%s", lines, &out)
	}
	for _, part := range append(strings.Split(token, "."), token) {
		if strings.Contains(out.String(), part) {
			t.Error("the log has the token")
		}
	}
	forged := token[:len(token)-4] + "AAAA"
	if fault := send(forged); strings.Contains(fault.Detail, "shop") {
		t.Errorf("a stranger learns what would be right: %s", fault.Detail)
	}
	for range 1000 {
		_ = send(forged)
		_ = send("garbage")
	}
	if lines := strings.Count(out.String(), "\n"); lines > 30 {
		t.Errorf("%d lines of 2002 refused tokens", lines)
	}
	out.Reset()
	_ = send(token)
	if !strings.Contains(out.String(), "shop") {
		t.Error("forged tokens hide the reasons of a signed one")
	}
}
