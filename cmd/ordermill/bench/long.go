package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
)

// What is long.
const (
	streamEvents = 300_000
	streamLive   = 2000 // reservations at any time
	streamRest   = 500  // events after the snapshot: half of the most there are
	streamAppend = 9000 // events of one append

	loadsPromised    = 200 // a second: 5 ms each
	commandsPromised = 20  // a second: 50 ms each
)

// long measures what many events and many lines cost: to load a long stream through its snapshot, and to run commands on
// orders of a thousand lines.
func long(ctx context.Context, o Options) (figures []Figure, err error) {
	s, err := startShop(ctx, o, "long")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if err := s.list(ctx, listed); err != nil {
		return nil, err
	}
	f, err := s.longOrders(ctx, o)
	if err != nil {
		return nil, err
	}
	figures = append(figures, f)
	f, err = s.longStream(ctx, o)
	return append(figures, f), err
}

// longStream fills the stock of a SKU with events and measures how often a second it is loaded, against the same bytes
// read from the table of snapshots alone.
func (s *shop) longStream(ctx context.Context, o Options) (Figure, error) {
	w := stockWriter{store: s.store, stream: stock.StreamID(tenant, hotSKU())}
	if err := w.begin(ctx); err != nil {
		return Figure{}, err
	}
	if err := w.write(ctx, streamEvents-streamRest); err != nil {
		return Figure{}, err
	}
	if err := s.snapshot(ctx); err != nil {
		return Figure{}, err
	}
	if err := w.begin(ctx); err != nil {
		return Figure{}, err
	}
	if err := w.write(ctx, streamRest); err != nil {
		return Figure{}, err
	}
	f, err := pair(o.Rounds,
		func() (float64, error) { return hammer(ctx, 1, o.Round, w.load) },
		func() (float64, error) {
			return hammer(ctx, 1, o.Round, func(ctx context.Context) error {
				var data []byte
				return s.pool.QueryRow(ctx, "select data from snapshots where log_id = 1 and stream_id = $1", w.stream).Scan(&data)
			})
		})
	f.Name, f.Unit, f.Limit, f.Promise = fmt.Sprintf("loads of %d events through a snapshot", streamEvents), "loads/s", "reads of the snapshot alone", Promise{Rate: loadsPromised}
	return f, err
}

// snapshot has an engine that remembers nothing read the stream, and waits until it has saved what it came to.
func (s *shop) snapshot(ctx context.Context) error {
	s.stop()
	if err := <-s.ended; err != nil {
		return err
	}
	s.start(ctx)
	if err := s.do(ctx, commands.ReceiveStock{SKU: hotSKU(), Quantity: 1, At: time.Now()}); err != nil {
		return err
	}
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for began := time.Now(); s.engine.Stats().Saved == 0; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if time.Since(began) > startTimeout {
			return fmt.Errorf("no snapshot after %v", startTimeout)
		}
	}
	return nil
}

// stockWriter appends the events of orders that come and go to the stock of one SKU.
type stockWriter struct {
	store  *eventstore.Store
	stream uuid.UUID
	read   eventstore.Expectation
	state  stock.Stock
	live   []uuid.UUID
}

// begin reads what there is.
func (w *stockWriter) begin(ctx context.Context) error {
	events, err := w.store.Load(ctx, tenant, w.stream, 0)
	if err != nil {
		return err
	}
	w.read, w.state = eventstore.Expectation{Stream: w.stream}, stock.Stock{}
	for i := range events {
		e, err := stock.Decode(events[i].Type, events[i].Data)
		if err != nil {
			return err
		}
		w.state.Apply(e)
		w.read.Version, w.read.Event = events[i].Version, events[i].ID
	}
	return nil
}

