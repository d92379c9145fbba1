package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/eventstore"
)

const (
	applyEvents = 8000 // at most in one step: the more a projection is behind, the fewer times it writes what changes often
	applyBytes  = 2 << 20
	singleTries = 3 // of one event, before its stream is parked
	singlePause = 20 * time.Millisecond

	// What the events of one tenant can cost the others in a session: that many streams of it are searched for one by one,
	// and waited for as many times as patience allows; after that all streams that a failing step has of it are parked.
	maxSearched = 32
	patience    = 8
	maxParked   = 1000 // streams that were searched for in one session: more is not bad events but bad code
)

// errTooManyParked says that the projection's code, not its events, is at fault.
var errTooManyParked = errors.New("too many streams cannot be applied")

// consumer moves one generation of a projection along one log: it brings frames into the order of the log, decodes
// them, applies them, and parks the streams of those that cannot be. It is for one goroutine at a time.
type consumer struct {
	set     *Set
	of      *projection
	store   *eventstore.Store
	g       Generation
	sink    Sink
	fence   int64
	lease   *lease // nil while a rebuild is the only writer
	parking *parking
	decoder decoder
	search  search
	past    *eventstore.Past // of the log: what comes after it is not this consumer's
	at      Checkpoint
	applied func(to eventstore.Position, events []Event) // told after each step
	logger  *slog.Logger
}

// newConsumer finds out where the generation is and whether the log still has that past.
func (s *Set) newConsumer(ctx context.Context, p *projection, store *eventstore.Store, g Generation) (*consumer, error) {
	c := &consumer{set: s, of: p, store: store, g: g, sink: p.sink(store.Log(), g), decoder: decoder{bodies: s.bodies}, applied: func(eventstore.Position, []Event) {}}
	c.logger = s.logger.With("projection", p.name, "log", store.Log(), "generation", g)
	c.past = store.Past()
	var err error
	if c.at, err = p.checkpoint(ctx, store.Log(), g); err != nil {
		return nil, err
	}
	if err = store.Compare(ctx, p.name, c.at); err != nil {
		return nil, err
	}
	c.parking, err = loadParking(ctx, s.pool, store.Log(), p.name, g)
	return c, err
}

// take brings the events of a frame to where they belong: what is known is dropped, what is missing before them is read
// from the log.
func (c *consumer) take(ctx context.Context, frame eventstore.Frame) error {
	if frame.Epoch != c.past.Epoch() || c.store.Past() != c.past {
		return fmt.Errorf("log %d has another past by now: %w", frame.Log, ErrFenced)
	}
	rest, ok := frame.After(c.at.Position)
	if !ok {
		return nil
	}
	if err := c.readTo(ctx, rest.First-1); err != nil {
		return err
	}
	return c.step(ctx, rest.Events)
}

// readTo applies everything up to a position from the log.
func (c *consumer) readTo(ctx context.Context, to eventstore.Position) error {
	for c.at.Position < to {
		events, err := c.store.Read(ctx, c.at.Position, int(min(to-c.at.Position, applyEvents)))
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return fmt.Errorf("log %d ends before position %d", c.store.Log(), to)
		}
		if err := c.step(ctx, events); err != nil {
			return err
		}
	}
	return nil
}

// step applies events that begin right after the checkpoint.
func (c *consumer) step(ctx context.Context, recorded []eventstore.Recorded) error {
	for len(recorded) > 0 {
		n := min(len(recorded), applyEvents)
		if err := c.apply(ctx, recorded[:n]); err != nil {
			return err
		}
		recorded = recorded[n:]
	}
	return nil
}

// apply decodes the events that mean something to the projection and applies them. The streams of what this build cannot
// read are parked from there on, all at once.
func (c *consumer) apply(ctx context.Context, recorded []eventstore.Recorded) error {
	events := make([]Event, 0, len(recorded))
	var unreadable []follower
	for i := range recorded {
		rec := &recorded[i]
		if !c.of.takes(rec.StreamType) {
			continue
		}
		if c.parking.has(rec) {
			events = append(events, Event{Recorded: *rec}) // it follows its stream, unread
			continue
		}
		e, err := c.decoder.decode(rec)
		if err == nil {
			events = append(events, e)
			continue
		}
		f := follower{rec.Position, rec.Stream, rec.Tenant, reasonOf(err)}
		unreadable = append(unreadable, f)
		c.parking.remember([]follower{f}) // what comes of the stream follows it
	}
	if err := c.park(ctx, unreadable); err != nil {
		return err
	}
	return c.narrow(ctx, events, c.checkpoint(&recorded[len(recorded)-1]))
}

