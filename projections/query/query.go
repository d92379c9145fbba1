// Package query is what the queries of all read models share: they see one tenant's rows only, turn pages by keys
// rather than by counting, and say what is wrong with a request.
package query

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// DB is what queries run on: a pool, a connection or a transaction.
type DB interface {
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// Send runs the queries that queue adds, with their callbacks, in one round trip and one transaction that may see the
// rows of tenant only: row-level security compares them with the setting ordermill.tenant, which ends with the
// transaction. On a transaction of the caller it lasts until that one ends.
func Send(ctx context.Context, db DB, tenant string, queue func(*pgx.Batch)) error {
	batch := &pgx.Batch{}
	batch.Queue("select set_config('ordermill.tenant', $1, true)", tenant)
	queue(batch)
	return db.SendBatch(ctx, batch).Close()
}

// Error says what is wrong with one parameter of a request, so that its sender can mend it.
type Error struct {
	Parameter string   // as it was sent, such as filter[status][eq] or from
	Message   string   // what was asked and what is possible
	Allowed   []string // the names that are possible, if the fault is an unknown one
	Unknown   bool     // whether the name of a field or of an operator is unknown, rather than a value unfit
}

// Error returns the parameter and the message.
func (e *Error) Error() string { return e.Parameter + ": " + e.Message }

// Unknown returns an error that names what is allowed in place of what was sent.
func Unknown(parameter, what, sent string, allowed []string) *Error {
	return &Error{
		Parameter: parameter, Allowed: allowed, Unknown: true,
		Message: what + " \"" + sent + "\" is unknown; use " + strings.Join(allowed, ", "),
	}
}

// Storable reports whether a text can be compared with stored ones: Postgres refuses to read anything but UTF-8
// without the character zero, so what is not storable is nowhere stored.
func Storable(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }
