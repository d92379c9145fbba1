package commands

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
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
	return ofOrder(v, c.OrderID, c.At, c.Command)
}

// decide cancels the order and releases the stock of all its SKUs in the same step.
func (c CancelOrder) decide(v *view) (decision, error) {
	return ofOrder(v, c.OrderID, c.At, order.Cancel{
		CancellationID: uuid.NewSHA1(c.OrderID, []byte("cancellation")), Reason: c.Reason, Note: c.Note, Private: c.Private, PII: c.PII, At: c.At,
	})
}

// decide records the payment, confirms the order and commits the stock of all its SKUs in the same step.
func (c MarkPaid) decide(v *view) (decision, error) {
	return ofOrder(v, c.OrderID, c.At, order.MarkPaid{
		PaymentID: c.PaymentID, Method: c.Method, Reference: c.Reference, Texts: c.Texts, By: c.By, At: c.At,
	})
}

// decide records an order of the past, and takes its units off the main location if its stock policy says so: as many as
// are available there, or all of them, for which the SKUs must be listed.
func (c ImportOrder) decide(v *view) (decision, error) {
	o := v.fresh(c.Order.OrderID)
	w := begin(v, o, c.Order.PlacedAt, c.Order.OrderID.String())
	events, err := w.decide(o, c.Order)
	if err != nil || len(events) == 0 {
		return w.decision, err
	}
	w.claims = orderClaims(o.orderState(), events)
	if err := w.record(o, events); err != nil {
		return w.decision, err
	}
	return w.decision, c.deduct(&w)
}

// deduct takes the units off the shelves that were sold.
func (c ImportOrder) deduct(w *work) error {
	force := c.Order.StockPolicy == order.StockForce
	if !force && c.Order.StockPolicy != order.StockUpdate {
		return nil
	}
	sold := make([]order.LineQuantity, len(c.Order.Lines))
	var faults rule.Faults
	for i, l := range c.Order.Lines {
		sold[i] = order.LineQuantity{LineID: l.LineID, SKU: l.SKU, Quantity: l.Quantity}
		if force && !w.v.product(l.SKU).productState().Exists() {
			faults.Add(rule.SKUUnknown, "/lines/"+strconv.Itoa(i)+"/sku", "SKU %q is not in the catalogue; list it first", l.SKU)
		}
	}
	if err := faults.Err(); err != nil {
		return err
	}
	return bySKU(sold, func(sku string, units []stock.LineQuantity) error {
		deduct := stock.DeductSold{SKU: sku, Force: force, Reason: "imported order", At: c.Order.At}
		for _, u := range units {
			deduct.Quantity += u.Quantity
		}
		_, err := w.stock(sku, deduct)
		return err
	})
}
