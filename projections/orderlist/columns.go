package orderlist

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// columns are the table's, in its own sequence; the first two are its key.
var columns = []string{
	"tenant_id", "order_id", "order_number", "external_id", "channel", "currency", "customer_id", "country",
	"status", "payment_status", "fulfillment_status", "return_status", "total", "open_units",
	"backordered_units", "skus", "tags", "hold_reasons", "facts", "placed_at", "confirmed_at", "ship_by",
	"due_at", "due_hold", "archived_at", "updated_at", "version", "position",
}

// list turns rows into one column of a statement's arrays.
func list[T any](rows []*row, value func(*row) T) []T {
	values := make([]T, len(rows))
	for i, r := range rows {
		values[i] = value(r)
	}
	return values
}

// listDerived is list, of what follows from the rows.
func listDerived[T any](all []derived, value func(*derived) T) []T {
	values := make([]T, len(all))
	for i := range all {
		values[i] = value(&all[i])
	}
	return values
}

func derive(rows []*row) []derived {
	all := make([]derived, len(rows))
	var plain standIn
	for i, r := range rows {
		all[i] = r.derive(&plain)
	}
	return all
}

// insertColumns returns the arguments of insert.sql.
func insertColumns(rows []*row) []any {
	d := derive(rows)
	args := []any{
		list(rows, func(r *row) string { return r.tenant }), list(rows, func(r *row) uuid.UUID { return r.id }),
		list(rows, func(r *row) string { return r.number }), list(rows, func(r *row) string { return r.externalID }),
		list(rows, func(r *row) string { return r.channel }), list(rows, func(r *row) string { return r.currency }),
		list(rows, func(r *row) string { return r.customer }), list(rows, func(r *row) string { return r.country }),
	}
	args = append(append(args, statusColumns(rows, d)...), list(rows, func(r *row) int64 { return r.total }))
	args = append(append(args, unitColumns(d)...), list(rows, func(r *row) string { return arrayLiteral(r.skus) }))
	args = append(append(args, workColumns(rows, d)...), list(rows, func(r *row) time.Time { return r.placedAt }))
	return append(args, timeColumns(rows, d)...)
}

// updateColumns returns the arguments of update.sql: the key and all that most later events change.
func updateColumns(rows []*row) []any {
	d := derive(rows)
	args := []any{
		list(rows, func(r *row) string { return r.tenant }), list(rows, func(r *row) uuid.UUID { return r.id }),
	}
	args = append(append(args, statusColumns(rows, d)...), unitColumns(d)...)
	args = append(args, workColumns(rows, d)...)
	return append(args, timeColumns(rows, d)...)
}

func statusColumns(rows []*row, d []derived) []any {
	return []any{
		list(rows, func(r *row) string { return string(r.status) }),
		listDerived(d, func(d *derived) string { return string(d.payment) }),
		listDerived(d, func(d *derived) string { return string(d.fulfillment) }),
		listDerived(d, func(d *derived) string { return string(d.returns) }),
	}
}

func unitColumns(d []derived) []any {
	return []any{
		listDerived(d, func(d *derived) int64 { return d.open }), listDerived(d, func(d *derived) int64 { return d.waiting }),
	}
}

func workColumns(rows []*row, d []derived) []any {
	facts := make([][]byte, len(rows))
	for i, r := range rows {
		facts[i] = r.appendFacts(nil, &d[i])
	}
	return []any{
		listDerived(d, func(d *derived) *string { return arrayOrNull(d.tags) }),
		listDerived(d, func(d *derived) *string { return arrayOrNull(d.reasons) }), facts,
	}
}

func timeColumns(rows []*row, d []derived) []any {
	return []any{
		list(rows, func(r *row) *time.Time { return present(r.confirmedAt) }),
		listDerived(d, func(d *derived) *time.Time { return present(d.shipBy) }),
		listDerived(d, func(d *derived) *time.Time { return present(d.dueAt) }),
		listDerived(d, func(d *derived) *uuid.UUID { return idOrNull(d.dueHold) }),
		listDerived(d, func(d *derived) *time.Time { return present(d.archivedAt) }),
		list(rows, func(r *row) time.Time { return r.updatedAt }),
		list(rows, func(r *row) int64 { return r.version }), list(rows, func(r *row) int64 { return r.position }),
	}
}

// renewColumns returns the arguments of renew.sql: null is what has not changed.
func renewColumns(rows []*row) []any {
	contents := func(value func(*row) string) []*string {
		return list(rows, func(r *row) *string { return only(r.renewed.contents, value(r)) })
	}
	return []any{
		list(rows, func(r *row) string { return r.tenant }), list(rows, func(r *row) uuid.UUID { return r.id }),
		contents(func(r *row) string { return r.number }), contents(func(r *row) string { return r.externalID }),
		contents(func(r *row) string { return r.channel }), contents(func(r *row) string { return r.currency }),
		contents(func(r *row) string { return r.customer }),
		list(rows, func(r *row) *string { return only(r.renewed.contents || r.renewed.country, r.country) }),
		list(rows, func(r *row) *int64 { return only(r.renewed.contents || r.renewed.total, r.total) }),
		list(rows, func(r *row) *string { return only(r.renewed.contents || r.renewed.lines, arrayLiteral(r.skus)) }),
		list(rows, func(r *row) *time.Time { return only(r.renewed.contents, r.placedAt) }),
	}
}

// only returns a value if there is one.
func only[T any](there bool, value T) *T {
	if !there {
		return nil
	}
	return &value
}

func arrayOrNull(values []string) *string {
	if len(values) == 0 {
		return nil
	}
	return only(true, arrayLiteral(values))
}

func idOrNull(id uuid.UUID) *uuid.UUID { return only(id != uuid.Nil, id) }

// quoter escapes the two characters that have a meaning inside a quoted element.
var quoter = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// arrayLiteral returns values as Postgres writes a text[]: unnest would flatten arrays of arrays.
func arrayLiteral(values []string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, value := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		_, _ = quoter.WriteString(&b, value) // a Builder does not fail
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}
