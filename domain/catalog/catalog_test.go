package catalog_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

type events = []catalog.Event

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func prices(amounts ...money.Amount) []money.Amount { return amounts }

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

// gbp is the price in pounds that the tests leave alone.
var gbp = money.Amount{Minor: 1799, Currency: "GBP"}

func listed() catalog.Listed {
	return catalog.Listed{
		SKU: "TSHIRT-M", Name: "T-shirt, medium", Prices: prices(eur(1999), gbp), TaxClass: "clothing",
		RequiresShipping: true, Sellable: true, ListedAt: noon,
	}
}

func list(change func(*catalog.List)) catalog.List {
	cmd := catalog.List{
		SKU: "TSHIRT-M", Name: "T-shirt, medium", Prices: prices(gbp, eur(1999)), TaxClass: "clothing",
		RequiresShipping: true, Sellable: true, At: noon.Add(300 * time.Microsecond).In(time.FixedZone("CET", 3600)),
	}
	if change != nil {
		change(&cmd)
	}
	return cmd
}

func samples() events {
	return events{
		listed(),
		catalog.PriceChanged{SKU: "TSHIRT-M", Prices: prices(eur(2099)), Previous: prices(eur(1999), gbp), ChangedAt: noon},
		catalog.Renamed{SKU: "TSHIRT-M", Name: "T-shirt <M> & more", Previous: "T-shirt, medium", RenamedAt: noon},
		catalog.TaxClassChanged{SKU: "TSHIRT-M", TaxClass: "reduced", Previous: "clothing", ChangedAt: noon},
		catalog.ShippingRequirementChanged{SKU: "TSHIRT-M", RequiresShipping: false, ChangedAt: noon},
		catalog.WeightChanged{SKU: "TSHIRT-M", Weight: 180, Previous: 200, ChangedAt: noon},
		catalog.ChannelsChanged{SKU: "TSHIRT-M", Channels: []string{"pos", "web"}, Previous: []string{"app"}, ChangedAt: noon},
		catalog.Delisted{SKU: "TSHIRT-M", DelistedAt: noon.Add(250 * time.Millisecond)},
		catalog.Relisted{SKU: "TSHIRT-M", RelistedAt: noon},
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()

	name, class, no, yes := "Shirt", "", false, true
	grams, heavy := int64(180), int64(-1)
	weighed := catalog.WeightChanged{SKU: "TSHIRT-M", Weight: 180, ChangedAt: noon}
	restricted := catalog.ChannelsChanged{SKU: "TSHIRT-M", Channels: []string{"pos", "web"}, ChangedAt: noon}
	special := listed()
	special.Weight, special.Channels = 180, []string{"pos", "web"}
	tests := map[string]struct {
		given   events
		when    catalog.Command
		then    events
		wantErr rule.Code
	}{
		"a new SKU is listed, prices by currency": {nil, list(nil), events{listed()}, ""},
		"listing the same again records nothing":  {events{listed()}, list(nil), nil, ""},
		"listing anew records each difference": {
			events{listed()},
			list(func(c *catalog.List) {
				c.Name, c.Prices, c.TaxClass, c.RequiresShipping, c.Sellable = "Shirt", prices(eur(1)), "", false, false
			}),
			events{
				catalog.Renamed{SKU: "TSHIRT-M", Name: "Shirt", Previous: "T-shirt, medium", RenamedAt: noon},
				catalog.PriceChanged{SKU: "TSHIRT-M", Prices: prices(eur(1)), Previous: prices(eur(1999), gbp), ChangedAt: noon},
				catalog.TaxClassChanged{SKU: "TSHIRT-M", Previous: "clothing", ChangedAt: noon},
				catalog.ShippingRequirementChanged{SKU: "TSHIRT-M", ChangedAt: noon},
				catalog.Delisted{SKU: "TSHIRT-M", DelistedAt: noon},
			},
			"",
		},
		"an update changes what it names": {
			events{listed()},
			catalog.Update{SKU: "TSHIRT-M", Name: &name, TaxClass: &class, Sellable: &yes, At: noon},
			events{
				catalog.Renamed{SKU: "TSHIRT-M", Name: "Shirt", Previous: "T-shirt, medium", RenamedAt: noon},
				catalog.TaxClassChanged{SKU: "TSHIRT-M", Previous: "clothing", ChangedAt: noon},
			},
			"",
		},
		"a delisted product can be sold again": {
			events{listed(), catalog.Delisted{SKU: "TSHIRT-M", DelistedAt: noon}},
			catalog.Update{SKU: "TSHIRT-M", Sellable: &yes, At: noon},
			events{catalog.Relisted{SKU: "TSHIRT-M", RelistedAt: noon}},
			"",
		},
		"a new SKU may have a weight and channels": {
			nil, list(func(c *catalog.List) { c.Weight, c.Channels = 180, []string{"web", "pos", "web"} }), events{special}, "",
		},
		"an update may change weight, channels and shipping": {
			events{listed()},
			catalog.Update{SKU: "TSHIRT-M", Weight: &grams, Channels: &[]string{"web", "pos"}, RequiresShipping: &no, At: noon},
			events{catalog.ShippingRequirementChanged{SKU: "TSHIRT-M", ChangedAt: noon}, weighed, restricted},
			"",
		},
		"an update may open all channels": {
			events{listed(), restricted},
			catalog.Update{SKU: "TSHIRT-M", Channels: &[]string{}, At: noon},
			events{catalog.ChannelsChanged{SKU: "TSHIRT-M", Previous: []string{"pos", "web"}, ChangedAt: noon}},
			"",
		},
		"the same weight and channels again record nothing": {
			events{listed(), weighed, restricted}, catalog.Update{SKU: "TSHIRT-M", Weight: &grams, Channels: &[]string{"web", "pos"}, At: noon}, nil, "",
		},
		"a weight is not negative":   {events{listed()}, catalog.Update{SKU: "TSHIRT-M", Weight: &heavy}, nil, rule.ValidationFailed},
		"a channel has a name":       {nil, list(func(c *catalog.List) { c.Channels = []string{""} }), nil, rule.ValidationFailed},
		"there are 50 channels most": {nil, list(func(c *catalog.List) { c.Channels = make([]string, 51) }), nil, rule.ValidationFailed},
		"delisting twice records nothing": {
			events{listed(), catalog.Delisted{SKU: "TSHIRT-M", DelistedAt: noon}},
			catalog.Update{SKU: "TSHIRT-M", Sellable: &no, At: noon},
			nil, "",
		},
		"an unknown SKU cannot be updated": {nil, catalog.Update{SKU: "X", Name: &name}, nil, rule.ProductNotFound},
		"an update cannot remove all prices": {
			events{listed()}, catalog.Update{SKU: "TSHIRT-M", Prices: []money.Amount{}, At: noon}, nil, rule.ValidationFailed,
		},
		"a SKU has no slash":            {nil, list(func(c *catalog.List) { c.SKU = "A/B" }), nil, rule.ValidationFailed},
		"a SKU has no space":            {nil, list(func(c *catalog.List) { c.SKU = "A B" }), nil, rule.ValidationFailed},
		"a SKU is not empty":            {nil, list(func(c *catalog.List) { c.SKU = "" }), nil, rule.ValidationFailed},
		"a SKU is UTF-8":                {nil, list(func(c *catalog.List) { c.SKU = "A\xff" }), nil, rule.ValidationFailed},
		"a SKU is at most 64 long":      {nil, list(func(c *catalog.List) { c.SKU = strings.Repeat("x", 65) }), nil, rule.ValidationFailed},
		"a name is at most 200 long":    {nil, list(func(c *catalog.List) { c.Name = strings.Repeat("é", 201) }), nil, rule.ValidationFailed},
		"a name has no control letters": {nil, list(func(c *catalog.List) { c.Name = "a\nb" }), nil, rule.ValidationFailed},
		"a price is not negative":       {nil, list(func(c *catalog.List) { c.Prices = prices(eur(-1)) }), nil, rule.ValidationFailed},
		"a currency is a known one":     {nil, list(func(c *catalog.List) { c.Prices[0].Currency = "EURO" }), nil, rule.CurrencyUnsupported},
		"a currency has one price":      {nil, list(func(c *catalog.List) { c.Prices = prices(eur(1), eur(2)) }), nil, rule.ValidationFailed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			state := catalog.Replay(tt.given...)
			got, err := catalog.Decide(&state, tt.when)
			if rule.CodeOf(err) != tt.wantErr || (err == nil) != (tt.wantErr == "") || !reflect.DeepEqual(got, tt.then) {
				t.Errorf("Decide = %+v, %v; want %+v, %q", got, err, tt.then, tt.wantErr)
			}
			if before := catalog.Replay(tt.given...); !reflect.DeepEqual(state, before) {
				t.Errorf("Decide changed the state to %+v; want %+v", state, before)
			}
		})
	}
}

