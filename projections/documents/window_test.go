package documents

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/modeltest"
)

// However few documents are open at a time, a fold holds the same ones as if all were.
func TestWindow(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		events := modeltest.Any(t, 120)
		most := rapid.IntRange(1, 5).Draw(t, "most")
		for _, kind := range []*Kind{Orders(), StockLevels()} {
			f := newFold(kind)
			f.open.most = most
			byKey := make(map[Key][]projections.Event)
			for i := range events {
				e := &events[i]
				if err := f.Add(e); err != nil {
					t.Fatal(err)
				}
				if len(f.open.open) > most {
					t.Fatalf("%d documents are open, want at most %d", len(f.open.open), most)
				}
				if e.StreamType == kind.streamType {
					key := Key{e.Tenant, e.Stream}
					byKey[key] = append(byKey[key], *e)
				}
			}
			if err := f.Seal(); err != nil {
				t.Fatal(err)
			}
			if f.Len() != len(byKey) {
				t.Fatalf("%d documents, want %d", f.Len(), len(byKey))
			}
			for _, d := range f.held.All() {
				want, err := kind.Fold(Document{}, byKey[d.key])
				if err != nil {
					t.Fatal(err)
				}
				got, err := d.document()
				if err != nil || d.state != nil || !sameDocument(got, want) {
					t.Fatalf("document of %v = version %d at %d: %s (%v); want version %d at %d: %s",
						d.key, got.Version, got.Position, got.Body, err, want.Version, want.Position, want.Body)
				}
			}
		}
	})
}

func TestReply(t *testing.T) {
	t.Parallel()

	const values = 4
	r, err := replyOf([]byte("*4\r\n$3\r\na\r\n\r\n_\r\n$0\r\n\r\n$-1\r\n"), values)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{`"a\r\n" true`, `"" false`, `"" true`, `"" false`} {
		value, there, err := r.next()
		if got := fmt.Sprintf("%q %t", value, there); err != nil || got != want {
			t.Errorf("value %d = %s, %v; want %s", i, got, err, want)
		}
	}
	if _, _, err := r.next(); err == nil {
		t.Error("a value after the last one: want an error")
	}
	for _, wrong := range []string{"", "-ERR no\r\n", "*3\r\n", "$4\r\nabcd\r\n"} {
		if _, err := replyOf([]byte(wrong), values); err == nil {
			t.Errorf("replyOf(%q): want an error", wrong)
		}
	}
	for _, wrong := range []string{"\r\n", "$", "$x\r\n", ":1\r\n", "$5\r\nabc\r\n", "$-2\r\n"} {
		r := reply(wrong)
		if _, there, err := r.next(); err == nil {
			t.Errorf("next of %q = %t; want an error", wrong, there)
		}
	}
}
