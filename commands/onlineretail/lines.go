package onlineretail

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// readRows reads a table. A row is a line, or several where line breaks stand inside quotes (RFC 4180). A line whose
// quotes do not close as they must is one bad row and swallows none of its neighbours; so is a row that is too long.
func readRows(r io.Reader, now time.Time, visit func(row, Reason) error) error {
	lines := lines{in: bufio.NewReaderSize(r, 1<<16)}
	header, ok := lines.take()
	if !ok {
		return errors.Join(lines.err, errors.New("the file is empty; its first line must name the columns "+strings.Join(columns, ",")))
	}
	named := strings.TrimSuffix(strings.TrimPrefix(header.text, "\ufeff"), "\r")
	if fields, ok := split(named, nil); !ok || strings.Join(fields, ",") != strings.Join(columns, ",") {
		return fmt.Errorf("the first line is %.80q; it must name the columns %s", named, strings.Join(columns, ","))
	}
	p := parser{now: now}
	for {
		row, sound, ok := lines.row()
		if !ok {
			break
		}
		parsed, why := p.parse(row)
		if !sound {
			parsed, why = badRow()
		}
		if err := visit(parsed, why); err != nil {
			return err
		}
	}
	if lines.err != nil {
		return fmt.Errorf("%w; the file is broken, nothing of it was imported", lines.err)
	}
	return nil
}

// lines are those of a file. Some may have been looked at already.
type lines struct {
	in    *bufio.Reader
	ahead []line
	err   error // other than the end
}

type line struct {
	text string // without its line break
	long bool   // and not kept
}

// row returns the next row that is not empty, and whether its quotes close and it is not too long.
func (l *lines) row() (text string, sound, ok bool) {
	for {
		first, ok := l.take()
		if !ok {
			return "", false, false
		}
		if first.long {
			return "", false, true
		}
		if text = strings.TrimSuffix(first.text, "\r"); text == "" {
			continue
		}
		quoted, broken := follow(text, false)
		if broken {
			return text, false, true
		}
		if !quoted {
			return text, true, true
		}
		if n := l.closing(len(text)); n > 0 {
			return l.join(first, n), true, true
		}
		return text, false, true
	}
}

// closing returns how many lines more belong to a row whose quotes are open; 0 if they never close.
func (l *lines) closing(size int) int {
	for n := 0; ; n++ {
		next, ok := l.peek(n)
		if size += len(next.text) + 1; !ok || next.long || size > maxRow {
			return 0
		}
		quoted, broken := follow(strings.TrimSuffix(next.text, "\r"), true)
		if broken {
			return 0
		}
		if !quoted {
			return n + 1
		}
	}
}

// join takes n lines more and returns them as one row, with the line breaks that they had inside.
func (l *lines) join(first line, n int) string {
	var b strings.Builder
	b.WriteString(first.text)
	for range n {
		next, _ := l.take()
		b.WriteByte('\n')
		b.WriteString(next.text)
	}
	return strings.TrimSuffix(b.String(), "\r")
}

// follow returns whether a line ends inside quotes, and whether they close where they must not. quoted says whether it
// begins inside.
func follow(text string, quoted bool) (open, broken bool) {
	for {
		if !quoted {
			if !strings.HasPrefix(text, `"`) {
				_, rest, more := strings.Cut(text, ",")
				if !more {
					return false, false
				}
				text = rest
				continue
			}
			text = text[1:]
		}
		_, after, closed := strings.Cut(text, `"`)
		switch {
		case !closed:
			return true, false
		case strings.HasPrefix(after, `"`): // a quote that is meant
			text, quoted = after[1:], true
		case after == "":
			return false, false
		case after[0] == ',':
			text, quoted = after[1:], false
		default:
			return false, true
		}
	}
}

// take returns the next line, unless there is none.
func (l *lines) take() (line, bool) {
	next, ok := l.peek(0)
	if ok {
		l.ahead = l.ahead[1:]
	}
	return next, ok
}

// peek returns the line n lines further on.
func (l *lines) peek(n int) (line, bool) {
	for len(l.ahead) <= n {
		next, ok := l.read()
		if !ok {
			return line{}, false
		}
		l.ahead = append(l.ahead, next)
	}
	return l.ahead[n], true
}

// read reads a line. What is longer than a row may be is not kept.
func (l *lines) read() (line, bool) {
	var b strings.Builder
	long, some := false, false
	for {
		part, err := l.in.ReadSlice('\n')
		some = some || len(part) > 0
		ended := err == nil
		if ended {
			part = part[:len(part)-1]
		}
		if long = long || b.Len()+len(part) > maxRow; !long {
			b.Write(part)
		}
		switch {
		case ended, errors.Is(err, io.EOF) && some:
			if long {
				return line{long: true}, true
			}
			return line{text: b.String()}, true
		case errors.Is(err, bufio.ErrBufferFull):
		default:
			if !errors.Is(err, io.EOF) {
				l.err = err
			}
			return line{}, false
		}
	}
}
