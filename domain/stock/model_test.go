package stock_test

import (
	"cmp"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
)

// model is a stock that any sequence of commands is sent to, with the books that it must agree with. The books follow
// from the commands and from the units that events name, never from the stock's own sums.
type model struct {
	pick    stock.PickOrder
	forced  bool // more was sold elsewhere than was there, perhaps
	state   stock.Stock
	restart stock.Stock // read from a snapshot at some time and moved on since
	history events
	now     time.Time
	moves   map[string]int64                         // units that came to a location less those that left it
	owed    map[uuid.UUID]map[uuid.UUID]int64        // units of each line of each reservation, held or waited for
	holds   map[uuid.UUID]map[stock.Allocation]int64 // by everything but the quantity
	waits   []waiter
	sure    map[uuid.UUID]bool // committed ones
}

// waiter is a reservation that waits, in the sequence of the queue.
type waiter struct {
	id     uuid.UUID
	placed time.Time
	units  int64
}

func TestStock_stateMachine(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		m := &model{
			pick: rapid.SampledFrom([]stock.PickOrder{nil, nil, {"east", "main"}, {"north"}, {}}).Draw(t, "pick"),
			now:  noon, moves: map[string]int64{}, owed: map[uuid.UUID]map[uuid.UUID]int64{},
			holds: map[uuid.UUID]map[stock.Allocation]int64{}, sure: map[uuid.UUID]bool{},
		}
		t.Repeat(map[string]func(*rapid.T){
			"levels": func(t *rapid.T) { m.do(t, m.levels(t)) },
			"receive": func(t *rapid.T) {
				m.do(t, stock.Receive{SKU: "MUG", LocationID: place.Draw(t, "at"), Quantity: rapid.Int64Range(1, 12).Draw(t, "n"), At: m.now})
			},
			"reserve":     func(t *rapid.T) { m.do(t, m.reserve(t)) },
			"reserve two": func(t *rapid.T) { m.do(t, m.reserve(t)); m.do(t, m.reserve(t)) },
			"reservation": func(t *rapid.T) { m.do(t, m.change(t)) },
			"ship":        func(t *rapid.T) { m.do(t, m.ship(t)) },
			"policy":      func(t *rapid.T) { m.do(t, m.policy(t)) },
			"scratch":     m.scratch,
			"restart":     m.fromSnapshot,
			"time":        func(t *rapid.T) { m.now = m.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "s")) * time.Second) },
			"":            m.check,
		})
	})
}

var (
	place  = rapid.SampledFrom([]string{"", "main", "east", "north"})
	named  = rapid.SampledFrom([]string{"main", "east", "north"})
	number = rapid.Int64Range(-2, 12)
	ids    = rapid.Custom(func(t *rapid.T) uuid.UUID { return uuid.UUID{15: rapid.Byte().Draw(t, "id") % 8, 0: 1} })
	carts  = rapid.Custom(func(t *rapid.T) uuid.UUID { return uuid.UUID{15: rapid.Byte().Draw(t, "cart") % 3, 0: 2} })
	row    = rapid.SampledFrom([]uuid.UUID{line1, line2})
)

func some(t *rapid.T) []stock.LineQuantity {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) stock.LineQuantity {
		return stock.LineQuantity{LineID: row.Draw(t, "line"), Quantity: rapid.Int64Range(1, 6).Draw(t, "n")}
	}), 1, 3).Draw(t, "lines")
}

func spared(t *rapid.T) []stock.LineLocation {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) stock.LineLocation {
		return stock.LineLocation{LineID: row.Draw(t, "line"), LocationID: named.Draw(t, "at"), Quantity: rapid.Int64Range(1, 6).Draw(t, "n")}
	}), 0, 3).Draw(t, "spare")
}

func (m *model) levels(t *rapid.T) stock.Command {
	at, n := place.Draw(t, "at"), number.Draw(t, "n")
	dispositions := rapid.SampledFrom([]stock.Disposition{stock.Restock, stock.QualityControl, stock.Damaged, stock.WriteOff})
	return []stock.Command{
		stock.Adjust{SKU: "MUG", LocationID: at, Delta: n - 4, Reason: "found", At: m.now},
		stock.Count{SKU: "MUG", LocationID: at, Counted: n, At: m.now},
		stock.Return{SKU: "MUG", LocationID: at, OrderID: ids.Draw(t, "order"), Lines: some(t), Disposition: dispositions.Draw(t, "as"), At: m.now},
		stock.Inspect{LocationID: at, From: dispositions.Draw(t, "from"), Disposition: dispositions.Draw(t, "to"), Quantity: n, At: m.now},
		stock.DispatchTransfer{TransferID: ids.Draw(t, "transfer"), From: at, To: place.Draw(t, "to"), Quantity: n, At: m.now},
		stock.ReceiveTransfer{TransferID: ids.Draw(t, "transfer"), Quantity: n, Lost: rapid.Int64Range(0, 2).Draw(t, "lost"), At: m.now},
		stock.DeductSold{SKU: "MUG", Quantity: n, Force: rapid.Bool().Draw(t, "force"), At: m.now},
	}[rapid.IntRange(0, 6).Draw(t, "which")]
}

