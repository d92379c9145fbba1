package commands

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
)

// What is looked at all the time stays, whatever else comes and goes; what came last outlives what came before it.
func TestStates_trim(t *testing.T) {
	t.Parallel()

	s := newStates(100, 1<<30)
	var busy []name
	for i := range 50 {
		n := name{"a", products, fmt.Sprint(i)}
		_, r := s.find(n)
		s.put(newAggregate(r))
		busy = append(busy, n)
	}
	var last []ref
	for round := range 200 {
		last = last[:0]
		for range 20 {
			r := ref{"a", orders, uuid.New()}
			s.put(newAggregate(r))
			last = append(last, r)
		}
		for i, n := range busy {
			if a, _ := s.find(n); a == nil {
				t.Fatalf("round %d: aggregate %d is gone, though every round looks at it", round, i)
			}
		}
		s.trim()
		if want := min(100, 50+20*(round+1)); len(s.byRef) != want || len(s.queue) != want || len(s.named) > want {
			t.Fatalf("round %d: %d kept, %d queue, %d have names; want %d", round, len(s.byRef), len(s.queue), len(s.named), want)
		}
		for _, r := range last {
			if s.byRef[r] == nil {
				t.Fatalf("round %d: what came last is gone already", round)
			}
		}
	}
}

// What is dropped leaves nothing behind, however often that happens.
func TestStates_dropsLeaveNothing(t *testing.T) {
	t.Parallel()

	s := newStates(100, 1<<30)
	for i := range 10_000 {
		n := name{"a", stocks, fmt.Sprint(i)}
		_, r := s.find(n)
		s.put(newAggregate(r))
		s.find(n)
		s.drop(r)
	}
	if len(s.byRef) > 0 || len(s.named) > 0 || len(s.queue) > 200 {
		t.Errorf("%d kept, %d with names, %d in the queue; want none, none and few", len(s.byRef), len(s.named), len(s.queue))
	}
}

// An aggregate that was dropped is not found by its name either, and its successor is.
func TestStates_drop(t *testing.T) {
	t.Parallel()

	s := newStates(10, 1<<30)
	n := name{"a", stocks, "MUG"}
	none, r := s.find(n)
	first := newAggregate(r)
	s.put(first)
	found, _ := s.find(n)
	s.drop(r)
	dropped, _ := s.find(n)
	second := newAggregate(r)
	s.put(second)
	again, _ := s.find(n)
	if none != nil || found != first || dropped != nil || again != second || len(s.byRef) != 1 {
		t.Errorf("found %p, %p, %p, %p of %d kept; want none, the first, none, the second and 1", none, found, dropped, again, len(s.byRef))
	}
}

// What aggregates take of the memory is bounded, however few they are: large ones go before the number is reached, what
// is looked at all the time stays, and the count follows states that grow and shrink.
func TestStates_bytes(t *testing.T) {
	t.Parallel()

	const most = 1 << 20
	s := newStates(20_000, most)
	hot := name{"a", stocks, "hot"}
	_, r := s.find(hot)
	s.put(newAggregate(r))
	for range 150 {
		a := newAggregate(ref{"a", orders, uuid.New()})
		s.put(a)
		placed := placedOrder(a.stream, 1000)
		data, err := orders.encode(placed)
		if err != nil {
			t.Fatal(err)
		}
		a.apply(uuid.New(), placed, len(data))
		s.weigh(a)
		if a, _ := s.find(hot); a == nil {
			t.Fatal("what is looked at all the time is gone")
		}
		s.trim()
		if s.bytes > most {
			t.Fatalf("%d bytes are kept; want at most %d", s.bytes, most)
		}
	}
	sum := 0
	for _, a := range s.byRef {
		sum += a.weight
	}
	if sum != s.bytes || len(s.byRef) < 2 {
		t.Errorf("%d aggregates take %d bytes, and %d are counted", len(s.byRef), sum, s.bytes)
	}
	for r := range s.byRef {
		s.drop(r)
	}
	if s.bytes != 0 {
		t.Errorf("%d bytes of nothing", s.bytes)
	}
}

// The weights of states are near what they take: at least half of it, at most four times as much.
func TestStates_weights(t *testing.T) { //nolint:paralleltest // it measures the memory of the process
	const n = 50
	for name, tt := range map[string]struct { //nolint:paralleltest // see above
		kind  *kind
		facts func(i int) []fact
	}{
		"orders of 1,000 lines": {orders, func(int) []fact { return []fact{placedOrder(uuid.New(), 1000)} }},
		"orders of two lines":   {orders, func(int) []fact { return []fact{placedOrder(uuid.New(), 2)} }},
		"stock with 1,000 reservations": {stocks, func(int) []fact {
			all := []fact{stock.Received{SKU: "A", LocationID: "main", Quantity: 100_000}}
			for range 1000 {
				all = append(all, stock.Reserved{SKU: "A", ReservationID: uuid.New(), OrderID: uuid.New(), Allocations: []stock.Allocation{{LocationID: "main", Quantity: 1}}})
			}
			return all
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStates(n, 1<<40)
			encoded := make([][][]byte, n)
			for i := range encoded {
				for _, f := range tt.facts(i) {
					data, err := tt.kind.encode(f)
					if err != nil {
						t.Fatal(err)
					}
					encoded[i] = append(encoded[i], data)
				}
			}
			types := tt.facts(0)
			before := heap()
			for _, events := range encoded {
				a := newAggregate(ref{"a", tt.kind, uuid.New()})
				for i, data := range events {
					f, err := tt.kind.decode(types[i].EventType(), data)
					if err != nil {
						t.Fatal(err)
					}
					a.apply(uuid.New(), f, len(data))
				}
				s.put(a)
			}
			took := heap() - before
			if s.bytes < took/2 || s.bytes > 4*took {
				t.Errorf("%d bytes are counted, %d taken", s.bytes, took)
			}
			t.Logf("%d bytes are counted, %d taken", s.bytes, took)
			runtime.KeepAlive(encoded)
			runtime.KeepAlive(s)
		})
	}
}

// heap returns the bytes that are in use.
func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc) //nolint:gosec // small
}

// placedOrder is the event of an order of so many lines.
func placedOrder(id uuid.UUID, lines int) order.Placed {
	placed := order.Placed{PlacedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	placed.OrderID, placed.Currency, placed.Channel = id, "EUR", "web"
	for i := range lines {
		placed.Lines = append(placed.Lines, order.Line{
			LineID: uuid.New(), SKU: fmt.Sprintf("SKU-%d", i), ProductName: "A thing of some kind", Quantity: 1, UnitPrice: 100, Subtotal: 100, Total: 100,
			TaxLines: []order.TaxLine{{Code: "standard", Rate: 190_000, Amount: 19}},
		})
	}
	return placed
}
