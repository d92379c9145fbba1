package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// The first steps: open a migrated database, append to a stream what was decided on its state, load it back.
func Example() {
	ctx := context.Background()
	pool, done := exampleDatabase() // any *pgxpool.Pool
	defer done()

	store, err := eventstore.Open(ctx, pool, eventstore.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = store.Close(ctx) }()

	cart := uuid.New()
	result, err := store.Append(ctx, eventstore.Append{
		Tenant: "demo",
		Reads:  []eventstore.Expectation{{Stream: cart}}, // it was seen to be empty, and must be so still
		Events: []eventstore.NewEvent{
			{ID: uuid.New(), Stream: cart, StreamType: "cart", Type: "cart.opened.v1", Data: []byte(`{"owner":"ada"}`), OccurredAt: time.Now()},
			{ID: uuid.New(), Stream: cart, StreamType: "cart", Type: "cart.item_added.v1", Data: []byte(`{"sku":"tea"}`), OccurredAt: time.Now()},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the log ends at", result.Position)

	events, err := store.Load(ctx, "demo", cart, 0)
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range events {
		fmt.Println(e.Version, e.Type, string(e.Data))
	}

	// A second writer that has not seen these events is refused.
	_, err = store.Append(ctx, eventstore.Append{
		Tenant: "demo",
		Reads:  []eventstore.Expectation{{Stream: cart}},
		Events: []eventstore.NewEvent{{ID: uuid.New(), Stream: cart, StreamType: "cart", Type: "cart.opened.v1", OccurredAt: time.Now()}},
	})
	fmt.Println("refused:", errors.Is(err, eventstore.ErrConflict))

	// Output:
	// the log ends at 2
	// 1 cart.opened.v1 {"owner":"ada"}
	// 2 cart.item_added.v1 {"sku":"tea"}
	// refused: true
}

// A feed hands the log to a consumer, which keeps its own checkpoint and acknowledges when its work is stored.
func ExampleFeed() {
	ctx := context.Background()
	pool, done := exampleDatabase()
	defer done()
	store, err := eventstore.Open(ctx, pool, eventstore.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = store.Close(ctx) }()
	for _, name := range []string{"tea", "milk"} {
		stream := uuid.New()
		if _, err := store.Append(ctx, eventstore.Append{
			Tenant: "demo",
			Reads:  []eventstore.Expectation{{Stream: stream}},
			Events: []eventstore.NewEvent{{ID: uuid.New(), Stream: stream, StreamType: "item", Type: "item.listed.v1", Data: []byte(name)}},
		}); err != nil {
			log.Fatal(err)
		}
	}

	var checkpoint eventstore.Position // in a database, beside what is made of the events
	feed := eventstore.NewFeed(store, eventstore.FeedConfig{
		Consumer: "items",
		After:    func(context.Context) (eventstore.Position, error) { return checkpoint, nil },
		Marshal:  eventstore.LocalMessageOf,
	})
	defer func() { _ = feed.Close() }()
	messages, err := feed.Subscribe(ctx, "items")
	if err != nil {
		log.Fatal(err)
	}
	for checkpoint < 2 {
		msg := <-messages
		frame, err := eventstore.FrameOf(msg)
		if err != nil {
			log.Fatal(err)
		}
		for _, e := range frame.Events {
			fmt.Println(e.Position, e.Type, string(e.Data))
		}
		checkpoint = frame.Last
		msg.Ack()
	}

	// Output:
	// 1 item.listed.v1 tea
	// 2 item.listed.v1 milk
}
