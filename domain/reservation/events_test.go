package reservation_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/ordermill/ordermill/domain/reservation"
)

var golden = flag.Bool("golden", false, "write the golden files that are missing; what is stored never changes")

// Every event keeps the bytes it was first stored as: each type has a file, which is read and written back unchanged.
func TestEvents_golden(t *testing.T) {
	t.Parallel()

	var seen []string
	for _, event := range samples() {
		seen = append(seen, event.EventType())
		t.Run(event.EventType(), func(t *testing.T) {
			t.Parallel()

			stored := goldenFile(t, event)
			got, err := reservation.Decode(event.EventType(), stored)
			if err != nil || !reflect.DeepEqual(got, event) {
				t.Errorf("Decode = %+v, %v; want %+v", got, err, event)
			}
			if again, err := reservation.Encode(event); err != nil || !bytes.Equal(again, stored) {
				t.Errorf("Encode = %s, %v; want %s", again, err, stored)
			}
		})
	}
	slices.Sort(seen)
	if types := reservation.Types(); !slices.Equal(slices.Compact(seen), types) {
		t.Errorf("there are samples of %v; want one of each of %v", seen, types)
	}
}

func goldenFile(t *testing.T, event reservation.Event) []byte {
	t.Helper()

	path := filepath.Join("testdata", "events", event.EventType()+".json")
	stored, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && *golden {
		if stored, err = reservation.Encode(event); err == nil {
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

	if _, err := reservation.Decode("reservation.unheard_of.v1", []byte("{}")); !errors.Is(err, reservation.ErrUnknownType) {
		t.Errorf("Decode of an unknown type: %v; want ErrUnknownType", err)
	}
	for _, eventType := range reservation.Types() {
		if event, err := reservation.Decode(eventType, []byte("{")); err == nil || errors.Is(err, reservation.ErrUnknownType) {
			t.Errorf("Decode of half a %s = %v, %v; want a JSON error", eventType, event, err)
		}
		if _, err := reservation.Decode(eventType, []byte("{\"added_later\": {\"x\": [1]}}")); err != nil {
			t.Errorf("Decode of %s with a field of a later build: %v; want none", eventType, err)
		}
	}
}

// Whatever bytes a row holds, decoding gives an event or an error, and an event can be applied and written back.
func FuzzDecode(f *testing.F) {
	for _, event := range samples() {
		data, err := reservation.Encode(event)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(event.EventType(), data)
	}
	f.Fuzz(func(t *testing.T, eventType string, data []byte) {
		event, err := reservation.Decode(eventType, data)
		if err != nil {
			return
		}
		reservation.Replay(event)
		first, err := reservation.Encode(event)
		if err != nil {
			return // such as a year beyond 9999
		}
		again, err := reservation.Decode(eventType, first)
		if err != nil {
			t.Fatalf("Decode(%s): %v", first, err)
		}
		if second, err := reservation.Encode(again); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("Encode = %s, %v; want %s", second, err, first)
		}
	})
}

func samples() events { return events{made, extended, released, expired, converted} }
