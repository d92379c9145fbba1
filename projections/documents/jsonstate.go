package documents

import (
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
)

// The functions below write documents member by member. They list the same members as the JSON tags of the domain's
// types do; TestAppend_likeEncodingJSON holds one against the other.

func appendOrder(buf []byte, o *order.Order) ([]byte, error) {
	w := writer{buf: append(buf, '{')}
	w.uuid(`"id":`, o.ID)
	w.text(`"order_number":`, o.Number)
	w.textIf(`"external_id":`, o.ExternalID)
	w.text(`"channel_id":`, o.Channel)
	w.text(`"currency":`, o.Currency)
	w.textIf(`"customer_id":`, o.CustomerID)
	w.textIf(`"country":`, o.Country)
	w.textIf(`"locale":`, o.Locale)
	w.rawIf(`"pii":`, o.PII)
	w.text(`"status":`, string(o.Status))
	array(&w, `"lines":`, o.Lines, writeLineState)
	arrayIf(&w, `"shipping_lines":`, o.ShippingLines, writeShippingLine)
	arrayIf(&w, `"discounts":`, o.Discounts, writeDiscount)
	w.member(`"totals":{`)
	writeTotals(&w, &o.Totals)
	w.raw('}')
	w.intIf(`"added":`, o.Added)
	w.intIf(`"released":`, o.Released)
	w.intIf(`"credited":`, o.Credited)
	arrayIf(&w, `"payments":`, o.Payments, writePayment)
	w.textIf(`"payment_policy":`, string(o.PaymentPolicy))
	valueIf(&w, `"holds":`, o.Holds, len(o.Holds) > 0)
	valueIf(&w, `"edit":`, o.Edit, o.Edit != nil)
	arrayIf(&w, `"fulfillments":`, o.Fulfillments, writeFulfillment)
	valueIf(&w, `"returns":`, o.Returns, len(o.Returns) > 0)
	valueIf(&w, `"notes":`, o.Notes, len(o.Notes) > 0)
	valueIf(&w, `"tags":`, o.Tags, len(o.Tags) > 0)
	valueIf(&w, `"metadata":`, o.Metadata, len(o.Metadata) > 0)
	valueIf(&w, `"invoices":`, o.Invoices, len(o.Invoices) > 0)
	valueIf(&w, `"wishes":`, o.Wishes, o.Wishes.ShippingMethod != "" || o.Wishes.DiscountCodes != nil)
	w.textIf(`"price_list_version":`, o.PriceListVersion)
	w.textIf(`"tax_provider_ref":`, o.TaxProviderRef)
	valueIf(&w, `"rounding":`, o.Rounding, o.Rounding != (order.RoundingRule{}))
	valueIf(&w, `"risk":`, o.Risk, o.Risk != nil)
	w.textIf(`"source":`, o.Source)
	w.textIf(`"stock_policy":`, string(o.StockPolicy))
	w.textIf(`"cancel_reason":`, string(o.CancelReason))
	w.textIf(`"cancel_note":`, o.CancelNote)
	w.rawIf(`"cancel_pii":`, o.CancelPII)
	w.time(`"placed_at":`, o.PlacedAt)
	w.timeIf(`"confirmed_at":`, o.ConfirmedAt)
	w.timeIf(`"completed_at":`, o.CompletedAt)
	w.timeIf(`"canceled_at":`, o.CanceledAt)
	w.timeIf(`"expires_at":`, o.ExpiresAt)
	w.timeIf(`"expired_at":`, o.ExpiredAt)
	w.timeIf(`"archived_at":`, o.ArchivedAt)
	w.timeIf(`"drafted_at":`, o.DraftedAt)
	w.timeIf(`"imported_at":`, o.ImportedAt)
	w.time(`"updated_at":`, o.UpdatedAt)
	w.raw('}')
	return w.buf, w.err
}

func writeLineState(w *writer, l *order.LineState) {
	w.uuid(`"line_id":`, l.LineID)
	w.text(`"sku":`, l.SKU)
	w.textIf(`"product_name":`, l.ProductName)
	w.int(`"quantity":`, l.Quantity)
	w.int(`"unit_price":`, l.UnitPrice)
	w.int(`"subtotal":`, l.Subtotal)
	arrayIf(w, `"discount_allocations":`, l.DiscountAllocations, func(w *writer, d *order.DiscountAllocation) {
		w.text(`"discount_id":`, d.DiscountID)
		w.int(`"amount":`, d.Amount)
	})
	arrayIf(w, `"tax_lines":`, l.TaxLines, writeTaxLine)
	w.int(`"total":`, l.Total)
	w.bool(`"requires_shipping":`, l.RequiresShipping)
	w.textIf(`"backorder_policy":`, string(l.BackorderPolicy))
	w.member(`"counters":{`)
	c := &l.Counters
	w.int(`"ordered":`, c.Ordered)
	w.intIf(`"canceled":`, c.Canceled)
	w.intIf(`"reserved":`, c.Reserved)
	w.intIf(`"backordered":`, c.Backordered)
	w.intIf(`"fulfilled":`, c.Fulfilled)
	w.intIf(`"shipped":`, c.Shipped)
	w.intIf(`"delivered":`, c.Delivered)
	w.intIf(`"return_requested":`, c.ReturnRequested)
	w.intIf(`"returned":`, c.Returned)
	w.intIf(`"restocked":`, c.Restocked)
	w.intIf(`"written_off":`, c.WrittenOff)
	w.intIf(`"refunded_quantity":`, c.RefundedQuantity)
	w.raw('}')
	arrayIf(w, `"batches":`, l.Batches, func(w *writer, b *order.Batch) {
		w.int(`"quantity":`, b.Quantity)
		w.int(`"live":`, b.Live)
		w.intIf(`"tax":`, b.Tax)
		w.intIf(`"exclusive_tax":`, b.ExclusiveTax)
		w.int(`"total":`, b.Total)
	})
}

