package projections

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// ErrFenced says that another process has taken the projection over. Whoever gets it stops writing at once.
var ErrFenced = errors.New("projections: another process owns this projection now")

// Checkpoint says how far a projection has got, and of which past: the log must have Event at Position.
type Checkpoint struct {
	Epoch    int64 // the log's
	Position eventstore.Position
	Event    uuid.UUID
}

// Sink is where a projection's generation lives: its values together with its checkpoint. Postgres tables are one kind,
// Redis documents another. The runner feeds a sink; it alone decides what is applied when.
type Sink interface {
	// Checkpoint returns how far the sink is; the zero Checkpoint is before the first event.
	Checkpoint(ctx context.Context) (Checkpoint, error)

	// Apply stores what the events mean and moves the checkpoint from where it was to the last of them, in one step or,
	// where the store cannot (Redis over several buckets), in steps that a repetition completes. events begin right
	// after from. fence is the epoch of the caller's lease: Apply fails with ErrFenced once a newer one has written, or
	// when the checkpoint is no longer at from.
	Apply(ctx context.Context, fence int64, from Checkpoint, to Checkpoint, events []Event) error
}
