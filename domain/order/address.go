package order

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
)

// ChangeShippingAddress sends an order elsewhere, as long as nothing has left.
type ChangeShippingAddress struct {
	Country string
	PII     PII      // all personal data of the order, as it is to be
	Requote *Requote // if the country changes the taxes: computed by the caller
	At      time.Time
}

// ChangeBillingAddress bills an order to another address.
type ChangeBillingAddress struct {
	PII PII // all personal data of the order, as it is to be
	At  time.Time
}

// ChangeContact gives an order another e-mail address or telephone number.
type ChangeContact struct {
	PII PII // all personal data of the order, as it is to be
	At  time.Time
}

func (c ChangeShippingAddress) decide(o *Order) ([]Event, error) {
	if err := o.addressable(); err != nil {
		return nil, err
	}
	if err := o.unshipped(); err != nil {
		return nil, err
	}
	var faults rule.Faults
	checkCountry(&faults, c.Country)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if c.Country == o.Country && bytes.Equal(c.PII, o.PII) && c.Requote == nil {
		return nil, nil
	}
	if c.Requote != nil {
		if err := o.requotable(); err != nil {
			return nil, err
		}
		if err := c.Requote.check(o); err != nil {
			return nil, err
		}
	}
	event := ShippingAddressChanged{
		About: o.about(), PreviousCountry: o.Country, PII: c.PII, Requote: c.Requote, ChangedAt: instant(c.At),
	}
	event.Country = c.Country
	return []Event{event}, nil
}

func (c ChangeBillingAddress) decide(o *Order) ([]Event, error) {
	if err := o.addressable(); err != nil || bytes.Equal(c.PII, o.PII) {
		return nil, err
	}
	return []Event{BillingAddressChanged{About: o.about(), PII: c.PII, ChangedAt: instant(c.At)}}, nil
}

func (c ChangeContact) decide(o *Order) ([]Event, error) {
	if err := o.addressable(); err != nil || bytes.Equal(c.PII, o.PII) {
		return nil, err
	}
	return []Event{ContactChanged{About: o.about(), PII: c.PII, ChangedAt: instant(c.At)}}, nil
}

// addressable returns the rule that keeps the order's addresses from being changed.
func (o *Order) addressable() error {
	switch o.Status {
	case StatusPending, StatusConfirmed:
		return nil
	case StatusDraft:
		return rule.New(rule.InvalidState, "order %s is a draft; update it instead", o.Number)
	case StatusCompleted, StatusCanceled, StatusExpired:
		return rule.New(rule.OrderTerminal, "order %s is %s; its addresses stay as they are", o.Number, o.Status)
	default:
		return notFound()
	}
}

// unshipped returns the refusal of what is possible only until something leaves.
func (o *Order) unshipped() error {
	var faults rule.Faults
	for i := range o.Lines {
		l := &o.Lines[i]
		if n := l.Counters.Shipped; n > 0 {
			faults.AddDetail(l.fault(rule.AlreadyShipped, "", l.Counters.Live(), l.Counters.Live()-n,
				"%d of %d units of SKU %q have left for the address of order %s; place another order for a new one", n,
				l.Counters.Live(), l.SKU, o.Number))
		}
	}
	return faults.Err()
}

// requotable returns the rule that keeps the order's taxes from being computed anew: they belong to the lines as placed.
func (o *Order) requotable() error {
	for i := range o.Lines {
		l := &o.Lines[i]
		if l.Counters.Canceled == 0 && l.Counters.RefundedQuantity == 0 && l.Batches == nil {
			continue
		}
		v := rule.New(rule.InvalidState, "units of SKU %q of order %s were canceled, added or credited since it was placed, so its taxes cannot be "+
			"computed anew; cancel it and place it again for the new country", l.SKU, o.Number)
		v.Details = []rule.Detail{l.fault(v.Code, "", l.Quantity, l.Counters.Live(), "%s", v.Message)}
		return v
	}
	return nil
}

// Retax returns the line with other taxes: what it costs then, and what its net values change by.
func (l *Line) Retax(taxes []TaxLine, mode money.Rounding) LineTaxes {
	now := *l
	now.TaxLines, now.Total = taxes, l.Subtotal-l.DiscountTotal()+exclusiveTotal(taxes)
	return LineTaxes{
		LineID: l.LineID, SKU: l.SKU, TaxLines: taxes, Total: now.Total,
		NetSubtotalChange: now.NetSubtotal(mode) - l.NetSubtotal(mode), NetTotalChange: now.NetTotal() - l.NetTotal(),
	}
}

// ShippingNetChange returns what other shipping lines change the net value of the order's shipping by.
func (o *Order) ShippingNetChange(after []ShippingLine) (change int64) {
	for i := range after {
		change += after[i].NetTotal()
	}
	for i := range o.ShippingLines {
		change -= o.ShippingLines[i].NetTotal()
	}
	return change
}

