package metrics

import (
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections/modeltest"
)

// Whatever is edited, canceled, taxed anew and left to expire, the figures tell what the goods are worth that are still
// wanted, and what their shipping costs, to the last minor unit.
func TestFigures_conserveValue(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		var got, want figures
		sums, orders, placed := newBuckets(), map[uuid.UUID]*order.Order{}, map[uuid.UUID]bool{}
		events := modeltest.Orders(r, 500)
		for i := range events {
			if err := sums.add(&events[i]); err != nil {
				r.Fatal(err)
			}
			fact, ok := events[i].Body.(order.Event)
			if !ok {
				continue
			}
			if orders[events[i].Stream] == nil {
				orders[events[i].Stream] = &order.Order{}
			}
			orders[events[i].Stream].Apply(fact)
			switch f := fact.(type) {
			case order.Placed, order.Imported:
				placed[events[i].Stream] = true
			case order.ReturnResolved:
				want[refunds] -= f.RefundTax
			case order.ReturnImported:
				for _, l := range f.Lines {
					want[refunds] -= l.Tax
				}
			default:
			}
		}
		for _, f := range sums.figures {
			for i := range f {
				got[i] += f[i]
			}
		}
		for id, o := range orders {
			if !placed[id] {
				continue // a draft, or what was one
			}
			live := o.LiveTotals()
			want[grossSales] += live.Total - live.Tax
			if o.Status == order.StatusCanceled || o.Status == order.StatusExpired {
				for i := range o.ShippingLines { // it is not shipped, and was charged all the same
					want[grossSales] += o.ShippingLines[i].NetTotal()
				}
			}
			want[refunds] += o.Credited
			for _, l := range o.Lines {
				want[units] += l.Counters.Ordered
				want[unitsCanceled] += l.Counters.Canceled
				want[unitsReturned] += l.Counters.Returned
			}
			funds := o.Funds()
			want[captured] += funds.Captured
			want[paidBack] += funds.Refunded
		}
		if worth := got[grossSales] - got[discounts] - got[cancellations] + got[shipping]; worth != want[grossSales] {
			r.Fatalf("goods and shipping are worth %d; want %d", worth, want[grossSales])
		}
		for _, f := range []figure{refunds, units, unitsCanceled, unitsReturned, captured, paidBack} {
			if got[f] != want[f] {
				r.Fatalf("%s is %d; want %d", figureColumns[f], got[f], want[f])
			}
		}
	})
}
