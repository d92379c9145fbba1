package order

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
)

// EditDemands are what the staged changes come to, against the order as it is now.
type EditDemands struct {
	Grown          []LineQuantity // lines that get more units, and how many more
	Shrunk         []LineQuantity // lines that lose units, and how many
	Added          []LineQuantity // new lines
	ShippingMethod string         // if the shipping changes
	NoShipping     bool           // if it is taken off
}

// EditDemands returns what committing the open edit would change, or the rule that forbids it.
func (o *Order) EditDemands(editID uuid.UUID) (EditDemands, error) {
	var d EditDemands
	if err := o.editing(editID); err != nil {
		return d, err
	}
	var faults rule.Faults
	find := o.finder()
	var more int64
	for n := range o.Edit.Changes {
		change := &o.Edit.Changes[n]
		units := LineQuantity{LineID: change.LineID, SKU: change.SKU, Quantity: change.Quantity}
		switch change.Kind {
		case EditSetShipping:
			d.ShippingMethod = change.ShippingMethod
			continue
		case EditNoShipping:
			d.NoShipping = true
			continue
		case EditAddLine:
			d.Added = append(d.Added, units)
			more += units.Quantity
			continue
		case EditSetQuantity:
		}
		i := find.find(change.LineID)
		if i < 0 {
			continue // lines never go
		}
		l := &o.Lines[i]
		if fault, ok := l.stale(change, editPointer(n)+"/quantity"); ok {
			faults.AddDetail(fault)
			continue
		}
		units.Quantity -= l.Counters.Live()
		more += units.Quantity
		switch {
		case units.Quantity > 0:
			d.Grown = append(d.Grown, units)
		case units.Quantity < 0:
			units.Quantity = -units.Quantity
			d.Shrunk = append(d.Shrunk, units)
		}
	}
	if o.live()+more == 0 {
		faults.AddDetail(rule.Detail{
			Pointer: editPointer(-1), Code: rule.EmptyOrder,
			Message: fmt.Sprintf("the edit would leave order %s without any of its %d units; cancel the order instead", o.Number, o.live()),
			Meta:    map[string]any{"requested": int64(0), "available": o.live()},
		})
	}
	if err := faults.Err(); err != nil {
		return EditDemands{}, err
	}
	return d, nil
}

// live returns the units of all lines that are still wanted.
func (o *Order) live() int64 {
	var live int64
	for i := range o.Lines {
		live += o.Lines[i].Counters.Live()
	}
	return live
}

// stale returns what has happened to a line since its change was staged, if it forbids the change.
func (l *LineState) stale(change *EditChange, pointer string) (rule.Detail, bool) {
	live, kept := l.Counters.Live(), l.Counters.kept()
	switch {
	case live != change.From:
		return l.fault(rule.EditStale, pointer, change.From, live,
			"SKU %q had %d units when its change was staged and has %d now; stage it anew", l.SKU, change.From, live), true
	case change.Quantity == 0 && kept > 0:
		return l.fault(rule.EditStale, pointer, 0, kept,
			"SKU %q was to be taken out, but %d units of it have been packed or asked back since; stage it anew", l.SKU, kept), true
	case change.Quantity < kept:
		return l.belowFulfilled(pointer, change.Quantity), true
	}
	return rule.Detail{}, false
}
