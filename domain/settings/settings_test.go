package settings_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/settings"
)

func TestDecide(t *testing.T) {
	t.Parallel()

	books := pricing.TaxRate{TaxClass: "books", Country: "DE", Code: "DE-7", Rate: 70_000}
	higher := vat()
	higher.Rate = 200_000
	small, untidy, sale := vat(), post(), spring()
	small.Country = "de"
	slices.Reverse(untidy.Bands)
	untidy.Countries = []string{"de", "AT", "de"}
	sale.Code, sale.SKUs, sale.ValidFrom = "spring", []string{"TSHIRT-M", "MUG", "MUG"}, at
	thief := fiver()
	thief.Code = "spring"
	moved := berlin()
	moved.Priority = 1
	lower := berlin()
	lower.Country = "de"

	ratePut := settings.TaxRatePut{TaxRate: vat(), PutAt: noon}
	methodPut := settings.ShippingMethodPut{ShippingMethod: post(), PutAt: noon}
	discountPut := settings.DiscountPut{DiscountRule: spring(), PutAt: noon}
	locationPut := settings.LocationPut{Location: berlin(), PutAt: noon}
	onAccount := settings.Payment{Policy: settings.PolicyOnAccount}
	even := pricing.RoundingRule{Mode: money.HalfEven, Scope: pricing.ScopeLine}
	tests := map[string]struct {
		given   events
		when    settings.Command
		then    events
		wantErr rule.Code
	}{
		"a rate is put, its country in capitals":       {nil, settings.PutTaxRate{Rate: small, At: at}, events{ratePut}, ""},
		"putting the same rate again records nothing":  {events{ratePut}, settings.PutTaxRate{Rate: small, At: at}, nil, ""},
		"another rate replaces it":                     {events{ratePut}, settings.PutTaxRate{Rate: higher, At: at}, events{settings.TaxRatePut{TaxRate: higher, PutAt: noon}}, ""},
		"a rate of another class stands beside it":     {events{ratePut}, settings.PutTaxRate{Rate: books, At: at}, events{settings.TaxRatePut{TaxRate: books, PutAt: noon}}, ""},
		"a rate is removed by class and country":       {events{ratePut}, settings.RemoveTaxRate{Country: "de", At: at}, events{settings.TaxRateRemoved{Country: "DE", RemovedAt: noon}}, ""},
		"a rate that counts here is not removed there": {events{ratePut}, settings.RemoveTaxRate{Country: "FR"}, nil, rule.SettingNotFound},
		"a rate is 100 percent at most":                {nil, settings.PutTaxRate{Rate: pricing.TaxRate{Code: "X", Rate: 1_000_001}}, nil, rule.ValidationFailed},

		"a method is put in order":                      {nil, settings.PutShippingMethod{Method: untidy, At: at}, events{methodPut}, ""},
		"putting the same method again records nothing": {events{methodPut}, settings.PutShippingMethod{Method: untidy, At: at}, nil, ""},
		"a method is removed":                           {events{methodPut}, settings.RemoveShippingMethod{ID: "standard", At: at}, events{settings.ShippingMethodRemoved{ID: "standard", RemovedAt: noon}}, ""},
		"an unknown method cannot be removed":           {nil, settings.RemoveShippingMethod{ID: "standard"}, nil, rule.SettingNotFound},
		"a method needs a kind":                         {nil, settings.PutShippingMethod{Method: pricing.ShippingMethod{ID: "x", Name: "X"}}, nil, rule.ValidationFailed},

		"a discount is put in order":                      {nil, settings.PutDiscount{Discount: sale, At: at}, events{discountPut}, ""},
		"putting the same discount again records nothing": {events{discountPut}, settings.PutDiscount{Discount: sale, At: at}, nil, ""},
		"a code belongs to one discount":                  {events{discountPut}, settings.PutDiscount{Discount: thief, At: at}, nil, rule.ValidationFailed},
		"a code is free again once it is removed": {
			events{discountPut, settings.DiscountRemoved{ID: "spring"}}, settings.PutDiscount{Discount: sale, At: at}, events{discountPut}, "",
		},
		"a discount is removed":                 {events{discountPut}, settings.RemoveDiscount{ID: "spring", At: at}, events{settings.DiscountRemoved{ID: "spring", RemovedAt: noon}}, ""},
		"an unknown discount cannot be removed": {nil, settings.RemoveDiscount{ID: "spring"}, nil, rule.SettingNotFound},
		"a discount needs a scope":              {nil, settings.PutDiscount{Discount: pricing.DiscountRule{ID: "x", Kind: pricing.DiscountPercentage, Rate: 1}}, nil, rule.ValidationFailed},

		"a location is put": {nil, settings.PutLocation{Location: lower, At: at}, events{locationPut}, ""},
		"putting the same location again records nothing": {events{locationPut}, settings.PutLocation{Location: lower, At: at}, nil, ""},
		"a location changes":                              {events{locationPut}, settings.PutLocation{Location: moved, At: at}, events{settings.LocationPut{Location: moved, PutAt: noon}}, ""},
		"a location is removed":                           {events{locationPut}, settings.RemoveLocation{ID: "berlin", At: at}, events{settings.LocationRemoved{ID: "berlin", RemovedAt: noon}}, ""},
		"an unknown location cannot be removed":           {nil, settings.RemoveLocation{ID: "berlin"}, nil, rule.SettingNotFound},

		"orders may wait for nothing": {nil, settings.SetPaymentPolicy{Payment: onAccount, At: at}, events{settings.PaymentPolicySet{Payment: onAccount, SetAt: noon}}, ""},
		"that orders wait for payment is the default": {
			nil, settings.SetPaymentPolicy{Payment: settings.Payment{Policy: settings.PolicyPaid}, At: at}, nil, "",
		},
		"a default can be set back": {
			events{settings.PaymentPolicySet{Payment: onAccount, SetAt: noon}},
			settings.SetPaymentPolicy{Payment: settings.Payment{Policy: settings.PolicyPaid}, At: at},
			events{settings.PaymentPolicySet{Payment: settings.Payment{Policy: settings.PolicyPaid}, SetAt: noon}},
			"",
		},
		"an unknown payment policy": {nil, settings.SetPaymentPolicy{Payment: settings.Payment{Policy: "trust"}}, nil, rule.ValidationFailed},

		"a time zone is set":                    {nil, settings.SetTimeZone{TimeZone: "Europe/Berlin", At: at}, events{settings.TimeZoneSet{TimeZone: "Europe/Berlin", SetAt: noon}}, ""},
		"UTC is the default":                    {nil, settings.SetTimeZone{TimeZone: "UTC", At: at}, nil, ""},
		"a time zone that nobody knows":         {nil, settings.SetTimeZone{TimeZone: "Europe/Atlantis"}, nil, rule.ValidationFailed},
		"no time zone is no time zone":          {nil, settings.SetTimeZone{}, nil, rule.ValidationFailed},
		"the machine's own zone is nobody's":    {nil, settings.SetTimeZone{TimeZone: "Local"}, nil, rule.ValidationFailed},
		"a time zone is no file of the machine": {nil, settings.SetTimeZone{TimeZone: "localtime"}, nil, rule.ValidationFailed},
		"nor one in a folder of its own":        {nil, settings.SetTimeZone{TimeZone: "posix/Europe/Berlin"}, nil, rule.ValidationFailed},
		"a time zone is no path to elsewhere":   {nil, settings.SetTimeZone{TimeZone: "../etc/passwd"}, nil, rule.ValidationFailed},

		"rounding is set in full":                {nil, settings.SetRounding{Rounding: pricing.RoundingRule{Mode: money.HalfEven}, At: at}, events{settings.RoundingSet{RoundingRule: even, SetAt: noon}}, ""},
		"half up and line by line is as before":  {nil, settings.SetRounding{Rounding: pricing.RoundingRule{Mode: money.HalfUp, Scope: pricing.ScopeLine}}, nil, ""},
		"setting the same rounding again":        {events{settings.RoundingSet{RoundingRule: even}}, settings.SetRounding{Rounding: pricing.RoundingRule{Mode: money.HalfEven}}, nil, ""},
		"rounding by mood":                       {nil, settings.SetRounding{Rounding: pricing.RoundingRule{Mode: "mood", Scope: "day"}}, nil, rule.ValidationFailed},
		"limits are set":                         {nil, settings.SetLimits{Limits: limits(), At: at}, events{settings.LimitsSet{Limits: limits(), SetAt: noon}}, ""},
		"setting the same limits again":          {events{settings.LimitsSet{Limits: limits()}}, settings.SetLimits{Limits: limits()}, nil, ""},
		"setting the defaults of limits":         {nil, settings.SetLimits{Limits: settings.Limits{MaxLines: 1000, MaxQuantity: 1_000_000, ReservationMinutes: 15, Completion: "automatic"}}, nil, ""},
		"more lines than an order has":           {nil, settings.SetLimits{Limits: settings.Limits{MaxLines: 1001}}, nil, rule.ValidationFailed},
		"more units than a line has":             {nil, settings.SetLimits{Limits: settings.Limits{MaxQuantity: 1_000_001}}, nil, rule.ValidationFailed},
		"a negative number of minutes":           {nil, settings.SetLimits{Limits: settings.Limits{OrderExpiryMinutes: -1}}, nil, rule.ValidationFailed},
		"a reservation for longer than a week":   {nil, settings.SetLimits{Limits: settings.Limits{ReservationMinutes: 7*24*60 + 1}}, nil, rule.ValidationFailed},
		"a return window of more than ten years": {nil, settings.SetLimits{Limits: settings.Limits{ReturnWindowDays: 3651}}, nil, rule.ValidationFailed},
		"completion by chance":                   {nil, settings.SetLimits{Limits: settings.Limits{Completion: "chance"}}, nil, rule.ValidationFailed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			state := settings.Replay(tt.given...)
			got, err := settings.Decide(&state, tt.when)
			if rule.CodeOf(err) != tt.wantErr || (err == nil) != (tt.wantErr == "") || !reflect.DeepEqual(got, tt.then) {
				t.Errorf("Decide = %+v, %v; want %+v, %q", got, err, tt.then, tt.wantErr)
			}
			if before := settings.Replay(tt.given...); !reflect.DeepEqual(state, before) {
				t.Errorf("Decide changed the state to %+v; want %+v", state, before)
			}
		})
	}
}

