package order

import (
	"github.com/ordermill/ordermill/domain/jsonwriter"
)

// written is an event that is stored so often that it writes itself, byte for byte as encoding/json would.
type written interface {
	Event
	write(w *jsonwriter.Writer)
}

func (e Placed) write(w *jsonwriter.Writer) {
	w.Begin('{')
	e.Contents.write(w)
	w.Text(`"payment_policy":`, string(e.PaymentPolicy))
	if len(e.Backordered) > 0 {
		w.Value(`"backordered":`, e.Backordered)
	}
	w.Time(`"placed_at":`, e.PlacedAt)
	w.TimeIf(`"expires_at":`, e.ExpiresAt)
	w.End('}')
}

func (e Imported) write(w *jsonwriter.Writer) {
	w.Begin('{')
	e.Contents.write(w)
	w.Text(`"source":`, e.Source)
	w.Time(`"original_placed_at":`, e.OriginalPlacedAt)
	w.Time(`"imported_at":`, e.ImportedAt)
	w.Open(`"statuses":`, '{')
	w.Text(`"status":`, string(e.Statuses.Status))
	w.Text(`"payment_status":`, string(e.Statuses.Payment))
	w.Text(`"fulfillment_status":`, string(e.Statuses.Fulfillment))
	w.End('}')
	w.Int(`"captured":`, e.Captured)
	w.Text(`"stock_policy":`, string(e.StockPolicy))
	w.End('}')
}

func (c *Contents) write(w *jsonwriter.Writer) {
	w.UUID(`"order_id":`, c.OrderID)
	w.Text(`"order_number":`, c.Number)
	w.TextIf(`"external_id":`, c.ExternalID)
	w.Text(`"channel_id":`, c.Channel)
	w.Text(`"currency":`, c.Currency)
	w.TextIf(`"customer_id":`, c.CustomerID)
	w.TextIf(`"country":`, c.Country)
	w.TextIf(`"locale":`, c.Locale)
	w.RawIf(`"pii":`, c.PII)
	writeLines(w, c.Lines)
	if len(c.ShippingLines) > 0 {
		w.Value(`"shipping_lines":`, c.ShippingLines)
	}
	if len(c.Discounts) > 0 {
		w.Value(`"discounts":`, c.Discounts)
	}
	w.Open(`"totals":`, '{')
	w.Int(`"subtotal":`, c.Totals.Subtotal)
	w.Int(`"discount":`, c.Totals.Discount)
	w.Int(`"shipping":`, c.Totals.Shipping)
	w.Int(`"tax":`, c.Totals.Tax)
	w.Int(`"total":`, c.Totals.Total)
	w.End('}')
	w.TextIf(`"price_list_version":`, c.PriceListVersion)
	w.TextIf(`"tax_provider_ref":`, c.TaxProviderRef)
	if c.Rounding != (RoundingRule{}) {
		w.Value(`"rounding":`, c.Rounding)
	}
	if c.Risk != nil {
		w.Value(`"risk":`, c.Risk)
	}
}

func writeLines(w *jsonwriter.Writer, lines []Line) {
	if lines == nil {
		w.Value(`"lines":`, nil)
		return
	}
	w.Open(`"lines":`, '[')
	for i := range lines {
		l := &lines[i]
		w.Begin('{')
		w.UUID(`"line_id":`, l.LineID)
		w.Text(`"sku":`, l.SKU)
		w.TextIf(`"product_name":`, l.ProductName)
		w.Int(`"quantity":`, l.Quantity)
		w.Int(`"unit_price":`, l.UnitPrice)
		w.Int(`"subtotal":`, l.Subtotal)
		if len(l.DiscountAllocations) > 0 {
			w.Value(`"discount_allocations":`, l.DiscountAllocations)
		}
		writeTaxes(w, l.TaxLines)
		w.Int(`"total":`, l.Total)
		w.Bool(`"requires_shipping":`, l.RequiresShipping)
		w.TextIf(`"backorder_policy":`, string(l.BackorderPolicy))
		w.TextIf(`"tax_class":`, l.TaxClass)
		w.End('}')
	}
	w.End(']')
}

func writeTaxes(w *jsonwriter.Writer, taxes []TaxLine) {
	if len(taxes) == 0 {
		return
	}
	w.Open(`"tax_lines":`, '[')
	for i := range taxes {
		t := &taxes[i]
		w.Begin('{')
		w.Text(`"code":`, t.Code)
		w.Int(`"rate":`, t.Rate)
		w.Int(`"amount":`, t.Amount)
		w.BoolIf(`"inclusive":`, t.Inclusive)
		w.End('}')
	}
	w.End(']')
}