// write appends so many events.
func (w *stockWriter) write(ctx context.Context, n int) error {
	for n > 0 {
		a := eventstore.Append{Tenant: tenant, Reads: []eventstore.Expectation{w.read}}
		for len(a.Events) < min(n, streamAppend) {
			e, err := w.next()
			if err != nil {
				return err
			}
			data, err := stock.Encode(e)
			if err != nil {
				return err
			}
			w.state.Apply(e)
			w.read.Version, w.read.Event = w.read.Version+1, uuid.Must(uuid.NewV7())
			a.Events = append(a.Events, eventstore.NewEvent{
				ID: w.read.Event, Stream: w.stream, StreamType: stock.StreamType, Type: e.EventType(), Data: data, Metadata: meta, OccurredAt: time.Now(),
			})
		}
		if _, err := w.store.Append(ctx, a); err != nil {
			return err
		}
		n -= len(a.Events)
	}
	return nil
}

// next decides the next event: an order reserves, the one before it commits, and the oldest is shipped once there are
// enough.
func (w *stockWriter) next() (stock.Event, error) {
	newest := len(w.live) - 1
	if newest >= 0 {
		if r, ok := w.state.Reservation(w.live[newest]); ok && !r.Committed {
			return w.decide(stock.Commit{ReservationID: w.live[newest], At: time.Now()})
		}
	}
	if len(w.live) < streamLive {
		id := uuid.Must(uuid.NewV7())
		w.live = append(w.live, id)
		return w.decide(stock.Reserve{SKU: w.state.SKU, ReservationID: id, OrderID: id, Demands: []stock.Demand{{LineID: id, Quantity: 1}}, At: time.Now()})
	}
	oldest := w.live[0]
	w.live = w.live[1:]
	return w.decide(stock.Deduct{
		ReservationID: oldest, LocationID: stock.MainLocation, Lines: []stock.LineQuantity{{LineID: oldest, Quantity: 1}}, At: time.Now(),
	})
}

func (w *stockWriter) decide(cmd stock.Command) (stock.Event, error) {
	events, err := stock.Decide(&w.state, cmd)
	if err == nil && len(events) != 1 {
		err = fmt.Errorf("%T has %d events, not 1", cmd, len(events))
	}
	if err != nil {
		return nil, err
	}
	return events[0], nil
}

// load reads the stream as the engine does: its snapshot and what follows it.
func (w *stockWriter) load(ctx context.Context) error {
	rests, err := w.store.LoadSnapshots(ctx, tenant, []eventstore.StreamFrom{{Stream: w.stream, Fingerprint: stock.SnapshotFingerprint()}})
	if err != nil {
		return err
	}
	if rests[0].Snapshot == nil || len(rests[0].Events) > 2*streamRest {
		return fmt.Errorf("%d events were read: the snapshot is not used", len(rests[0].Events))
	}
	state, err := stock.ReadSnapshot(rests[0].Snapshot.Data)
	if err != nil {
		return err
	}
	for i := range rests[0].Events {
		e, err := stock.Decode(rests[0].Events[i].Type, rests[0].Events[i].Data)
		if err != nil {
			return err
		}
		state.Apply(e)
	}
	if state.Live() != w.state.Live() {
		return fmt.Errorf("%d reservations were loaded of %d", state.Live(), w.state.Live())
	}
	return nil
}

// longOrders measures the slowest command on orders of a thousand lines, each of another SKU, against an append of as many
// events.
func (s *shop) longOrders(ctx context.Context, o Options) (Figure, error) {
	var names []string
	took := make(map[string][]float64)
	for range o.Rounds {
		for _, step := range longLife() {
			began := time.Now()
			if err := s.do(ctx, step.command); err != nil {
				return Figure{}, fmt.Errorf("%s: %w", step.name, err)
			}
			if took[step.name] == nil {
				names = append(names, step.name)
			}
			took[step.name] = append(took[step.name], time.Since(began).Seconds())
		}
	}
	slowest := slices.MaxFunc(names, func(a, b string) int { return cmp.Compare(median(took[a]), median(took[b])) })
	for _, name := range names {
		_, _ = fmt.Fprintf(o.Log, "%-10s %5.1f ms\n", name, 1000*median(took[name]))
	}
	like, err := s.appendMany(ctx, o.Rounds, listed+1)
	if err != nil {
		return Figure{}, err
	}
	f := Figure{
		Name: fmt.Sprintf("slowest command on %d lines: %s", listed, slowest), Unit: "commands/s", Limit: fmt.Sprintf("appends of %d events", listed+1),
		Rate: 1 / median(took[slowest]), Bare: 1 / like, Promise: Promise{Rate: commandsPromised},
	}
	f.Ratio = f.Rate / f.Bare
	f.Low, f.High = like/slices.Max(took[slowest]), like/slices.Min(took[slowest])
	return f, nil
}

