package query

import (
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// MaxLimit is the most rows that a page may have.
const MaxLimit = 250

// Cursor is a place between two rows of a sorted list. It stays valid while rows come and go. To clients it is opaque:
// whoever hands it out seals it together with the filter and the sort that it belongs to.
type Cursor struct {
	Key  string    // the sort key of the row at the page's edge, as text
	ID   uuid.UUID // breaks ties between equal keys; the zero UUID where keys are unique
	Back bool      // whether the page before the row is meant, rather than the one after it
}

// Page says which part of a list is wanted.
type Page struct {
	Limit int     // rows, 1 to MaxLimit
	From  *Cursor // nil: the first page
}

// Check returns an *Error if the limit is out of range.
func (p Page) Check() error {
	if p.Limit < 1 || p.Limit > MaxLimit {
		return &Error{Parameter: "limit", Message: fmt.Sprintf("a page has 1 to %d rows, not %d", MaxLimit, p.Limit)}
	}
	return nil
}

// Back reports whether the page is read backward.
func (p Page) Back() bool { return p.From != nil && p.From.Back }

// Turn brings the rows of a page in order and returns the cursors of its neighbours, nil where there is none. Rows are
// in the direction of reading and one more than the limit if there are that many; place returns a row's key and id.
func Turn[T any](p Page, rows []T, place func(*T) Cursor) (page []T, next, previous *Cursor) {
	more := len(rows) > p.Limit
	if more {
		rows = rows[:p.Limit]
	}
	if p.Back() {
		slices.Reverse(rows)
	}
	if len(rows) == 0 {
		return rows, nil, nil
	}
	if more || p.Back() {
		last := place(&rows[len(rows)-1])
		next = &last
	}
	if more && p.Back() || p.From != nil && !p.Back() {
		first := place(&rows[0])
		first.Back = true
		previous = &first
	}
	return rows, next, previous
}
