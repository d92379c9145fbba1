package main

import (
	"net/url"
	"regexp"
	"strings"
)

// concealed stands where a secret was.
const concealed = "xxxxx"

// secretWord matches the password in a connection string of words (host=… password=…).
var secretWord = regexp.MustCompile(`(?i)(\w*password\w*\s*=\s*)('(?:[^'\\]|\\.)*'?|\S+)`)

// secretParameter matches the names of a URL's parameters whose values are secret.
var secretParameter = regexp.MustCompile(`(?i)password|secret|token|key`)

// withoutSecrets returns a URL, or a connection string of words, as it may be printed.
func withoutSecrets(text string) string {
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err == nil && u.Scheme != "" && u.Opaque == "" && u.Fragment == "":
		return redactURL(u)
	case !strings.Contains(text, "://") && strings.Contains(text, "="):
		return secretWord.ReplaceAllString(text, "${1}"+concealed)
	default:
		return "(unreadable)"
	}
}

func redactURL(u *url.URL) string {
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), concealed)
	}
	query := u.Query()
	for name := range query {
		if secretParameter.MatchString(name) {
			query.Set(name, concealed)
			u.RawQuery = query.Encode()
		}
	}
	return u.String()
}

// readableURL reports whether a text is a URL that means what it says. A # or a % in a password that is not escaped
// would cut it short, and the message of a parser would show what is left of it.
func readableURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Fragment == "" && !strings.HasSuffix(text, "#")
}
