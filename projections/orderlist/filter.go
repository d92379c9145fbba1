package orderlist

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ordermill/ordermill/domain/iso"
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
	texts // a list of them: met if any of its elements is
	truth // a condition of its own for true and for false
	one   // a condition of its own for each value
)

// field is something that can be filtered by.
type field struct {
	name   string
	column string
	kind   kind
	ops    []Op
	values []string // the only ones there are; nil: any
	means  []string // of truth, for true; of one, for each value: the conditions
}

// spellings are how fields are written that are kept in one way, however they were sent: what is asked for is spelled
// so too. History keeps its own names of countries.
var spellings = map[string]func(string) string{
	"country": func(s string) string {
		if code, ok := iso.Country(s); ok {
			return code
		}
		return s
	},
	"currency":     strings.ToUpper,
	"order_number": order.NormalNumber,
	"tag":          order.NormalTag,
}

// fields are all that can be filtered by. A literal, never changed.
var fields = []field{
	{"status", "status", text, []Op{Eq, Ne, In}, names(
		order.StatusDraft, order.StatusPending, order.StatusConfirmed, order.StatusCompleted, order.StatusCanceled, order.StatusExpired), nil},
	{"payment_status", "payment_status", text, []Op{Eq, Ne, In}, names(
		order.PaymentStatusDisputed, order.PaymentStatusFailed, order.PaymentStatusRefunded, order.PaymentStatusPartiallyRefunded,
		order.PaymentStatusOverpaid, order.PaymentStatusPaid, order.PaymentStatusPartiallyPaid, order.PaymentStatusAuthorized,
		order.PaymentStatusPartiallyAuthorized, order.PaymentStatusActionRequired, order.PaymentStatusVoided, order.PaymentStatusUnpaid), nil},
	{"fulfillment_status", "fulfillment_status", text, []Op{Eq, Ne, In}, names(
		order.FulfillmentStatusNotRequired, order.FulfillmentStatusUnfulfilled, order.FulfillmentStatusPartiallyFulfilled, order.FulfillmentStatusFulfilled,
		order.FulfillmentStatusPartiallyShipped, order.FulfillmentStatusShipped, order.FulfillmentStatusPartiallyDelivered, order.FulfillmentStatusDelivered,
		order.FulfillmentStatusOnHold, order.FulfillmentStatusCanceled), nil},
	{"return_status", "return_status", text, []Op{Eq, Ne, In}, names(
		order.ReturnStatusNone, order.ReturnStatusRequested, order.ReturnStatusPartiallyReturned, order.ReturnStatusReturned), nil},
	{"channel", "channel", text, []Op{Eq, Ne, In}, nil, nil},
	{"currency", "currency", text, []Op{Eq, Ne, In}, nil, nil},
	{"country", "country", text, []Op{Eq, Ne, In, Exists}, nil, nil},
	{"customer_id", "customer_id", text, []Op{Eq, Ne, In, Exists}, nil, nil},
	{"order_number", "order_number", text, []Op{Eq, In, Prefix}, nil, nil},
	{"external_id", "external_id", text, []Op{Eq, In, Prefix, Exists}, nil, nil},
	{"sku", "skus", texts, []Op{Eq, Ne, In}, nil, nil},
	{"total", "total", number, []Op{Eq, Gte, Lte}, nil, nil},
	{"placed_at", "placed_at", instant, []Op{Eq, Gte, Lte}, nil, nil},
	{"updated_at", "updated_at", instant, []Op{Eq, Gte, Lte}, nil, nil},
	{"confirmed_at", "confirmed_at", instant, []Op{Eq, Gte, Lte, Exists}, nil, nil},
	{"open_units", "open_units", number, []Op{Eq, Gte, Lte}, nil, nil},
	{"ship_by", "ship_by", instant, []Op{Eq, Gte, Lte, Exists}, nil, nil},
	{"due", "due_at", instant, []Op{Eq, Gte, Lte, Exists}, nil, nil},
	{"backordered", "backordered_units", number, []Op{Eq, Gte, Lte}, nil, nil},
	{"tag", "tags", texts, []Op{Eq, Ne, In, Exists}, nil, nil},
	{"hold_reason", "hold_reasons", texts, []Op{Eq, Ne, In, Exists}, names(
		order.HoldFraudReview, order.HoldAddressInvalid, order.HoldInventory, order.HoldPayment, order.HoldManual, order.HoldOther), nil},
	{"archived", "", truth, []Op{Eq}, nil, []string{"t.archived_at is not null"}},
	{"has", "", one, []Op{Eq, Ne, In}, []string{"hold", "return", "backorder", "refund", "dispute"}, []string{
		"t.hold_reasons && '{fraud_review,address_invalid,inventory,payment,manual,other}'", "t.return_status <> 'none'", "t.backordered_units > 0",
		"t.payment_status in ('refunded', 'partially_refunded')", "t.payment_status = 'disputed'",
	}},
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
	if spell := spellings[d.name]; spell != nil && c.Op != Exists {
		spelled := make([]string, len(c.Values))
		for i, value := range c.Values {
			spelled[i] = spell(value)
		}
		c.Values = spelled
	}
	column := "t." + d.column
	if c.Op == Exists || d.kind == truth {
		return d.addTruth(w, column, c.Values[0])
	}
	values := make([]any, len(c.Values))
	for i, value := range c.Values {
		var err error
		if values[i], err = d.parse(value); err != nil {
			return err
		}
	}
	switch {
	case d.kind == texts && c.Op == Ne:
		w.add("not coalesce(" + column + " && " + w.arg(c.Values) + "::text[], false)")
	case d.kind == texts:
		w.add(column + " && " + w.arg(c.Values) + "::text[]")
	case d.kind == one:
		meant := make([]string, len(c.Values))
		for i, value := range c.Values {
			meant[i] = d.means[slices.Index(d.values, value)]
		}
		if met := "(" + strings.Join(meant, " or ") + ")"; c.Op == Ne {
			w.add("not coalesce(" + met + ", false)") // a null is an empty list here
		} else {
			w.add(met)
		}
	case c.Op == In:
		w.add(column + " = any (" + w.arg(c.Values) + "::text[])")
	default:
		operator := map[Op]string{Eq: " = ", Ne: " <> ", Gte: " >= ", Lte: " <= ", Prefix: " ^@ "}[c.Op]
		w.add(column + operator + w.arg(values[0]))
	}
	return nil
}

// addTruth adds a condition that is met or not.
func (d *field) addTruth(w *where, column, value string) error {
	is, err := strconv.ParseBool(value)
	if err != nil {
		return fmt.Errorf("%q is not true or false", value)
	}
	met := column + " is not null"
	switch d.kind {
	case truth:
		met = d.means[0]
	case text:
		met = column + " <> ''"
	default:
	}
	w.add(map[bool]string{false: "not "}[is] + "(" + met + ")")
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
