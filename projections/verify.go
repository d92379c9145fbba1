package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/eventstore"
)

// VerifyOptions says what to verify. Zero fields mean the documented defaults.
type VerifyOptions struct {
	Names []string // default: all projections
	// Snapshot bounds the time in which the tables are read: they are read as of one moment, and a snapshot that lives
	// long keeps the database from cleaning up. Default 2 min.
	Snapshot time.Duration
	Limit    int            // differences a table; default 20
	Progress func(Progress) // while the log is read
}

// Verify compares what the live generations store with a fresh fold of the log to exactly the position that they are
// at, and checks that the log itself has no holes. Everything goes on meanwhile. Nothing returned means that all is
// equal.
func (s *Set) Verify(ctx context.Context, o VerifyOptions) ([]Difference, error) {
	of, err := s.named(o.Names)
	if err != nil {
		return nil, err
	}
	if o.Snapshot <= 0 {
		o.Snapshot = 2 * time.Minute
	}
	if o.Limit <= 0 {
		o.Limit = 20
	}
	v := &verification{set: s, options: o}
	if err := v.read(ctx, of); err != nil {
		return nil, err
	}
	if err := v.compare(ctx); err != nil {
		return nil, err
	}
	if err := v.parked(ctx, of); err != nil {
		return nil, err
	}
	for _, p := range of {
		if p.backend == nil {
			continue
		}
		if err := v.backend(ctx, p); err != nil {
			return nil, err
		}
	}
	return v.found, nil
}

// verification is one call of Verify.
type verification struct {
	set     *Set
	options VerifyOptions
	models  []*verified
	found   []Difference
}

// verified is a model as the snapshot has it.
type verified struct {
	*folding
	g      Generation
	shapes []*shape
	stored []*digest
}