func (c *consumer) checkpoint(rec *eventstore.Recorded) Checkpoint {
	return Checkpoint{Epoch: c.past.Epoch(), Position: rec.Position, Event: rec.ID}
}

// narrow applies events and moves the checkpoint to to. If they cannot be applied because of one of them, halving finds
// it, and its stream is parked.
func (c *consumer) narrow(ctx context.Context, events []Event, to Checkpoint) error {
	kept, err := c.follow(ctx, events)
	if err != nil {
		return err
	}
	switch err = c.write(ctx, kept, to); {
	case !errors.Is(err, ErrInvalidEvent):
		return err
	case len(kept) == 0:
		return err
	case len(kept) == 1:
		return c.single(ctx, kept[0], to)
	}
	if rest, excluded := c.search.exclude(kept, err); len(excluded) > 0 {
		if err := c.park(ctx, excluded); err != nil {
			return err
		}
		return c.narrow(ctx, rest, to)
	}
	half := len(kept) / 2
	if err := c.narrow(ctx, kept[:half], c.checkpoint(&kept[half-1].Recorded)); err != nil {
		return err
	}
	return c.narrow(ctx, kept[half:], to)
}

// follow sends the events of parked streams after them and returns the others.
func (c *consumer) follow(ctx context.Context, events []Event) ([]Event, error) {
	if len(c.parking.streams) == 0 {
		return events, nil
	}
	kept := make([]Event, 0, len(events))
	var followers []follower
	for i := range events {
		if e := &events[i]; c.parking.has(&e.Recorded) {
			followers = append(followers, follower{position: e.Position, stream: e.Stream, tenant: e.Tenant})
		} else {
			kept = append(kept, *e)
		}
	}
	return kept, c.park(ctx, followers)
}

// single tries one event some more times and then parks its stream.
func (c *consumer) single(ctx context.Context, e Event, to Checkpoint) error {
	err := ErrInvalidEvent
	for try := 1; try < singleTries; try++ {
		if c.search.waits() && !sleep(ctx, singlePause<<try) {
			return ctx.Err()
		}
		if err = c.write(ctx, []Event{e}, to); !errors.Is(err, ErrInvalidEvent) {
			return err
		}
	}
	if err := c.park(ctx, []follower{{e.Position, e.Stream, e.Tenant, reasonOf(err)}}); err != nil {
		return err
	}
	if n := c.search.found(e.Tenant); n > maxParked {
		return fmt.Errorf("projection %s: %w: %d in a row, the last one because of: %w", c.of.name, errTooManyParked, n, err)
	}
	return c.write(ctx, nil, to)
}

// write is one step of the sink.
func (c *consumer) write(ctx context.Context, events []Event, to Checkpoint) error {
	if err := c.safely(func() error { return c.sink.Apply(ctx, c.fence, c.at, to, events) }); err != nil {
		return err
	}
	c.at = to
	c.applied(to.Position, events)
	return nil
}

// safely turns a panic into an error that is the event's fault.
func (c *consumer) safely(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %s panicked: %v", ErrInvalidEvent, c.of.name, r)
		}
	}()
	return do()
}

// park stores followers before the checkpoint passes them, so that a crash in between repeats it. While the lease is
// locked nobody else can have it, so the next owner sees what was parked, or this one is refused.
func (c *consumer) park(ctx context.Context, followers []follower) error {
	if len(followers) == 0 {
		return nil
	}
	if err := c.leased(ctx, func(tx pgx.Tx) error { return c.parking.add(ctx, tx, followers) }); err != nil {
		return err
	}
	c.parking.remember(followers)
	streams := 0
	for _, f := range followers {
		if f.reason == "" {
			continue
		}
		if streams++; streams <= maxLogged {
			c.logger.Error("stream parked", "stream", f.stream, "tenant", f.tenant, "position", f.position, "reason", f.reason)
		}
	}
	if streams > maxLogged {
		c.logger.Error("more streams parked", "streams", streams-maxLogged, "see", "ordermill projections parked")
	}
	return nil
}

// maxLogged is how many of the streams that are parked together are logged one by one.
const maxLogged = 10

// sleep waits for d and returns false when ctx has ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
