package catalog

import (
	"slices"
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// Command asks for a change of one product. Its unexported method seals the set and is the rule itself.
type Command interface {
	decide(p *Product) ([]Event, error)
}

// Decide returns the events that cmd causes in state p, or a *rule.Violation. It changes nothing. No events and no
// error means that the product already is as wished.
func Decide(p *Product, cmd Command) ([]Event, error) { return cmd.decide(p) }

// List puts a product into the catalogue. For a SKU that is there already it states the whole product anew: each
// difference becomes an event of its own, and sending the same product again changes nothing.
type List struct {
	SKU              string         // 1 to 64 visible characters without '/'
	Name             string         // 1 to 200 characters
	Prices           []money.Amount // at least one, one a currency, none negative; in any order
	TaxClass         string         // empty: the tenant's standard rate
	RequiresShipping bool
	Sellable         bool
	Weight           int64    // grams of one unit, 0 if not known
	Channels         []string // where it is on sale, in any order; empty: in all channels
	At               time.Time
}

// Update changes the parts of a listed product that are not nil.
type Update struct {
	SKU              string // only named in refusals
	Name             *string
	Prices           []money.Amount // replaces all prices unless nil
	Sellable         *bool
	TaxClass         *string
	RequiresShipping *bool
	Weight           *int64    // grams of one unit
	Channels         *[]string // replaces all channels; empty: in all of them
	At               time.Time
}

// check returns a violation with everything that is wrong with the product.
func (c *List) check() error {
	var faults rule.Faults
	checkSKU(&faults, c.SKU)
	checkName(&faults, c.Name)
	checkPrices(&faults, c.Prices)
	checkTaxClass(&faults, c.TaxClass)
	checkWeight(&faults, c.Weight)
	checkChannels(&faults, c.Channels)
	return faults.Err()
}

func (c List) decide(p *Product) ([]Event, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	wish := Product{
		SKU: c.SKU, Name: c.Name, Prices: sorted(c.Prices), TaxClass: c.TaxClass,
		RequiresShipping: c.RequiresShipping, Sellable: c.Sellable, Weight: c.Weight, Channels: sortedChannels(c.Channels),
	}
	if p.Exists() {
		return differences(p, wish, instant(c.At)), nil
	}
	return []Event{Listed{
		SKU: wish.SKU, Name: wish.Name, Prices: wish.Prices, TaxClass: wish.TaxClass,
		RequiresShipping: wish.RequiresShipping, Sellable: wish.Sellable, Weight: wish.Weight, Channels: wish.Channels,
		ListedAt: instant(c.At),
	}}, nil
}

func (c Update) decide(p *Product) ([]Event, error) {
	if !p.Exists() {
		return nil, rule.New(rule.ProductNotFound, "SKU %q is not in the catalogue; list it first", c.SKU)
	}
	var faults rule.Faults
	wish := *p
	if c.Name != nil {
		checkName(&faults, *c.Name)
		wish.Name = *c.Name
	}
	if c.Prices != nil {
		checkPrices(&faults, c.Prices)
		wish.Prices = sorted(c.Prices)
	}
	if c.TaxClass != nil {
		checkTaxClass(&faults, *c.TaxClass)
		wish.TaxClass = *c.TaxClass
	}
	if c.RequiresShipping != nil {
		wish.RequiresShipping = *c.RequiresShipping
	}
	if c.Weight != nil {
		checkWeight(&faults, *c.Weight)
		wish.Weight = *c.Weight
	}
	if c.Channels != nil {
		checkChannels(&faults, *c.Channels)
		wish.Channels = sortedChannels(*c.Channels)
	}
	if c.Sellable != nil {
		wish.Sellable = *c.Sellable
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return differences(p, wish, instant(c.At)), nil
}

// differences returns the events that turn p into wish, always in the same order.
func differences(p *Product, wish Product, at time.Time) []Event {
	var events []Event
	if p.Name != wish.Name {
		events = append(events, Renamed{SKU: p.SKU, Name: wish.Name, Previous: p.Name, RenamedAt: at})
	}
	if !slices.Equal(p.Prices, wish.Prices) {
		events = append(events, PriceChanged{SKU: p.SKU, Prices: wish.Prices, Previous: p.Prices, ChangedAt: at})
	}
	if p.TaxClass != wish.TaxClass {
		events = append(events, TaxClassChanged{SKU: p.SKU, TaxClass: wish.TaxClass, Previous: p.TaxClass, ChangedAt: at})
	}
	if p.RequiresShipping != wish.RequiresShipping {
		events = append(events, ShippingRequirementChanged{SKU: p.SKU, RequiresShipping: wish.RequiresShipping, ChangedAt: at})
	}
	if p.Weight != wish.Weight {
		events = append(events, WeightChanged{SKU: p.SKU, Weight: wish.Weight, Previous: p.Weight, ChangedAt: at})
	}
	if !slices.Equal(p.Channels, wish.Channels) {
		events = append(events, ChannelsChanged{SKU: p.SKU, Channels: wish.Channels, Previous: p.Channels, ChangedAt: at})
	}
	switch {
	case p.Sellable && !wish.Sellable:
		events = append(events, Delisted{SKU: p.SKU, DelistedAt: at})
	case !p.Sellable && wish.Sellable:
		events = append(events, Relisted{SKU: p.SKU, RelistedAt: at})
	}
	return events
}

// instant returns t as events store it: UTC, whole milliseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
