// Package scan reads the compact JSON that this module itself has written, several times faster than a reader of any
// JSON can: replaying a shop's history is mostly decoding.
//
// A Reader understands one spelling only: no white space, no escapes in strings, UUIDs and times as they are stored. At
// anything else it gives up, for good, and its caller falls back to encoding/json. So it may refuse what is right, but
// what it accepts it reads exactly as encoding/json does.
package scan

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Reader walks over one JSON text. Methods that meet something unexpected return a zero value and make the reader fail;
// from then on nothing is read any more. It is not safe for concurrent use.
type Reader struct {
	data   []byte
	pos    int
	failed bool
}

// New returns a reader of data, which it never writes to or keeps parts of.
func New(data []byte) Reader { return Reader{data: data} }

// Done reports whether the whole text was read without a surprise.
func (r *Reader) Done() bool { return !r.failed && r.pos == len(r.data) }

// Fail makes the reader give up, such as at a field that its caller does not know.
func (r *Reader) Fail() { r.failed = true }

// Left returns how many bytes are still to be read.
func (r *Reader) Left() int { return len(r.data) - r.pos }

// Open enters an object or array, begun by '{' or '[', and reports whether it has a first member:
//
//	for more := r.Open('{'); more; more = r.More('}') { switch string(r.Key()) { … } }
func (r *Reader) Open(begin byte) bool {
	if !r.take(begin) {
		return false
	}
	if end := begin + 2; r.pos < len(r.data) && r.data[r.pos] == end { // in ASCII, } is { + 2 and ] is [ + 2
		r.pos++
		return false
	}
	return true
}

// More reports whether another member follows, or leaves the object or array at its end.
func (r *Reader) More(end byte) bool {
	if !r.failed && r.pos < len(r.data) {
		switch r.data[r.pos] {
		case ',':
			r.pos++
			return true
		case end:
			r.pos++
			return false
		}
	}
	r.failed = true
	return false
}

// Key reads a member's name and its colon. The bytes are valid until the data is.
func (r *Reader) Key() []byte {
	key := r.text()
	r.take(':')
	return key
}

// String reads a string.
func (r *Reader) String() string { return string(r.text()) }

// Bool reads true or false.
func (r *Reader) Bool() bool {
	switch rest := r.rest(); {
	case bytes.HasPrefix(rest, []byte("true")):
		r.pos += len("true")
		return true
	case bytes.HasPrefix(rest, []byte("false")):
		r.pos += len("false")
	default:
		r.failed = true
	}
	return false
}

// Int reads an integer of at most 18 digits.
func (r *Reader) Int() int64 {
	rest := r.rest()
	i, sign := 0, int64(1)
	if len(rest) > 0 && rest[0] == '-' {
		i, sign = 1, -1
	}
	var n int64
	start := i
	for ; i < len(rest) && rest[i] >= '0' && rest[i] <= '9'; i++ {
		if i-start == 18 {
			r.failed = true
			return 0
		}
		n = 10*n + int64(rest[i]-'0')
	}
	if digits := i - start; digits == 0 || digits > 1 && rest[start] == '0' {
		r.failed = true
		return 0
	}
	r.pos += i
	return sign * n
}

// UUID reads a UUID of 32 hexadecimal digits with its four hyphens.
func (r *Reader) UUID() uuid.UUID {
	var id uuid.UUID
	rest := r.rest()
	if len(rest) < 38 || rest[0] != '"' || rest[9] != '-' || rest[14] != '-' || rest[19] != '-' || rest[24] != '-' || rest[37] != '"' {
		r.failed = true
		return uuid.UUID{}
	}
	var wrong byte
	for i, at := range [...]int{1, 3, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 29, 31, 33, 35} {
		high, low := nibbles[rest[at]], nibbles[rest[at+1]]
		wrong |= high | low
		id[i] = high<<4 | low&0x0f
	}
	if wrong > 0x0f {
		r.failed = true
		return uuid.UUID{}
	}
	r.pos += 38
	return id
}

