package commands

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
)

// place is a line of an order at a location.
type place struct {
	line     uuid.UUID
	location string
}

// claims counts the units at each place that fulfilments of an order have packed and that have not left, and the same
// with those that are only planned. One fulfilment is left out.
func claims(o *order.Order, but uuid.UUID) (packed, all map[place]int64) {
	packed, all = make(map[place]int64), make(map[place]int64)
	for i := range o.Fulfillments {
		f := &o.Fulfillments[i]
		if f.FulfillmentID == but || f.State != order.FulfillmentStatePlanned && f.State != order.FulfillmentStatePacked {
			continue
		}
		for n := range f.Lines {
			at, units := place{f.Lines[n].LineID, f.LocationID}, f.Lines[n].Quantity-f.Lines[n].Shipped
			if all[at] += units; f.State == order.FulfillmentStatePacked {
				packed[at] += units
			}
		}
	}
	return packed, all
}

// gathering is the units of one SKU that are to be reserved at one location.
type gathering struct {
	w        *work
	order    uuid.UUID
	sku      string
	location string
	held     map[place]int64 // what the order's reservation has
	sources  []string        // the other locations that it is at
	kept     map[place]int64 // what other fulfilments claim of it
	firm     map[place]int64 // the part of that which does not yield
	named    []order.LineQuantity
	faults   *rule.Faults
}

// gather makes the order's reservations of a fulfilment's units stand at its location, beside those that others of its
// fulfilments claim there. Packed units stay where they are, planned ones only as long as others can be moved instead: a
// plan does not bind those who pack. The request has named these lines.
func (w *work) gather(o *aggregate, f *order.Fulfillment, named []order.LineQuantity) error {
	lines := make([]order.LineQuantity, 0, len(f.Lines))
	for i := range f.Lines {
		units := f.Lines[i].LineQuantity
		units.Quantity -= f.Lines[i].Shipped
		lines = append(lines, units)
	}
	state := w.orderOf(o)
	packed, all := claims(state, f.FulfillmentID)
	if f.State == order.FulfillmentStatePlanned {
		packed = all
	}
	var faults rule.Faults
	err := bySKU(lines, func(sku string, units []stock.LineQuantity) error {
		g := gathering{
			w: w, order: state.ID, sku: sku, location: f.LocationID, kept: all, firm: packed, named: named, faults: &faults,
		}
		g.look()
		return g.move(units)
	})
	if err != nil {
		return err
	}
	return faults.Err()
}

// look finds out where the order's units are. Untracked ones are wherever they are wanted.
func (g *gathering) look() {
	r, _ := g.w.stockOf(g.w.v.stock(g.sku)).Reservation(g.order)
	g.held = make(map[place]int64, len(r.Allocations))
	known := map[string]bool{g.location: true}
	for i := len(r.Allocations) - 1; i >= 0; i-- {
		a := &r.Allocations[i]
		at := place{a.LineID, a.LocationID}
		if a.Untracked {
			at.location = g.location
		}
		g.held[at] += a.Quantity
		if !known[at.location] {
			known[at.location] = true
			g.sources = append(g.sources, at.location)
		}
	}
}

// move takes what is missing at the location there.
func (g *gathering) move(units []stock.LineQuantity) error {
	moves := make(map[string][]stock.LineQuantity)
	for _, u := range units {
		at := place{u.LineID, g.location}
		missing := u.Quantity - max(0, g.held[at]-g.firm[at])
		for _, kept := range [...]map[place]int64{g.kept, g.firm} {
			for _, from := range g.sources {
				source := place{u.LineID, from}
				if part := min(missing, g.held[source]-kept[source]); part > 0 {
					moves[from] = append(moves[from], stock.LineQuantity{LineID: u.LineID, Quantity: part})
					g.held[source] -= part
					missing -= part
				}
			}
		}
	}
	for _, from := range g.sources {
		if len(moves[from]) == 0 {
			continue
		}
		_, err := g.w.stock(g.sku, stock.Move{ReservationID: g.order, From: from, To: g.location, Lines: merged(moves[from]), At: g.w.occurred})
		if err := g.refused(moves[from], err); err != nil {
			return err
		}
	}
	return nil
}

// refused notes that units cannot be moved, and what could be packed at the location.
func (g *gathering) refused(units []stock.LineQuantity, err error) error {
	var v *rule.Violation
	if !errors.As(err, &v) {
		return err
	}
	at := g.w.stockOf(g.w.v.stock(g.sku)).At(g.location)
	for _, u := range units {
		here := place{u.LineID, g.location}
		there := max(0, g.held[here]-g.firm[here])
		requested, available := u.Quantity+there, there+min(u.Quantity, at.Available())
		g.faults.AddDetail(rule.Detail{
			Pointer: pointer(g.named, u.LineID), Code: v.Code,
			Message: fmt.Sprintf("line %s of SKU %q at location %q: %d requested, %d available", u.LineID, g.sku, g.location, requested, available),
			Meta: map[string]any{
				"sku": g.sku, "line_id": u.LineID.String(), "requested": requested, "available": available, "location_id": g.location,
			},
		})
	}
	return nil
}

// merged sums units of the same line that follow one another.
func merged(units []stock.LineQuantity) []stock.LineQuantity {
	out := units[:0:0]
	for _, u := range units {
		if n := len(out); n > 0 && out[n-1].LineID == u.LineID {
			out[n-1].Quantity += u.Quantity
			continue
		}
		out = append(out, u)
	}
	return out
}

// packedUnits returns the units of an order that are packed and have not left, where they are.
func packedUnits(o *order.Order) []stock.LineLocation {
	var packed []stock.LineLocation
	for i := range o.Fulfillments {
		f := &o.Fulfillments[i]
		if f.State != order.FulfillmentStatePacked {
			continue
		}
		for n := range f.Lines {
			if l := &f.Lines[n]; l.Quantity > l.Shipped {
				packed = append(packed, stock.LineLocation{LineID: l.LineID, LocationID: f.LocationID, Quantity: l.Quantity - l.Shipped})
			}
		}
	}
	return packed
}

// pointed makes the faults that stock finds with a command point to the command's own lines: an order's consequences are
// in its own sequence, and grouped by SKU.
func pointed(cmd order.Command, err error) error {
	var v *rule.Violation
	if !errors.As(err, &v) || len(v.Details) == 0 {
		return err
	}
	var named []order.LineQuantity
	switch c := cmd.(type) { //nolint:gocritic // the others name no lines that stock could find fault with
	case order.Ship:
		named = c.Lines
	case order.ReceiveReturn:
		for _, l := range c.Lines {
			named = append(named, order.LineQuantity{LineID: l.LineID})
		}
	}
	var faults rule.Faults
	for _, d := range v.Details {
		if line, ok := d.Meta["line_id"].(string); ok {
			id, _ := uuid.Parse(line)
			d.Pointer = pointer(named, id)
		}
		faults.AddDetail(d)
	}
	return faults.Err()
}

// pointer returns where a request names a line, or nothing if it does not.
func pointer(named []order.LineQuantity, line uuid.UUID) string {
	for i := range named {
		if named[i].LineID == line {
			return fmt.Sprintf("/lines/%d/quantity", i)
		}
	}
	return ""
}
