package commands

import (
	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/stock"
)

// decide lists the product.
func (c ListProduct) decide(v *view) (decision, error) {
	p := v.product(c.Product.SKU)
	d := decision{target: p, occurred: c.Product.At, resource: c.Product.SKU}
	events, err := catalog.Decide(p.product, c.Product)
	if err == nil && len(events) > 0 {
		d.changes = []change{{p, facts(events)}}
	}
	return d, err
}

// decide changes the product.
func (c UpdateProduct) decide(v *view) (decision, error) {
	p := v.product(c.SKU)
	d := decision{target: p, occurred: c.Change.At, resource: c.SKU}
	c.Change.SKU = c.SKU
	events, err := catalog.Decide(p.product, c.Change)
	if err == nil && len(events) > 0 {
		d.changes = []change{{p, facts(events)}}
	}
	return d, err
}

// decide receives units. Only a listed SKU has stock: a mistyped one would hide its units for ever.
func (c ReceiveStock) decide(v *view) (decision, error) {
	p, s := v.product(c.SKU), v.stock(c.SKU)
	d := decision{target: s, occurred: c.At, resource: c.SKU}
	if !p.product.Exists() {
		return d, unlisted(c.SKU)
	}
	events, err := stock.Decide(s.stock, stock.Receive{SKU: c.SKU, LocationID: c.LocationID, Quantity: c.Quantity, Reference: c.Reference, At: c.At})
	if err == nil && len(events) > 0 {
		d.changes = []change{{s, facts(events)}}
	}
	return d, err
}