func TestDecide_allFaultsOfALocation(t *testing.T) {
	t.Parallel()

	bad := settings.Location{ID: "a b", Name: strings.Repeat("x", 201), Country: "Germany", Priority: -1}
	_, err := settings.Decide(new(settings.Settings), settings.PutLocation{Location: bad})
	v, ok := errors.AsType[*rule.Violation](err)
	if !ok {
		t.Fatalf("Decide: %v; want a violation", err)
	}
	var got []string
	for _, d := range v.Details {
		got = append(got, d.Pointer)
	}
	if want := []string{"/id", "/name", "/country", "/priority"}; !slices.Equal(got, want) {
		t.Errorf("faults at %v; want %v", got, want)
	}
}

// A tenant cannot configure without end, but can always change what is there.
func TestDecide_room(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		most int
		put  func(n int) settings.Command
	}{
		"tax rates": {settings.MaxTaxRates, func(n int) settings.Command {
			return settings.PutTaxRate{Rate: pricing.TaxRate{TaxClass: fmt.Sprint(n), Code: "T", Rate: int64(n)}}
		}},
		"shipping methods": {settings.MaxShippingMethods, func(n int) settings.Command {
			m := post()
			m.ID = fmt.Sprint(n)
			return settings.PutShippingMethod{Method: m}
		}},
		"discounts": {settings.MaxDiscounts, func(n int) settings.Command {
			d := spring()
			d.ID, d.Code = fmt.Sprint(n), fmt.Sprint(n)
			return settings.PutDiscount{Discount: d}
		}},
		"automatic discounts": {settings.MaxAutomaticDiscounts, func(n int) settings.Command {
			d := fiver()
			d.ID = fmt.Sprint(n)
			return settings.PutDiscount{Discount: d}
		}},
		"locations": {settings.MaxLocations, func(n int) settings.Command {
			l := berlin()
			l.ID = fmt.Sprint(n)
			return settings.PutLocation{Location: l}
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var state settings.Settings
			for n := range tt.most {
				happened, err := settings.Decide(&state, tt.put(n))
				if err != nil || len(happened) != 1 {
					t.Fatalf("number %d: %v, %v", n, happened, err)
				}
				state.Apply(happened[0])
			}
			if _, err := settings.Decide(&state, tt.put(tt.most)); rule.CodeOf(err) != rule.ValidationFailed {
				t.Errorf("one more than %d: %v; want validation_failed", tt.most, err)
			}
			if happened, err := settings.Decide(&state, tt.put(0)); err != nil || len(happened) != 0 {
				t.Errorf("putting the first again: %v, %v; want nothing", happened, err)
			}
		})
	}
}

