package modeltest

import (
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/projections"
)

func (w *world) location() string { return pickOf(w, "location", "", "north", "East") }

func (w *world) receive(s *shop) { w.deliver(s, pickOf(w, "sku", SKUs...)) }

func (w *world) deliver(s *shop, sku string) {
	w.decideStock(s, stock.Receive{SKU: sku, LocationID: w.location(), Quantity: int64(w.pick("quantity", 1, 40)), At: w.now}, sku)
}

// Stock is the life of a few SKUs: all that can happen to their units.
func Stock(t *rapid.T, steps int) []projections.Event {
	w := newWorld(t)
	for range rapid.IntRange(0, steps).Draw(t, "steps") {
		s, sku := w.turn(), pickOf(w, "sku", SKUs[1], SKUs[2])
		if w.pick("delivery", 0, 5) == 0 {
			w.deliver(s, sku)
		} else {
			w.move(s, sku)
		}
	}
	return w.history
}

func (w *world) reservation(s *shop) { w.move(s, pickOf(w, "sku", SKUs...)) }

// move sends any command to a SKU's stock: mostly one about a reservation.
func (w *world) move(s *shop, sku string) {
	switch w.pick("stock", 0, 5) {
	case 0:
		w.decideStock(s, w.settle(sku), sku)
	case 1:
		w.decideStock(s, w.transfer(), sku)
	default:
		w.decideStock(s, w.reserve(sku), sku)
	}
}

// reserve draws something that happens to a reservation.
func (w *world) reserve(sku string) stock.Command {
	number := byte(w.pick("reservation", 1, 4))
	id, line := uuid.UUID{15: number}, []stock.LineQuantity{{LineID: uuid.UUID{15: number}, Quantity: int64(w.pick("units", 1, 8))}}
	soft := uuid.UUID{14: 1, 15: number}
	demands := []stock.Demand{{LineID: id, Quantity: int64(w.pick("demand", 1, 30))}}
	switch w.pick("kind", 0, 14) {
	case 0, 1:
		return stock.Commit{ReservationID: id, At: w.now}
	case 2:
		return stock.Release{ReservationID: id, At: w.now}
	case 3:
		return stock.Release{ReservationID: id, Lines: line, Reason: "customer", At: w.now}
	case 4:
		return stock.ReserveMore{SKU: sku, ReservationID: id, ChangeID: w.id(), Demands: demands, Committed: w.flip("committed"), At: w.now}
	case 5:
		return stock.Move{ReservationID: id, To: w.location(), At: w.now}
	case 6, 7:
		return stock.Deduct{ReservationID: id, LocationID: w.location(), Lines: line, ShipmentID: w.id(), At: w.now}
	case 8:
		return stock.Reserve{SKU: sku, ReservationID: soft, Kind: stock.KindSoft, Demands: demands, ExpiresAt: w.now.Add(time.Minute), At: w.now}
	case 9:
		return stock.ExtendReservation{ReservationID: soft, ExpiresAt: w.now.Add(time.Hour), At: w.now}
	case 10:
		return stock.Expire{ReservationID: soft, At: w.now}
	default:
		return stock.Reserve{SKU: sku, ReservationID: id, OrderID: id, Demands: demands, At: w.now}
	}
}

// transfer draws a transfer or its end.
func (w *world) transfer() stock.Command {
	id := uuid.UUID{15: byte(w.pick("transfer", 1, 2))}
	if w.flip("arrives") {
		return stock.ReceiveTransfer{TransferID: id, Quantity: int64(w.pick("arrived", 0, 9)), Lost: int64(w.pick("lost", 0, 1)), At: w.now}
	}
	return stock.DispatchTransfer{TransferID: id, From: w.location(), To: w.location(), Quantity: int64(w.pick("sent", 1, 9)), At: w.now}
}

// settle draws what staff do: they count, look at what came back, and say how the SKU is sold.
func (w *world) settle(sku string) stock.Command {
	disposition := func() stock.Disposition {
		return pickOf(w, "disposition", stock.Restock, stock.QualityControl, stock.Damaged, stock.WriteOff)
	}
	switch w.pick("settle", 0, 6) {
	case 0:
		return stock.Adjust{SKU: sku, LocationID: w.location(), Delta: int64(w.pick("delta", -9, 9)), Reason: "found", At: w.now}
	case 1:
		return stock.Count{SKU: sku, LocationID: w.location(), Counted: int64(w.pick("counted", 0, 40)), At: w.now}
	case 2:
		return stock.SetSafetyStock{SKU: sku, LocationID: w.location(), Quantity: int64(w.pick("safety", 0, 9)), At: w.now}
	case 3:
		policy := pickOf(w, "policy", stock.BackorderAllow, stock.BackorderDeny, stock.BackorderLimit)
		limit := 0
		if policy == stock.BackorderLimit {
			limit = w.pick("limit", 0, 20)
		}
		return stock.SetBackorderPolicy{SKU: sku, Policy: policy, Limit: int64(limit), At: w.now}
	case 4:
		return stock.SetTracking{SKU: sku, Tracked: w.flip("tracked"), At: w.now}
	case 5:
		return stock.Return{
			SKU: sku, LocationID: w.location(), OrderID: w.id(), Lines: []stock.LineQuantity{{LineID: w.id(), Quantity: int64(w.pick("back", 1, 9))}},
			Disposition: disposition(), At: w.now,
		}
	default:
		return stock.Inspect{
			LocationID: w.location(), From: pickOf(w, "from", stock.QualityControl, stock.Damaged), Disposition: disposition(),
			Quantity: int64(w.pick("inspected", 1, 3)), At: w.now,
		}
	}
}

func (w *world) decideStock(s *shop, cmd stock.Command, sku string) {
	state := s.stocks[sku]
	if state == nil {
		state = &stock.Stock{}
	}
	events, err := stock.Decide(state, cmd)
	if err != nil {
		return // refused: no event
	}
	for _, e := range events {
		data, err := stock.Encode(e)
		state.Apply(record[stock.Event](w, s, stock.StreamType, stock.StreamID(s.tenant, sku), e, data, err, w.now))
		s.stocks[sku] = state
	}
}
