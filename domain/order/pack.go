package order

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// CreateFulfillment says that units are packed. The id of a planned fulfilment packs that one: no lines then mean the
// planned ones, else all that are open and neither held nor planned. The caller makes sure that the units are reserved
// at the location. The same fulfilment again changes nothing.
type CreateFulfillment struct {
	FulfillmentID uuid.UUID
	LocationID    string         // empty: the planned one, or the main one
	Lines         []LineQuantity // SKU may be empty
	Packages      []Package
	AllowUnpaid   bool // the shop lets goods go before they are paid
	By            string
	At            time.Time
}

func (c CreateFulfillment) decide(o *Order) ([]Event, error) {
	if err := o.movable(); err != nil {
		return nil, err
	}
	f := o.fulfillment(c.FulfillmentID)
	if f != nil && f.State != FulfillmentStatePlanned {
		if f.State != FulfillmentStateCanceled && f.same(c.Lines) && slices.Equal(f.Packages, c.Packages) &&
			(c.LocationID == "" || c.LocationID == f.LocationID) {
			return nil, nil
		}
		return nil, o.taken("fulfilment", c.FulfillmentID, string(f.State))
	}
	location := locationOr(c.LocationID)
	if f != nil && c.LocationID == "" {
		location = f.LocationID
	}
	var faults rule.Faults
	checkID(&faults, "/fulfillment_id", "fulfilment", c.FulfillmentID)
	checkLocation(&faults, location)
	checkPackages(&faults, c.Packages)
	demands := o.demands(&faults, c.Lines)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if len(c.Lines) == 0 {
		demands = o.toPack(f)
	}
	if err := o.packed(demands, c.AllowUnpaid); err != nil {
		return nil, err
	}
	return []Event{FulfillmentCreated{
		About: o.about(), FulfillmentID: c.FulfillmentID, LocationID: location, Lines: o.quantities(demands),
		Packages: c.Packages, PackedBy: c.By, PackedAt: instant(c.At),
	}}, nil
}

// toPack names the units of a plan, or all open ones that are free to be packed. If everything open is held these are
// the held ones, so that the refusal names the hold.
func (o *Order) toPack(plan *Fulfillment) []demand {
	if plan != nil {
		demands, line := make([]demand, 0, len(plan.Lines)), o.finder()
		for _, l := range plan.Lines {
			if i := line.find(l.LineID); i >= 0 {
				demands = append(demands, demand{line: i, quantity: l.Quantity, named: -1})
			}
		}
		return demands
	}
	planned, holds := o.plannedUnits(), o.holdsByLine()
	open := func(i int) int64 { return o.Lines[i].packable() - planned[i] }
	free := o.allOpen(func(i int) int64 {
		if holds != nil && holds[i] != nil {
			return 0
		}
		return open(i)
	})
	if len(free) == 0 {
		return o.allOpen(open)
	}
	return free
}

// packed returns the rule that keeps units from being packed.
func (o *Order) packed(demands []demand, allowUnpaid bool) error {
	if err := o.checkHolds(demands); err != nil {
		return err
	}
	var faults rule.Faults
	if len(demands) == 0 {
		faults.Add(rule.QuantityExceedsOpen, "/lines", "order %s has no units left to pack: all are packed, planned or waiting for stock", o.Number)
	}
	for _, d := range demands {
		l := &o.Lines[d.line]
		if open := l.packable(); d.quantity > open {
			faults.AddDetail(l.fault(rule.QuantityExceedsOpen, d.at("/quantity"), d.quantity, open,
				"%d units of SKU %q were to be packed, %d are open: %d live, %d packed, %d waiting for stock", d.quantity, l.SKU,
				open, l.Counters.Live(), l.Counters.Fulfilled, l.Counters.Backordered))
		}
	}
	if err := faults.Err(); err != nil {
		return err
	}
	return o.unpaid(allowUnpaid)
}

// unpaid returns the rule that keeps the goods of an order here until they are paid.
func (o *Order) unpaid(allowed bool) error {
	due := o.AmountDue()
	if allowed || due == 0 || o.PaymentPolicy != PolicyPaid {
		return nil
	}
	v := rule.New(rule.UnpaidNotAllowed, "order %s still owes %s and is to be paid before it is packed; record a payment first",
		o.Number, money.Format(due, o.Currency))
	v.Details = []rule.Detail{{
		Code: v.Code, Message: v.Message, Meta: map[string]any{"amount_due": due, "currency": o.Currency},
	}}
	return v
}

// holdsByLine returns the first hold over each line, or nil if there are no holds at all.
func (o *Order) holdsByLine() []*Hold {
	if len(o.Holds) == 0 {
		return nil
	}
	holds, line := make([]*Hold, len(o.Lines)), o.finder()
	for n := range o.Holds {
		h := &o.Holds[n]
		for _, id := range h.LineIDs {
			if i := line.find(id); i >= 0 && holds[i] == nil {
				holds[i] = h
			}
		}
		for i := range holds {
			if len(h.LineIDs) == 0 && holds[i] == nil {
				holds[i] = h
			}
		}
	}
	return holds
}

// checkHolds returns the refusal to move units that are held.
func (o *Order) checkHolds(demands []demand) error {
	holds := o.holdsByLine()
	if holds == nil {
		return nil
	}
	var faults rule.Faults
	for _, d := range demands {
		h := holds[d.line]
		if h == nil {
			continue
		}
		if len(h.LineIDs) == 0 {
			return o.onHold(h)
		}
		l := &o.Lines[d.line]
		detail := l.fault(rule.OrderOnHold, d.at(""), d.quantity, 0, "SKU %q of order %s is on hold (%s); release hold %s first",
			l.SKU, o.Number, h.Reason, h.HoldID)
		detail.Meta["hold_id"] = h.HoldID.String()
		faults.AddDetail(detail)
	}
	return faults.Err()
}

func checkPackages(faults *rule.Faults, packages []Package) {
	if len(packages) > MaxPackages {
		faults.Add(rule.ValidationFailed, "/packages", "a fulfilment has at most %d packages, not %d", MaxPackages, len(packages))
	}
	for i, p := range packages {
		if min(p.WeightGrams, p.LengthMM, p.WidthMM, p.HeightMM) < 0 {
			faults.Add(rule.ValidationFailed, fmt.Sprintf("/packages/%d", i), "weights and sizes are 0 or more, not %+v", p)
		}
	}
}

func (o *Order) applyFulfillmentCreated(e *FulfillmentCreated) {
	line := o.finder()
	for n := range e.Lines {
		if i := line.find(e.Lines[n].LineID); i >= 0 {
			o.Lines[i].Counters.Fulfilled += e.Lines[n].Quantity
		}
	}
	f := o.fulfillment(e.FulfillmentID)
	if f == nil {
		o.Fulfillments = append(o.Fulfillments, Fulfillment{FulfillmentID: e.FulfillmentID})
		f = &o.Fulfillments[len(o.Fulfillments)-1]
	}
	f.State, f.LocationID, f.Lines = FulfillmentStatePacked, e.LocationID, fulfillmentLines(e.Lines)
	f.Packages, f.PackedAt = e.Packages, e.PackedAt
	o.UpdatedAt = e.PackedAt
}
