package orderlist

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
)

// columns are the table's, in its own sequence; the first two are its key.
var columns = []string{
	"tenant_id", "order_id", "order_number", "external_id", "channel", "currency", "customer_id", "country", "status",
	"payment_status", "fulfillment_status", "return_status", "total", "released", "credited", "amount_due", "amount_owed",
	"line_count", "units", "units_canceled", "units_to_ship", "units_delivered", "units_returned", "skus", "payments",
	"placed_at", "confirmed_at", "completed_at", "canceled_at", "expires_at", "updated_at", "version", "position",
}

// list turns rows into one column of a statement's arrays.
func list[T any](rows []*row, value func(*row) T) []T {
	values := make([]T, len(rows))
	for i, r := range rows {
		values[i] = value(r)
	}
	return values
}

// derived are the columns that follow from the others.
type derived struct {
	payment, fulfillment, returns []string
	due, owed                     []int64
}

func derive(rows []*row) derived {
	n := len(rows)
	d := derived{make([]string, n), make([]string, n), make([]string, n), make([]int64, n), make([]int64, n)}
	var lines [2]order.LineState
	for i, r := range rows {
		o := r.order(&lines)
		d.payment[i], d.fulfillment[i] = string(o.PaymentStatus()), string(o.FulfillmentStatus())
		d.returns[i] = string(o.ReturnStatus())
		d.due[i], d.owed[i] = o.AmountDue(), o.AmountOwedToCustomer()
	}
	return d
}

// insertColumns returns the arguments of insert.sql.
func insertColumns(rows []*row) []any {
	d := derive(rows)
	return []any{
		list(rows, func(r *row) string { return r.tenant }), list(rows, func(r *row) uuid.UUID { return r.id }),
		list(rows, func(r *row) string { return r.number }), list(rows, func(r *row) string { return r.externalID }),
		list(rows, func(r *row) string { return r.channel }), list(rows, func(r *row) string { return r.currency }),
		list(rows, func(r *row) string { return r.customer }), list(rows, func(r *row) string { return r.country }),
		list(rows, func(r *row) string { return string(r.status) }), d.payment, d.fulfillment, d.returns,
		list(rows, func(r *row) int64 { return r.total }), list(rows, func(r *row) int64 { return r.released }),
		list(rows, func(r *row) int64 { return r.credited }), d.due, d.owed,
		list(rows, func(r *row) int32 { return r.lines }), list(rows, func(r *row) int64 { return r.units }),
		list(rows, func(r *row) int64 { return r.unitsCanceled }), list(rows, func(r *row) int64 { return r.unitsToShip }),
		list(rows, func(r *row) int64 { return r.unitsDelivered }), list(rows, func(r *row) int64 { return r.unitsReturned }),
		list(rows, func(r *row) string { return arrayLiteral(r.skus) }), list(rows, (*row).encodePayments),
		list(rows, func(r *row) time.Time { return r.placedAt }),
		list(rows, func(r *row) *time.Time { return present(r.confirmedAt) }),
		list(rows, func(r *row) *time.Time { return present(r.completedAt) }),
		list(rows, func(r *row) *time.Time { return present(r.canceledAt) }),
		list(rows, func(r *row) *time.Time { return present(r.expiresAt) }),
		list(rows, func(r *row) time.Time { return r.updatedAt }),
		list(rows, func(r *row) int64 { return r.version }), list(rows, func(r *row) int64 { return r.position }),
	}
}

// updateColumns returns the arguments of update.sql: the key and all that later events change.
func updateColumns(rows []*row) []any {
	d := derive(rows)
	return []any{
		list(rows, func(r *row) string { return r.tenant }), list(rows, func(r *row) uuid.UUID { return r.id }),
		list(rows, func(r *row) string { return string(r.status) }), d.payment, d.fulfillment, d.returns,
		list(rows, func(r *row) int64 { return r.released }), list(rows, func(r *row) int64 { return r.credited }),
		d.due, d.owed, list(rows, func(r *row) int64 { return r.unitsCanceled }),
		list(rows, func(r *row) int64 { return r.unitsToShip }), list(rows, func(r *row) int64 { return r.unitsDelivered }),
		list(rows, func(r *row) int64 { return r.unitsReturned }), list(rows, (*row).encodePayments),
		list(rows, func(r *row) *time.Time { return present(r.confirmedAt) }),
		list(rows, func(r *row) *time.Time { return present(r.completedAt) }),
		list(rows, func(r *row) *time.Time { return present(r.canceledAt) }),
		list(rows, func(r *row) *time.Time { return present(r.expiresAt) }),
		list(rows, func(r *row) time.Time { return r.updatedAt }),
		list(rows, func(r *row) int64 { return r.version }), list(rows, func(r *row) int64 { return r.position }),
	}
}

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
