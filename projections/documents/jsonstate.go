package documents

import (
	"github.com/ordermill/ordermill/domain/jsonwriter"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
)

// The functions below write documents member by member. They list the same members as the JSON tags of the domain's
// types do; TestAppend_likeEncodingJSON holds one against the other.

func appendOrder(buf []byte, o *order.Order) ([]byte, error) {
	w := jsonwriter.Object(buf)
	w.UUID(`"id":`, o.ID)
	w.Text(`"order_number":`, o.Number)
	w.TextIf(`"external_id":`, o.ExternalID)
	w.Text(`"channel_id":`, o.Channel)
	w.Text(`"currency":`, o.Currency)
	w.TextIf(`"customer_id":`, o.CustomerID)
	w.TextIf(`"country":`, o.Country)
	w.TextIf(`"locale":`, o.Locale)
	w.RawIf(`"pii":`, o.PII)
	w.Text(`"status":`, string(o.Status))
	array(&w, `"lines":`, o.Lines, writeLineState)
	arrayIf(&w, `"shipping_lines":`, o.ShippingLines, writeShippingLine)
	arrayIf(&w, `"discounts":`, o.Discounts, writeDiscount)
	w.Open(`"totals":`, '{')
	writeTotals(&w, &o.Totals)
	w.End('}')
	w.IntIf(`"added":`, o.Added)
	w.IntIf(`"released":`, o.Released)
	w.IntIf(`"credited":`, o.Credited)
	arrayIf(&w, `"payments":`, o.Payments, writePayment)
	w.TextIf(`"payment_policy":`, string(o.PaymentPolicy))
	valueIf(&w, `"holds":`, o.Holds, len(o.Holds) > 0)
	valueIf(&w, `"edit":`, o.Edit, o.Edit != nil)
	arrayIf(&w, `"fulfillments":`, o.Fulfillments, writeFulfillment)
	valueIf(&w, `"returns":`, o.Returns, len(o.Returns) > 0)
	valueIf(&w, `"notes":`, o.Notes, len(o.Notes) > 0)
	valueIf(&w, `"tags":`, o.Tags, len(o.Tags) > 0)
	valueIf(&w, `"metadata":`, o.Metadata, len(o.Metadata) > 0)
	valueIf(&w, `"invoices":`, o.Invoices, len(o.Invoices) > 0)
	valueIf(&w, `"wishes":`, o.Wishes, o.Wishes.ShippingMethod != "" || o.Wishes.DiscountCodes != nil)
	w.TextIf(`"price_list_version":`, o.PriceListVersion)
	w.TextIf(`"tax_provider_ref":`, o.TaxProviderRef)
	valueIf(&w, `"rounding":`, o.Rounding, o.Rounding != (order.RoundingRule{}))
	valueIf(&w, `"risk":`, o.Risk, o.Risk != nil)
	w.TextIf(`"source":`, o.Source)
	w.TextIf(`"stock_policy":`, string(o.StockPolicy))
	w.TextIf(`"cancel_reason":`, string(o.CancelReason))
	w.TextIf(`"cancel_note":`, o.CancelNote)
	w.RawIf(`"cancel_private":`, o.CancelPrivate)
	w.RawIf(`"cancel_pii":`, o.CancelPII)
	w.Time(`"placed_at":`, o.PlacedAt)
	w.TimeIf(`"confirmed_at":`, o.ConfirmedAt)
	w.TimeIf(`"completed_at":`, o.CompletedAt)
	w.TimeIf(`"canceled_at":`, o.CanceledAt)
	w.TimeIf(`"expires_at":`, o.ExpiresAt)
	w.TimeIf(`"expired_at":`, o.ExpiredAt)
	w.TimeIf(`"archived_at":`, o.ArchivedAt)
	w.TimeIf(`"drafted_at":`, o.DraftedAt)
	w.TimeIf(`"imported_at":`, o.ImportedAt)
	w.Time(`"updated_at":`, o.UpdatedAt)
	w.End('}')
	return w.Bytes()
}

