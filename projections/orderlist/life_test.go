package orderlist

import (
	"reflect"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections/modeltest"
)

// Whatever happens to an order, and whenever its row is stored and read back meanwhile, what follows from the row is
// what follows from the domain's own fold.
func TestRow_likeDomain(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		rows, orders := map[uuid.UUID]*row{}, map[uuid.UUID]*order.Order{}
		events := modeltest.Orders(r, 600)
		stored := rapid.SliceOfN(rapid.IntRange(0, 3), len(events), len(events)).Draw(r, "stored")
		for i := range events {
			fact, ok := events[i].Body.(order.Event)
			if !ok {
				continue
			}
			id := events[i].Stream
			if rows[id] == nil {
				rows[id], orders[id] = &row{}, &order.Order{}
			}
			rows[id].apply(&events[i], fact)
			orders[id].Apply(fact)
			if stored[i] == 0 {
				rows[id] = restored(r, rows[id])
			}
			d, o := rows[id].derive(new(standIn)), orders[id]
			if d.payment != o.PaymentStatus() || d.fulfillment != o.FulfillmentStatus() || d.returns != o.ReturnStatus() ||
				d.due != o.AmountDue() || d.owed != o.AmountOwedToCustomer() {
				r.Fatalf("after %s: %s, %s, %s, due %d, owed %d; the domain has %s, %s, %s, %d, %d\nof %s", events[i].Type,
					d.payment, d.fulfillment, d.returns, d.due, d.owed, o.PaymentStatus(), o.FulfillmentStatus(), o.ReturnStatus(),
					o.AmountDue(), o.AmountOwedToCustomer(), d.life)
			}
			if d.open < 0 || d.waiting < 0 || rows[id].status != o.Status || !rows[id].updatedAt.Equal(o.UpdatedAt) {
				r.Fatalf("after %s: %d units open, %d waiting, status %s at %s; the domain has %s at %s", events[i].Type, d.open, d.waiting,
					rows[id].status, rows[id].updatedAt, o.Status, o.UpdatedAt)
			}
		}
	})
}

// restored returns a row as it comes out of the table again.
func restored(r *rapid.T, was *row) *row {
	is := *was
	is.renewed = renewed{}
	if was.life == nil {
		return &is
	}
	d := was.derive(new(standIn))
	o := is.sums()
	o.Tags, o.ArchivedAt = d.tags, d.archivedAt
	if err := decodeLife(d.life, &o); err != nil {
		r.Fatal(err)
	}
	is.life = &o
	if again := is.derive(new(standIn)); !reflect.DeepEqual(again, d) {
		r.Fatalf("read back: %+v; was %+v", again, d)
	}
	return &is
}
