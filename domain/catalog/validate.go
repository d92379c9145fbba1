package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// Limits of a product's fields.
const (
	MaxSKULength      = 64                // characters
	MaxNameLength     = 200               // characters
	MaxTaxClassLength = 64                // characters
	MaxPrice          = 1_000_000_000_000 // minor units; leaves room for a million units an order line
	MaxWeight         = 1_000_000_000     // grams of one unit: a thousand tonnes
	MaxChannels       = 50
	MaxChannelLength  = 64 // characters
)

func checkSKU(faults *rule.Faults, sku string) { text.Key.Check(faults, "/sku", sku, 1, MaxSKULength) }

func checkName(faults *rule.Faults, name string) {
	text.Name.Check(faults, "/name", name, 1, MaxNameLength)
	if text.HoldsCardNumber(name) {
		faults.Add(rule.SensitiveData, "/name", "there is a payment card's number in it; leave it out")
	}
}

func checkTaxClass(faults *rule.Faults, class string) {
	text.Identifier.Check(faults, "/tax_class", class, 0, MaxTaxClassLength)
}

func checkPrices(faults *rule.Faults, prices []money.Amount) {
	if len(prices) == 0 {
		faults.Add(rule.ValidationFailed, "/prices", "a product needs at least one price, such as {\"amount\": 1299, \"currency\": \"EUR\"}")
	}
	seen := make(map[string]bool, len(prices))
	for i, price := range prices {
		switch {
		case !money.Known(price.Currency):
			faults.Add(rule.CurrencyUnsupported, fmt.Sprintf("/prices/%d/currency", i), "%q is not an ISO 4217 currency code such as EUR", price.Currency)
		case seen[price.Currency]:
			faults.Add(rule.ValidationFailed, fmt.Sprintf("/prices/%d/currency", i), "there is already a price in %s; send one a currency", price.Currency)
		}
		if price.Minor < 0 || price.Minor > MaxPrice {
			faults.Add(rule.ValidationFailed, fmt.Sprintf("/prices/%d/amount", i), "a price is 0 to %d minor units, not %d", int64(MaxPrice), price.Minor)
		}
		seen[price.Currency] = true
	}
}

func checkWeight(faults *rule.Faults, grams int64) {
	if grams < 0 || grams > MaxWeight {
		faults.Add(rule.ValidationFailed, "/weight_grams", "a unit weighs 0 to %d grams, not %d", MaxWeight, grams)
	}
}

func checkChannels(faults *rule.Faults, channels []string) {
	if len(channels) > MaxChannels {
		faults.Add(rule.ValidationFailed, "/channels", "at most %d channels fit here, not %d; leave them out for all", MaxChannels, len(channels))
		return
	}
	for i, channel := range channels {
		text.Identifier.Check(faults, fmt.Sprintf("/channels/%d", i), channel, 1, MaxChannelLength)
	}
}

// sortedChannels returns a sorted copy, each channel once, nil for none.
func sortedChannels(channels []string) []string {
	if len(channels) == 0 {
		return nil
	}
	list := slices.Clone(channels)
	slices.Sort(list)
	return slices.Compact(list)
}

// sorted returns a copy of prices by currency code.
func sorted(prices []money.Amount) []money.Amount {
	return slices.SortedFunc(slices.Values(prices), func(a, b money.Amount) int { return cmp.Compare(a.Currency, b.Currency) })
}

// currencies lists the codes of prices for a message.
func currencies(prices []money.Amount) string {
	codes := make([]string, len(prices))
	for i, price := range prices {
		codes[i] = price.Currency
	}
	return strings.Join(codes, ", ")
}
