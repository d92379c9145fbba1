package commands

import (
	"errors"
	"strconv"
	"time"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
)

// decide receives units, and fills backorders with them.
func (c ReceiveStock) decide(v *view) (decision, error) {
	location := c.LocationID
	if location == "" {
		location = stock.MainLocation
	}
	return ofStock(v, c.SKU, c.At, []string{location}, stock.Receive{
		SKU: c.SKU, LocationID: c.LocationID, Quantity: c.Quantity, Reference: c.Reference, At: c.At,
	})
}

// decide runs the command, and fills the backorders that it makes possible.
func (c ChangeStock) decide(v *view) (decision, error) {
	return ofStock(v, c.SKU, c.At, c.Locations, c.Command)
}

// ofStock decides a command of a SKU's stock. Only a listed SKU has stock: a mistyped one would hide its units for ever.
func ofStock(v *view, sku string, at time.Time, locations []string, cmd stock.Command) (decision, error) {
	p, s := v.product(sku), v.stock(sku)
	w := begin(v, s, at, sku)
	if !p.productState().Exists() {
		return w.decision, unlisted(sku)
	}
	for _, location := range locations {
		if err := v.settings().CheckLocation(locationPointer(cmd, location), location); err != nil {
			return w.decision, err
		}
	}
	_, err := w.stock(sku, cmd)
	w.pickOrder()
	return w.decision, err
}

// locationPointer returns where a request names a location.
func locationPointer(cmd stock.Command, location string) string {
	if transfer, ok := cmd.(stock.DispatchTransfer); ok {
		if location == transfer.From {
			return "/from_location_id"
		}
		return "/to_location_id"
	}
	return "/location_id"
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
