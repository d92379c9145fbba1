package httpx

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Claim says where in a token's payload something stands: one place, or several of which the first that is there counts.
type Claim [][]string

// ParseClaim reads places, with commas between them. Each is
//
//   - the name of a claim, which may be a URL as in namespaced claims: https://shop.example/tenant
//   - names with dots between them, from the outside in: realm_access.roles
//   - a JSON Pointer (RFC 6901), for names with dots of their own: /resource_access/shop.example/roles
func ParseClaim(text string) (Claim, error) {
	var c Claim
	for place := range strings.SplitSeq(text, ",") {
		place = strings.TrimSpace(place)
		var names []string
		switch {
		case strings.HasPrefix(place, "/"):
			names = strings.Split(place[1:], "/")
			for i, name := range names {
				names[i] = strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")
			}
		case strings.Contains(place, "://"):
			names = []string{place}
		default:
			names = strings.Split(place, ".")
		}
		if slices.Contains(names, "") {
			return nil, fmt.Errorf("%q names no claim; write one like role, realm_access.roles, https://shop.example/role or /a.b/role", place)
		}
		c = append(c, names)
	}
	return c, nil
}

// String writes the places for people, as JSON Pointers where that is clearer.
func (c Claim) String() string {
	places := make([]string, len(c))
	for i, names := range c {
		if places[i] = names[0]; len(names) > 1 {
			places[i] = pointer(names)
		}
	}
	return strings.Join(places, " or ")
}

// in returns what stands in claims, and whether anything does; null is nothing.
func (c Claim) in(claims map[string]any) (any, bool) {
	for _, names := range c {
		var value any = claims
		for _, name := range names {
			object, _ := value.(map[string]any)
			value = object[name]
		}
		if value != nil {
			return value, true
		}
	}
	return nil, false
}

// one returns the one text that stands in claims; identity providers put some into a list.
func (c Claim) one(claims map[string]any) (string, error) {
	value, there := c.in(claims)
	if list, ok := value.([]any); ok && len(list) == 1 {
		value = list[0]
	}
	text, ok := value.(string)
	switch {
	case !there || ok && text == "":
		return "", fmt.Errorf("it has no claim %s", c)
	case !ok:
		return "", fmt.Errorf("its claim %s is not one text", c)
	}
	return text, nil
}

// words returns the texts that stand in claims: a list's, or those with spaces between them.
func (c Claim) words(claims map[string]any) ([]string, error) {
	value, _ := c.in(claims)
	switch v := value.(type) {
	case nil:
		return nil, nil
	case string:
		return strings.Fields(v), nil
	case []any:
		words := make([]string, len(v))
		for i, one := range v {
			var ok bool
			if words[i], ok = one.(string); !ok {
				return nil, fmt.Errorf("its claim %s lists what is no text", c)
			}
		}
		return words, nil
	default:
		return nil, fmt.Errorf("its claim %s is neither text nor a list", c)
	}
}

// Claims say where tokens tell what is not standardised. The zero value of each means what RFC 9068 and API.md name.
type Claims struct {
	Tenant Claim // default tenant
	Client Claim // default client_id
	Role   Claim // default role
	Scope  Claim // default scope
}

func (c Claims) withDefaults() Claims {
	or := func(claim Claim, name string) Claim {
		if len(claim) == 0 {
			return Claim{{name}}
		}
		return claim
	}
	return Claims{or(c.Tenant, "tenant"), or(c.Client, "client_id"), or(c.Role, "role"), or(c.Scope, "scope")}
}

// identity returns who a token with these claims speaks for, or everything that is wrong with that, joined.
func (c Claims) identity(claims map[string]any) (Identity, error) {
	var id Identity
	var faults []error
	for _, name := range []struct {
		claim Claim
		into  *string
		limit int
	}{{c.Tenant, &id.Tenant, maxTenant}, {c.Client, &id.Client, 200}} {
		text, err := name.claim.one(claims)
		if err == nil && !plain(text, name.limit) {
			err = fmt.Errorf("its claim %s is not 1 to %d visible ASCII characters", name.claim, name.limit)
		}
		*name.into = text
		faults = append(faults, err)
	}
	var err error
	id.Role, id.Scopes, err = c.permissions(claims)
	faults = append(faults, err)
	switch subject, ok := claims["sub"].(string); {
	case claims["sub"] != nil && !ok, subject != "" && !plain(subject, 200):
		faults = append(faults, errors.New("its claim sub is not 1 to 200 visible ASCII characters"))
	case subject == "" && id.Role == RoleCustomer:
		faults = append(faults, errors.New("it has no claim sub, which a customer's token needs"))
	default:
		id.Subject = subject
	}
	return id, errors.Join(faults...)
}

// permissions returns the role and what it may do. A token without one of our roles may do nothing: whose orders a person
// without a role could see is not a thing to guess. Roles and scopes of other services are not ours to judge and are left
// out; our scopes, where there are some, narrow what the roles may do and never widen it.
func (c Claims) permissions(claims map[string]any) (role string, scopes Scopes, err error) {
	names, err := c.Role.words(claims)
	asked, faulty := c.Scope.words(claims)
	if err = cmp.Or(err, faulty); err != nil {
		return "", 0, errors.Join(err, faulty)
	}
	for _, name := range Roles() {
		if !slices.Contains(names, name) {
			continue
		}
		if role != "" && name == RoleCustomer || role == RoleCustomer {
			return "", 0, fmt.Errorf("its claim %s has the role customer beside another one, so that it is not clear whose orders it may see", c.Role)
		}
		may, _ := RoleScopes(name)
		role, scopes = cmp.Or(role, name), scopes|may
	}
	if role == "" {
		return "", 0, fmt.Errorf("its claim %s has none of the roles %s", c.Role, strings.Join(Roles(), ", "))
	}
	var ours Scopes
	for _, word := range asked {
		ours |= bits[Scope(word)]
	}
	if ours != 0 {
		scopes &= ours
	}
	return role, scopes, nil
}

// maxTenant is the most characters of a tenant's name.
const maxTenant = 64

// IsTenant reports whether a token can name a tenant so.
func IsTenant(name string) bool { return plain(name, maxTenant) }

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
