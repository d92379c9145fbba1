package commands

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/domain/stock"
)

// decide adds the change to the open edit. A SKU must be one that the order's channel sells, a shipping method one that
// there is: what it costs is found out when the edit is committed, or previewed.
func (c StageEdit) decide(v *view) (decision, error) {
	o, err := existing(v, c.OrderID)
	w := begin(v, o, c.Stage.At, c.OrderID.String())
	if err != nil {
		return w.decision, err
	}
	change := &c.Stage.Change
	var faults rule.Faults
	checkLimits(&faults, v.settings().Limits(), o.orderState(), change)
	switch change.Kind {
	case order.EditAddLine:
		_, err := v.product(change.SKU).productState().Offer(change.SKU, o.orderState().Channel, o.orderState().Currency)
		faults.AddError("/sku", err)
	case order.EditSetShipping:
		if _, ok := v.settings().Rules.Method(change.ShippingMethod); !ok {
			faults.Add(rule.ShippingMethodInvalid, "/shipping_method", "there is no shipping method %q", change.ShippingMethod)
		}
	case order.EditSetQuantity, order.EditNoShipping: // the order knows its lines
	}
	if err := faults.Err(); err != nil {
		return w.decision, err
	}
	err = w.order(o, c.Stage)
	return w.decision, err
}

// checkLimits holds a change against what the shop allows an order to be. What is beyond it already may shrink.
func checkLimits(faults *rule.Faults, limits settings.Limits, o *order.Order, change *order.EditChange) {
	most := limits.MaxQuantity
	if line := o.LineByID(change.LineID); line != nil {
		most = max(most, line.Counters.Live())
	}
	if change.Kind != order.EditSetShipping && change.Quantity > most {
		faults.AddDetail(rule.Detail{
			Pointer: "/quantity", Code: rule.QuantityOutOfRange, Message: fmt.Sprintf("a quantity is at most %d, not %d", most, change.Quantity),
			Meta: map[string]any{"sku": change.SKU, "line_id": change.LineID.String(), "requested": change.Quantity, "available": most},
		})
	}
	if change.Kind != order.EditAddLine || o.Edit == nil {
		return
	}
	lines := len(o.Lines)
	for i := range o.Edit.Changes {
		if c := &o.Edit.Changes[i]; c.Kind == order.EditAddLine && c.LineID != change.LineID {
			lines++
		}
	}
	if lines >= int(limits.MaxLines) {
		faults.Add(rule.ValidationFailed, "/line_id", "an order has at most %d lines; set the quantity of one that is there", limits.MaxLines)
	}
}

// decide applies the open edit. Units that it takes out go back to stock, but to its own lines first.
func (c CommitEdit) decide(v *view) (decision, error) {
	o, err := existing(v, c.OrderID)
	w := begin(v, o, c.Commit.At, c.OrderID.String())
	if err != nil {
		return w.decision, err
	}
	demands, err := o.orderState().EditDemands(c.Commit.EditID)
	if err != nil {
		return w.decision, err
	}
	commit := c.Commit
	if commit.Prices, err = w.editPrices(o.orderState(), &demands, commit); err != nil {
		return w.decision, err
	}
	if _, err := w.decide(o, commit); err != nil {
		return w.decision, err // before any stock is looked at: the order's own rules come first
	}
	w.change(o) // the order's event comes first
	if commit.Backordered, err = w.exchange(o.orderState(), commit.EditID, &demands); err != nil {
		return w.decision, err
	}
	err = w.order(o, commit)
	return w.decision, err
}

