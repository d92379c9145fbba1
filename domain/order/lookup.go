package order

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
)

// fewLines is how many lines are looked through one by one; with more, an index pays.
const fewLines = 16

// finder finds lines of an order by id. Commands and events usually name lines in the order's own sequence, which costs
// nothing; else it makes an index once, since orders may have thousands of lines.
type finder struct {
	lines []LineState
	next  int // where the next line is expected
	index map[uuid.UUID]int
}

func (o *Order) finder() finder { return finder{lines: o.Lines} }

// find returns a line's position, or -1.
func (f *finder) find(id uuid.UUID) int {
	i := f.look(id)
	if i >= 0 {
		f.next = i + 1
	}
	return i
}

func (f *finder) look(id uuid.UUID) int {
	if f.next < len(f.lines) && f.lines[f.next].LineID == id {
		return f.next
	}
	if len(f.lines) <= fewLines {
		for i := range f.lines {
			if f.lines[i].LineID == id {
				return i
			}
		}
		return -1
	}
	if f.index == nil {
		f.index = make(map[uuid.UUID]int, len(f.lines))
		for i := range f.lines {
			f.index[f.lines[i].LineID] = i
		}
	}
	if i, ok := f.index[id]; ok {
		return i
	}
	return -1
}

// fault describes what one line forbids: the line, the units asked for and those possible.
func (l *LineState) fault(code rule.Code, pointer string, requested, available int64, format string, args ...any) rule.Detail {
	return rule.Detail{
		Pointer: pointer, Code: code, Message: fmt.Sprintf(format, args...),
		Meta: map[string]any{"sku": l.SKU, "line_id": l.LineID.String(), "requested": requested, "available": available},
	}
}

// unknownLine describes a line that the order does not have.
func (o *Order) unknownLine(pointer string, id uuid.UUID) rule.Detail {
	return rule.Detail{
		Pointer: pointer, Code: rule.ValidationFailed, Message: fmt.Sprintf("order %s has no line %s", o.Number, id),
		Meta: map[string]any{"line_id": id.String()},
	}
}
