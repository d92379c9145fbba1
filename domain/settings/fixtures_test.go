package settings_test

import (
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/settings"
)

type events = []settings.Event

var (
	noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	at   = noon.Add(300 * time.Microsecond).In(time.FixedZone("CET", 3600)) // as commands give it; stored as noon
)

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

func vat() pricing.TaxRate {
	return pricing.TaxRate{Country: "DE", Code: "DE-19", Rate: 190_000, Inclusive: true}
}

func post() pricing.ShippingMethod {
	return pricing.ShippingMethod{
		ID: "standard", Name: "Parcel <M> & more", Kind: pricing.ShippingByWeight, Countries: []string{"AT", "DE"}, TaxClass: "post",
		Bands: []pricing.Band{{UpTo: new(int64(5000)), Amount: 490, Currency: "EUR"}, {Amount: 990, Currency: "EUR"}}, Disabled: true, ValidTo: noon,
	}
}

func spring() pricing.DiscountRule {
	return pricing.DiscountRule{
		ID: "spring", Name: "Spring sale", Code: "SPRING", Kind: pricing.DiscountPercentage, Rate: 100_000, Scope: pricing.ScopeSKUs,
		SKUs: []string{"MUG", "TSHIRT-M"}, MinimumSubtotal: []money.Amount{eur(3000)}, ValidFrom: noon, ValidTo: noon.Add(time.Hour),
		UsageLimit: 100, Combinable: true,
	}
}

func fiver() pricing.DiscountRule {
	return pricing.DiscountRule{ID: "fiver", Kind: pricing.DiscountFixed, Amounts: []money.Amount{eur(500)}, Scope: pricing.ScopeWhole}
}

func berlin() settings.Location {
	return settings.Location{ID: "berlin", Name: "Berlin", Country: "DE", Priority: 10, Pickable: true}
}

func limits() settings.Limits {
	return settings.Limits{
		MaxLines: 50, MaxQuantity: 99, OrderExpiryMinutes: 30, ReservationMinutes: 5, ReturnWindowDays: 14, Completion: settings.CompletionManual,
	}
}

// samples has one of every event.
func samples() events {
	return events{
		settings.TaxRatePut{TaxRate: vat(), PutAt: noon.Add(250 * time.Millisecond)},
		settings.TaxRateRemoved{TaxClass: "books", Country: "DE", RemovedAt: noon},
		settings.ShippingMethodPut{ShippingMethod: post(), PutAt: noon},
		settings.ShippingMethodRemoved{ID: "standard", RemovedAt: noon},
		settings.DiscountPut{DiscountRule: spring(), PutAt: noon},
		settings.DiscountRemoved{ID: "spring", RemovedAt: noon},
		settings.LocationPut{Location: berlin(), PutAt: noon},
		settings.LocationRemoved{ID: "berlin", RemovedAt: noon},
		settings.PaymentPolicySet{Payment: settings.Payment{Policy: settings.PolicyAuthorized, AllowUnpaidPacking: true}, SetAt: noon},
		settings.TimeZoneSet{TimeZone: "Europe/Berlin", SetAt: noon},
		settings.RoundingSet{RoundingRule: pricing.RoundingRule{Mode: money.HalfEven, Scope: pricing.ScopeOrder}, SetAt: noon},
		settings.LimitsSet{Limits: limits(), SetAt: noon},
	}
}

// variants are events of the same types with other fields.
func variants() events {
	flat := pricing.ShippingMethod{ID: "pickup", Name: "Pickup", Kind: pricing.ShippingFlat, Prices: []money.Amount{eur(0)}, ValidFrom: noon}
	return events{
		settings.ShippingMethodPut{ShippingMethod: flat, PutAt: noon},
		settings.TaxRatePut{TaxRate: pricing.TaxRate{TaxClass: "books", Country: "DE", Code: "DE-7", Rate: 70_000}, PutAt: noon},
		settings.DiscountPut{DiscountRule: fiver(), PutAt: noon},
	}
}
