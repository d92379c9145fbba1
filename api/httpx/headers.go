package httpx

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ordermill/ordermill/eventstore"
)

// Trace is a W3C trace context.
type Trace struct {
	ID    string // 32 hexadecimal digits
	flags string
}

// ParseTrace reads a traceparent header. Without a valid one a new trace begins, as the recommendation asks.
func ParseTrace(header string) Trace {
	if t, ok := parseTrace(header); ok {
		return t
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return Trace{hex.EncodeToString(id[:]), "00"}
}

func parseTrace(h string) (Trace, bool) {
	if len(h) < 55 || h[2] != '-' || h[35] != '-' || h[52] != '-' || h[:2] == "ff" || h[:2] == "00" && len(h) != 55 || len(h) > 55 && h[55] != '-' {
		return Trace{}, false
	}
	id, parent, flags := h[3:35], h[36:52], h[53:55]
	if !lowerHex(h[:2]) || !lowerHex(id) || !lowerHex(parent) || !lowerHex(flags) || strings.Trim(id, "0") == "" || strings.Trim(parent, "0") == "" {
		return Trace{}, false
	}
	return Trace{id, flags}, true
}

// Parent returns a traceparent for what this request causes, with a new span id.
func (t Trace) Parent() string {
	var span [8]byte
	_, _ = rand.Read(span[:]) // never fails
	return "00-" + t.ID + "-" + hex.EncodeToString(span[:]) + "-" + t.flags
}

func lowerHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

// maxWait bounds what a client may ask for by Prefer: wait.
const maxWait = 10 * time.Second

// Prefer is what a client would like (RFC 7240). Preferences that are not known are ignored, as the RFC asks.
type Prefer struct {
	Wait    time.Duration
	HasWait bool
	Lenient bool // handling=lenient
	DryRun  bool // decide and tell, but do nothing
}

// PreferenceDryRun asks a command for its outcome without doing it. The answer names it in Preference-Applied.
const PreferenceDryRun = "dry-run"

// ParsePrefer reads Prefer headers. A wait beyond 10 seconds counts as 10; one that is no number is ignored.
func ParsePrefer(h http.Header) Prefer {
	var p Prefer
	for _, line := range h[HeaderPrefer] {
		for item := range strings.SplitSeq(line, ",") {
			preference, _, _ := strings.Cut(item, ";")
			name, value, _ := strings.Cut(preference, "=")
			value = strings.Trim(strings.TrimSpace(value), `"`)
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "wait":
				if n, err := strconv.ParseUint(value, 10, 31); err == nil && !p.HasWait {
					p.Wait, p.HasWait = min(time.Duration(n)*time.Second, maxWait), true
				}
			case "handling":
				p.Lenient = strings.EqualFold(value, "lenient")
			case PreferenceDryRun:
				p.DryRun = true
			}
		}
	}
	return p
}

// ETag returns the strong entity tag of a version, such as "v17" with its quotes.
func ETag(version eventstore.Version) string {
	return `"v` + strconv.FormatInt(int64(version), 10) + `"`
}

// ParseIfMatch returns the version that a request expects, or nil for any. A tag that is not one of ours expects version
// 0, which nothing that exists has. The error is an *Error with a 400.
func ParseIfMatch(h http.Header) (*eventstore.Version, error) {
	values := h[HeaderIfMatch]
	if len(values) == 0 {
		return nil, nil // no header means that any version will do
	}
	value := strings.TrimSpace(values[0])
	if value == "*" && len(values) == 1 {
		return nil, nil // any version will do; that the target must exist goes without saying
	}
	tag, weak := strings.CutPrefix(value, "W/")
	if len(values) > 1 || len(tag) < 2 || tag[0] != '"' || strings.IndexByte(tag[1:], '"') != len(tag)-2 {
		return nil, &Error{Code: CodeInvalidHeader, Detail: `If-Match is one ETag such as "v17" with its quotes, or *.`, Faults: []Fault{{Header: HeaderIfMatch, Code: CodeInvalidHeader}}}
	}
	expected := versionOf(tag)
	if weak {
		expected = 0
	}
	return &expected, nil
}

// versionOf returns 0 for a tag that is none of ours.
func versionOf(tag string) eventstore.Version {
	digits, ok := strings.CutPrefix(strings.Trim(tag, `"`), "v")
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 1 {
		return 0
	}
	return eventstore.Version(n)
}

// NoneMatch reports whether an If-None-Match header names the tag, weakly compared: then the client has it already.
func NoneMatch(h http.Header, tag string) bool {
	for _, line := range h[HeaderIfNoneMatch] {
		for item := range strings.SplitSeq(line, ",") {
			item = strings.TrimSpace(item)
			if item == "*" || strings.TrimPrefix(item, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// acceptsJSON reports whether an Accept header lets JSON pass.
func acceptsJSON(h http.Header) bool {
	values := h["Accept"]
	if len(values) == 0 {
		return true
	}
	best, found := -1, false // how specific the range was that decided
	for _, line := range values {
		for item := range strings.SplitSeq(line, ",") {
			media, parameters, _ := strings.Cut(item, ";")
			rank := -1
			switch strings.ToLower(strings.TrimSpace(media)) {
			case "application/json", "application/problem+json":
				rank = 2
			case "application/*":
				rank = 1
			case "*/*", "":
				rank = 0
			}
			if rank > best {
				best, found = rank, !refused(parameters)
			} else if rank == best && rank >= 0 {
				found = found || !refused(parameters)
			}
		}
	}
	return found
}

// refused reports whether the parameters of a media range give it no weight at all.
func refused(parameters string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(value, 64)
			return err == nil && q <= 0
		}
	}
	return false
}

// Media types of bodies.
const (
	mediaJSON  = "application/json"
	mediaPatch = "application/merge-patch+json" // RFC 7396
)

// takes reports whether a Content-Type is one that the route's body may have, in UTF-8.
func (r *Route) takes(contentType string) bool {
	media, parameters, _ := strings.Cut(contentType, ";")
	media = strings.TrimSpace(media)
	if !strings.EqualFold(media, r.media) && (r.Method != http.MethodPatch || !strings.EqualFold(media, mediaPatch)) {
		return false
	}
	name, value, _ := strings.Cut(strings.TrimSpace(parameters), "=")
	return !strings.EqualFold(name, "charset") || strings.EqualFold(strings.Trim(value, `"`), "utf-8")
}
