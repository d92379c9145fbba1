package commands

import (
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

// decide ends the return. A replacement must be an order of the same customer that stands.
func (c ResolveReturn) decide(v *view) (decision, error) {
	c.Resolve.AutoComplete = completes(v)
	o := v.order(c.OrderID)
	if id := c.Resolve.ReplacementOrderID; id != uuid.Nil && o.orderState().Exists() {
		other := v.order(id).orderState()
		if !other.Exists() || other.CustomerID != o.orderState().CustomerID || id == c.OrderID ||
			other.Status == order.StatusCanceled || other.Status == order.StatusExpired {
			var faults rule.Faults
			faults.Add(rule.ValidationFailed, "/replacement_order_id", "%s is no other order of the same customer that stands", id)
			return decision{target: o, occurred: c.Resolve.At, resource: c.OrderID.String()}, faults.Err()
		}
	}
	return ofOrder(v, c.OrderID, c.Resolve.At, c.Resolve)
}
