package eventstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Limits of one batch; a single append may exceed them.
const (
	maxBatchAppends = 512
	maxBatchEvents  = 4096
	maxBatchBytes   = 8 << 20
)

// params lays a batch out as the arguments of append_events, in its order.
func params(log LogID, batch []*pending) [][]byte {
	n, reads, claims, events, decisions, size := len(batch), 0, 0, 0, 0, 0
	keyed := false
	for _, p := range batch {
		if p.Decision != nil {
			decisions++
		}
		reads, claims, events, size = reads+len(p.Reads), claims+len(p.Claims), events+len(p.Events), size+p.bytes
		keyed = keyed || p.Key != nil
	}
	out := make([][]byte, 0, 42)
	out = append(out, binary.BigEndian.AppendUint32(nil, uint32(log))) //nolint:gosec // positive
	out = appendColumns(out, batch, n, keyed)
	out = readColumns(out, batch, reads, ownWrites(batch, reads))
	out = claimColumns(out, batch, claims)
	out = eventColumns(out, batch, events, size)
	return decisionColumns(out, batch, decisions)
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

// decisionColumns costs a batch without decisions ten nulls.
func decisionColumns(out [][]byte, batch []*pending, n int) [][]byte {
	if n == 0 {
		return append(out, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil)
	}
	owner, id, command, code := newArray(oidInt4, n, 4), newArray(oidUUID, n, 16), newArray(oidText, n, 16), newArray(oidText, n, 24)
	reason, kind, actor := newArray(oidText, n, 64), newArray(oidText, n, 8), newArray(oidText, n, 24)
	resource, request, details := newArray(oidText, n, 36), newArray(oidText, n, 36), newArray(oidBytea, n, 128)
	for i, p := range batch {
		d := p.Decision
		if d == nil {
			continue
		}
		owner.int32(i + 1)
		id.uuid(d.ID)
		command.text(d.Command)
		code.text(d.Code)
		reason.text(d.Reason)
		kind.text(d.ActorType)
		actor.text(d.ActorID)
		resource.text(d.Resource)
		request.text(d.RequestID)
		details.bytes(d.Details)
	}
	return append(out, owner.param(), id.param(), command.param(), code.param(), reason.param(), kind.param(), actor.param(),
		resource.param(), request.param(), details.param())
}

// outcome is one row of append_events.
type outcome struct {
	append   int // ordinal in the batch from 1, 0 for the whole batch
	kind     string
	position Position
	epoch    int64
	recorded time.Time
	finished time.Time
	answer   Answer
	conflict ConflictError
	claimed  ClaimedError
}

// readOutcome decodes a row's columns, in the order of the function's out parameters.
func readOutcome(row [][]byte) (o outcome, err error) {
	if len(row) != 16 || len(row[0]) != 4 {
		return o, fmt.Errorf("append_events answered %d columns, this build knows 16: apply the migrations", len(row))
	}
	o.append = int(int32(binary.BigEndian.Uint32(row[0]))) //nolint:gosec // two's complement
	o.kind = string(row[1])
	if row[2] != nil {
		o.position = Position(wireInt64(row[2]))
	}
	o.epoch, o.recorded, o.finished = wireInt64(row[3]), wireTime(row[4]), wireTime(row[5])
	row = row[1:]
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