func TestDecide_allFaultsAtOnce(t *testing.T) {
	t.Parallel()

	_, err := catalog.Decide(&catalog.Product{}, catalog.List{Prices: prices(eur(-1), money.Amount{Currency: "?"})})
	v, ok := errors.AsType[*rule.Violation](err)
	if !ok {
		t.Fatalf("Decide: %v; want a violation", err)
	}
	var pointers []string
	for _, d := range v.Details {
		pointers = append(pointers, d.Pointer)
	}
	if want := []string{"/sku", "/name", "/prices/0/amount", "/prices/1/currency"}; !reflect.DeepEqual(pointers, want) {
		t.Errorf("faults at %v; want %v", pointers, want)
	}
}

func TestProduct_price(t *testing.T) {
	t.Parallel()

	delisted := catalog.Replay(listed(), catalog.Delisted{})
	product := catalog.Replay(listed())
	tests := map[string]struct {
		product  catalog.Product
		currency string
		want     money.Amount
		wantErr  rule.Code
	}{
		"in euros":          {product, "EUR", eur(1999), ""},
		"in pounds":         {product, "GBP", gbp, ""},
		"not in yen":        {product, "JPY", money.Amount{}, rule.CurrencyUnsupported},
		"not when delisted": {delisted, "EUR", money.Amount{}, rule.SKUNotSellable},
		"not when unknown":  {catalog.Product{}, "EUR", money.Amount{}, rule.SKUUnknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got, err := tt.product.Price("TSHIRT-M", tt.currency)
			if got != tt.want || rule.CodeOf(err) != tt.wantErr {
				t.Errorf("Price(%s) = %v, %v; want %v, %q", tt.currency, got, err, tt.want, tt.wantErr)
			}
		})
	}
}

