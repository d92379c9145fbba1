package pricing_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
)

// Any sequence of changes leaves the same rules as putting the survivors alone, also after a round trip through JSON.
func TestRules_changes(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		var rules pricing.Rules
		rates, methods, discounts := map[pricing.RateKey]pricing.TaxRate{}, map[string]pricing.ShippingMethod{}, map[string]pricing.DiscountRule{}
		var clone pricing.Rules
		var cloned []byte
		for range rapid.IntRange(0, 30).Draw(t, "changes") {
			id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id")
			key := pricing.RateKey{TaxClass: id}
			n := rapid.Int64Range(1, 3).Draw(t, "n")
			switch rapid.IntRange(0, 6).Draw(t, "change") {
			case 0:
				rates[key] = pricing.TaxRate{TaxClass: id, Code: "T", Rate: n}
				rules.PutRate(rates[key])
			case 1:
				delete(rates, key)
				rules.RemoveRate(key)
			case 2:
				methods[id] = flat(id, n)
				rules.PutMethod(methods[id])
			case 3:
				delete(methods, id)
				rules.RemoveMethod(id)
			case 4:
				discounts[id] = fixed(id, rapid.SampledFrom([]string{"", strings.ToUpper(id), strings.ToUpper(id) + "2"}).Draw(t, "code"), n)
				rules.PutDiscount(discounts[id])
			case 5:
				delete(discounts, id)
				rules.RemoveDiscount(id)
			case 6:
				clone = rules.Clone()
				cloned = stored(t, clone)
			}
		}
		var want pricing.Rules
		for _, rate := range rates {
			want.PutRate(rate)
		}
		for _, method := range methods {
			want.PutMethod(method)
		}
		for _, discount := range discounts {
			want.PutDiscount(discount)
		}
		if !reflect.DeepEqual(rules, want) {
			t.Fatalf("rules %+v; want %+v", rules, want)
		}
		var read pricing.Rules
		if err := json.Unmarshal(stored(t, rules), &read); err != nil || !reflect.DeepEqual(read, rules) {
			t.Fatalf("read back as %+v, %v; want %+v", read, err, rules)
		}
		if cloned != nil && string(stored(t, clone)) != string(cloned) {
			t.Fatalf("a clone became %s; want %s", stored(t, clone), cloned)
		}
		for id, discount := range discounts {
			byCode, ok := rules.DiscountByCode(strings.ToLower(discount.Code))
			if discount.Automatic() == ok || ok && byCode.ID != id {
				t.Fatalf("code %q finds %+v, %t; want %s", discount.Code, byCode, ok, id)
			}
		}
	})
}

