package pricing

import "github.com/ordermill/ordermill/domain/money"

// Retax returns an order that was priced before with its taxes computed anew for the country and the rules of the input;
// prices, discounts, what shipping costs and its tax class stay: a class that is not known any more is that of the method,
// or the standard one if there is none of that name. Of the input's lines only the tax classes count. It fails with
// validation_failed if the order comes to more than money.MaxSum.
func Retax(in Input, was Output) (Output, error) {
	c := calculation{in: &in, currency: in.Currency, mode: in.Rounding.Mode}
	out := Output{Discounts: was.Discounts, Rounding: in.Rounding, Lines: make([]LinePrice, len(was.Lines)), Shipping: make([]ShippingLine, len(was.Shipping))}
	for i, l := range was.Lines {
		out.Lines[i] = LinePrice{Subtotal: l.Subtotal, Discount: l.Discount, Allocations: l.Allocations}
		c.subtotal = money.Clamped(c.subtotal, l.Subtotal)
	}
	for i, s := range was.Shipping {
		out.Shipping[i] = ShippingLine{Method: s.Method, Amount: s.Amount, TaxClass: s.TaxClass}
		if method, ok := in.Rules.Method(s.Method); ok && s.TaxClass == "" {
			out.Shipping[i].TaxClass = method.TaxClass
		}
	}
	c.taxes(&out)
	c.totals(&out)
	if err := c.faults.Err(); err != nil {
		return Output{}, err
	}
	return out, nil
}