// A tenant that never set anything gets what was there before there were settings.
func TestSettings_defaults(t *testing.T) {
	t.Parallel()

	var s settings.Settings
	want := settings.Limits{MaxLines: 1000, MaxQuantity: 1_000_000, ReservationMinutes: 15, Completion: settings.CompletionAutomatic}
	if s.Exists() || s.Payment() != (settings.Payment{Policy: settings.PolicyPaid}) || s.Zone() != "UTC" || s.Limits() != want {
		t.Errorf("defaults are %+v, %s, %+v", s.Payment(), s.Zone(), s.Limits())
	}
	if s.OrderExpiry(0) != time.Hour || s.OrderExpiry(time.Minute) != time.Minute || s.Reservation() != 15*time.Minute {
		t.Errorf("orders wait for %s or %s, reservations for %s", s.OrderExpiry(0), s.OrderExpiry(time.Minute), s.Reservation())
	}
	if !s.ReturnsUntil(noon).IsZero() || s.CheckLocation("/location_id", settings.MainLocation) != nil || s.CheckLocation("/location_id", "anywhere") == nil || s.PickOrder() != nil {
		t.Errorf("returns until %s, stock from %v", s.ReturnsUntil(noon), s.PickOrder())
	}
	if !s.Rules.IsZero() || s.Rounding != (pricing.RoundingRule{}) {
		t.Errorf("rules %+v, rounding %+v", s.Rules, s.Rounding)
	}
}

