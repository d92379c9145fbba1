package resource

import (
	"fmt"

	"github.com/ordermill/ordermill/domain/jsonwriter"
	"github.com/ordermill/ordermill/domain/money"
)

// orderRoom is what an order of two lines takes.
const orderRoom = 3 << 10

// render writes an order as marshal would, several times faster: every answer to a command and every document of an order
// is one. What few orders have is left to encoding/json.
func (out *orderShape) render() []byte {
	w := jsonwriter.New(orderRoom)
	w.Begin('{')
	out.writeHead(w)
	out.writeGoods(w)
	out.writeTimes(w)
	out.writeEnd(w)
	w.End('}')
	body, err := w.Bytes()
	if err != nil {
		panic(fmt.Sprintf("resource: order %s: %v", out.ID, err))
	}
	return body
}

func (out *orderShape) writeHead(w *jsonwriter.Writer) {
	w.UUID(`"id":`, out.ID)
	w.Text(`"order_number":`, out.Number)
	w.Int(`"version":`, int64(out.Version))
	w.TextIf(`"external_id":`, out.ExternalID)
	w.Text(`"channel":`, out.Channel)
	w.Text(`"currency":`, out.Currency)
	w.TextIf(`"country":`, out.Country)
	w.TextIf(`"locale":`, out.Locale)
	w.TextIf(`"source":`, out.Source)
	w.Text(`"status":`, string(out.Status))
	w.Text(`"payment_status":`, string(out.PaymentStatus))
	w.Text(`"fulfillment_status":`, string(out.FulfillmentStatus))
	w.Text(`"return_status":`, string(out.ReturnStatus))
	w.BoolIf(`"inspection_pending":`, out.InspectionPending)
	switch {
	case out.Holds == nil:
	case *out.Holds != nil && len(*out.Holds) == 0:
		w.Open(`"holds":`, '[')
		w.End(']')
	default:
		w.Value(`"holds":`, out.Holds)
	}
	w.IntIf(`"backordered":`, out.Backordered)
}

func (out *orderShape) writeGoods(w *jsonwriter.Writer) {
	out.Totals.write(w)
	if out.Lines == nil {
		w.Value(`"lines":`, nil)
	} else {
		w.Open(`"lines":`, '[')
		for i := range out.Lines {
			out.Lines[i].write(w)
		}
		w.End(']')
	}
	several(w, `"shipping_lines":`, out.ShippingLines)
	several(w, `"discounts":`, out.Discounts)
	w.TextIf(`"shipping_method":`, out.ShippingMethod)
	several(w, `"discount_codes":`, out.DiscountCodes)
	w.TextIf(`"payment_policy":`, string(out.PaymentPolicy))
	several(w, `"payments":`, out.Payments)
	several(w, `"invoices":`, out.Invoices)
	if out.Cancellation != nil {
		w.Value(`"cancellation":`, out.Cancellation)
	}
}

func (out *orderShape) writeTimes(w *jsonwriter.Writer) {
	instant(w, `"placed_at":`, out.PlacedAt)
	instantIf(w, `"confirmed_at":`, out.ConfirmedAt)
	instantIf(w, `"completed_at":`, out.CompletedAt)
	instantIf(w, `"canceled_at":`, out.CanceledAt)
	instantIf(w, `"expires_at":`, out.ExpiresAt)
	instantIf(w, `"expired_at":`, out.ExpiredAt)
	instantIf(w, `"archived_at":`, out.ArchivedAt)
	instantIf(w, `"drafted_at":`, out.DraftedAt)
	instantIf(w, `"imported_at":`, out.ImportedAt)
	instant(w, `"updated_at":`, out.UpdatedAt)
}

func (out *orderShape) writeEnd(w *jsonwriter.Writer) {
	if out.AllowedActions == nil {
		w.Value(`"allowed_actions":`, nil)
	} else {
		w.Open(`"allowed_actions":`, '[')
		for _, action := range out.AllowedActions {
			w.TextElement(string(action))
		}
		w.End(']')
	}
	w.Open(`"_links":`, '{')
	w.Text(`"events":`, out.Links.Events)
	w.Text(`"self":`, out.Links.Self)
	w.End('}')
	if out.Customer != nil {
		w.Open(`"customer":`, '{')
		w.Text(`"id":`, out.Customer.ID)
		w.End('}')
	}
	if out.Sealed != nil {
		w.Value(`"pii":`, out.Sealed)
	}
}

