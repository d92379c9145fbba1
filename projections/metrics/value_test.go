package metrics

import (
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections/modeltest"
)

// plainFigures are figures that fit.
type plainFigures [figureCount]int64

// Whatever is edited, canceled, taxed anew and left to expire, each figure tells what the orders' last states come to: what
// was ordered, at its last taxes, and what is left of it, to the last minor unit.
func TestFigures_conserveValue(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		var got, want plainFigures
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
				want[refundsShipping] += f.RefundShipping - f.RefundShippingTax
				want[goodwill] += f.RefundGoodwill
			case order.ReturnImported:
				for _, l := range f.Lines {
					want[refunds] -= l.Tax
				}
			default:
			}
		}
		for _, f := range sums.figures {
			for i := range f {
				got[i] += f[i].Clamp()
			}
		}
		for id, o := range orders {
			if !placed[id] {
				continue // a draft, or what was one
			}
			wantValue(&want, o)
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
		want[refunds] -= want[refundsShipping] + want[goodwill]
		for _, f := range []figure{
			refundsShipping, goodwill, grossSales, discounts, cancellations, tax, shipping, refunds, units, unitsCanceled, unitsReturned, captured, paidBack,
		} {
			if got[f] != want[f] {
				r.Fatalf("%s is %d; want %d", figureColumns[f], got[f], want[f])
			}
		}
	})
}

// wantValue adds what an order's goods and shipping are worth without tax, by its state alone.
func wantValue(want *plainFigures, o *order.Order) {
	var ordered, discounted int64
	for i := range o.Lines {
		l := &o.Lines[i]
		ordered += l.NetSubtotal(o.Rounding.Mode)
		discounted += l.NetSubtotal(o.Rounding.Mode) - l.NetTotal()
		want[tax] += l.TaxTotal()
		for n := range l.Batches {
			if n > 0 { // added by an edit, without a discount
				ordered += l.Batches[n].Total - l.Batches[n].Tax
				want[tax] += l.Batches[n].Tax
			}
		}
	}
	live := o.LiveTotals()
	left := live.Total - live.Tax
	for i := range o.ShippingLines {
		net := o.ShippingLines[i].NetTotal()
		want[shipping] += net
		want[tax] += o.ShippingLines[i].Total() - net
		if o.Status != order.StatusCanceled && o.Status != order.StatusExpired {
			left -= net
		}
	}
	want[grossSales] += ordered
	want[discounts] += discounted
	want[cancellations] += ordered - discounted - left
}

// An order that is taxed anew leaves the figures of one that was placed at those taxes, whatever happens afterwards.
func TestFigures_requote(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		requoted, placed := modeltest.Requoted(r)
		modeltest.Same(r, Model{}, requoted, placed)
	})
}

// Nothing is left of the value of orders that were taxed anew once all of them are canceled or sent back.
func TestFigures_requoteUndone(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		var got plainFigures
		sums, events := newBuckets(), modeltest.Undone(r)
		for i := range events {
			if err := sums.add(&events[i]); err != nil {
				r.Fatal(err)
			}
		}
		for _, f := range sums.figures {
			for i := range f {
				got[i] += f[i].Clamp()
			}
		}
		if left := got[grossSales] - got[discounts] - got[cancellations] - got[refunds] - got[goodwill]; left != 0 {
			r.Fatalf("%d is left: %+v", left, got)
		}
	})
}
