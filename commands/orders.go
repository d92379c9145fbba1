package commands

import (
	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
)

// decide cancels the order and releases the stock of all its SKUs in the same step.
func (c CancelOrder) decide(v *view) (decision, error) {
	o := v.order(c.OrderID)
	d := decision{target: o, occurred: c.At, resource: c.OrderID.String()}
	events, err := order.Decide(o.order, order.Cancel{
		CancellationID: uuid.NewSHA1(c.OrderID, []byte("cancellation")), Reason: c.Reason, Note: c.Note, PII: c.PII, At: c.At,
	})
	if err != nil || len(events) == 0 {
		return d, err
	}
	d.changes = append(d.changes, change{o, facts(events)})
	err = eachStock(v, o.order, &d, func(string) stock.Command {
		return stock.Release{ReservationID: c.OrderID, Reason: string(c.Reason), At: c.At}
	})
	return d, err
}

// decide records the payment, confirms the order and commits the stock of all its SKUs in the same step.
func (c MarkPaid) decide(v *view) (decision, error) {
	o := v.order(c.OrderID)
	d := decision{target: o, occurred: c.At, resource: c.OrderID.String()}
	events, err := order.Decide(o.order, order.MarkPaid{PaymentID: c.PaymentID, Method: c.Method, Reference: c.Reference, By: c.By, At: c.At})
	if err != nil || len(events) == 0 {
		return d, err
	}
	d.changes = append(d.changes, change{o, facts(events)})
	err = eachStock(v, o.order, &d, func(string) stock.Command {
		return stock.Commit{ReservationID: c.OrderID, At: c.At}
	})
	return d, err
}

// eachStock decides a command on the stock of every SKU of an order, in the sequence of its lines.
func eachStock(v *view, o *order.Order, d *decision, cmd func(sku string) stock.Command) error {
	done := make(map[string]bool, len(o.Lines))
	for i := range o.Lines {
		sku := o.Lines[i].SKU
		if done[sku] {
			continue
		}
		done[sku] = true
		s := v.stock(sku)
		events, err := stock.Decide(s.stock, cmd(sku))
		if err != nil {
			return err
		}
		if len(events) > 0 {
			d.changes = append(d.changes, change{s, facts(events)})
		}
	}
	return nil
}

// decide records an order of the past. No stock moves.
func (c ImportOrder) decide(v *view) (decision, error) {
	o := v.fresh(c.Order.OrderID)
	d := decision{target: o, occurred: c.Order.PlacedAt, resource: c.Order.OrderID.String()}
	events, err := order.Decide(o.order, c.Order)
	if err != nil || len(events) == 0 {
		return d, err
	}
	d.changes = []change{{o, facts(events)}}
	d.claims = orderClaims(o.order, events)
	return d, nil
}
