package order_test

import (
	"testing"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

// A refund pays for the units that came back first, then for the shipping, each with its own tax; what is beyond both is
// goodwill. However it is cut, an order's shipping is credited once, to the last minor unit of its tax.
func TestResolveReturn_parts(t *testing.T) {
	t.Parallel()

	// 2 × 5.00 and shipping of 5.00, with 19 % on top.
	shipped := func() events {
		o := placed(func(e *order.Placed) {
			tax := order.TaxLine{Code: "DE-19", Rate: 190_000}
			goods, parcel := tax, tax
			goods.Amount, parcel.Amount = 190, 95
			e.Lines = []order.Line{{
				LineID: line2, SKU: "MUG", Quantity: 2, UnitPrice: 500, Subtotal: 1000, TaxLines: []order.TaxLine{goods}, Total: 1190, RequiresShipping: true,
			}}
			e.ShippingLines = []order.ShippingLine{{Method: "parcel", Amount: 500, TaxLines: []order.TaxLine{parcel}}}
			e.Totals = order.Totals{Subtotal: 1000, Shipping: 500, Tax: 285, Total: 1785}
		})
		return events{
			o,
			order.PaymentUpdated{OrderID: orderID, Payment: order.Payment{PaymentID: payID, State: order.PaymentCaptured, Captured: 3000}},
			order.Confirmed{OrderID: orderID},
		}
	}
	type part struct{ refund, goods, shipping, goodwill, tax int64 }
	for name, steps := range map[string][]part{
		"all of it":                 {{1785, 1000, 500, 0, 285}},
		"the goods":                 {{1190, 1000, 0, 0, 190}},
		"less than the goods":       {{595, 500, 0, 0, 95}},
		"some of the shipping":      {{1309, 1000, 100, 0, 209}},
		"one unit and nothing else": {{595, 500, 0, 0, 95}, {595, 500, 0, 0, 95}},
		"all but one unit with the first, and goodwill": {{1290, 500, 500, 100, 190}, {495, 416, 0, 0, 79}},
		"the shipping in three odd pieces":              {{595 + 1, 500, 1, 0, 95}, {595 + 594, 500, 499, 0, 95 + 95}},
		"the shipping in two odd pieces":                {{595 + 333, 500, 280, 0, 95 + 53}, {595 + 262, 500, 220, 0, 95 + 42}},
	} {
		o := order.Replay(shipped()...)
		units := int64(2 / len(steps))
		for i, want := range steps {
			returnID := line1
			if i > 0 {
				returnID = holdID
			}
			about := order.About{OrderID: orderID, Currency: "EUR"}
			lines := []order.RequestedLine{{LineID: line2, SKU: "MUG", Quantity: units}}
			o.Apply(order.ReturnRequested{About: about, ReturnID: returnID, Kind: order.KindClaim, Lines: lines})
			o.Apply(order.ReturnApproved{About: about, ReturnID: returnID})
			decided, err := order.Decide(&o, order.ResolveReturn{ReturnID: returnID, Refund: &want.refund, At: later}, order.Terms{At: later})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			e, ok := decided[0].(order.ReturnResolved)
			if !ok {
				t.Fatalf("%s: %T", name, decided[0])
			}
			got := e.Parts()
			if got != (order.RefundParts{
				Goods: money.TotalOf(want.goods), Shipping: money.TotalOf(want.shipping), Goodwill: money.TotalOf(want.goodwill), Tax: money.TotalOf(want.tax),
			}) {
				t.Errorf("%s, step %d: goods %s, shipping %s, goodwill %s, tax %s; want %+v", name, i, got.Goods, got.Shipping, got.Goodwill, got.Tax, want)
			}
			if sum := want.goods + want.shipping + want.goodwill + want.tax; sum != want.refund {
				t.Fatalf("%s: the parts are %d, want %d", name, sum, want.refund)
			}
			o.Apply(e)
		}
	}
}

// What older events give beyond the units had no name; it is goodwill.
func TestReturnResolved_partsOfOld(t *testing.T) {
	t.Parallel()

	e := order.ReturnResolved{Lines: []order.ReturnedLine{{Amount: 1000, Tax: 190}}, Refund: 1500, TakenOffDue: 285, RefundTax: 190}
	want := order.RefundParts{Goods: money.TotalOf(1000), Goodwill: money.TotalOf(595), Tax: money.TotalOf(190)}
	if got := e.Parts(); got != want {
		t.Errorf("Parts = %+v; want %+v", got, want)
	}
}
