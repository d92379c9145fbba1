package commands_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

const tenant = "demo"

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// shop is an engine of its own over a database that others may share.
type shop struct {
	*testing.T
	engine  *commands.Engine
	store   *eventstore.Store
	located map[string]bool // in the settings
}

func openShop(t *testing.T, pool *pgxpool.Pool) *shop {
	t.Helper()
	store, err := eventstore.Open(t.Context(), pool, eventstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	engine := commands.New(store, commands.Config{})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := store.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &shop{t, engine, store, make(map[string]bool)}
}

// answer keeps what the tests look at: the refusal, or the state.
func answer(o commands.Outcome) eventstore.Answer {
	a := eventstore.Answer{Request: "POST /test", Status: 200, Headers: []byte("{}")}
	if o.Refused != nil {
		a.Status, a.Body = 409, []byte(rule.CodeOf(o.Refused))
		return a
	}
	a.Body, _ = json.Marshal(o.State)
	return a
}

func key(name, content string) *eventstore.Key {
	return &eventstore.Key{Client: "test", Hash: sha256.Sum256([]byte(name)), Fingerprint: sha256.Sum256([]byte(content))}
}

func (s *shop) do(k *eventstore.Key, c commands.Command) (commands.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return s.engine.Do(ctx, commands.Request{Tenant: tenant, Actor: commands.Actor{Type: "customer"}, Key: k, Command: c, Answer: answer})
}

func (s *shop) must(c commands.Command) commands.Response {
	s.Helper()
	r, err := s.do(nil, c)
	if err != nil || r.Refused {
		s.Fatalf("%T: %v, refused with %q", c, err, r.Answer.Body)
	}
	return r
}

// sell lists a product at 10.00 EUR and receives units of it.
func (s *shop) sell(sku string, units int64) {
	s.Helper()
	s.must(commands.ListProduct{Product: catalog.List{
		SKU: sku, Name: "Product " + sku, Prices: []money.Amount{{Minor: 1000, Currency: "EUR"}}, RequiresShipping: true, Sellable: true, At: noon,
	}})
	if units > 0 {
		s.must(commands.ReceiveStock{SKU: sku, Quantity: units, At: noon})
	}
}

func place(lines ...commands.OrderLine) commands.PlaceOrder {
	return commands.PlaceOrder{OrderID: uuid.Must(uuid.NewV7()), Channel: "web", Currency: "EUR", Lines: lines, At: noon}
}

func (s *shop) stockOf(sku string) stock.Stock {
	s.Helper()
	events, err := s.store.Load(context.Background(), tenant, stock.StreamID(tenant, sku), 0)
	if err != nil {
		s.Fatal(err)
	}
	var st stock.Stock
	for _, rec := range events {
		e, err := stock.Decode(rec.Type, rec.Data)
		if err != nil {
			s.Fatal(err)
		}
		st.Apply(e)
	}
	return st
}

// Two hundred buyers want one of fifty units each, through two processes at once: exactly fifty get one, everybody gets
// an answer, and no unit is sold twice.
func TestEngine_twoHundredBuyers(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	shops := []*shop{openShop(t, pool), openShop(t, pool)}
	shops[0].sell("HOT", 50)
	var placed, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			r, err := shops[i%2].do(key(fmt.Sprint(i), ""), place(commands.OrderLine{SKU: "HOT", Quantity: 1}))
			switch {
			case err != nil:
				t.Errorf("buyer %d: %v", i, err)
			case r.Refused && string(r.Answer.Body) == string(rule.InsufficientStock):
				refused.Add(1)
			case !r.Refused:
				placed.Add(1)
			default:
				t.Errorf("buyer %d: refused with %s", i, r.Answer.Body)
			}
		})
	}
	wg.Wait()
	if placed.Load() != 50 || refused.Load() != 150 {
		t.Errorf("%d placed, %d refused; want 50 and 150", placed.Load(), refused.Load())
	}
	if st := shops[0].stockOf("HOT"); st.Reserved() != 50 || st.Available() != 0 || len(st.Reservations) != 50 {
		t.Errorf("stock = %d reserved, %d available, %d reservations; want 50, 0, 50", st.Reserved(), st.Available(), len(st.Reservations))
	}
}

