package settings

import (
	"time"

	"github.com/ordermill/ordermill/domain/pricing"
)

// Apply moves s on by one event, in place. It checks nothing: the event has already happened. Events and states may
// share lists, which nobody writes to.
func (s *Settings) Apply(e Event) {
	switch e := e.(type) {
	case TaxRatePut:
		s.Rules.PutRate(e.TaxRate)
		s.touch(e.PutAt)
	case TaxRateRemoved:
		s.Rules.RemoveRate(pricing.RateKey{TaxClass: e.TaxClass, Country: e.Country})
		s.touch(e.RemovedAt)
	case ShippingMethodPut:
		s.Rules.PutMethod(e.ShippingMethod)
		s.touch(e.PutAt)
	case ShippingMethodRemoved:
		s.Rules.RemoveMethod(e.ID)
		s.touch(e.RemovedAt)
	case DiscountPut:
		s.Rules.PutDiscount(e.DiscountRule)
		s.touch(e.PutAt)
	case DiscountRemoved:
		s.Rules.RemoveDiscount(e.ID)
		s.touch(e.RemovedAt)
	case LocationPut:
		if s.Locations == nil {
			s.Locations = make(map[string]Location)
		}
		s.Locations[e.ID] = e.Location
		s.touch(e.PutAt)
	case LocationRemoved:
		if delete(s.Locations, e.ID); len(s.Locations) == 0 {
			s.Locations = nil // as it is after a round trip through JSON
		}
		s.touch(e.RemovedAt)
	case PaymentPolicySet:
		s.PaymentTerms = &e.Payment
		s.touch(e.SetAt)
	case TimeZoneSet:
		s.TimeZone = e.TimeZone
		s.touch(e.SetAt)
	case RoundingSet:
		s.Rounding = e.RoundingRule
		s.touch(e.SetAt)
	case LimitsSet:
		s.OwnLimits = &e.Limits
		s.touch(e.SetAt)
	}
}

func (s *Settings) touch(at time.Time) { s.UpdatedAt = at }

// Replay folds events, oldest first, from nothing.
func Replay(events ...Event) Settings {
	var s Settings
	for _, e := range events {
		s.Apply(e)
	}
	return s
}
