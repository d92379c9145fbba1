package jsonwriter_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/jsonwriter"
)

// all has a member of every kind that the writer knows.
type all struct {
	Text    string          `json:"text"`
	Maybe   string          `json:"maybe,omitempty"`
	Int     int64           `json:"int"`
	Some    int64           `json:"some,omitempty"`
	Bool    bool            `json:"bool"`
	True    bool            `json:"true,omitempty"`
	ID      uuid.UUID       `json:"id"`
	Known   uuid.UUID       `json:"known,omitzero"`
	At      time.Time       `json:"at"`
	Once    time.Time       `json:"once,omitzero"`
	Raw     json.RawMessage `json:"raw,omitempty"`
	Any     map[string]any  `json:"any"`
	Texts   []string        `json:"texts"`
	Objects []object        `json:"objects"`
}

type object struct {
	Text string `json:"text,omitempty"`
}

func (a *all) write(w *jsonwriter.Writer) {
	w.Begin('{')
	w.Text(`"text":`, a.Text)
	w.TextIf(`"maybe":`, a.Maybe)
	w.Int(`"int":`, a.Int)
	w.IntIf(`"some":`, a.Some)
	w.Bool(`"bool":`, a.Bool)
	w.BoolIf(`"true":`, a.True)
	w.UUID(`"id":`, a.ID)
	w.UUIDIf(`"known":`, a.Known)
	w.Time(`"at":`, a.At)
	w.TimeIf(`"once":`, a.Once)
	w.RawIf(`"raw":`, a.Raw)
	w.Value(`"any":`, a.Any)
	w.Open(`"texts":`, '[')
	for _, text := range a.Texts {
		w.TextElement(text)
	}
	w.End(']')
	w.Open(`"objects":`, '[')
	for _, o := range a.Objects {
		w.Begin('{')
		w.TextIf(`"text":`, o.Text)
		w.End('}')
	}
	w.End(']')
	w.End('}')
}

// The writer writes what encoding/json does, and fails when that does.
func TestWriter(t *testing.T) {
	t.Parallel()

	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "plain", "naïve 日本", "a\u2028b", "<&>", `"\`, "\x7f", "\xff", "[", "{"}))
	at := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "zero") {
			return time.Time{}
		}
		return time.Unix(rapid.Int64Range(-1<<33, 1<<38).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
	})
	id := rapid.Custom(func(t *rapid.T) (id uuid.UUID) {
		copy(id[:], rapid.SampledFrom([]string{"", "0123456789abcdef", "\xff\xfe\xfd\xfc........\x00\x01\x02\x03"}).Draw(t, "id"))
		return id
	})
	failed := false
	rapid.Check(t, func(rt *rapid.T) {
		a := all{
			Text: text.Draw(rt, "text"), Maybe: text.Draw(rt, "maybe"), Int: rapid.Int64().Draw(rt, "int"),
			Some: rapid.Int64Range(-1, 1).Draw(rt, "some"), Bool: rapid.Bool().Draw(rt, "bool"), True: rapid.Bool().Draw(rt, "true"),
			ID: id.Draw(rt, "id"), Known: id.Draw(rt, "known"), At: at.Draw(rt, "at"), Once: at.Draw(rt, "once"),
			Raw:   json.RawMessage(rapid.SampledFrom([]string{"", "1", `{ "a" : [1, "<\u2028>"] }`, "{"}).Draw(rt, "raw")),
			Any:   rapid.SampledFrom([]map[string]any{nil, {"a": "<b>", "c": 1}}).Draw(rt, "any"),
			Texts: rapid.SliceOfN(text, 0, 3).Draw(rt, "texts"), Objects: make([]object, rapid.IntRange(0, 2).Draw(rt, "objects")),
		}
		if a.Texts == nil {
			a.Texts = []string{}
		}
		for i := range a.Objects {
			a.Objects[i].Text = text.Draw(rt, "object")
		}
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		fails := enc.Encode(&a) != nil
		w := jsonwriter.New(0)
		a.write(w)
		got, err := w.Bytes()
		if failed = failed || fails; (err != nil) != fails {
			rt.Fatalf("error = %v; want one: %v", err, fails)
		}
		if !fails && string(got)+"\n" != want.String() {
			rt.Fatalf("wrote %s; want %s", got, want.Bytes())
		}
	})
	if !failed {
		t.Error("nothing failed: no year beyond 9999, no broken JSON")
	}
}
