package eventstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// Watermill's own suite, in frames of one event. A topic is a log, a message an event of a stream of its own. The suite
// restarts servers by a command only; TestFeed_survivesServerCrash is that part.
func TestFeed_conformance(t *testing.T) {
	t.Parallel()

	server := pgtest.Server(t, map[string]string{"max_connections": "300"}) // a connection a log, and the pool's
	logs := &topicLogs{pool: pgtest.PoolOf(t, server.URL()), stores: map[string]*eventstore.Store{}, groups: map[string]eventstore.Position{}}
	t.Cleanup(func() { logs.close(t) })
	tests.TestPubSub(t,
		tests.Features{
			ConsumerGroups: true, GuaranteedOrder: true, Persistent: true, NewSubscriberReceivesOldMessages: true,
		},
		func(*testing.T) (message.Publisher, message.Subscriber) {
			return topicPublisher{logs}, &topicSubscriber{logs: logs}
		},
		func(_ *testing.T, group string) (message.Publisher, message.Subscriber) {
			return topicPublisher{logs}, &topicSubscriber{logs: logs, group: group}
		},
	)
}

// topicLogs makes a log of each topic, and keeps the checkpoints of consumer groups.
type topicLogs struct {
	pool   *pgxpool.Pool
	mu     sync.Mutex
	stores map[string]*eventstore.Store
	groups map[string]eventstore.Position
}

func (l *topicLogs) of(topic string) (*eventstore.Store, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s, ok := l.stores[topic]; ok {
		return s, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	log := eventstore.LogID(len(l.stores) + 2)
	if _, err := l.pool.Exec(ctx, "insert into logs (log_id) values ($1)", log); err != nil {
		return nil, err
	}
	s, err := eventstore.Open(ctx, l.pool, eventstore.Config{Log: log})
	if err == nil {
		l.stores[topic] = s
	}
	return s, err
}

func (l *topicLogs) close(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for topic, s := range l.stores {
		if err := s.Close(ctx); err != nil {
			t.Errorf("close log of %s: %v", topic, err)
		}
	}
}

// checkpoint returns how far a group is in a topic, and moves it to position if that is further. Nobody's group begins
// anew each time.
func (l *topicLogs) checkpoint(group, topic string, position eventstore.Position) eventstore.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	if group == "" {
		return 0
	}
	l.groups[group+topic] = max(l.groups[group+topic], position)
	return l.groups[group+topic]
}

// topicPublisher appends messages as events; the messages' metadata becomes the events'.
type topicPublisher struct{ logs *topicLogs }

func (p topicPublisher) Publish(topic string, messages ...*message.Message) error {
	store, err := p.logs.of(topic)
	if err != nil {
		return err
	}
	a := eventstore.Append{Tenant: "demo"}
	for _, msg := range messages {
		id, err := uuid.Parse(msg.UUID)
		if err != nil {
			return err
		}
		metadata, err := json.Marshal(msg.Metadata)
		if err != nil {
			return err
		}
		a.Reads = append(a.Reads, eventstore.Expectation{Stream: id})
		a.Events = append(a.Events, eventstore.NewEvent{
			ID: id, Stream: id, StreamType: "message", Type: "message.published.v1", Data: msg.Payload, Metadata: metadata, OccurredAt: time.Now(),
		})
	}
	_, err = store.Append(context.Background(), a)
	return err
}

func (p topicPublisher) Close() error { return nil }

// topicSubscriber opens a feed a topic.
type topicSubscriber struct {
	logs  *topicLogs
	group string

	mu     sync.Mutex
	closed bool
	feeds  []*eventstore.Feed
}

func (s *topicSubscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	store, err := s.logs.of(topic)
	if err != nil {
		return nil, err
	}
	feed := eventstore.NewFeed(store, eventstore.FeedConfig{
		Consumer:  s.group,
		MaxEvents: 1,
		After: func(context.Context) (eventstore.Position, error) {
			return s.logs.checkpoint(s.group, topic, 0), nil
		},
		Redelivery: 10 * time.Microsecond, // the suite refuses hundreds
		Marshal: func(f eventstore.Frame) (*message.Message, error) {
			s.logs.checkpoint(s.group, topic, f.First-1) // it is this one's turn: the one before is acknowledged
			return published(f)
		},
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, eventstore.ErrClosed
	}
	s.feeds = append(s.feeds, feed)
	return feed.Subscribe(ctx, topic)
}

// published returns the message that topicPublisher has appended.
func published(f eventstore.Frame) (*message.Message, error) {
	if len(f.Events) != 1 {
		return nil, errors.New("want frames of one event")
	}
	e := f.Events[0]
	msg := message.NewMessage(e.ID.String(), e.Data)
	return msg, json.Unmarshal(e.Metadata, &msg.Metadata)
}

func (s *topicSubscriber) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var errs []error
	for _, feed := range s.feeds {
		errs = append(errs, feed.Close())
	}
	return errors.Join(errs...)
}
