package commands

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/stock"
)

// A decision sees what it has decided itself, the state that it was made on stays as it is, and the events of one
// aggregate stay together in the order in which they were added, however many aggregates there are.
func TestDecision_on(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	for _, others := range []int{0, 3, 3 * manyReads} {
		t.Run(fmt.Sprint(others), func(t *testing.T) {
			t.Parallel()

			a := newAggregate(ref{"demo", stocks, uuid.New()})
			a.apply(uuid.New(), stock.Received{SKU: "A", LocationID: stock.MainLocation, Quantity: 10, ReceivedAt: at}, 100)
			before := a.stockState().Clone()
			var d decision
			decide := func(of *aggregate, cmd stock.Command) {
				t.Helper()
				events, err := stock.Decide(d.stockOf(of), cmd)
				if err != nil {
					t.Fatal(err)
				}
				d.add(of, facts(events)...)
			}
			if d.stockOf(a) != a.stockState() {
				t.Error("a decision without events copies the state")
			}
			one, two := uuid.New(), uuid.New()
			reserve := func(id uuid.UUID, n int64) stock.Reserve {
				return stock.Reserve{SKU: "A", ReservationID: id, OrderID: id, Demands: []stock.Demand{{LineID: id, Quantity: n}}, At: at}
			}
			decide(a, reserve(one, 10))
			for i := range others {
				b := newAggregate(ref{"demo", stocks, uuid.New()})
				decide(b, stock.Receive{SKU: fmt.Sprint(i), Quantity: 1, At: at})
			}
			decide(a, stock.Release{ReservationID: one, At: at}) // possible only because it is reserved
			decide(a, reserve(two, 10))                          // possible only because it is released
			decide(a, stock.Commit{ReservationID: two, At: at})
			st := d.stockOf(a)
			if st.Committed() != 10 || st.Available() != 0 || st.Live() != 1 {
				t.Errorf("in the decision: %d committed, %d available, %d reservations; want 10, 0, 1", st.Committed(), st.Available(), st.Live())
			}
			if got := a.stockState(); !reflect.DeepEqual(got.Levels, before.Levels) || got.Live() != 0 || a.version != 1 {
				t.Errorf("the state has become %+v at %d, was %+v", got.Levels, a.version, before.Levels)
			}
			if len(d.changes) != 1+others || d.changes[0].of != a || d.events() != 4+others {
				t.Errorf("%d changes, %d events; want %d, %d and the first one first", len(d.changes), d.events(), 1+others, 4+others)
			}
			var got []string
			for _, f := range d.changes[0].facts {
				got = append(got, f.EventType())
			}
			if want := []string{"stock.reserved.v1", "stock.released.v1", "stock.reserved.v1", "stock.committed.v1"}; !reflect.DeepEqual(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
		})
	}
}
