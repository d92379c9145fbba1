// Package settings holds how one tenant does business: tax rates, shipping methods, discounts, locations, what orders
// wait for, how long things last and how sums are rounded.
//
// The settings are one aggregate, the fold of its events. Decide answers a command with the events it causes or the rule
// it breaks; it is pure, so time comes in with the command. A tenant that never set anything has the defaults, which
// every accessor of Settings states. Nothing here is safe for concurrent changes; reading a state is.
package settings

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/streamid"
	"github.com/ordermill/ordermill/domain/zone"
)

// StreamType is the type of every tenant's settings stream.
const StreamType = "settings"

// StreamID returns the id of the stream that holds a tenant's settings.
func StreamID(tenant string) uuid.UUID { return streamid.New(tenant, StreamType, StreamType) }

// Settings is the state. Its zero value is a tenant that never set anything; nil fields mean their defaults.
type Settings struct {
	Rules        pricing.Rules        `json:"rules,omitzero"` // tax rates, shipping methods, discounts
	Locations    map[string]Location  `json:"locations,omitempty"`
	PaymentTerms *Payment             `json:"payment,omitempty"`
	TimeZone     string               `json:"time_zone,omitempty"` // IANA name; empty: UTC
	Rounding     pricing.RoundingRule `json:"rounding,omitzero"`
	OwnLimits    *Limits              `json:"limits,omitempty"`
	UpdatedAt    time.Time            `json:"updated_at,omitzero"` // UTC, milliseconds; zero: never
}

// Location is a place that keeps stock.
type Location struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Country  string `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Priority int64  `json:"priority"`          // orders take stock from the lowest first
	Pickable bool   `json:"pickable"`          // whether orders may take stock from it
}

// PaymentPolicy says what a pending order waits for.
type PaymentPolicy string

// The payment policies.
const (
	PolicyPaid       PaymentPolicy = "paid"       // the total is captured
	PolicyAuthorized PaymentPolicy = "authorized" // the total is authorised
	PolicyOnAccount  PaymentPolicy = "on_account" // nothing: the customer pays by invoice
)

// Payment says when orders count as paid for.
type Payment struct {
	Policy             PaymentPolicy `json:"policy"`
	AllowUnpaidPacking bool          `json:"allow_unpaid_packing"` // whether an order that owes money may be packed
}

// Completion says who completes an order of which all is delivered and paid.
type Completion string

// The ways to complete.
const (
	CompletionAutomatic Completion = "automatic" // the last delivery, payment or return does
	CompletionManual    Completion = "manual"    // staff does
)

// Limits bound what orders may be and how long things last. In a command and in an event zero means the default, except
// for the return window, where zero is none.
type Limits struct {
	MaxLines           int64      `json:"max_lines,omitempty"`            // lines of an order
	MaxQuantity        int64      `json:"max_quantity,omitempty"`         // units of a line
	OrderExpiryMinutes int64      `json:"order_expiry_minutes,omitempty"` // how long a pending order waits
	ReservationMinutes int64      `json:"reservation_minutes,omitempty"`  // how long a soft reservation holds unless it says so itself
	ReturnWindowDays   int64      `json:"return_window_days,omitempty"`   // after delivery; 0: returns have no end
	Completion         Completion `json:"completion,omitempty"`
}

// Defaults of Limits.
const (
	DefaultMaxLines           = 1000
	DefaultMaxQuantity        = 1_000_000
	DefaultOrderExpiry        = 60 * time.Minute
	DefaultReservation        = 15 * time.Minute
	DefaultReservationMinutes = int64(DefaultReservation / time.Minute)
)

// Exists reports whether the tenant ever set anything.
func (s *Settings) Exists() bool { return !s.UpdatedAt.IsZero() }

// Payment returns what orders wait for; by default PolicyPaid, and nothing is packed before.
func (s *Settings) Payment() Payment {
	if s.PaymentTerms == nil {
		return Payment{Policy: PolicyPaid}
	}
	return *s.PaymentTerms
}

// Zone returns the IANA name of the tenant's time zone; by default UTC.
func (s *Settings) Zone() string { return cmp.Or(s.TimeZone, "UTC") }

// Location returns the tenant's time zone. A name that was taken once and that the database does not have counts as UTC.
func (s *Settings) Location() *time.Location {
	if in, err := zone.Load(s.Zone()); err == nil {
		return in
	}
	return time.UTC
}

// Limits returns the limits with their defaults in place, except OrderExpiryMinutes, which stays 0 if it is not set: ask
// OrderExpiry for it.
func (s *Settings) Limits() Limits {
	l := Limits{}
	if s.OwnLimits != nil {
		l = *s.OwnLimits
	}
	l.MaxLines = cmp.Or(l.MaxLines, DefaultMaxLines)
	l.MaxQuantity = cmp.Or(l.MaxQuantity, DefaultMaxQuantity)
	l.ReservationMinutes = cmp.Or(l.ReservationMinutes, DefaultReservationMinutes)
	l.Completion = cmp.Or(l.Completion, CompletionAutomatic)
	return l
}

// OrderExpiry returns how long a pending order waits: what the tenant set, else otherwise, else DefaultOrderExpiry.
func (s *Settings) OrderExpiry(otherwise time.Duration) time.Duration {
	if s.OwnLimits != nil && s.OwnLimits.OrderExpiryMinutes > 0 {
		return time.Duration(s.OwnLimits.OrderExpiryMinutes) * time.Minute
	}
	return cmp.Or(otherwise, DefaultOrderExpiry)
}

// Reservation returns how long a soft reservation holds that does not say so itself.
func (s *Settings) Reservation() time.Duration {
	return time.Duration(s.Limits().ReservationMinutes) * time.Minute
}

// ReturnsUntil returns the moment from which goods delivered at a time can no longer be returned; the zero time means
// that they always can.
func (s *Settings) ReturnsUntil(delivered time.Time) time.Time {
	days := s.Limits().ReturnWindowDays
	if days == 0 {
		return time.Time{}
	}
	return delivered.UTC().AddDate(0, 0, int(days))
}

// MainLocation is the location of a tenant that has put none into its settings.
const MainLocation = "main"

// CheckLocation fails with location_unknown unless stock may be kept at a location: one of the tenant's or, as long as it
// has none, MainLocation. The pointer says where in a command the id stands.
func (s *Settings) CheckLocation(pointer, id string) error {
	if _, ok := s.Locations[id]; ok || len(s.Locations) == 0 && id == MainLocation {
		return nil
	}
	v := rule.New(rule.LocationUnknown, "there is no location %q; put it into the settings first", id)
	v.Details = []rule.Detail{{Pointer: pointer, Code: v.Code, Message: v.Message, Meta: map[string]any{"location_id": id}}}
	return v
}

// PickOrder returns the ids of the locations that orders take stock from, in the sequence to try them: by priority, then
// by id. Nil means that no locations are configured and any will do; an empty list that none is pickable.
func (s *Settings) PickOrder() []string {
	if len(s.Locations) == 0 {
		return nil
	}
	ids := []string{}
	for _, l := range s.SortedLocations() {
		if l.Pickable {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// SortedLocations returns all locations by priority, then by id.
func (s *Settings) SortedLocations() []Location {
	return slices.SortedFunc(maps.Values(s.Locations), func(a, b Location) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.ID, b.ID))
	})
}

// Clone returns a copy that later changes of s do not reach.
func (s *Settings) Clone() Settings {
	c := *s
	c.Rules = s.Rules.Clone()
	c.Locations = maps.Clone(s.Locations)
	return c
}
