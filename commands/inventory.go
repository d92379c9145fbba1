package commands

import (
	"cmp"
	"errors"
	"strconv"
	"time"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
)

// decide receives units, and fills backorders with them.
func (c ReceiveStock) decide(v *view) (decision, error) {
	return ofStock(v, c.SKU, c.At, stock.Receive{
		SKU: c.SKU, LocationID: c.LocationID, Quantity: c.Quantity, Reference: c.Reference, At: c.At,
	})
}

// decide runs the command, and fills the backorders that it makes possible.
func (c ChangeStock) decide(v *view) (decision, error) { return ofStock(v, c.SKU, c.At, c.Command) }

// ofStock decides a command of a SKU's stock. Only a listed SKU has stock: a mistyped one would hide its units for ever.
func ofStock(v *view, sku string, at time.Time, cmd stock.Command) (decision, error) {
	p, s := v.product(sku), v.stock(sku)
	w := begin(v, s, at, sku)
	if !p.productState().Exists() {
		return w.decision, unlisted(sku)
	}
	if err := w.checkLocations(cmd); err != nil {
		return w.decision, err
	}
	_, err := w.stock(sku, cmd)
	w.pickOrder()
	return w.decision, err
}

// checkLocations fails unless the tenant has all locations that a command of people names: what a mistyped one takes in
// would be on sale, or lost to sale, at a place that is not there.
func (w *work) checkLocations(cmd stock.Command) error {
	var ids, pointers []string
	name := func(pointer, id string) {
		ids, pointers = append(ids, cmp.Or(id, stock.MainLocation)), append(pointers, pointer)
	}
	const own = "/location_id"
	switch c := cmd.(type) {
	case stock.Receive:
		name(own, c.LocationID)
	case stock.Adjust:
		name(own, c.LocationID)
	case stock.Count:
		name(own, c.LocationID)
	case stock.Inspect:
		name(own, c.LocationID)
	case stock.SetSafetyStock:
		name(own, c.LocationID)
	case stock.DispatchTransfer:
		name("/from_location_id", c.From)
		name("/to_location_id", c.To)
	}
	for i, id := range ids {
		if err := w.v.settings().CheckLocation(pointers[i], id); err != nil {
			return err
		}
	}
	return nil
}

// decide lists all the products, or none. Every fault names its row.
func (c ListProducts) decide(v *view) (decision, error) {
	w := begin(v, nil, time.Time{}, "")
	var faults rule.Faults
	for i, wish := range c.Products {
		w.occurred = wish.At
		p := v.product(wish.SKU)
		events, err := catalog.Decide(w.productOf(p), wish)
		faults.AddError("", within("/"+strconv.Itoa(i), err))
		w.add(p, facts(events)...)
	}
	return w.decision, faults.Err()
}

// within makes the faults of a part of a request point into the request.
func within(part string, err error) error {
	var v *rule.Violation
	if !errors.As(err, &v) {
		return err
	}
	if len(v.Details) == 0 {
		v.Details = []rule.Detail{{Code: v.Code, Message: v.Message}}
	}
	for i := range v.Details {
		v.Details[i].Pointer = part + v.Details[i].Pointer
	}
	return v
}
