package order

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// EditPrices are the server's prices for what an edit adds. The caller looks up what Order.EditDemands asks for.
type EditPrices struct {
	Lines    []NewLine      // of the added lines, priced, with discounts and taxes, in the sequence of EditDemands
	Added    []Addition     // of the lines that grow, in the sequence of EditDemands
	Shipping []ShippingLine // if the shipping changes
}

// CommitEdit applies the open edit. The caller reserves and releases its stock in the same append: see EditCommitted.
// Deciding it without storing what comes out is a preview.
type CommitEdit struct {
	EditID        uuid.UUID
	Prices        EditPrices
	Backordered   []LineQuantity // of what is added
	ExpectedDelta *int64         // what the customer was shown; another difference is refused with price_changed
	Notify        bool
	At            time.Time
}

func (c CommitEdit) decide(o *Order) ([]Event, error) {
	demands, err := o.EditDemands(c.EditID)
	if err != nil {
		return nil, err
	}
	if err := c.priced(&demands, o); err != nil {
		return nil, err
	}
	event := EditCommitted{
		About: o.about(), EditID: c.EditID, TotalsBefore: o.LiveTotals(), Backordered: c.Backordered, Notify: c.Notify,
		Rounding: o.Rounding, PreviousPayment: o.PaymentStatus(), PlacedAt: o.PlacedAt, CommittedAt: instant(c.At),
	}
	var faults rule.Faults
	c.change(o, &demands, &event, &faults)
	c.sum(o, &event, &faults)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	after := o.Clone()
	after.applyEditCommitted(&event)
	event.TotalsAfter = after.LiveTotals()
	event.AmountDelta = event.TotalsAfter.Total - event.TotalsBefore.Total
	if c.ExpectedDelta != nil && *c.ExpectedDelta != event.AmountDelta {
		return nil, c.otherDelta(o, &event)
	}
	return []Event{event}, nil
}

// priced returns a refusal unless exactly what is asked for is priced.
func (c *CommitEdit) priced(d *EditDemands, o *Order) error {
	ok := len(c.Prices.Lines) == len(d.Added) && len(c.Prices.Added) == len(d.Grown) &&
		(d.ShippingMethod != "" || len(c.Prices.Shipping) == 0)
	for n := 0; ok && n < len(d.Added); n++ {
		l := &c.Prices.Lines[n]
		ok = d.Added[n] == LineQuantity{LineID: l.LineID, SKU: l.SKU, Quantity: l.Quantity}
	}
	for n := 0; ok && n < len(d.Grown); n++ {
		ok = c.Prices.Added[n].Quantity == d.Grown[n].Quantity
	}
	if !ok {
		return rule.New(rule.EditStale, "edit %s of order %s asks for something else than was priced; price it anew", c.EditID, o.Number)
	}
	return nil
}

// change fills in what the edit does to lines and shipping.
func (c *CommitEdit) change(o *Order, d *EditDemands, event *EditCommitted, faults *rule.Faults) {
	find := o.finder()
	for n := range d.Grown {
		l := &o.Lines[find.find(d.Grown[n].LineID)]
		live := l.Counters.Live()
		var own rule.Faults
		addition := c.Prices.Added[n].checked(l, &own, o.Edit.Pointer(l.LineID))
		faults.AddError("", o.EditFault(l.LineID, own.Err()))
		event.LineChanges = append(event.LineChanges, LineChange{
			LineID: l.LineID, SKU: l.SKU, From: live, To: live + addition.Quantity, UnitPrice: l.UnitPrice, Added: &addition,
		})
	}
	for n := range d.Shrunk {
		l := &o.Lines[find.find(d.Shrunk[n].LineID)]
		live, removed := l.Counters.Live(), l.canceled(d.Shrunk[n].Quantity)
		event.LineChanges = append(event.LineChanges, LineChange{
			LineID: l.LineID, SKU: l.SKU, From: live, To: live - removed.Quantity, UnitPrice: l.UnitPrice, Removed: &removed,
		})
	}
	for n := range c.Prices.Lines {
		var own rule.Faults
		line := c.Prices.Lines[n]
		line.Pointer = o.Edit.Pointer(line.LineID)
		event.LinesAdded = append(event.LinesAdded, line.price(&own, n))
		faults.AddError("", o.EditFault(line.LineID, own.Err()))
	}
	if d.ShippingMethod != "" {
		checkShipping(faults, c.Prices.Shipping)
		event.Shipping = &ShippingEdit{Before: o.ShippingLines, After: c.Prices.Shipping}
	}
	if d.NoShipping && len(o.ShippingLines) > 0 {
		event.Shipping = &ShippingEdit{Before: o.ShippingLines, After: []ShippingLine{}}
	}
	event.DiscountsAdded = o.discountsAdded(event, faults)
	open := make(map[uuid.UUID]int64)
	for _, units := range slices.Concat(d.Grown, d.Added) {
		open[units.LineID] = units.Quantity
	}
	checkWaiting(faults, open, c.Backordered)
}

// checked returns the addition with its sums computed, and records what is wrong with them.
func (a *Addition) checked(l *LineState, faults *rule.Faults, pointer string) Addition {
	units := NewLine{
		LineID: l.LineID, SKU: l.SKU, Quantity: a.Quantity, UnitPrice: l.UnitPrice, DiscountAllocations: a.DiscountAllocations,
		TaxLines: a.TaxLines, Pointer: pointer,
	}
	line := units.price(faults, 0)
	if _, err := money.MulWithin(l.UnitPrice, l.Counters.Ordered+a.Quantity); err != nil {
		faults.Add(rule.ValidationFailed, pointer+"/quantity", "%d units at %d come to more than %d minor units, the most that an order may come to; order less", l.Counters.Ordered+a.Quantity, l.UnitPrice, int64(money.MaxSum))
	}
	return Addition{
		Quantity: a.Quantity, Subtotal: line.Subtotal, DiscountAllocations: a.DiscountAllocations, TaxLines: a.TaxLines,
		Total: line.Total,
	}
}

