package commands

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
)

// Scopes of claims.
const (
	scopeOrderNumber = "order_number"
	scopeExternalID  = "external_id:" // and the channel
)

// decide prices the order, places it, reserves the stock of all its SKUs and uses its discounts up, all or nothing. An
// order that waits for no payment, on account or for nothing, is confirmed at once: else it would expire. Every fault of
// every line is told at once.
func (c PlaceOrder) decide(v *view) (decision, error) {
	o := v.fresh(c.OrderID)
	w := begin(v, o, c.At, c.OrderID.String())
	err := c.place(&w, o)
	return w.decision, err
}

func (c PlaceOrder) place(w *work, o *aggregate) error {
	if err := customer.CheckChosen("/customer/id", c.CustomerID); err != nil {
		return err
	}
	b := c.basket()
	sums, err := b.price(w)
	if err != nil {
		return err
	}
	s := w.v.settings()
	place := order.Place{
		OrderID: c.OrderID, ExternalID: c.ExternalID, Channel: c.Channel, Currency: c.Currency, CustomerID: c.CustomerID,
		Country: c.Country, Locale: c.Locale, PII: c.PII, Lines: sums.lines, ShippingLines: sums.Shipping,
		Discounts: sums.Discounts, Rounding: sums.Rounding, PaymentPolicy: policy(s), ExpectedTotal: c.ExpectedTotal,
		ExpiresAt: c.expiry(s), At: c.At,
	}
	events, err := w.decide(o, place)
	if err != nil || len(events) == 0 {
		return err // before any stock is looked at: the order's own rules come first
	}
	w.claims = orderClaims(w.orderOf(o), events)
	w.change(o) // the order's event comes first
	if place.Backordered, err = c.reserve(w, sums.lines); err != nil {
		return err
	}
	if len(place.Backordered) > 0 {
		if events, err = w.decide(o, place); err != nil {
			return err
		}
	}
	if placed, ok := events[0].(order.Placed); ok {
		w.backorderable(placed.Lines)
	}
	if err := w.redeem(c.OrderID, sums.Uses); err != nil {
		return err
	}
	return w.record(o, events)
}

// backorderable notes on new lines how far their SKUs can be backordered.
func (w *work) backorderable(lines []order.Line) {
	for i := range lines {
		if policy := w.v.stock(lines[i].SKU).stockState().Policy(); policy != stock.BackorderDeny {
			lines[i].BackorderPolicy = order.BackorderPolicy(policy)
		}
	}
}

func (c PlaceOrder) basket() basket {
	return basket{
		orderID: c.OrderID, channel: c.Channel, currency: c.Currency, country: c.Country, lines: c.Lines,
		method: c.ShippingMethod, codes: c.DiscountCodes, at: c.At,
	}
}

// expiry returns when the order expires if it is still pending.
func (c PlaceOrder) expiry(s *settings.Settings) time.Time {
	if !c.ExpiresAt.IsZero() && s.Limits().OrderExpiryMinutes == 0 {
		return c.ExpiresAt
	}
	return c.At.Add(s.OrderExpiry(0))
}

// reserve sets the order's units aside: for each SKU all its lines together, in the sequence of their first lines. It
// returns those that are not in stock yet.
func (c PlaceOrder) reserve(w *work, lines []order.NewLine) ([]order.LineQuantity, error) {
	held, err := c.takeOver(w)
	if err != nil {
		return nil, err
	}
	demands := make(map[string][]stock.Demand, len(c.Lines))
	skus := make([]string, 0, len(c.Lines))
	for i, line := range c.Lines {
		if demands[line.SKU] == nil {
			skus = append(skus, line.SKU)
		}
		demands[line.SKU] = append(demands[line.SKU], stock.Demand{
			LineID: lines[i].LineID, Quantity: line.Quantity, Pointer: "/lines/" + strconv.Itoa(i) + "/quantity",
		})
	}
	var faults rule.Faults
	var backordered []order.LineQuantity
	for _, sku := range skus {
		reserve := stock.Reserve{
			SKU: sku, ReservationID: c.OrderID, OrderID: c.OrderID, Demands: demands[sku], At: c.At,
		}
		if held[sku] {
			reserve.Convert = c.ReservationID
			delete(held, sku)
		}
		events, err := w.stock(sku, reserve)
		if err != nil {
			faults.AddError("", err)
			continue
		}
		backordered = appendBackordered(backordered, sku, events)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return backordered, c.giveBack(w, held)
}

// takeOver ends the soft reservation that the order takes over, and returns the SKUs that it holds.
func (c PlaceOrder) takeOver(w *work) (map[string]bool, error) {
	if c.ReservationID == uuid.Nil {
		return nil, nil
	}
	r := w.v.reservation(c.ReservationID)
	events, err := reservation.Decide(w.reservationOf(r), reservation.Convert{ReservationID: c.ReservationID, OrderID: c.OrderID, At: c.At})
	if whose := w.reservationOf(r).CustomerID; err == nil && whose != "" && whose != c.CustomerID {
		err = rule.New(rule.ReservationNotFound, "there is no reservation %s", c.ReservationID) // not for this customer
	}
	if err != nil {
		var faults rule.Faults
		faults.AddError("/reservation_id", err)
		return nil, faults.Err()
	}
	held := make(map[string]bool)
	for _, l := range w.reservationOf(r).Lines {
		held[l.SKU] = true
	}
	w.add(r, facts(events)...)
	return held, nil
}

// giveBack releases what the soft reservation held of SKUs that the order does not have.
func (c PlaceOrder) giveBack(w *work, held map[string]bool) error {
	if len(held) == 0 {
		return nil
	}
	for _, l := range w.reservationOf(w.v.reservation(c.ReservationID)).Lines {
		if !held[l.SKU] {
			continue
		}
		delete(held, l.SKU)
		if _, err := w.stock(l.SKU, stock.Release{ReservationID: c.ReservationID, Reason: "converted", At: c.At}); err != nil {
			return err
		}
	}
	return nil
}

// appendBackordered adds what a reservation of a SKU has to wait for.
func appendBackordered(all []order.LineQuantity, sku string, events []stock.Event) []order.LineQuantity {
	for _, e := range events {
		if reserved, ok := e.(stock.Reserved); ok {
			for _, l := range reserved.Backordered {
				all = append(all, order.LineQuantity{LineID: l.LineID, SKU: sku, Quantity: l.Quantity})
			}
		}
	}
	return all
}

// lineID derives a line's id, so that deciding again gives the same one.
func lineID(orderID uuid.UUID, line int) uuid.UUID {
	return uuid.NewSHA1(orderID, strconv.AppendInt(nil, int64(line), 10))
}

// orderClaims makes a new order's number unique in the tenant, and its external id in the channel.
func orderClaims(o *order.Order, events []order.Event) []eventstore.Claim {
	if o.Exists() || len(events) == 0 {
		return nil
	}
	var c *order.Contents
	switch e := events[0].(type) {
	case order.Placed:
		c = &e.Contents
	case order.Drafted:
		c = &e.Contents
	case order.Imported:
		c = &e.Contents
	default:
		return nil
	}
	claims := []eventstore.Claim{{Scope: scopeOrderNumber, Value: c.Number, Owner: c.OrderID}}
	if c.ExternalID != "" {
		claims = append(claims, eventstore.Claim{Scope: scopeExternalID + c.Channel, Value: c.ExternalID, Owner: c.OrderID})
	}
	return claims
}
