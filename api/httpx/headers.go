package httpx

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"iter"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

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

// ParsePrefer reads Prefer headers, which are one list. A wait beyond 10 seconds counts as 10; one that is no number is
// ignored. Of a preference that is there twice the first counts.
func ParsePrefer(h http.Header) Prefer {
	var p Prefer
	if len(h[HeaderPrefer]) == 0 {
		return p
	}
	handled := false
	for item := range listed(h[HeaderPrefer]) {
		preference, _, _ := strings.Cut(item, ";")
		name, value, _ := strings.Cut(preference, "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "wait":
			if n, err := strconv.ParseUint(value, 10, 31); err == nil && !p.HasWait {
				p.Wait, p.HasWait = min(time.Duration(n)*time.Second, maxWait), true
			}
		case "handling":
			p.Lenient = p.Lenient || !handled && strings.EqualFold(value, "lenient")
			handled = true
		case PreferenceDryRun:
			p.DryRun = true
		}
	}
	return p
}

// listed goes through the items of a header that is a list (RFC 9110, section 5.6.1): its lines are one list, commas in
// quotes divide nothing, and empty items are none.
func listed(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range lines {
			for line != "" {
				end, quoted := 0, false
				for ; end < len(line) && (quoted || line[end] != ','); end++ {
					switch {
					case line[end] == '"':
						quoted = !quoted
					case line[end] == '\\' && quoted:
						end++
					}
				}
				end = min(end, len(line))
				if item := strings.Trim(line[:end], " \t"); item != "" && !yield(item) {
					return
				}
				line = line[min(end+1, len(line)):]
			}
		}
	}
}

// ETag returns the strong entity tag of a version, such as "v17" with its quotes.
func ETag(version eventstore.Version) string {
	return `"v` + strconv.FormatInt(int64(version), 10) + `"`
}

// ViewTag returns a version's tag for somebody who does not see all of it, such as "v17-5ac1e9d0": another representation
// of the same version. To If-Match both are the version.
func ViewTag(tag string, body []byte) string {
	return fmt.Sprintf(`%s-%08x"`, tag[:len(tag)-1], crc32.Checksum(body, castagnoli))
}

// castagnoli is the polynomial that processors have an instruction for.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// noVersion is what a tag that is none of ours expects. Nothing has it.
const noVersion eventstore.Version = -1

// ParseIfMatch returns the versions of which a request expects one, or nil for any. A tag that is not one of ours, or a
// weak one, expects a version that nothing has. The error is an *Error with a 400.
func ParseIfMatch(h http.Header) ([]eventstore.Version, error) {
	if len(h[HeaderIfMatch]) == 0 {
		return nil, nil // no header means that any version will do
	}
	var expected []eventstore.Version
	any := false
	for item := range listed(h[HeaderIfMatch]) {
		tag, weak := strings.CutPrefix(item, "W/")
		switch {
		case item == "*":
			any = true
			continue
		case len(tag) < 2 || tag[0] != '"' || strings.IndexByte(tag[1:], '"') != len(tag)-2:
			return nil, badIfMatch()
		}
		version := noVersion
		if !weak {
			version = versionOf(tag)
		}
		expected = append(expected, version)
	}
	if any == (len(expected) > 0) {
		return nil, badIfMatch() // neither, or both
	}
	return expected, nil // for * none: that the target must exist goes without saying
}

func badIfMatch() error {
	return &Error{
		Code: CodeInvalidHeader, Detail: `If-Match is a list of ETags such as "v17" with their quotes, or *.`,
		Faults: []Fault{{Header: HeaderIfMatch, Code: CodeInvalidHeader}},
	}
}

// versionOf returns the version of a tag, whoever's view it is of; none of one that is not ours to the letter.
func versionOf(tag string) eventstore.Version {
	text, ok := strings.CutPrefix(strings.Trim(tag, `"`), "v")
	digits, view, viewed := strings.Cut(text, "-")
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 1 || strconv.FormatInt(n, 10) != digits || viewed && (len(view) != 8 || !lowerHex(view)) {
		return noVersion
	}
	return eventstore.Version(n)
}

// NoneMatch reports whether an If-None-Match header names the tag, weakly compared: then the client has it already.
func NoneMatch(h http.Header, tag string) bool {
	for item := range listed(h[HeaderIfNoneMatch]) {
		if item == "*" || strings.TrimPrefix(item, "W/") == tag {
			return true
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
	asked := false
	for item := range listed(values) {
		asked = true
		media, parameters, _ := strings.Cut(item, ";")
		rank := -1
		switch strings.ToLower(strings.TrimSpace(media)) {
		case "application/json", "application/problem+json":
			rank = 2
		case "application/*":
			rank = 1
		case "*/*":
			rank = 0
		}
		if rank > best {
			best, found = rank, !refused(parameters)
		} else if rank == best && rank >= 0 {
			found = found || !refused(parameters)
		}
	}
	return found || !asked
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

// takes reports whether a request's Content-Type is one that the route's body may have, in UTF-8.
func (r *Route) takes(h http.Header) bool {
	values := h[echo.HeaderContentType]
	if len(values) != 1 {
		return false
	}
	if values[0] == r.media {
		return true
	}
	media, parameters, err := mime.ParseMediaType(values[0])
	if err != nil || media != r.media && (r.Method != http.MethodPatch || media != mediaPatch) {
		return false
	}
	charset, named := parameters["charset"]
	return !named || strings.EqualFold(charset, "utf-8")
}

// encoded reports whether the body is in any encoding but its own.
func encoded(h http.Header) bool {
	for item := range listed(h[echo.HeaderContentEncoding]) {
		if !strings.EqualFold(item, "identity") {
			return true
		}
	}
	return false
}
