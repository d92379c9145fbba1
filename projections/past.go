package projections

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/eventstore"
)

// Bounds of looking whether the logs still have what the projections have seen.
const (
	judgeEvery   = time.Second
	judgeTimeout = 5 * time.Second
	storeTimeout = 250 * time.Millisecond // of a store outside Postgres to say where it is, to whoever can go on without
)

// judgeSQL finds live generations that have seen what the log does not have. One of an earlier epoch was built before the
// log was recovered: it is to be built anew, and says nothing against the log.
const judgeSQL = `select p.name, c.log_epoch, c.position, c.event_id from projections p
	join projection_checkpoints c on c.log_id = $1 and c.name = p.name and c.generation = p.live_generation
	join logs l on l.log_id = c.log_id
	where c.log_epoch > l.epoch or c.log_epoch = l.epoch and not log_has(c.log_id, c.position, c.event_id)
	order by c.position desc`

// WatchPasts keeps looking whether the logs still have what this process and the live generations have seen in them,
// until ctx ends. As soon as one has not, its store refuses every append, until the log is recovered.
func (s *Set) WatchPasts(ctx context.Context) error {
	var owned sync.WaitGroup
	for _, store := range s.stores {
		owned.Go(func() { _ = store.WatchPast(ctx) }) // it only ends with ctx
	}
	for sleep(ctx, judgeEvery) {
		if err := s.Judge(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, eventstore.ErrAnotherPast) {
			s.logger.Debug("read models are not compared with the log", "error", err) // the next time may do
		}
	}
	owned.Wait()
	return nil
}

// Judge compares the live generations with their logs, and tells the stores. It fails with a *eventstore.PastError if one
// has seen what its log does not have. A store outside Postgres that does not answer is left out.
func (s *Set) Judge(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	var errs []error
	for _, store := range s.stores {
		past := store.Past()
		seen, err := s.strangers(ctx, store)
		for _, e := range seen {
			store.Lose(past, e)
			errs = append(errs, e)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// strangers returns what live generations have seen and the log does not have.
func (s *Set) strangers(ctx context.Context, store *eventstore.Store) (found []*eventstore.PastError, err error) {
	rows, err := s.pool.Query(ctx, judgeSQL, store.Log())
	if err != nil {
		return nil, fmt.Errorf("compare read models with log %d: %w", store.Log(), err)
	}
	var name string
	var at Checkpoint
	seen := make(map[string]Checkpoint)
	if _, err = pgx.ForEachRow(rows, []any{&name, &at.Epoch, &at.Position, &at.Event}, func() error {
		seen[name] = at
		return nil
	}); err != nil {
		return nil, fmt.Errorf("compare read models with log %d: %w", store.Log(), err)
	}
	for _, p := range s.projections {
		if p.backend == nil {
			continue
		}
		if at, ok := s.away(ctx, p, store.Log()); ok {
			seen[p.name] = at
		}
	}
	for name, at := range seen {
		err := store.Compare(ctx, name, at)
		var stranger *eventstore.PastError
		switch {
		case errors.As(err, &stranger) && !stranger.Recovered():
			found = append(found, stranger)
		case err != nil && stranger == nil:
			return found, err
		}
	}
	return found, nil
}

// away asks a store outside Postgres where the live generation is, without waiting for long.
func (s *Set) away(ctx context.Context, p *projection, log eventstore.LogID) (Checkpoint, bool) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	g, err := s.live(ctx, p)
	if err != nil {
		return Checkpoint{}, false
	}
	at, err := p.checkpoint(ctx, log, g)
	return at, err == nil && at.Position > 0
}

// Recover says that the logs' pasts are what they have now, as after a restore: their epochs rise beyond all that was
// seen. The projections are then to be rebuilt, all of them.
func (s *Set) Recover(ctx context.Context) ([]eventstore.Recovered, error) {
	if err := s.Ensure(ctx); err != nil {
		return nil, err
	}
	var out []eventstore.Recovered
	for _, store := range s.stores {
		seen, err := s.strangers(ctx, store)
		if err != nil {
			return out, err
		}
		least := int64(0)
		for _, e := range seen {
			least = max(least, e.Seen.Epoch)
		}
		r, err := store.Recover(ctx, least)
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}
