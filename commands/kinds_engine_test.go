package commands_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// The stream of one kind of aggregate is never taken for, or written to as, one of another kind that has the same id.
func TestEngine_kindsApart(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	s := openShop(t, pool)
	s.sell("A", 10)
	placed := place(commands.OrderLine{SKU: "A", Quantity: 1})
	s.must(placed)
	held := uuid.Must(uuid.NewV7())
	made := commands.MakeReservation{Reservation: reservation.Make{
		ReservationID: held, Lines: []reservation.Line{{LineID: uuid.New(), SKU: "A", Quantity: 1}}, ExpiresAt: noon.Add(10 * time.Minute), At: noon,
	}}
	s.must(made)
	s = openShop(t, pool) // nothing is remembered
	before := stored(t, pool)
	if _, err := s.do(nil, commands.CancelOrder{OrderID: held, Reason: order.ReasonStaff, At: noon}); rule.CodeOf(err) != rule.OrderNotFound {
		t.Errorf("cancel a reservation: %v, want order_not_found", err)
	}
	over := place(commands.OrderLine{SKU: "A", Quantity: 1})
	over.OrderID = held
	if _, err := s.do(key("over", ""), over); rule.CodeOf(err) != rule.ValidationFailed {
		t.Errorf("an order with a reservation's id: %v, want validation_failed", err)
	}
	made.Reservation.ReservationID = placed.OrderID
	if _, err := s.do(key("made", ""), made); rule.CodeOf(err) != rule.ValidationFailed {
		t.Errorf("a reservation with an order's id: %v, want validation_failed", err)
	}
	both := place(commands.OrderLine{SKU: "A", Quantity: 1})
	both.ReservationID = both.OrderID
	if r, err := s.do(nil, both); err == nil && !r.Refused {
		t.Errorf("an order that takes itself over: %s, want a refusal", r.Answer.Body)
	}
	if after := stored(t, pool); after[0] != before[0] || after[1] != before[1] {
		t.Errorf("rows = %v, want %v: no event and no answer", after, before)
	}
}
