package write

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/settings"
)

// What stands for an empty name in a path.
const (
	standardClass = "standard"
	everyCountry  = "*"
)

// set is a command of the tenant's settings.
func (r *request) set(cmd settings.Command) (commands.Command, error) {
	return commands.ChangeSettings{Command: cmd, At: r.at}, nil
}

// named returns what a setting is called: by the path, which the body may repeat, or by the body if the path is that of
// the collection. A new setting that is given no name gets a new id.
func (r *request) named(parameter, pointer string, given *string) (string, error) {
	name := value(given, r.fresh.String())
	if r.Route.Method == http.MethodPost {
		return name, nil
	}
	if path := r.path(parameter); given == nil || name == path {
		return path, nil
	}
	return "", invalid(pointer, "is another one than the path's; leave it out")
}

// taxKey reads which tax rate is meant, in a path or a body.
func taxKey(class, country string) (string, string) {
	if class == standardClass {
		class = ""
	}
	if country == everyCountry {
		country = ""
	}
	return class, strings.ToUpper(country)
}

// taxRate reads which tax rate the path names.
func (r *request) taxRate() (class, country string) {
	return taxKey(r.path("tax_class"), r.path("country"))
}

func putTaxRate(_ context.Context, r *request, in *contract.NewTaxRate) (commands.Command, error) {
	rate := pricing.TaxRate{Code: in.Code, Rate: in.Rate, Inclusive: value(in.Inclusive, false)}
	rate.TaxClass, rate.Country = taxKey(value(in.TaxClass, ""), value(in.Country, ""))
	if r.Route.Method == http.MethodPut {
		class, country := r.taxRate()
		if in.TaxClass != nil && rate.TaxClass != class {
			return nil, invalid("/tax_class", "is another one than the path's; leave it out")
		}
		if in.Country != nil && rate.Country != country {
			return nil, invalid("/country", "is another one than the path's; leave it out")
		}
		rate.TaxClass, rate.Country = class, country
	}
	return r.set(settings.PutTaxRate{Rate: rate, At: r.at})
}

func removeTaxRate(_ context.Context, r *request, _ *contract.Nothing) (commands.Command, error) {
	class, country := r.taxRate()
	return r.set(settings.RemoveTaxRate{TaxClass: class, Country: country, At: r.at})
}

func putShippingMethod(_ context.Context, r *request, in *contract.NewShippingMethod) (commands.Command, error) {
	id, err := r.named("method_id", "/id", in.Id)
	if err != nil {
		return nil, err
	}
	method := pricing.ShippingMethod{
		ID: id, Name: in.Name, Kind: pricing.ShippingKind(in.Kind), Prices: someAmounts(in.Prices), Countries: value(in.Countries, nil),
		TaxClass: value(in.TaxClass, ""), Disabled: value(in.Disabled, false),
		ValidFrom: value(in.ValidFrom, time.Time{}), ValidTo: value(in.ValidTo, time.Time{}),
	}
	for _, b := range value(in.Bands, nil) {
		method.Bands = append(method.Bands, pricing.Band{UpTo: b.UpTo, Amount: b.Amount, Currency: b.Currency})
	}
	return r.set(settings.PutShippingMethod{Method: method, At: r.at})
}

func removeShippingMethod(_ context.Context, r *request, _ *contract.Nothing) (commands.Command, error) {
	return r.set(settings.RemoveShippingMethod{ID: r.path("method_id"), At: r.at})
}

func putDiscount(_ context.Context, r *request, in *contract.NewDiscount) (commands.Command, error) {
	id, err := r.named("discount_id", "/id", in.Id)
	if err != nil {
		return nil, err
	}
	return r.set(settings.PutDiscount{Discount: pricing.DiscountRule{
		ID: id, Name: value(in.Name, ""), Code: value(in.Code, ""), Kind: pricing.DiscountKind(in.Kind), Rate: value(in.Rate, 0),
		Amounts: someAmounts(in.Amounts), Scope: pricing.Scope(value(in.Scope, "order")), SKUs: value(in.Skus, nil),
		MinimumSubtotal: someAmounts(in.MinimumSubtotal), ValidFrom: value(in.ValidFrom, time.Time{}), ValidTo: value(in.ValidTo, time.Time{}),
		UsageLimit: value(in.UsageLimit, 0), Combinable: value(in.Combinable, false), Disabled: value(in.Disabled, false),
	}, At: r.at})
}

func removeDiscount(_ context.Context, r *request, _ *contract.Nothing) (commands.Command, error) {
	return r.set(settings.RemoveDiscount{ID: r.path("discount_id"), At: r.at})
}

func putLocation(_ context.Context, r *request, in *contract.NewLocation) (commands.Command, error) {
	id, err := r.named("location_id", "/id", in.Id)
	if err != nil {
		return nil, err
	}
	return r.set(settings.PutLocation{Location: settings.Location{
		ID: id, Name: in.Name, Country: value(in.Country, ""), Priority: value(in.Priority, 0), Pickable: value(in.Pickable, true),
	}, At: r.at})
}

