package httpx

import (
	"net/url"
	"strings"
)

// normalized returns the URL of a request with its path in the normal form of RFC 3986, section 6.2.2: what needs no
// escape has none, the others are in capitals, and no segment is a dot or two. A path that has that form already, as
// nearly all do, is returned as it is.
func normalized(u *url.URL) *url.URL {
	if u.RawPath == "" && !strings.Contains(u.Path, "/.") {
		return u // net/url keeps the raw form of every other one
	}
	raw := withoutDots(unescaped(u.EscapedPath()))
	path, err := url.PathUnescape(raw)
	if err != nil {
		return u
	}
	out := *u
	out.Path, out.RawPath = path, ""
	if out.EscapedPath() != raw {
		out.RawPath = raw
	}
	return &out
}

// unescaped takes the escapes of unreserved characters out of a path and puts the others in capitals.
func unescaped(path string) string {
	var out strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) {
			out.WriteByte(path[i])
			continue
		}
		escape := strings.ToUpper(path[i : i+3])
		if c, err := url.PathUnescape(escape); err == nil && unreserved(c[0]) {
			escape = c
		}
		out.WriteString(escape)
		i += 2
	}
	return out.String()
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// withoutDots takes the segments . and .. out of a path, each .. with the one before it.
func withoutDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	segments := strings.Split(path, "/")
	kept := segments[:0]
	for i, segment := range segments {
		last := i == len(segments)-1
		switch segment {
		case "..":
			kept = kept[:max(1, len(kept)-1)] // the first one is what is before the first slash: nothing
			fallthrough
		case ".":
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, segment)
		}
	}
	return strings.Join(kept, "/")
}

// canonical returns a request's path with its parameters written in one way, whatever the client chose: ids in small
// letters, and only that escaped which has to be. So two requests for the same thing are the same to the fingerprint of
// a key.
func (r *Route) canonical(u *url.URL, values []string) string {
	same := true
	written := make([]string, len(values))
	for i, value := range values {
		written[i] = value
		if u.RawPath != "" {
			if plain, err := url.PathUnescape(value); err == nil {
				written[i] = segment(plain)
			}
		}
		if i < len(r.ids) && r.ids[i] {
			written[i] = strings.ToLower(written[i])
		}
		same = same && written[i] == value
	}
	if same {
		return u.EscapedPath()
	}
	segments, next := strings.Split(r.Path, "/"), 0
	for i, s := range segments {
		if strings.HasPrefix(s, ":") && next < len(written) {
			segments[i] = written[next]
			next++
		}
	}
	return strings.Join(segments, "/")
}

// segment escapes a value as net/url escapes a path that holds it.
func segment(value string) string {
	return strings.ReplaceAll((&url.URL{Path: value}).EscapedPath(), "/", "%2F")
}