// appendMany returns how many seconds an append of so many events takes.
func (s *shop) appendMany(ctx context.Context, rounds, events int) (float64, error) {
	var took []float64
	for range rounds {
		stream := uuid.Must(uuid.NewV7())
		a := eventstore.Append{Tenant: tenant, Reads: []eventstore.Expectation{{Stream: stream}}}
		for range events {
			a.Events = append(a.Events, eventstore.NewEvent{
				ID: uuid.Must(uuid.NewV7()), Stream: stream, StreamType: stock.StreamType, Type: "stock.reserved.v1", Data: small, Metadata: meta, OccurredAt: time.Now(),
			})
		}
		began := time.Now()
		if _, err := s.store.Append(ctx, a); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began).Seconds())
	}
	return median(took), nil
}

// step is a command of an order's life.
type step struct {
	name    string
	command commands.Command
}

// longLife is the life of an order of a thousand lines, from placing to the return of a line.
func longLife() []step {
	all := make([]string, listed)
	for i := range all {
		all[i] = skuOf(i)
	}
	place := newOrder(all...)
	for i := range place.Lines {
		place.Lines[i].LineID, place.Lines[i].Quantity = uuid.New(), 3
	}
	id, line := place.OrderID, place.Lines[listed/2].LineID
	change := func(c order.Command) commands.Command {
		return commands.ChangeOrder{OrderID: id, Command: c, At: time.Now()}
	}
	edit, fulfillment, shipment, back := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	one := []order.LineQuantity{{LineID: line, Quantity: 1}}
	at := time.Now()
	return []step{
		{"place", place},
		{"begin-edit", change(order.BeginEdit{EditID: edit, BaseVersion: 1, By: "u-1", At: at})},
		{"stage-edit", commands.StageEdit{OrderID: id, Stage: order.StageEditChange{
			EditID: edit, Change: order.EditChange{ChangeID: uuid.New(), Kind: order.EditSetQuantity, LineID: line, Quantity: 4}, At: at,
		}}},
		{"commit-edit", commands.CommitEdit{OrderID: id, Commit: order.CommitEdit{EditID: edit, At: at}}},
		{"hold", change(order.PlaceHold{HoldID: back, By: "u-1", At: at})},
		{"release", change(order.ReleaseHold{HoldID: back, By: "u-1", At: at})},
		{"cancel-lines", change(order.CancelLines{CancellationID: uuid.New(), Lines: one, At: at})},
		{"mark-paid", commands.MarkPaid{OrderID: id, PaymentID: uuid.New(), Method: "cash", By: "u-1", At: at}},
		{"pack", commands.CreateFulfillment{OrderID: id, Pack: order.CreateFulfillment{FulfillmentID: fulfillment, By: "u-1", At: at}}},
		{"ship", change(order.Ship{ShipmentID: shipment, FulfillmentID: fulfillment, At: at})},
		{"deliver", change(order.RecordDelivery{FulfillmentID: fulfillment, DeliveredAt: at, At: at})},
		{"return", commands.RequestReturn{OrderID: id, Request: order.RequestReturn{
			ReturnID: back, Lines: []order.RequestedLine{{LineID: line, Quantity: 1}}, At: at,
		}}},
	}
}
