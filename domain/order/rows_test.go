package order_test

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/pricing"
)

// The worked example of docs/domain.md: what three mugs cost, and what they cost less once one is canceled, two more are
// added and one comes back.
func Example_moneyOnLines() {
	var rules pricing.Rules
	rules.PutRate(pricing.TaxRate{Code: "vat", Rate: 190_000})
	rules.PutDiscount(pricing.DiscountRule{ID: "tenth", Code: "TENTH", Kind: pricing.DiscountPercentage, Scope: pricing.ScopeWhole, Rate: 100_000})
	at := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	sums, err := pricing.Calculate(pricing.Input{
		Currency: "EUR", Lines: []pricing.Item{{SKU: "MUG", Quantity: 3, UnitPrice: 333}}, Codes: []string{"tenth"}, Rules: &rules, At: at,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	price, line := sums.Lines[0], uuid.MustParse("01955000-0000-7000-8000-000000000001")
	var o order.Order
	do := func(cmd order.Command) order.Event {
		events, err := decide(&o, cmd)
		if err != nil {
			fmt.Println(err)
			return nil
		}
		for _, e := range events {
			o.Apply(e)
		}
		return events[0]
	}
	tell := func(what string, amount int64) {
		fmt.Printf("%-24s %6s   the order costs %s\n", what, money.Format(amount, "EUR"), money.Format(o.Total(), "EUR"))
	}
	one := []order.LineQuantity{{LineID: line, Quantity: 1}}
	id := func(n byte) uuid.UUID { return uuid.UUID{0: n} }

	do(order.Place{
		OrderID: id(1), Channel: "web", Currency: "EUR", Discounts: sums.Discounts, At: at,
		Lines: []order.NewLine{{LineID: line, SKU: "MUG", Quantity: 3, UnitPrice: 333, RequiresShipping: true, DiscountAllocations: price.Allocations, TaxLines: price.TaxLines}},
	})
	fmt.Printf("9.99 less %s plus %s\n", money.Format(price.Discount, "EUR"), money.Format(price.Tax, "EUR"))
	tell("three mugs", o.Lines[0].Total)
	do(order.MarkPaid{PaymentID: id(2), Method: "cash", At: at})
	if e, ok := do(order.CancelLines{CancellationID: id(3), Lines: one, At: at}).(order.LinesCanceled); ok {
		tell("the last one is canceled", -e.AmountReleased)
	}
	do(order.BeginEdit{EditID: id(4), At: at})
	do(order.StageEditChange{EditID: id(4), At: at, Change: order.EditChange{ChangeID: id(5), Kind: order.EditSetQuantity, LineID: line, Quantity: 4}})
	added, err := pricing.PriceUnits(pricing.Units{
		Quantity: 2, UnitPrice: 333, Discounts: o.Discounts, Carried: o.Lines[0].DiscountAllocations, Taxes: o.Lines[0].TaxLines,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	prices := order.EditPrices{Added: []order.Addition{{Quantity: 2, DiscountAllocations: added.Allocations, TaxLines: added.TaxLines}}}
	if e, ok := do(order.CommitEdit{EditID: id(4), Prices: prices, At: at}).(order.EditCommitted); ok {
		tell("two more are added", e.AmountDelta)
	}
	do(order.MarkPaid{PaymentID: id(6), Method: "cash", At: at})
	do(order.CreateFulfillment{FulfillmentID: id(7), At: at})
	do(order.Ship{ShipmentID: id(8), FulfillmentID: id(7), At: at})
	do(order.RecordDelivery{FulfillmentID: id(7), At: at})
	do(order.RequestReturn{ReturnID: id(9), Lines: []order.RequestedLine{{LineID: line, Quantity: 1}}, At: at})
	do(order.ApproveReturn{ReturnID: id(9), At: at})
	do(order.ReceiveReturn{ReturnID: id(9), At: at})
	if e, ok := do(order.ResolveReturn{ReturnID: id(9), At: at}).(order.ReturnResolved); ok {
		tell("the first one comes back", -e.Refund)
	}
	fmt.Println("owed to the customer:", money.Format(o.AmountOwedToCustomer(), "EUR"))
	// Output:
	// 9.99 less 1.00 plus 1.71
	// three mugs                10.70   the order costs 10.70
	// the last one is canceled  -3.56   the order costs 7.14
	// two more are added         7.13   the order costs 14.27
	// the first one comes back  -3.57   the order costs 10.70
	// owed to the customer: 3.57
}
