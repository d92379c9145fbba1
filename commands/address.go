package commands

import (
	"slices"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/pricing"
)

// decide sends the order elsewhere. If the country changes, its taxes are computed anew for what it holds.
func (c ChangeShippingAddress) decide(v *view) (decision, error) {
	o, err := existing(v, c.OrderID)
	w := begin(v, o, c.Change.At, c.OrderID.String())
	if err != nil {
		return w.decision, err
	}
	change := c.Change
	if change.Country != o.orderState().Country && o.orderState().Status != order.StatusDraft {
		if change.Requote, err = w.requote(o.orderState(), change.Country); err != nil {
			return w.decision, err
		}
	}
	err = w.order(o, change)
	return w.decision, err
}

// requote computes an order's taxes for another country, or returns nil if they stay as they are. Prices, discounts and tax
// classes stay.
func (w *work) requote(o *order.Order, country string) (*order.Requote, error) {
	in := pricing.Input{Currency: o.Currency, Country: country, Rules: &w.v.settings().Rules, Rounding: o.Rounding, Pointer: "/shipping_address/country"}
	was := pricing.Output{Shipping: o.ShippingLines, Discounts: o.Discounts}
	for i := range o.Lines {
		l := &o.Lines[i]
		class := l.TaxClass
		if class == "" { // sold before lines had one
			class = w.v.product(l.SKU).productState().TaxClass
		}
		in.Lines = append(in.Lines, pricing.Item{TaxClass: class})
		was.Lines = append(was.Lines, pricing.LinePrice{Subtotal: l.Subtotal, Discount: l.DiscountTotal(), Allocations: l.DiscountAllocations})
	}
	out, err := pricing.Retax(in, was)
	if err != nil {
		return nil, err
	}
	now := o.LiveTotals()
	requote := &order.Requote{
		Shipping: out.Shipping, ShippingNetChange: o.ShippingNetChange(out.Shipping),
		TotalsBefore: now, TotalsAfter: out.Totals, AmountDelta: out.Totals.Total - now.Total,
	}
	changed := false
	for i := range o.Lines {
		l := &out.Lines[i]
		requote.Lines = append(requote.Lines, o.Lines[i].Retax(l.TaxLines, o.Rounding.Mode))
		changed = changed || !slices.Equal(o.Lines[i].TaxLines, l.TaxLines)
	}
	for i := range out.Shipping {
		changed = changed || !slices.Equal(o.ShippingLines[i].TaxLines, out.Shipping[i].TaxLines)
	}
	if !changed {
		return nil, nil //nolint:nilnil // nothing to tell
	}
	return requote, nil
}
