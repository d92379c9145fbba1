package settings

import (
	"github.com/ordermill/ordermill/domain/iso"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// Most that a tenant can configure.
const (
	MaxTaxRates           = 2000
	MaxShippingMethods    = 200
	MaxDiscounts          = 10_000
	MaxAutomaticDiscounts = 100 // each of them is tried on every order
	MaxLocations          = 1000
	MaxOrderExpiryMinutes = 60 * 24 * 60 // 60 days
	MaxReservationMinutes = 7 * 24 * 60  // a week
	MaxReturnWindowDays   = 3650
	MaxPriority           = 1_000_000
)

// check records what is wrong with the location.
func (l *Location) check(faults *rule.Faults) {
	text.Key.Check(faults, "/id", l.ID, 1, pricing.MaxKeyLength)
	text.Name.Check(faults, "/name", l.Name, 1, pricing.MaxNameLength)
	if l.Country != "" && !iso.IsCountry(l.Country) {
		faults.Add(rule.ValidationFailed, "/country", "a country is a code of ISO 3166-1 alpha-2 in capitals, such as DE, not %q", l.Country)
	}
	if l.Priority < 0 || l.Priority > MaxPriority {
		faults.Add(rule.ValidationFailed, "/priority", "a priority is 0 to %d, the lowest first, not %d", MaxPriority, l.Priority)
	}
}

// check records what is wrong with the limits.
func (l *Limits) check(faults *rule.Faults) {
	checkRange(faults, "/max_lines", l.MaxLines, DefaultMaxLines)
	checkRange(faults, "/max_quantity", l.MaxQuantity, DefaultMaxQuantity)
	checkRange(faults, "/order_expiry_minutes", l.OrderExpiryMinutes, MaxOrderExpiryMinutes)
	checkRange(faults, "/reservation_minutes", l.ReservationMinutes, MaxReservationMinutes)
	if l.ReturnWindowDays < 0 || l.ReturnWindowDays > MaxReturnWindowDays {
		faults.Add(rule.ValidationFailed, "/return_window_days", "a return window is 1 to %d days, or 0 for none, not %d", MaxReturnWindowDays, l.ReturnWindowDays)
	}
	switch l.Completion {
	case "", CompletionAutomatic, CompletionManual:
	default:
		faults.Add(rule.ValidationFailed, "/completion", "completion is automatic or manual, not %q", l.Completion)
	}
}

func checkRange(faults *rule.Faults, pointer string, value, most int64) {
	if value < 0 || value > most {
		faults.Add(rule.ValidationFailed, pointer, "1 to %d fits here, or leave it out for the default, not %d", most, value)
	}
}

// checkRoom records that something new would be one too many.
func checkRoom(faults *rule.Faults, exists bool, count, most int, what string) {
	if !exists && count >= most {
		faults.Add(rule.ValidationFailed, "", "there are %d %s already, which is all that fit; remove one first", count, what)
	}
}

func invalid(pointer, format string, args ...any) error {
	var faults rule.Faults
	faults.Add(rule.ValidationFailed, pointer, format, args...)
	return faults.Err()
}
