package eventstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// someFrame returns a frame of n events from a position on, with bodies and names of many lengths.
func someFrame(first eventstore.Position, n int) eventstore.Frame {
	f := eventstore.Frame{Log: 3, Epoch: 2, First: first, Last: first + eventstore.Position(n) - 1}
	at := time.Date(2011, time.November, 9, 8, 26, 0, 123_456_000, time.UTC)
	for i := range n {
		f.Events = append(f.Events, eventstore.Recorded{
			Log: f.Log, Position: first + eventstore.Position(i), Tenant: fmt.Sprintf("tenant-%d", i%3),
			Stream: uuid.NewSHA1(uuid.Nil, []byte{byte(i % 5)}), StreamType: "order", Version: eventstore.Version(i/5 + 1),
			ID: uuid.NewSHA1(uuid.Nil, []byte{1, byte(i)}), Type: fmt.Sprintf("order.changed.v%d", i%2+1), Schema: int16(i%2 + 1),
			Data: bytes.Repeat([]byte{byte(i)}, i*7%400), Metadata: []byte(`{"actor":"x"}`),
			OccurredAt: at.Add(-time.Duration(i*i) * time.Hour), RecordedAt: at.Add(time.Duration(i) * time.Microsecond),
		})
	}
	return f
}

func TestFrame_roundTrip(t *testing.T) {
	t.Parallel()

	unusual := someFrame(math.MaxInt64-1, 1)
	unusual.Log, unusual.Epoch = math.MaxInt32, math.MaxInt64
	unusual.Events[0] = eventstore.Recorded{
		Log: math.MaxInt32, Position: math.MaxInt64 - 1, Schema: math.MinInt16, Version: math.MinInt64,
		Data: []byte{}, Metadata: []byte{}, OccurredAt: time.Time{}.UTC(), RecordedAt: time.UnixMicro(math.MaxInt64).UTC(),
	}
	for name, want := range map[string]eventstore.Frame{"one event": someFrame(1, 1), "many": someFrame(9_999_999_999, 200), "unusual": unusual} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b, err := want.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			got, err := eventstore.UnmarshalFrame(b)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("UnmarshalFrame = %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

func TestFrame_compact(t *testing.T) {
	t.Parallel()

	f := someFrame(1, 500)
	b, err := f.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.Events {
		f.Events[i].Data, f.Events[i].Metadata = nil, nil
	}
	bare, err := f.Marshal()
	if err != nil || len(bare) > 55*len(f.Events) {
		t.Errorf("an event costs %d bytes beside its bodies, %v; want at most 55 (%d with them)", len(bare)/500, err, len(b)/500)
	}
}

func TestFrame_Marshal_refusesHoles(t *testing.T) {
	t.Parallel()

	for name, spoil := range map[string]func(*eventstore.Frame){
		"empty":       func(f *eventstore.Frame) { *f = eventstore.Frame{Log: 1, First: 1} },
		"no log":      func(f *eventstore.Frame) { f.Log = 0 },
		"wrong last":  func(f *eventstore.Frame) { f.Last++ },
		"a hole":      func(f *eventstore.Frame) { f.Events[1].Position++ },
		"another log": func(f *eventstore.Frame) { f.Events[1].Log++ },
		"overflow":    func(f *eventstore.Frame) { f.First, f.Last = math.MaxInt64, math.MinInt64+1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			f := someFrame(5, 3)
			spoil(&f)
			if b, err := f.Marshal(); !errors.Is(err, eventstore.ErrBadFrame) {
				t.Errorf("Marshal = %d bytes, %v; want ErrBadFrame", len(b), err)
			}
		})
	}
}

func TestFrame_After(t *testing.T) {
	t.Parallel()

	whole := someFrame(10, 5)
	for _, tt := range []struct {
		after eventstore.Position
		first eventstore.Position
		left  int
	}{{0, 10, 5}, {9, 10, 5}, {10, 11, 4}, {13, 14, 1}, {14, 0, 0}, {99, 0, 0}} {
		got, ok := whole.After(tt.after)
		if ok != (tt.left > 0) || got.First != tt.first || len(got.Events) != tt.left {
			t.Errorf("After(%d) = %d, %d events, %v; want %d, %d", tt.after, got.First, len(got.Events), ok, tt.first, tt.left)
		}
		if _, err := got.Marshal(); ok && err != nil {
			t.Errorf("After(%d) is no frame: %v", tt.after, err)
		}
	}
}

// Whatever is cut off or changed, decoding says so and never panics.
func TestUnmarshalFrame_damaged(t *testing.T) {
	t.Parallel()

	whole, err := someFrame(1, 4).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := eventstore.UnmarshalFrame(whole[:n]); !errors.Is(err, eventstore.ErrBadFrame) {
			t.Errorf("the first %d of %d bytes: %v; want ErrBadFrame", n, len(whole), err)
		}
	}
	for name, b := range map[string][]byte{
		"longer": append(bytes.Clone(whole), 0), "newer": append([]byte("OF\x02"), whole[3:]...), "foreign": []byte(`{"orders":[]}`),
	} {
		if _, err := eventstore.UnmarshalFrame(b); !errors.Is(err, eventstore.ErrBadFrame) {
			t.Errorf("%s: %v; want ErrBadFrame", name, err)
		}
	}
}

func FuzzUnmarshalFrame(f *testing.F) {
	for _, n := range []int{1, 2, 30} {
		b, err := someFrame(eventstore.Position(n), n).Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("OF\x01\x01\x01\x01\x01\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := eventstore.UnmarshalFrame(b)
		if err != nil {
			if !errors.Is(err, eventstore.ErrBadFrame) {
				t.Fatalf("%v does not match ErrBadFrame", err)
			}
			return
		}
		again, err := frame.Marshal()
		if err != nil {
			t.Fatalf("Marshal of what was decoded: %v", err)
		}
		if got, err := eventstore.UnmarshalFrame(again); err != nil || !reflect.DeepEqual(got, frame) {
			t.Fatalf("round trip = %+v, %v; want %+v", got, err, frame)
		}
	})
}
