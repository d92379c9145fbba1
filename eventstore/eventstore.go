// Package eventstore keeps streams of events in PostgreSQL.
//
// A stream is the history of one aggregate: versions 1, 2, 3 and so on. Streams live in a log, a totally ordered
// sequence of events whose positions are dense and in commit order, so a reader is a plain "position > n" scan and a
// hole is an alarm. An append is conditional: it names the streams that its decision read, and is refused when one of
// them has moved on. Waiting appends are sent together and share one lock and one sync to disk (group commit).
//
// The package knows nothing of the events' meaning. Data and metadata are bytes that it returns as it got them.
package eventstore

import (
	"time"

	"github.com/google/uuid"
)

// LogID numbers a log, from 1.
type LogID int32

// Position is an event's place in its log, from 1 without holes. Zero is before the first event.
type Position int64

// Version is an event's place in its stream, from 1 without holes. Zero is the version of a stream without events.
type Version int64

// NewEvent is an event that is to be appended.
type NewEvent struct {
	ID         uuid.UUID // unique for ever: an append that is sent again is recognised by it
	Stream     uuid.UUID // one of the append's Reads
	StreamType string    // kind of aggregate, for people and filters
	Type       string    // stored name such as "order.placed.v1"; its suffix is the schema version
	Data       []byte    // the event's body, usually JSON
	Metadata   []byte    // who, why, caused by what; usually JSON
	OccurredAt time.Time // when it happened in the world; kept to the microsecond, in UTC
}

// Recorded is an event as the log has it.
type Recorded struct {
	Log        LogID
	Position   Position
	Tenant     string
	Stream     uuid.UUID
	StreamType string
	Version    Version
	ID         uuid.UUID
	Type       string
	Schema     int16
	Data       []byte // shared with other readers: not to be changed
	Metadata   []byte // shared with other readers: not to be changed
	OccurredAt time.Time
	RecordedAt time.Time
}

// Expectation is the state of a stream that a decision was made on: its last version and the id of the event of that
// version. The id tells a decision on what is stored from one on what was only about to be stored.
type Expectation struct {
	Stream  uuid.UUID
	Version Version   // 0: the stream has no events
	Event   uuid.UUID // the zero UUID when Version is 0
}

// Claim makes a value unique within a tenant and scope, for ever.
type Claim struct {
	Scope string    // for example "order-number"
	Value string    // what must be unique
	Owner uuid.UUID // the stream that has it, told to whoever comes too late
}

// Key is a client's idempotency key.
type Key struct {
	Client      string   // who chose the key
	Hash        [32]byte // SHA-256 of the key
	Fingerprint [32]byte // SHA-256 of the request: the same key with another one is refused
}

// Answer is what a request was answered. It is stored with the key and given again to every later use of it.
type Answer struct {
	Request  string // what was asked, such as "POST /v1/orders"
	Resource string // id of what was made or changed, may be empty
	Status   int16
	Headers  []byte
	Body     []byte // nil once it has expired
}

// Append is one atomic step: all of it is stored or none.
type Append struct {
	Tenant   string
	Reads    []Expectation // every stream that the decision read; every stream written to is one of them
	Events   []NewEvent    // in order; none for an answer without effect, such as a refusal, or to check the reads alone
	Claims   []Claim
	Key      *Key      // nil: the append is recognised by its first event, or its decision, only
	Answer   Answer    // stored with Key
	Decision *Decision // noted in the decision log, usually a refusal; nil: nothing is noted
}

// Result is what became of an append.
type Result struct {
	Position   Position // of the append's last event, or the log's last at that moment when it had none
	Epoch      int64    // of the log
	RecordedAt time.Time
	Known      bool   // nothing was appended: the key, or the append itself, was there already
	Answer     Answer // the stored answer when the key was known
}