// A refused order leaves nothing: no event, no reservation of the SKUs that would have sufficed.
func TestEngine_allOrNothing(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 10)
	s.sell("B", 1)
	before, _, err := s.store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.do(key("k", ""), place(commands.OrderLine{SKU: "A", Quantity: 2}, commands.OrderLine{SKU: "B", Quantity: 1}, commands.OrderLine{SKU: "B", Quantity: 1}))
	if err != nil || !r.Refused || string(r.Answer.Body) != string(rule.InsufficientStock) {
		t.Errorf("two units of B, of which one is there: %+v, %v; want insufficient_stock", r, err)
	}
	if after, _, err := s.store.Head(t.Context()); err != nil || after != before {
		t.Errorf("the refusal moved the log from %d to %d (%v)", before, after, err)
	}
	r, err = s.do(key("k", ""), place())
	if err != nil || !r.Replayed || string(r.Answer.Body) != string(rule.InsufficientStock) {
		t.Errorf("the same key again: %+v, %v; want the stored refusal", r, err)
	}
}

// The life of an order moves its stock in the same step: reserved, committed, released.
func TestEngine_orderMovesStock(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 10)
	s.sell("B", 10)
	first := place(commands.OrderLine{SKU: "A", Quantity: 2}, commands.OrderLine{SKU: "B", Quantity: 1}, commands.OrderLine{SKU: "A", Quantity: 3})
	s.must(first)
	if st := s.stockOf("A"); st.Reserved() != 5 || st.Available() != 5 {
		t.Errorf("placed: A has %d reserved, %d available; want 5, 5", st.Reserved(), st.Available())
	}
	s.must(commands.MarkPaid{OrderID: first.OrderID, PaymentID: uuid.Must(uuid.NewV7()), Method: "cash", By: "staff", At: noon})
	if st := s.stockOf("A"); st.Reserved() != 0 || st.Committed() != 5 {
		t.Errorf("paid: A has %d reserved, %d committed; want 0, 5", st.Reserved(), st.Committed())
	}
	r := s.must(commands.CancelOrder{OrderID: first.OrderID, Reason: order.ReasonCustomer, At: noon})
	var o order.Order
	if err := json.Unmarshal(r.Answer.Body, &o); err != nil || o.Status != order.StatusCanceled {
		t.Errorf("canceled: status %s, %v", o.Status, err)
	}
	for _, sku := range []string{"A", "B"} {
		if st := s.stockOf(sku); st.Available() != 10 {
			t.Errorf("canceled: %s has %d available, want 10", sku, st.Available())
		}
	}
}

// Parallel twins of one request, in two processes, give one order and one answer.
func TestEngine_twins(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	shops := []*shop{openShop(t, pool), openShop(t, pool)}
	shops[0].sell("A", 1000)
	var mu sync.Mutex
	var bodies []string
	fresh := 0
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			r, err := shops[i%2].do(key("twin", "same"), place(commands.OrderLine{SKU: "A", Quantity: 1}))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("twin %d: %v", i, err)
			}
			bodies = append(bodies, string(r.Answer.Body))
			if !r.Replayed {
				fresh++
			}
		})
	}
	wg.Wait()
	slices.Sort(bodies)
	if n := len(slices.Compact(bodies)); n != 1 || fresh != 1 {
		t.Errorf("%d different answers, %d of them fresh; want 1 and 1", n, fresh)
	}
	if st := shops[0].stockOf("A"); st.Reserved() != 1 {
		t.Errorf("%d units reserved, want 1", st.Reserved())
	}
}

// Of two different requests under one key, one is carried out and the other one leaves no trace.
func TestEngine_keyReused(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	shops := []*shop{openShop(t, pool), openShop(t, pool)}
	shops[0].sell("A", 1000)
	for round := range 20 {
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = shops[i].do(key(fmt.Sprint("reused", round), fmt.Sprint(i)), place(commands.OrderLine{SKU: "A", Quantity: 1}))
			})
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), eventstore.ErrKeyReused) {
			t.Errorf("round %d: errors = %v; want one nil and one ErrKeyReused", round, errs)
		}
	}
	if st := shops[0].stockOf("A"); st.Reserved() != 20 {
		t.Errorf("%d units reserved, want one a round, 20", st.Reserved())
	}
}