func TestSettings_accessors(t *testing.T) {
	t.Parallel()

	near := settings.Location{ID: "annex", Name: "Annex", Priority: 10, Pickable: true}
	far := settings.Location{ID: "returns", Name: "Returns", Priority: 1}
	s := settings.Replay(
		settings.LimitsSet{Limits: limits(), SetAt: noon}, settings.TimeZoneSet{TimeZone: "Asia/Tokyo", SetAt: noon},
		settings.LocationPut{Location: berlin(), PutAt: noon}, settings.LocationPut{Location: far, PutAt: noon},
		settings.LocationPut{Location: near, PutAt: noon.Add(time.Hour)},
	)
	if !s.Exists() || s.Limits() != limits() || s.Zone() != "Asia/Tokyo" || !s.UpdatedAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("settings %+v", s)
	}
	if s.OrderExpiry(time.Hour) != 30*time.Minute || s.Reservation() != 5*time.Minute || !s.ReturnsUntil(noon).Equal(noon.AddDate(0, 0, 14)) {
		t.Errorf("orders wait for %s, reservations for %s, returns until %s", s.OrderExpiry(time.Hour), s.Reservation(), s.ReturnsUntil(noon))
	}
	if got := s.PickOrder(); !slices.Equal(got, []string{"annex", "berlin"}) {
		t.Errorf("orders take stock from %v; want annex, then berlin", got)
	}
	if err := s.CheckLocation("/location_id", "returns"); err != nil {
		t.Errorf("a location that is not for picking: %v; want none", err)
	}
	v, ok := errors.AsType[*rule.Violation](s.CheckLocation("/location_id", "moon"))
	if !ok || v.Code != rule.LocationUnknown || v.Details[0].Pointer != "/location_id" || v.Details[0].Meta["location_id"] != "moon" {
		t.Errorf("an unknown location: %+v; want location_unknown", v)
	}
	none := settings.Replay(settings.LocationPut{Location: far, PutAt: noon})
	if got := none.PickOrder(); got == nil || len(got) != 0 {
		t.Errorf("with no pickable location orders take stock from %#v; want an empty list", got)
	}
}

// A state that was stored as JSON folds on like one that was not, and clones stay what they were.
func TestSettings_jsonRoundTrip(t *testing.T) {
	t.Parallel()

	var live, stored settings.Settings
	history := slices.Concat(samples(), variants(), events{settings.TaxRateRemoved{Country: "DE", RemovedAt: noon}, settings.DiscountRemoved{ID: "fiver", RemovedAt: noon}})
	for _, event := range history {
		clone := live.Clone()
		before := clone.Clone()
		live.Apply(event)
		stored.Apply(event)
		if !reflect.DeepEqual(clone, before) {
			t.Fatalf("%s changed a clone to %+v; want %+v", event.EventType(), clone, before)
		}
		data, err := json.Marshal(stored)
		if err != nil {
			t.Fatal(err)
		}
		stored = settings.Settings{}
		if err := json.Unmarshal(data, &stored); err != nil || !reflect.DeepEqual(stored, live) {
			t.Fatalf("after %s: %s is read back as %+v, %v; want %+v", event.EventType(), data, stored, err, live)
		}
	}
}

func ExampleDecide() {
	var shop settings.Settings
	happened, _ := settings.Decide(&shop, settings.PutTaxRate{
		Rate: pricing.TaxRate{Country: "DE", Code: "DE-19", Rate: 190_000, Inclusive: true}, At: noon,
	})
	for _, event := range happened {
		shop.Apply(event)
		fmt.Println(event.EventType())
	}
	rate, _ := shop.Rules.Rate("books", "DE")
	fmt.Println(rate.Code, shop.Payment().Policy)
	_, err := settings.Decide(&shop, settings.RemoveTaxRate{Country: "FR", At: noon})
	fmt.Println(err)
	// Output:
	// settings.tax_rate_put.v1
	// DE-19 paid
	// setting_not_found: there is no tax rate of class "" in country "FR"
}

func TestEvents_variants(t *testing.T) {
	t.Parallel()

	for _, event := range variants() {
		data, err := settings.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := settings.Decode(event.EventType(), data); err != nil || !reflect.DeepEqual(got, event) {
			t.Errorf("%s is read as %+v, %v; want %+v", data, got, err, event)
		}
	}
}
