package stock_test

import (
	"maps"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/stock"
)

// note enters an event into the books.
func (m *model) note(t *rapid.T, event stock.Event) {
	switch e := event.(type) {
	case stock.Received:
		m.moves[e.LocationID] += e.Quantity
	case stock.Adjusted:
		m.moves[e.LocationID] += e.Delta
	case stock.Counted:
		m.moves[e.LocationID] = e.Counted
	case stock.Reserved:
		m.hold(e.ReservationID, e.Allocations, e.Backordered, 1)
		m.sure[e.ReservationID] = e.Committed
		placed := e.PlacedAt
		if placed.IsZero() {
			placed = e.ReservedAt
		}
		m.queue(e.ReservationID, placed, sum(e.Backordered))
	case stock.ReservationExtended:
	case stock.Released:
		m.hold(e.ReservationID, e.Allocations, e.Backordered, -1)
		m.queue(e.ReservationID, time.Time{}, -sum(e.Backordered))
	case stock.ReservationExpired:
		m.hold(e.ReservationID, e.Allocations, nil, -1)
	case stock.Committed:
		m.sure[e.ReservationID] = true
	case stock.BackorderFilled:
		m.fill(t, e)
	case stock.Moved:
		m.hold(e.ReservationID, e.Allocations, nil, -1)
		for _, a := range e.Allocations {
			a.LocationID = e.ToLocationID
			m.hold(e.ReservationID, []stock.Allocation{a}, nil, 1)
		}
	case stock.Deducted:
		if !m.sure[e.ReservationID] {
			t.Fatalf("%+v leaves unconfirmed", e)
		}
		m.hold(e.ReservationID, e.Allocations, nil, -1)
		for _, a := range e.Allocations {
			if !a.Untracked {
				m.moves[a.LocationID] -= a.Quantity
			}
		}
	case stock.Returned:
		if e.Disposition != stock.WriteOff && !e.Untracked {
			m.moves[e.LocationID] += sum(e.Lines)
		}
	case stock.Inspected:
		if e.Disposition == stock.WriteOff {
			m.moves[e.LocationID] -= e.Quantity
		}
	case stock.TransferDispatched:
		m.moves[e.FromLocationID] -= e.Quantity
	case stock.TransferReceived:
		m.moves[e.ToLocationID] += e.Quantity
	case stock.SafetyStockSet, stock.BackorderPolicySet, stock.TrackingSet:
	}
}

// fill checks that whoever is served is the first of those who wait, and that nobody is passed over who still waits.
func (m *model) fill(t *rapid.T, e stock.BackorderFilled) {
	var units int64
	for _, a := range e.Allocations {
		units += a.Quantity
	}
	if first := m.waits[0]; first.id != e.ReservationID || units > first.units {
		t.Fatalf("%+v is served; the first to wait is %+v", e, first)
	}
	if e.Committed != m.sure[e.ReservationID] {
		t.Fatalf("%+v says committed; the books say %t", e, m.sure[e.ReservationID])
	}
	m.queue(e.ReservationID, time.Time{}, -units)
	for _, a := range e.Allocations {
		m.hold(e.ReservationID, []stock.Allocation{a}, []stock.LineQuantity{{LineID: a.LineID, Quantity: -a.Quantity}}, 1)
	}
}

// hold enters what a reservation holds and waits for.
func (m *model) hold(id uuid.UUID, allocations []stock.Allocation, waits []stock.LineQuantity, sign int64) {
	if m.owed[id] == nil {
		m.owed[id], m.holds[id] = map[uuid.UUID]int64{}, map[stock.Allocation]int64{}
	}
	for _, a := range allocations {
		m.owed[id][a.LineID] += sign * a.Quantity
		key := a
		key.Quantity = 0
		m.holds[id][key] += sign * a.Quantity
	}
	for _, l := range waits {
		m.owed[id][l.LineID] += sign * l.Quantity
	}
	maps.DeleteFunc(m.owed[id], func(_ uuid.UUID, n int64) bool { return n == 0 })
	maps.DeleteFunc(m.holds[id], func(_ stock.Allocation, n int64) bool { return n == 0 })
	if len(m.owed[id]) == 0 {
		delete(m.owed, id)
		delete(m.holds, id)
	}
}

// check compares the state with the books.
func (m *model) check(t *rapid.T) {
	reserved, committed := map[string]int64{}, map[string]int64{}
	for id, holds := range m.holds {
		for a, n := range holds {
			switch {
			case n < 0:
				t.Fatalf("reservation %s gave back %d units more than it had at %+v", id, -n, a)
			case a.Untracked:
			case m.sure[id]:
				committed[a.LocationID] += n
			default:
				reserved[a.LocationID] += n
			}
		}
	}
	for _, at := range m.state.Locations {
		if at.OnHand != m.moves[at.ID] || at.Reserved != reserved[at.ID] || at.Committed != committed[at.ID] {
			t.Fatalf("location %+v; the books say %d on hand, %d reserved, %d committed", at, m.moves[at.ID], reserved[at.ID], committed[at.ID])
		}
		if at.OnHand < at.Damaged+at.QualityControl && (!m.forced || at.ID != stock.MainLocation) || min(at.Incoming, at.Damaged, at.QualityControl, at.SafetyStock) < 0 {
			t.Fatalf("location %+v has less than it is made of", at)
		}
	}
	if m.state.Live() != len(m.owed) {
		t.Fatalf("%d live reservations; the books say %d", m.state.Live(), len(m.owed))
	}
	for id, r := range m.state.All() {
		if len(m.owed[id]) == 0 || r.Committed != m.sure[id] {
			t.Fatalf("reservation %+v; the books say %v, committed %t", r, m.owed[id], m.sure[id])
		}
		for line, n := range m.owed[id] {
			if held, waits := r.Line(line); held+waits != n {
				t.Fatalf("line %s of %+v holds %d and waits for %d; want %d in all", line, r, held, waits, n)
			}
		}
	}
	if m.state.Backordered != m.waiting() || m.state.Backordered > 0 && (m.state.AvailableFrom(m.pick) > 0 || m.state.Untracked) {
		t.Fatalf("%d units wait, %d by the books, and %d are available", m.state.Backordered, m.waiting(), m.state.AvailableFrom(m.pick))
	}
	m.checkReplay(t)
}

// checkReplay compares the state with what its events fold to, whole, from a snapshot, and without reservations.
func (m *model) checkReplay(t *rapid.T) {
	if replayed := stock.Replay(m.history...); !same(&replayed, &m.state) {
		t.Fatalf("replayed %+v; want %+v", replayed, m.state)
	}
	if !same(&m.restart, &m.state) || m.restart.Live() != m.state.Live() {
		t.Fatalf("snapshot and tail %+v; want %+v", m.restart, m.state)
	}
	var levels stock.Levels
	for _, event := range m.history {
		levels.Apply(event)
	}
	alone := stock.Stock{Levels: levels}
	bare := stock.Stock{Levels: m.state.Levels}
	if !same(&alone, &bare) {
		t.Fatalf("levels alone %+v; want %+v", levels, m.state.Levels)
	}
}

func sum(lines []stock.LineQuantity) int64 {
	var n int64
	for _, l := range lines {
		n += l.Quantity
	}
	return n
}
