package commands

import (
	"encoding/base64"
	"encoding/json"

	"github.com/google/uuid"
)

// metadata is stored beside every event. It is written by appendTo, since every command has some.
type metadata struct {
	Actor         Actor     `json:"actor"`
	CommandID     uuid.UUID `json:"command_id"`
	CorrelationID string    `json:"correlation_id,omitempty"`
	CausationID   string    `json:"causation_id,omitempty"`
	Traceparent   string    `json:"traceparent,omitempty"`
	KeyHash       []byte    `json:"key_hash,omitempty"` // of the idempotency key
}

func (r *Request) metadata() ([]byte, error) {
	m := metadata{
		Actor: r.Actor, CommandID: r.Cause.CommandID, CorrelationID: r.Cause.CorrelationID,
		CausationID: r.Cause.CausationID, Traceparent: r.Cause.Traceparent,
	}
	if r.Key != nil {
		m.KeyHash = r.Key.Hash[:]
	}
	for _, s := range [...]string{m.Actor.Type, m.Actor.ID, m.CorrelationID, m.CausationID, m.Traceparent} {
		if !plain(s) {
			return json.Marshal(m)
		}
	}
	return m.append(make([]byte, 0, 256)), nil
}

// append writes what json.Marshal does, if all strings are plain.
func (m *metadata) append(b []byte) []byte {
	b = append(append(b, `{"actor":{"type":"`...), m.Actor.Type...)
	if m.Actor.ID != "" {
		b = append(append(b, `","id":"`...), m.Actor.ID...)
	}
	b = append(b, `"},"command_id":"`...)
	b = append(append(b, m.CommandID.String()...), '"')
	for _, field := range [...]struct{ name, value string }{
		{`,"correlation_id":"`, m.CorrelationID}, {`,"causation_id":"`, m.CausationID}, {`,"traceparent":"`, m.Traceparent},
	} {
		if field.value != "" {
			b = append(append(append(b, field.name...), field.value...), '"')
		}
	}
	if len(m.KeyHash) > 0 {
		b = append(b, `,"key_hash":"`...)
		b = base64.StdEncoding.AppendEncode(b, m.KeyHash)
		b = append(b, '"')
	}
	return append(b, '}')
}

// plain reports whether JSON has s as it is.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}