// exchange gives the units back that an edit takes out and sets those aside that it adds, those of one SKU in one step. It
// returns what is not in stock yet.
func (w *work) exchange(o *order.Order, editID uuid.UUID, demands *order.EditDemands) ([]order.LineQuantity, error) {
	added := slices.Concat(demands.Grown, demands.Added)
	released := make(map[string][]stock.LineQuantity)
	packed := packedUnits(o)
	err := bySKU(demands.Shrunk, func(sku string, units []stock.LineQuantity) error {
		if slices.ContainsFunc(added, func(l order.LineQuantity) bool { return l.SKU == sku }) {
			released[sku] = units // below
			return nil
		}
		_, err := w.stock(sku, stock.Release{ReservationID: o.ID, Lines: units, Spare: packed, Reason: "edit", At: w.occurred})
		return err
	})
	if err != nil {
		return nil, err
	}
	var faults rule.Faults
	var backordered []order.LineQuantity
	err = bySKU(added, func(sku string, units []stock.LineQuantity) error {
		more := stock.ReserveMore{
			SKU: sku, ReservationID: o.ID, ChangeID: editID, Release: released[sku], Spare: packed, Reason: "edit", OrderID: o.ID,
			Committed: o.Status == order.StatusConfirmed, PlacedAt: o.PlacedAt, At: w.occurred, Demands: make([]stock.Demand, len(units)),
		}
		for i, u := range units {
			more.Demands[i] = stock.Demand{LineID: u.LineID, Quantity: u.Quantity, Pointer: o.Edit.Pointer(u.LineID) + "/quantity"}
		}
		events, err := w.stock(sku, more)
		faults.AddError("", err)
		backordered = appendBackordered(backordered, sku, events)
		return nil
	})
	if err == nil {
		err = faults.Err()
	}
	return backordered, err
}

// editPrices looks up what an edit's additions cost: units of lines that are there at the line's price and taxes, new
// lines at the catalogue's. The order's percentages count again, fixed discounts do not.
func (w *work) editPrices(o *order.Order, demands *order.EditDemands, commit order.CommitEdit) (order.EditPrices, error) {
	var prices order.EditPrices
	var faults rule.Faults
	for _, grown := range demands.Grown {
		line := o.LineByID(grown.LineID)
		if line == nil {
			return prices, rule.New(rule.EditStale, "line %s is no longer there; discard the edit and begin anew", grown.LineID)
		}
		p, err := pricing.PriceUnits(pricing.Units{
			Quantity: grown.Quantity, UnitPrice: line.UnitPrice, Discounts: o.Discounts, Carried: line.DiscountAllocations,
			Taxes: line.TaxLines, Rounding: o.Rounding,
		})
		faults.AddError("", o.EditFault(grown.LineID, err))
		prices.Added = append(prices.Added, order.Addition{
			Quantity: grown.Quantity, Subtotal: p.Subtotal, DiscountAllocations: p.Allocations, TaxLines: p.TaxLines, Total: p.Total,
		})
	}
	for _, added := range demands.Added {
		line, err := w.newLine(o, added)
		faults.AddError("", o.EditFault(added.LineID, err))
		prices.Lines = append(prices.Lines, line)
	}
	if err := faults.Err(); err != nil || demands.ShippingMethod == "" {
		return prices, err
	}
	commit.Prices, commit.ExpectedDelta = prices, nil
	var err error
	prices.Shipping, err = w.editShipping(o, demands, commit)
	return prices, err
}

// newLine prices a line that an edit adds.
func (w *work) newLine(o *order.Order, added order.LineQuantity) (order.NewLine, error) {
	product := w.v.product(added.SKU).productState()
	price, err := product.Offer(added.SKU, o.Channel, o.Currency)
	if err != nil {
		var faults rule.Faults
		faults.AddError("/sku", err)
		return order.NewLine{}, faults.Err()
	}
	rules := &w.v.settings().Rules
	var taxes []pricing.TaxLine
	if rate, ok := rules.Rate(product.TaxClass, o.Country); ok {
		taxes = []pricing.TaxLine{{Code: rate.Code, Rate: rate.Rate, Inclusive: rate.Inclusive}}
	}
	p, err := pricing.PriceUnits(pricing.Units{
		Quantity: added.Quantity, UnitPrice: price.Minor, Discounts: o.Discounts, Carried: carried(o, rules, added.SKU), Taxes: taxes,
		Rounding: o.Rounding,
	})
	return order.NewLine{
		LineID: added.LineID, SKU: added.SKU, ProductName: product.Name, Quantity: added.Quantity, UnitPrice: price.Minor,
		RequiresShipping: product.RequiresShipping, DiscountAllocations: p.Allocations, TaxLines: p.TaxLines,
		TaxClass: classOf(product),
	}, err
}

