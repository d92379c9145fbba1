package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/ordermill/ordermill/api/httpx"
)

// mediaType matches a value of typ.
var mediaType = regexp.MustCompile(`^[A-Za-z0-9+./-]+$`)

// checkTokens returns what is wrong with the settings of access tokens.
func (c *config) checkTokens() []error {
	var faults []error
	if c.JWTJWKSURL != "" {
		if err := checkJWKSURL(c.JWTJWKSURL); err != nil {
			faults = append(faults, fmt.Errorf("%sJWT_JWKS_URL: %w", prefix, err))
		}
	}
	for i, kind := range c.JWTTypes {
		kind = strings.TrimSpace(kind)
		c.JWTTypes[i] = kind
		if !mediaType.MatchString(kind) {
			faults = append(faults, fmt.Errorf("%sJWT_TYPES: %q is no type of tokens; write them like at+jwt,JWT", prefix, kind))
		}
	}
	_, err := c.claims()
	return append(faults, err...)
}

// claims returns where tokens tell what, or what is wrong with the settings that say so.
func (c *config) claims() (claims httpx.Claims, faults []error) {
	for _, one := range []struct {
		name, text string
		into       *httpx.Claim
	}{
		{"JWT_TENANT_CLAIM", c.TenantClaim, &claims.Tenant},
		{"JWT_CLIENT_CLAIM", c.ClientClaim, &claims.Client},
		{"JWT_ROLE_CLAIM", c.RoleClaim, &claims.Role},
		{"JWT_SCOPE_CLAIM", c.ScopeClaim, &claims.Scope},
	} {
		claim, err := httpx.ParseClaim(one.text)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s%s: %w", prefix, one.name, err))
		}
		*one.into = claim
	}
	return claims, faults
}

// checkJWKSURL refuses what lets others put their keys in place of the issuer's: a key set that comes over the network in
// clear.
func checkJWKSURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("write a URL such as https://login.example/.well-known/jwks.json")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return errors.New("keys that come over http may be anybody's; use https, which only a host of this machine itself can do without")
	default:
		return nil
	}
}

// loopback reports whether a host is this machine itself, without asking a name server.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