func stored(t *rapid.T, rules pricing.Rules) []byte {
	data, err := json.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDefinitions_check(t *testing.T) {
	t.Parallel()

	rate := func(change func(*pricing.TaxRate)) *pricing.TaxRate {
		r := vat(190_000, true)
		change(&r)
		return &r
	}
	ship := func(change func(*pricing.ShippingMethod)) *pricing.ShippingMethod {
		m := flat("post", 490)
		change(&m)
		return &m
	}
	off := func(change func(*pricing.DiscountRule)) *pricing.DiscountRule {
		d := fixed("spring", "SPRING", 500)
		change(&d)
		return &d
	}
	long := strings.Repeat("x", 201)
	tests := map[string]struct {
		definition interface{ Check(*rule.Faults) }
		want       []string // the pointers of its faults
	}{
		"a sound rate":                     {rate(func(*pricing.TaxRate) {}), nil},
		"a rate of nothing and of all":     {rate(func(r *pricing.TaxRate) { r.Rate = 1_000_000 }), nil},
		"a rate beyond all":                {rate(func(r *pricing.TaxRate) { r.Rate = 1_000_001 }), []string{"/rate"}},
		"every part of a rate":             {&pricing.TaxRate{TaxClass: "\n", Country: "Germany", Rate: -1}, []string{"/tax_class", "/country", "/code", "/rate"}},
		"a sound method":                   {ship(func(*pricing.ShippingMethod) {}), nil},
		"every part of a method":           {&pricing.ShippingMethod{ID: "a/b", Name: long, Kind: "pigeon", TaxClass: long, Countries: []string{"DE", "D"}, ValidFrom: noon, ValidTo: noon}, []string{"/id", "/name", "/tax_class", "/countries/1", "/valid_to", "/kind"}},
		"a flat method needs a price":      {ship(func(m *pricing.ShippingMethod) { m.Prices = nil }), []string{"/prices"}},
		"a flat method has no bands":       {ship(func(m *pricing.ShippingMethod) { m.Bands = []pricing.Band{{Currency: "EUR"}} }), []string{"/bands"}},
		"a price twice, negative, unknown": {ship(func(m *pricing.ShippingMethod) { m.Prices = append(euros(-1), eur(1), money.Amount{Currency: "E"}) }), []string{"/prices/0/amount", "/prices/1/currency", "/prices/2/currency"}},
		"a method by weight needs bands":   {ship(func(m *pricing.ShippingMethod) { m.Kind = pricing.ShippingByWeight }), []string{"/bands", "/prices"}},
		"bands that make no sense": {ship(func(m *pricing.ShippingMethod) {
			m.Kind, m.Prices = pricing.ShippingBySubtotal, nil
			m.Bands = []pricing.Band{{UpTo: new(int64(-1)), Currency: "EUR"}, {UpTo: new(int64(5)), Amount: -1, Currency: "EUR"}, {UpTo: new(int64(5)), Currency: "EUR"}, {Currency: "?"}}
		}), []string{"/bands/0/up_to", "/bands/1/amount", "/bands/2/up_to", "/bands/3/currency"}},
		"too many countries":                 {ship(func(m *pricing.ShippingMethod) { m.Countries = make([]string, 1001) }), []string{"/countries"}},
		"a sound discount":                   {off(func(*pricing.DiscountRule) {}), nil},
		"every part of a discount":           {&pricing.DiscountRule{ID: "", Name: long, Code: "Ä", Kind: "gift", Scope: "?", UsageLimit: -1, MinimumSubtotal: euros(0), ValidTo: time.Time{}.Add(-1)}, []string{"/id", "/name", "/code", "/kind", "/scope", "/minimum_subtotal/0/amount", "/valid_to", "/usage_limit"}},
		"a percentage of nothing":            {off(func(d *pricing.DiscountRule) { d.Kind = pricing.DiscountPercentage }), []string{"/rate", "/amounts"}},
		"a percentage beyond all":            {off(func(d *pricing.DiscountRule) { d.Kind, d.Amounts, d.Rate = pricing.DiscountPercentage, nil, 1_000_001 }), []string{"/rate"}},
		"a fixed one without amounts":        {off(func(d *pricing.DiscountRule) { d.Amounts, d.Rate = nil, 1 }), []string{"/amounts", "/rate"}},
		"on SKUs without any":                {off(func(d *pricing.DiscountRule) { d.Scope = pricing.ScopeSKUs }), []string{"/skus"}},
		"on the order with SKUs":             {off(func(d *pricing.DiscountRule) { d.SKUs = []string{"A", ""} }), []string{"/skus", "/skus/1"}},
		"a limit of more than is remembered": {off(func(d *pricing.DiscountRule) { d.UsageLimit = pricing.MaxUsageLimit + 1 }), []string{"/usage_limit"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var faults rule.Faults
			tt.definition.Check(&faults)
			var got []string
			for _, d := range faultsOf(faults.Err()) {
				got = append(got, d.Pointer)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("faults at %v; want %v", got, tt.want)
			}
		})
	}
}

func TestDefinitions_normal(t *testing.T) {
	t.Parallel()

	berlin := time.FixedZone("CET", 3600)
	at := noon.Add(1234 * time.Microsecond)
	method := pricing.ShippingMethod{
		Countries: []string{"fr", "DE", "FR"}, ValidFrom: at.In(berlin), Prices: []money.Amount{{Currency: "USD"}, {Currency: "EUR"}},
		Bands: []pricing.Band{{Currency: "EUR"}, {UpTo: new(int64(9)), Currency: "USD"}, {UpTo: new(int64(9)), Currency: "EUR"}},
	}.Normal()
	want := pricing.ShippingMethod{
		Countries: []string{"DE", "FR"}, ValidFrom: noon.Add(time.Millisecond), Prices: []money.Amount{{Currency: "EUR"}, {Currency: "USD"}},
		Bands: []pricing.Band{{UpTo: new(int64(9)), Currency: "EUR"}, {Currency: "EUR"}, {UpTo: new(int64(9)), Currency: "USD"}},
	}
	if !reflect.DeepEqual(method, want) {
		t.Errorf("Normal = %+v; want %+v", method, want)
	}
	discount := pricing.DiscountRule{Code: "spring", SKUs: []string{"b", "a", "b"}, Amounts: []money.Amount{}, ValidTo: at.In(berlin)}.Normal()
	if want := (pricing.DiscountRule{Code: "SPRING", SKUs: []string{"a", "b"}, ValidTo: noon.Add(time.Millisecond)}); !reflect.DeepEqual(discount, want) {
		t.Errorf("Normal = %+v; want %+v", discount, want)
	}
}
