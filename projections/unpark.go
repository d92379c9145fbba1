package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/eventstore"
)

// unparkPoll is how often Unpark looks whether the projection's owner has done it.
const unparkPoll = 50 * time.Millisecond

// Unpark has a parked stream tried again, oldest event first, and waits for the outcome: nil when all its events are
// applied, otherwise why not. Whoever runs the projection does it, or Unpark itself when nobody does. For a projection
// whose values depend on the order of events across streams it notes that a rebuild is needed and returns
// ErrRebuildNeeded.
func (s *Set) Unpark(ctx context.Context, name string, stream uuid.UUID) error {
	named, err := s.named([]string{name})
	if err != nil {
		return err
	}
	p := named[0]
	for _, store := range s.stores {
		tag, err := s.pool.Exec(ctx, `update parked_streams s set requested_at = clock_timestamp() from projections p
			where s.log_id = $1 and s.name = $2 and s.stream_id = $3 and p.name = s.name and p.live_generation = s.generation`,
			store.Log(), name, stream)
		if err != nil {
			return fmt.Errorf("unpark %s: %w", stream, err)
		}
		if tag.RowsAffected() > 0 {
			return s.unpark(ctx, p, store, stream)
		}
	}
	return fmt.Errorf("stream %s is not parked in %s", stream, name)
}

func (s *Set) unpark(ctx context.Context, p *projection, store *eventstore.Store, stream uuid.UUID) error {
	owner := "unpark " + uuid.NewString()
	for {
		l, err := takeLease(ctx, s.pool, store.Log(), p.name, owner, 30*time.Second)
		if err != nil {
			return err
		}
		if l != nil {
			if err := s.unparkAs(ctx, p, store, l); err != nil {
				return err
			}
		}
		done, err := s.unparked(ctx, p, store.Log(), stream)
		if done || err != nil {
			return err
		}
		if !sleep(ctx, unparkPoll) {
			return fmt.Errorf("unpark %s: nobody has done it yet: %w", stream, ctx.Err())
		}
	}
}

// unparkAs is what the owner of the projection does, for one moment.
func (s *Set) unparkAs(ctx context.Context, p *projection, store *eventstore.Store, l *lease) (err error) {
	defer func() {
		err = errors.Join(err, l.release(context.WithoutCancel(ctx), ""))
	}()
	g, err := s.live(ctx, p)
	if err != nil {
		return err
	}
	c, err := s.newConsumer(ctx, p, store, g)
	if err != nil {
		return err
	}
	c.lease, c.fence = l, l.epoch
	return c.redriveRequested(ctx)
}

// unparked reports whether the outcome is there.
func (s *Set) unparked(ctx context.Context, p *projection, log eventstore.LogID, stream uuid.UUID) (bool, error) {
	var reason string
	var asked bool
	err := s.pool.QueryRow(ctx, `select s.reason, s.requested_at is not null from parked_streams s
		join projections p on p.name = s.name and p.live_generation = s.generation
		where s.log_id = $1 and s.name = $2 and s.stream_id = $3`, log, p.name, stream).Scan(&reason, &asked)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("unpark %s: %w", stream, err)
	case asked:
		return false, nil
	case p.sensitive:
		return false, fmt.Errorf("unpark %s: %w %s", stream, ErrRebuildNeeded, p.name)
	}
	return false, fmt.Errorf("stream %s stays parked in %s: %s", stream, p.name, reason)
}

// redriveRequested tries again the streams that somebody has asked for.
func (c *consumer) redriveRequested(ctx context.Context) error {
	rows, err := c.set.pool.Query(ctx, `select stream_id from parked_streams
		where log_id = $1 and name = $2 and generation = $3 and requested_at is not null order by requested_at`,
		c.store.Log(), c.of.name, c.g)
	if err != nil {
		return fmt.Errorf("parked streams of %s: %w", c.of.name, err)
	}
	streams, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return fmt.Errorf("parked streams of %s: %w", c.of.name, err)
	}
	for _, stream := range streams {
		if err := c.redrive(ctx, stream); err != nil {
			return err
		}
	}
	return nil
}

