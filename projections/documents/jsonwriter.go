package documents

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// writer appends JSON to buf, byte for byte as encoding/json does without HTML escapes, several times faster: a rebuild
// writes a document for every order there ever was. What it has no method for goes through encoding/json.
type writer struct {
	buf []byte
	err error // the first one
}

// member begins a member of an object. name comes with its quotes and colon.
func (w *writer) member(name string) {
	if last := w.buf[len(w.buf)-1]; last != '{' {
		w.buf = append(w.buf, ',')
	}
	w.buf = append(w.buf, name...)
}

// element begins an element of an array.
func (w *writer) element(i int) {
	if i > 0 {
		w.buf = append(w.buf, ',')
	}
}

func (w *writer) raw(b byte) { w.buf = append(w.buf, b) }

func (w *writer) text(name, v string) {
	w.member(name)
	w.string(v)
}

// textIf leaves an empty text out.
func (w *writer) textIf(name, v string) {
	if v != "" {
		w.text(name, v)
	}
}

func (w *writer) string(v string) {
	for i := range len(v) {
		if c := v[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			w.any(v)
			return
		}
	}
	w.buf = append(append(append(w.buf, '"'), v...), '"')
}

func (w *writer) int(name string, v int64) {
	w.member(name)
	w.buf = strconv.AppendInt(w.buf, v, 10)
}

// intIf leaves a zero out.
func (w *writer) intIf(name string, v int64) {
	if v != 0 {
		w.int(name, v)
	}
}

func (w *writer) bool(name string, v bool) {
	w.member(name)
	w.buf = strconv.AppendBool(w.buf, v)
}

const hexDigits = "0123456789abcdef"

func (w *writer) uuid(name string, id uuid.UUID) {
	w.member(name)
	w.raw('"')
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			w.raw('-')
		}
		w.buf = append(w.buf, hexDigits[b>>4], hexDigits[b&0x0f])
	}
	w.raw('"')
}

func (w *writer) time(name string, t time.Time) {
	w.member(name)
	w.raw('"')
	out, err := t.AppendText(w.buf)
	if err != nil {
		w.fail(err)
		return
	}
	w.buf = append(out, '"')
}

// timeIf leaves the zero time out.
func (w *writer) timeIf(name string, t time.Time) {
	if !t.IsZero() {
		w.time(name, t)
	}
}

// rawIf copies JSON, compacted, or leaves out what is not there.
func (w *writer) rawIf(name string, v json.RawMessage) {
	if len(v) == 0 {
		return
	}
	w.member(name)
	out := bytes.NewBuffer(w.buf)
	if err := json.Compact(out, v); err != nil {
		w.fail(err)
		return
	}
	w.buf = out.Bytes()
}

// value writes a member of any kind.
func (w *writer) value(name string, v any) {
	w.member(name)
	w.any(v)
}

// valueIf leaves out what is not there. It costs an absent value no allocation.
func valueIf[T any](w *writer, name string, v T, there bool) {
	if there {
		w.value(name, v)
	}
}

func (w *writer) any(v any) {
	data, err := encode(v)
	if err != nil {
		w.fail(err)
		return
	}
	w.buf = append(w.buf, data...)
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// array writes a member that is an array, null for a nil one.
func array[T any](w *writer, name string, values []T, write func(*writer, *T)) {
	w.member(name)
	if values == nil {
		w.buf = append(w.buf, "null"...)
		return
	}
	w.raw('[')
	for i := range values {
		w.element(i)
		w.raw('{')
		write(w, &values[i])
		w.raw('}')
	}
	w.raw(']')
}

// arrayIf leaves an empty array out.
func arrayIf[T any](w *writer, name string, values []T, write func(*writer, *T)) {
	if len(values) > 0 {
		array(w, name, values, write)
	}
}
