package commands

import (
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
)

// decide computes what the order would come to. It sets nothing aside.
func (c QuoteOrder) decide(v *view) (decision, error) {
	p := &c.Order
	w := begin(v, nil, p.At, "")
	b := p.basket()
	sums, err := b.price(&w)
	if err != nil {
		return w.decision, err
	}
	s := v.settings()
	events, err := order.Decide(new(order.Order), order.Place{
		OrderID: p.OrderID, Channel: p.Channel, Currency: p.Currency, CustomerID: p.CustomerID, Country: p.Country,
		Locale: p.Locale, Lines: sums.lines, ShippingLines: sums.Shipping, Discounts: sums.Discounts, Rounding: sums.Rounding,
		PaymentPolicy: policy(s), ExpectedTotal: p.ExpectedTotal, ExpiresAt: p.expiry(s), At: p.At,
	}, order.Terms{At: p.At})
	if err != nil {
		return w.decision, err
	}
	if err := w.redeem(p.OrderID, sums.Uses); err != nil {
		return w.decision, err
	}
	w.changes = nil // what was decided only shows that it could be
	quote := &Quote{Order: order.Replay(events...), Lines: p.availability(&w, sums.lines)}
	w.result = quote
	return w.decision, nil
}

// availability tells for each line what there is of its SKU.
func (c PlaceOrder) availability(w *work, lines []order.NewLine) []QuoteAvailability {
	requested := make(map[string]int64, len(lines))
	for _, l := range lines {
		requested[l.SKU] += l.Quantity
	}
	out := make([]QuoteAvailability, len(lines))
	for i, l := range lines {
		s := w.v.stock(l.SKU).stockState()
		_, err := stock.DecideFrom(s, stock.Reserve{
			SKU: l.SKU, ReservationID: c.OrderID, OrderID: c.OrderID, Convert: c.ReservationID, At: c.At,
			Demands: []stock.Demand{{LineID: l.LineID, Quantity: requested[l.SKU]}},
		}, w.pickOrder())
		available := s.AvailableFrom(w.pickOrder())
		if soft, ok := s.Reservation(c.ReservationID); ok && soft.Kind == stock.KindSoft {
			available += soft.UnitsFrom(w.pickOrder()) // the order would take them over
		}
		if s.Untracked {
			available = requested[l.SKU] // it is never refused
		}
		out[i] = QuoteAvailability{
			LineID: l.LineID, SKU: l.SKU, Requested: requested[l.SKU], Available: available,
			Backorderable: err == nil && requested[l.SKU] > available,
		}
	}
	return out
}
