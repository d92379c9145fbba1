package stock_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/stock"
)

// The snapshot of a history that has all kinds of events, reservations and figures. If it is not the stored one, the fold
// or the layout has changed: raise SnapshotFormat, and `make golden` adds the file of the new format.
func TestSnapshot_golden(t *testing.T) {
	t.Parallel()

	state := stock.Replay(history()...)
	got := state.AppendSnapshot(nil)
	path := filepath.Join("testdata", "snapshots", fmt.Sprintf("stock-%d.bin", stock.SnapshotFormat))
	want, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && *golden {
		want = got
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			err = os.WriteFile(path, got, 0o644)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("snapshot %x; want %x, or another SnapshotFormat than %d", got, want, stock.SnapshotFormat)
	}
	read, err := stock.ReadSnapshot(want)
	if err != nil || !same(&read, &state) || read.Live() != state.Live() || read.SKU != "MUG" {
		t.Errorf("ReadSnapshot = %+v, %v; want %+v", read, err, state)
	}
	for id, r := range state.All() {
		if again, ok := read.Reservation(id); !ok || fmt.Sprint(again) != fmt.Sprint(r) {
			t.Errorf("reservation %s is read as %+v, %t; want %+v", id, again, ok, r)
		}
	}
}

// history leaves something in every field of a state.
func history() events {
	many := reserved(orderB, from("north", line1, 1))
	many.ChangeID, many.OrderID, many.Backordered = shipment, orderA, lines(line2, 2)
	other := reserved(uuid.Max, anywhere(line2, 3))
	other.Kind = "of a later build"
	return append(events{
		received("main", 50), received("north", 50), allowed(),
		reserved(orderA, from("main", line1, 3), from("north", line2, 9), from("main", line2, 1)), committed(orderA, from("main", line1, 3), from("north", line2, 9), from("main", line2, 1)),
		soft(from("main", line1, 1)), many, other, waiting(shipment, 7),
		stock.TransferDispatched{SKU: "MUG", TransferID: cart, FromLocationID: "main", ToLocationID: "north", Quantity: 5},
	}, samples()[4:]...)
}

func TestReadSnapshot_damaged(t *testing.T) {
	t.Parallel()

	state := stock.Replay(history()...)
	whole := state.AppendSnapshot(nil)
	refused := func(b []byte, how string) {
		if read, err := stock.ReadSnapshot(b); !errors.Is(err, stock.ErrSnapshot) {
			t.Fatalf("%s: ReadSnapshot = %+v, %v; want ErrSnapshot", how, read, err)
		}
	}
	for n := range whole {
		refused(whole[:n:n], fmt.Sprintf("cut to %d bytes", n))
		b := bytes.Clone(whole)
		b[n] ^= 0x10
		refused(b, fmt.Sprintf("byte %d changed", n))
		if n == len(whole)-4 {
			continue // all that is sealed
		}
		refused(sealed(whole[:n]), fmt.Sprintf("cut to %d bytes, with a checksum that fits", n))
	}
	newer := bytes.Clone(whole)
	newer[0]++
	refused(sealed(newer[:len(newer)-4]), "of another format")
	refused(nil, "nothing")
}

// sealed returns body with its checksum.
func sealed(body []byte) []byte {
	return binary.LittleEndian.AppendUint32(bytes.Clone(body), crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

func TestSnapshot_empty(t *testing.T) {
	t.Parallel()

	var nothing stock.Stock
	read, err := stock.ReadSnapshot(nothing.AppendSnapshot(nil))
	if err != nil || read.Exists() || !same(&read, &nothing) {
		t.Errorf("ReadSnapshot = %+v, %v; want nothing", read, err)
	}
	if before, again := nothing.AppendSnapshot([]byte("before")), nothing.AppendSnapshot(nil); string(before) != "before"+string(again) {
		t.Errorf("appended to other bytes: %x; want %x at the end", before, again)
	}
}

// Whatever the bytes, reading gives an error or a state that can be used and written again.
func FuzzReadSnapshot(f *testing.F) {
	state := stock.Replay(history()...)
	whole := state.AppendSnapshot(nil)
	f.Add(whole[:len(whole)-4])
	f.Add([]byte{stock.SnapshotFormat})
	f.Fuzz(func(t *testing.T, body []byte) {
		read, err := stock.ReadSnapshot(sealed(body))
		if err != nil {
			return
		}
		for id, r := range read.All() {
			if again, ok := read.Reservation(id); !ok || fmt.Sprint(again) != fmt.Sprint(r) {
				t.Fatalf("reservation %s is %+v and %+v", id, r, again)
			}
		}
		for _, cmd := range []stock.Command{
			stock.Receive{Quantity: 5}, reserve(orderA, 1), stock.Release{ReservationID: orderA}, stock.Expire{ReservationID: cart, At: noon.Add(time.Hour)},
		} {
			happened, _ := stock.Decide(&read, cmd)
			for _, e := range happened {
				read.Apply(e)
			}
		}
		if again, err := stock.ReadSnapshot(read.AppendSnapshot(nil)); err != nil || !same(&again, &read) {
			t.Fatalf("written again it is %+v, %v; want %+v", again, err, read)
		}
	})
}
