package settings

import (
	"reflect"
	"strings"
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/zone"
)

func (c PutTaxRate) decide(s *Settings) ([]Event, error) {
	var faults rule.Faults
	c.Rate.Check(&faults)
	rate := c.Rate.Normal()
	before, exists := s.Rules.RateByKey(rate.Key())
	rates, _, _ := s.Rules.Counts()
	checkRoom(&faults, exists, rates, MaxTaxRates, "tax rates")
	if err := faults.Err(); err != nil || exists && *before == rate {
		return nil, err
	}
	return []Event{TaxRatePut{TaxRate: rate, PutAt: instant(c.At)}}, nil
}

func (c RemoveTaxRate) decide(s *Settings) ([]Event, error) {
	key := pricing.RateKey{TaxClass: c.TaxClass, Country: strings.ToUpper(c.Country)}
	if _, ok := s.Rules.RateByKey(key); !ok {
		return nil, rule.New(rule.SettingNotFound, "there is no tax rate of class %q in country %q", key.TaxClass, key.Country)
	}
	return []Event{TaxRateRemoved{TaxClass: key.TaxClass, Country: key.Country, RemovedAt: instant(c.At)}}, nil
}

func (c PutShippingMethod) decide(s *Settings) ([]Event, error) {
	var faults rule.Faults
	c.Method.Check(&faults)
	method := c.Method.Normal()
	before, exists := s.Rules.Method(method.ID)
	_, methods, _ := s.Rules.Counts()
	checkRoom(&faults, exists, methods, MaxShippingMethods, "shipping methods")
	if err := faults.Err(); err != nil || exists && reflect.DeepEqual(*before, method) {
		return nil, err
	}
	return []Event{ShippingMethodPut{ShippingMethod: method, PutAt: instant(c.At)}}, nil
}

func (c RemoveShippingMethod) decide(s *Settings) ([]Event, error) {
	if _, ok := s.Rules.Method(c.ID); !ok {
		return nil, rule.New(rule.SettingNotFound, "there is no shipping method %q", c.ID)
	}
	return []Event{ShippingMethodRemoved{ID: c.ID, RemovedAt: instant(c.At)}}, nil
}

func (c PutDiscount) decide(s *Settings) ([]Event, error) {
	var faults rule.Faults
	c.Discount.Check(&faults)
	discount := c.Discount.Normal()
	before, exists := s.Rules.Discount(discount.ID)
	_, _, discounts := s.Rules.Counts()
	checkRoom(&faults, exists, discounts, MaxDiscounts, "discounts")
	if discount.Automatic() {
		checkRoom(&faults, exists && before.Automatic(), len(s.Rules.Automatic()), MaxAutomaticDiscounts, "discounts without a code")
	} else if other, taken := s.Rules.DiscountByCode(discount.Code); taken && other.ID != discount.ID {
		faults.Add(rule.ValidationFailed, "/code", "code %q belongs to discount %q; choose another one", discount.Code, other.ID)
	}
	if err := faults.Err(); err != nil || exists && reflect.DeepEqual(*before, discount) {
		return nil, err
	}
	return []Event{DiscountPut{DiscountRule: discount, PutAt: instant(c.At)}}, nil
}

func (c RemoveDiscount) decide(s *Settings) ([]Event, error) {
	if _, ok := s.Rules.Discount(c.ID); !ok {
		return nil, rule.New(rule.SettingNotFound, "there is no discount %q", c.ID)
	}
	return []Event{DiscountRemoved{ID: c.ID, RemovedAt: instant(c.At)}}, nil
}

func (c PutLocation) decide(s *Settings) ([]Event, error) {
	var faults rule.Faults
	location := c.Location
	location.Country = strings.ToUpper(location.Country)
	location.check(&faults)
	before, exists := s.Locations[location.ID]
	checkRoom(&faults, exists, len(s.Locations), MaxLocations, "locations")
	if err := faults.Err(); err != nil || exists && before == location {
		return nil, err
	}
	return []Event{LocationPut{Location: location, PutAt: instant(c.At)}}, nil
}

func (c RemoveLocation) decide(s *Settings) ([]Event, error) {
	if _, ok := s.Locations[c.ID]; !ok {
		return nil, rule.New(rule.SettingNotFound, "there is no location %q", c.ID)
	}
	return []Event{LocationRemoved{ID: c.ID, RemovedAt: instant(c.At)}}, nil
}

func (c SetPaymentPolicy) decide(s *Settings) ([]Event, error) {
	switch c.Payment.Policy {
	case PolicyPaid, PolicyAuthorized, PolicyOnAccount:
	default:
		return nil, invalid("/policy", "a payment policy is paid, authorized or on_account, not %q", c.Payment.Policy)
	}
	if s.Payment() == c.Payment {
		return nil, nil
	}
	return []Event{PaymentPolicySet{Payment: c.Payment, SetAt: instant(c.At)}}, nil
}

func (c SetTimeZone) decide(s *Settings) ([]Event, error) {
	if _, err := zone.Load(c.TimeZone); err != nil {
		return nil, invalid("/time_zone", "a time zone is a name of the IANA database such as Europe/Berlin, not %q", c.TimeZone)
	}
	if s.Zone() == c.TimeZone {
		return nil, nil
	}
	return []Event{TimeZoneSet{TimeZone: c.TimeZone, SetAt: instant(c.At)}}, nil
}

func (c SetRounding) decide(s *Settings) ([]Event, error) {
	var faults rule.Faults
	if !c.Rounding.Mode.Known() {
		faults.Add(rule.ValidationFailed, "/mode", "a mode is half_up or half_even, not %q", c.Rounding.Mode)
	}
	if !c.Rounding.Scope.Known() {
		faults.Add(rule.ValidationFailed, "/scope", "a scope is line, rate_group or order, not %q", c.Rounding.Scope)
	}
	wish := explicit(c.Rounding)
	if err := faults.Err(); err != nil || explicit(s.Rounding) == wish {
		return nil, err
	}
	return []Event{RoundingSet{RoundingRule: wish, SetAt: instant(c.At)}}, nil
}

func (c SetLimits) decide(s *Settings) ([]Event, error) {
	var faults rule.Faults
	l := c.Limits
	l.check(&faults)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	wish := Settings{OwnLimits: &l}
	if s.Limits() == wish.Limits() {
		return nil, nil
	}
	return []Event{LimitsSet{Limits: l, SetAt: instant(c.At)}}, nil
}

// explicit returns a rounding rule with its defaults in place.
func explicit(r pricing.RoundingRule) pricing.RoundingRule {
	if r.Mode == "" {
		r.Mode = money.HalfUp
	}
	if r.Scope == "" {
		r.Scope = pricing.ScopeLine
	}
	return r
}

// instant returns t as events store it: UTC, whole milliseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
