// Package catalog holds what a shop sells: one product for each SKU, with its name, its prices and whether it is on
// sale.
//
// A product is the fold of its events. Decide answers a command with the events it causes or the rule it breaks; it is
// pure, so time comes in with the command. Nothing here is safe for concurrent changes; reading a state is.
package catalog

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/streamid"
)

// StreamType is the type of every product's stream.
const StreamType = "product"

// StreamID returns the id of the stream that holds a tenant's SKU. SKUs differ by case.
func StreamID(tenant, sku string) uuid.UUID { return streamid.New(tenant, StreamType, sku) }

// Product is the state of one SKU. Its zero value is a product that was never listed.
type Product struct {
	SKU              string         `json:"sku"`
	Name             string         `json:"name"`
	Prices           []money.Amount `json:"prices"` // one a currency, by currency code
	TaxClass         string         `json:"tax_class,omitempty"`
	RequiresShipping bool           `json:"requires_shipping"`
	Sellable         bool           `json:"sellable"`
	Weight           int64          `json:"weight_grams,omitempty"` // of one unit; 0: not known, counts as nothing
	Channels         []string       `json:"channels,omitempty"`     // where it is on sale, sorted; empty: in all channels
}

// Exists reports whether the product was ever listed.
func (p *Product) Exists() bool { return p.SKU != "" }

// Apply moves p on by one event, in place. It checks nothing: the event has already happened. Events and states may
// share slices, which nobody writes to.
func (p *Product) Apply(e Event) {
	switch e := e.(type) {
	case Listed:
		*p = Product{
			SKU: e.SKU, Name: e.Name, Prices: e.Prices, TaxClass: e.TaxClass,
			RequiresShipping: e.RequiresShipping, Sellable: e.Sellable, Weight: e.Weight, Channels: e.Channels,
		}
	case PriceChanged:
		p.Prices = e.Prices
	case Renamed:
		p.Name = e.Name
	case TaxClassChanged:
		p.TaxClass = e.TaxClass
	case ShippingRequirementChanged:
		p.RequiresShipping = e.RequiresShipping
	case WeightChanged:
		p.Weight = e.Weight
	case ChannelsChanged:
		p.Channels = e.Channels
	case Delisted:
		p.Sellable = false
	case Relisted:
		p.Sellable = true
	}
}

// Replay folds events, oldest first, from nothing.
func Replay(events ...Event) Product {
	var p Product
	for _, e := range events {
		p.Apply(e)
	}
	return p
}

// Clone returns a copy that later changes of p do not reach.
func (p *Product) Clone() Product {
	c := *p
	c.Prices, c.Channels = slices.Clone(p.Prices), slices.Clone(p.Channels)
	return c
}

// SellableIn reports whether the product is on sale in a channel.
func (p *Product) SellableIn(channel string) bool {
	if !p.Sellable || len(p.Channels) == 0 {
		return p.Sellable
	}
	_, ok := slices.BinarySearch(p.Channels, channel)
	return ok
}

// Offer returns what one unit costs in a channel and a currency. Beyond the rules that Price states, it fails with
// sku_not_sellable for a channel in which the product is not on sale.
func (p *Product) Offer(sku, channel, currency string) (money.Amount, error) {
	price, err := p.Price(sku, currency)
	if err == nil && !p.SellableIn(channel) {
		return money.Amount{}, rule.New(rule.SKUNotSellable, "SKU %q is not on sale in channel %q, only in %s", p.SKU, channel, strings.Join(p.Channels, ", "))
	}
	return price, err
}

// Price returns what one unit costs in a currency. It fails with the rules sku_unknown (never listed), sku_not_sellable
// (delisted) and currency_unsupported (no price in it). The SKU is asked for by name since an unknown product has none.
func (p *Product) Price(sku, currency string) (money.Amount, error) {
	if !p.Exists() {
		return money.Amount{}, rule.New(rule.SKUUnknown, "SKU %q is not in the catalogue; list it first", sku)
	}
	if !p.Sellable {
		return money.Amount{}, rule.New(rule.SKUNotSellable, "SKU %q is not on sale", p.SKU)
	}
	for _, price := range p.Prices {
		if price.Currency == currency {
			return price, nil
		}
	}
	return money.Amount{}, rule.New(rule.CurrencyUnsupported, "SKU %q has no price in %q, only in %s", p.SKU, currency, currencies(p.Prices))
}
