package commands_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// sweep runs a sweeper over the engine until the test ends. What is due is what its read model says, which never
// notices what was done.
func (s *shop) sweep(now time.Time, due ...commands.Due) {
	s.Helper()
	sweeper := commands.NewSweeper(commands.SweeperConfig{
		Do: s.engine.Do, Now: func() time.Time { return now }, Every: 5 * time.Millisecond,
		Due: func(context.Context, time.Time, int) ([]commands.Due, error) { return due, nil },
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sweeper.Run(ctx) }()
	s.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			s.Error(err)
		}
	})
}

// until polls.
func (s *shop) until(what string, met func() bool) {
	s.Helper()
	for deadline := time.Now().Add(20 * time.Second); !met(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("%s does not come to be", what)
		}
	}
}

func (s *shop) reservationOf(id uuid.UUID) reservation.Reservation {
	s.Helper()
	events, err := s.store.Load(context.Background(), tenant, id, 0)
	if err != nil {
		s.Fatal(err)
	}
	var r reservation.Reservation
	for _, rec := range events {
		e, err := reservation.Decode(rec.Type, rec.Data)
		if err != nil {
			s.Fatal(err)
		}
		r.Apply(e)
	}
	return r
}

func (s *shop) head() eventstore.Position {
	s.Helper()
	head, _, err := s.store.Head(context.Background())
	if err != nil {
		s.Fatal(err)
	}
	return head
}

func (s *shop) hold(id uuid.UUID, until time.Time) uuid.UUID {
	s.Helper()
	hold := uuid.Must(uuid.NewV7())
	s.must(commands.ChangeOrder{OrderID: id, Command: order.PlaceHold{HoldID: hold, Until: until, At: noon}, At: noon})
	return hold
}

// Two sweepers of two processes at once, told again and again of the same: orders and reservations expire once, holds
// end once, their stock comes back, and what is not due after all is left alone.
func TestSweeper(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	shops := []*shop{openShop(t, pool), openShop(t, pool)}
	s := shops[0]
	s.sell("A", 10)
	later, hour := noon.Add(2*time.Hour), noon.Add(time.Hour)
	var orders [4]commands.PlaceOrder // one that is due, one that is not, a held one, one held for longer
	for i := range orders {
		orders[i] = place(commands.OrderLine{SKU: "A", Quantity: 1})
		orders[i].ExpiresAt = hour
		s.must(orders[i])
	}
	ended, kept := s.hold(orders[2].OrderID, hour), s.hold(orders[3].OrderID, noon.Add(3*time.Hour))
	endless := s.hold(orders[3].OrderID, time.Time{})
	for _, paid := range []int{1, 3} {
		s.must(commands.MarkPaid{OrderID: orders[paid].OrderID, PaymentID: uuid.Must(uuid.NewV7()), Method: "cash", At: noon})
	}
	due, longer := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	s.must(commands.MakeReservation{Reservation: reservationOf(due, "A", 2)})
	s.must(commands.MakeReservation{Reservation: reservationOf(longer, "A", 1)})
	s.must(commands.ExtendReservation{ReservationID: longer, ExpiresAt: noon.Add(4 * time.Hour), At: noon})
	before := s.head()

	said := []commands.Due{
		{Tenant: tenant, Kind: commands.DueOrder, ID: orders[0].OrderID},
		{Tenant: tenant, Kind: commands.DueOrder, ID: orders[1].OrderID},
		{Tenant: tenant, Kind: commands.DueHold, ID: orders[2].OrderID, HoldID: ended},
		{Tenant: tenant, Kind: commands.DueHold, ID: orders[3].OrderID, HoldID: kept},
		{Tenant: tenant, Kind: commands.DueHold, ID: orders[3].OrderID, HoldID: endless},
		{Tenant: tenant, Kind: commands.DueHold, ID: orders[3].OrderID, HoldID: uuid.Must(uuid.NewV7())},
		{Tenant: tenant, Kind: commands.DueHold, ID: uuid.Must(uuid.NewV7()), HoldID: ended},
		{Tenant: tenant, Kind: commands.DueReservation, ID: due},
		{Tenant: tenant, Kind: commands.DueReservation, ID: longer},
	}
	sent := [2]int64{shops[0].engine.Stats().Commands, shops[1].engine.Stats().Commands}
	for _, each := range shops {
		each.sweep(later, said...)
	}
	s.until("what is due ends", func() bool {
		return s.orderOf(orders[0].OrderID).Status == order.StatusExpired && len(s.orderOf(orders[2].OrderID).Holds) == 0 &&
			s.reservationOf(due).Status == reservation.StatusExpired
	})
	for i, each := range shops {
		each.until("everything was tried", func() bool { return each.engine.Stats().Commands >= sent[i]+int64(len(said)) })
		each.must(commands.ReceiveStock{SKU: "A", Quantity: 1, At: noon}) // it is decided after all of them
	}
	if got := s.head() - before - 2; got != 5 { // expired, released; hold released; expired, expired
		t.Errorf("the sweepers have caused %d events; want 5", got)
	}
	if o := s.orderOf(orders[1].OrderID); o.Status != order.StatusConfirmed {
		t.Errorf("a paid order is %s", o.Status)
	}
	if o := s.orderOf(orders[3].OrderID); len(o.Holds) != 2 {
		t.Errorf("holds %+v are left; want both", o.Holds)
	}
	if r := s.reservationOf(longer); r.Status != reservation.StatusActive {
		t.Errorf("a reservation that was extended is %s", r.Status)
	}
	if a := s.stockOf("A"); a.Available() != 12-3-1 {
		t.Errorf("%d units are available; want 8", a.Available())
	}
}

