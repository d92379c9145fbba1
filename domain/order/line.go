package order

import "github.com/google/uuid"

// LineByID returns a line to be read, or nil.
func (o *Order) LineByID(id uuid.UUID) *LineState {
	if i := o.line(id, 0); i >= 0 {
		return &o.Lines[i]
	}
	return nil
}
