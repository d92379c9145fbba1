// Package commands runs commands: it loads the aggregates that a command needs, decides, and appends the outcome.
//
// The engine decides the commands of one log in batches, in memory, one after the other on the states that the commands
// before them leave behind, and lets the event store append them together. Two hundred buyers of the same SKU are
// thereby decided in turn and committed at once, rather than meeting in two hundred conflicts. The states in memory are
// an optimisation and never the truth: every append names what its decision read, and one that read something stale is
// refused by the store and decided again.
package commands

import (
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
)

// Actor is who wants something.
type Actor struct {
	Type string `json:"type"` // customer, staff, app, system or psp
	ID   string `json:"id,omitempty"`
}

// Cause connects events with what led to them.
type Cause struct {
	CommandID     uuid.UUID // of this command; derived from its key, or new
	CorrelationID string    // the conversation that it belongs to, such as a request id
	CausationID   string    // the event that caused it, if one did
	Traceparent   string    // W3C trace context
}

// Request is a command with everything around it.
type Request struct {
	Tenant  string
	Actor   Actor
	Cause   Cause
	Key     *eventstore.Key      // idempotency key; nil: every request is a new one
	Expect  []eventstore.Version // versions of which the target must have one (If-Match); nil: any
	DryRun  bool                 // only say what would be: nothing is stored, and the key is neither looked up nor used
	Command Command
	// Answer renders what is given back, and stored under the key. It is called while deciding, perhaps several times:
	// it must be quick and depend on its argument alone.
	Answer func(Outcome) eventstore.Answer
}

// Outcome is what a decision came to.
type Outcome struct {
	// State is the target after the command: *order.Order, *stock.Stock, *catalog.Product or what else the command's own
	// comment says. It is only valid during the call. A refusal has the target before the command, or nil.
	State   any
	Version eventstore.Version // of the target, after the command
	Created bool               // the target did not exist before
	Refused error              // a *rule.Violation, or nil

	// PickOrder is the locations that the tenant's orders take units from, if State is a *stock.Stock: what is available
	// to them is what Stock.AvailableFrom says of it.
	PickOrder stock.PickOrder
	Events    []PlannedEvent // of a dry run: what would be appended, in order
}

// PlannedEvent is an event that a dry run would have appended.
type PlannedEvent struct {
	StreamType string
	Stream     uuid.UUID
	Type       string          // stored name such as "order.placed.v1"
	Data       json.RawMessage // as it would be stored: personal data is sealed
}

// Response is the answer to a request.
type Response struct {
	Answer   eventstore.Answer
	Position eventstore.Position // where the outcome stands in the log
	Epoch    int64               // of the log
	Replayed bool                // the answer is that of an earlier request with the same key
	Refused  bool                // the domain's rules forbid the command; the answer says why
}

var (
	// ErrKeyInUse says that a request with the same key is still being worked on.
	ErrKeyInUse = errors.New("commands: a request with this idempotency key is still running")

	// ErrConcurrentModification says that the target changed again and again while the command was decided.
	ErrConcurrentModification = errors.New("commands: changed meanwhile too often, try again")

	// ErrOverloaded says that too many commands wait. Nothing was done.
	ErrOverloaded = errors.New("commands: too many commands are waiting, try again")
)

// VersionError says that the target is not at the version that the request expects.
type VersionError struct{ Current eventstore.Version }

// Error implements error.
func (e *VersionError) Error() string { return "commands: the target has another version" }
