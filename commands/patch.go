package commands

import (
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
)

// PatchOrder changes several things of an order in one step, all or none: first what is of a draft alone, then where it
// is shipped to, then the commands that need no prices and no settings. State: *order.Order.
type PatchOrder struct {
	OrderID uuid.UUID
	Draft   *UpdateDraftOrder            // nil: nothing of a draft
	Address *order.ChangeShippingAddress // nil: unchanged. Requote is filled in here
	Steps   []order.Command
	At      time.Time
}

// PatchStock runs several commands of one listed SKU's stock in one step, all or none. State: *stock.Stock.
type PatchStock struct {
	SKU   string
	Steps []stock.Command
	At    time.Time
}

// decide takes the changes one after the other, each on what those before it leave.
func (c PatchOrder) decide(v *view) (decision, error) {
	o, err := existing(v, c.OrderID)
	w := begin(v, o, c.At, c.OrderID.String())
	if err == nil && c.Draft != nil {
		w.decision, err = c.Draft.decide(v)
	}
	if err == nil && c.Address != nil {
		w.decision, err = ChangeShippingAddress{OrderID: c.OrderID, Change: *c.Address}.decide(v)
	}
	for i := 0; err == nil && i < len(c.Steps); i++ {
		err = w.order(o, c.Steps[i])
	}
	return w.decision, err
}

// decide takes the changes one after the other, each on what those before it leave.
func (c PatchStock) decide(v *view) (decision, error) {
	w := begin(v, v.stock(c.SKU), c.At, c.SKU)
	safety := 0
	for i, step := range c.Steps {
		part := ""
		if _, ok := step.(stock.SetSafetyStock); ok {
			part = "/safety_stock/" + strconv.Itoa(safety)
			safety++
		}
		var err error
		if i == 0 {
			w.decision, err = ofStock(v, c.SKU, c.At, step)
		} else if err = w.checkLocations(step); err == nil {
			_, err = w.stock(c.SKU, step)
		}
		if v := new(rule.Violation); part != "" && errors.As(err, &v) && len(v.Details) > 0 {
			err = within(part, err)
		}
		if err != nil {
			return w.decision, err
		}
	}
	w.pickOrder()
	return w.decision, nil
}
