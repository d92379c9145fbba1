package commands

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

// decide asks to send units back, inside the tenant's window.
func (c RequestReturn) decide(v *view) (decision, error) {
	s := v.settings()
	c.Request.WindowDays = s.Limits().ReturnWindowDays
	d, err := ofOrder(v, c.OrderID, c.Request.At, c.Request)
	if err == nil && c.Request.LocationID != "" {
		err = s.CheckLocation("/location_id", c.Request.LocationID)
	}
	return d, err
}

// decide ends the return. A replacement must be an order of the same customer that stands, as far as that can be told.
func (c ResolveReturn) decide(v *view) (decision, error) {
	o := v.order(c.OrderID)
	if id := c.Resolve.ReplacementOrderID; id != uuid.Nil && o.orderState().Exists() {
		if err := replaces(o.orderState(), c.Resolve.ReturnID, v.order(id).orderState()); err != nil {
			var faults rule.Faults
			faults.Add(rule.ValidationFailed, "/replacement_order_id", "order %s cannot be the replacement: %v", id, err)
			return decision{target: o, occurred: c.Resolve.At, resource: c.OrderID.String()}, faults.Err()
		}
	}
	return ofOrder(v, c.OrderID, c.Resolve.At, c.Resolve)
}

// replaces fails, saying what is expected, unless an order may replace what comes back of another one with a return.
// Guests cannot be told apart, so that of a guest must at least fit the order, and be placed for the return.
func replaces(o *order.Order, returnID uuid.UUID, other *order.Order) error {
	if !other.Exists() || other.ID == o.ID || other.CustomerID != o.CustomerID || other.Status == order.StatusCanceled || other.Status == order.StatusExpired {
		who := "a guest"
		if o.CustomerID != "" {
			who = fmt.Sprintf("customer %q", o.CustomerID)
		}
		return fmt.Errorf("it is to be another order of %s that is neither canceled nor expired", who)
	}
	i := slices.IndexFunc(o.Returns, func(r order.Return) bool { return r.ReturnID == returnID })
	if o.CustomerID != "" || i < 0 {
		return nil
	}
	if asked := o.Returns[i].RequestedAt; other.Channel != o.Channel || other.Currency != o.Currency || other.PlacedAt.Before(asked) {
		return fmt.Errorf("that of a guest is to be placed in channel %q and in %s, as the order was, and at %s or later, when the return was asked for; it was placed in %q, in %s, at %s",
			o.Channel, o.Currency, asked.Format(time.RFC3339), other.Channel, other.Currency, other.PlacedAt.Format(time.RFC3339))
	}
	return nil
}
