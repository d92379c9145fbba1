package commands

import (
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/promotion"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
)

// follow decides what an event of an order means for its stock and its discounts. It happens in the same append as the
// event, so that an order and what is set aside for it never part.
func (w *work) follow(o *aggregate, e order.Event) error {
	switch e := e.(type) {
	case order.Confirmed:
		return w.commit(o)
	case order.Canceled:
		if e.PreviousStatus == order.StatusDraft {
			return nil // nothing was set aside
		}
		return w.end(o, e.Lines, string(e.Reason))
	case order.Expired:
		return w.end(o, e.Lines, "expired")
	case order.Completed:
		return w.handOver(o)
	case order.LinesCanceled:
		return w.release(o, canceledUnits(e.Lines), string(e.Reason))
	case order.ShipmentDispatched:
		return w.deduct(&e)
	case order.ReturnReceived:
		return w.takeBack(&e)
	case order.FulfillmentMoved:
		return w.moveAll(o, &e)
	default:
		return nil
	}
}

// commit promises the order's units to it: those of every SKU that it still waits to ship.
func (w *work) commit(o *aggregate) error {
	state := w.orderOf(o)
	done := make(map[string]bool, len(state.Lines))
	for i := range state.Lines {
		l := &state.Lines[i]
		if done[l.SKU] || l.Counters.Live() == l.Counters.Shipped {
			continue
		}
		done[l.SKU] = true
		if _, err := w.stock(l.SKU, stock.Commit{ReservationID: state.ID, At: w.occurred}); err != nil {
			return err
		}
	}
	return nil
}

// end gives everything back that an order had set aside: the stock of its last live units and its uses of discounts.
func (w *work) end(o *aggregate, lines []order.CanceledLine, reason string) error {
	state := w.orderOf(o)
	done := make(map[string]bool, len(lines))
	for i := range lines {
		sku := lines[i].SKU
		if done[sku] {
			continue
		}
		done[sku] = true
		if _, err := w.stock(sku, stock.Release{ReservationID: state.ID, Reason: reason, At: w.occurred}); err != nil {
			return err
		}
	}
	for i := range state.Discounts {
		id := state.Discounts[i].DiscountID
		if err := w.promotion(id, promotion.GiveBack{DiscountID: id, OrderID: state.ID, Reason: reason, At: w.occurred}); err != nil {
			return err
		}
	}
	return nil
}

// handOver ends what a completed order still has set aside. Units that were never shipped need no shipping: they are the
// customer's now, and leave the shelves. Those that it waits for, and those that a shelf does not have after all, are
// given up.
func (w *work) handOver(o *aggregate) error {
	state := w.orderOf(o)
	done := make(map[string]bool)
	for i := range state.Lines {
		l := &state.Lines[i]
		if done[l.SKU] || l.Counters.Live() == l.Counters.Shipped {
			continue
		}
		done[l.SKU] = true
		r, _ := w.stockOf(w.v.stock(l.SKU)).Reservation(state.ID)
		for _, a := range r.Allocations {
			_, err := w.stock(l.SKU, stock.Deduct{
				ReservationID: state.ID, LocationID: a.LocationID, At: w.occurred,
				Lines: []stock.LineQuantity{{LineID: a.LineID, Quantity: a.Quantity}},
			})
			if err != nil && rule.CodeOf(err) == "" {
				return err
			}
		}
		if _, err := w.stock(l.SKU, stock.Release{ReservationID: state.ID, Reason: "completed", At: w.occurred}); err != nil {
			return err
		}
	}
	return nil
}

// release gives units of some lines back, but not those that are packed.
func (w *work) release(o *aggregate, lines []order.LineQuantity, reason string) error {
	id, packed := w.orderOf(o).ID, packedUnits(w.orderOf(o))
	return bySKU(lines, func(sku string, units []stock.LineQuantity) error {
		_, err := w.stock(sku, stock.Release{ReservationID: id, Lines: units, Spare: packed, Reason: reason, At: w.occurred})
		return err
	})
}

// deduct takes shipped units off the shelves.
func (w *work) deduct(e *order.ShipmentDispatched) error {
	return bySKU(e.Lines, func(sku string, units []stock.LineQuantity) error {
		_, err := w.stock(sku, stock.Deduct{
			ReservationID: e.OrderID, LocationID: e.LocationID, Lines: units, ShipmentID: e.ShipmentID, At: w.occurred,
		})
		return err
	})
}

// takeBack books returned units, those of one SKU that have the same fate together.
func (w *work) takeBack(e *order.ReturnReceived) error {
	if err := w.v.settings().CheckLocation("/location_id", e.LocationID); err != nil {
		return err
	}
	for _, fate := range [...]order.Disposition{order.DispositionRestock, order.DispositionQualityControl, order.DispositionDamaged, order.DispositionWriteOff} {
		var lines []order.LineQuantity
		for _, l := range e.Lines {
			if l.Disposition == fate {
				lines = append(lines, order.LineQuantity{LineID: l.LineID, SKU: l.SKU, Quantity: l.Quantity})
			}
		}
		err := bySKU(lines, func(sku string, units []stock.LineQuantity) error {
			_, err := w.stock(sku, stock.Return{
				SKU: sku, LocationID: e.LocationID, OrderID: e.OrderID, ReturnID: e.ReturnID, Lines: units,
				Disposition: stock.Disposition(fate), At: w.occurred,
			})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// moveAll takes the reservations of a planned fulfilment to its new location.
func (w *work) moveAll(o *aggregate, e *order.FulfillmentMoved) error {
	if err := w.v.settings().CheckLocation("/location_id", e.To); err != nil {
		return err
	}
	state := w.orderOf(o)
	for i := range state.Fulfillments {
		if f := &state.Fulfillments[i]; f.FulfillmentID == e.FulfillmentID {
			return w.gather(o, f, nil)
		}
	}
	return nil
}

// bySKU calls do with the units of each SKU, in the sequence of their first lines.
func bySKU(lines []order.LineQuantity, do func(sku string, units []stock.LineQuantity) error) error {
	grouped := make(map[string][]stock.LineQuantity, len(lines))
	var skus []string
	for _, l := range lines {
		if l.Quantity == 0 {
			continue
		}
		if grouped[l.SKU] == nil {
			skus = append(skus, l.SKU)
		}
		grouped[l.SKU] = append(grouped[l.SKU], stock.LineQuantity{LineID: l.LineID, Quantity: l.Quantity})
	}
	for _, sku := range skus {
		if err := do(sku, grouped[sku]); err != nil {
			return err
		}
	}
	return nil
}

func canceledUnits(lines []order.CanceledLine) []order.LineQuantity {
	units := make([]order.LineQuantity, len(lines))
	for i, l := range lines {
		units[i] = order.LineQuantity{LineID: l.LineID, SKU: l.SKU, Quantity: l.Quantity}
	}
	return units
}
