package settings

import (
	"time"

	"github.com/ordermill/ordermill/domain/pricing"
)

// Command asks for a change of a tenant's settings. Its unexported method seals the set and is the rule itself.
type Command interface {
	decide(s *Settings) ([]Event, error)
}

// Decide returns the events that cmd causes in state s, or a *rule.Violation. It changes nothing. No events and no
// error means that the settings already are as wished.
func Decide(s *Settings, cmd Command) ([]Event, error) { return cmd.decide(s) }

// PutTaxRate adds the tax rate of a class in a country, or replaces it.
type PutTaxRate struct {
	Rate pricing.TaxRate
	At   time.Time
}

// RemoveTaxRate removes the tax rate with exactly this class and country.
type RemoveTaxRate struct {
	TaxClass string
	Country  string
	At       time.Time
}

// PutShippingMethod adds a shipping method, or replaces the one with its id.
type PutShippingMethod struct {
	Method pricing.ShippingMethod
	At     time.Time
}

// RemoveShippingMethod removes a shipping method.
type RemoveShippingMethod struct {
	ID string
	At time.Time
}

// PutDiscount adds a discount, or replaces the one with its id. No two discounts have the same code.
type PutDiscount struct {
	Discount pricing.DiscountRule
	At       time.Time
}

// RemoveDiscount removes a discount.
type RemoveDiscount struct {
	ID string
	At time.Time
}

// PutLocation adds a location, or replaces the one with its id. With the first one, ids that are not in the settings
// stop being accepted.
type PutLocation struct {
	Location Location
	At       time.Time
}

// RemoveLocation removes a location. What is in stock there stays, and nothing new can be received.
type RemoveLocation struct {
	ID string
	At time.Time
}

// SetPaymentPolicy says what orders that are placed from now on wait for.
type SetPaymentPolicy struct {
	Payment Payment
	At      time.Time
}

// SetTimeZone says in which time zone the tenant's days begin.
type SetTimeZone struct {
	TimeZone string // IANA name, such as Europe/Berlin
	At       time.Time
}

// SetRounding says how the taxes of orders that are placed from now on are rounded. Empty parts mean half_up and line.
type SetRounding struct {
	Rounding pricing.RoundingRule
	At       time.Time
}

// SetLimits replaces all limits. Zero fields mean the defaults.
type SetLimits struct {
	Limits Limits
	At     time.Time
}
