package httpx

import (
	"errors"
	"math"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ordermill/ordermill/domain/iso"
	"github.com/ordermill/ordermill/domain/text"
)

// formats are the kinds of texts that the OpenAPI document names, by their formats there. Every text of a request has
// one, or a list or pattern of what it may be. A literal, never changed.
var formats = map[string]func(string) string{
	"identifier":    of(text.Identifier),
	"key":           of(text.Key),
	"code":          of(text.Code),
	"name":          of(text.Name),
	"note":          of(text.Note),
	"email-address": of(text.Email),
	"web-address":   of(text.URL),
	"country": ofList(func(code string) bool { _, ok := iso.Country(code); return ok },
		"a country is a code of ISO 3166-1 alpha-2, such as DE"),
	"country-or-any": ofList(func(code string) bool { _, ok := iso.Country(code); return ok || code == "" || code == "*" },
		"a country is a code of ISO 3166-1 alpha-2, such as DE, or * for every country without a rate of its own"),
	"locale": ofList(func(tag string) bool { _, ok := iso.Locale(tag); return ok },
		"a locale is a language tag (BCP 47) of a language and a region that exist, such as de-CH"),
}

// of returns the fault of a text of a kind. The schema bounds its length.
func of(kind text.Kind) func(string) string {
	return func(s string) string { return kind.Fault(s, 0, math.MaxInt) }
}

func ofList(known func(string) bool, otherwise string) func(string) string {
	return func(s string) string {
		if known(s) {
			return ""
		}
		return otherwise
	}
}

// Schemas are checked by a library that takes formats for the whole process, so they are handed over before main begins.
var _ = define(formats)

func define(formats map[string]func(string) string) int {
	for name, fault := range formats {
		openapi3.DefineStringFormatValidator(name, openapi3.NewCallbackValidator(func(s string) error {
			if f := fault(s); f != "" {
				return errors.New(f)
			}
			return nil
		}))
	}
	return len(formats)
}
