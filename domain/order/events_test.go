package order_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ordermill/ordermill/domain/order"
)

var golden = flag.Bool("golden", false, "write the golden files that are missing; what is stored never changes")

// Every event keeps the bytes it was first stored as: each type has a file, which is read and written back unchanged.
func TestEvents_golden(t *testing.T) {
	t.Parallel()

	checkGolden(t, samples())
	var seen []string
	for _, event := range allSamples() {
		seen = append(seen, event.EventType())
	}
	slices.Sort(seen)
	if types := order.Types(); !slices.Equal(slices.Compact(seen), types) {
		t.Errorf("there are samples of %v; want one of each of %v", seen, types)
	}
}

func goldenFile(t *testing.T, event order.Event, dir string) []byte {
	t.Helper()

	path := filepath.Join("testdata", dir, event.EventType()+".json")
	stored, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && *golden {
		if stored, err = order.Encode(event); err == nil {
			err = os.WriteFile(path, append(stored, '\n'), 0o644)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(stored, []byte("\n"))
}

func TestDecode_errors(t *testing.T) {
	t.Parallel()

	if _, err := order.Decode("order.unheard_of.v1", []byte("{}")); !errors.Is(err, order.ErrUnknownType) {
		t.Errorf("Decode of an unknown type: %v; want ErrUnknownType", err)
	}
	for _, eventType := range order.Types() {
		if event, err := order.Decode(eventType, []byte("{")); err == nil || errors.Is(err, order.ErrUnknownType) {
			t.Errorf("Decode of half a %s = %v, %v; want a JSON error", eventType, event, err)
		}
		if _, err := order.Decode(eventType, []byte("{\"added_later\": {\"x\": [1]}}")); err != nil {
			t.Errorf("Decode of %s with a field of a later build: %v; want none", eventType, err)
		}
	}
}

// Whatever bytes a row holds, decoding gives an event or an error, and an event can be applied and written back.
func FuzzDecode(f *testing.F) {
	for _, event := range allSamples() {
		data, err := order.Encode(event)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(event.EventType(), data)
	}
	f.Fuzz(func(t *testing.T, eventType string, data []byte) {
		event, err := order.Decode(eventType, data)
		if err != nil {
			return
		}
		order.Replay(event)
		first, err := order.Encode(event)
		if err != nil {
			return // such as a year beyond 9999
		}
		again, err := order.Decode(eventType, first)
		if err != nil {
			t.Fatalf("Decode(%s): %v", first, err)
		}
		if second, err := order.Encode(again); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("Encode = %s, %v; want %s", second, err, first)
		}
	})
}
