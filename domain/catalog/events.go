package catalog

import (
	"time"

	"github.com/ordermill/ordermill/domain/money"
)

// Event is a fact about one product. The unexported method seals the set, so that every switch over Event can be
// checked to cover all of it.
//
//sumtype:decl
type Event interface {
	// EventType returns the stored name. Stored events keep it for ever: names are added, never changed.
	EventType() string
	productEvent()
}

// Listed begins a product.
type Listed struct {
	SKU              string         `json:"sku"`
	Name             string         `json:"name"`
	Prices           []money.Amount `json:"prices"` // one a currency, by currency code
	TaxClass         string         `json:"tax_class,omitempty"`
	RequiresShipping bool           `json:"requires_shipping"`
	Sellable         bool           `json:"sellable"`
	Weight           int64          `json:"weight_grams,omitempty"` // of one unit
	Channels         []string       `json:"channels,omitempty"`     // where it is on sale, sorted; empty: in all channels
	ListedAt         time.Time      `json:"listed_at"`              // UTC, milliseconds
}

// PriceChanged replaces all prices. Orders that were placed keep theirs.
type PriceChanged struct {
	SKU       string         `json:"sku"`
	Prices    []money.Amount `json:"prices"`          // one a currency, by currency code
	Previous  []money.Amount `json:"previous_prices"` // what they replace
	ChangedAt time.Time      `json:"changed_at"`      // UTC, milliseconds
}

// Renamed gives a product another name.
type Renamed struct {
	SKU       string    `json:"sku"`
	Name      string    `json:"name"`
	Previous  string    `json:"previous_name"`
	RenamedAt time.Time `json:"renamed_at"` // UTC, milliseconds
}

// TaxClassChanged moves a product to another tax class. An empty class is the tenant's standard rate.
type TaxClassChanged struct {
	SKU       string    `json:"sku"`
	TaxClass  string    `json:"tax_class,omitempty"`
	Previous  string    `json:"previous_tax_class,omitempty"`
	ChangedAt time.Time `json:"changed_at"` // UTC, milliseconds
}

// ShippingRequirementChanged says whether future orders of the product need a parcel.
type ShippingRequirementChanged struct {
	SKU              string    `json:"sku"`
	RequiresShipping bool      `json:"requires_shipping"`
	ChangedAt        time.Time `json:"changed_at"` // UTC, milliseconds
}

// WeightChanged says what one unit weighs, in grams. 0 is not known.
type WeightChanged struct {
	SKU       string    `json:"sku"`
	Weight    int64     `json:"weight_grams,omitempty"`
	Previous  int64     `json:"previous_weight_grams,omitempty"`
	ChangedAt time.Time `json:"changed_at"` // UTC, milliseconds
}

// ChannelsChanged says in which channels the product is on sale from now on. None means in all of them.
type ChannelsChanged struct {
	SKU       string    `json:"sku"`
	Channels  []string  `json:"channels,omitempty"` // sorted
	Previous  []string  `json:"previous_channels,omitempty"`
	ChangedAt time.Time `json:"changed_at"` // UTC, milliseconds
}

// Delisted takes a product off sale.
type Delisted struct {
	SKU        string    `json:"sku"`
	DelistedAt time.Time `json:"delisted_at"` // UTC, milliseconds
}

// Relisted puts a delisted product on sale again.
type Relisted struct {
	SKU        string    `json:"sku"`
	RelistedAt time.Time `json:"relisted_at"` // UTC, milliseconds
}

// EventType returns "product.listed.v1".
func (Listed) EventType() string { return "product.listed.v1" }

// EventType returns "product.price_changed.v1".
func (PriceChanged) EventType() string { return "product.price_changed.v1" }

// EventType returns "product.renamed.v1".
func (Renamed) EventType() string { return "product.renamed.v1" }

// EventType returns "product.tax_class_changed.v1".
func (TaxClassChanged) EventType() string { return "product.tax_class_changed.v1" }

// EventType returns "product.shipping_requirement_changed.v1".
func (ShippingRequirementChanged) EventType() string {
	return "product.shipping_requirement_changed.v1"
}

// EventType returns "product.weight_changed.v1".
func (WeightChanged) EventType() string { return "product.weight_changed.v1" }

// EventType returns "product.channels_changed.v1".
func (ChannelsChanged) EventType() string { return "product.channels_changed.v1" }

// EventType returns "product.delisted.v1".
func (Delisted) EventType() string { return "product.delisted.v1" }

// EventType returns "product.relisted.v1".
func (Relisted) EventType() string { return "product.relisted.v1" }

func (Listed) productEvent()                     {}
func (PriceChanged) productEvent()               {}
func (Renamed) productEvent()                    {}
func (TaxClassChanged) productEvent()            {}
func (ShippingRequirementChanged) productEvent() {}
func (WeightChanged) productEvent()              {}
func (ChannelsChanged) productEvent()            {}
func (Delisted) productEvent()                   {}
func (Relisted) productEvent()                   {}
