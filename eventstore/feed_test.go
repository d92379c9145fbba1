package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

const (
	patience = 20 * time.Second // for what must happen
	never    = time.Hour        // a poll interval that no test waits for
)

func feedStore(t *testing.T, pool *pgxpool.Pool) *eventstore.Store {
	t.Helper()
	s, err := eventstore.Open(t.Context(), pool, eventstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return s
}

// newNote is an append of n events of a size to a new stream.
func newNote(n, size int) eventstore.Append {
	stream := uuid.New()
	a := eventstore.Append{Tenant: "demo", Reads: []eventstore.Expectation{{Stream: stream}}}
	for range n {
		a.Events = append(a.Events, eventstore.NewEvent{
			ID: uuid.New(), Stream: stream, StreamType: "note", Type: "note.taken.v1",
			Data: make([]byte, size), Metadata: []byte(`{}`), OccurredAt: time.Now(),
		})
	}
	return a
}

func appendNotes(t *testing.T, s *eventstore.Store, n, size int) {
	t.Helper()
	if _, err := s.Append(t.Context(), newNote(n, size)); err != nil {
		t.Fatal(err)
	}
}

// subscribe opens a feed that is closed with the test.
func subscribe(t *testing.T, s *eventstore.Store, config eventstore.FeedConfig) <-chan *message.Message {
	t.Helper()
	feed := eventstore.NewFeed(s, config)
	t.Cleanup(func() { _ = feed.Close() })
	messages, err := feed.Subscribe(t.Context(), "orders")
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// receive returns the next message and its frame.
func receive(t *testing.T, messages <-chan *message.Message) (*message.Message, eventstore.Frame) {
	t.Helper()
	select {
	case msg, ok := <-messages:
		if !ok {
			t.Fatal("the channel is closed")
		}
		frame, err := eventstore.FrameOf(msg)
		if err != nil {
			t.Fatal(err)
		}
		return msg, frame
	case <-time.After(patience):
		t.Fatal("no message")
	}
	return nil, eventstore.Frame{}
}

// receiveUntil acknowledges frames until one ends at last, and checks that they follow each other without holes.
func receiveUntil(t *testing.T, messages <-chan *message.Message, after, last eventstore.Position) {
	t.Helper()
	for after < last {
		msg, frame := receive(t, messages)
		if frame.First != after+1 {
			t.Fatalf("frame %d to %d follows %d", frame.First, frame.Last, after)
		}
		after = frame.Last
		msg.Ack()
	}
	if after != last {
		t.Fatalf("received until %d; want %d", after, last)
	}
}

func TestFeed_frames(t *testing.T) {
	t.Parallel()

	store := feedStore(t, pgtest.Pool(t))
	appendNotes(t, store, 25, 100)
	appendNotes(t, store, 3, 10_000)
	appendNotes(t, store, 1, 100_000)
	appendNotes(t, store, 1, 1)
	messages := subscribe(t, store, eventstore.FeedConfig{MaxEvents: 10, MaxBytes: 25_000, PollInterval: never})
	var lasts []eventstore.Position
	for after := eventstore.Position(0); after < 30; {
		msg, frame := receive(t, messages)
		if frame.First != after+1 || len(frame.Events) != int(frame.Last-frame.First)+1 || frame.Log != 1 || frame.Epoch != 1 {
			t.Fatalf("frame %+v after %d", frame, after)
		}
		decoded, err := eventstore.FrameOf(msg.Copy()) // a copy has lost the context, as if it came from a broker
		if err != nil || !reflect.DeepEqual(decoded, frame) {
			t.Errorf("decoded from the payload: %+v, %v; want %+v", decoded, err, frame)
		}
		want := message.Metadata{"log": "1", "epoch": "1", "first": strconv.Itoa(int(frame.First)), "last": strconv.Itoa(int(frame.Last))}
		if !reflect.DeepEqual(msg.Metadata, want) {
			t.Errorf("metadata %v; want %v", msg.Metadata, want)
		}
		after = frame.Last
		lasts = append(lasts, after)
		msg.Ack()
	}
	// Ten events a read; 28 does not fit beside 26 and 27, nor 29 beside anything.
	if want := []eventstore.Position{10, 20, 27, 28, 29, 30}; !slices.Equal(lasts, want) {
		t.Errorf("frames end at %v; want %v", lasts, want)
	}
}

func TestFeed_startsAfterCheckpoint(t *testing.T) {
	t.Parallel()

	store := feedStore(t, pgtest.Pool(t))
	appendNotes(t, store, 5, 1)
	var tries atomic.Int32
	messages := subscribe(t, store, eventstore.FeedConfig{PollInterval: never, After: func(context.Context) (eventstore.Position, error) {
		if tries.Add(1) < 3 {
			return 0, errors.New("the database is away")
		}
		return 3, nil
	}})
	receiveUntil(t, messages, 3, 5)
	if n := tries.Load(); n != 3 {
		t.Errorf("the checkpoint was asked for %d times; want 3", n)
	}
}

// A refused frame is handed out again, the same events, however often; meanwhile nothing else is.
func TestFeed_nack(t *testing.T) {
	t.Parallel()

	store := feedStore(t, pgtest.Pool(t))
	appendNotes(t, store, 4, 1)
	messages := subscribe(t, store, eventstore.FeedConfig{MaxEvents: 2, PollInterval: never, Redelivery: time.Millisecond})
	for range 4 {
		msg, frame := receive(t, messages)
		if frame.First != 1 || frame.Last != 2 {
			t.Fatalf("frame %d to %d; want 1 to 2", frame.First, frame.Last)
		}
		appendNotes(t, store, 1, 1)
		select {
		case other := <-messages:
			t.Fatalf("message %s beside the unacknowledged one", other.UUID)
		default:
		}
		msg.Nack()
		select {
		case <-msg.Context().Done():
		case <-time.After(patience):
			t.Fatal("the context of a refused message is alive")
		}
	}
	receiveUntil(t, messages, 0, 8)
}

func TestFeed_marshalFails(t *testing.T) {
	t.Parallel()

	store := feedStore(t, pgtest.Pool(t))
	appendNotes(t, store, 3, 1)
	var tries atomic.Int32
	marshal := func(f eventstore.Frame) (*message.Message, error) {
		switch tries.Add(1) {
		case 2:
			return nil, errors.New("no")
		case 3:
			return nil, nil
		default:
			return eventstore.LocalMessageOf(f)
		}
	}
	messages := subscribe(t, store, eventstore.FeedConfig{MaxEvents: 1, PollInterval: never, Redelivery: time.Millisecond, Marshal: marshal})
	receiveUntil(t, messages, 0, 3)
}

// The process's own appends wake the feed and are read from memory.
func TestFeed_ownAppends(t *testing.T) {
	t.Parallel()

	config, err := pgxpool.ParseConfig(pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	counter := new(queryCounter)
	config.ConnConfig.Tracer = counter
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	store := feedStore(t, pool)
	messages := subscribe(t, store, eventstore.FeedConfig{PollInterval: never})
	appendNotes(t, store, 1, 1)
	receiveUntil(t, messages, 0, 1)
	appendNotes(t, store, 1, 1)
	receiveUntil(t, messages, 1, 2)
	before := counter.n.Load()
	for i := range eventstore.Position(50) {
		appendNotes(t, store, 2, 1)
		receiveUntil(t, messages, 2+2*i, 4+2*i)
	}
	if n := counter.n.Load() - before; n > 0 {
		t.Errorf("50 frames of own appends took %d statements; want none", n)
	}
}

// Another process's appends are found by polling.
func TestFeed_polls(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	here, there := feedStore(t, pgtest.PoolOf(t, url)), feedStore(t, pgtest.PoolOf(t, url))
	messages := subscribe(t, here, eventstore.FeedConfig{PollInterval: 10 * time.Millisecond})
	for i := range eventstore.Position(5) {
		appendNotes(t, there, 1, 1)
		receiveUntil(t, messages, i, i+1)
	}
}

// News of another process's appends are not lost on a feed that is still busy with its own process's.
func TestFeed_newsWhileBusy(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	here, there := feedStore(t, pgtest.PoolOf(t, url)), feedStore(t, pgtest.PoolOf(t, url))
	messages := subscribe(t, here, eventstore.FeedConfig{MaxEvents: 4, PollInterval: never})
	appendNotes(t, here, 10, 1)
	msg, frame := receive(t, messages)
	appendNotes(t, there, 10, 1)
	here.Wake()
	msg.Ack()
	receiveUntil(t, messages, frame.Last, 20)
}

func TestFeed_ends(t *testing.T) {
	t.Parallel()

	store := feedStore(t, pgtest.Pool(t))
	appendNotes(t, store, 3, 1)
	feed := eventstore.NewFeed(store, eventstore.FeedConfig{PollInterval: never})
	ctx, cancel := context.WithCancel(t.Context())
	var channels []<-chan *message.Message
	for _, ctx := range []context.Context{ctx, t.Context(), t.Context()} {
		messages, err := feed.Subscribe(ctx, "orders")
		if err != nil {
			t.Fatal(err)
		}
		channels = append(channels, messages)
	}
	cancel()
	waitClosed(t, channels[0])
	busy, _ := receive(t, channels[1]) // unacknowledged while the feed is closed
	idle, _ := receive(t, channels[2])
	idle.Ack()
	if err := errors.Join(feed.Close(), feed.Close()); err != nil {
		t.Errorf("Close = %v", err)
	}
	for _, messages := range channels {
		select {
		case msg, ok := <-messages:
			if ok {
				t.Errorf("message %s after Close", msg.UUID)
			}
		default:
			t.Error("a channel is open after Close")
		}
	}
	if busy.Context().Err() == nil {
		t.Error("the message's context is alive after Close")
	}
	if _, err := feed.Subscribe(t.Context(), "orders"); !errors.Is(err, eventstore.ErrClosed) {
		t.Errorf("Subscribe after Close = %v; want ErrClosed", err)
	}
}

func waitClosed(t *testing.T, messages <-chan *message.Message) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case _, ok := <-messages:
			if !ok {
				return
			}
		case <-deadline:
			t.Fatal("the channel is open")
		}
	}
}

