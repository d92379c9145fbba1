package projections

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// ErrFenced says that another process has taken the projection over. Whoever gets it stops writing at once.
var ErrFenced = errors.New("projections: another process owns this projection now")

// ErrInvalidEvent marks the failure of a Sink that an event causes and that no repetition heals: the runner finds the
// event and parks its stream. Every other error counts as the store's trouble and is tried again for ever. Wrap it with
// fmt.Errorf("%w: %w", ErrInvalidEvent, err). Panics count as marked, and so do errors of a Model, except those of the
// database that are not about data.
var ErrInvalidEvent = errors.New("projections: event cannot be applied")

// Checkpoint says how far a projection has got, and of which past: the log must have Event at Position.
type Checkpoint = eventstore.Place

// Sink is where a projection's generation lives: its values together with its checkpoint. Postgres tables are one kind,
// Redis documents another. The runner feeds a sink; it alone decides what is applied when.
type Sink interface {
	// Checkpoint returns how far the sink is; the zero Checkpoint is before the first event.
	Checkpoint(ctx context.Context) (Checkpoint, error)

	// Apply stores what the events mean and moves the checkpoint from where it was to the last of them, in one step or,
	// where the store cannot (Redis over several buckets), in steps that a repetition completes. events are those after
	// from and up to to, without the ones of parked streams; there may be none at all. fence is the epoch of the
	// caller's lease: Apply fails with ErrFenced once a newer one has written, or when the checkpoint is no longer at
	// from.
	Apply(ctx context.Context, fence int64, from Checkpoint, to Checkpoint, events []Event) error
}

// Redriver is a Sink that can take up events that are older than its checkpoint: those of a stream that was parked and
// is tried again. Without it the projection has to be rebuilt.
type Redriver interface {
	// Redrive applies a stream's events, in order. They were never applied before, or only by a Redrive that was broken
	// off. The checkpoint stays.
	Redrive(ctx context.Context, fence int64, events []Event) error
}

// Backend keeps the generations of one projection outside Postgres. Its methods are safe for concurrent use.
type Backend interface {
	Name() string  // the projection's stored name, such as "order_document"
	Store() string // what the status calls the store, such as "redis"

	// Sink returns the place of a log's part of a generation. It connects to nothing yet.
	Sink(log eventstore.LogID, g Generation) Sink

	// NewFold returns an empty fold of the kind that Load and Verify understand. Its Tables are not asked for.
	NewFold() Fold

	// Load fills a generation with what fold holds and sets its checkpoints. What an earlier try left is overwritten or
	// removed first.
	Load(ctx context.Context, g Generation, fold Fold, at map[eventstore.LogID]Checkpoint) error

	// Verify compares a generation with a fresh fold while both it and the log go on.
	Verify(ctx context.Context, g Generation, log eventstore.LogID, fold FoldFunc) ([]Difference, error)

	// Drop removes a generation that nobody reads any more.
	Drop(ctx context.Context, g Generation) error
}

// Fencer is a Backend that can shut a generation's writer out at once. A rebuild of one that cannot waits until the
// writer's lease would have expired.
type Fencer interface {
	// Fence makes a generation's sink refuse writers with an older fence from now on. It fails with ErrFenced when a newer
	// one has written.
	Fence(ctx context.Context, log eventstore.LogID, g Generation, fence int64) error
}

// Checker is a Backend that can compare a generation that nobody writes or reads so far with a fold at the same
// position, looking at nothing but what the fold has. Without it a rebuild asks Verify.
type Checker interface {
	Check(ctx context.Context, g Generation, fold Fold) ([]Difference, error)
}

// FoldFunc folds the log from its first event into the fold of the Backend that is asked. With until, events beyond the
// position that it gives for their stream are left out; it is called by several goroutines. Parked events are left out
// always.
type FoldFunc func(ctx context.Context, to eventstore.Position, until func(stream uuid.UUID) eventstore.Position) (Fold, error)

// OrderSensitive is a Model or Backend whose values depend on the order of events across streams. A parked stream that
// is tried again comes too late for it, so it is rebuilt instead.
type OrderSensitive interface{ OrderSensitive() bool }

// Difference is something that verification found: a key whose stored values are not what the log says, or a fault of
// the log itself.
type Difference struct {
	Projection string              `json:"projection"` // or "log"
	Table      string              `json:"table,omitempty"`
	Key        string              `json:"key,omitempty"`
	Position   eventstore.Position `json:"position"` // up to which it was compared
	Problem    string              `json:"problem"`  // "missing", "unexpected", "different", or a sentence
}