func writeTaxLine(w *writer, t *order.TaxLine) {
	w.text(`"code":`, t.Code)
	w.int(`"rate":`, t.Rate)
	w.int(`"amount":`, t.Amount)
	if t.Inclusive {
		w.bool(`"inclusive":`, true)
	}
}

func writeShippingLine(w *writer, s *order.ShippingLine) {
	w.text(`"method":`, s.Method)
	w.int(`"amount":`, s.Amount)
	arrayIf(w, `"tax_lines":`, s.TaxLines, writeTaxLine)
}

func writeDiscount(w *writer, d *order.Discount) {
	w.text(`"discount_id":`, d.DiscountID)
	w.textIf(`"code":`, d.Code)
	w.int(`"amount":`, d.Amount)
	w.intIf(`"rate":`, d.Rate)
	w.textIf(`"scope":`, string(d.Scope))
}

func writeTotals(w *writer, t *order.Totals) {
	w.int(`"subtotal":`, t.Subtotal)
	w.int(`"discount":`, t.Discount)
	w.int(`"shipping":`, t.Shipping)
	w.int(`"tax":`, t.Tax)
	w.int(`"total":`, t.Total)
}

func writePayment(w *writer, p *order.Payment) {
	w.uuid(`"payment_id":`, p.PaymentID)
	w.textIf(`"method":`, p.Method)
	w.textIf(`"reference":`, p.Reference)
	w.text(`"state":`, string(p.State))
	w.intIf(`"authorized":`, p.Authorized)
	w.intIf(`"captured":`, p.Captured)
	w.intIf(`"refunded":`, p.Refunded)
	w.intIf(`"voided":`, p.Voided)
}

func writeFulfillment(w *writer, f *order.Fulfillment) {
	w.uuid(`"fulfillment_id":`, f.FulfillmentID)
	w.text(`"location_id":`, f.LocationID)
	w.text(`"state":`, string(f.State))
	array(w, `"lines":`, f.Lines, writeFulfillmentLine)
	arrayIf(w, `"packages":`, f.Packages, func(w *writer, p *order.Package) {
		w.intIf(`"weight_grams":`, p.WeightGrams)
		w.intIf(`"length_mm":`, p.LengthMM)
		w.intIf(`"width_mm":`, p.WidthMM)
		w.intIf(`"height_mm":`, p.HeightMM)
	})
	arrayIf(w, `"shipments":`, f.Shipments, writeShipment)
	w.timeIf(`"ship_by":`, f.ShipBy)
	w.timeIf(`"planned_at":`, f.PlannedAt)
	w.timeIf(`"packed_at":`, f.PackedAt)
	w.timeIf(`"canceled_at":`, f.CanceledAt)
}

func writeFulfillmentLine(w *writer, l *order.FulfillmentLine) {
	w.uuid(`"line_id":`, l.LineID)
	w.text(`"sku":`, l.SKU)
	w.int(`"quantity":`, l.Quantity)
	w.intIf(`"shipped":`, l.Shipped)
	w.intIf(`"delivered":`, l.Delivered)
	w.timeIf(`"delivered_at":`, l.DeliveredAt)
}

func writeShipment(w *writer, s *order.Shipment) {
	w.uuid(`"shipment_id":`, s.ShipmentID)
	w.textIf(`"carrier":`, s.Carrier)
	w.textIf(`"service":`, s.Service)
	w.textIf(`"tracking_number":`, s.TrackingNumber)
	w.textIf(`"tracking_url":`, s.TrackingURL)
	w.textIf(`"label_ref":`, s.LabelRef)
	array(w, `"lines":`, s.Lines, writeFulfillmentLine)
	w.textIf(`"failure_reason":`, s.FailureReason)
	w.textIf(`"proof_ref":`, s.ProofRef)
	w.time(`"shipped_at":`, s.ShippedAt)
	w.timeIf(`"delivered_at":`, s.DeliveredAt)
	w.timeIf(`"failed_at":`, s.FailedAt)
}

func appendLevels(buf []byte, l *stock.Levels) ([]byte, error) {
	w := writer{buf: append(buf, '{')}
	w.text(`"sku":`, l.SKU)
	array(&w, `"locations":`, l.Locations, func(w *writer, at *stock.Location) {
		w.text(`"location_id":`, at.ID)
		w.int(`"on_hand":`, at.OnHand)
		w.int(`"reserved":`, at.Reserved)
		w.int(`"committed":`, at.Committed)
		w.int(`"incoming":`, at.Incoming)
		w.int(`"damaged":`, at.Damaged)
		w.int(`"quality_control":`, at.QualityControl)
		w.int(`"safety_stock":`, at.SafetyStock)
	})
	w.intIf(`"backordered":`, l.Backordered)
	w.textIf(`"backorder_policy":`, string(l.BackorderPolicy))
	w.intIf(`"backorder_limit":`, l.BackorderLimit)
	if l.Untracked {
		w.bool(`"untracked":`, true)
	}
	w.raw('}')
	return w.buf, w.err
}
