package modeltest

import (
	"math/bits"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/projections"
)

// life is a world in which everything happens that orders know: drafts, holds, edits, parcels, returns. Customers are
// erased in it, and shoppers have units held.
type life struct {
	*world
	customers    map[string]map[string]*customer.Customer // by tenant and id
	reservations map[string][]*reservation.Reservation    // by tenant
}

// Life draws what happens to the orders of some shops, as History does, but all of it; and soft reservations, and
// customers who are erased. Of stock there is little, of products nothing.
func Life(t *rapid.T, steps int) []projections.Event {
	l := &life{
		world: newWorld(t), customers: map[string]map[string]*customer.Customer{}, reservations: map[string][]*reservation.Reservation{},
	}
	for range rapid.IntRange(0, steps).Draw(t, "steps") {
		l.step()
	}
	return l.history
}

func (l *life) step() {
	s := l.turn()
	switch l.roll("life", 16) {
	case 0:
		l.receive(s)
	case 1:
		l.importOrder(s, l.pii())
	case 2, 3:
		l.place(s, l.pii())
	case 4:
		l.draft(s)
	case 5, 6:
		l.change(s)
	case 7:
		l.hold(s)
	case 8:
		l.erase(s)
	default:
		l.changeMore(s)
	}
}

// roll returns a number from 0 to n-1, all of them about as likely: pick favours small ones.
func (l *life) roll(label string, n int) int {
	rolled := 0
	for range bits.Len(uint(n)) + 2 { //nolint:gosec // a small number
		rolled *= 2
		if l.flip(label) {
			rolled++
		}
	}
	return rolled % n
}

// pii is personal data as it looks once it is sealed.
func (l *life) pii() order.PII {
	return order.PII(pickOf(l.world, "pii", "", `{"k":"1","c":"c2VhbGVk"}`, `{"k":"2","c":"YW5vdGhlcg"}`, `{"k":"3","c":"PD4m"}`))
}

func (l *life) draft(s *shop) {
	lines, discounts := l.lines()
	l.decideOrder(s, &order.Order{}, order.Draft{
		OrderID: l.id(), ExternalID: l.external(s), Channel: "web", Currency: "EUR",
		CustomerID: pickOf(l.world, "customer", "", "c-1"), Country: "DE", PII: l.pii(), Lines: lines, Discounts: discounts,
		ShippingLines: l.shipping(), At: l.now,
	}, l.now)
}

// hold makes a soft reservation, or has something happen to one.
func (l *life) hold(s *shop) {
	made := l.reservations[s.tenant]
	at := l.pick("reservation", 0, len(made))
	if at == len(made) {
		id := l.id()
		lines := make([]reservation.Line, l.pick("lines", 1, 3))
		for i := range lines {
			lines[i] = reservation.Line{LineID: l.id(), SKU: pickOf(l.world, "sku", SKUs...), Quantity: int64(l.pick("quantity", 1, 5))}
			lines[i].LineID[0] = byte(i)
		}
		l.decideReservation(s, &reservation.Reservation{}, reservation.Make{
			ReservationID: id, CustomerID: pickOf(l.world, "customer", "", "c-1"), Reference: pickOf(l.world, "reference", "", `cart "1" <&>`),
			Lines: lines, ExpiresAt: l.now.Add(time.Duration(l.pick("lasts", 1, 300)) * time.Minute), At: l.now,
		})
		return
	}
	r := made[at]
	switch l.roll("what", 4) {
	case 0:
		l.decideReservation(s, r, reservation.Extend{ExpiresAt: l.now.Add(8 * time.Hour), At: l.now})
	case 1:
		l.decideReservation(s, r, reservation.Release{Reason: pickOf(l.world, "reason", "", "cart emptied"), At: l.now})
	case 2:
		l.decideReservation(s, r, reservation.Expire{At: l.now})
	default:
		l.decideReservation(s, r, reservation.Convert{OrderID: l.id(), At: l.now})
	}
}

func (l *life) decideReservation(s *shop, r *reservation.Reservation, cmd reservation.Command) {
	events, err := reservation.Decide(r, cmd)
	if err != nil {
		return // refused: no event
	}
	if !r.Exists() && len(events) > 0 {
		l.reservations[s.tenant] = append(l.reservations[s.tenant], r)
	}
	for _, e := range events {
		id := r.ID
		if made, ok := e.(reservation.Made); ok {
			id = made.ReservationID
		}
		data, err := reservation.Encode(e)
		r.Apply(record[reservation.Event](l.world, s, reservation.StreamType, id, e, data, err, l.now))
	}
}

// erase erases a customer, or sets and lifts a legal hold. Orders of an erased customer go on, and books of the past
// may even bring new ones.
func (l *life) erase(s *shop) {
	id := pickOf(l.world, "customer", "c-1", "c-2", "never ordered")
	var cmd customer.Command
	switch l.roll("what", 4) {
	case 0:
		cmd = customer.SetLegalHold{CustomerID: id, Reason: "case 7", At: l.now}
	case 1:
		cmd = customer.LiftLegalHold{CustomerID: id, At: l.now}
	default:
		cmd = customer.Erase{CustomerID: id, KeyID: uuid.Nil.String(), Reason: "request", At: l.now}
	}
	known := l.customers[s.tenant]
	if known == nil {
		known = map[string]*customer.Customer{}
		l.customers[s.tenant] = known
	}
	c := known[id]
	if c == nil {
		c = &customer.Customer{}
		known[id] = c
	}
	events, err := customer.Decide(c, cmd)
	if err != nil {
		return // refused: no event
	}
	for _, e := range events {
		data, err := customer.Encode(e)
		c.Apply(record[customer.Event](l.world, s, customer.StreamType, customer.StreamID(s.tenant, id), e, data, err, l.now))
	}
}