// While the server is killed and comes back, the subscription stays and misses nothing.
func TestFeed_survivesServerCrash(t *testing.T) {
	t.Parallel()

	server := pgtest.Server(t, nil)
	pool := pgtest.PoolOf(t, server.URL())
	store := feedStore(t, pool)
	const events, crashes = 300, 2
	messages := subscribe(t, store, eventstore.FeedConfig{PollInterval: 20 * time.Millisecond, MaxEvents: 7})
	appended := make(chan error, 1)
	go func() { appended <- appendOneByOne(t.Context(), store, events) }()
	after := eventstore.Position(0)
	for crash := range eventstore.Position(crashes + 1) {
		until := (crash + 1) * events / (crashes + 1)
		for after < until {
			msg, frame := receive(t, messages)
			if frame.First != after+1 {
				t.Fatalf("frame %d to %d follows %d", frame.First, frame.Last, after)
			}
			after = frame.Last
			msg.Ack()
		}
		if crash < crashes {
			server.Kill(t)
			server.Restart(t)
		}
	}
	if err := <-appended; err != nil || after != events {
		t.Errorf("received until %d, %v; want %d", after, err, events)
	}
}

// appendOneByOne appends n events, each again until it is certainly there.
func appendOneByOne(ctx context.Context, s *eventstore.Store, n int) error {
	for i := range n {
		a := newNote(1, 1)
		for {
			_, err := s.Append(ctx, a)
			if err == nil {
				break
			}
			if !errors.Is(err, eventstore.ErrUnavailable) && !errors.Is(err, eventstore.ErrOutcomeUnknown) {
				return fmt.Errorf("append %d: %w", i, err)
			}
		}
	}
	return nil
}
