package httpx

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	maxDepth  = 16     // of arrays and objects in each other
	maxValues = 20_000 // of one body; no command needs nearly as many
)

// ParseStrict reads one JSON value the way commands need it: without duplicate keys, trailing data, invalid UTF-8,
// unpaired surrogates, the character U+0000, nesting beyond 16, more than 20,000 values, and numbers that are no 64-bit
// integers. Objects come as map[string]any, arrays as []any, numbers as int64. The error is an *Error with a 400, with a
// 413 for too many values, or with a 422 if the numbers are all that is wrong: that is JSON, though of no command.
func ParseStrict(data []byte) (any, error) {
	value, whole, err := parseStrict(data)
	if err == nil && !whole {
		err = tooMany()
	}
	if err != nil {
		return nil, err
	}
	return value, nil
}

// parseStrict is ParseStrict, but of a value that is too large it returns the beginning, and that it is not whole. What
// a hostile body costs ends there: the rest is only held against the grammar.
func parseStrict(data []byte) (value any, whole bool, err error) {
	s := strictParser{data: data}
	if value, err = s.value(0); err == nil {
		if s.space(); s.pos < len(data) {
			err = s.fault("there is more after the value")
		}
	}
	if err == nil && len(s.numbers) > 0 {
		err = invalid(s.numbers)
	}
	return value, s.values <= maxValues, err
}

func tooMany() *Error {
	return Errorf(CodeBodyTooLarge, "A body has at most %d values; send what it holds in parts.", maxValues)
}

// strictParser is a recursive descent over RFC 8259.
type strictParser struct {
	data    []byte
	pos     int
	values  int      // begun so far; those that begin beyond maxValues are not kept
	path    []string // of the value being read, for messages
	numbers []Fault  // that are no 64-bit integers
	loose   bool     // those come as float64 instead
}

func (s *strictParser) fault(format string, args ...any) error {
	detail := fmt.Sprintf(format, args...)
	return &Error{
		Code: CodeMalformedJSON, Detail: fmt.Sprintf("At byte %d: %s.", s.pos+1, detail),
		Faults: []Fault{{Pointer: pointer(s.path), Code: CodeMalformedJSON, Detail: detail}},
	}
}

func (s *strictParser) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

func (s *strictParser) value(depth int) (any, error) {
	s.space()
	s.values++
	if s.pos >= len(s.data) {
		return nil, s.fault("a value is missing")
	}
	switch c := s.data[s.pos]; {
	case c == '{' || c == '[':
		if depth == maxDepth {
			return nil, s.fault("nested more than %d deep", maxDepth)
		}
		if c == '{' {
			return s.object(depth + 1)
		}
		return s.array(depth + 1)
	case c == '"':
		return s.text()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	default:
		return s.word()
	}
}

func (s *strictParser) word() (any, error) {
	for _, w := range [...]struct {
		text  string
		value any
	}{{"true", true}, {"false", false}, {"null", nil}} {
		if len(s.data)-s.pos >= len(w.text) && string(s.data[s.pos:s.pos+len(w.text)]) == w.text {
			s.pos += len(w.text)
			return w.value, nil
		}
	}
	return nil, s.fault("%q does not begin a value", s.data[s.pos])
}

func (s *strictParser) object(depth int) (any, error) {
	s.pos++ // {
	var out map[string]any
	if s.values <= maxValues {
		out = make(map[string]any)
	}
	if s.space(); s.accept('}') {
		return out, nil
	}
	for ; ; s.space() {
		if s.pos >= len(s.data) || s.data[s.pos] != '"' {
			return nil, s.fault("a key in double quotes is missing")
		}
		key, err := s.text()
		if err != nil {
			return nil, err
		}
		s.path = append(s.path, key)
		if _, twice := out[key]; twice {
			return nil, s.fault("the key %q is there twice", clip(key, maxEcho))
		}
		if s.space(); !s.accept(':') {
			return nil, s.fault("a colon is missing")
		}
		kept := s.values < maxValues
		value, err := s.value(depth)
		if err != nil {
			return nil, err
		}
		if kept {
			out[key] = value
		}
		s.path = s.path[:len(s.path)-1]
		if s.space(); s.accept('}') {
			return out, nil
		}
		if !s.accept(',') {
			return nil, s.fault("a comma or a closing brace is missing")
		}
	}
}

func (s *strictParser) array(depth int) (any, error) {
	s.pos++ // [
	out := []any{}
	if s.space(); s.accept(']') {
		return out, nil
	}
	for {
		s.path = append(s.path, strconv.Itoa(len(out)))
		kept := s.values < maxValues
		value, err := s.value(depth)
		if err != nil {
			return nil, err
		}
		s.path = s.path[:len(s.path)-1]
		if kept {
			out = append(out, value)
		}
		if s.space(); s.accept(']') {
			return out, nil
		}
		if !s.accept(',') {
			return nil, s.fault("a comma or a closing bracket is missing")
		}
	}
}

