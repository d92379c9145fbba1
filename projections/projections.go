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
	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/promotion"
	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/domain/series"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
)

// Event is an event of the log with its body decoded.
type Event struct {
	eventstore.Recorded
	Body any // order.Event, stock.Event or that of another aggregate's package

	ordinal int32 // of the stream in this fold's part of the log, from 1; 0: not known
}

// Decode decodes the body of a recorded event. An event that this build does not know is an error: skipping it would
// lose a fact.
func Decode(rec eventstore.Recorded) (Event, error) {
	e := Event{Recorded: rec}
	var err error
	e.Body, err = decodeSafely(&rec)
	return e, err
}

func decodeBody(rec *eventstore.Recorded) (body any, err error) {
	switch rec.StreamType {
	case order.StreamType:
		body, err = eventstore.Decode(rec, order.Decode)
	case stock.StreamType:
		body, err = eventstore.Decode(rec, stock.Decode)
	case catalog.StreamType:
		body, err = eventstore.Decode(rec, catalog.Decode)
	case reservation.StreamType:
		body, err = eventstore.Decode(rec, reservation.Decode)
	case customer.StreamType:
		body, err = eventstore.Decode(rec, customer.Decode)
	case settings.StreamType:
		body, err = eventstore.Decode(rec, settings.Decode)
	case promotion.StreamType:
		body, err = eventstore.Decode(rec, promotion.Decode)
	case series.StreamType:
		body, err = eventstore.Decode(rec, series.Decode)
	default:
		err = eventstore.Unreadable(rec, fmt.Errorf("stream type %q is not known to this build", rec.StreamType))
	}
	if err != nil {
		return nil, fmt.Errorf("event at position %d: %w", rec.Position, err)
	}
	return body, nil
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
	// checkpoint: both happen or neither. Every event comes exactly once. Without StreamTypes, events that mean nothing
	// to the model are among them. Several rows go in one statement.
	Apply(ctx context.Context, tx pgx.Tx, g Generation, events []Event) error

	// NewFold returns an empty fold, for rebuilds and verification. It shares no code path with the tables.
	NewFold() Fold
}

// StreamTyped is a Model or Backend that is made of streams of some types only. It gets no events of others, not even
// those that this build cannot read.
type StreamTyped interface{ StreamTypes() []string }

// Fold builds a model's rows in memory. It is for one goroutine.
type Fold interface {
	// Add folds one event, which is valid during the call only; its Body may be kept. ID, Metadata and RecordedAt
	// are not there. All events of one stream go to the same fold, in order. When it fails it has changed nothing: the
	// stream is parked and others go on.
	Add(e *Event) error

	// Merge takes over what another fold of the same model holds, which has seen other streams.
	Merge(other Fold) error

	// Tables returns the rows of each of the model's tables, which are what a select of Columns ordered by the key
	// returns, byte for byte.
	Tables() []Table
}

// Sealer is a Fold that has something to do when all events of the log have been added and before it is merged. All
// cores take part in that, each for the fold that it has.
type Sealer interface{ Seal() error }

// Sizer is a Fold that knows roughly how many rows it has. The largest are loaded first.
type Sizer interface{ Len() int }

// Sparse is a Fold of a Model some of whose indexes hold only some rows. Few reports whether the index that the model's
// statement of that number (from 0) makes has few of the fold's rows, or none: a load then makes it first, since for
// such an index it is less work to look at each row that comes than to walk through the table afterwards.
type Sparse interface{ Few(index int) bool }

// SharedFold is a Model or Backend whose fold serves other projections too: in a rebuild, all that are rebuilt and give
// their folds the same name have one in common. It is then read only, from several goroutines, and Fork makes one that
// begins with what it holds and goes on by itself.
type SharedFold interface{ FoldName() string }

// Forker is a Fold that can be shared.
type Forker interface{ Fork() Fold }

// Table is the content of one table.
type Table struct {
	Name    string         // as in Generation.Table
	Columns []string       // the first Key of them are the primary key
	Key     int            // number of key columns
	Rows    iter.Seq[*Row] // in key order; the row may be reused
}
