package metrics_test

import (
	"reflect"
	"regexp"
	"time"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/metrics"
)

// silent are the events that say nothing of figures.
var silent = regexp.MustCompile(`^order\.(draft|held|hold_|edit_(begun|staged|discarded)|backorder|archived|fulfillment|shipment|` +
	`tracking|delivery|return_(requested|approved|declined|canceled)|billing|contact|note|tags|metadata|invoice|credit_note)`)

// seriesOf reads the series of an event from the fields that all events have, or returns nothing for one that does not
// count.
func seriesOf(fact order.Event) (currency, channel string) {
	if silent.MatchString(fact.EventType()) {
		return "", ""
	}
	switch f := fact.(type) {
	case order.Canceled:
		if f.PreviousStatus == order.StatusDraft {
			return "", ""
		}
	case order.ShippingAddressChanged:
		if f.Requote == nil {
			return "", ""
		}
	default:
	}
	fields := reflect.ValueOf(fact)
	return fields.FieldByName("Currency").String(), fields.FieldByName("Channel").String()
}

// plain counts a metric over what happened in [from, to).
func plain(history []projections.Event, tenant string, request *metrics.Request, channel string, from, to time.Time) int64 {
	n := map[string]int64{}
	for _, e := range history {
		fact, ok := e.Body.(order.Event)
		if !ok || e.Tenant != tenant || e.OccurredAt.Before(from) || !e.OccurredAt.Before(to) {
			continue
		}
		currency, in := seriesOf(fact)
		if currency == "" || request.Currency != "" && currency != request.Currency || request.Channel != "" && in != request.Channel || channel != "" && in != channel {
			continue
		}
		switch f := fact.(type) {
		case order.Placed:
			place(n, &f.Contents)
		case order.Imported:
			place(n, &f.Contents)
			n["captured"] += f.Captured
			n["orders_confirmed"]++
			n["orders_completed"]++
		case order.Confirmed:
			n["orders_confirmed"]++
		case order.PaymentUpdated:
			n["captured"] += f.CapturedChange
			n["paid_back"] += f.RefundedChange
		case order.Completed:
			n["orders_completed"]++
		case order.Canceled:
			n["orders_canceled"]++
			cancel(n, f.Lines...)
		case order.LinesCanceled:
			cancel(n, f.Lines...)
		case order.Expired:
			n["orders_expired"]++
			cancel(n, f.Lines...)
		case order.EditCommitted:
			edit(n, &f)
		case order.ShippingAddressChanged:
			n["tax"] += f.Requote.TotalsAfter.Tax - f.Requote.TotalsBefore.Tax
			n["shipping"] += f.Requote.ShippingNetChange
			for _, l := range f.Requote.Lines {
				n["gross_sales"] += l.NetSubtotalChange
				n["discounts"] += l.NetSubtotalChange - l.NetTotalChange
			}
		case order.ReturnReceived:
			for _, l := range f.Lines {
				n["units_returned"] += l.Quantity
			}
		case order.ReturnResolved:
			n["refunds_shipping"] += f.RefundShipping - f.RefundShippingTax
			n["goodwill"] += f.RefundGoodwill
			n["refunds"] += f.Refund + f.TakenOffDue - f.RefundTax - (f.RefundShipping - f.RefundShippingTax) - f.RefundGoodwill
		case order.ReturnImported:
			for _, l := range f.Lines {
				n["refunds"] += l.Amount
				n["paid_back"] += l.Amount + l.Tax
				n["units_returned"] += l.Quantity
			}
		default:
		}
	}
	net := n["gross_sales"] - n["discounts"] - n["cancellations"] - n["refunds"]
	switch request.Name {
	case "net_revenue":
		return net
	case "aov":
		return rounded(net, n["orders_confirmed"])
	case "units_per_order":
		return rounded(1_000_000*n["units"], n["orders_placed"])
	case "refund_rate":
		return rounded(1_000_000*n["refunds"], n["gross_sales"])
	case "return_rate":
		return rounded(1_000_000*n["units_returned"], n["units"])
	case "cancellation_rate":
		return rounded(1_000_000*n["orders_canceled"], n["orders_placed"])
	default:
		return n[request.Name]
	}
}

func place(n map[string]int64, c *order.Contents) {
	n["orders_placed"]++
	for i := range c.Lines {
		line(n, &c.Lines[i])
	}
	ship(n, c.ShippingLines, 1)
}

func line(n map[string]int64, l *order.Line) {
	var taxes, inclusive, rate int64
	for _, t := range l.TaxLines {
		taxes += t.Amount
		if t.Inclusive {
			inclusive, rate = inclusive+t.Amount, t.Rate
		}
	}
	gross := l.Subtotal - inclusive
	if l.DiscountTotal() > 0 {
		gross = l.Subtotal - rounded(l.Subtotal*rate, 1_000_000+rate)
	}
	n["gross_sales"] += gross
	n["discounts"] += gross - (l.Total - taxes)
	n["tax"] += taxes
	n["units"] += l.Quantity
}

func ship(n map[string]int64, lines []order.ShippingLine, sign int64) {
	for _, s := range lines {
		n["shipping"] += sign * s.Amount
		for _, t := range s.TaxLines {
			n["tax"] += sign * t.Amount
			if t.Inclusive {
				n["shipping"] -= sign * t.Amount
			}
		}
	}
}

func cancel(n map[string]int64, lines ...order.CanceledLine) {
	for _, l := range lines {
		n["cancellations"] += l.Amount
		n["units_canceled"] += l.Quantity
	}
}

func edit(n map[string]int64, f *order.EditCommitted) {
	for _, c := range f.LineChanges {
		if c.Removed != nil {
			cancel(n, *c.Removed)
		}
		if a := c.Added; a != nil {
			line(n, &order.Line{
				Quantity: a.Quantity, Subtotal: a.Subtotal, DiscountAllocations: a.DiscountAllocations, TaxLines: a.TaxLines, Total: a.Total,
			})
		}
	}
	for i := range f.LinesAdded {
		line(n, &f.LinesAdded[i])
	}
	if f.Shipping != nil {
		ship(n, f.Shipping.Before, -1)
		ship(n, f.Shipping.After, 1)
	}
}

// rounded returns a ÷ b to the nearest whole number, halves away from zero.
func rounded(a, b int64) int64 {
	switch {
	case b == 0:
		return 0
	case a < 0:
		return -rounded(-a, b)
	default:
		return (2*a + b) / (2 * b)
	}
}
