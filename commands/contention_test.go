package commands_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// Two processes that sell the same SKU all the time get all of their orders through, and neither reads the stream from
// its beginning over and over.
func TestEngine_contention(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	shops := []*shop{openShop(t, pool), openShop(t, pool)}
	shops[0].sell("HOT", 0)
	shops[0].receive("HOT", 900)
	const clients, each = 12, 25
	var wg sync.WaitGroup
	began := time.Now()
	for i := range 2 * clients {
		wg.Go(func() {
			for range each {
				if r, err := shops[i%2].do(nil, place(commands.OrderLine{SKU: "HOT", Quantity: 1})); err != nil || r.Refused {
					t.Errorf("client %d: %s, %v", i, r.Answer.Body, err)
				}
			}
		})
	}
	wg.Wait()
	const orders = 2 * clients * each
	t.Logf("%.0f orders/s, %+v, %+v", orders/time.Since(began).Seconds(), shops[0].engine.Stats(), shops[1].engine.Stats())
	st := shops[0].stockOf("HOT")
	if st.Reserved() != orders || st.Available() != 900-orders || st.Live() != orders {
		t.Errorf("%d reserved, %d available, %d reservations; want %d, %d, %d", st.Reserved(), st.Available(), st.Live(), orders, 900-orders, orders)
	}
	for _, s := range shops {
		if got := s.engine.Stats().Loaded; got > 10*(900+orders) {
			t.Errorf("%d events were read for %d orders: the stream was read again and again", got, orders)
		}
	}
}

// A full queue refuses at once, and what waits is done when the engine gets to it.
func TestEngine_backpressure(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	store, err := eventstore.Open(t.Context(), pool, eventstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	openShop(t, pool).sell("A", 0)
	const room = 4
	engine := commands.New(store, commands.Config{Waiting: room}) // and nobody runs it yet
	request := commands.Request{Tenant: tenant, Command: commands.ReceiveStock{SKU: "A", Quantity: 1, At: noon}, Answer: answer}
	var done, refused atomic.Int64
	var wg sync.WaitGroup
	for range 3 * room {
		wg.Go(func() {
			switch _, err := engine.Do(t.Context(), request); {
			case err == nil:
				done.Add(1)
			case errors.Is(err, commands.ErrOverloaded):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	await(t, "the refusal of what finds no room", func() bool { return refused.Load() == 2*room })
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	wg.Wait()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	events, err := store.Load(t.Context(), tenant, stock.StreamID(tenant, "A"), 0)
	if err != nil || len(events) != room || done.Load() != room {
		t.Errorf("%d done, %d events, %v; want the %d that found room", done.Load(), len(events), err, room)
	}
}
