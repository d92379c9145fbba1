package commands_test

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// receive appends many receipts of one unit each to a SKU's stock, as another process would.
func (s *shop) receive(sku string, n int) {
	s.Helper()
	stream := stock.StreamID(tenant, sku)
	last, err := s.store.Load(s.Context(), tenant, stream, 0)
	if err != nil {
		s.Fatal(err)
	}
	read := eventstore.Expectation{Stream: stream}
	if len(last) > 0 {
		read.Version, read.Event = last[len(last)-1].Version, last[len(last)-1].ID
	}
	data, err := stock.Encode(stock.Received{SKU: sku, LocationID: stock.MainLocation, Quantity: 1, ReceivedAt: noon})
	if err != nil {
		s.Fatal(err)
	}
	events := make([]eventstore.NewEvent, n)
	for i := range events {
		events[i] = eventstore.NewEvent{
			ID: uuid.Must(uuid.NewV7()), Stream: stream, StreamType: stock.StreamType, Type: stock.Received{}.EventType(),
			Data: data, Metadata: []byte("{}"), OccurredAt: noon,
		}
	}
	if _, err := s.store.Append(s.Context(), eventstore.Append{Tenant: tenant, Reads: []eventstore.Expectation{read}, Events: events}); err != nil {
		s.Fatal(err)
	}
}

// await polls until a condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after 20 s", what)
		}
	}
}

// A long stream is read through its snapshot, whether it was taken when somebody read all of it or as it grew.
func TestEngine_snapshots(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	one := openShop(t, pool)
	one.sell("A", 0)
	one.receive("A", 3500)
	one.must(commands.ReceiveStock{SKU: "A", Quantity: 1, At: noon}) // reads 3,500 events
	await(t, "a snapshot of what was read", func() bool { return one.engine.Stats().Saved == 1 })
	two := openShop(t, pool)
	two.must(commands.ReceiveStock{SKU: "A", Quantity: 1, At: noon})
	if got := two.engine.Stats().Loaded; got > 10 {
		t.Errorf("a second process has read %d events, want the few after the snapshot", got)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 130 {
				if _, err := two.do(nil, commands.ReceiveStock{SKU: "A", Quantity: 1, At: noon}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	await(t, "a snapshot of what was appended", func() bool { return two.engine.Stats().Saved == 1 })
	three := openShop(t, pool)
	r := three.must(commands.ReceiveStock{SKU: "A", Quantity: 1, At: noon})
	if got := three.engine.Stats().Loaded; got > 1000 {
		t.Errorf("a third process has read %d events, want those after the newer snapshot", got)
	}
	var state stock.Stock
	if err := json.Unmarshal(r.Answer.Body, &state); err != nil || state.OnHand() != 3500+1+1+8*130+1 {
		t.Errorf("%d units on hand, %v; want all that were received", state.OnHand(), err)
	}
}

// A snapshot that is damaged, of another format or of another past is as good as none.
func TestEngine_badSnapshots(t *testing.T) {
	t.Parallel()

	for name, spoil := range map[string]string{
		"damaged":      `update snapshots set data = set_byte(data, length(data) / 2, get_byte(data, length(data) / 2) # 255)`,
		"empty":        `update snapshots set data = ''`,
		"other format": `update snapshots set fingerprint = sha256('other'), data = 'other'`,
		"other past":   `update snapshots set event_id = gen_random_uuid(), data = 'other'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			pool := pgtest.Pool(t)
			one := openShop(t, pool)
			one.sell("A", 0)
			one.receive("A", 1200)
			one.must(commands.ReceiveStock{SKU: "A", Quantity: 1, At: noon})
			await(t, "a snapshot", func() bool { return one.engine.Stats().Saved == 1 })
			execute(t, pool, spoil)
			two := openShop(t, pool)
			two.must(commands.ReceiveStock{SKU: "A", Quantity: 1, At: noon})
			if st := two.stockOf("A"); st.OnHand() != 1202 {
				t.Errorf("%d units on hand, want 1202", st.OnHand())
			}
			if got := two.engine.Stats().Loaded; got < 1201 {
				t.Errorf("%d events were read, want all 1,201", got)
			}
			await(t, "a good snapshot in its place", func() bool { return two.engine.Stats().Saved == 1 })
		})
	}
}

func execute(t *testing.T, pool *pgxpool.Pool, statement string) {
	t.Helper()
	tag, err := pool.Exec(t.Context(), statement)
	if err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("%s: %d rows, %v; want 1", statement, tag.RowsAffected(), err)
	}
}
