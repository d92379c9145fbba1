package eventstore

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// FeedConfig says what a Feed hands out and how. Zero fields mean the documented defaults.
type FeedConfig struct {
	// Consumer names whom the feed is for, in the process's own log.
	Consumer string
	// After returns the position after which a subscription begins: the consumer's checkpoint. It is asked once a
	// subscription, and again, with growing pauses, while it fails. Default: before the first event.
	After func(ctx context.Context) (Position, error)
	// MaxEvents of a frame. Default 1000.
	MaxEvents int
	// MaxBytes of a frame in memory, roughly; an event larger than that goes alone. Default 4 MiB.
	MaxBytes int
	// PollInterval is how often the log is read when nothing tells that it has grown, give or take a quarter.
	// Default 1 s.
	PollInterval time.Duration
	// Redelivery is the pause before a frame that was refused is handed out again; it doubles with each refusal in a
	// row, up to a hundredfold. Default 50 ms.
	Redelivery time.Duration
	// Marshal makes the message of a frame. A frame for which it fails is tried again for ever: none is skipped.
	// Default MessageOf; consumers of the same process are cheaper served by LocalMessageOf.
	Marshal func(Frame) (*message.Message, error)
	// Logger. Default: nothing is logged.
	Logger *slog.Logger
}

func (c FeedConfig) withDefaults() FeedConfig {
	if c.After == nil {
		c.After = func(context.Context) (Position, error) { return 0, nil }
	}
	if c.MaxEvents <= 0 {
		c.MaxEvents = 1000
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = 4 << 20
	}
	if c.PollInterval <= 0 {
		c.PollInterval = time.Second
	}
	if c.Redelivery <= 0 {
		c.Redelivery = 50 * time.Millisecond
	}
	if c.Marshal == nil {
		c.Marshal = MessageOf
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Feed hands out a log's events as frames, in order and without holes, to one consumer: it is Watermill's Subscriber
// over a Store. Each subscription has one unacknowledged frame at a time. A frame that is not acknowledged, because of
// a Nack, a crash or the end of the subscription, is handed out again, so a consumer keeps its own checkpoint, stores
// it together with its work, and acknowledges after that.
//
// A message's context is the subscription's and ends with the acknowledgement and with Close; a handler that is to
// finish its frame while the process drains detaches itself from it. Feed is safe for concurrent use.
type Feed struct {
	store  *Store
	config FeedConfig

	mu      sync.Mutex
	closed  bool
	open    map[*subscription]context.CancelFunc
	running sync.WaitGroup
}

var _ message.Subscriber = (*Feed)(nil)

// NewFeed returns a feed of store's log. It starts nothing: Subscribe does.
func NewFeed(store *Store, config FeedConfig) *Feed {
	return &Feed{store: store, config: config.withDefaults(), open: make(map[*subscription]context.CancelFunc)}
}

// Subscribe starts handing out the frames after the consumer's checkpoint. The topic is a name for the process's own
// log: a feed has one log. A database that cannot be reached does not end the subscription: it goes on when it can be.
// The channel is closed when ctx ends, by Close, and when the store's Past ends: then the checkpoint may be of another one,
// and the consumer subscribes again. After Close, Subscribe returns ErrClosed.
func (f *Feed) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &subscription{
		FeedConfig: f.config,
		store:      f.store,
		past:       f.store.Past(),
		out:        make(chan *message.Message),
		limit:      min(firstRead, f.config.MaxEvents),
		wakes:      -1,
		logger:     f.config.Logger.With("consumer", f.config.Consumer, "topic", topic, "log", f.store.log),
	}
	f.open[s] = cancel
	f.running.Go(func() {
		defer f.end(s)
		s.run(ctx)
	})
	return s.out, nil
}

func (f *Feed) end(s *subscription) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open[s]()
	delete(f.open, s)
}

// Close ends all subscriptions, without waiting for acknowledgements, and returns once their channels are closed.
func (f *Feed) Close() error {
	f.mu.Lock()
	f.closed = true
	for _, cancel := range f.open {
		cancel()
	}
	f.mu.Unlock()
	f.running.Wait()
	return nil
}
