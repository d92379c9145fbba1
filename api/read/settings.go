package read

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/documents"
)

// Bounds of the settings that are kept in memory. There is one for a tenant, and it changes rarely.
const (
	settingsBytes = 8 << 20
	settingsSlots = 1 << 12
)

// setting is a tenant's settings as they are at a version, 0 if nothing was ever set. It is never changed.
type setting struct {
	settings.Settings
	version eventstore.Version
}

// settingsOf returns the tenant's settings, from memory or folded from the log, so that they are always current.
func (s *server) settingsOf(ctx context.Context, call *httpx.Call) (*setting, current, error) {
	need, err := s.need(ctx, call)
	if err != nil {
		return nil, current{}, err
	}
	tenant := call.Identity.Tenant
	key := documents.Key{Tenant: tenant, Stream: settings.StreamID(tenant)}
	m := s.memory()
	if kept, proven, _, ok := m.settings.Get(key, need); ok {
		return kept, current{position: proven}, nil
	}
	head, _, err := s.Store.Head(ctx) // before the events: what was there by then is among them
	switch {
	case err != nil:
		return nil, current{}, err
	case head < need:
		return nil, current{}, explain(documents.ErrAhead)
	}
	recorded, err := s.events.Load(ctx, tenant, key.Stream, 0)
	if err != nil {
		return nil, current{}, err
	}
	found, size := &setting{}, 0
	for i := range recorded {
		event, err := eventstore.Decode(&recorded[i], settings.Decode)
		if err != nil {
			return nil, current{}, err
		}
		found.Apply(event)
		found.version = recorded[i].Version
		head = max(head, recorded[i].Position)
		size += len(recorded[i].Data)
	}
	last := eventstore.Position(0)
	if n := len(recorded); n > 0 {
		last = recorded[n-1].Position
	}
	m.settings.Put(key, found, size, last, head)
	return found, current{position: head}, nil
}

// settled answers with a part of the settings, which has their version.
func (s *server) settled(ctx context.Context, render func(*setting) ([]byte, error)) (page, error) {
	call := httpx.CallOf(ctx)
	found, now, err := s.settingsOf(ctx, call)
	if err != nil {
		return page{}, err
	}
	body, err := render(found)
	if err != nil {
		return page{}, err
	}
	return s.answer(ctx, now, body).tagged(call, found.version), nil
}

// whole answers with a part that every tenant has.
func (s *server) whole(ctx context.Context, render func(*settings.Settings) []byte) (page, error) {
	return s.settled(ctx, func(found *setting) ([]byte, error) { return render(&found.Settings), nil })
}

// rendered renders each of a list, which is never null.
func rendered[T any](list []T, render func(*T) []byte) []json.RawMessage {
	out := make([]json.RawMessage, len(list))
	for i := range list {
		out[i] = render(&list[i])
	}
	return out
}

// listed answers with a list of the settings.
func listed[T any](ctx context.Context, s *server, list func(*setting) []T, render func(*T) []byte) (page, error) {
	return s.settled(ctx, func(found *setting) ([]byte, error) {
		return httpx.Marshal(map[string]any{"data": rendered(list(found), render)}), nil
	})
}

// one answers with one of the settings that a tenant may have or not.
func one[T any](ctx context.Context, s *server, get func(*setting) (*T, bool), render func(*T) []byte, missing error) (page, error) {
	return s.settled(ctx, func(found *setting) ([]byte, error) {
		item, ok := get(found)
		if !ok {
			return nil, missing
		}
		return render(item), nil
	})
}

// Codes of what is not there.
const (
	codeSettingNotFound httpx.Code = "setting_not_found"
	codeLocationUnknown httpx.Code = "location_unknown"
)

// GetSettings serves GET /v1/settings.
func (s *server) GetSettings(ctx context.Context, _ GetSettingsRequestObject) (GetSettingsResponseObject, error) {
	return s.settled(ctx, func(found *setting) ([]byte, error) {
		return httpx.Marshal(struct {
			Version         eventstore.Version `json:"version"`
			UpdatedAt       resource.Time      `json:"updated_at,omitzero"`
			TaxRates        []json.RawMessage  `json:"tax_rates"`
			ShippingMethods []json.RawMessage  `json:"shipping_methods"`
			Discounts       []json.RawMessage  `json:"discounts"`
			Locations       []json.RawMessage  `json:"locations"`
			PaymentPolicy   json.RawMessage    `json:"payment_policy"`
			TimeZone        string             `json:"time_zone"`
			Rounding        json.RawMessage    `json:"rounding"`
			Limits          json.RawMessage    `json:"limits"`
		}{
			found.version, resource.Time(found.UpdatedAt), rendered(found.Rules.Rates(), resource.TaxRate),
			rendered(found.Rules.Methods(), resource.ShippingMethod), rendered(found.Rules.Discounts(), resource.Discount),
			rendered(found.SortedLocations(), resource.Location), resource.PaymentPolicy(&found.Settings), found.Zone(),
			resource.Rounding(&found.Settings), resource.Limits(&found.Settings),
		}), nil
	})
}

