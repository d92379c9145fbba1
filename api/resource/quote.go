package resource

import (
	"encoding/json"
	"time"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

type quotedLine struct {
	SKU              string       `json:"sku"`
	Name             string       `json:"name,omitempty"`
	Quantity         int64        `json:"quantity"`
	UnitPrice        money.Amount `json:"unit_price"`
	Subtotal         money.Amount `json:"subtotal"`
	Discount         money.Amount `json:"discount"`
	Tax              money.Amount `json:"tax"`
	Taxes            []tax        `json:"taxes,omitempty"`
	Total            money.Amount `json:"total"`
	RequiresShipping bool         `json:"requires_shipping"`
	Availability     availability `json:"availability"`
}

type availability struct {
	Requested     int64 `json:"requested"`
	Available     int64 `json:"available"`
	InStock       bool  `json:"in_stock"`
	Backorderable bool  `json:"backorderable"`
}

// Quote renders a quote with the token that stands for its total until it expires.
func Quote(q *commands.Quote, token string, expires time.Time) []byte {
	o := &q.Order
	m := in(o.Currency)
	out := struct {
		Currency      string         `json:"currency"`
		Country       string         `json:"country,omitempty"`
		Lines         []quotedLine   `json:"lines"`
		ShippingLines []shippingLine `json:"shipping_lines,omitempty"`
		Discounts     []discount     `json:"discounts,omitempty"`
		Totals        sums           `json:"totals"`
		Token         string         `json:"quote_token"`
		ExpiresAt     Time           `json:"expires_at"`
	}{
		o.Currency, o.Country, make([]quotedLine, len(o.Lines)), shippingLines(o.ShippingLines, m), discounts(o.Discounts, m),
		sumsOf(&o.Totals, m), token, Time(expires),
	}
	for i := range o.Lines {
		l := lineOf(&o.Lines[i], m)
		out.Lines[i] = quotedLine{
			SKU: l.SKU, Name: l.Name, Quantity: l.Quantity, UnitPrice: l.UnitPrice, Subtotal: l.Subtotal, Discount: l.Discount, Tax: l.Tax,
			Taxes: l.Taxes, Total: l.Total, RequiresShipping: l.RequiresShipping,
		}
		if i < len(q.Lines) {
			a := &q.Lines[i]
			out.Lines[i].Availability = availability{a.Requested, a.Available, a.Requested <= a.Available, a.Backorderable}
		}
	}
	return marshal(out)
}

// Preview renders the order with an edit, and what it would come to: as an edit that was committed says, or why it
// cannot be. Both may be missing, when the edit is no longer open. The order must be revealed already.
func Preview(revealed []byte, changes []StagedChange, committed *order.EditCommitted, refused []byte) []byte {
	out := struct {
		Order       json.RawMessage `json:"order"`
		Changes     []StagedChange  `json:"changes"`
		Before      *sums           `json:"totals_before,omitempty"`
		After       *sums           `json:"totals_after,omitempty"`
		AmountDelta *money.Amount   `json:"amount_delta,omitempty"`
		Refused     json.RawMessage `json:"refused,omitempty"`
	}{Order: revealed, Changes: changes, Refused: refused}
	if committed != nil {
		m := in(committed.Currency)
		before, after, delta := sumsOf(&committed.TotalsBefore, m), sumsOf(&committed.TotalsAfter, m), m(committed.AmountDelta)
		out.Before, out.After, out.AmountDelta = &before, &after, &delta
	}
	return marshal(out)
}