func (m *model) reserve(t *rapid.T) stock.Command {
	demands := make([]stock.Demand, 0, 3)
	for _, line := range some(t) {
		demands = append(demands, stock.Demand{LineID: line.LineID, Quantity: line.Quantity})
	}
	id := ids.Draw(t, "order")
	c := stock.Reserve{
		SKU: "MUG", ReservationID: id, OrderID: id, Demands: demands,
		PlacedAt: m.now.Add(-time.Duration(rapid.IntRange(0, 3).Draw(t, "ago")) * time.Minute), At: m.now,
	}
	switch rapid.IntRange(0, 3).Draw(t, "which") {
	case 0:
		c.Convert = carts.Draw(t, "cart")
	case 1:
		c.ReservationID, c.OrderID, c.Kind, c.ExpiresAt = carts.Draw(t, "cart"), uuid.Nil, stock.KindSoft, m.now.Add(time.Minute)
	case 2:
		more := stock.ReserveMore{
			SKU: "MUG", ReservationID: id, ChangeID: ids.Draw(t, "change"), Demands: demands, Committed: rapid.Bool().Draw(t, "confirmed"), At: m.now,
		}
		if rapid.Bool().Draw(t, "exchange") {
			more.Release, more.Spare = some(t), spared(t)
		}
		return more
	}
	return c
}

func (m *model) change(t *rapid.T) stock.Command {
	id := rapid.OneOf(ids, carts).Draw(t, "reservation")
	return []stock.Command{
		stock.Release{ReservationID: id, Reason: "customer", At: m.now},
		stock.Release{ReservationID: id, Lines: some(t), Spare: spared(t), At: m.now},
		stock.ExtendReservation{ReservationID: id, ExpiresAt: m.now.Add(time.Minute), At: m.now},
		stock.Expire{ReservationID: id, At: m.now},
		stock.Move{ReservationID: id, To: named.Draw(t, "to"), Lines: some(t), At: m.now},
		stock.Move{ReservationID: id, To: named.Draw(t, "to"), At: m.now},
	}[rapid.IntRange(0, 5).Draw(t, "which")]
}

func (m *model) ship(t *rapid.T) stock.Command {
	id := ids.Draw(t, "order")
	if rapid.Bool().Draw(t, "confirm") {
		return stock.Commit{ReservationID: id, At: m.now}
	}
	return stock.Deduct{ReservationID: id, LocationID: named.Draw(t, "at"), Lines: some(t), At: m.now}
}

func (m *model) policy(t *rapid.T) stock.Command {
	limit := rapid.Int64Range(0, 9).Draw(t, "limit")
	return []stock.Command{
		stock.SetSafetyStock{SKU: "MUG", LocationID: place.Draw(t, "at"), Quantity: limit, At: m.now},
		stock.SetBackorderPolicy{SKU: "MUG", Policy: stock.BackorderDeny, At: m.now},
		stock.SetBackorderPolicy{SKU: "MUG", Policy: stock.BackorderAllow, At: m.now},
		stock.SetBackorderPolicy{SKU: "MUG", Policy: stock.BackorderLimit, Limit: limit, At: m.now},
		stock.SetTracking{SKU: "MUG", Tracked: limit > 1, At: m.now},
	}[rapid.IntRange(0, 4).Draw(t, "which")]
}

