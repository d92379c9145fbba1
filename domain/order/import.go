package order

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

func (c Import) decide(o *Order) ([]Event, error) {
	if o.Exists() {
		if o.Source == c.Source && o.ExternalID == c.ExternalID && !o.ImportedAt.IsZero() {
			return nil, nil
		}
		v := rule.New(rule.InvalidState, "order %s exists already as %q of %q; import under another id", o.ID, o.ExternalID, o.Source)
		v.ExistingID = o.ID.String()
		return nil, v
	}
	var faults rule.Faults
	checkPast(&faults, "/placed_at", c.PlacedAt, c.At)
	if c.Source == "" {
		faults.Add(rule.ValidationFailed, "/source", "an imported order names the books it comes from")
	}
	policy := c.StockPolicy
	switch policy {
	case "":
		policy = StockSkip
	case StockSkip, StockUpdate, StockForce:
	default:
		faults.Add(rule.ValidationFailed, "/stock_policy", "a stock policy is skip, update or force, not %q", policy)
	}
	contents := Contents{
		OrderID: c.OrderID, Number: numberOr(c.Number, c.OrderID), ExternalID: c.ExternalID, Channel: c.Channel,
		Currency: c.Currency, CustomerID: c.CustomerID, Country: c.Country, PII: c.PII,
		ShippingLines: c.ShippingLines, Discounts: c.Discounts, Rounding: c.Rounding,
	}
	needsLines(&faults, c.Lines)
	contents.fill(&faults, c.Lines)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if err := checkExpected(c.ExpectedTotal, &contents, rule.TotalsMismatch); err != nil {
		return nil, err
	}
	return []Event{Imported{
		Contents: contents, Source: c.Source, OriginalPlacedAt: instant(c.PlacedAt), ImportedAt: instant(c.At),
		Statuses: Statuses{Status: StatusCompleted, Payment: PaymentStatusPaid, Fulfillment: FulfillmentStatusDelivered},
		Captured: contents.Totals.Total, StockPolicy: policy,
	}}, nil
}

func (c ImportReturn) decide(o *Order) ([]Event, error) {
	if !o.Exists() {
		return nil, notFound()
	}
	for i := range o.Returns {
		if o.Returns[i].ReturnID == c.ReturnID {
			return nil, nil
		}
	}
	var faults rule.Faults
	if c.ReturnID == uuid.Nil {
		faults.Add(rule.ValidationFailed, "/return_id", "a return needs an id")
	}
	checkPast(&faults, "/returned_at", c.ReturnedAt, c.At)
	if instant(c.ReturnedAt).Before(o.PlacedAt) {
		faults.Add(rule.ValidationFailed, "/returned_at", "nothing can be returned on %s before it was placed on %s", stamp(c.ReturnedAt), stamp(o.PlacedAt))
	}
	if len(c.Lines) == 0 {
		faults.Add(rule.ValidationFailed, "/lines", "a return needs at least one line")
	}
	lines, refund := c.take(o, &faults)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if f := o.Funds(); refund > f.Captured-f.Refunded {
		return nil, rule.New(rule.RefundExceedsCaptured, "a refund of %s was asked for, at most %s is left of what was paid",
			money.Format(refund, o.Currency), money.Format(f.Captured-f.Refunded, o.Currency))
	}
	return []Event{ReturnImported{
		OrderID: o.ID, ReturnID: c.ReturnID, CreditNumber: c.CreditNumber, Source: c.Source, Channel: o.Channel,
		Currency: o.Currency, Country: o.Country, CustomerID: o.CustomerID, Lines: lines, Refund: refund,
		StockPolicy: StockSkip, PlacedAt: o.PlacedAt, ReturnedAt: instant(c.ReturnedAt), ImportedAt: instant(c.At),
	}}, nil
}

// take computes what each line gives back. A line that is named twice gives the units after those of its first mention.
func (c ImportReturn) take(o *Order, faults *rule.Faults) (lines []ReturnedLine, refund int64) {
	lines = make([]ReturnedLine, 0, len(c.Lines))
	find, taken := o.finder(), make(map[uuid.UUID]int64, len(c.Lines))
	for n, wish := range c.Lines {
		pointer := fmt.Sprintf("/lines/%d", n)
		i := find.find(wish.LineID)
		if i < 0 {
			faults.AddDetail(o.unknownLine(pointer+"/line_id", wish.LineID))
			continue
		}
		l := &o.Lines[i]
		open := l.Counters.Delivered - l.Counters.ReturnRequested - taken[wish.LineID]
		if wish.Quantity < 1 {
			faults.Add(rule.QuantityOutOfRange, pointer+"/quantity", "a returned quantity is 1 to %d, not %d", open, wish.Quantity)
			continue
		}
		if wish.Quantity > open {
			faults.AddDetail(l.fault(rule.QuantityExceedsDelivery, pointer+"/quantity", wish.Quantity, open,
				"%d units of SKU %q were to come back, %d delivered ones are still out", wish.Quantity, l.SKU, open))
			continue
		}
		net, tax := l.shareFromStart(l.Counters.RefundedQuantity+taken[wish.LineID], wish.Quantity)
		lines = append(lines, ReturnedLine{
			LineID: wish.LineID, SKU: l.SKU, Quantity: wish.Quantity, UnitPrice: l.UnitPrice, Amount: net, Tax: tax,
		})
		taken[wish.LineID] += wish.Quantity
		refund += net + tax // within the order's total, which was checked
	}
	return lines, refund
}

// checkPast records a fault if a time is missing or lies after now.
func checkPast(faults *rule.Faults, pointer string, at, now time.Time) {
	switch {
	case at.IsZero():
		faults.Add(rule.ValidationFailed, pointer, "the time at which it happened is missing")
	case at.After(now):
		faults.Add(rule.FutureDate, pointer, "history lies in the past: %s is after %s", stamp(at), stamp(now))
	}
}

// stamp writes a time as messages show it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
