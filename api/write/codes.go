package write

import (
	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/domain/iso"
)

// Codes are kept in one spelling, however they were sent, so that they are found again under it.

// canonical puts an address's country into capitals. What is no country's code stays as it is, and is refused later.
func canonical(a *contract.Address) *contract.Address {
	if a != nil && a.Country != nil {
		if code, ok := iso.Country(*a.Country); ok {
			a.Country = &code
		}
	}
	return a
}

// canonicalLocale returns a locale as BCP 47 writes it, such as de-CH for de_ch.
func canonicalLocale(tag string) string {
	written, _ := iso.Locale(tag)
	return written
}
