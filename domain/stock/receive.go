package stock

import (
	"cmp"
	"fmt"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

func (c Receive) decide(s *Stock, pick PickOrder) ([]Event, error) {
	location := cmp.Or(c.LocationID, MainLocation)
	var faults rule.Faults
	checkLocation(&faults, "/location_id", location)
	text.Identifier.Check(&faults, "/reference", c.Reference, 0, MaxReferenceLength)
	if c.Quantity < 1 || c.Quantity > MaxReceipt {
		faults.AddDetail(outOfRange("/quantity", "a receipt", 1, c.Quantity))
	} else {
		s.checkRoom(&faults, "/quantity", c.Quantity)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return settle(s, pick, c.At, Received{
		SKU: cmp.Or(c.SKU, s.SKU), LocationID: location, Quantity: c.Quantity, Reference: c.Reference, ReceivedAt: instant(c.At),
	}), nil
}

func (c Adjust) decide(s *Stock, pick PickOrder) ([]Event, error) {
	sku, location := cmp.Or(c.SKU, s.SKU), cmp.Or(c.LocationID, MainLocation)
	var faults rule.Faults
	checkLocation(&faults, "/location_id", location)
	if text.Note.Check(&faults, "/reason", c.Reason, 0, MaxReferenceLength); c.Reason == "" {
		faults.Add(rule.ValidationFailed, "/reason", "an adjustment needs a reason, such as shrinkage or found")
	}
	at := s.At(location)
	switch {
	case c.Delta == 0 || c.Delta > MaxReceipt || c.Delta < -MaxReceipt:
		d := outOfRange("/delta", "an adjustment", -MaxReceipt, c.Delta)
		d.Message = fmt.Sprintf("an adjustment is %d to %d units and not 0, not %d", int64(-MaxReceipt), int64(MaxReceipt), c.Delta)
		faults.AddDetail(d)
	case c.Delta > 0:
		s.checkRoom(&faults, "/delta", c.Delta)
	case -c.Delta > at.sound():
		faults.AddDetail(rule.Detail{
			Pointer: "/delta", Code: rule.QuantityOutOfRange,
			Message: fmt.Sprintf("SKU %q at location %q: %d units are on hand, %d of them damaged and %d in quality control; at most %d can be taken off, not %d",
				sku, location, at.OnHand, at.Damaged, at.QualityControl, at.sound(), -c.Delta),
			Meta: map[string]any{"sku": sku, "location_id": location, "requested": c.Delta, "available": at.sound()},
		})
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if err := expect(sku, at, c.ExpectedQuantity); err != nil {
		return nil, err
	}
	return settle(s, pick, c.At, Adjusted{
		SKU: sku, LocationID: location, Delta: c.Delta, Reason: c.Reason, ExpectedQuantity: c.ExpectedQuantity, AdjustedAt: instant(c.At),
	}), nil
}

func (c DeductSold) decide(s *Stock, _ PickOrder) ([]Event, error) {
	var faults rule.Faults
	text.Note.Check(&faults, "/reason", c.Reason, 0, MaxReferenceLength)
	if c.Quantity < 1 || c.Quantity > MaxReceipt {
		faults.AddDetail(outOfRange("/quantity", "what was sold", 1, c.Quantity))
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	units := c.Quantity
	if at := s.At(MainLocation); !c.Force {
		units = min(units, at.Available())
	}
	if units == 0 || s.Untracked {
		return nil, nil
	}
	return []Event{Adjusted{
		SKU: cmp.Or(c.SKU, s.SKU), LocationID: MainLocation, Delta: -units, Reason: c.Reason, AdjustedAt: instant(c.At),
	}}, nil
}

func (c Count) decide(s *Stock, pick PickOrder) ([]Event, error) {
	sku, location := cmp.Or(c.SKU, s.SKU), cmp.Or(c.LocationID, MainLocation)
	var faults rule.Faults
	checkLocation(&faults, "/location_id", location)
	text.Identifier.Check(&faults, "/reference", c.Reference, 0, MaxReferenceLength)
	at := s.At(location)
	switch {
	case c.Counted < 0 || c.Counted > MaxReceipt:
		faults.AddDetail(outOfRange("/counted", "a count", 0, c.Counted))
	case c.Counted > at.OnHand:
		s.checkRoom(&faults, "/counted", c.Counted-at.OnHand)
	case c.Counted < at.Damaged+at.QualityControl:
		faults.AddDetail(rule.Detail{
			Pointer: "/counted", Code: rule.QuantityOutOfRange,
			Message: fmt.Sprintf("SKU %q at location %q: %d units there are damaged and %d in quality control, so the count is at least %d, not %d; write them off first",
				sku, location, at.Damaged, at.QualityControl, at.Damaged+at.QualityControl, c.Counted),
			Meta: map[string]any{"sku": sku, "location_id": location, "requested": c.Counted, "available": at.Damaged + at.QualityControl},
		})
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if err := expect(sku, at, c.ExpectedQuantity); err != nil {
		return nil, err
	}
	return settle(s, pick, c.At, Counted{
		SKU: sku, LocationID: location, Counted: c.Counted, Variance: c.Counted - at.OnHand,
		ExpectedQuantity: c.ExpectedQuantity, Reference: c.Reference, CountedAt: instant(c.At),
	}), nil
}

// expect compares what the sender has seen with what is on hand.
func expect(sku string, at Location, expected *int64) error {
	if expected == nil || *expected == at.OnHand {
		return nil
	}
	v := rule.New(rule.QuantityMismatch, "SKU %q at location %q: %d expected, %d on hand; look again and send the command anew", sku, at.ID, *expected, at.OnHand)
	v.Details = []rule.Detail{{
		Pointer: "/expected_quantity", Code: rule.QuantityMismatch, Message: v.Message,
		Meta: map[string]any{"sku": sku, "location_id": at.ID, "expected": *expected, "actual": at.OnHand},
	}}
	return v
}
