package scan_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/internal/scan"
)

// Whatever encoding/json writes of these types, a reader reads back, or gives up because of an escape.
func TestReader_roundTrip(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Int64Range(-999_999_999_999_999_999, 999_999_999_999_999_999).Draw(t, "number")
		at := time.Unix(rapid.Int64Range(-62_135_596_800, 253_402_300_799).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).UTC()
		var id uuid.UUID
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		flag := rapid.Bool().Draw(t, "flag")
		data, err := json.Marshal([]any{number, at, id, flag, map[string]int{"a": 1}})
		if err != nil {
			t.Fatal(err)
		}
		r := scan.New(data)
		r.Open('[')
		gotNumber := r.Int()
		r.More(']')
		gotAt := r.Time()
		r.More(']')
		gotID := r.UUID()
		r.More(']')
		gotFlag := r.Bool()
		r.More(']')
		raw := r.Raw()
		if r.More(']') || !r.Done() || gotNumber != number || gotAt != at || gotID != id || gotFlag != flag || string(raw) != `{"a":1}` {
			t.Fatalf("%s is read as %d, %s, %s, %t, %s", data, gotNumber, gotAt, gotID, gotFlag, raw)
		}
	})
}

// A reader gives up rather than guess.
func TestReader_refuses(t *testing.T) {
	t.Parallel()

	text := func(r *scan.Reader) { _ = r.String() }
	number := func(r *scan.Reader) { r.Int() }
	at := func(r *scan.Reader) { r.Time() }
	id := func(r *scan.Reader) { r.UUID() }
	raw := func(r *scan.Reader) { r.Raw() }
	for i, tt := range []struct {
		data string
		read func(*scan.Reader)
	}{
		{``, text},
		{`"`, text},
		{`"a`, text},
		{`"a\n"`, text},
		{"\"\x01\"", text},
		{"\"\xff\"", text},
		{`null`, text},
		{`"a" `, text},
		{``, number},
		{`-`, number},
		{`01`, number},
		{`1.0`, number},
		{`1e3`, number},
		{`1234567890123456789`, number},
		{` 1`, number},
		{`null`, number},
		{`"2026-03-01T12:00:00"`, at},
		{`"2026-02-29T12:00:00Z"`, at},
		{`"2026-00-01T12:00:00Z"`, at},
		{`"2026-03-01T24:00:00Z"`, at},
		{`"2026-03-01T12:00:60Z"`, at},
		{`"2026-03-01T12:00:00.Z"`, at},
		{`"2026-03-01T12:00:00.1234567890Z"`, at},
		{`"2026-03-01T12:00:00,5Z"`, at},
		{`"2026-03-01T12:00:00+01:00"`, at},
		{`"2x26-03-01T12:00:00Z"`, at},
		{`null`, at},
		{`"01955001-0000-7000-8000-00000000000"`, id},
		{`"0195500100007000800000000000000011111"`, id},
		{`"01955001-0000-7000-8000-00000000000g"`, id},
		{`{`, raw},
		{`}`, raw},
		{`{"a"}`, raw},
		{`"a"`, raw},
		{`null`, raw},
		{`[]`, raw},
		{`{"\`, raw},
	} {
		t.Run(fmt.Sprintf("%d %s", i, tt.data), func(t *testing.T) {
			t.Parallel()

			r := scan.New([]byte(tt.data))
			if tt.read(&r); r.Done() {
				t.Errorf("%q is read to its end", tt.data)
			}
		})
	}
}

// A text is read as encoding/json reads it, or given up, wherever in it the first byte lies that needs a closer look.
func TestReader_text(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.StringMatching(`[ -!#-\[\]-~]{0,40}`)
		odd := rapid.SampledFrom([]string{"", `\n`, `\"`, `\\`, "\x1f", "\x00", "é", "\u2028", "\xff", "\x80", "\x7f", `"`})
		data := []byte(`"` + plain.Draw(t, "before") + odd.Draw(t, "odd") + plain.Draw(t, "after") + `"`)
		r := scan.New(data)
		got := r.String()
		if !r.Done() {
			return
		}
		var want string
		if err := json.Unmarshal(data, &want); err != nil || got != want {
			t.Fatalf("%q is read as %q; encoding/json says %q, %v", data, got, want, err)
		}
	})
	long := `"` + "the quick brown fox jumps over the lazy dog, Köln" + `"`
	r := scan.New([]byte(long))
	if got := r.String(); !r.Done() || got != long[1:len(long)-1] {
		t.Errorf("%s is read as %q", long, got)
	}
}
