package main

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// startProcess runs roles, without any server, in the test's own process.
func startProcess(t *testing.T, url string, r roles) *process {
	t.Helper()
	c, err := loadConfig(environWith(map[string]string{"DATABASE_URL": url, "DRAIN_TIMEOUT": "10s"}))
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProcess(t.Context(), c, options{roles: r, log: slog.New(slog.DiscardHandler), now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	p.startWork(t.Context(), "")
	return p
}

// poll waits until something is so.
func poll(t *testing.T, what string, met func() (bool, error)) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		ok, err := met()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come to be: %v", what, err)
		}
	}
}

func must(t *testing.T, p *process, c commands.Command) {
	t.Helper()
	r, err := p.engine.Do(t.Context(), commands.Request{Tenant: demoTenant, Actor: commands.Actor{Type: "staff"}, Command: c})
	if err != nil || r.Refused {
		t.Fatalf("%T: %v, refused: %v", c, err, r.Refused)
	}
}

// A process that only projects ends what is due, by an engine of its own: orders and soft reservations expire, holds
// end, and the units that were set aside can be had again.
func TestServe_endsWhatIsDue(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	projecting, writing := startProcess(t, url, roles{project: true}), startProcess(t, url, roles{write: true})
	if projecting.engine != nil || writing.sweeper != nil {
		t.Fatal("a projector has a write engine, or a writer sweeps")
	}
	now := time.Now()
	soon := now.Add(time.Second)
	id := func() uuid.UUID { return uuid.Must(uuid.NewV7()) }
	must(t, writing, commands.ListProduct{Product: catalog.List{
		SKU: "MUG", Name: "Mug", Prices: []money.Amount{{Minor: 100, Currency: "EUR"}}, Sellable: true, At: now,
	}})
	must(t, writing, commands.ReceiveStock{SKU: "MUG", Quantity: 6, At: now})
	place := func(units int64, expires time.Time) uuid.UUID {
		o := id()
		must(t, writing, commands.PlaceOrder{
			OrderID: o, Channel: "web", Currency: "EUR", Lines: []commands.OrderLine{{SKU: "MUG", Quantity: units}}, ExpiresAt: expires, At: now,
		})
		return o
	}
	expiring, held, reserved, hold := place(2, soon), place(1, now.Add(time.Hour)), id(), id()
	must(t, writing, commands.ChangeOrder{OrderID: held, Command: order.PlaceHold{HoldID: hold, Until: soon, At: now}, At: now})
	must(t, writing, commands.MakeReservation{Reservation: reservation.Make{
		ReservationID: reserved, Lines: []reservation.Line{{LineID: id(), SKU: "MUG", Quantity: 3}}, ExpiresAt: soon, At: now,
	}})
	for stream, last := range map[uuid.UUID]string{
		expiring: order.Expired{}.EventType(), held: order.HoldReleased{}.EventType(), reserved: reservation.Expired{}.EventType(),
	} {
		poll(t, last, func() (bool, error) {
			events, err := writing.store.Load(t.Context(), demoTenant, stream, 0)
			return len(events) > 0 && events[len(events)-1].Type == last, err
		})
	}
	place(5, time.Time{})
}
