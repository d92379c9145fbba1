package order

import (
	"github.com/ordermill/ordermill/domain/internal/scan"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
)

// The functions below read events from the JSON that Encode writes. They list the same fields as the events' JSON tags
// do; TestScan_readsAll holds one against the other. A name that they do not know makes the reader give up.

func scanPlaced(r *scan.Reader, e *Placed) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "payment_policy":
			e.PaymentPolicy = PaymentPolicy(r.String())
		case "backordered":
			e.Backordered = scanList(r, e.Backordered, 1+r.Left()/90, scanLineQuantity)
		case "placed_at":
			e.PlacedAt = r.Time()
		case "expires_at":
			e.ExpiresAt = r.Time()
		default:
			e.scan(r, key)
		}
	}
}

func scanImported(r *scan.Reader, e *Imported) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch key := r.Key(); string(key) {
		case "source":
			e.Source = r.String()
		case "original_placed_at":
			e.OriginalPlacedAt = r.Time()
		case "imported_at":
			e.ImportedAt = r.Time()
		case "statuses":
			scanStatuses(r, &e.Statuses)
		case "captured":
			e.Captured = r.Int()
		case "stock_policy":
			e.StockPolicy = StockPolicy(r.String())
		default:
			e.scan(r, key)
		}
	}
}

func scanStatuses(r *scan.Reader, s *Statuses) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "status":
			s.Status = Status(r.String())
		case "payment_status":
			s.Payment = PaymentStatus(r.String())
		case "fulfillment_status":
			s.Fulfillment = FulfillmentStatus(r.String())
		default:
			r.Fail()
		}
	}
}

// scan reads the member of the contents that has this name.
func (c *Contents) scan(r *scan.Reader, key []byte) {
	switch string(key) {
	case "order_id":
		c.OrderID = r.UUID()
	case "order_number":
		c.Number = r.String()
	case "external_id":
		c.ExternalID = r.String()
	case "channel_id":
		c.Channel = r.String()
	case "currency":
		c.Currency = r.String()
	case "customer_id":
		c.CustomerID = r.String()
	case "country":
		c.Country = r.String()
	case "locale":
		c.Locale = r.String()
	case "pii":
		c.PII = r.Raw()
	case "lines":
		c.Lines = scanList(r, c.Lines, max(1, r.Left()/210-1), scanLine) // after the lines come about as many bytes as one has
	case "shipping_lines":
		c.ShippingLines = scanList(r, c.ShippingLines, 1, scanShippingLine)
	case "discounts":
		c.Discounts = scanList(r, c.Discounts, 1, scanDiscount)
	case "totals":
		scanTotals(r, &c.Totals)
	case "price_list_version":
		c.PriceListVersion = r.String()
	case "tax_provider_ref":
		c.TaxProviderRef = r.String()
	case "rounding":
		scanRounding(r, &c.Rounding)
	case "risk":
		if c.Risk == nil {
			c.Risk = new(Risk)
		}
		scanRisk(r, c.Risk)
	default:
		r.Fail()
	}
}

// scanList reads an array whose size is guessed beforehand. A list that was there already is a name given twice.
func scanList[T any](r *scan.Reader, before []T, guess int, one func(*scan.Reader, *T)) []T {
	if before != nil {
		r.Fail()
	}
	list := make([]T, 0, guess)
	for more := r.Open('['); more; more = r.More(']') {
		var zero T
		list = append(list, zero)
		one(r, &list[len(list)-1])
	}
	return list
}

func scanLine(r *scan.Reader, l *Line) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "line_id":
			l.LineID = r.UUID()
		case "sku":
			l.SKU = r.String()
		case "product_name":
			l.ProductName = r.String()
		case "quantity":
			l.Quantity = r.Int()
		case "unit_price":
			l.UnitPrice = r.Int()
		case "subtotal":
			l.Subtotal = r.Int()
		case "discount_allocations":
			l.DiscountAllocations = scanList(r, l.DiscountAllocations, 1, scanDiscountAllocation)
		case "tax_lines":
			l.TaxLines = scanList(r, l.TaxLines, 1, scanTaxLine)
		case "total":
			l.Total = r.Int()
		case "requires_shipping":
			l.RequiresShipping = r.Bool()
		case "backorder_policy":
			l.BackorderPolicy = BackorderPolicy(r.String())
		case "tax_class":
			l.TaxClass = r.String()
		default:
			r.Fail()
		}
	}
}

func scanDiscountAllocation(r *scan.Reader, d *DiscountAllocation) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "discount_id":
			d.DiscountID = r.String()
		case "amount":
			d.Amount = r.Int()
		default:
			r.Fail()
		}
	}
}

func scanTaxLine(r *scan.Reader, t *TaxLine) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "code":
			t.Code = r.String()
		case "rate":
			t.Rate = r.Int()
		case "amount":
			t.Amount = r.Int()
		case "inclusive":
			t.Inclusive = r.Bool()
		default:
			r.Fail()
		}
	}
}

func scanShippingLine(r *scan.Reader, s *ShippingLine) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "method":
			s.Method = r.String()
		case "amount":
			s.Amount = r.Int()
		case "tax_lines":
			s.TaxLines = scanList(r, s.TaxLines, 1, scanTaxLine)
		case "tax_class":
			s.TaxClass = r.String()
		default:
			r.Fail()
		}
	}
}

func scanDiscount(r *scan.Reader, d *Discount) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "discount_id":
			d.DiscountID = r.String()
		case "code":
			d.Code = r.String()
		case "amount":
			d.Amount = r.Int()
		case "rate":
			d.Rate = r.Int()
		case "scope":
			d.Scope = pricing.Scope(r.String())
		default:
			r.Fail()
		}
	}
}

func scanTotals(r *scan.Reader, t *Totals) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "subtotal":
			t.Subtotal = r.Int()
		case "discount":
			t.Discount = r.Int()
		case "shipping":
			t.Shipping = r.Int()
		case "tax":
			t.Tax = r.Int()
		case "total":
			t.Total = r.Int()
		default:
			r.Fail()
		}
	}
}

func scanRounding(r *scan.Reader, rule *RoundingRule) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "mode":
			rule.Mode = money.Rounding(r.String())
		case "scope":
			rule.Scope = RoundingScope(r.String())
		default:
			r.Fail()
		}
	}
}

func scanRisk(r *scan.Reader, risk *Risk) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "level":
			risk.Level = r.String()
		case "score":
			risk.Score = r.Int()
		case "reasons":
			risk.Reasons = scanList(r, risk.Reasons, 2, scanText)
		default:
			r.Fail()
		}
	}
}
