package stock_test

import (
	"reflect"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
)

// model is a stock that any sequence of commands is sent to, with all that must hold afterwards.
type model struct {
	state   stock.Stock
	history events
	onHand  int64                // Σ receipts that were accepted
	live    map[uuid.UUID]int64  // units of each reservation by the model's own books
	promise map[uuid.UUID]string // reserved or committed
}

func TestStock_stateMachine(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		m := &model{live: map[uuid.UUID]int64{}, promise: map[uuid.UUID]string{}}
		orders := rapid.Custom(func(t *rapid.T) uuid.UUID { return uuid.UUID{15: rapid.Byte().Draw(t, "order") % 12, 0: 1} })
		t.Repeat(map[string]func(*rapid.T){
			"receive": func(t *rapid.T) {
				quantity := rapid.Int64Range(-1, 20).Draw(t, "quantity")
				location := rapid.SampledFrom([]string{"", "main", "east", "north", "alpha"}).Draw(t, "location")
				if err := m.do(t, stock.Receive{SKU: "MUG", LocationID: location, Quantity: quantity, At: noon}); err == nil {
					m.onHand += quantity
				} else if quantity > 0 {
					t.Fatalf("a receipt of %d: %v", quantity, err)
				}
			},
			"reserve": func(t *rapid.T) { m.reserve(t, orders.Draw(t, "id")) },
			"commit": func(t *rapid.T) {
				id := orders.Draw(t, "id")
				err := m.do(t, stock.Commit{ReservationID: id, At: noon})
				if _, ok := m.live[id]; ok != (err == nil) {
					t.Fatalf("commit of a reservation that is there (%t): %v", ok, err)
				}
				if err == nil {
					m.promise[id] = "committed"
				}
			},
			"release": func(t *rapid.T) {
				id := orders.Draw(t, "id")
				if err := m.do(t, stock.Release{ReservationID: id, Reason: "customer", At: noon}); err != nil {
					t.Fatalf("release: %v", err)
				}
				delete(m.live, id)
				delete(m.promise, id)
			},
			"": m.check,
		})
	})
}

func (m *model) reserve(t *rapid.T, id uuid.UUID) {
	quantities := rapid.SliceOfN(rapid.Int64Range(1, 9), 1, 2).Draw(t, "quantities")
	var sum int64
	for _, quantity := range quantities {
		sum += quantity
	}
	available := m.state.Available()
	err := m.do(t, reserve(id, quantities...))
	_, there := m.live[id]
	switch {
	case there && err != nil:
		t.Fatalf("reserving again: %v", err)
	case there: // as it was
	case (sum <= available) != (err == nil):
		t.Fatalf("%d of %d available units: %v", sum, available, err)
	case err == nil:
		m.live[id], m.promise[id] = sum, "reserved"
	case rule.CodeOf(err) != rule.InsufficientStock:
		t.Fatalf("%d of %d available units: %v; want insufficient_stock", sum, available, err)
	}
}

// do sends a command. A refused one must leave the state as it was, an accepted one comes through storage.
func (m *model) do(t *rapid.T, cmd stock.Command) error {
	before := m.state.Clone()
	happened, err := stock.Decide(&m.state, cmd)
	if !reflect.DeepEqual(m.state, before) || err != nil && happened != nil {
		t.Fatalf("%+v: deciding left %+v and %v; want %+v", cmd, m.state, happened, before)
	}
	for _, event := range happened {
		data, err := stock.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := stock.Decode(event.EventType(), data)
		if err != nil || !reflect.DeepEqual(stored, event) {
			t.Fatalf("%+v comes back as %+v, %v", event, stored, err)
		}
		m.history = append(m.history, stored)
		m.state.Apply(stored)
	}
	return err
}

func (m *model) check(t *rapid.T) {
	var reserved, committed int64
	for id, units := range m.live {
		if m.promise[id] == "committed" {
			committed += units
		} else {
			reserved += units
		}
	}
	got := [...]int64{m.state.OnHand(), m.state.Reserved(), m.state.Committed(), m.state.Available()}
	if want := [...]int64{m.onHand, reserved, committed, m.onHand - reserved - committed}; got != want {
		t.Fatalf("on hand, reserved, committed, available = %v; want %v", got, want)
	}
	for _, at := range m.state.Locations {
		if at.Reserved < 0 || at.Committed < 0 || at.OnHand < at.Reserved+at.Committed {
			t.Fatalf("location %+v promises what it has not", at)
		}
	}
	if replayed := stock.Replay(m.history...); !reflect.DeepEqual(replayed, m.state) {
		t.Fatalf("replayed %+v; want %+v", replayed, m.state)
	}
	if stored := roundTrip(t, &m.state); !reflect.DeepEqual(stored, m.state) {
		t.Fatalf("stored %+v; want %+v", stored, m.state)
	}
	var levels stock.Levels
	for _, event := range m.history {
		levels.Apply(event)
	}
	if !reflect.DeepEqual(levels, m.state.Levels) {
		t.Fatalf("levels alone %+v; want %+v", levels, m.state.Levels)
	}
}
