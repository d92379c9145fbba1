package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ordermill/ordermill/eventstore"
)

const (
	closeEnough = 500 // events behind at which a new generation is compared or switched
	switchTries = 20
	maxShown    = 20 // differences in an error
)

// load stores what the fold holds, with its checkpoints and parked streams.
func (r *rebuild) load(ctx context.Context, j *job) (err error) {
	if j.of.model != nil {
		j.tables, err = r.set.load(ctx, j.of, j.g, j.fold, func() bool { return r.quiet(ctx) })
		for _, t := range j.tables {
			j.rows += t.want.rows
		}
	} else {
		err = j.of.backend.Load(ctx, j.g, j.fold, r.at)
	}
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, r.set.pool, func(tx pgx.Tx) error { return r.settle(ctx, tx, j) })
	if err != nil {
		return fmt.Errorf("checkpoint of %s generation %d: %w", j.of.name, j.g, err)
	}
	for _, store := range r.set.stores {
		c, err := r.set.newConsumer(ctx, j.of, store, j.g)
		if err != nil {
			return err
		}
		c.applied = func(_ eventstore.Position, events []Event) { j.add(events) }
		j.consumers = append(j.consumers, c)
	}
	return nil
}

// quiet reports whether the logs still end where they were read to, so that what is loaded now may be the last word.
func (r *rebuild) quiet(ctx context.Context) bool {
	for _, store := range r.set.stores {
		if head, _, err := store.Head(ctx); err != nil || head != r.at[store.Log()].Position {
			return false
		}
	}
	return true
}

// settle sets the checkpoints. Like the load it does not wait for the disk: the commit that switches does, and with it
// for everything that was written before.
func (r *rebuild) settle(ctx context.Context, tx pgx.Tx, j *job) error {
	if err := execAll(ctx, tx, []string{"set local synchronous_commit = off"}); err != nil {
		return err
	}
	for log, c := range r.at {
		if j.of.model != nil {
			_, err := tx.Exec(ctx, `insert into projection_checkpoints (log_id, name, generation, position, event_id, log_epoch)
				values ($1, $2, $3, $4, $5, $6)`, log, j.of.name, j.g, c.Position, c.Event, c.Epoch)
			if err != nil {
				return err
			}
		}
		if followers := j.folding.parked[log]; len(followers) > 0 {
			if err := (&parking{log: log, name: j.of.name, generation: j.g}).add(ctx, tx, followers); err != nil {
				return err
			}
		}
	}
	return nil
}

// add takes the events that the new generation has applied by itself, so that both can be compared afterwards.
func (j *job) add(events []Event) {
	if j.fold == nil || len(events) == 0 { // compared already, or nothing to add
		return
	}
	if forker, ok := j.fold.(Forker); ok && j.shared {
		j.fold, j.shared = forker.Fork(), false
	}
	j.tables = nil
	for i := range events {
		// What the fold refuses and the tables took shows as a difference.
		_ = addSafely(j.fold, &events[i])
	}
}

// follow brings the new generation near the log's end, by the way that live events go.
func (r *rebuild) follow(ctx context.Context, j *job) error {
	for _, c := range j.consumers {
		for {
			head, _, err := c.store.Head(ctx)
			if err != nil {
				return err
			}
			if head-c.at.Position <= closeEnough {
				break
			}
			if err := c.readTo(ctx, head); err != nil {
				return fmt.Errorf("catch up %s: %w", j.of.name, err)
			}
		}
	}
	return nil
}

// compare refuses a generation whose stored values are not what the fold says.
func (r *rebuild) compare(ctx context.Context, j *job) error {
	var different []Difference
	var err error
	if j.of.model != nil {
		different, err = r.set.compareTables(ctx, j)
	} else {
		different, err = r.compareBackend(ctx, j)
	}
	if err != nil {
		return fmt.Errorf("compare %s: %w", j.of.name, err)
	}
	if len(different) > 0 {
		return &NotEqualError{Projection: j.of.name, Differences: different[:min(len(different), maxShown)]}
	}
	return nil
}

// compareTables reads the new tables back, unless that was done while they were loaded and nothing has come since. Nobody
// else writes them, so they stand still.
func (s *Set) compareTables(ctx context.Context, j *job) (different []Difference, err error) {
	if j.tables != nil && !slices.ContainsFunc(j.tables, func(t *loadedTable) bool { return !t.equal() }) {
		return nil, nil
	}
	err = s.reading(ctx, func(conn *pgconn.PgConn) error {
		for i, t := range j.fold.Tables() {
			if j.tables != nil && j.tables[i].equal() {
				continue
			}
			shape, err := shapeOf(ctx, s.pool, t, j.g)
			if err != nil {
				return err
			}
			found, err := shape.compare(ctx, conn, t)
			if err != nil {
				return err
			}
			different = append(different, found...)
		}
		return nil
	})
	return different, err
}

// compare tells single rows apart only where there is a difference.
func (s *shape) compare(ctx context.Context, conn *pgconn.PgConn, t Table) ([]Difference, error) {
	for _, keys := range []bool{false, true} {
		stored, err := s.digestTable(ctx, conn, keys)
		if err != nil {
			return nil, err
		}
		want, err := s.digestRows(ctx, t.Rows, keys)
		if err != nil {
			return nil, err
		}
		if stored.equal(want) {
			break
		}
		if keys {
			return s.differences(stored, want, maxShown), nil
		}
	}
	return nil, nil
}

// setAside finishes a generation that shows a past state.
func (r *rebuild) setAside(ctx context.Context, j *job) error {
	tag, err := r.set.pool.Exec(ctx, `update projection_generations set state = 'aside', changed_at = now(), note = $3
		where name = $1 and generation = $2 and state = 'building'`, j.of.name, j.g, fmt.Sprintf("as of position %d", r.options.Until))
	if err == nil && tag.RowsAffected() != 1 {
		err = ErrFenced
	}
	if err != nil {
		return fmt.Errorf("set generation %d of %s aside: %w", j.g, j.of.name, err)
	}
	return nil
}

