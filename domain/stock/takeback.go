package stock

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// valid reports whether d is one of the dispositions.
func (d Disposition) valid() bool {
	return slices.Contains([]Disposition{Restock, QualityControl, Damaged, WriteOff}, d)
}

func (c Return) decide(s *Stock, pick PickOrder) ([]Event, error) {
	sku, location := cmp.Or(c.SKU, s.SKU), cmp.Or(c.LocationID, MainLocation)
	var faults rule.Faults
	checkLocation(&faults, "/location_id", location)
	if !c.Disposition.valid() {
		faults.Add(rule.ValidationFailed, "/disposition", "a disposition is %s, %s, %s or %s, not %q", Restock, QualityControl, Damaged, WriteOff, c.Disposition)
	}
	if len(c.Lines) == 0 {
		faults.Add(rule.ValidationFailed, "/lines", "a return of SKU %q needs at least one line", sku)
	}
	var sum int64
	for i, line := range c.Lines {
		if line.Quantity < 1 || line.Quantity > MaxReceipt {
			d := outOfRange(fmt.Sprintf("/lines/%d/quantity", i), fmt.Sprintf("line %s: a return", line.LineID), 1, line.Quantity)
			d.Meta["sku"], d.Meta["line_id"] = sku, line.LineID.String()
			faults.AddDetail(d)
			continue
		}
		sum = min(sum+line.Quantity, beyond)
	}
	if !s.Untracked && c.Disposition != WriteOff {
		s.checkRoom(&faults, "/lines", sum)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return settle(s, pick, c.At, Returned{
		SKU: sku, LocationID: location, OrderID: c.OrderID, ReturnID: c.ReturnID, Lines: c.Lines, Disposition: c.Disposition,
		Untracked: s.Untracked, ReturnedAt: instant(c.At),
	}), nil
}

func (c Inspect) decide(s *Stock, pick PickOrder) ([]Event, error) {
	location := cmp.Or(c.LocationID, MainLocation)
	var faults rule.Faults
	checkLocation(&faults, "/location_id", location)
	text.Note.Check(&faults, "/reason", c.Reason, 0, MaxReferenceLength)
	if c.From != QualityControl && c.From != Damaged {
		faults.Add(rule.ValidationFailed, "/from", "what can be inspected is in %s or %s, not %q", QualityControl, Damaged, c.From)
	}
	if !c.Disposition.valid() || c.Disposition == c.From {
		faults.Add(rule.ValidationFailed, "/disposition", "an inspection ends in another disposition (%s, %s, %s or %s), not %q",
			Restock, QualityControl, Damaged, WriteOff, c.Disposition)
	}
	if c.Quantity < 1 || c.Quantity > MaxReceipt {
		faults.AddDetail(outOfRange("/quantity", "an inspection", 1, c.Quantity))
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	at := s.At(location)
	there := at.QualityControl
	if c.From == Damaged {
		there = at.Damaged
	}
	if c.Quantity > there {
		faults.AddDetail(s.short("/quantity", uuid.Nil, location, c.Quantity, there, "in "+string(c.From)))
		return nil, faults.Err()
	}
	return settle(s, pick, c.At, Inspected{
		SKU: s.SKU, LocationID: location, From: c.From, Disposition: c.Disposition, Quantity: c.Quantity, Reason: c.Reason,
		InspectedAt: instant(c.At),
	}), nil
}
