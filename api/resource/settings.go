package resource

import (
	"slices"
	"time"

	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/eventstore"
)

// TaxRate renders a tax rate.
func TaxRate(t *pricing.TaxRate) []byte {
	return marshal(struct {
		TaxClass  string `json:"tax_class"`
		Country   string `json:"country"`
		Code      string `json:"code"`
		Rate      int64  `json:"rate"`
		Inclusive bool   `json:"inclusive"`
	}(*t))
}

// ShippingMethod renders a shipping method.
func ShippingMethod(m *pricing.ShippingMethod) []byte {
	return marshal(struct {
		*pricing.ShippingMethod
		ValidFrom Time `json:"valid_from,omitzero"` // in place of the method's own
		ValidTo   Time `json:"valid_to,omitzero"`
	}{m, Time(m.ValidFrom), Time(m.ValidTo)})
}

// Discount renders a discount.
func Discount(d *pricing.DiscountRule) []byte {
	return marshal(struct {
		*pricing.DiscountRule
		ValidFrom Time `json:"valid_from,omitzero"` // in place of the discount's own
		ValidTo   Time `json:"valid_to,omitzero"`
	}{d, Time(d.ValidFrom), Time(d.ValidTo)})
}

// Location renders a location.
func Location(l *settings.Location) []byte { return marshal(l) }

// PaymentPolicy renders what orders wait for.
func PaymentPolicy(s *settings.Settings) []byte { return marshal(s.Payment()) }

// TimeZone renders the tenant's time zone.
func TimeZone(s *settings.Settings) []byte {
	return marshal(map[string]string{"time_zone": s.Zone()})
}

// Rounding renders how taxes are rounded.
func Rounding(s *settings.Settings) []byte {
	r := s.Rounding
	if r.Mode == "" {
		r.Mode = "half_up"
	}
	if r.Scope == "" {
		r.Scope = pricing.ScopeLine
	}
	return marshal(r)
}

// Limits renders the limits, with the defaults of those that are not set.
func Limits(s *settings.Settings) []byte {
	l := s.Limits()
	l.OrderExpiryMinutes = int64(s.OrderExpiry(0) / time.Minute)
	return marshal(struct {
		settings.Limits
		ReturnWindowDays int64 `json:"return_window_days"` // 0 is said too: returns have no end
	}{l, l.ReturnWindowDays})
}

// Customer renders what is known of a customer beyond the orders, but for the person's key: see WithKey.
func Customer(id string, c *customer.Customer, version eventstore.Version) []byte {
	type held struct {
		Reason string `json:"reason"`
		By     string `json:"by,omitempty"`
		SetAt  Time   `json:"set_at"`
	}
	out := struct {
		CustomerID string             `json:"customer_id"`
		LegalHold  *held              `json:"legal_hold,omitempty"`
		ErasedAt   Time               `json:"erased_at,omitzero"`
		Version    eventstore.Version `json:"version,omitempty"`
	}{CustomerID: id, ErasedAt: Time(c.ErasedAt), Version: version}
	if h := c.LegalHold; h != nil {
		out.LegalHold = &held{h.Reason, h.By, Time(h.SetAt)}
	}
	return marshal(out)
}

// WithKey adds to an erased customer whether there was a key that is destroyed now.
func WithKey(body []byte, destroyed bool) []byte {
	return append(append(slices.Clip(body[:len(body)-1]), member("key_destroyed", marshal(destroyed))...), '}')
}
