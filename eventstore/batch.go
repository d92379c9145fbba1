package eventstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Limits of one append. They keep a batch, and with it the time that the log is locked, small.
const (
	maxAppendEvents = 10_000
	maxAppendBytes  = 64 << 20
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
	if err := p.checkNames(); err != nil {
		return p, err
	}
	if len(a.Events) > maxAppendEvents {
		return p, &InvalidError{fmt.Sprintf("%d events, at most %d fit one append", len(a.Events), maxAppendEvents)}
	}
	p.versions, p.schemas = make([]Version, len(a.Events)), make([]int16, len(a.Events))
	p.Events = append([]NewEvent(nil), a.Events...) // times are normalised in a copy
	for i := range p.Events {
		if err := p.number(i); err != nil {
			return p, err
		}
	}
	p.bytes += len(a.Answer.Body) + len(a.Answer.Headers)
	if p.bytes > maxAppendBytes {
		return p, &InvalidError{fmt.Sprintf("%d bytes, at most %d fit one append", p.bytes, maxAppendBytes)}
	}
	return p, nil
}

func (p *prepared) checkNames() error {
	switch {
	case !validText(p.Tenant) || p.Tenant == "":
		return &InvalidError{fmt.Sprintf("tenant %q must be text and not empty", p.Tenant)}
	case len(p.Events) == 0 && p.Key == nil:
		return &InvalidError{"neither events nor a key"}
	case p.Key != nil && !validText(p.Key.Client):
		return &InvalidError{"the key's client is not valid text"}
	case p.Key != nil && (!validText(p.Answer.Request) || !validText(p.Answer.Resource)):
		return &InvalidError{"the answer's request or resource is not valid text"}
	}
	for i, r := range p.Reads {
		if r.Stream == uuid.Nil || r.Version < 0 || (r.Version == 0) != (r.Event == uuid.Nil) {
			return &InvalidError{fmt.Sprintf("read %d: stream, version and event id do not fit each other", i)}
		}
		for _, other := range p.Reads[:i] {
			if other.Stream == r.Stream {
				return &InvalidError{fmt.Sprintf("stream %s is read twice", r.Stream)}
			}
		}
	}
	for _, c := range p.Claims {
		if !validText(c.Scope) || !validText(c.Value) {
			return &InvalidError{fmt.Sprintf("claim %q is not valid text", c.Scope)}
		}
	}
	return nil
}

// number gives event i its version: one more than its stream's last event in this append, else than the version read.
func (p *prepared) number(i int) error {
	e := &p.Events[i]
	if e.ID == uuid.Nil || !validText(e.StreamType) {
		return &InvalidError{fmt.Sprintf("event %d has no id, or its stream type is not valid text", i)}
	}
	schema, err := schemaOf(e.Type)
	if err != nil {
		return err
	}
	e.OccurredAt = e.OccurredAt.UTC().Truncate(time.Microsecond)
	p.schemas[i] = schema
	p.bytes += len(e.Data) + len(e.Metadata) + 128
	for j := i - 1; j >= 0; j-- {
		if p.Events[j].Stream == e.Stream {
			p.versions[i] = p.versions[j] + 1
			return nil
		}
	}
	for _, r := range p.Reads {
		if r.Stream == e.Stream {
			p.versions[i] = r.Version + 1
			return nil
		}
	}
	return &InvalidError{fmt.Sprintf("event %d writes to stream %s, which is not among the reads", i, e.Stream)}
}

// schemaOf reads the schema version off a stored name: 2 for "order.placed.v2".
func schemaOf(eventType string) (int16, error) {
	dot := strings.LastIndexByte(eventType, '.')
	version := 0
	if dot > 0 && strings.HasPrefix(eventType[dot:], ".v") && len(eventType)-dot <= 6 {
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

// params lays a batch out as the arguments of append_events, in its order.
func params(log LogID, batch []*pending) [][]byte {
	n, reads, claims, events, size := len(batch), 0, 0, 0, 0
	keyed := false
	for _, p := range batch {
		reads, claims, events, size = reads+len(p.Reads), claims+len(p.Claims), events+len(p.Events), size+p.bytes
		keyed = keyed || p.Key != nil
	}
	out := make([][]byte, 0, 31)
	out = append(out, binary.BigEndian.AppendUint32(nil, uint32(log))) //nolint:gosec // positive
	out = appendColumns(out, batch, n, keyed)
	out = readColumns(out, batch, reads)
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

func readColumns(out [][]byte, batch []*pending, n int) [][]byte {
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
	return append(out, owner.param(), stream.param(), version.param(), event.param())
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
