// Package projections builds read models from the event log, keeps them current, and rebuilds them by replay.
//
// A model says how events become rows. Everything else is here, once for all models: frames arrive from the feed,
// rows and checkpoint change in one transaction, a lease with a fencing epoch lets one process write at a time, a
// rebuild folds the log in memory beside the live generation and switches when both are equal, and verification
// compares what is stored with a fresh fold.
package projections

import (
	"context"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
)

// Event is an event of the log with its body decoded.
type Event struct {
	eventstore.Recorded
	Body any // order.Event, stock.Event or catalog.Event
}

// Decode decodes the body of a recorded event. An event that this build does not know is an error: skipping it would
// lose a fact.
func Decode(rec eventstore.Recorded) (Event, error) {
	e := Event{Recorded: rec}
	var err error
	switch rec.StreamType {
	case order.StreamType:
		e.Body, err = order.Decode(rec.Type, rec.Data)
	case stock.StreamType:
		e.Body, err = stock.Decode(rec.Type, rec.Data)
	case catalog.StreamType:
		e.Body, err = catalog.Decode(rec.Type, rec.Data)
	default:
		err = fmt.Errorf("unknown stream type %q", rec.StreamType)
	}
	if err != nil {
		return e, fmt.Errorf("event at position %d: %w", rec.Position, err)
	}
	return e, nil
}

// Generation numbers the builds of a model. Each has tables of its own; one is live.
type Generation int32

// Table returns the qualified name of a generation's table, such as readmodel.order_list_g3.
func (g Generation) Table(name string) string { return fmt.Sprintf("readmodel.%s_g%d", name, g) }

// Model is a read model in Postgres. Its methods are safe for concurrent use by different generations.
type Model interface {
	// Name is the model's stored name, such as "order_list".
	Name() string

	// Create returns the statements that make a generation's tables, without keys and indexes; Index the ones that add
	// them, after a load. Every table has a column tenant_id.
	Create(g Generation) []string
	Index(g Generation) []string

	// Apply folds events, in log order and already decoded, into a generation's tables inside tx, which also moves the
	// checkpoint: both happen or neither. Every event comes exactly once. Events that mean nothing to the model are
	// among them. Several rows go in one statement.
	Apply(ctx context.Context, tx pgx.Tx, g Generation, events []Event) error

	// NewFold returns an empty fold, for rebuilds and verification. It shares no code path with the tables.
	NewFold() Fold
}

// Fold builds a model's rows in memory. It is for one goroutine.
type Fold interface {
	// Add folds one event, which is valid during the call only; its Body may be kept. All events of one stream go to the
	// same fold, in order. When it fails it has changed nothing: the stream is parked and others go on.
	Add(e *Event) error

	// Merge takes over what another fold of the same model holds, which has seen other streams.
	Merge(other Fold) error

	// Tables returns the rows of each of the model's tables. Values are of types that pgx copies in binary format, and
	// what a select of Columns ordered by the key returns is the same, byte for byte.
	Tables() []Table
}

// Table is the content of one table.
type Table struct {
	Name    string          // as in Generation.Table
	Columns []string        // the first Key of them are the primary key
	Key     int             // number of key columns
	Rows    iter.Seq[[]any] // in key order; the slice may be reused
}
