package projections_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections"
)

// poison is the quantity of a delivery that a tally with a fault cannot apply.
const poison = 666

// tally is a small model: how many events and units each stream of stock has had. Applying an event twice, or not at
// all, shows.
type tally struct {
	name      string
	sensitive bool
	fault     atomic.Pointer[func(e *projections.Event) error]
	folding   atomic.Pointer[func(e *projections.Event) error] // a fault of the fold
	wrong     atomic.Bool                                      // Apply counts each event twice: its code is wrong
	delay     atomic.Int64
}

func (m *tally) Name() string         { return m.name }
func (m *tally) OrderSensitive() bool { return m.sensitive }

func (m *tally) Create(g projections.Generation) []string {
	return []string{"create table " + g.Table(m.name) + ` (
		tenant_id text collate "C" not null, stream_id uuid not null, events bigint not null, units bigint not null, version bigint not null)`}
}

func (m *tally) Index(g projections.Generation) []string {
	return []string{
		"alter table " + g.Table(m.name) + " add primary key (tenant_id, stream_id)",
		"create index on " + g.Table(m.name) + " (units)",
		"create index on " + g.Table(m.name) + " (events) where units < 0",
	}
}

func (m *tally) Apply(ctx context.Context, tx pgx.Tx, g projections.Generation, events []projections.Event) error {
	f := newTallyFold(m)
	for i := range events {
		if fault := m.fault.Load(); fault != nil {
			if err := (*fault)(&events[i]); err != nil {
				return err
			}
		}
		if err := f.Add(&events[i]); err != nil {
			return err
		}
	}
	if d := time.Duration(m.delay.Load()); d > 0 {
		time.Sleep(d) // a transaction that takes its time
	}
	for key, c := range f.counts {
		n := c.events
		if m.wrong.Load() {
			n *= 2
		}
		_, err := tx.Exec(ctx, "insert into "+g.Table(m.name)+` as t values ($1, $2, $3, $4, $5)
			on conflict (tenant_id, stream_id) do update set events = t.events + excluded.events, units = t.units + excluded.units,
				version = excluded.version where t.version < excluded.version`, key.tenant, key.stream, n, c.units, c.version)
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *tally) NewFold() projections.Fold { return newTallyFold(m) }

type tallyKey struct {
	tenant string
	stream uuid.UUID
}

type tallyCount struct{ events, units, version int64 }

type tallyFold struct {
	of     *tally
	counts map[tallyKey]*tallyCount
}

func newTallyFold(m *tally) *tallyFold { return &tallyFold{m, make(map[tallyKey]*tallyCount)} }

func (f *tallyFold) Add(e *projections.Event) error {
	received, ok := e.Body.(stock.Received)
	if !ok {
		return nil
	}
	if fault := f.of.folding.Load(); fault != nil {
		if err := (*fault)(e); err != nil {
			return err
		}
	}
	key := tallyKey{e.Tenant, e.Stream}
	c := f.counts[key]
	if c == nil {
		c = &tallyCount{}
		f.counts[key] = c
	}
	c.events++
	c.units += received.Quantity
	c.version = int64(e.Version)
	return nil
}

// Few says that few units are below zero.
func (f *tallyFold) Few(index int) bool { return index == 2 }

func (f *tallyFold) Merge(other projections.Fold) error {
	o, ok := other.(*tallyFold)
	if !ok {
		return fmt.Errorf("%T is not a tally", other)
	}
	maps.Copy(f.counts, o.counts)
	return nil
}

func (f *tallyFold) Tables() []projections.Table {
	var rows iter.Seq[*projections.Row] = func(yield func(*projections.Row) bool) {
		keys := slices.SortedFunc(maps.Keys(f.counts), func(a, b tallyKey) int {
			return cmp.Or(cmp.Compare(a.tenant, b.tenant), bytes.Compare(a.stream[:], b.stream[:]))
		})
		var row projections.Row
		for _, k := range keys {
			c := f.counts[k]
			row.Begin()
			row.Text(k.tenant)
			row.UUID(k.stream)
			row.Int64(c.events)
			row.Int64(c.units)
			row.Int64(c.version)
			if !yield(&row) {
				return
			}
		}
	}
	return []projections.Table{{
		Name: f.of.name, Key: 2, Rows: rows,
		Columns: []string{"tenant_id", "stream_id", "events", "units", "version"},
	}}
}

// shop is a database with a log and what was appended to it.
type shop struct {
	t       *testing.T
	pool    *pgxpool.Pool
	store   *eventstore.Store
	streams []uuid.UUID
	last    map[uuid.UUID]eventstore.Expectation
	head    eventstore.Position
}

func openShop(t *testing.T, streams int) *shop {
	t.Helper()
	pool := pgtest.Pool(t)
	s := &shop{t: t, pool: pool, store: openStore(t, pool), last: make(map[uuid.UUID]eventstore.Expectation)}
	for range streams {
		s.streams = append(s.streams, uuid.New())
	}
	return s
}

func openStore(t *testing.T, pool *pgxpool.Pool) *eventstore.Store {
	t.Helper()
	store, err := eventstore.Open(t.Context(), pool, eventstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := store.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return store
}

func (s *shop) set(models ...projections.Model) *projections.Set {
	s.t.Helper()
	return newSet(s.t, projections.Config{Pool: s.pool, Stores: []*eventstore.Store{s.store}, Models: models, Logger: logger(s.t)})
}

func newSet(t *testing.T, c projections.Config) *projections.Set {
	t.Helper()
	set, err := projections.NewSet(c)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func logger(t *testing.T) *slog.Logger {
	t.Helper()
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// receive appends one delivery to a stream.
func (s *shop) receive(stream uuid.UUID, quantity int64) {
	s.t.Helper()
	s.append(stream, "stock.received.v1", received(s.t, quantity))
}

func received(t *testing.T, quantity int64) []byte {
	t.Helper()
	data, err := stock.Encode(stock.Received{SKU: "MUG", LocationID: "main", Quantity: quantity, ReceivedAt: time.Unix(1_700_000_000, 0).UTC()})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (s *shop) append(stream uuid.UUID, name string, data []byte) {
	s.t.Helper()
	s.appendAll(stream, eventstore.NewEvent{ID: uuid.New(), Stream: stream, StreamType: stock.StreamType, Type: name, Data: data, Metadata: []byte("{}"), OccurredAt: time.Now()})
}

func (s *shop) appendAll(stream uuid.UUID, events ...eventstore.NewEvent) {
	s.t.Helper()
	read := s.last[stream]
	read.Stream = stream
	result, err := s.store.Append(s.t.Context(), eventstore.Append{Tenant: "demo", Reads: []eventstore.Expectation{read}, Events: events})
	if err != nil {
		s.t.Fatal(err)
	}
	s.last[stream] = eventstore.Expectation{Stream: stream, Version: read.Version + eventstore.Version(len(events)), Event: events[len(events)-1].ID}
	s.head = result.Position
}

// fill appends n deliveries to all streams in turn, many in one append.
func (s *shop) fill(n int) {
	s.t.Helper()
	data := received(s.t, 1)
	each := n / len(s.streams)
	for _, stream := range s.streams {
		for left := each; left > 0; {
			events := make([]eventstore.NewEvent, min(left, 1000))
			for i := range events {
				events[i] = eventstore.NewEvent{ID: uuid.New(), Stream: stream, StreamType: stock.StreamType, Type: "stock.received.v1", Data: data, Metadata: []byte("{}"), OccurredAt: time.Unix(1_700_000_000, 0)}
			}
			s.appendAll(stream, events...)
			left -= len(events)
		}
	}
}

// running runs a set until stop, which waits for its end.
func running(t *testing.T, set *projections.Set, o projections.RunOptions) (stop func()) {
	t.Helper()
	if o.Owner == "" {
		o.Owner = uuid.NewString()
	}
	if o.LeaseTime == 0 {
		o.LeaseTime = time.Second
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- set.Run(ctx, o) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("Run has not ended")
		}
	}
	t.Cleanup(stop)
	return stop
}

// reach waits until projections have got to the end of the log.
func (s *shop) reach(set *projections.Set, names ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	head, _, err := s.store.Head(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range names {
		if err := set.Positions(1).Wait(ctx, name, head); err != nil {
			s.t.Fatalf("%v; it is at %d", err, set.Positions(1).Get(name))
		}
	}
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// liveCounts returns a tally's rows, from the live generation.
func (s *shop) liveCounts(name string) map[uuid.UUID][2]int64 {
	s.t.Helper()
	var g projections.Generation
	if err := s.pool.QueryRow(s.t.Context(), "select live_generation from projections where name = $1", name).Scan(&g); err != nil {
		s.t.Fatal(err)
	}
	rows, err := s.pool.Query(s.t.Context(), "select stream_id, events, units from "+g.Table(name))
	if err != nil {
		s.t.Fatal(err)
	}
	out := make(map[uuid.UUID][2]int64)
	var stream uuid.UUID
	var events, units int64
	if _, err := pgx.ForEachRow(rows, []any{&stream, &events, &units}, func() error {
		out[stream] = [2]int64{events, units}
		return nil
	}); err != nil {
		s.t.Fatal(err)
	}
	return out
}

// logCounts returns what a tally should have.
func (s *shop) logCounts() map[uuid.UUID][2]int64 {
	s.t.Helper()
	out := make(map[uuid.UUID][2]int64)
	for after := eventstore.Position(0); ; {
		events, err := s.store.Read(s.t.Context(), after, 5000)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(events) == 0 {
			return out
		}
		for _, e := range events {
			after = e.Position
			var body stock.Received
			if e.Type != "stock.received.v1" {
				continue
			}
			if err := json.Unmarshal(e.Data, &body); err != nil {
				s.t.Fatal(err)
			}
			c := out[e.Stream]
			out[e.Stream] = [2]int64{c[0] + 1, c[1] + body.Quantity}
		}
	}
}

// assertExact compares a tally with the log, each event counted once.
func (s *shop) assertExact(name string) {
	s.t.Helper()
	if got, want := s.liveCounts(name), s.logCounts(); !maps.Equal(got, want) {
		s.t.Errorf("%s = %v; want %v", name, got, want)
	}
}

var errPoison = errors.New("this quantity cannot be")

func failOnPoison(e *projections.Event) error {
	if r, ok := e.Body.(stock.Received); ok && r.Quantity == poison {
		return fmt.Errorf("quantity %d: %w", r.Quantity, errPoison)
	}
	return nil
}