// do sends a command. A refused one must leave the state as it was, an accepted one comes through storage.
func (m *model) do(t *rapid.T, cmd stock.Command) {
	before := m.state.AppendSnapshot(nil)
	happened, err := stock.DecideFrom(&m.state, cmd, m.pick)
	if !slices.Equal(m.state.AppendSnapshot(nil), before) || err != nil && (happened != nil || rule.CodeOf(err) == "") {
		t.Fatalf("%+v: deciding left %+v and %v, %v", cmd, m.state, happened, err)
	}
	if _, ok := cmd.(stock.Release); ok && err != nil {
		t.Fatalf("%+v: %v; giving back is never refused", cmd, err)
	}
	m.checkAnswer(t, cmd, err)
	if sold, ok := cmd.(stock.DeductSold); ok && sold.Force {
		m.forced = true
	}
	promised := m.overPromised()
	for _, event := range happened {
		data, err := stock.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := stock.Decode(event.EventType(), data)
		if err != nil || !reflect.DeepEqual(stored, event) {
			t.Fatalf("%+v comes back as %+v, %v", event, stored, err)
		}
		m.note(t, stored)
		m.history = append(m.history, stored)
		m.state.Apply(stored)
		m.restart.Apply(stored)
	}
	for location, units := range m.overPromised() {
		switch cmd.(type) {
		case stock.Adjust, stock.DeductSold, stock.Count, stock.SetSafetyStock:
		default:
			if units > promised[location] {
				t.Fatalf("%+v promises %d units at %s that are not there; it were %d before", cmd, units, location, promised[location])
			}
		}
	}
}

// checkAnswer compares a reservation's answer with what the books say is possible.
func (m *model) checkAnswer(t *rapid.T, cmd stock.Command, err error) {
	c, ok := cmd.(stock.Reserve)
	if !ok || c.Convert != uuid.Nil || m.owed[c.ReservationID] != nil {
		return
	}
	var wanted int64
	for _, d := range c.Demands {
		wanted += d.Quantity
	}
	possible, waiting := m.state.AvailableFrom(m.pick), m.waiting()
	if c.Kind != stock.KindSoft {
		switch m.state.Policy() {
		case stock.BackorderAllow:
			possible = wanted
		case stock.BackorderLimit:
			possible += max(0, m.state.BackorderLimit-waiting)
		case stock.BackorderDeny:
		}
	}
	if want := wanted <= possible || m.state.Untracked; want != (err == nil) || err != nil && rule.CodeOf(err) != rule.InsufficientStock {
		t.Fatalf("%+v: %v; %d wanted, %d possible", c, err, wanted, possible)
	}
}

// overPromised returns by how much locations have promised more than they hold.
func (m *model) overPromised() map[string]int64 {
	over := map[string]int64{}
	for _, at := range m.state.Locations {
		over[at.ID] = max(0, at.Reserved+at.Committed+at.SafetyStock+at.Damaged+at.QualityControl-at.OnHand)
	}
	return over
}

func (m *model) waiting() int64 {
	var sum int64
	for _, w := range m.waits {
		sum += w.units
	}
	return sum
}

// scratch tries two commands out, which must come to what they do one after the other.
func (m *model) scratch(t *rapid.T) {
	before, clone := m.state.AppendSnapshot(nil), m.state.Clone()
	x := stock.NewScratch(&m.state)
	for _, cmd := range []stock.Command{m.reserve(t), m.change(t), m.ship(t), m.levels(t)} {
		want, wantErr := stock.Decide(&clone, cmd)
		got, err := x.Decide(cmd)
		if !reflect.DeepEqual(got, want) || (err == nil) != (wantErr == nil) {
			t.Fatalf("%+v on a scratch: %+v, %v; want %+v, %v", cmd, got, err, want, wantErr)
		}
		for _, e := range want {
			clone.Apply(e)
		}
		if !same(x.State(), &clone) || x.State().Live() != clone.Live() {
			t.Fatalf("%+v leaves a scratch as %+v; want %+v", cmd, x.State(), clone)
		}
	}
	if !slices.Equal(m.state.AppendSnapshot(nil), before) {
		t.Fatalf("the scratch changed its stock to %+v", m.state)
	}
}

func (m *model) fromSnapshot(t *rapid.T) {
	var err error
	if m.restart, err = stock.ReadSnapshot(m.restart.AppendSnapshot(nil)); err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "go on with it") {
		if m.state, err = stock.ReadSnapshot(m.state.AppendSnapshot(nil)); err != nil {
			t.Fatal(err)
		}
	}
}

// queue lines a reservation up in the books.
func (m *model) queue(id uuid.UUID, placed time.Time, units int64) {
	for i := range m.waits {
		if m.waits[i].id == id {
			m.waits[i].units += units
			m.waits = slices.DeleteFunc(m.waits, func(w waiter) bool { return w.units == 0 })
			return
		}
	}
	if units > 0 {
		m.waits = append(m.waits, waiter{id, placed, units})
		slices.SortStableFunc(m.waits, func(a, b waiter) int { return cmp.Compare(a.placed.UnixMilli(), b.placed.UnixMilli()) })
	}
}
