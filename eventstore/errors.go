package eventstore

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

var (
	// ErrConflict is matched by a *ConflictError: a stream has moved on since it was read. Nothing was written: read it
	// on, decide again, append again.
	ErrConflict = errors.New("eventstore: a stream has moved on")

	// ErrClaimed is matched by a *ClaimedError: a claimed value has another owner. Nothing was written.
	ErrClaimed = errors.New("eventstore: claimed by another stream")

	// ErrKeyReused is matched by a *KeyReusedError: the idempotency key was used for another request. Nothing was written.
	ErrKeyReused = errors.New("eventstore: idempotency key reused")

	// ErrOutcomeUnknown says that the append was sent and no answer came in time: it may be stored or not. Sending the
	// very same append again, with its key and event ids, finds out and has one effect.
	ErrOutcomeUnknown = errors.New("eventstore: outcome unknown, send the same append again")

	// ErrUnavailable says that the append was not sent, or was certainly rolled back. It can be tried again.
	ErrUnavailable = errors.New("eventstore: not available, nothing was written")

	// ErrBusy says that too much waits already: nothing was written. It is an ErrUnavailable.
	ErrBusy = fmt.Errorf("%w: too much is waiting", ErrUnavailable)

	// ErrClosed is returned after Close.
	ErrClosed = errors.New("eventstore: store is closed")

	// ErrNoSuchLog says that the database has no row for the log.
	ErrNoSuchLog = errors.New("eventstore: no such log; apply the migrations or create the log")
)

// ConflictError tells which stream an append no longer fitted. Version and Event are where the stream is now; both are
// zero when the stream is empty or is not the tenant's.
type ConflictError struct {
	Stream  uuid.UUID
	Version Version
	Event   uuid.UUID
}

// Error implements error.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("eventstore: stream %s is now at version %d", e.Stream, e.Version)
}

// Is reports that every ConflictError is an ErrConflict.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// ClaimedError tells who has the value that an append wanted to claim.
type ClaimedError struct {
	Scope, Value string
	Owner        uuid.UUID
}

// Error implements error.
func (e *ClaimedError) Error() string {
	return fmt.Sprintf("eventstore: %s %q belongs to %s", e.Scope, e.Value, e.Owner)
}

// Is reports that every ClaimedError is an ErrClaimed.
func (e *ClaimedError) Is(target error) bool { return target == ErrClaimed }

// KeyReusedError tells what an idempotency key was first used for.
type KeyReusedError struct{ Request string }

// Error implements error.
func (e *KeyReusedError) Error() string {
	return fmt.Sprintf("eventstore: the idempotency key was first used for %s with another content", e.Request)
}

// Is reports that every KeyReusedError is an ErrKeyReused.
func (e *KeyReusedError) Is(target error) bool { return target == ErrKeyReused }

// InvalidError says why an append can never be stored as it is. Nothing was sent.
type InvalidError struct{ Reason string }

// Error implements error.
func (e *InvalidError) Error() string { return "eventstore: invalid append: " + e.Reason }