// An answer that is stored comes before an error that is not: the world may have changed since.
func TestEngine_replayBeforeError(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	s := openShop(t, pool)
	s.sell("A", 10)
	first := place(commands.OrderLine{SKU: "A", Quantity: 1})
	s.must(first)
	version := eventstore.Version(1)
	request := commands.Request{Tenant: tenant, Key: key("cancel", ""), Expect: []eventstore.Version{version}, Answer: answer, Command: commands.CancelOrder{OrderID: first.OrderID, Reason: order.ReasonStaff, At: noon}}
	was, err := s.engine.Do(t.Context(), request)
	if err != nil || was.Refused {
		t.Fatalf("cancel: %+v, %v", was, err)
	}
	again, err := openShop(t, pool).engine.Do(t.Context(), request) // another process, and version 1 is long gone
	if err != nil || !again.Replayed || string(again.Answer.Body) != string(was.Answer.Body) || again.Position != was.Position {
		t.Errorf("replay = %+v, %v; want what was answered first, %+v", again, err, was)
	}
	request.Key = key("another", "")
	var stale *commands.VersionError
	if _, err := s.engine.Do(t.Context(), request); !errors.As(err, &stale) || stale.Current != 2 {
		t.Errorf("If-Match 1 at version 2: %v, want a VersionError", err)
	}
}

// What another process did is seen, however old this one's memory is.
func TestEngine_staleMemory(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	one, two := openShop(t, pool), openShop(t, pool)
	one.sell("A", 1)
	two.must(commands.ReceiveStock{SKU: "A", Quantity: 1, At: noon}) // two remembers 2 units
	for range 2 {
		one.must(place(commands.OrderLine{SKU: "A", Quantity: 1}))
	}
	r, err := two.do(nil, place(commands.OrderLine{SKU: "A", Quantity: 1}))
	if err != nil || !r.Refused {
		t.Errorf("a third unit of two: %+v, %v; want a refusal", r, err)
	}
	one.must(commands.ReceiveStock{SKU: "A", Quantity: 1, At: noon})
	two.must(place(commands.OrderLine{SKU: "A", Quantity: 1})) // its memory says that there is none
	if _, err := two.do(nil, commands.CancelOrder{OrderID: uuid.Must(uuid.NewV7()), Reason: order.ReasonStaff, At: noon}); rule.CodeOf(err) != rule.OrderNotFound {
		t.Errorf("cancel of no order: %v, want order_not_found", err)
	}
}

// External ids are unique per channel; who comes too late is told who has it, and told so again.
func TestEngine_externalID(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 10)
	first, second := place(commands.OrderLine{SKU: "A", Quantity: 1}), place(commands.OrderLine{SKU: "A", Quantity: 1})
	first.ExternalID, second.ExternalID = "web-1", "web-1"
	s.must(first)
	for range 2 {
		r, err := s.do(key("late", ""), second)
		if err != nil || string(r.Answer.Body) != string(rule.DuplicateExternalID) {
			t.Errorf("second order with the same external id: %s, %v; want duplicate_external_id", r.Answer.Body, err)
		}
	}
	second.Channel = "phone"
	s.must(second)
}

// Every tenant is alone: another one's products, stock and orders are not there.
func TestEngine_tenants(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 10)
	mine := place(commands.OrderLine{SKU: "A", Quantity: 1})
	s.must(mine)
	other := func(c commands.Command) (commands.Response, error) {
		return s.engine.Do(t.Context(), commands.Request{Tenant: "other", Command: c, Answer: answer})
	}
	if r, err := other(place(commands.OrderLine{SKU: "A", Quantity: 1})); err != nil || string(r.Answer.Body) != string(rule.SKUUnknown) {
		t.Errorf("another tenant's product: %s, %v; want sku_unknown", r.Answer.Body, err)
	}
	if _, err := other(commands.CancelOrder{OrderID: mine.OrderID, Reason: order.ReasonStaff, At: noon}); rule.CodeOf(err) != rule.OrderNotFound {
		t.Errorf("another tenant's order: %v, want order_not_found", err)
	}
}

// Orders whose external id is taken do not make those beside them fail, which want the same SKU.
func TestEngine_externalIDsTaken(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 1_000_000)
	var wg sync.WaitGroup
	var placed, refused atomic.Int64
	for n := range 24 {
		wg.Go(func() {
			for i := range 20 {
				c := place(commands.OrderLine{SKU: "A", Quantity: 1})
				if n%3 == 0 {
					c.ExternalID = "same-" + strconv.Itoa(i%2)
				}
				r, err := s.do(nil, c)
				switch {
				case err != nil:
					t.Errorf("client %d: %v", n, err)
				case r.Refused:
					refused.Add(1)
				default:
					placed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if placed.Load() != 16*20+2 || refused.Load() != 8*20-2 {
		t.Errorf("%d placed, %d refused; want all but the 158 whose external id was taken", placed.Load(), refused.Load())
	}
	if st := s.stockOf("A"); st.Reserved() != 16*20+2 {
		t.Errorf("%d units reserved, want one for each order", st.Reserved())
	}
}