// errBehind says that the live generation has gone on too far for the switch.
var errBehind = errors.New("the live generation is ahead")

// switchOver makes the new generation the live one.
func (r *rebuild) switchOver(ctx context.Context, j *job) error {
	for try := 1; ; try++ {
		if err := r.follow(ctx, j); err != nil {
			return err
		}
		old, err := r.liveBefore(ctx, j)
		if err != nil {
			return err
		}
		if j.of.model != nil {
			err = r.switchModel(ctx, j, old)
		} else {
			err = r.switchBackend(ctx, j, old)
		}
		retry := errors.Is(err, errBehind) || errors.Is(err, ErrInvalidEvent) // following parks the stream of the latter
		if err == nil {
			r.announce(j)
			return nil
		}
		if !retry || try == switchTries {
			return fmt.Errorf("switch %s to generation %d: %w", j.of.name, j.g, err)
		}
		for _, c := range j.consumers {
			head, _, err := c.store.Head(ctx)
			if err == nil {
				err = c.readTo(ctx, head)
			}
			if err != nil {
				return fmt.Errorf("catch up %s: %w", j.of.name, err)
			}
		}
	}
}

func (r *rebuild) liveBefore(ctx context.Context, j *job) (Generation, error) {
	var old Generation
	err := r.set.pool.QueryRow(ctx, "select live_generation from projections where name = $1", j.of.name).Scan(&old)
	if err != nil {
		return 0, fmt.Errorf("live generation of %s: %w", j.of.name, err)
	}
	return old, nil
}

func (r *rebuild) announce(j *job) {
	for _, c := range j.consumers {
		r.set.positions[c.store.Log()].Set(j.of.name, j.g, c.at.Position)
	}
}

// switchModel seals the old generation where it is, brings the new one at least as far, and moves the pointer, in one
// transaction: whoever sees the new pointer sees nothing that the old tables had not shown yet go away, and the old
// generation's projector finds its checkpoint sealed and goes on with the new one.
func (r *rebuild) switchModel(ctx context.Context, j *job, old Generation) error {
	after := make([]Checkpoint, len(j.consumers))
	err := pgx.BeginFunc(ctx, r.set.pool, func(tx pgx.Tx) error {
		if err := execAll(ctx, tx, []string{"set local lock_timeout = '10s'"}); err != nil {
			return err
		}
		for i, c := range j.consumers {
			reached, err := seal(ctx, tx, c, old)
			if err != nil {
				return err
			}
			if after[i], err = c.within(ctx, tx, reached); err != nil {
				return err
			}
		}
		return point(ctx, tx, j, old)
	})
	if err != nil {
		return err
	}
	for i, c := range j.consumers {
		c.at = after[i]
	}
	return nil
}

// seal stops the old generation in one log and returns where.
func seal(ctx context.Context, tx pgx.Tx, c *consumer, old Generation) (eventstore.Position, error) {
	var reached eventstore.Position
	err := tx.QueryRow(ctx, `update projection_checkpoints set sealed = true where log_id = $1 and name = $2 and generation = $3 returning position`,
		c.store.Log(), c.of.name, old).Scan(&reached)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("seal generation %d: %w", old, err)
	}
	return reached, nil
}

// within applies the few events up to a position inside a transaction, and returns the checkpoint after them.
func (c *consumer) within(ctx context.Context, tx pgx.Tx, to eventstore.Position) (Checkpoint, error) {
	at := c.at
	if to <= at.Position {
		return at, nil
	}
	head, _, err := c.store.Head(ctx)
	if err != nil {
		return at, err
	}
	if to > head {
		return at, nil // the old generation is of another past: that is why it is rebuilt
	}
	if to-at.Position > applyEvents {
		return at, errBehind
	}
	recorded, err := c.store.Read(ctx, at.Position, int(to-at.Position))
	if err != nil {
		return at, err
	}
	events := make([]Event, 0, len(recorded))
	for i := range recorded {
		rec := &recorded[i]
		if !c.of.takes(rec.StreamType) {
			continue
		}
		if c.parking.has(rec) {
			return at, errBehind // parking is done by following
		}
		e, err := c.decoder.decode(rec)
		if err != nil {
			return at, fmt.Errorf("%w: %w", ErrInvalidEvent, err)
		}
		events = append(events, e)
	}
	last := c.checkpoint(&recorded[len(recorded)-1])
	sink, ok := c.sink.(*postgresSink)
	if !ok {
		return at, fmt.Errorf("%s is not in Postgres", c.of.name)
	}
	return last, sink.applyTx(ctx, tx, c.fence, at, last, events)
}

// point moves the pointer, if both generations are still what they were.
func point(ctx context.Context, tx pgx.Tx, j *job, old Generation) error {
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`update projections set live_generation = $2, rebuild_needed = null, switched_at = now()
			where name = $1 and live_generation = $3`, []any{j.of.name, j.g, old}},
		{`update projection_generations set state = 'live', changed_at = now()
			where name = $1 and generation = $2 and state = 'building'`, []any{j.of.name, j.g}},
		{`update projection_generations set state = 'retired', changed_at = now()
			where name = $1 and generation = $2 and state = 'live'`, []any{j.of.name, old}},
	} {
		tag, err := tx.Exec(ctx, step.sql, step.args...)
		if err != nil {
			return err
		}
		if tag.RowsAffected() != 1 {
			return fmt.Errorf("another rebuild has come in between: %w", ErrFenced)
		}
	}
	return nil
}