// Time reads a time of day in UTC as RFC 3339 writes it, with up to nine decimals.
func (r *Reader) Time() time.Time {
	text := r.text()
	if len(text) < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
		text[len(text)-1] != 'Z' {
		r.failed = true
		return time.Time{}
	}
	year := 100*r.pair(text[0:]) + r.pair(text[2:])
	month, day := time.Month(r.pair(text[5:])), r.pair(text[8:])
	hour, minute, second := r.pair(text[11:]), r.pair(text[14:]), r.pair(text[17:])
	nanos := r.fraction(text[19 : len(text)-1])
	at := time.Date(year, month, day, hour, minute, second, nanos, time.UTC)
	if r.failed || hour > 23 || minute > 59 || second > 59 || at.Day() != day || at.Month() != month {
		r.failed = true // the calendar has no such time
		return time.Time{}
	}
	return at
}

// Raw reads a whole object and returns a copy of its bytes.
func (r *Reader) Raw() json.RawMessage {
	rest := r.rest()
	depth, quoted := 0, false
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			depth--
		}
		if depth > 0 {
			continue
		}
		if whole := rest[:i+1]; i > 0 && json.Valid(whole) {
			r.pos += len(whole)
			return bytes.Clone(whole)
		}
		break
	}
	r.failed = true
	return nil
}

// take consumes one expected byte.
func (r *Reader) take(b byte) bool {
	if r.failed || r.pos >= len(r.data) || r.data[r.pos] != b {
		r.failed = true
		return false
	}
	r.pos++
	return true
}

// rest returns what is still to be read, nothing after a failure.
func (r *Reader) rest() []byte {
	if r.failed {
		return nil
	}
	return r.data[r.pos:]
}

// text reads a string without escapes and returns its bytes in place. It looks at eight bytes at a time until one of them
// is the end or something that is not plain ASCII.
func (r *Reader) text() []byte {
	if !r.take('"') {
		return nil
	}
	rest := r.data[r.pos:]
	i := 0
	for len(rest)-i >= 8 && plain(binary.LittleEndian.Uint64(rest[i:])) {
		i += 8
	}
	var seen byte
	for ; i < len(rest); i++ {
		c := rest[i]
		if c == '"' {
			r.pos += i + 1
			if seen >= utf8.RuneSelf && !utf8.Valid(rest[:i]) {
				break
			}
			return rest[:i:i]
		}
		if c < ' ' || c == '\\' {
			break
		}
		seen |= c
	}
	r.failed = true
	return nil
}

// plain reports whether eight bytes are all printable ASCII, neither quote nor backslash. Each line leaves the highest bit
// of a byte set if, among others, that byte is what it looks for; it may be wrong about a byte after one that is, which
// then counts as not plain too.
func plain(b uint64) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	quote, slash := b^(ones*'"'), b^(ones*'\\')
	return (b|(b-ones*' ')|(quote-ones)|(slash-ones))&high == 0
}

// pair reads two decimal digits.
func (r *Reader) pair(text []byte) int {
	tens, ones := text[0]-'0', text[1]-'0'
	if tens > 9 || ones > 9 {
		r.failed = true
	}
	return 10*int(tens) + int(ones)
}

// fraction reads a point and one to nine digits as nanoseconds, or nothing.
func (r *Reader) fraction(text []byte) int {
	if len(text) == 0 {
		return 0
	}
	if text[0] != '.' || len(text) < 2 || len(text) > 10 {
		r.failed = true
		return 0
	}
	nanos := 0
	for i := 1; i < 10; i++ {
		digit := byte(0)
		if i < len(text) {
			digit = text[i] - '0'
		}
		if digit > 9 {
			r.failed = true
			return 0
		}
		nanos = 10*nanos + int(digit)
	}
	return nanos
}

// nibbles has the values of hexadecimal digits; 0xff stands for what is none.
var nibbles = [256]byte{
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
}
