package documents

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// Log is what a Cache is told of changes by; eventstore.Store is one. It must see the events of all tenants.
type Log interface {
	Head(ctx context.Context) (eventstore.Position, uuid.UUID, error)
	Read(ctx context.Context, after eventstore.Position, limit int) ([]eventstore.Recorded, error)
	Grown() <-chan struct{}
}

const (
	followLimit = 2000                   // events at a time
	followPoll  = 100 * time.Millisecond // other processes' events are found by asking
)

// Follow tells the cache of the log's events until ctx ends, beginning at the log's end. While the log cannot be read
// the cache goes on answering with what is proven at the last event that it knows of.
func (c *Cache[V]) Follow(ctx context.Context, log Log) error {
	at, started := eventstore.Position(0), false
	for ctx.Err() == nil {
		grown := log.Grown()
		if !started {
			if head, _, err := log.Head(ctx); err == nil {
				c.Restart(head)
				at, started = head, true
			}
		} else if events, err := log.Read(ctx, at, followLimit); err == nil && len(events) > 0 {
			c.Frame(events)
			at = events[len(events)-1].Position
			continue
		}
		timer := time.NewTimer(followPoll)
		select {
		case <-ctx.Done():
		case <-grown:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// Served returns the position that the token of an answer names: as far as the answer is proven and lists and figures
// are too (published, of the live projection in Postgres), since a client takes it there next and would have to wait;
// but never less than what the client needed or what the answer shows.
func Served(need, position, proven, published eventstore.Position) eventstore.Position {
	return max(need, position, min(proven, published))
}