func (s *strictParser) accept(c byte) bool {
	if s.pos < len(s.data) && s.data[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

func (s *strictParser) number() (any, error) {
	start := s.pos
	s.accept('-')
	first := s.pos
	if s.digits() == 0 {
		return nil, s.fault("a digit is missing")
	}
	if s.data[first] == '0' && s.pos > first+1 {
		return nil, s.fault("a number has no leading zeros")
	}
	end := s.pos
	if s.accept('.') && s.digits() == 0 {
		return nil, s.fault("a digit is missing")
	}
	if s.accept('e') || s.accept('E') {
		if !s.accept('-') {
			s.accept('+')
		}
		if s.digits() == 0 {
			return nil, s.fault("a digit is missing")
		}
	}
	n, err := strconv.ParseInt(string(s.data[start:end]), 10, 64)
	switch {
	case s.loose && (s.pos > end || err != nil):
		f, _ := strconv.ParseFloat(string(s.data[start:s.pos]), 64) // infinite beyond its range
		return max(min(f, math.MaxFloat64), -math.MaxFloat64), nil  //nolint:nilerr // the number is taken, as a float
	case s.pos > end:
		s.refuse("must be a whole number, without fraction and exponent")
	case errors.Is(err, strconv.ErrRange):
		s.refuse("is a number beyond 64 bits")
	case err != nil:
		return nil, err
	}
	return n, nil
}

// digits skips digits and returns how many there were.
func (s *strictParser) digits() int {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos] >= '0' && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos - start
}

// refuse notes a number that cannot be taken. Reading goes on, since what follows may be no JSON at all.
func (s *strictParser) refuse(why string) {
	if len(s.numbers) < maxFaults {
		s.numbers = append(s.numbers, Fault{Pointer: pointer(s.path), Code: CodeValidationFailed, Detail: why})
	}
}

// text reads a string. Most have no escapes and are cut out as they are.
func (s *strictParser) text() (string, error) {
	s.pos++ // "
	start := s.pos
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			if !utf8.Valid(s.data[start:s.pos]) {
				return "", s.fault("a string is not valid UTF-8")
			}
			out := string(s.data[start:s.pos])
			s.pos++
			return out, nil
		case c == '\\':
			return s.escaped(start)
		case c < ' ':
			return "", s.fault("a control character in a string must be escaped")
		}
		s.pos++
	}
	return "", s.fault("a string does not end")
}

// escaped reads on at the first backslash of a string that began at start.
func (s *strictParser) escaped(start int) (string, error) {
	out := append([]byte(nil), s.data[start:s.pos]...)
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		s.pos++
		switch {
		case c == '"':
			if !utf8.Valid(out) {
				return "", s.fault("a string is not valid UTF-8")
			}
			return string(out), nil
		case c < ' ':
			return "", s.fault("a control character in a string must be escaped")
		case c != '\\':
			out = append(out, c)
			continue
		}
		if s.pos >= len(s.data) {
			break
		}
		c = s.data[s.pos]
		s.pos++
		if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
			out = append(out, "\"\\/\b\f\n\r\t"[i])
			continue
		}
		if c != 'u' {
			return "", s.fault("there is no escape \\%c", c)
		}
		r, err := s.unicode()
		if err != nil {
			return "", err
		}
		out = utf8.AppendRune(out, r)
	}
	return "", s.fault("a string does not end")
}

// unicode reads what follows \u, with the second half of a pair if there is one.
func (s *strictParser) unicode() (rune, error) {
	r, ok := s.hex()
	if ok && utf16.IsSurrogate(r) {
		low := rune(utf8.RuneError)
		if s.accept('\\') && s.accept('u') {
			low, _ = s.hex()
		}
		r = utf16.DecodeRune(r, low)
		ok = r != utf8.RuneError
	}
	if !ok {
		return 0, s.fault("an escape is no character")
	}
	if r == 0 {
		return 0, s.fault("the character U+0000 is not taken")
	}
	return r, nil
}

func (s *strictParser) hex() (rune, bool) {
	if len(s.data)-s.pos < 4 {
		return utf8.RuneError, false
	}
	n, err := strconv.ParseUint(string(s.data[s.pos:s.pos+4]), 16, 16)
	s.pos += 4
	return rune(n), err == nil
}

// pointer returns the JSON Pointer (RFC 6901) of a path, or of what is around it if that is longer than anybody wants to
// read.
func pointer(path []string) string {
	var out strings.Builder
	for _, part := range path {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~", "~0"), "/", "~1")
		if out.Len()+1+len(part) > maxPointer {
			break
		}
		out.WriteByte('/')
		out.WriteString(part)
	}
	return out.String()
}

// AppendCanonical appends a value of ParseStrict with sorted keys and without white space, so that the same content is
// the same bytes, however a client's library wrote it.
func AppendCanonical(dst []byte, value any) []byte {
	switch v := value.(type) {
	case map[string]any:
		dst = append(dst, '{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendText(dst, key), ':')
			dst = AppendCanonical(dst, v[key])
		}
		return append(dst, '}')
	case []any:
		dst = append(dst, '[')
		for i, item := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendCanonical(dst, item)
		}
		return append(dst, ']')
	case string:
		return appendText(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case bool:
		return strconv.AppendBool(dst, v)
	default:
		return append(dst, "null"...)
	}
}

// appendText escapes only what JSON demands.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = fmt.Appendf(dst, `\u%04x`, c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
