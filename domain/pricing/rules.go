package pricing

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Rules are a tenant's tax rates, shipping methods and discounts, kept so that finding one takes no time. The zero value
// is a tenant that configured nothing. As JSON they are three sorted lists. Reading is safe for concurrent use, changing
// is not.
type Rules struct {
	rates     map[RateKey]*TaxRate // values of these maps are shared between clones and never written to
	methods   map[string]*ShippingMethod
	discounts map[string]*DiscountRule
	codes     map[string]*DiscountRule // by code
	automatic []*DiscountRule          // those without a code, by id
}

// Rate returns the rate that counts for a tax class in a country: that of the class there, else that of the class in
// other countries, else the standard rate there, else the standard rate in other countries.
func (r *Rules) Rate(class, country string) (*TaxRate, bool) {
	if r == nil || len(r.rates) == 0 {
		return nil, false
	}
	country = strings.ToUpper(country)
	for _, key := range [...]RateKey{{class, country}, {class, ""}, {"", country}, {}} {
		if rate, ok := r.rates[key]; ok {
			return rate, true
		}
	}
	return nil, false
}

// RateByKey returns the rate with exactly this class and country.
func (r *Rules) RateByKey(key RateKey) (*TaxRate, bool) {
	rate, ok := r.rates[key]
	return rate, ok
}

// Method returns a shipping method by its id.
func (r *Rules) Method(id string) (*ShippingMethod, bool) {
	if r == nil {
		return nil, false
	}
	method, ok := r.methods[id]
	return method, ok
}

// Discount returns a discount by its id.
func (r *Rules) Discount(id string) (*DiscountRule, bool) {
	if r == nil {
		return nil, false
	}
	discount, ok := r.discounts[id]
	return discount, ok
}

// DiscountByCode returns a discount by what a customer enters, in any case.
func (r *Rules) DiscountByCode(code string) (*DiscountRule, bool) {
	if r == nil || len(r.codes) == 0 {
		return nil, false
	}
	discount, ok := r.codes[NormalCode(code)]
	return discount, ok
}

// Automatic returns the discounts without a code, by id. Nobody writes to them.
func (r *Rules) Automatic() []*DiscountRule {
	if r == nil {
		return nil
	}
	return r.automatic
}

// Rates returns all tax rates, by class, then country.
func (r *Rules) Rates() []TaxRate {
	return values(r.rates, func(a, b *TaxRate) int {
		return cmp.Or(cmp.Compare(a.TaxClass, b.TaxClass), cmp.Compare(a.Country, b.Country))
	})
}

// Methods returns all shipping methods, by id.
func (r *Rules) Methods() []ShippingMethod {
	return values(r.methods, func(a, b *ShippingMethod) int { return cmp.Compare(a.ID, b.ID) })
}

// Discounts returns all discounts, by id.
func (r *Rules) Discounts() []DiscountRule { return values(r.discounts, byID) }

// Counts returns how many rates, methods and discounts there are.
func (r *Rules) Counts() (rates, methods, discounts int) {
	return len(r.rates), len(r.methods), len(r.discounts)
}

// PutRate adds or replaces a tax rate, which must be Normal and pass its Check.
func (r *Rules) PutRate(rate TaxRate) { put(&r.rates, rate.Key(), &rate) }

// RemoveRate removes a tax rate.
func (r *Rules) RemoveRate(key RateKey) { remove(&r.rates, key) }

// PutMethod adds or replaces a shipping method, which must be Normal and pass its Check.
func (r *Rules) PutMethod(method ShippingMethod) { put(&r.methods, method.ID, &method) }

// RemoveMethod removes a shipping method.
func (r *Rules) RemoveMethod(id string) { remove(&r.methods, id) }

// PutDiscount adds or replaces a discount, which must be Normal and pass its Check. Its code must not belong to another
// one.
func (r *Rules) PutDiscount(discount DiscountRule) {
	r.RemoveDiscount(discount.ID)
	put(&r.discounts, discount.ID, &discount)
	if !discount.Automatic() {
		put(&r.codes, discount.Code, &discount)
		return
	}
	i, _ := slices.BinarySearchFunc(r.automatic, &discount, byID)
	r.automatic = slices.Insert(slices.Clip(r.automatic), i, &discount)
}

// RemoveDiscount removes a discount.
func (r *Rules) RemoveDiscount(id string) {
	before, ok := r.discounts[id]
	if !ok {
		return
	}
	remove(&r.discounts, id)
	if !before.Automatic() {
		remove(&r.codes, before.Code)
		return
	}
	r.automatic = slices.DeleteFunc(slices.Clone(r.automatic), func(d *DiscountRule) bool { return d.ID == id })
	if len(r.automatic) == 0 {
		r.automatic = nil
	}
}

// Clone returns a copy that later changes of r do not reach.
func (r *Rules) Clone() Rules {
	return Rules{
		rates: maps.Clone(r.rates), methods: maps.Clone(r.methods), discounts: maps.Clone(r.discounts),
		codes: maps.Clone(r.codes), automatic: slices.Clone(r.automatic),
	}
}

// rulesJSON is how rules are stored.
type rulesJSON struct {
	Rates     []TaxRate        `json:"tax_rates,omitempty"`
	Methods   []ShippingMethod `json:"shipping_methods,omitempty"`
	Discounts []DiscountRule   `json:"discounts,omitempty"`
}

// IsZero reports whether nothing is configured.
func (r Rules) IsZero() bool { return len(r.rates)+len(r.methods)+len(r.discounts) == 0 }

// MarshalJSON writes three sorted lists.
func (r Rules) MarshalJSON() ([]byte, error) {
	return json.Marshal(rulesJSON{Rates: r.Rates(), Methods: r.Methods(), Discounts: r.Discounts()})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Rules) UnmarshalJSON(data []byte) error {
	var stored rulesJSON
	if err := json.Unmarshal(data, &stored); err != nil {
		return err
	}
	*r = Rules{}
	for _, rate := range stored.Rates {
		r.PutRate(rate)
	}
	for _, method := range stored.Methods {
		r.PutMethod(method)
	}
	for _, discount := range stored.Discounts {
		r.PutDiscount(discount)
	}
	return nil
}

func byID(a, b *DiscountRule) int { return cmp.Compare(a.ID, b.ID) }

func put[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[key] = value
}

// remove deletes a key; an empty map becomes nil, as it is after a round trip through JSON.
func remove[K comparable, V any](m *map[K]V, key K) {
	if delete(*m, key); len(*m) == 0 {
		*m = nil
	}
}

// values returns copies of a map's values in an order, nil for none.
func values[K comparable, V any](m map[K]*V, order func(a, b *V) int) []V {
	if len(m) == 0 {
		return nil
	}
	list := make([]V, 0, len(m))
	for _, v := range slices.SortedFunc(maps.Values(m), order) {
		list = append(list, *v)
	}
	return list
}
