package read

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/eventstore"
)

// Run follows the log until ctx ends, so that answers in memory are forgotten the moment they are outdated, from one past
// of the log to the next. It returns an error when the feed ends by itself.
func (h *Host) Run(ctx context.Context) error {
	return h.server.Store.EachPast(ctx, "read host: follow the log", func(ctx context.Context) error { return h.server.follow(ctx, h.server.memory()) })
}

// follow tells the memory what happens until its past ends.
func (s *server) follow(ctx context.Context, m *memory) error {
	feed := eventstore.NewFeed(s.Store, eventstore.FeedConfig{
		Consumer: "answers in memory", Marshal: eventstore.LocalMessageOf, Logger: s.log,
		After: func(ctx context.Context) (eventstore.Position, error) {
			head, _, err := s.Store.Head(ctx)
			if err != nil {
				return 0, err
			}
			m.settings.Restart(head)
			m.cache.Restart(head)
			s.Vault.ForgetAll()
			return head, nil
		},
	})
	messages, err := feed.Subscribe(ctx, "log")
	if err != nil {
		return err
	}
	defer feed.Close() // it only waits
	for msg := range messages {
		frame, err := eventstore.FrameOf(msg)
		if err != nil {
			return err
		}
		commands.ForgetErased(s.Vault, frame.Events) // before the frame counts as seen
		m.settings.Frame(frame.Events)
		m.cache.Frame(frame.Events) // the last one: it is asked how far the log was seen
		m.lag.note(frame.Last, frame.Events[len(frame.Events)-1].RecordedAt)
		msg.Ack()
	}
	return nil
}

// lag knows when the log went beyond a position, for the recent past. It is safe for concurrent use.
type lag struct {
	mu    sync.Mutex
	marks [256]mark // a ring
	next  int
}

type mark struct {
	position eventstore.Position
	at       time.Time
}

func newLag() *lag { return &lag{} }

func (l *lag) note(position eventstore.Position, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.marks[l.next%len(l.marks)] = mark{position, at}
	l.next++
}

// of returns for how long an answer at a position has been outdated, as far as this process knows: 0 if it is current.
func (l *lag) of(position eventstore.Position, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next == 0 || l.marks[(l.next-1)%len(l.marks)].position <= position {
		return 0
	}
	for i := max(0, l.next-len(l.marks)); i < l.next; i++ {
		if m := l.marks[i%len(l.marks)]; m.position > position {
			return max(time.Millisecond, now.Sub(m.at))
		}
	}
	return 0
}

// milliseconds writes a lag as a header does.
func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