func removeLocation(_ context.Context, r *request, _ *contract.Nothing) (commands.Command, error) {
	return r.set(settings.RemoveLocation{ID: r.path("location_id"), At: r.at})
}

func setPaymentPolicy(_ context.Context, r *request, in *contract.NewPaymentPolicy) (commands.Command, error) {
	return r.set(settings.SetPaymentPolicy{Payment: settings.Payment{
		Policy: settings.PaymentPolicy(in.Policy), AllowUnpaidPacking: value(in.AllowUnpaidPacking, false),
	}, At: r.at})
}

func setTimeZone(_ context.Context, r *request, in *contract.NewTimeZone) (commands.Command, error) {
	return r.set(settings.SetTimeZone{TimeZone: in.TimeZone, At: r.at})
}

func setRounding(_ context.Context, r *request, in *contract.NewRounding) (commands.Command, error) {
	return r.set(settings.SetRounding{Rounding: pricing.RoundingRule{
		Mode: money.Rounding(value(in.Mode, "")), Scope: pricing.RoundingScope(value(in.Scope, "")),
	}, At: r.at})
}

func setLimits(_ context.Context, r *request, in *contract.NewLimits) (commands.Command, error) {
	return r.set(settings.SetLimits{Limits: settings.Limits{
		MaxLines: value(in.MaxLines, 0), MaxQuantity: value(in.MaxQuantity, 0), OrderExpiryMinutes: value(in.OrderExpiryMinutes, 0),
		ReservationMinutes: value(in.ReservationMinutes, 0), ReturnWindowDays: value(in.ReturnWindowDays, 0),
		Completion: settings.Completion(value(in.Completion, "")),
	}, At: r.at})
}

func someAmounts(in *[]contract.Money) []money.Amount {
	if in == nil || len(*in) == 0 {
		return nil
	}
	return amounts(*in)
}

// setting makes the rendering of one setting: of all settings, that which the request is about.
func setting(show func(r *request, s *settings.Settings) (body []byte, path string)) render {
	return func(r *request) func(commands.Outcome) rendered {
		return func(o commands.Outcome) rendered {
			body, path := show(r, stateOf[settings.Settings](o))
			if r.Route.Method != http.MethodPost {
				return rendered{status: http.StatusOK, body: body}
			}
			return rendered{http.StatusCreated, "/v1/settings/" + path, body}
		}
	}
}

// Renderings of settings.
var (
	paymentPolicy = whole(resource.PaymentPolicy)
	timeZone      = whole(resource.TimeZone)
	rounding      = whole(resource.Rounding)
	limits        = whole(resource.Limits)
)

// whole renders what a tenant has one of.
func whole(show func(*settings.Settings) []byte) render {
	return setting(func(_ *request, s *settings.Settings) ([]byte, string) { return show(s), "" })
}

// called returns the name of the setting that the request is about; only called once that is known to be given.
func (r *request) called(parameter string) string {
	if r.Route.Method != http.MethodPost {
		return r.path(parameter)
	}
	body, err := decode[struct {
		ID *string `json:"id"`
	}](r)
	if err != nil {
		return ""
	}
	return value(body.ID, r.fresh.String())
}

// Renderings of what a tenant has many of.
var (
	taxRate = setting(func(r *request, s *settings.Settings) ([]byte, string) {
		class, country := r.taxRate()
		if body, err := decode[contract.NewTaxRate](r); err == nil && r.Route.Method == http.MethodPost {
			class, country = taxKey(value(body.TaxClass, ""), value(body.Country, ""))
		}
		rate, _ := s.Rules.RateByKey(pricing.RateKey{TaxClass: class, Country: country})
		return resource.TaxRate(orEmpty(rate)), "tax-rates/" + pathSegment(cmp.Or(class, standardClass)) + "/" + cmp.Or(country, everyCountry)
	})
	shippingMethod = setting(func(r *request, s *settings.Settings) ([]byte, string) {
		id := r.called("method_id")
		method, _ := s.Rules.Method(id)
		return resource.ShippingMethod(orEmpty(method)), "shipping-methods/" + id
	})
	discount = setting(func(r *request, s *settings.Settings) ([]byte, string) {
		id := r.called("discount_id")
		rule, _ := s.Rules.Discount(id)
		return resource.Discount(orEmpty(rule)), "discounts/" + id
	})
	location = setting(func(r *request, s *settings.Settings) ([]byte, string) {
		place := s.Locations[r.called("location_id")]
		return resource.Location(&place), "locations/" + pathSegment(place.ID)
	})
)

// orEmpty returns p, or something empty in its place.
func orEmpty[T any](p *T) *T {
	if p == nil {
		return new(T)
	}
	return p
}
