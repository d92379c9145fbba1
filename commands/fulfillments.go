package commands

import (
	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
)

// decide assigns the units to the location and takes their reservations there.
func (c PlanFulfillment) decide(v *view) (decision, error) {
	o, err := existing(v, c.OrderID)
	w := begin(v, o, c.Plan.At, c.OrderID.String())
	if err != nil {
		return w.decision, err
	}
	err = w.assign(o, c.Plan, c.Plan.FulfillmentID, c.Plan.Lines)
	return w.decision, err
}

// decide says that units are packed. Reservations that are elsewhere are taken to the location, if there is enough.
func (c CreateFulfillment) decide(v *view) (decision, error) {
	o, err := existing(v, c.OrderID)
	w := begin(v, o, c.Pack.At, c.OrderID.String())
	if err != nil {
		return w.decision, err
	}
	pack := c.Pack
	pack.AllowUnpaid = v.settings().Payment().AllowUnpaidPacking
	err = w.assign(o, pack, pack.FulfillmentID, pack.Lines)
	return w.decision, err
}

// assign decides a command that plans or packs a fulfilment, and gathers its units at its location, which must be one of
// the tenant's. The request has named these lines.
func (w *work) assign(o *aggregate, cmd order.Command, id uuid.UUID, named []order.LineQuantity) error {
	events, err := w.decide(o, cmd)
	if err != nil || len(events) == 0 {
		return err
	}
	if err := w.record(o, events); err != nil {
		return err
	}
	state := w.orderOf(o)
	for i := range state.Fulfillments {
		if f := &state.Fulfillments[i]; f.FulfillmentID == id {
			if err := w.v.settings().CheckLocation("/location_id", f.LocationID); err != nil {
				return err
			}
			return w.gather(o, f, named)
		}
	}
	return nil
}