// The end of the last hold confirms an order that is paid already, and commits its stock.
func TestSweeper_endOfHoldConfirms(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 5)
	p := place(commands.OrderLine{SKU: "A", Quantity: 2})
	s.must(p)
	hold := s.hold(p.OrderID, noon.Add(time.Hour))
	s.must(commands.MarkPaid{OrderID: p.OrderID, PaymentID: uuid.Must(uuid.NewV7()), Method: "cash", At: noon})
	if o := s.orderOf(p.OrderID); o.Status != order.StatusPending {
		t.Fatalf("a held order is %s; want pending", o.Status)
	}
	s.sweep(noon.Add(time.Hour), commands.Due{Tenant: tenant, Kind: commands.DueHold, ID: p.OrderID, HoldID: hold})
	s.until("the order is confirmed", func() bool { return s.orderOf(p.OrderID).Status == order.StatusConfirmed })
	a := s.stockOf("A")
	if r, _ := a.Reservation(p.OrderID); !r.Committed {
		t.Errorf("reservation %+v; want it committed", r)
	}
}

// A read model that does not notice what was done makes a sweeper try again ever more seldom, and does not hide what is
// due behind it.
func TestSweeper_readModelLags(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		stuck := make([]commands.Due, 1000)
		for i := range stuck {
			stuck[i] = commands.Due{Tenant: tenant, Kind: commands.DueReservation, ID: uuid.NewSHA1(uuid.Nil, []byte{byte(i), byte(i >> 8)})}
		}
		var mu sync.Mutex
		tries := map[uuid.UUID]int{}
		tried := func(d commands.Due) int {
			mu.Lock()
			defer mu.Unlock()
			return tries[d.ID]
		}
		sweeper := commands.NewSweeper(commands.SweeperConfig{
			Do: func(_ context.Context, r commands.Request) (commands.Response, error) {
				mu.Lock()
				defer mu.Unlock()
				if c, ok := r.Command.(commands.EndReservation); ok && c.Expire {
					tries[c.ReservationID]++
				}
				return commands.Response{}, nil
			},
			Due: func(_ context.Context, _ time.Time, limit int) ([]commands.Due, error) {
				return stuck[:min(limit, len(stuck))], nil
			},
		})
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = sweeper.Run(ctx) }() // it always returns nil
		time.Sleep(5 * time.Second)
		synctest.Wait()
		for _, at := range []int{0, 500, 999} {
			if n := tried(stuck[at]); n != 1 {
				t.Errorf("number %d was tried %d times in 5 s; want once", at, n)
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := tried(stuck[0]); n < 12 || n > 20 { // 10, 20, 40, 80, 160 s, then every 5 minutes
			t.Errorf("it was tried %d times in an hour; want about 16", n)
		}
		stop()
		synctest.Wait()
	})
}

// A database that is away for a while is asked ever more seldom, and what is due ends once it is back.
func TestSweeper_lookupFails(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var asked, ended, refused atomic.Int64
		var log strings.Builder
		sweeper := commands.NewSweeper(commands.SweeperConfig{
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Do: func(_ context.Context, r commands.Request) (commands.Response, error) {
				ended.Add(1)
				if refused.Add(1) == 1 {
					return commands.Response{Refused: true, Answer: eventstore.Answer{Body: []byte("not now")}}, nil
				}
				return commands.Response{}, errors.New("no connection")
			},
			Due: func(ctx context.Context, _ time.Time, _ int) ([]commands.Due, error) {
				if asked.Add(1) < 10 {
					return nil, errors.New("connection refused")
				}
				return []commands.Due{{Tenant: tenant, Kind: commands.DueOrder, ID: uuid.Max}}, nil
			},
		})
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = sweeper.Run(ctx) }() // it always returns nil
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := asked.Load(); n > 8 {
			t.Errorf("asked %d times in a minute; want ever longer pauses", n)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		stop()
		synctest.Wait()
		if ended.Load() < 2 || !strings.Contains(log.String(), "not now") || !strings.Contains(log.String(), "no connection") {
			t.Errorf("ended %d times; the log says %s", ended.Load(), &log)
		}
	})
}