// ListTaxRates serves GET /v1/settings/tax-rates.
func (s *server) ListTaxRates(ctx context.Context, _ ListTaxRatesRequestObject) (ListTaxRatesResponseObject, error) {
	return listed(ctx, s, func(found *setting) []pricing.TaxRate { return found.Rules.Rates() }, resource.TaxRate)
}

// GetTaxRate serves GET /v1/settings/tax-rates/{tax_class}/{country}. The class "standard" and the country "*" are those
// without a name.
func (s *server) GetTaxRate(ctx context.Context, request GetTaxRateRequestObject) (GetTaxRateResponseObject, error) {
	key := pricing.RateKey{TaxClass: request.TaxClass, Country: strings.ToUpper(request.Country)}
	if key.TaxClass == "standard" {
		key.TaxClass = ""
	}
	if key.Country == "*" {
		key.Country = ""
	}
	return one(ctx, s, func(found *setting) (*pricing.TaxRate, bool) { return found.Rules.RateByKey(key) }, resource.TaxRate,
		httpx.Errorf(codeSettingNotFound, "There is no tax rate for exactly this class and country."))
}

// ListShippingMethods serves GET /v1/settings/shipping-methods.
func (s *server) ListShippingMethods(ctx context.Context, _ ListShippingMethodsRequestObject) (ListShippingMethodsResponseObject, error) {
	return listed(ctx, s, func(found *setting) []pricing.ShippingMethod { return found.Rules.Methods() }, resource.ShippingMethod)
}

// GetShippingMethod serves GET /v1/settings/shipping-methods/{method_id}.
func (s *server) GetShippingMethod(ctx context.Context, request GetShippingMethodRequestObject) (GetShippingMethodResponseObject, error) {
	return one(ctx, s, func(found *setting) (*pricing.ShippingMethod, bool) { return found.Rules.Method(request.MethodId) },
		resource.ShippingMethod, httpx.Errorf(codeSettingNotFound, "There is no shipping method with this id."))
}

// ListLocations serves GET /v1/settings/locations.
func (s *server) ListLocations(ctx context.Context, _ ListLocationsRequestObject) (ListLocationsResponseObject, error) {
	return listed(ctx, s, func(found *setting) []settings.Location { return found.SortedLocations() }, resource.Location)
}

// GetLocation serves GET /v1/settings/locations/{location_id}.
func (s *server) GetLocation(ctx context.Context, request GetLocationRequestObject) (GetLocationResponseObject, error) {
	return one(ctx, s, func(found *setting) (*settings.Location, bool) {
		l, ok := found.Locations[request.LocationId]
		return &l, ok
	}, resource.Location, httpx.Errorf(codeLocationUnknown, "There is no location with this id."))
}

// GetPaymentPolicy serves GET /v1/settings/payment-policy.
func (s *server) GetPaymentPolicy(ctx context.Context, _ GetPaymentPolicyRequestObject) (GetPaymentPolicyResponseObject, error) {
	return s.whole(ctx, resource.PaymentPolicy)
}

// GetTimeZone serves GET /v1/settings/time-zone.
func (s *server) GetTimeZone(ctx context.Context, _ GetTimeZoneRequestObject) (GetTimeZoneResponseObject, error) {
	return s.whole(ctx, resource.TimeZone)
}

// GetRounding serves GET /v1/settings/rounding.
func (s *server) GetRounding(ctx context.Context, _ GetRoundingRequestObject) (GetRoundingResponseObject, error) {
	return s.whole(ctx, resource.Rounding)
}

// GetLimits serves GET /v1/settings/limits.
func (s *server) GetLimits(ctx context.Context, _ GetLimitsRequestObject) (GetLimitsResponseObject, error) {
	return s.whole(ctx, resource.Limits)
}
