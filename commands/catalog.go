package commands

import "github.com/ordermill/ordermill/domain/catalog"

// decide lists the product.
func (c ListProduct) decide(v *view) (decision, error) {
	p := v.product(c.Product.SKU)
	d := decision{target: p, occurred: c.Product.At, resource: c.Product.SKU}
	events, err := catalog.Decide(p.productState(), c.Product)
	if err == nil && len(events) > 0 {
		d.add(p, facts(events)...)
	}
	return d, err
}

// decide changes the product.
func (c UpdateProduct) decide(v *view) (decision, error) {
	p := v.product(c.SKU)
	d := decision{target: p, occurred: c.Change.At, resource: c.SKU}
	c.Change.SKU = c.SKU
	events, err := catalog.Decide(p.productState(), c.Change)
	if err == nil && len(events) > 0 {
		d.add(p, facts(events)...)
	}
	return d, err
}