// redrive applies a stream's parked events. Those that fail stay parked, with all after them.
func (c *consumer) redrive(ctx context.Context, stream uuid.UUID) error {
	redriver, able := c.sink.(Redriver)
	if _, ok := c.sink.(*postgresSink); ok {
		able = true
	}
	if c.of.sensitive || !able {
		return c.needRebuild(ctx, stream)
	}
	for {
		events, err := c.set.parkedEvents(ctx, c.store, c.parking, stream)
		if err == nil && len(events) == 0 {
			return c.freeStream(ctx, stream)
		}
		if err == nil {
			err = c.safely(func() error { return c.redriveSome(ctx, redriver, events) })
		}
		if errors.Is(err, ErrInvalidEvent) {
			return c.stillParked(ctx, stream, reasonOf(err))
		}
		if err != nil {
			return err
		}
	}
}

// redriveSome halves what fails until the failing event is alone, so that those before it are applied.
func (c *consumer) redriveSome(ctx context.Context, redriver Redriver, events []Event) error {
	positions := make([]int64, len(events))
	for i := range events {
		positions[i] = int64(events[i].Position)
	}
	free := func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "delete from parked_events where log_id = $1 and name = $2 and generation = $3 and position = any($4)",
			c.store.Log(), c.of.name, c.g, positions)
		return err
	}
	var err error
	if sink, ok := c.sink.(*postgresSink); ok {
		err = sink.redrive(ctx, c.fence, events, free)
	} else if err = redriver.Redrive(ctx, c.fence, events); err == nil {
		err = c.leased(ctx, free)
	}
	if !errors.Is(err, ErrInvalidEvent) || len(events) == 1 {
		return err
	}
	half := len(events) / 2
	if err := c.redriveSome(ctx, redriver, slices.Clone(events[:half])); err != nil {
		return err
	}
	return c.redriveSome(ctx, redriver, slices.Clone(events[half:]))
}

// leased runs do in a transaction during which the lease stays here.
func (c *consumer) leased(ctx context.Context, do func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, c.set.pool, func(tx pgx.Tx) error {
		if c.lease != nil {
			if err := c.lease.lock(ctx, tx); err != nil {
				return err
			}
		}
		return do(tx)
	})
}

const thisParkedStream = " where log_id = $1 and name = $2 and generation = $3 and stream_id = $4"

func (c *consumer) freeStream(ctx context.Context, stream uuid.UUID) error {
	err := c.leased(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "delete from parked_streams"+thisParkedStream, c.store.Log(), c.of.name, c.g, stream)
		return err
	})
	if err != nil {
		return fmt.Errorf("unpark %s: %w", stream, err)
	}
	delete(c.parking.streams, stream)
	c.logger.Info("stream unparked", "stream", stream)
	return nil
}

func (c *consumer) stillParked(ctx context.Context, stream uuid.UUID, reason string) error {
	err := c.leased(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "update parked_streams set requested_at = null, reason = $5"+thisParkedStream,
			c.store.Log(), c.of.name, c.g, stream, reason)
		return err
	})
	if err != nil {
		return fmt.Errorf("unpark %s: %w", stream, err)
	}
	return nil
}

// needRebuild notes that only a rebuild can take the stream's events up.
func (c *consumer) needRebuild(ctx context.Context, stream uuid.UUID) error {
	err := c.leased(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "update projections set rebuild_needed = $2 where name = $1", c.of.name,
			fmt.Sprintf("stream %s was parked and is to be taken up again", stream))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "update parked_streams set requested_at = null"+thisParkedStream, c.store.Log(), c.of.name, c.g, stream)
		return err
	})
	if err != nil {
		return fmt.Errorf("unpark %s: %w", stream, err)
	}
	return nil
}
