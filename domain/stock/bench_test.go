package stock_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/stock"
)

// hot returns a stock with live reservations, of which some wait for units.
func hot(tb testing.TB, live, waits int) stock.Stock {
	tb.Helper()

	state := stock.Replay(received("main", int64(live)), received("north", int64(live)), allowed())
	for i := range live + waits {
		units := int64(2)
		if i >= live {
			units = 5 // more than there are
		}
		for _, e := range decided(tb, &state, reserve(orderID(i), units)) {
			state.Apply(e)
		}
	}
	if state.Live() != live+waits || state.Available() != 0 {
		tb.Fatalf("%d live reservations, %d available; want %d, 0", state.Live(), state.Available(), live+waits)
	}
	return state
}

// orderID spreads numbers over all ids, as hashes and times do.
func orderID(i int) (id uuid.UUID) {
	binary.LittleEndian.PutUint64(id[:], uint64(i+1)*0x9e3779b97f4a7c15)
	binary.LittleEndian.PutUint64(id[8:], uint64(i))
	return id
}

func decided(tb testing.TB, s *stock.Stock, cmd stock.Command) []stock.Event {
	tb.Helper()

	happened, err := stock.Decide(s, cmd)
	if err != nil {
		tb.Fatalf("%+v: %v", cmd, err)
	}
	return happened
}

func BenchmarkReserve(b *testing.B) {
	for _, live := range []int{10, 100_000} {
		b.Run(fmt.Sprintf("live=%d", live), func(b *testing.B) {
			state := hot(b, live, 0)
			state.Apply(received("main", 1_000_000_000))
			b.ReportAllocs()
			i := live
			for b.Loop() {
				i++
				id := orderID(i)
				for _, e := range decided(b, &state, reserve(id, 2)) {
					state.Apply(e)
				}
				for _, e := range decided(b, &state, stock.Release{ReservationID: id, At: noon}) {
					state.Apply(e)
				}
			}
		})
	}
}

func BenchmarkFillBackorders(b *testing.B) {
	for _, waits := range []int{10, 100_000} {
		b.Run(fmt.Sprintf("waiting=%d", waits), func(b *testing.B) {
			state := hot(b, 10, waits)
			b.ReportAllocs()
			for b.Loop() { // two are served in full and one in part
				if n := len(decided(b, &state, stock.Receive{Quantity: 11, At: noon})); n != 4 {
					b.Fatalf("%d events; want 4", n)
				}
			}
		})
	}
}

func BenchmarkScratch(b *testing.B) {
	state := hot(b, 100_000, 100)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		x := stock.NewScratch(&state)
		i++
		for _, cmd := range []stock.Command{stock.Release{ReservationID: orderID(i % 100_000), At: noon}, reserve(orderID(i+200_000), 2)} {
			if _, err := x.Decide(cmd); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkReadSnapshot reads a state as it is loaded: the snapshot and the 1,000 events after it, as they are stored.
func BenchmarkReadSnapshot(b *testing.B) {
	for _, live := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("live=%d", live), func(b *testing.B) {
			state := hot(b, live, live/10)
			snapshot := state.AppendSnapshot(nil)
			tail := make([][]byte, 0, 1000)
			for i := range 1000 {
				id := orderID(i % live)
				r, ok := state.Reservation(id)
				if !ok {
					b.Fatalf("reservation %d is not there", i)
				}
				data, err := stock.Encode(stock.Committed{SKU: "MUG", ReservationID: id, OrderID: id, Allocations: r.Allocations, CommittedAt: noon})
				if err != nil {
					b.Fatal(err)
				}
				tail = append(tail, data)
			}
			b.SetBytes(int64(len(snapshot)))
			b.ReportAllocs()
			for b.Loop() {
				read, err := stock.ReadSnapshot(snapshot)
				if err != nil {
					b.Fatal(err)
				}
				for _, data := range tail {
					e, err := stock.Decode("stock.committed.v1", data)
					if err != nil {
						b.Fatal(err)
					}
					read.Apply(e)
				}
			}
		})
	}
}

func BenchmarkAppendSnapshot(b *testing.B) {
	for _, live := range []int{10_000, 100_000} {
		folded := hot(b, live, 0)
		read, err := stock.ReadSnapshot(folded.AppendSnapshot(nil))
		if err != nil {
			b.Fatal(err)
		}
		for name, state := range map[string]*stock.Stock{"folded": &folded, "read": &read} {
			b.Run(fmt.Sprintf("live=%d/%s", live, name), func(b *testing.B) {
				var buf []byte
				for b.Loop() {
					buf = state.AppendSnapshot(buf[:0])
				}
				b.SetBytes(int64(len(buf)))
			})
		}
	}
}
