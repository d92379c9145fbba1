package eventstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"
)

// Limits of one batch; a single append may exceed them.
const (
	maxBatchAppends = 512
	maxBatchEvents  = 4096
	maxBatchBytes   = 8 << 20
)

// params lays a batch out as the arguments of append_events, in its order. seen is what the log must have.
func params(s *scratch, log LogID, batch []*pending, known *plan, seen Place) [][]byte {
	s.reset()
	n, reads, claims, events, decisions, size := len(batch), 0, 0, 0, 0, 0
	keyed := false
	for _, p := range batch {
		if p.Decision != nil {
			decisions++
		}
		reads, claims, events, size = reads+len(p.Reads), claims+len(p.Claims), events+len(p.Events), size+p.bytes
		keyed = keyed || p.Key != nil
	}
	out := make([][]byte, 0, 49)
	out = planValues(out, log, known)
	out = appendColumns(s, out, batch, n, keyed)
	out = readColumns(s, out, batch, reads, known)
	out = claimColumns(s, out, batch, claims)
	out = eventColumns(s, out, batch, events, size)
	out = decisionColumns(s, out, batch, decisions)
	return placeValues(out, seen)
}

// planValues are the arguments that are no arrays.
func planValues(out [][]byte, log LogID, known *plan) [][]byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 32), uint32(log)) //nolint:gosec // positive
	b = binary.BigEndian.AppendUint16(b, uint16(known.way))              //nolint:gosec // small
	b = binary.BigEndian.AppendUint64(b, uint64(known.serial))           //nolint:gosec // positive
	b = binary.BigEndian.AppendUint64(b, uint64(known.since))            //nolint:gosec // positive
	b = binary.BigEndian.AppendUint32(b, uint32(len(known.vouched)))     //nolint:gosec // bounded
	return append(out, b[:4], b[4:6], b[6:14], b[14:22], b[22:])
}

func placeValues(out [][]byte, seen Place) [][]byte {
	if seen.Epoch == 0 {
		return append(out, nil, nil, nil)
	}
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 32), uint64(seen.Epoch)) //nolint:gosec // positive
	b = binary.BigEndian.AppendUint64(b, uint64(seen.Position))                 //nolint:gosec // positive
	b = append(b, seen.Event[:]...)
	return append(out, b[:8], b[8:16], b[16:])
}

func appendColumns(s *scratch, out [][]byte, batch []*pending, n int, keyed bool) [][]byte {
	tenant := s.array(oidText, n, 16)
	ends := [3]array{s.array(oidInt4, n, 4), s.array(oidInt4, n, 4), s.array(oidInt4, n, 4)}
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
		out = keyColumns(s, out, batch, n)
	} else {
		out = append(out, nil, nil, nil, nil, nil, nil, nil, nil)
	}
	return append(out, ends[0].param(), ends[1].param(), ends[2].param())
}

func keyColumns(s *scratch, out [][]byte, batch []*pending, n int) [][]byte {
	client, hash, fingerprint := s.array(oidText, n, 16), s.array(oidBytea, n, 32), s.array(oidBytea, n, 32)
	request, resource := s.array(oidText, n, 24), s.array(oidText, n, 36)
	status, headers, body := s.array(oidInt2, n, 2), s.array(oidBytea, n, 128), s.array(oidBytea, n, 2048)
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

func readColumns(s *scratch, out [][]byte, batch []*pending, n int, known *plan) [][]byte {
	owner, stream := s.array(oidInt4, n, 4), s.array(oidUUID, n, 16)
	version, event := s.array(oidInt8, n, 8), s.array(oidUUID, n, 16)
	for i, p := range batch {
		for _, r := range p.Reads {
			owner.int32(i + 1)
			stream.uuid(r.Stream)
			version.int64(int64(r.Version))
			event.uuid(r.Event)
		}
	}
	check := s.array(oidInt4, len(known.unknown)+len(known.vouched), 4)
	for _, reads := range [...][]int{known.unknown, known.vouched} {
		for _, n := range reads {
			check.int32(n)
		}
	}
	return append(out, owner.param(), stream.param(), version.param(), event.param(), check.param())
}

func claimColumns(s *scratch, out [][]byte, batch []*pending, n int) [][]byte {
	owner, scope, value, claimant := s.array(oidInt4, n, 4), s.array(oidText, n, 16), s.array(oidText, n, 24), s.array(oidUUID, n, 16)
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

func eventColumns(s *scratch, out [][]byte, batch []*pending, n, size int) [][]byte {
	owner, stream, kind := s.array(oidInt4, n, 4), s.array(oidUUID, n, 16), s.array(oidText, n, 8)
	version, id, name := s.array(oidInt8, n, 8), s.array(oidUUID, n, 16), s.array(oidText, n, 20)
	schema, occurred := s.array(oidInt2, n, 2), s.array(oidMoment, n, 8)
	data, metadata := s.array(oidBytea, 1, size), s.array(oidBytea, n, 128)
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
func decisionColumns(s *scratch, out [][]byte, batch []*pending, n int) [][]byte {
	if n == 0 {
		return append(out, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil)
	}
	owner, id, command, code := s.array(oidInt4, n, 4), s.array(oidUUID, n, 16), s.array(oidText, n, 16), s.array(oidText, n, 24)
	reason, kind, actor := s.array(oidText, n, 64), s.array(oidText, n, 8), s.array(oidText, n, 24)
	resource, request, details := s.array(oidText, n, 36), s.array(oidText, n, 36), s.array(oidBytea, n, 128)
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
	since    int64 // of a whole batch: the one since which its session's batches follow each other
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
	case "appended":
		if row[11] != nil {
			o.since = wireInt64(row[11])
		}
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