func TestProduct_channels(t *testing.T) {
	t.Parallel()

	everywhere := catalog.Replay(listed())
	some := catalog.Replay(listed(), catalog.ChannelsChanged{SKU: "TSHIRT-M", Channels: []string{"pos", "web"}, ChangedAt: noon})
	gone := catalog.Replay(listed(), catalog.Delisted{})
	tests := map[string]struct {
		product  catalog.Product
		channel  string
		sellable bool
		wantErr  rule.Code
	}{
		"without channels it is on sale in all":    {everywhere, "app", true, ""},
		"on sale in a channel of the list":         {some, "web", true, ""},
		"not on sale in another channel":           {some, "app", false, rule.SKUNotSellable},
		"a delisted product is on sale nowhere":    {gone, "web", false, rule.SKUNotSellable},
		"what is not in the catalogue has no sale": {catalog.Product{}, "web", false, rule.SKUUnknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			price, err := tt.product.Offer("TSHIRT-M", tt.channel, "EUR")
			if tt.product.SellableIn(tt.channel) != tt.sellable || rule.CodeOf(err) != tt.wantErr || (price == eur(1999)) != tt.sellable {
				t.Errorf("SellableIn(%s) = %t, Offer = %v, %v; want %t, %q", tt.channel, tt.product.SellableIn(tt.channel), price, err, tt.sellable, tt.wantErr)
			}
		})
	}
}

// A state that was stored as JSON folds on like one that was not.
func TestProduct_jsonRoundTrip(t *testing.T) {
	t.Parallel()

	var live, stored catalog.Product
	for _, event := range samples() {
		live.Apply(event)
		stored.Apply(event)
		data, err := json.Marshal(stored)
		if err != nil {
			t.Fatal(err)
		}
		stored = catalog.Product{}
		if err := json.Unmarshal(data, &stored); err != nil || !reflect.DeepEqual(stored, live) {
			t.Fatalf("after %s: read back as %+v, %v; want %+v", event.EventType(), stored, err, live)
		}
	}
}

func TestProduct_clone(t *testing.T) {
	t.Parallel()

	product := catalog.Replay(listed())
	product.Channels = []string{"web"}
	clone := product.Clone()
	product.Prices[0].Minor, product.Channels[0] = 1, "pos"
	if clone.Prices[0] != eur(1999) || clone.Channels[0] != "web" {
		t.Errorf("the clone's price became %v, its channel %s", clone.Prices[0], clone.Channels[0])
	}
}

func ExampleDecide() {
	var product catalog.Product
	happened, _ := catalog.Decide(&product, catalog.List{
		SKU: "MUG", Name: "Mug", Prices: []money.Amount{{Minor: 899, Currency: "EUR"}}, Sellable: true, At: noon,
	})
	for _, event := range happened {
		product.Apply(event)
		fmt.Println(event.EventType())
	}
	_, err := product.Price("MUG", "USD")
	fmt.Println(err)
	// Output:
	// product.listed.v1
	// currency_unsupported: SKU "MUG" has no price in "USD", only in EUR
}
