package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
)

// Config says which projections there are and where. Pool, Stores and at least one model or backend are needed.
type Config struct {
	Pool     *pgxpool.Pool // the database that has the checkpoints and the models' tables
	Stores   []*eventstore.Store
	Models   []Model
	Backends []Backend
	Logger   *slog.Logger // default: nothing is logged

	// DecodedBytes is how many bytes of stored events stay decoded in memory, where they take about twice as much.
	// Default 16 MiB.
	DecodedBytes int
}

// Set is the projections of one database. It runs them, rebuilds and verifies them and says where they are. It is safe
// for concurrent use.
type Set struct {
	pool        *pgxpool.Pool
	stores      []*eventstore.Store
	projections []*projection
	positions   map[eventstore.LogID]*Positions
	bodies      *decodedBodies
	logger      *slog.Logger

	mu    sync.Mutex
	beats map[*follow]time.Time // when each running projection last showed that it is alive
}

// NewSet checks the configuration. It connects to nothing.
func NewSet(c Config) (*Set, error) {
	if c.Pool == nil || len(c.Stores) == 0 {
		return nil, errors.New("projections: a pool and at least one event store are needed")
	}
	s := &Set{pool: c.Pool, stores: slices.Clone(c.Stores), logger: c.Logger, positions: make(map[eventstore.LogID]*Positions), beats: make(map[*follow]time.Time), bodies: newDecodedBodies(cmp.Or(c.DecodedBytes, decodedBytes))}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	for _, m := range c.Models {
		s.projections = append(s.projections, ofModel(c.Pool, m))
	}
	for _, b := range c.Backends {
		s.projections = append(s.projections, ofBackend(b))
	}
	for i, p := range s.projections {
		if slices.ContainsFunc(s.projections[:i], func(other *projection) bool { return other.name == p.name }) {
			return nil, fmt.Errorf("projections: two are named %s", p.name)
		}
	}
	for _, store := range s.stores {
		s.positions[store.Log()] = newPositions(s, store)
	}
	return s, nil
}

// Names returns the names of all projections, models first, as they were configured.
func (s *Set) Names() []string {
	names := make([]string, len(s.projections))
	for i, p := range s.projections {
		names[i] = p.name
	}
	return names
}

// Positions returns what is known of the projections' progress in a log, or nil for a log that is not the set's.
func (s *Set) Positions(log eventstore.LogID) *Positions { return s.positions[log] }

// Silences returns, for each projection that Run keeps current in this process, for how long it has shown no sign of
// life. More than a few lease times mean that its loop hangs.
func (s *Set) Silences() map[string]time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	silences := make(map[string]time.Duration, len(s.beats))
	for f, at := range s.beats {
		silences[f.of.name] = max(silences[f.of.name], time.Since(at))
	}
	return silences
}

func (s *Set) beat(f *follow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.beats[f] = time.Now()
}

func (s *Set) ended(f *follow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.beats, f)
}

// named returns the projections with the given names, or all for none.
func (s *Set) named(names []string) ([]*projection, error) {
	if len(names) == 0 {
		return s.projections, nil
	}
	var out []*projection
	for _, name := range names {
		i := slices.IndexFunc(s.projections, func(p *projection) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no projection is named %q; there are %v", name, s.Names())
		}
		if !slices.Contains(out, s.projections[i]) {
			out = append(out, s.projections[i])
		}
	}
	return out, nil
}

// projection is what a model and a backend have in common. Either model or backend is nil.
type projection struct {
	name, store string
	sensitive   bool     // to the order of events across streams
	types       []string // of the streams that it is made of; nil: all
	foldName    string   // of the fold that it shares; empty: it shares none
	definition  string
	model       Model
	backend     Backend
	pool        *pgxpool.Pool
}

func ofModel(pool *pgxpool.Pool, m Model) *projection {
	p := &projection{name: m.Name(), store: "postgres", definition: definitionOf(m), model: m, pool: pool}
	p.ask(m)
	return p
}

func ofBackend(b Backend) *projection {
	p := &projection{name: b.Name(), store: b.Store(), definition: b.Store(), backend: b}
	p.ask(b)
	return p
}

// ask finds out what else a model or backend says of itself.
func (p *projection) ask(of any) {
	if sensitive, ok := of.(OrderSensitive); ok {
		p.sensitive = sensitive.OrderSensitive()
	}
	if typed, ok := of.(StreamTyped); ok {
		p.types = typed.StreamTypes()
	}
	if shared, ok := of.(SharedFold); ok {
		p.foldName = shared.FoldName()
	}
}

// takes reports whether events of a stream type mean something to the projection.
func (p *projection) takes(streamType string) bool {
	return p.types == nil || slices.Contains(p.types, streamType)
}

func (p *projection) sink(log eventstore.LogID, g Generation) Sink {
	if p.model != nil {
		return &postgresSink{pool: p.pool, model: p.model, log: log, generation: g}
	}
	return p.backend.Sink(log, g)
}

func (p *projection) newFold() Fold {
	if p.model != nil {
		return p.model.NewFold()
	}
	return p.backend.NewFold()
}

// checkpoint asks the sink of one log.
func (p *projection) checkpoint(ctx context.Context, log eventstore.LogID, g Generation) (Checkpoint, error) {
	c, err := p.sink(log, g).Checkpoint(ctx)
	if err != nil {
		return c, fmt.Errorf("checkpoint of %s generation %d: %w", p.name, g, err)
	}
	return c, nil
}
