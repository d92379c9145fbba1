// Package resource renders what clients see: orders, products and stock as the API's JSON. Both hosts use it, so that a
// write's answer and a later read are the same.
//
// An order is rendered in a sealed form first, which is what is stored and cached: its personal data is a ciphertext at
// the end. Reveal puts the clear data in its place, or leaves it out, each time an order is served.
package resource

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
)

// Time is an instant as the API writes it: RFC 3339 in UTC with milliseconds.
type Time time.Time

const timeLayout = `"2006-01-02T15:04:05.000Z"`

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(make([]byte, 0, len(timeLayout)), timeLayout), nil
}

// text is the same without quotes.
func (t Time) text() string { return time.Time(t).UTC().Format(timeLayout[1 : len(timeLayout)-1]) }

// IsZero reports whether there is no instant, so that omitzero leaves it out.
func (t Time) IsZero() bool { return time.Time(t).IsZero() }

// product is the shape of a product.
type product struct {
	SKU              string             `json:"sku"`
	Name             string             `json:"name"`
	Prices           []money.Amount     `json:"prices"`
	TaxClass         string             `json:"tax_class,omitempty"`
	RequiresShipping bool               `json:"requires_shipping"`
	Sellable         bool               `json:"sellable"`
	WeightGrams      int64              `json:"weight_grams,omitempty"`
	Channels         []string           `json:"channels,omitempty"`
	Version          eventstore.Version `json:"version"`
}

// Product renders a product.
func Product(p *catalog.Product, version eventstore.Version) []byte {
	prices := p.Prices
	if prices == nil {
		prices = []money.Amount{}
	}
	return marshal(product{p.SKU, p.Name, prices, p.TaxClass, p.RequiresShipping, p.Sellable, p.Weight, p.Channels, version})
}

type inventory struct {
	SKU             string                `json:"sku"`
	OnHand          int64                 `json:"on_hand"`
	Reserved        int64                 `json:"reserved"`
	Committed       int64                 `json:"committed"`
	Available       int64                 `json:"available"`
	Locations       []location            `json:"locations"`
	Backordered     int64                 `json:"backordered,omitempty"`
	BackorderPolicy stock.BackorderPolicy `json:"backorder_policy,omitempty"`
	BackorderLimit  *int64                `json:"backorder_limit,omitempty"` // of policy limit, where 0 is one too
	Tracked         *bool                 `json:"tracked,omitempty"`         // only if it is not
	Transfer        *transfer             `json:"transfer,omitempty"`
}

type location struct {
	stock.Location
	Available int64 `json:"available"`
}

type transfer struct {
	ID        uuid.UUID `json:"id"`
	From      string    `json:"from_location_id"`
	To        string    `json:"to_location_id"`
	InTransit int64     `json:"in_transit"`
}

// Inventory renders the stock of a SKU, which it is told since a SKU that was never received has none. Available is what
// orders can have from the locations of the pick order.
func Inventory(sku string, l *stock.Levels, pick stock.PickOrder) []byte {
	return marshal(inventoryOf(sku, l, pick))
}

// InventoryTransfer is Inventory with a transfer, as far as it is still on its way.
func InventoryTransfer(sku string, l *stock.Levels, pick stock.PickOrder, t stock.Transfer) []byte {
	out := inventoryOf(sku, l, pick)
	out.Transfer = &transfer{t.ID, t.From, t.To, t.Quantity}
	return marshal(out)
}

func inventoryOf(sku string, l *stock.Levels, pick stock.PickOrder) inventory {
	out := inventory{
		SKU: sku, OnHand: l.OnHand(), Reserved: l.Reserved(), Committed: l.Committed(), Available: l.AvailableFrom(pick),
		Locations: make([]location, len(l.Locations)), Backordered: l.Backordered, BackorderPolicy: l.BackorderPolicy,
	}
	if l.BackorderPolicy == stock.BackorderLimit {
		out.BackorderLimit = &l.BackorderLimit
	}
	for i := range l.Locations {
		out.Locations[i] = location{l.Locations[i], l.Locations[i].AvailableFrom(pick)}
	}
	if l.Untracked {
		out.Tracked = new(bool)
	}
	return out
}

// marshal writes compact JSON without escaping for HTML. It panics on what cannot be JSON, which the structs here can.
func marshal(v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("resource: marshal %T: %v", v, err))
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
