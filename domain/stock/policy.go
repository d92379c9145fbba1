package stock

import (
	"cmp"

	"github.com/ordermill/ordermill/domain/rule"
)

func (c SetSafetyStock) decide(s *Stock, pick PickOrder) ([]Event, error) {
	location := cmp.Or(c.LocationID, MainLocation)
	var faults rule.Faults
	checkLocation(&faults, "/location_id", location)
	if c.Quantity < 0 || c.Quantity > MaxReceipt {
		faults.AddDetail(outOfRange("/quantity", "a safety stock", 0, c.Quantity))
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if s.At(location).SafetyStock == c.Quantity {
		return nil, nil
	}
	return settle(s, pick, c.At, SafetyStockSet{SKU: cmp.Or(c.SKU, s.SKU), LocationID: location, Quantity: c.Quantity, SetAt: instant(c.At)}), nil
}

func (c SetBackorderPolicy) decide(s *Stock, _ PickOrder) ([]Event, error) {
	var faults rule.Faults
	switch c.Policy {
	case BackorderDeny, BackorderAllow:
		if c.Limit != 0 {
			faults.Add(rule.ValidationFailed, "/limit", "a limit goes with policy %s only", BackorderLimit)
		}
	case BackorderLimit:
		if c.Limit < 0 || c.Limit > MaxReceipt {
			faults.AddDetail(outOfRange("/limit", "a limit of backorders", 0, c.Limit))
		}
	default:
		faults.Add(rule.ValidationFailed, "/policy", "a policy is %s, %s or %s, not %q", BackorderDeny, BackorderAllow, BackorderLimit, c.Policy)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if s.Policy() == c.Policy && s.BackorderLimit == c.Limit {
		return nil, nil
	}
	return []Event{BackorderPolicySet{SKU: cmp.Or(c.SKU, s.SKU), Policy: c.Policy, Limit: c.Limit, SetAt: instant(c.At)}}, nil
}

func (c SetTracking) decide(s *Stock, pick PickOrder) ([]Event, error) { //nolint:unparam // the interface's; this is never refused
	if s.Untracked != c.Tracked {
		return nil, nil
	}
	return settle(s, pick, c.At, TrackingSet{SKU: cmp.Or(c.SKU, s.SKU), Tracked: c.Tracked, SetAt: instant(c.At)}), nil
}
