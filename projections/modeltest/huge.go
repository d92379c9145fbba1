package modeltest

import (
	"math"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// Huge draws events of orders with amounts that commands refuse and a log may hold all the same: sums of a few of them
// need more than 64 bits.
func Huge(t *rapid.T) []projections.Event {
	amount := rapid.SampledFrom([]int64{5_000_000_000_000_000_000, math.MaxInt64, math.MaxInt64 - 1, 1, 0, -5_000_000_000_000_000_000})
	noon := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	events := make([]projections.Event, rapid.IntRange(2, 20).Draw(t, "events"))
	var placed []uuid.UUID
	for i := range events {
		n, kind := amount.Draw(t, "amount"), rapid.IntRange(0, 3).Draw(t, "kind")
		if i == 0 || kind == 0 {
			kind, placed = 0, append(placed, uuid.NewSHA1(uuid.NameSpaceOID, []byte{byte(i)}))
		}
		about := order.About{
			OrderID: placed[len(placed)-1], Currency: "EUR", CustomerID: "c-1",
			Channel: rapid.SampledFrom([]string{"web", "app"}).Draw(t, "channel"),
		}
		at := noon.AddDate(0, rapid.IntRange(0, 2).Draw(t, "months"), 0)
		line := order.Line{LineID: about.OrderID, SKU: "MUG", Quantity: max(n, 1), UnitPrice: 1, Subtotal: n, Total: n}
		e := &events[i]
		e.Tenant, e.Stream, e.OccurredAt, e.Position, e.StreamType, e.Version = Tenants[0], about.OrderID, at, eventstore.Position(i+1), order.StreamType, 1
		begun := order.Placed{Contents: order.Contents{
			OrderID: about.OrderID, Channel: about.Channel, Currency: about.Currency, CustomerID: about.CustomerID, Lines: []order.Line{line},
			Totals: order.Totals{Subtotal: n, Total: n, Tax: n},
		}, PlacedAt: at}
		switch kind {
		case 0:
			e.Body = begun
		case 1:
			e.Body = order.PaymentUpdated{OrderID: about.OrderID, Channel: about.Channel, Currency: about.Currency, CapturedChange: n, RefundedChange: n}
		case 2:
			e.Body = order.LinesCanceled{About: about, Value: n, Lines: []order.CanceledLine{{SKU: "MUG", Quantity: 1, Amount: n}}}
		default:
			e.Body = order.ReturnResolved{About: about, Refund: n, TakenOffDue: n, RefundTax: n, Lines: []order.ReturnedLine{{SKU: "MUG", Amount: n}}}
		}
	}
	return events
}