// mismatches collects the sums of a quote that are not what they come to.
type mismatches struct {
	rule.Faults
	currency string
}

func (m *mismatches) compare(pointer, what string, quoted, want int64) {
	if quoted == want {
		return
	}
	m.AddDetail(rule.Detail{
		Pointer: pointer, Code: rule.TotalsMismatch,
		Message: fmt.Sprintf("%s is quoted as %d and comes to %d; compute the quote anew", what, quoted, want),
		Meta:    map[string]any{"requested": quoted, "available": want, "currency": m.currency},
	})
}

// check returns the fault of a quote that is not about the order as it is, or whose sums do not add up.
func (q *Requote) check(o *Order) error {
	faults, now := mismatches{currency: o.Currency}, o.LiveTotals()
	faults.compare("/requote/totals_before", "the total before", q.TotalsBefore.Total, now.Total)
	faults.compare("/requote/totals_before", "the tax before", q.TotalsBefore.Tax, now.Tax)
	after, tax := q.checkLines(&faults, o)
	shipping := q.Shipping
	if shipping == nil {
		shipping = o.ShippingLines
	}
	for i := range shipping {
		after += shipping[i].Total()
		tax += pricing.TaxTotal(shipping[i].TaxLines)
	}
	faults.compare("/requote/shipping_net_change", "the change of the net shipping", q.ShippingNetChange, o.ShippingNetChange(shipping))
	faults.compare("/requote/totals_after", "the total after", q.TotalsAfter.Total, after)
	faults.compare("/requote/totals_after", "the tax after", q.TotalsAfter.Tax, tax)
	faults.compare("/requote/amount_delta", "the difference", q.AmountDelta, q.TotalsAfter.Total-q.TotalsBefore.Total)
	return faults.Err()
}

// checkLines returns what all lines come to with the quote's taxes, and those taxes. Each line must be quoted once.
func (q *Requote) checkLines(faults *mismatches, o *Order) (after, tax int64) {
	seen, line := make([]bool, len(o.Lines)), o.finder()
	for n := range q.Lines {
		quoted, pointer := &q.Lines[n], fmt.Sprintf("/requote/lines/%d", n)
		i := line.find(quoted.LineID)
		if i < 0 || seen[i] {
			faults.AddDetail(o.unknownLine(pointer, quoted.LineID))
			continue
		}
		seen[i] = true
		l := &o.Lines[i]
		want, name := l.Retax(quoted.TaxLines, o.Rounding.Mode), "line "+l.LineID.String()
		if quoted.SKU != l.SKU {
			faults.AddDetail(l.fault(rule.ValidationFailed, pointer+"/sku", l.Quantity, l.Quantity, "%s is SKU %q, not %q", name, l.SKU, quoted.SKU))
		}
		faults.compare(pointer, name, quoted.Total, want.Total)
		faults.compare(pointer+"/net_subtotal_change", "the change of the net subtotal of "+name, quoted.NetSubtotalChange, want.NetSubtotalChange)
		faults.compare(pointer+"/net_total_change", "the change of the net total of "+name, quoted.NetTotalChange, want.NetTotalChange)
		after += want.Total
		tax += pricing.TaxTotal(quoted.TaxLines)
	}
	if i := slices.Index(seen, false); i >= 0 {
		faults.compare("/requote/lines", "line "+o.Lines[i].LineID.String(), 0, o.Lines[i].Total)
	}
	return after, tax
}

func (o *Order) applyShippingAddressChanged(e *ShippingAddressChanged) {
	o.Country, o.PII, o.UpdatedAt = e.Country, e.PII, e.ChangedAt
	if e.Requote == nil {
		return
	}
	line := o.finder()
	for n := range e.Requote.Lines {
		if i := line.find(e.Requote.Lines[n].LineID); i >= 0 {
			o.Lines[i].TaxLines, o.Lines[i].Total = e.Requote.Lines[n].TaxLines, e.Requote.Lines[n].Total
		}
	}
	if e.Requote.Shipping != nil {
		o.Totals.Shipping += summed(nil, e.Requote.Shipping).Shipping - summed(nil, o.ShippingLines).Shipping
		o.ShippingLines = e.Requote.Shipping
	}
	o.Totals.Total = money.Clamped(o.Totals.Total, e.Requote.AmountDelta)
	o.Totals.Tax = money.Clamped(o.Totals.Tax, e.Requote.TotalsAfter.Tax, -e.Requote.TotalsBefore.Tax)
}

func (o *Order) applyBillingAddressChanged(e *BillingAddressChanged) {
	o.PII, o.UpdatedAt = e.PII, e.ChangedAt
}

func (o *Order) applyContactChanged(e *ContactChanged) {
	o.PII, o.UpdatedAt = e.PII, e.ChangedAt
}
