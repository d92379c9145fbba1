// Package jsonwriter appends JSON byte for byte as encoding/json does without escaping for HTML, several times faster. It
// is for what is written all the time; what it has no method for goes through encoding/json.
package jsonwriter

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Writer appends JSON to a buffer. Commas are its own business. Names come with their quotes and colon.
type Writer struct {
	buf []byte
	err error
}

// New returns a writer with room for some bytes.
func New(room int) *Writer { return &Writer{buf: make([]byte, 0, room)} }

// Object returns a writer that has begun an object after what is in buf. It takes no memory of its own.
func Object(buf []byte) Writer { return Writer{buf: append(buf, '{')} }

// Bytes returns what was written, or the first error.
func (w *Writer) Bytes() ([]byte, error) {
	if w.err != nil {
		return nil, w.err
	}
	return w.buf, nil
}

// Fail notes an error, unless there was one before.
func (w *Writer) Fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// Begin begins a value that is an object or an array: the whole, or an element of an array.
func (w *Writer) Begin(bracket byte) {
	w.comma()
	w.buf = append(w.buf, bracket)
}

// Open begins a member that is an object or an array.
func (w *Writer) Open(name string, bracket byte) {
	w.member(name)
	w.buf = append(w.buf, bracket)
}

// End ends what was begun last.
func (w *Writer) End(bracket byte) { w.buf = append(w.buf, bracket) }

// Text writes a member that is a string.
func (w *Writer) Text(name, v string) {
	w.member(name)
	w.text(v)
}

// TextIf leaves an empty string out.
func (w *Writer) TextIf(name, v string) {
	if v != "" {
		w.Text(name, v)
	}
}

// TextElement writes an element of an array that is a string.
func (w *Writer) TextElement(v string) {
	w.comma()
	w.text(v)
}

// Int writes a member that is a number.
func (w *Writer) Int(name string, v int64) {
	w.member(name)
	w.buf = strconv.AppendInt(w.buf, v, 10)
}

// IntIf leaves a zero out.
func (w *Writer) IntIf(name string, v int64) {
	if v != 0 {
		w.Int(name, v)
	}
}

// Bool writes a member that is true or false.
func (w *Writer) Bool(name string, v bool) {
	w.member(name)
	w.buf = strconv.AppendBool(w.buf, v)
}

// BoolIf leaves false out.
func (w *Writer) BoolIf(name string, v bool) {
	if v {
		w.Bool(name, v)
	}
}

const hexDigits = "0123456789abcdef"

// UUID writes a member that is an id.
func (w *Writer) UUID(name string, id uuid.UUID) {
	w.member(name)
	w.buf = append(w.buf, '"')
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			w.buf = append(w.buf, '-')
		}
		w.buf = append(w.buf, hexDigits[b>>4], hexDigits[b&0x0f])
	}
	w.buf = append(w.buf, '"')
}

// UUIDIf leaves the zero id out.
func (w *Writer) UUIDIf(name string, id uuid.UUID) {
	if id != uuid.Nil {
		w.UUID(name, id)
	}
}

// Time writes a member that is an instant.
func (w *Writer) Time(name string, t time.Time) {
	w.member(name)
	out, err := t.AppendText(append(w.buf, '"'))
	if err != nil {
		w.Fail(err)
		return
	}
	w.buf = append(out, '"')
}

// TimeIf leaves the zero time out.
func (w *Writer) TimeIf(name string, t time.Time) {
	if !t.IsZero() {
		w.Time(name, t)
	}
}

// RawIf copies JSON, compacted, or leaves out what is not there.
func (w *Writer) RawIf(name string, v json.RawMessage) {
	if len(v) == 0 {
		return
	}
	w.member(name)
	out := bytes.NewBuffer(w.buf)
	if err := json.Compact(out, v); err != nil {
		w.Fail(err)
		return
	}
	w.buf = out.Bytes()
}

// Value writes a member of any kind.
func (w *Writer) Value(name string, v any) {
	w.member(name)
	w.value(v)
}

// member begins a member of an object.
func (w *Writer) member(name string) {
	w.comma()
	w.buf = append(w.buf, name...)
}

// comma separates what follows from what is there.
func (w *Writer) comma() {
	if n := len(w.buf); n > 0 && w.buf[n-1] != '{' && w.buf[n-1] != '[' {
		w.buf = append(w.buf, ',')
	}
}

func (w *Writer) text(v string) {
	if !plain(v) {
		w.value(v)
		return
	}
	w.buf = append(append(append(w.buf, '"'), v...), '"')
}

// plain reports whether JSON has v as it is.
func plain(v string) bool {
	ascii := true
	for i := range len(v) {
		c := v[i]
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.ValidString(v) && !strings.ContainsAny(v, "\u2028\u2029")
}

func (w *Writer) value(v any) {
	out := bytes.NewBuffer(w.buf)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		w.Fail(err)
		return
	}
	w.buf = bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