func (t *totals) write(w *jsonwriter.Writer) {
	w.Open(`"totals":`, '{')
	amount(w, `"subtotal":`, t.Subtotal)
	amount(w, `"discount":`, t.Discount)
	amount(w, `"shipping":`, t.Shipping)
	amount(w, `"tax":`, t.Tax)
	amount(w, `"total":`, t.Total)
	amount(w, `"current_total":`, t.CurrentTotal)
	amount(w, `"paid":`, t.Paid)
	amount(w, `"refunded":`, t.Refunded)
	amount(w, `"amount_due":`, t.AmountDue)
	amount(w, `"amount_owed_to_customer":`, t.AmountOwed)
	w.End('}')
}

func (l *line) write(w *jsonwriter.Writer) {
	w.Begin('{')
	w.UUID(`"id":`, l.ID)
	w.Text(`"sku":`, l.SKU)
	w.TextIf(`"name":`, l.Name)
	w.Int(`"quantity":`, l.Quantity)
	amount(w, `"unit_price":`, l.UnitPrice)
	amount(w, `"subtotal":`, l.Subtotal)
	amount(w, `"discount":`, l.Discount)
	amount(w, `"tax":`, l.Tax)
	writeTaxes(w, l.Taxes)
	several(w, `"discounts":`, l.Discounts)
	amount(w, `"total":`, l.Total)
	w.Bool(`"requires_shipping":`, l.RequiresShipping)
	w.Open(`"current":`, '{')
	w.Int(`"quantity":`, l.Current.Quantity)
	amount(w, `"tax":`, l.Current.Tax)
	amount(w, `"total":`, l.Current.Total)
	w.End('}')
	l.Counters.write(w)
	w.End('}')
}

func writeTaxes(w *jsonwriter.Writer, taxes []tax) {
	if len(taxes) == 0 {
		return
	}
	w.Open(`"taxes":`, '[')
	for i := range taxes {
		t := &taxes[i]
		w.Begin('{')
		w.Text(`"code":`, t.Code)
		w.Int(`"rate":`, t.Rate)
		amount(w, `"amount":`, t.Amount)
		w.Bool(`"inclusive":`, t.Inclusive)
		w.End('}')
	}
	w.End(']')
}

func (c *counters) write(w *jsonwriter.Writer) {
	w.Open(`"counters":`, '{')
	w.Int(`"ordered":`, c.Ordered)
	w.Int(`"canceled":`, c.Canceled)
	w.Int(`"reserved":`, c.Reserved)
	w.Int(`"backordered":`, c.Backordered)
	w.Int(`"fulfilled":`, c.Fulfilled)
	w.Int(`"shipped":`, c.Shipped)
	w.Int(`"delivered":`, c.Delivered)
	w.Int(`"return_requested":`, c.ReturnRequested)
	w.Int(`"returned":`, c.Returned)
	w.Int(`"restocked":`, c.Restocked)
	w.Int(`"written_off":`, c.WrittenOff)
	w.Int(`"refunded_quantity":`, c.RefundedQuantity)
	w.End('}')
}

func amount(w *jsonwriter.Writer, name string, a money.Amount) {
	w.Open(name, '{')
	w.Int(`"amount":`, a.Minor)
	w.Text(`"currency":`, a.Currency)
	w.End('}')
}

func instant(w *jsonwriter.Writer, name string, t Time) {
	w.Text(name, t.text())
}

func instantIf(w *jsonwriter.Writer, name string, t Time) {
	if !t.IsZero() {
		instant(w, name, t)
	}
}

// several leaves out a list that is empty.
func several[T any](w *jsonwriter.Writer, name string, list []T) {
	if len(list) > 0 {
		w.Value(name, list)
	}
}