// read takes the tables and their checkpoints out of one snapshot.
func (v *verification) read(ctx context.Context, of []*projection) error {
	reading, cancel := context.WithTimeout(ctx, v.options.Snapshot)
	defer cancel()
	err := pgx.BeginTxFunc(reading, v.set.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		for _, p := range of {
			if p.model == nil {
				continue
			}
			m := &verified{}
			var err error
			if m.folding, m.g, err = v.set.snapshot(reading, tx, p); err != nil {
				return err
			}
			for _, t := range p.model.NewFold().Tables() {
				shape, err := shapeOf(reading, tx, t, m.g)
				if err != nil {
					return err
				}
				stored, err := shape.digestTable(reading, tx.Conn().PgConn(), true)
				if err != nil {
					return err
				}
				m.shapes, m.stored = append(m.shapes, shape), append(m.stored, stored)
			}
			v.models = append(v.models, m)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return nil
}

// snapshot returns what a fold has to take to arrive at what the live generation is at this moment.
func (s *Set) snapshot(ctx context.Context, tx pgx.Tx, p *projection) (*folding, Generation, error) {
	f := &folding{
		of: p, to: make(map[eventstore.LogID]eventstore.Position), parked: make(map[eventstore.LogID][]follower), at: make(map[eventstore.LogID]Checkpoint),
		skip: make(map[eventstore.LogID]map[eventstore.Position]struct{}),
	}
	var g Generation
	if err := tx.QueryRow(ctx, "select coalesce(live_generation, 0) from projections where name = $1", p.name).Scan(&g); err != nil {
		return nil, 0, fmt.Errorf("live generation of %s: %w", p.name, err)
	}
	for _, store := range s.stores {
		log := store.Log()
		if p.model != nil {
			at, err := (&postgresSink{model: p.model, log: log, generation: g}).checkpoint(ctx, tx)
			if err != nil {
				return nil, 0, fmt.Errorf("checkpoint of %s: %w", p.name, err)
			}
			f.to[log], f.at[log] = at.Position, at
		}
		var err error
		if f.skip[log], err = parkedPositions(ctx, tx, log, p.name, g); err != nil {
			return nil, 0, err
		}
	}
	return f, g, nil
}

func parkedPositions(ctx context.Context, db queryer, log eventstore.LogID, name string, g Generation) (map[eventstore.Position]struct{}, error) {
	rows, err := db.Query(ctx, "select position from parked_events where log_id = $1 and name = $2 and generation = $3", log, name, g)
	if err != nil {
		return nil, fmt.Errorf("parked events of %s: %w", name, err)
	}
	positions, err := pgx.CollectRows(rows, pgx.RowTo[eventstore.Position])
	if err != nil {
		return nil, fmt.Errorf("parked events of %s: %w", name, err)
	}
	out := make(map[eventstore.Position]struct{}, len(positions))
	for _, p := range positions {
		out[p] = struct{}{}
	}
	return out, nil
}

// compare folds the log once for all models and compares.
func (v *verification) compare(ctx context.Context) error {
	var total int64
	r := &replay{set: v.set, versions: true, progress: func(log eventstore.LogID, at eventstore.Position) {
		if v.options.Progress != nil {
			v.options.Progress(Progress{Phase: PhaseRead, Log: log, Done: int64(at), Total: total})
		}
	}}
	for _, m := range v.models {
		r.foldings = append(r.foldings, m.folding)
		for _, to := range m.to {
			total = max(total, int64(to))
		}
		if err := v.checkPast(ctx, m); err != nil {
			return err
		}
	}
	faults, err := r.run(ctx)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	v.found = append(v.found, faults...)
	for _, m := range v.models {
		if err := v.compareModel(ctx, m); err != nil {
			return fmt.Errorf("verify %s: %w", m.of.name, err)
		}
		m.fold, m.stored = nil, nil
	}
	return nil
}

// checkPast notes a checkpoint that the log does not have, and folds what there is.
func (v *verification) checkPast(ctx context.Context, m *verified) error {
	for _, store := range v.set.stores {
		stranger, err := v.stranger(ctx, store, m.of.name, m.at[store.Log()])
		if err != nil {
			return err
		}
		if stranger != nil {
			m.to[store.Log()] = min(m.to[store.Log()], stranger.Head)
		}
	}
	return nil
}

// stranger notes, and returns, that a projection has seen what the log does not have.
func (v *verification) stranger(ctx context.Context, store *eventstore.Store, name string, at Checkpoint) (*eventstore.PastError, error) {
	err := store.Compare(ctx, name, at)
	var stranger *eventstore.PastError
	if !errors.As(err, &stranger) {
		return nil, err
	}
	v.found = append(v.found, Difference{Projection: name, Position: at.Position, Problem: stranger.Error()})
	return stranger, nil
}

func (v *verification) compareModel(ctx context.Context, m *verified) error {
	if m.fold == nil {
		v.found = append(v.found, Difference{Projection: m.of.name, Problem: m.failed.Error()})
		return nil
	}
	position := eventstore.Position(0)
	for _, store := range v.set.stores {
		position = m.to[store.Log()]
		for _, f := range m.parked[store.Log()] {
			if f.reason != "" {
				v.found = append(v.found, Difference{
					Projection: m.of.name, Key: f.stream.String(), Position: f.position, Problem: "not parked, but cannot be folded: " + f.reason,
				})
			}
		}
	}
	for i, t := range m.fold.Tables() {
		want, err := m.shapes[i].digestRows(ctx, t.Rows, true)
		if err != nil {
			return err
		}
		if m.stored[i].equal(want) {
			continue
		}
		for _, d := range m.shapes[i].differences(m.stored[i], want, v.options.Limit) {
			d.Projection, d.Position = m.of.name, position
			v.found = append(v.found, d)
		}
	}
	return nil
}

// parked tells what the live generations leave out: the events of parked streams, which neither side of a comparison has.
func (v *verification) parked(ctx context.Context, of []*projection) error {
	for _, p := range of {
		streams, total, err := v.set.parkedOf(ctx, p.name, v.options.Limit)
		if err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		for i := range streams {
			s := &streams[i]
			v.found = append(v.found, Difference{
				Projection: p.name, Key: s.Stream.String(), Position: s.Position,
				Problem: fmt.Sprintf("parked, so that it is missing from there on (tenant %s): %s", s.Tenant, s.Reason),
			})
		}
		if more := total - int64(len(streams)); more > 0 {
			v.found = append(v.found, Difference{Projection: p.name, Problem: fmt.Sprintf("%d more streams are parked", more)})
		}
	}
	return nil
}

// backend lets a projection outside Postgres compare itself.
func (v *verification) backend(ctx context.Context, p *projection) error {
	for _, store := range v.set.stores {
		g, err := v.set.live(ctx, p)
		if err != nil {
			return err
		}
		at, err := p.checkpoint(ctx, store.Log(), g)
		if err != nil {
			return fmt.Errorf("verify %s: %w", p.name, err)
		}
		if stranger, err := v.stranger(ctx, store, p.name, at); err != nil || stranger != nil { // its documents are served to nobody
			return err
		}
		fold := func(ctx context.Context, to eventstore.Position, until func(uuid.UUID) eventstore.Position) (Fold, error) {
			return v.set.foldOne(ctx, p, g, store.Log(), to, until)
		}
		found, err := p.backend.Verify(ctx, g, store.Log(), fold)
		if err == nil && len(found) > 0 { // a stream unparked in between looks different once, but not twice
			found, err = p.backend.Verify(ctx, g, store.Log(), fold)
		}
		if err != nil {
			return fmt.Errorf("verify %s: %w", p.name, err)
		}
		v.found = append(v.found, found...)
	}
	return nil
}

func (s *Set) foldOne(ctx context.Context, p *projection, g Generation, log eventstore.LogID, to eventstore.Position, until func(uuid.UUID) eventstore.Position) (Fold, error) {
	skip, err := parkedPositions(ctx, s.pool, log, p.name, g)
	if err != nil {
		return nil, err
	}
	f := &folding{
		of: p, to: map[eventstore.LogID]eventstore.Position{log: to}, until: until, parked: make(map[eventstore.LogID][]follower),
		skip: map[eventstore.LogID]map[eventstore.Position]struct{}{log: skip},
	}
	if _, err := (&replay{set: s, foldings: []*folding{f}}).run(ctx); err != nil {
		return nil, err
	}
	return f.fold, f.failed
}
