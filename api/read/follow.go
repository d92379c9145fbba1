package read

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/eventstore"
)

// Run follows the log until ctx ends, so that answers in memory are forgotten the moment they are outdated. It returns
// an error when the feed ends by itself.
func (h *Host) Run(ctx context.Context) error {
	s := h.server
	feed := eventstore.NewFeed(s.Store, eventstore.FeedConfig{
		Consumer: "answers in memory", Marshal: eventstore.LocalMessageOf, Logger: s.log,
		After: func(ctx context.Context) (eventstore.Position, error) {
			epoch, err := s.Store.Epoch(ctx)
			if err != nil {
				return 0, err
			}
			head, _, err := s.Store.Head(ctx)
			if err != nil {
				return 0, err
			}
			s.epoch.Store(epoch)
			s.restart(head)
			return head, nil
		},
	})
	messages, err := feed.Subscribe(ctx, "log")
	if err != nil {
		return fmt.Errorf("read host: follow the log: %w", err)
	}
	defer feed.Close() // it only waits
	for msg := range messages {
		frame, err := eventstore.FrameOf(msg)
		if err != nil {
			return fmt.Errorf("read host: follow the log: %w", err)
		}
		if s.epoch.Swap(frame.Epoch) != frame.Epoch {
			s.restart(frame.First - 1)
		}
		commands.ForgetErased(s.Vault, frame.Events) // before the frame counts as seen
		s.settings.Frame(frame.Events)
		s.cache.Frame(frame.Events) // the last one: it is asked how far the log was seen
		s.lag.note(frame.Last, frame.Events[len(frame.Events)-1].RecordedAt)
		msg.Ack()
	}
	if ctx.Err() == nil {
		return errors.New("read host: the feed ended by itself")
	}
	return nil
}

// restart says that what comes after a position follows from here on.
func (s *server) restart(position eventstore.Position) {
	s.settings.Restart(position)
	s.cache.Restart(position)
	s.uses.forget()
	s.Vault.ForgetAll()
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

// madeToken is the last token that was made: many answers in a row prove the same position.
type madeToken struct {
	position httpx.Position
	header   []string
}

// tokenHeader returns the header value of a position's token.
func (s *server) tokenHeader(epoch int64, position eventstore.Position) []string {
	at := httpx.Position{Log: s.Store.Log(), Epoch: epoch, Position: position}
	if made := s.token.Load(); made != nil && made.position == at {
		return made.header
	}
	made := &madeToken{at, []string{s.Tokens.Position(at)}}
	s.token.Store(made)
	return made.header
}
