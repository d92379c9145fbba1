package settings

import (
	"time"

	"github.com/ordermill/ordermill/domain/pricing"
)

// Event is a fact about one tenant's settings. The unexported method seals the set, so that every switch over Event can
// be checked to cover all of it.
//
//sumtype:decl
type Event interface {
	// EventType returns the stored name. Stored events keep it for ever: names are added, never changed.
	EventType() string
	settingsEvent()
}

// TaxRatePut adds the tax rate of a class in a country, or replaces it. Orders that were placed keep theirs.
type TaxRatePut struct {
	pricing.TaxRate
	PutAt time.Time `json:"put_at"` // UTC, milliseconds, as all times of these events
}

// TaxRateRemoved removes the tax rate of a class in a country.
type TaxRateRemoved struct {
	TaxClass  string    `json:"tax_class"`
	Country   string    `json:"country"`
	RemovedAt time.Time `json:"removed_at"`
}

// ShippingMethodPut adds a shipping method or replaces it.
type ShippingMethodPut struct {
	pricing.ShippingMethod
	PutAt time.Time `json:"put_at"`
}

// ShippingMethodRemoved removes a shipping method.
type ShippingMethodRemoved struct {
	ID        string    `json:"id"`
	RemovedAt time.Time `json:"removed_at"`
}

// DiscountPut adds a discount or replaces it. Its uses so far still count.
type DiscountPut struct {
	pricing.DiscountRule
	PutAt time.Time `json:"put_at"`
}

// DiscountRemoved removes a discount.
type DiscountRemoved struct {
	ID        string    `json:"id"`
	RemovedAt time.Time `json:"removed_at"`
}

// LocationPut adds a location or replaces it.
type LocationPut struct {
	Location
	PutAt time.Time `json:"put_at"`
}

// LocationRemoved removes a location. What is in stock there stays.
type LocationRemoved struct {
	ID        string    `json:"id"`
	RemovedAt time.Time `json:"removed_at"`
}

// PaymentPolicySet says what orders that are placed from now on wait for.
type PaymentPolicySet struct {
	Payment
	SetAt time.Time `json:"set_at"`
}

// TimeZoneSet says in which time zone the tenant's days begin.
type TimeZoneSet struct {
	TimeZone string    `json:"time_zone"` // IANA name
	SetAt    time.Time `json:"set_at"`
}

// RoundingSet says how the taxes of orders that are placed from now on are rounded.
type RoundingSet struct {
	pricing.RoundingRule
	SetAt time.Time `json:"set_at"`
}

// LimitsSet replaces all limits. A zero means the default.
type LimitsSet struct {
	Limits
	SetAt time.Time `json:"set_at"`
}

// EventType returns "settings.tax_rate_put.v1".
func (TaxRatePut) EventType() string { return "settings.tax_rate_put.v1" }

// EventType returns "settings.tax_rate_removed.v1".
func (TaxRateRemoved) EventType() string { return "settings.tax_rate_removed.v1" }

// EventType returns "settings.shipping_method_put.v1".
func (ShippingMethodPut) EventType() string { return "settings.shipping_method_put.v1" }

// EventType returns "settings.shipping_method_removed.v1".
func (ShippingMethodRemoved) EventType() string { return "settings.shipping_method_removed.v1" }

// EventType returns "settings.discount_put.v1".
func (DiscountPut) EventType() string { return "settings.discount_put.v1" }

// EventType returns "settings.discount_removed.v1".
func (DiscountRemoved) EventType() string { return "settings.discount_removed.v1" }

// EventType returns "settings.location_put.v1".
func (LocationPut) EventType() string { return "settings.location_put.v1" }

// EventType returns "settings.location_removed.v1".
func (LocationRemoved) EventType() string { return "settings.location_removed.v1" }

// EventType returns "settings.payment_policy_set.v1".
func (PaymentPolicySet) EventType() string { return "settings.payment_policy_set.v1" }

// EventType returns "settings.time_zone_set.v1".
func (TimeZoneSet) EventType() string { return "settings.time_zone_set.v1" }

// EventType returns "settings.rounding_set.v1".
func (RoundingSet) EventType() string { return "settings.rounding_set.v1" }

// EventType returns "settings.limits_set.v1".
func (LimitsSet) EventType() string { return "settings.limits_set.v1" }

func (TaxRatePut) settingsEvent()            {}
func (TaxRateRemoved) settingsEvent()        {}
func (ShippingMethodPut) settingsEvent()     {}
func (ShippingMethodRemoved) settingsEvent() {}
func (DiscountPut) settingsEvent()           {}
func (DiscountRemoved) settingsEvent()       {}
func (LocationPut) settingsEvent()           {}
func (LocationRemoved) settingsEvent()       {}
func (PaymentPolicySet) settingsEvent()      {}
func (TimeZoneSet) settingsEvent()           {}
func (RoundingSet) settingsEvent()           {}
func (LimitsSet) settingsEvent()             {}
