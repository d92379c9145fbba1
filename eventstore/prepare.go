package eventstore

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Limits of one append. They keep a batch, and with it the time that the log is locked, small.
const (
	maxAppendEvents = 10_000
	maxAppendReads  = 10_000
	maxAppendClaims = 10_000
	maxAppendBytes  = 64 << 20
	maxName         = 255  // bytes of a tenant and other names
	maxScope        = 512  // bytes of a claim's scope
	maxClaim        = 1024 // bytes of a claimed value: 255 characters. With scope and tenant it is in an index, which takes 2,704
	maxClient       = 1536 // bytes of a key's client, which may hold a person's id of 255 characters; in an index too
)

// prepared is an append that was checked, with the version of each event.
type prepared struct {
	Append
	versions []Version
	schemas  []int16
	bytes    int
}

// prepare checks what can be checked without the database and numbers the events.
func prepare(a Append) (prepared, error) {
	p := prepared{Append: a}
	if err := cmp.Or(p.checkSize(), p.checkNames(), p.checkClaims(), p.checkDecision()); err != nil {
		return p, err
	}
	heads, err := p.heads()
	if err != nil {
		return p, err
	}
	p.versions, p.schemas = make([]Version, len(a.Events)), make([]int16, len(a.Events))
	p.Events = append([]NewEvent(nil), a.Events...) // times are normalised in a copy
	for i := range p.Events {
		if err := p.number(i, heads); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (p *prepared) checkSize() error {
	if len(p.Events) > maxAppendEvents || len(p.Reads) > maxAppendReads || len(p.Claims) > maxAppendClaims {
		return &InvalidError{fmt.Sprintf("%d events, %d reads, %d claims: at most %d, %d and %d fit one append",
			len(p.Events), len(p.Reads), len(p.Claims), maxAppendEvents, maxAppendReads, maxAppendClaims)}
	}
	p.bytes = len(p.Answer.Body) + len(p.Answer.Headers) + len(p.Answer.Request) + len(p.Answer.Resource)
	p.bytes += 48*len(p.Reads) + 256
	for i := range p.Events {
		e := &p.Events[i]
		p.bytes += len(e.Data) + len(e.Metadata) + len(e.StreamType) + len(e.Type) + 128
	}
	if p.bytes > maxAppendBytes {
		return &InvalidError{fmt.Sprintf("%d bytes, at most %d fit one append", p.bytes, maxAppendBytes)}
	}
	return nil
}

func (p *prepared) checkNames() error {
	switch {
	case p.Tenant == "" || !validName(p.Tenant):
		return &InvalidError{fmt.Sprintf("tenant %.300q must be 1 to %d bytes of text", p.Tenant, maxName)}
	case len(p.Events) == 0 && p.Key == nil && len(p.Reads) == 0 && p.Decision == nil:
		return &InvalidError{"neither events nor a key nor a read set nor a decision"}
	case p.Key != nil && (!validText(p.Key.Client) || len(p.Key.Client) > maxClient):
		return &InvalidError{fmt.Sprintf("the key's client must be at most %d bytes of text", maxClient)}
	case p.Key != nil && (!validText(p.Answer.Request) || !validText(p.Answer.Resource)):
		return &InvalidError{"the answer's request or resource is not valid text"}
	}
	return nil
}

func (p *prepared) checkClaims() error {
	type value struct{ scope, value string }
	var seen map[value]struct{}
	for i, c := range p.Claims {
		if !validText(c.Scope) || len(c.Scope) > maxScope || !validText(c.Value) || len(c.Value) > maxClaim {
			return &InvalidError{fmt.Sprintf("claim %d must be text, at most %d bytes in a scope of at most %d", i, maxClaim, maxScope)}
		}
		p.bytes += len(c.Scope) + len(c.Value) + 32
		if len(p.Claims) == 1 {
			break
		}
		if seen == nil {
			seen = make(map[value]struct{}, len(p.Claims))
		}
		if seen[value{c.Scope, c.Value}] = struct{}{}; len(seen) <= i {
			return &InvalidError{fmt.Sprintf("%s %q is claimed twice", c.Scope, c.Value)}
		}
	}
	return nil
}

// heads holds the version that each stream of an append has come to. Few streams are found by looking through them.
type heads struct {
	reads  []Expectation
	few    [8]Version
	many   map[uuid.UUID]Version
	events map[uuid.UUID]struct{} // the ids of many events
}

// fewEvents is up to where a look through the events is faster than a map of their ids.
const fewEvents = 8

func (p *prepared) heads() (*heads, error) {
	h := &heads{reads: p.Reads}
	if len(p.Reads) > len(h.few) {
		h.many = make(map[uuid.UUID]Version, len(p.Reads))
	}
	if len(p.Events) > fewEvents {
		h.events = make(map[uuid.UUID]struct{}, len(p.Events))
	}
	for i, r := range p.Reads {
		if r.Stream == uuid.Nil || r.Version < 0 || r.Version > math.MaxInt64/2 || (r.Version == 0) != (r.Event == uuid.Nil) {
			return nil, &InvalidError{fmt.Sprintf("read %d: stream, version and event id do not fit each other", i)}
		}
		twice := false
		if h.many != nil {
			_, twice = h.many[r.Stream]
			h.many[r.Stream] = r.Version
		} else {
			twice = slices.ContainsFunc(p.Reads[:i], func(other Expectation) bool { return other.Stream == r.Stream })
			h.few[i] = r.Version
		}
		if twice {
			return nil, &InvalidError{fmt.Sprintf("stream %s is read twice", r.Stream)}
		}
	}
	return h, nil
}

// next counts a stream one version on. It returns 0 when the stream was not read.
func (h *heads) next(stream uuid.UUID) Version {
	if h.many != nil {
		if _, ok := h.many[stream]; !ok {
			return 0
		}
		h.many[stream]++
		return h.many[stream]
	}
	for i := range h.reads {
		if h.reads[i].Stream == stream {
			h.few[i]++
			return h.few[i]
		}
	}
	return 0
}

// twice reports whether one of the events before has an id.
func (h *heads) twice(before []NewEvent, id uuid.UUID) bool {
	if h.events != nil {
		h.events[id] = struct{}{}
		return len(h.events) <= len(before)
	}
	for i := range before {
		if before[i].ID == id {
			return true
		}
	}
	return false
}

// number checks event i and gives it its version: one more than its stream's last event in this append, else than the
// version read.
func (p *prepared) number(i int, h *heads) error {
	e := &p.Events[i]
	if e.ID == uuid.Nil || !validText(e.StreamType) {
		return &InvalidError{fmt.Sprintf("event %d has no id, or its stream type is not valid text", i)}
	}
	if h.twice(p.Events[:i], e.ID) {
		return &InvalidError{fmt.Sprintf("event %d has the id %s of an event before it", i, e.ID)}
	}
	var err error
	if p.schemas[i], err = schemaOf(e.Type); err != nil {
		return err
	}
	e.OccurredAt = e.OccurredAt.UTC().Truncate(time.Microsecond)
	if year := e.OccurredAt.Year(); year < 1 || year > 9999 {
		return &InvalidError{fmt.Sprintf("event %d occurred in the year %d", i, year)}
	}
	if p.versions[i] = h.next(e.Stream); p.versions[i] == 0 {
		return &InvalidError{fmt.Sprintf("event %d writes to stream %s, which is not among the reads", i, e.Stream)}
	}
	return nil
}

// schemaOf reads the schema version off a stored name: 2 for "order.placed.v2".
func schemaOf(eventType string) (int16, error) {
	dot := strings.LastIndexByte(eventType, '.')
	version := 0
	if dot > 0 && strings.HasPrefix(eventType[dot:], ".v") && !strings.HasPrefix(eventType[dot:], ".v0") && len(eventType)-dot <= 6 {
		for _, c := range []byte(eventType[dot+2:]) {
			if c < '0' || c > '9' {
				version = 0
				break
			}
			version = version*10 + int(c-'0')
		}
	}
	if version < 1 || version > 9999 || !validText(eventType) {
		return 0, &InvalidError{fmt.Sprintf("event type %q must be a name that ends with .v1, .v2 and so on", eventType)}
	}
	return int16(version), nil
}

// validText says whether PostgreSQL can store s as text.
func validText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

func validName(s string) bool { return len(s) <= maxName && validText(s) }
