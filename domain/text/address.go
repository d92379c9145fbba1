package text

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// MaxEmail is the most characters of an e-mail address.
const MaxEmail = 254

// emailFault returns what is wrong with an e-mail address of visible characters. It does not ask whether the address
// exists, and takes what RFC 6531 does: letters of all scripts. What only quotes would allow is refused: nobody has
// such an address, and it is a way to smuggle a second one in.
func emailFault(s string) string {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || domain == "" || strings.ContainsAny(s, `()<>[],;:\"`) {
		return "an e-mail address is a name and a domain around one @, such as ann@example.com"
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, strange) {
			return fmt.Sprintf("%q is not the domain of an e-mail address", domain)
		}
	}
	return ""
}

// strange reports whether no part of a domain's name has r.
func strange(r rune) bool {
	return r != '-' && !unicode.In(r, unicode.L, unicode.M, unicode.Nd)
}

// urlFault returns what is wrong with a web address of visible characters.
func urlFault(s string) string {
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fmt.Sprintf("a web address begins with https:// or http://, unlike %q", s)
	}
	return ""
}
