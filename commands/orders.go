package commands

import (
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
)

// ofOrder decides a command of one order, with what follows from it.
func ofOrder(v *view, id uuid.UUID, at time.Time, cmd order.Command) (decision, error) {
	o := v.order(id)
	w := begin(v, o, at, id.String())
	err := w.order(o, cmd)
	return w.decision, err
}

// decide runs the command, and what follows from it for stock, discounts and backorders.
func (c ChangeOrder) decide(v *view) (decision, error) {
	command := c.Command
	switch cmd := command.(type) { //nolint:gocritic // these complete orders, the others do not
	case order.MarkRefunded:
		cmd.AutoComplete = completes(v)
		command = cmd
	case order.RecordPayment:
		cmd.AutoComplete = completes(v)
		command = cmd
	}
	return ofOrder(v, c.OrderID, c.At, command)
}

// decide cancels the order and releases the stock of all its SKUs in the same step.
func (c CancelOrder) decide(v *view) (decision, error) {
	return ofOrder(v, c.OrderID, c.At, order.Cancel{
		CancellationID: uuid.NewSHA1(c.OrderID, []byte("cancellation")), Reason: c.Reason, Note: c.Note, PII: c.PII, At: c.At,
	})
}

// decide records the payment, confirms the order and commits the stock of all its SKUs in the same step.
func (c MarkPaid) decide(v *view) (decision, error) {
	return ofOrder(v, c.OrderID, c.At, order.MarkPaid{
		PaymentID: c.PaymentID, Method: c.Method, Reference: c.Reference, By: c.By, At: c.At, AutoComplete: completes(v),
	})
}

// decide records an order of the past. No stock moves.
func (c ImportOrder) decide(v *view) (decision, error) {
	o := v.fresh(c.Order.OrderID)
	w := begin(v, o, c.Order.PlacedAt, c.Order.OrderID.String())
	events, err := order.Decide(o.orderState(), c.Order)
	if err != nil {
		return w.decision, err
	}
	w.claims = orderClaims(o.orderState(), events)
	w.add(o, facts(events)...)
	return w.decision, nil
}
