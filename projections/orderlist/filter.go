package orderlist

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections/query"
)

// Op is how a condition compares.
type Op string

// The operators. In is met by any of its values, Exists takes true or false, all others take one value.
const (
	Eq     Op = "eq"
	Ne     Op = "ne"
	In     Op = "in"
	Gte    Op = "gte"
	Lte    Op = "lte"
	Prefix Op = "prefix"
	Exists Op = "exists"
)

// maxValues bounds the values of one condition, and maxConditions those of a filter.
const (
	maxValues     = 100
	maxConditions = 50
)

// Condition is one part of a filter, as in filter[status][in]=pending,confirmed.
type Condition struct {
	Field  string // one of Fields
	Op     Op     // empty: Eq
	Values []string
}

// Filter picks the orders that meet all of its conditions.
type Filter []Condition

// kind says what a field's values are.
type kind uint8

const (
	text kind = iota
	number
	instant
	skus
)

// field is something that can be filtered by.
type field struct {
	name   string
	column string
	kind   kind
	ops    []Op
	values []string // the only ones there are; nil: any
}

// fields are all that can be filtered by. A literal, never changed.
var fields = []field{
	{"status", "status", text, []Op{Eq, Ne, In}, names(
		order.StatusDraft, order.StatusPending, order.StatusConfirmed, order.StatusCompleted, order.StatusCanceled, order.StatusExpired)},
	{"payment_status", "payment_status", text, []Op{Eq, Ne, In}, names(
		order.PaymentStatusDisputed, order.PaymentStatusFailed, order.PaymentStatusRefunded, order.PaymentStatusPartiallyRefunded,
		order.PaymentStatusOverpaid, order.PaymentStatusPaid, order.PaymentStatusPartiallyPaid, order.PaymentStatusAuthorized,
		order.PaymentStatusPartiallyAuthorized, order.PaymentStatusActionRequired, order.PaymentStatusVoided, order.PaymentStatusUnpaid)},
	{"fulfillment_status", "fulfillment_status", text, []Op{Eq, Ne, In}, names(
		order.FulfillmentNotRequired, order.FulfillmentUnfulfilled, order.FulfillmentPartiallyFulfilled, order.FulfillmentFulfilled,
		order.FulfillmentPartiallyShipped, order.FulfillmentShipped, order.FulfillmentPartiallyDelivered, order.FulfillmentDelivered,
		order.FulfillmentOnHold, order.FulfillmentCanceled)},
	{"return_status", "return_status", text, []Op{Eq, Ne, In}, names(
		order.ReturnNone, order.ReturnRequested, order.ReturnPartiallyReturned, order.ReturnReturned)},
	{"channel", "channel", text, []Op{Eq, Ne, In}, nil},
	{"currency", "currency", text, []Op{Eq, Ne, In}, nil},
	{"country", "country", text, []Op{Eq, Ne, In, Exists}, nil},
	{"customer_id", "customer_id", text, []Op{Eq, Ne, In, Exists}, nil},
	{"order_number", "order_number", text, []Op{Eq, In, Prefix}, nil},
	{"external_id", "external_id", text, []Op{Eq, In, Prefix, Exists}, nil},
	{"sku", "skus", skus, []Op{Eq, Ne, In}, nil},
	{"total", "total", number, []Op{Eq, Gte, Lte}, nil},
	{"placed_at", "placed_at", instant, []Op{Eq, Gte, Lte}, nil},
	{"updated_at", "updated_at", instant, []Op{Eq, Gte, Lte}, nil},
}

func names[T ~string](values ...T) []string {
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = string(value)
	}
	return out
}

// Fields returns the names that a condition can have.
func Fields() []string {
	out := make([]string, len(fields))
	for i := range fields {
		out[i] = fields[i].name
	}
	return out
}

// where is the condition of a statement with its arguments.
type where struct {
	clauses []string
	args    []any
}

// arg adds an argument and returns its place.
func (w *where) arg(value any) string {
	w.args = append(w.args, value)
	return "$" + strconv.Itoa(len(w.args))
}

func (w *where) add(clause string) { w.clauses = append(w.clauses, clause) }

func (w *where) String() string { return strings.Join(w.clauses, " and ") }

// add adds the filter's conditions, or returns a *query.Error.
func (f Filter) add(w *where) error {
	if len(f) > maxConditions {
		return &query.Error{Parameter: "filter", Message: fmt.Sprintf("a filter has at most %d conditions, not %d", maxConditions, len(f))}
	}
	for _, c := range f {
		if c.Op == "" {
			c.Op = Eq
		}
		parameter := fmt.Sprintf("filter[%s][%s]", c.Field, c.Op)
		i := slices.IndexFunc(fields, func(d field) bool { return d.name == c.Field })
		if i < 0 {
			return query.Unknown(parameter, "field", c.Field, Fields())
		}
		if !slices.Contains(fields[i].ops, c.Op) {
			return query.Unknown(parameter, "operator", string(c.Op), names(fields[i].ops...))
		}
		if err := fields[i].add(w, c); err != nil {
			return &query.Error{Parameter: parameter, Message: err.Error()}
		}
	}
	return nil
}

// add adds one condition whose field and operator fit.
func (d *field) add(w *where, c Condition) error {
	if len(c.Values) == 0 || len(c.Values) > maxValues || c.Op != In && len(c.Values) != 1 {
		return fmt.Errorf("one value is needed, or with the operator in up to %d; there are %d", maxValues, len(c.Values))
	}
	column := "t." + d.column
	if c.Op == Exists {
		exists, err := strconv.ParseBool(c.Values[0])
		if err != nil {
			return fmt.Errorf("%q is not true or false", c.Values[0])
		}
		w.add(column + map[bool]string{true: " <> ''", false: " = ''"}[exists])
		return nil
	}
	values := make([]any, len(c.Values))
	for i, value := range c.Values {
		var err error
		if values[i], err = d.parse(value); err != nil {
			return err
		}
	}
	switch {
	case d.kind == skus:
		place := w.arg(c.Values)
		w.add(map[Op]string{Ne: "not "}[c.Op] + column + " && " + place + "::text[]")
	case c.Op == In:
		w.add(column + " = any (" + w.arg(c.Values) + "::text[])")
	default:
		operator := map[Op]string{Eq: " = ", Ne: " <> ", Gte: " >= ", Lte: " <= ", Prefix: " ^@ "}[c.Op]
		w.add(column + operator + w.arg(values[0]))
	}
	return nil
}

// parse returns a value as the column's type.
func (d *field) parse(value string) (any, error) {
	switch d.kind {
	case number:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a whole number of minor units such as 1299", value)
		}
		return n, nil
	case instant:
		at, err := time.Parse(time.RFC3339Nano, value)
		if err != nil {
			return nil, fmt.Errorf("%q is not a time such as 2026-03-01T12:00:00Z", value)
		}
		return at, nil
	default:
		if !query.Storable(value) {
			return nil, fmt.Errorf("%q is not UTF-8 text without the character zero", value)
		}
		if d.values != nil && !slices.Contains(d.values, value) {
			return nil, fmt.Errorf("%q is none of %s", value, strings.Join(d.values, ", "))
		}
		return value, nil
	}
}