// discountsAdded sums up what the added units get of each discount, in the order's sequence.
func (o *Order) discountsAdded(event *EditCommitted, faults *rule.Faults) []Discount {
	sums := make(map[string]int64)
	add := func(parts []DiscountAllocation) {
		for _, d := range parts {
			sum, err := money.AddWithin(sums[d.DiscountID], d.Amount)
			if err != nil {
				faults.Add(rule.DiscountInvalid, "", "the parts of discount %q come to more than %d minor units, the most that an order may come to", d.DiscountID, int64(money.MaxSum))
			}
			sums[d.DiscountID] = sum
		}
	}
	for i := range event.LineChanges {
		if added := event.LineChanges[i].Added; added != nil {
			add(added.DiscountAllocations)
		}
	}
	for i := range event.LinesAdded {
		add(event.LinesAdded[i].DiscountAllocations)
	}
	var added []Discount
	for _, d := range o.Discounts {
		if sum, ok := sums[d.DiscountID]; ok {
			d.Amount = sum
			added = append(added, d)
			delete(sums, d.DiscountID)
		}
	}
	for id := range sums {
		faults.Add(rule.DiscountInvalid, "", "discount %q is not among the discounts of order %s", id, o.Number)
	}
	return added
}

// sum records a fault if the order's sums would not fit any more.
func (c *CommitEdit) sum(o *Order, event *EditCommitted, faults *rule.Faults) {
	added := make([]Line, 0, len(event.LinesAdded)+len(event.LineChanges))
	added = append(added, event.LinesAdded...)
	for i := range event.LineChanges {
		if a := event.LineChanges[i].Added; a != nil {
			added = append(added, Line{Subtotal: a.Subtotal, TaxLines: a.TaxLines, Total: a.Total})
		}
	}
	sums, overflow := total(added, c.Prices.Shipping)
	for _, pair := range [...][2]int64{
		{sums.Subtotal, event.TotalsBefore.Subtotal},
		{sums.Tax, event.TotalsBefore.Tax},
		{sums.Total, event.TotalsBefore.Total},
		{sums.Total, money.Clamped(o.Totals.Total, o.Added)},
	} {
		_, err := money.AddWithin(pair[0], pair[1])
		overflow = overflow || err != nil && pair[0] > 0 // what makes an order less is never too much
	}
	if overflow {
		faults.Add(rule.ValidationFailed, editPointer(-1), "the order would come to more than %d minor units; add less", int64(money.MaxSum))
	}
}

// otherDelta is the refusal of a difference that the customer was not shown.
func (c *CommitEdit) otherDelta(o *Order, event *EditCommitted) error {
	v := rule.New(rule.PriceChanged, "a difference of %s was expected, the edit comes to %s",
		money.Format(*c.ExpectedDelta, o.Currency), money.Format(event.AmountDelta, o.Currency))
	v.Details = []rule.Detail{{
		Pointer: "/expected_delta", Code: v.Code, Message: v.Message,
		Meta: map[string]any{
			"expected_delta": *c.ExpectedDelta, "amount_delta": event.AmountDelta, "totals_before": event.TotalsBefore,
			"totals_after": event.TotalsAfter, "currency": o.Currency,
		},
	}}
	return v
}

func (o *Order) applyEditCommitted(e *EditCommitted) {
	find := o.finder()
	for n := range e.LineChanges {
		change := &e.LineChanges[n]
		i := find.find(change.LineID)
		if i < 0 {
			continue
		}
		l := &o.Lines[i]
		if change.Removed != nil {
			l.release(change.Removed.Quantity)
		}
		if change.Added != nil {
			l.grow(change.Added)
			l.Counters.Reserved += change.Added.Quantity
		}
	}
	for n := range e.LinesAdded {
		line := LineState{Line: e.LinesAdded[n]}
		line.Counters.Ordered, line.Counters.Reserved = line.Quantity, line.Quantity
		o.Lines = append(o.Lines, line)
	}
	o.backorder(e.Backordered)
	before := o.Totals.Total
	o.Totals = plus(o.Totals, summed(e.LinesAdded, nil), 1)
	if e.Shipping != nil {
		if o.ShippingLines = e.Shipping.After; len(o.ShippingLines) == 0 {
			o.ShippingLines = nil
		}
		o.Totals = plus(plus(o.Totals, summed(nil, e.Shipping.Before), -1), summed(nil, e.Shipping.After), 1)
	}
	o.giveMore(e.DiscountsAdded)
	o.unplan(e.CommittedAt)
	o.Added = money.Clamped(o.Added, e.AmountDelta, before, -o.Totals.Total)
	o.Edit, o.UpdatedAt = nil, e.CommittedAt
}

// giveMore adds to what the order's discounts have given in all.
func (o *Order) giveMore(added []Discount) {
	if len(added) == 0 {
		return
	}
	o.Discounts = slices.Clone(o.Discounts) // the list is the event's
	for _, d := range added {
		if i := slices.IndexFunc(o.Discounts, func(have Discount) bool { return have.DiscountID == d.DiscountID }); i >= 0 {
			o.Discounts[i].Amount += d.Amount
		}
	}
}