// carried returns which of the order's discounts on SKUs a new line of a SKU carries: those that a line of the same SKU does,
// and those that name it now.
func carried(o *order.Order, rules *pricing.Rules, sku string) (all []pricing.DiscountAllocation) {
	for i := range o.Discounts {
		d := &o.Discounts[i]
		if d.Scope != pricing.ScopeSKUs {
			continue
		}
		found, known := rules.Discount(d.DiscountID)
		if known && found.Scope == pricing.ScopeSKUs && found.Reduces(sku) || slices.ContainsFunc(o.Lines, func(l order.LineState) bool {
			return l.SKU == sku && slices.ContainsFunc(l.DiscountAllocations, func(a pricing.DiscountAllocation) bool { return a.DiscountID == d.DiscountID })
		}) {
			all = append(all, pricing.DiscountAllocation{DiscountID: d.DiscountID})
		}
	}
	return all
}

// editShipping prices another shipping method for what the order holds after the edit: what its goods cost then, and
// what they weigh. The commit has all other prices.
func (w *work) editShipping(o *order.Order, demands *order.EditDemands, commit order.CommitEdit) ([]order.ShippingLine, error) {
	goods, err := goodsAfter(o, commit, w.occurred)
	if err != nil {
		return nil, err
	}
	rules := &w.v.settings().Rules
	in := pricing.Input{
		Currency: o.Currency, Country: o.Country, Method: demands.ShippingMethod, Rules: rules, Rounding: o.Rounding, At: w.occurred,
		Pointer: "/shipping_method", Lines: []pricing.Item{{Quantity: 1, UnitPrice: goods}},
	}
	for _, d := range rules.Automatic() {
		in.Without = append(in.Without, d.ID) // the order's own discounts are off already
	}
	changed := make(map[uuid.UUID]int64, len(demands.Grown)+len(demands.Shrunk))
	for _, l := range demands.Grown {
		changed[l.LineID] = l.Quantity
	}
	for _, l := range demands.Shrunk {
		changed[l.LineID] = -l.Quantity
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		in.Lines = w.appendWeight(in.Lines, l.SKU, l.Counters.Live()+changed[l.LineID], l.RequiresShipping)
	}
	for i := range commit.Prices.Lines {
		l := &commit.Prices.Lines[i]
		in.Lines = w.appendWeight(in.Lines, l.SKU, l.Quantity, l.RequiresShipping)
	}
	out, err := pricing.Calculate(in)
	if err != nil {
		return nil, o.EditFault(uuid.Nil, err)
	}
	taxed, err := pricing.Retax(pricing.Input{Currency: o.Currency, Country: o.Country, Rules: rules, Rounding: o.Rounding}, pricing.Output{Shipping: out.Shipping})
	return taxed.Shipping, err
}

// goodsAfter returns what the goods of an order cost after an edit, less their discounts.
func goodsAfter(o *order.Order, commit order.CommitEdit, at time.Time) (int64, error) {
	events, err := order.Decide(o, commit, order.Terms{At: at})
	if err != nil {
		return 0, err
	}
	for _, e := range events {
		if committed, ok := e.(order.EditCommitted); ok {
			return committed.TotalsAfter.Subtotal - committed.TotalsAfter.Discount, nil
		}
	}
	return 0, fmt.Errorf("edit %s came to nothing", commit.EditID)
}

// appendWeight appends what units weigh, as an item that costs nothing.
func (w *work) appendWeight(items []pricing.Item, sku string, quantity int64, ships bool) []pricing.Item {
	if quantity < 1 {
		return items
	}
	return append(items, pricing.Item{
		SKU: sku, Quantity: quantity, RequiresShipping: ships, Weight: w.v.product(sku).productState().Weight,
	})
}