func writeLineState(w *jsonwriter.Writer, l *order.LineState) {
	w.UUID(`"line_id":`, l.LineID)
	w.Text(`"sku":`, l.SKU)
	w.TextIf(`"product_name":`, l.ProductName)
	w.Int(`"quantity":`, l.Quantity)
	w.Int(`"unit_price":`, l.UnitPrice)
	w.Int(`"subtotal":`, l.Subtotal)
	arrayIf(w, `"discount_allocations":`, l.DiscountAllocations, func(w *jsonwriter.Writer, d *order.DiscountAllocation) {
		w.Text(`"discount_id":`, d.DiscountID)
		w.Int(`"amount":`, d.Amount)
	})
	arrayIf(w, `"tax_lines":`, l.TaxLines, writeTaxLine)
	w.Int(`"total":`, l.Total)
	w.Bool(`"requires_shipping":`, l.RequiresShipping)
	w.TextIf(`"backorder_policy":`, string(l.BackorderPolicy))
	w.TextIf(`"tax_class":`, l.TaxClass)
	w.Open(`"counters":`, '{')
	c := &l.Counters
	w.Int(`"ordered":`, c.Ordered)
	w.IntIf(`"canceled":`, c.Canceled)
	w.IntIf(`"reserved":`, c.Reserved)
	w.IntIf(`"backordered":`, c.Backordered)
	w.IntIf(`"fulfilled":`, c.Fulfilled)
	w.IntIf(`"shipped":`, c.Shipped)
	w.IntIf(`"delivered":`, c.Delivered)
	w.IntIf(`"return_requested":`, c.ReturnRequested)
	w.IntIf(`"returned":`, c.Returned)
	w.IntIf(`"restocked":`, c.Restocked)
	w.IntIf(`"written_off":`, c.WrittenOff)
	w.IntIf(`"refunded_quantity":`, c.RefundedQuantity)
	w.End('}')
	arrayIf(w, `"batches":`, l.Batches, func(w *jsonwriter.Writer, b *order.Batch) {
		w.Int(`"quantity":`, b.Quantity)
		w.Int(`"live":`, b.Live)
		w.IntIf(`"tax":`, b.Tax)
		w.IntIf(`"exclusive_tax":`, b.ExclusiveTax)
		w.Int(`"total":`, b.Total)
	})
}

func writeTaxLine(w *jsonwriter.Writer, t *order.TaxLine) {
	w.Text(`"code":`, t.Code)
	w.Int(`"rate":`, t.Rate)
	w.Int(`"amount":`, t.Amount)
	if t.Inclusive {
		w.Bool(`"inclusive":`, true)
	}
}

func writeShippingLine(w *jsonwriter.Writer, s *order.ShippingLine) {
	w.Text(`"method":`, s.Method)
	w.Int(`"amount":`, s.Amount)
	arrayIf(w, `"tax_lines":`, s.TaxLines, writeTaxLine)
	w.TextIf(`"tax_class":`, s.TaxClass)
}

func writeDiscount(w *jsonwriter.Writer, d *order.Discount) {
	w.Text(`"discount_id":`, d.DiscountID)
	w.TextIf(`"code":`, d.Code)
	w.Int(`"amount":`, d.Amount)
	w.IntIf(`"rate":`, d.Rate)
	w.TextIf(`"scope":`, string(d.Scope))
}

func writeTotals(w *jsonwriter.Writer, t *order.Totals) {
	w.Int(`"subtotal":`, t.Subtotal)
	w.Int(`"discount":`, t.Discount)
	w.Int(`"shipping":`, t.Shipping)
	w.Int(`"tax":`, t.Tax)
	w.Int(`"total":`, t.Total)
}

func writePayment(w *jsonwriter.Writer, p *order.Payment) {
	w.UUID(`"payment_id":`, p.PaymentID)
	w.TextIf(`"method":`, p.Method)
	w.TextIf(`"reference":`, p.Reference)
	w.RawIf(`"texts":`, p.Texts)
	w.Text(`"state":`, string(p.State))
	w.IntIf(`"authorized":`, p.Authorized)
	w.IntIf(`"captured":`, p.Captured)
	w.IntIf(`"refunded":`, p.Refunded)
	w.IntIf(`"voided":`, p.Voided)
}

