package documents

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/modeltest"
)

// shop is a log with some shops' history in it, and what it says.
type shop struct {
	pool   *pgxpool.Pool
	store  *eventstore.Store
	epoch  int64
	events []projections.Event // the whole log
}

// newShop stores a history of at least so many events.
func newShop(tb testing.TB, atLeast int) *shop {
	tb.Helper()
	s := &shop{pool: pgtest.Pool(tb)}
	store, err := eventstore.Open(tb.Context(), s.pool, eventstore.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := store.Close(ctx); err != nil {
			tb.Error(err)
		}
	})
	s.store = store
	if s.epoch, err = store.Epoch(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	s.append(tb, drawHistory(atLeast))
	return s
}

// drawHistory returns the first history that is long enough.
func drawHistory(atLeast int) []projections.Event {
	draw := rapid.Custom(func(t *rapid.T) []projections.Event { return modeltest.History(t, 3*atLeast) })
	for seed := 0; ; seed++ {
		if events := draw.Example(seed); len(events) >= atLeast {
			return events
		}
	}
}

// append stores events in their order and reads them back. Consecutive events of a tenant are one append.
func (s *shop) append(tb testing.TB, events []projections.Event) {
	tb.Helper()
	last := make(map[uuid.UUID]eventstore.Expectation)
	for i := range s.events {
		e := &s.events[i]
		last[e.Stream] = eventstore.Expectation{Stream: e.Stream, Version: e.Version, Event: e.ID}
	}
	for len(events) > 0 {
		a := eventstore.Append{Tenant: events[0].Tenant}
		reads := make(map[uuid.UUID]bool)
		for len(events) > 0 && events[0].Tenant == a.Tenant {
			e := &events[0]
			if !reads[e.Stream] {
				reads[e.Stream] = true
				expect := last[e.Stream]
				expect.Stream = e.Stream
				a.Reads = append(a.Reads, expect)
			}
			a.Events = append(a.Events, eventstore.NewEvent{
				ID: e.ID, Stream: e.Stream, StreamType: e.StreamType, Type: e.Type, Data: e.Data, Metadata: []byte("{}"), OccurredAt: e.OccurredAt,
			})
			last[e.Stream] = eventstore.Expectation{Stream: e.Stream, Version: e.Version, Event: e.ID}
			events = events[1:]
		}
		if _, err := s.store.Append(tb.Context(), a); err != nil {
			tb.Fatal(err)
		}
	}
	for {
		recorded, err := s.store.Read(tb.Context(), eventstore.Position(len(s.events)), 1000)
		if err != nil {
			tb.Fatal(err)
		}
		if len(recorded) == 0 {
			return
		}
		for _, rec := range recorded {
			e, err := projections.Decode(rec)
			if err != nil {
				tb.Fatal(err)
			}
			s.events = append(s.events, e)
		}
	}
}

func (s *shop) head() eventstore.Position { return eventstore.Position(len(s.events)) }

// at returns the checkpoint of a position.
func (s *shop) at(position eventstore.Position) projections.Checkpoint {
	if position == 0 {
		return projections.Checkpoint{}
	}
	return projections.Checkpoint{Epoch: s.epoch, Position: position, Event: s.events[position-1].ID}
}

// between returns the events after one position up to another.
func (s *shop) between(from, to eventstore.Position) []projections.Event { return s.events[from:to] }

// documents folds the log up to a position, apart from all code that stores.
func (s *shop) documents(tb interface{ Fatal(...any) }, kind *Kind, to eventstore.Position) map[Key]Document {
	byKey := make(map[Key][]projections.Event)
	for _, e := range s.events[:to] {
		if e.StreamType == kind.streamType {
			key := Key{e.Tenant, e.Stream}
			byKey[key] = append(byKey[key], e)
		}
	}
	documents := make(map[Key]Document, len(byKey))
	for key, events := range byKey {
		d, err := kind.Fold(Document{}, events)
		if err != nil {
			tb.Fatal(err)
		}
		documents[key] = d
	}
	return documents
}

// foldTo is what the framework hands to Verify.
func (s *shop) foldTo(kind *Kind) projections.FoldFunc {
	return func(_ context.Context, to eventstore.Position, until func(uuid.UUID) eventstore.Position) (projections.Fold, error) {
		f := newFold(kind)
		for i := range s.events[:to] {
			if e := &s.events[i]; until == nil || e.Position <= until(e.Stream) {
				if err := f.Add(e); err != nil {
					return nil, err
				}
			}
		}
		return f, nil
	}
}

// prepare makes the first generation of the projections of the kinds.
func (s *shop) prepare(tb testing.TB, models []*Model, backends []*Backend) {
	tb.Helper()
	config := projections.Config{Pool: s.pool, Stores: []*eventstore.Store{s.store}}
	for _, m := range models {
		config.Models = append(config.Models, m)
	}
	for _, b := range backends {
		config.Backends = append(config.Backends, b)
	}
	set, err := projections.NewSet(config)
	if err != nil {
		tb.Fatal(err)
	}
	if err := set.Ensure(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// project moves a Postgres model on.
func (s *shop) project(tb testing.TB, m *Model, from, to eventstore.Position) {
	tb.Helper()
	err := pgx.BeginFunc(tb.Context(), s.pool, func(tx pgx.Tx) error {
		if err := m.Apply(tb.Context(), tx, 1, s.between(from, to)); err != nil {
			return err
		}
		at := s.at(to)
		_, err := tx.Exec(tb.Context(), `update projection_checkpoints set position = $1, event_id = $2, log_epoch = $3
			where log_id = 1 and name = $4 and generation = 1 and position = $5`, at.Position, at.Event, at.Epoch, m.Name(), from)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
}
