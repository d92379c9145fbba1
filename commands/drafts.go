package commands

import (
	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

// decide prices the draft and begins it. Nothing is reserved and no discount is used up, so that it takes over no reservation:
// that is for its placing.
func (c DraftOrder) decide(v *view) (decision, error) {
	p := &c.Order
	o := v.fresh(p.OrderID)
	w := begin(v, o, p.At, p.OrderID.String())
	if p.ReservationID != uuid.Nil {
		var faults rule.Faults
		faults.Add(rule.ValidationFailed, "/reservation_id", "a draft reserves nothing and takes over no reservation; name it when the draft is placed")
		return w.decision, faults.Err()
	}
	draft, err := p.draft(&w)
	if err != nil {
		return w.decision, err
	}
	events, err := w.decide(o, draft)
	if err != nil {
		return w.decision, err
	}
	w.claims = orderClaims(o.orderState(), events)
	return w.decision, w.record(o, events)
}

// draft returns what was asked for at the prices of the moment.
func (c PlaceOrder) draft(w *work) (order.Draft, error) {
	if err := customer.CheckChosen("/customer/id", c.CustomerID); err != nil {
		return order.Draft{}, err
	}
	b := c.basket()
	sums, err := b.price(w)
	if err != nil {
		return order.Draft{}, err
	}
	return order.Draft{
		OrderID: c.OrderID, ExternalID: c.ExternalID, Channel: c.Channel, Currency: c.Currency, CustomerID: c.CustomerID,
		Country: c.Country, Locale: c.Locale, PII: c.PII, Lines: sums.lines, ShippingLines: sums.Shipping,
		Discounts: sums.Discounts, Rounding: sums.Rounding, ExpectedTotal: c.ExpectedTotal, At: c.At,
		Wishes: order.Wishes{ShippingMethod: c.ShippingMethod, DiscountCodes: c.DiscountCodes},
	}, nil
}

// decide changes what is given of the draft and prices all of it anew.
func (c UpdateDraftOrder) decide(v *view) (decision, error) {
	o, err := existing(v, c.OrderID)
	w := begin(v, o, c.At, c.OrderID.String())
	if err != nil {
		return w.decision, err
	}
	if o.orderState().Status != order.StatusDraft {
		return w.decision, rule.New(rule.InvalidState, "order %s is %s, not a draft; use an edit to change what was placed", o.orderState().Number, o.orderState().Status)
	}
	p := placing(o.orderState())
	p.At = c.At
	given(&p.Lines, c.Lines)
	given(&p.ShippingMethod, c.ShippingMethod)
	given(&p.DiscountCodes, c.DiscountCodes)
	given(&p.Country, c.Country)
	given(&p.CustomerID, c.CustomerID)
	given(&p.Locale, c.Locale)
	if c.PII != nil {
		p.PII = c.PII
	}
	draft, err := p.draft(&w)
	if err != nil {
		return w.decision, err
	}
	err = w.order(o, order.UpdateDraft{Draft: draft})
	return w.decision, err
}

// decide places the draft at the prices of now.
func (c PlaceDraft) decide(v *view) (decision, error) {
	o, err := existing(v, c.OrderID)
	w := begin(v, o, c.At, c.OrderID.String())
	if err != nil {
		return w.decision, err
	}
	if o.orderState().Status != order.StatusDraft {
		return w.decision, rule.New(rule.InvalidState, "order %s is %s, not a draft", o.orderState().Number, o.orderState().Status)
	}
	p := placing(o.orderState())
	p.ReservationID, p.ExpectedTotal, p.ExpiresAt, p.At = c.ReservationID, c.ExpectedTotal, c.ExpiresAt, c.At
	err = p.place(&w, o)
	return w.decision, err
}

// placing returns what a draft asks for.
func placing(o *order.Order) PlaceOrder {
	p := PlaceOrder{
		OrderID: o.ID, ExternalID: o.ExternalID, Channel: o.Channel, Currency: o.Currency, CustomerID: o.CustomerID,
		Country: o.Country, Locale: o.Locale, PII: o.PII, Lines: make([]OrderLine, len(o.Lines)),
		ShippingMethod: o.Wishes.ShippingMethod, DiscountCodes: o.Wishes.DiscountCodes,
	}
	for i := range o.Lines {
		l := &o.Lines[i].Line
		p.Lines[i] = OrderLine{LineID: l.LineID, SKU: l.SKU, Quantity: l.Quantity}
	}
	return p
}

// given replaces what was by what is given.
func given[T any](what, by *T) {
	if by != nil {
		*what = *by
	}
}
