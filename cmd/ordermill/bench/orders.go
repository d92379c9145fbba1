package bench

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
)

// What the commands are measured with.
const (
	clients  = 64
	listed   = 1000
	plenty   = 1_000_000_000 // units of each
	ofOrders = 0.5           // of the rate of appends of three events
	ofMany   = 0.9           // of the rate with many SKUs: no slower, but for the noise
)

// orders measures orders of two lines placed through the engine, with an answer stored under a key each, against appends
// of as many events of the same size; and orders that all want the same SKU against those that do not.
func orders(ctx context.Context, o Options) (figures []Figure, err error) {
	s, err := startShop(ctx, o, "orders")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if err := s.list(ctx, listed); err != nil {
		return nil, err
	}
	sample, err := s.sample(ctx)
	if err != nil {
		return nil, err
	}
	f, err := pair(o.Rounds,
		func() (float64, error) { return hammer(ctx, clients, o.Round, s.placeTwo(anySKU)) },
		func() (float64, error) { return hammer(ctx, clients, o.Round, s.appendLike(sample)) })
	if err != nil {
		return nil, err
	}
	f.Name, f.Unit, f.Limit, f.Promise = fmt.Sprintf("orders of two lines, %d clients", clients), "orders/s", "appends of three events of that size", Promise{Ratio: ofOrders}
	figures = append(figures, f)
	f, err = pair(o.Rounds,
		func() (float64, error) { return hammer(ctx, clients, o.Round, s.placeTwo(hotSKU)) },
		func() (float64, error) { return hammer(ctx, clients, o.Round, s.placeTwo(anySKU)) })
	if err != nil {
		return nil, err
	}
	f.Name, f.Unit, f.Limit, f.Promise = "orders that share a SKU", "orders/s", "orders of any SKUs", Promise{Ratio: ofMany}
	return append(figures, f), nil
}

// shop is an engine over a database of its own.
type shop struct {
	*database
	engine *commands.Engine
	stop   context.CancelFunc
	ended  chan error
}

func startShop(ctx context.Context, o Options, name string) (*shop, error) {
	d, err := startDatabase(ctx, o, name)
	if err != nil {
		return nil, err
	}
	s := &shop{database: d}
	s.start(ctx)
	return s, nil
}

// start begins with an engine that remembers nothing.
func (s *shop) start(ctx context.Context) {
	s.engine, s.ended = commands.New(s.store, commands.Config{}), make(chan error, 1)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	go func() { s.ended <- s.engine.Run(running) }()
}

func (s *shop) close(ctx context.Context) error {
	s.stop()
	return errors.Join(<-s.ended, s.database.close(ctx))
}

// do runs a command, with its answer stored under a key of its own, and fails if it is refused.
func (s *shop) do(ctx context.Context, c commands.Command) error {
	id := uuid.New()
	hash := sha256.Sum256(id[:])
	key := &eventstore.Key{Client: "bench", Hash: hash, Fingerprint: hash}
	r, err := s.engine.Do(ctx, commands.Request{
		Tenant: tenant, Actor: commands.Actor{Type: "customer", ID: "c-1"}, Key: key, Command: c, Answer: render,
		Cause: commands.Cause{CorrelationID: "0198c5a0-7b1e-7cc2-8f3a-3d1e6f0a9b12"},
	})
	if err == nil && r.Refused {
		err = fmt.Errorf("%T: refused: %s", c, r.Answer.Body)
	}
	return err
}

// render is the answer as the API gives it.
func render(o commands.Outcome) eventstore.Answer {
	a := eventstore.Answer{Request: "POST /v1/orders", Status: 201, Headers: []byte(`{"content_type":"application/json","etag":"\"v1\"","request_id":"0198c5a0-7b1e-7cc2-8f3a-3d1e6f0a9b12"}`)}
	switch state := o.State.(type) {
	case *order.Order:
		a.Body = resource.Order(state, o.Version)
	case *catalog.Product:
		a.Body = resource.Product(state, o.Version)
	case *stock.Stock:
		a.Body = resource.Inventory(state.SKU, &state.Levels, o.PickOrder)
	}
	if o.Refused != nil {
		a.Body = []byte(o.Refused.Error())
	}
	return a
}

// list lists products and receives units of them.
func (s *shop) list(ctx context.Context, n int) error {
	for i := range n {
		err := s.do(ctx, commands.ListProduct{Product: catalog.List{
			SKU: skuOf(i), Name: fmt.Sprintf("Product number %d", i), Prices: []money.Amount{{Minor: 1999, Currency: "EUR"}},
			RequiresShipping: true, Sellable: true, At: time.Now(),
		}})
		if err == nil {
			err = s.do(ctx, commands.ReceiveStock{SKU: skuOf(i), Quantity: plenty, At: time.Now()})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func skuOf(i int) string { return skuNames[i] }

// skuNames are the names of the listed products.
var skuNames = func() (names [listed]string) {
	for i := range names {
		names[i] = fmt.Sprintf("SKU-%05d", i)
	}
	return names
}()

func anySKU() string { return skuOf(1 + rand.IntN(listed-1)) } //nolint:gosec // no secret

func hotSKU() string { return skuOf(0) }

// placeTwo places an order of two lines, the first of a SKU to be chosen.
func (s *shop) placeTwo(first func() string) func(context.Context) error {
	return func(ctx context.Context) error {
		one, two := first(), anySKU()
		for two == one {
			two = anySKU()
		}
		return s.do(ctx, newOrder(one, two))
	}
}

func newOrder(skus ...string) commands.PlaceOrder {
	c := commands.PlaceOrder{
		OrderID: uuid.Must(uuid.NewV7()), Channel: "web", Currency: "EUR", CustomerID: "c-1", Country: "DE", Locale: "de-DE", At: time.Now(),
	}
	for _, sku := range skus {
		c.Lines = append(c.Lines, commands.OrderLine{SKU: sku, Quantity: 1})
	}
	return c
}

// sample returns the events of an order of two lines as they are stored.
func (s *shop) sample(ctx context.Context) ([]eventstore.Recorded, error) {
	head, _, err := s.store.Head(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.placeTwo(anySKU)(ctx); err != nil {
		return nil, err
	}
	events, err := s.store.Read(ctx, head, 10)
	if err == nil && len(events) != 3 {
		err = fmt.Errorf("an order of two lines has %d events, not 3", len(events))
	}
	return events, err
}

// appendLike appends to a new stream what has the size of the given events.
func (s *shop) appendLike(events []eventstore.Recorded) func(context.Context) error {
	return func(ctx context.Context) error {
		stream := uuid.Must(uuid.NewV7())
		a := eventstore.Append{Tenant: tenant, Reads: []eventstore.Expectation{{Stream: stream}}, Events: make([]eventstore.NewEvent, len(events))}
		for i := range events {
			e := &events[i]
			a.Events[i] = eventstore.NewEvent{
				ID: uuid.Must(uuid.NewV7()), Stream: stream, StreamType: e.StreamType, Type: e.Type, Data: e.Data, Metadata: e.Metadata, OccurredAt: time.Now(),
			}
		}
		_, err := s.store.Append(ctx, a)
		return err
	}
}