func writeFulfillment(w *jsonwriter.Writer, f *order.Fulfillment) {
	w.UUID(`"fulfillment_id":`, f.FulfillmentID)
	w.Text(`"location_id":`, f.LocationID)
	w.Text(`"state":`, string(f.State))
	array(w, `"lines":`, f.Lines, writeFulfillmentLine)
	arrayIf(w, `"packages":`, f.Packages, func(w *jsonwriter.Writer, p *order.Package) {
		w.IntIf(`"weight_grams":`, p.WeightGrams)
		w.IntIf(`"length_mm":`, p.LengthMM)
		w.IntIf(`"width_mm":`, p.WidthMM)
		w.IntIf(`"height_mm":`, p.HeightMM)
	})
	arrayIf(w, `"shipments":`, f.Shipments, writeShipment)
	w.TimeIf(`"ship_by":`, f.ShipBy)
	w.TimeIf(`"planned_at":`, f.PlannedAt)
	w.TimeIf(`"packed_at":`, f.PackedAt)
	w.TimeIf(`"canceled_at":`, f.CanceledAt)
}

func writeFulfillmentLine(w *jsonwriter.Writer, l *order.FulfillmentLine) {
	w.UUID(`"line_id":`, l.LineID)
	w.Text(`"sku":`, l.SKU)
	w.Int(`"quantity":`, l.Quantity)
	w.IntIf(`"shipped":`, l.Shipped)
	w.IntIf(`"delivered":`, l.Delivered)
	w.TimeIf(`"delivered_at":`, l.DeliveredAt)
}

func writeShipment(w *jsonwriter.Writer, s *order.Shipment) {
	w.UUID(`"shipment_id":`, s.ShipmentID)
	w.TextIf(`"carrier":`, s.Carrier)
	w.TextIf(`"service":`, s.Service)
	w.TextIf(`"tracking_number":`, s.TrackingNumber)
	w.TextIf(`"tracking_url":`, s.TrackingURL)
	w.TextIf(`"label_ref":`, s.LabelRef)
	w.RawIf(`"texts":`, s.Texts)
	w.RawIf(`"private":`, s.Private)
	array(w, `"lines":`, s.Lines, writeFulfillmentLine)
	w.TextIf(`"failure_reason":`, s.FailureReason)
	w.RawIf(`"failure_texts":`, s.FailureTexts)
	w.TextIf(`"proof_ref":`, s.ProofRef)
	w.RawIf(`"proof_texts":`, s.ProofTexts)
	w.Time(`"shipped_at":`, s.ShippedAt)
	w.TimeIf(`"delivered_at":`, s.DeliveredAt)
	w.TimeIf(`"failed_at":`, s.FailedAt)
}

func appendLevels(buf []byte, l *stock.Levels) ([]byte, error) {
	w := jsonwriter.Object(buf)
	w.Text(`"sku":`, l.SKU)
	array(&w, `"locations":`, l.Locations, func(w *jsonwriter.Writer, at *stock.Location) {
		w.Text(`"location_id":`, at.ID)
		w.Int(`"on_hand":`, at.OnHand)
		w.Int(`"reserved":`, at.Reserved)
		w.Int(`"committed":`, at.Committed)
		w.Int(`"incoming":`, at.Incoming)
		w.Int(`"damaged":`, at.Damaged)
		w.Int(`"quality_control":`, at.QualityControl)
		w.Int(`"safety_stock":`, at.SafetyStock)
	})
	w.IntIf(`"backordered":`, l.Backordered)
	w.TextIf(`"backorder_policy":`, string(l.BackorderPolicy))
	w.IntIf(`"backorder_limit":`, l.BackorderLimit)
	if l.Untracked {
		w.Bool(`"untracked":`, true)
	}
	w.End('}')
	return w.Bytes()
}

// valueIf leaves out what is not there. It costs an absent value no allocation.
func valueIf[T any](w *jsonwriter.Writer, name string, v T, there bool) {
	if there {
		w.Value(name, v)
	}
}

// array writes a member that is an array, null for a nil one.
func array[T any](w *jsonwriter.Writer, name string, values []T, write func(*jsonwriter.Writer, *T)) {
	if values == nil {
		w.Value(name, nil)
		return
	}
	w.Open(name, '[')
	for i := range values {
		w.Begin('{')
		write(w, &values[i])
		w.End('}')
	}
	w.End(']')
}

// arrayIf leaves an empty array out.
func arrayIf[T any](w *jsonwriter.Writer, name string, values []T, write func(*jsonwriter.Writer, *T)) {
	if len(values) > 0 {
		array(w, name, values, write)
	}
}
