package eventstore

import (
	"bytes"
	"encoding/binary"
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
	maxName         = 255  // bytes of a tenant, a client, a claim's scope
	maxClaim        = 1024 // bytes of a claimed value: it is in an index
)

// Limits of one batch; a single append may exceed them.
const (
	maxBatchAppends = 512
	maxBatchEvents  = 4096
	maxBatchBytes   = 8 << 20
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
	for _, check := range []func() error{p.checkSize, p.checkNames, p.checkClaims} {
		if err := check(); err != nil {
			return p, err
		}
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
	for what, n := range map[string][2]int{
		"events": {len(p.Events), maxAppendEvents}, "reads": {len(p.Reads), maxAppendReads}, "claims": {len(p.Claims), maxAppendClaims},
	} {
		if n[0] > n[1] {
			return &InvalidError{fmt.Sprintf("%d %s, at most %d fit one append", n[0], what, n[1])}
		}
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
	case len(p.Events) == 0 && p.Key == nil && len(p.Reads) == 0:
		return &InvalidError{"neither events nor a key nor a read set"}
	case p.Key != nil && !validName(p.Key.Client):
		return &InvalidError{fmt.Sprintf("the key's client must be at most %d bytes of text", maxName)}
	case p.Key != nil && (!validText(p.Answer.Request) || !validText(p.Answer.Resource)):
		return &InvalidError{"the answer's request or resource is not valid text"}
	}
	return nil
}

func (p *prepared) checkClaims() error {
	type value struct{ scope, value string }
	var seen map[value]struct{}
	for i, c := range p.Claims {
		if !validName(c.Scope) || !validText(c.Value) || len(c.Value) > maxClaim {
			return &InvalidError{fmt.Sprintf("claim %d must be text, at most %d bytes in a scope of at most %d", i, maxClaim, maxName)}
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
	events map[uuid.UUID]struct{} // the ids of several events
}

func (p *prepared) heads() (*heads, error) {
	h := &heads{reads: p.Reads}
	if len(p.Reads) > len(h.few) {
		h.many = make(map[uuid.UUID]Version, len(p.Reads))
	}
	if len(p.Events) > 1 {
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

// number checks event i and gives it its version: one more than its stream's last event in this append, else than the
// version read.
func (p *prepared) number(i int, h *heads) error {
	e := &p.Events[i]
	if e.ID == uuid.Nil || !validText(e.StreamType) {
		return &InvalidError{fmt.Sprintf("event %d has no id, or its stream type is not valid text", i)}
	}
	if h.events != nil {
		if h.events[e.ID] = struct{}{}; len(h.events) <= i {
			return &InvalidError{fmt.Sprintf("event %d has the id %s of an event before it", i, e.ID)}
		}
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

// params lays a batch out as the arguments of append_events, in its order.
func params(log LogID, batch []*pending) [][]byte {
	n, reads, claims, events, size := len(batch), 0, 0, 0, 0
	keyed := false
	for _, p := range batch {
		reads, claims, events, size = reads+len(p.Reads), claims+len(p.Claims), events+len(p.Events), size+p.bytes
		keyed = keyed || p.Key != nil
	}
	out := make([][]byte, 0, 32)
	out = append(out, binary.BigEndian.AppendUint32(nil, uint32(log))) //nolint:gosec // positive
	out = appendColumns(out, batch, n, keyed)
	out = readColumns(out, batch, reads, ownWrites(batch, reads))
	out = claimColumns(out, batch, claims)
	return eventColumns(out, batch, events, size)
}

func appendColumns(out [][]byte, batch []*pending, n int, keyed bool) [][]byte {
	tenant := newArray(oidText, n, 16)
	ends := [3]array{newArray(oidInt4, n, 4), newArray(oidInt4, n, 4), newArray(oidInt4, n, 4)}
	reads, claims, events := 0, 0, 0
	for _, p := range batch {
		tenant.text(p.Tenant)
		reads, claims, events = reads+len(p.Reads), claims+len(p.Claims), events+len(p.Events)
		ends[0].int32(reads)
		ends[1].int32(claims)
		ends[2].int32(events)
	}
	out = append(out, tenant.param())
	if keyed {
		out = keyColumns(out, batch, n)
	} else {
		out = append(out, nil, nil, nil, nil, nil, nil, nil, nil)
	}
	return append(out, ends[0].param(), ends[1].param(), ends[2].param())
}

func keyColumns(out [][]byte, batch []*pending, n int) [][]byte {
	client, hash, fingerprint := newArray(oidText, n, 16), newArray(oidBytea, n, 32), newArray(oidBytea, n, 32)
	request, resource := newArray(oidText, n, 24), newArray(oidText, n, 36)
	status, headers, body := newArray(oidInt2, n, 2), newArray(oidBytea, n, 128), newArray(oidBytea, n, 2048)
	for _, p := range batch {
		if p.Key == nil {
			for _, a := range []*array{&client, &hash, &fingerprint, &request, &resource, &status, &headers, &body} {
				a.null()
			}
			continue
		}
		client.text(p.Key.Client)
		hash.bytes(p.Key.Hash[:])
		fingerprint.bytes(p.Key.Fingerprint[:])
		request.text(p.Answer.Request)
		resource.text(p.Answer.Resource)
		status.int16(p.Answer.Status)
		headers.bytes(p.Answer.Headers)
		body.bytes(p.Answer.Body)
	}
	return append(out, client.param(), hash.param(), fingerprint.param(), request.param(), resource.param(),
		status.param(), headers.param(), body.param())
}

// ownWrites gives for each read the ordinal, from 1, of the event that is the last one of its stream among the earlier
// appends of the batch, 0 when they do not write to it. It is nil when that is so for all.
func ownWrites(batch []*pending, reads int) []int {
	if len(batch) == 1 {
		return nil
	}
	var own []int
	last := make(map[uuid.UUID]int, reads)
	n, ordinal := 0, 0
	for _, p := range batch {
		for _, r := range p.Reads {
			if at, ok := last[r.Stream]; ok {
				if own == nil {
					own = make([]int, reads)
				}
				own[n] = at
			}
			n++
		}
		for i := range p.Events {
			ordinal++
			last[p.Events[i].Stream] = ordinal
		}
	}
	return own
}

func readColumns(out [][]byte, batch []*pending, n int, own []int) [][]byte {
	owner, stream := newArray(oidInt4, n, 4), newArray(oidUUID, n, 16)
	version, event := newArray(oidInt8, n, 8), newArray(oidUUID, n, 16)
	for i, p := range batch {
		for _, r := range p.Reads {
			owner.int32(i + 1)
			stream.uuid(r.Stream)
			version.int64(int64(r.Version))
			event.uuid(r.Event)
		}
	}
	in := newArray(oidInt4, len(own), 4)
	for _, at := range own {
		if at == 0 {
			in.null()
		} else {
			in.int32(at)
		}
	}
	return append(out, owner.param(), stream.param(), version.param(), event.param(), in.param())
}

func claimColumns(out [][]byte, batch []*pending, n int) [][]byte {
	owner, scope, value, claimant := newArray(oidInt4, n, 4), newArray(oidText, n, 16), newArray(oidText, n, 24), newArray(oidUUID, n, 16)
	for i, p := range batch {
		for _, c := range p.Claims {
			owner.int32(i + 1)
			scope.text(c.Scope)
			value.text(c.Value)
			claimant.uuid(c.Owner)
		}
	}
	return append(out, owner.param(), scope.param(), value.param(), claimant.param())
}

func eventColumns(out [][]byte, batch []*pending, n, size int) [][]byte {
	owner, stream, kind := newArray(oidInt4, n, 4), newArray(oidUUID, n, 16), newArray(oidText, n, 8)
	version, id, name := newArray(oidInt8, n, 8), newArray(oidUUID, n, 16), newArray(oidText, n, 20)
	schema, occurred := newArray(oidInt2, n, 2), newArray(oidMoment, n, 8)
	data, metadata := newArray(oidBytea, 1, size), newArray(oidBytea, n, 128)
	for i, p := range batch {
		for j := range p.Events {
			e := &p.Events[j]
			owner.int32(i + 1)
			stream.uuid(e.Stream)
			kind.text(e.StreamType)
			version.int64(int64(p.versions[j]))
			id.uuid(e.ID)
			name.text(e.Type)
			schema.int16(p.schemas[j])
			data.bytes(e.Data)
			metadata.bytes(e.Metadata)
			occurred.time(e.OccurredAt)
		}
	}
	return append(out, owner.param(), stream.param(), kind.param(), version.param(), id.param(), name.param(),
		schema.param(), data.param(), metadata.param(), occurred.param())
}

// outcome is one row of append_events.
type outcome struct {
	append   int // ordinal in the batch from 1, 0 for the whole batch
	kind     string
	position Position
	epoch    int64
	recorded time.Time
	answer   Answer
	conflict ConflictError
	claimed  ClaimedError
}

// readOutcome decodes a row's columns, in the order of the function's out parameters.
func readOutcome(row [][]byte) (o outcome, err error) {
	if len(row) != 15 || len(row[0]) != 4 {
		return o, fmt.Errorf("append_events answered %d columns, this build knows 15: apply the migrations", len(row))
	}
	o.append = int(int32(binary.BigEndian.Uint32(row[0]))) //nolint:gosec // two's complement
	o.kind = string(row[1])
	if row[2] != nil {
		o.position = Position(wireInt64(row[2]))
	}
	o.epoch, o.recorded = wireInt64(row[3]), wireTime(row[4])
	switch o.kind {
	case "known", "reused":
		o.answer = Answer{Request: string(row[5]), Resource: string(row[6]), Status: wireInt16(row[7]), Headers: bytes.Clone(row[8])}
		if row[9] != nil {
			o.answer.Body = append([]byte{}, row[9]...)
		}
	case "conflict":
		o.conflict.Stream = wireUUID(row[10])
		if row[11] != nil {
			o.conflict.Version, o.conflict.Event = Version(wireInt64(row[11])), wireUUID(row[12])
		}
	case "claimed":
		o.claimed = ClaimedError{Owner: wireUUID(row[12]), Scope: string(row[13]), Value: string(row[14])}
	}
	return o, nil
}
