package stock_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
)

// cases are rows of given events, a command, and the events or the error that it must cause.
type cases map[string]struct {
	given   events
	when    stock.Command
	then    events
	wantErr rule.Code
}

// decides runs cases. Whatever a command does, deciding it changes nothing, and the figures of a refusal name at least
// what was asked for and what is possible.
func decides(t *testing.T, tests cases) {
	t.Helper()
	decidesFrom(t, nil, tests)
}

// decidesFrom runs cases of a shop with a pick order.
func decidesFrom(t *testing.T, pick stock.PickOrder, tests cases) {
	t.Helper()

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			state := stock.Replay(tt.given...)
			got, err := stock.DecideFrom(&state, tt.when, pick)
			if rule.CodeOf(err) != tt.wantErr || (err == nil) != (tt.wantErr == "") || !reflect.DeepEqual(got, tt.then) {
				t.Errorf("Decide = %+v, %v; want %+v, %q", got, err, tt.then, tt.wantErr)
			}
			if before := stock.Replay(tt.given...); !same(&state, &before) {
				t.Errorf("Decide changed the state to %+v; want %+v", state, before)
			}
		})
	}
}

// same compares states with all that is in them.
func same(a, b *stock.Stock) bool { return bytes.Equal(a.AppendSnapshot(nil), b.AppendSnapshot(nil)) }

func lines(quantities ...any) []stock.LineQuantity {
	var list []stock.LineQuantity
	for i := 0; i < len(quantities); i += 2 {
		id, _ := quantities[i].(uuid.UUID)
		quantity, _ := quantities[i+1].(int)
		list = append(list, stock.LineQuantity{LineID: id, Quantity: int64(quantity)})
	}
	return list
}

func allowed() stock.Event {
	return stock.BackorderPolicySet{SKU: "MUG", Policy: stock.BackorderAllow, SetAt: noon}
}

func filled(order uuid.UUID, committed bool, allocations ...stock.Allocation) stock.BackorderFilled {
	return stock.BackorderFilled{
		SKU: "MUG", ReservationID: order, OrderID: order, Allocations: allocations, Committed: committed, FilledAt: noon,
	}
}

// waiting is a reservation of some units that waits for others of the first line.
func waiting(order uuid.UUID, quantity int64, allocations ...stock.Allocation) stock.Reserved {
	e := reserved(order, append([]stock.Allocation{}, allocations...)...)
	e.Backordered = []stock.LineQuantity{{LineID: line1, Quantity: quantity}}
	return e
}

func soft(allocations ...stock.Allocation) stock.Reserved {
	e := reserved(cart, allocations...)
	e.Kind, e.OrderID, e.ExpiresAt = stock.KindSoft, uuid.Nil, noon.Add(minute)
	return e
}

func anywhere(line uuid.UUID, quantity int64) stock.Allocation {
	a := from("main", line, quantity)
	a.Untracked = true
	return a
}

func untracked() stock.Event { return stock.TrackingSet{SKU: "MUG", SetAt: noon} }

func released(order uuid.UUID, reason string, allocations ...stock.Allocation) stock.Released {
	return stock.Released{
		SKU: "MUG", ReservationID: order, OrderID: order, Allocations: append([]stock.Allocation{}, allocations...), Reason: reason, ReleasedAt: noon,
	}
}
