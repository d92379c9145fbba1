package customers

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/query"
)

// Summary is what a customer ordered in one currency. Sums are minor units of it, without tax; times are UTC.
type Summary struct {
	CustomerID    string
	Currency      string
	Orders        money.Total // placed and imported; drafts are none
	Canceled      money.Total // orders
	Expired       money.Total // orders
	Units         money.Total // ordered, with those that were canceled or sent back
	Gross         money.Total // before discounts
	Discounts     money.Total
	Cancellations money.Total // what canceled and expired units had cost
	Refunds       money.Total
	FirstOrderAt  time.Time
	FirstOrderID  uuid.UUID
	LastOrderAt   time.Time
	LastOrderID   uuid.UUID
	PII           order.PII // sealed: the personal data of the last order; nil if it has none, or the customer was erased
	ErasedAt      time.Time // zero: the customer was not erased
	Position      int64     // of the last event that changed this
}

// Net returns what is left of the gross after discounts, cancellations and refunds of goods.
func (s *Summary) Net() money.Total { return s.Gross.Minus(s.Discounts, s.Cancellations, s.Refunds) }

// Get returns a customer's summaries, by currency. Who never ordered has none.
func Get(ctx context.Context, db query.DB, g projections.Generation, tenant, customerID string) ([]Summary, error) {
	if !query.Storable(customerID) {
		return nil, nil
	}
	found, err := read(ctx, db, tenant, in(g, selectStatement)+"where t.tenant_id = $1 and t.customer_id = $2 order by t.currency", tenant, customerID)
	if err != nil {
		return nil, fmt.Errorf("customer %q: %w", customerID, err)
	}
	return found, nil
}

// Sort is the sequence of a list. The zero value means that who ordered last comes first.
type Sort struct {
	Field      string // customer_id or last_order_at
	Descending bool
}

// The fields that a list can be sorted by. Each has an index.
const (
	byCustomer  = "customer_id"
	byLastOrder = "last_order_at"
)

// ParseSort reads a sort such as -last_order_at, in which the minus means descending. It fails with a *query.Error that
// names what there is. The empty text is the default.
func ParseSort(text string) (Sort, error) {
	name, descending := strings.CutPrefix(text, "-")
	switch {
	case text == "":
		return Sort{}, nil
	case name == byCustomer, name == byLastOrder:
		return Sort{name, descending}, nil
	}
	return Sort{}, query.Unknown("sort", "sort", text, []string{byCustomer, "-" + byCustomer, byLastOrder, "-" + byLastOrder})
}

// List is a page of summaries: a customer has one for each currency.
type List struct {
	Customers []Summary
	Next      *query.Cursor // nil: there is no such page
	Previous  *query.Cursor
}

// Query returns a page of a tenant's customers. It fails with a *query.Error if the request is at fault.
func Query(ctx context.Context, db query.DB, g projections.Generation, tenant string, sort Sort, page query.Page) (List, error) {
	if err := page.Check(); err != nil {
		return List{}, err
	}
	if sort == (Sort{}) {
		sort = Sort{byLastOrder, true}
	}
	descending := sort.Descending != page.Back()
	direction := map[bool]string{true: " desc"}[descending]
	columns := [2]string{"t." + byLastOrder, "t.last_order_id"}
	if sort.Field == byCustomer {
		columns = [2]string{"t." + byCustomer, "t.currency"}
	}
	statement, args := in(g, selectStatement)+"where t.tenant_id = $1", []any{tenant, page.Limit + 1}
	if page.From != nil {
		first, second, err := sort.edge(page.From)
		if err != nil {
			return List{}, err
		}
		statement += " and (" + columns[0] + ", " + columns[1] + ")" + map[bool]string{false: " > ", true: " < "}[descending] + "($3, $4)"
		args = append(args, first, second)
	}
	statement += " order by " + columns[0] + direction + ", " + columns[1] + direction + " limit $2"
	found, err := read(ctx, db, tenant, statement, args...)
	if err != nil {
		return List{}, fmt.Errorf("customers: %w", err)
	}
	var list List
	list.Customers, list.Next, list.Previous = query.Turn(page, found, sort.place)
	return list, nil
}

// currencyLength is that of an ISO 4217 code, with which the cursors of the sort by customer begin.
const currencyLength = 3

// place returns the cursor of a summary.
func (s Sort) place(c *Summary) query.Cursor {
	if s.Field == byCustomer {
		return query.Cursor{Key: c.Currency + c.CustomerID}
	}
	return query.Cursor{Key: strconv.FormatInt(c.LastOrderAt.UnixMicro(), 10), ID: c.LastOrderID}
}

// edge returns the values of the sort's columns at a cursor.
func (s Sort) edge(c *query.Cursor) (first, second any, err error) {
	if s.Field == byCustomer {
		if len(c.Key) > currencyLength && query.Storable(c.Key) {
			return c.Key[currencyLength:], c.Key[:currencyLength], nil
		}
	} else if n, err := strconv.ParseInt(c.Key, 10, 64); err == nil {
		return time.UnixMicro(n).UTC(), c.ID, nil
	}
	return nil, nil, &query.Error{Parameter: "cursor", Message: "the cursor does not belong to this sort; begin again without it"}
}

func read(ctx context.Context, db query.DB, tenant, statement string, args ...any) ([]Summary, error) {
	var found []Summary
	err := query.Send(ctx, db, tenant, func(batch *pgx.Batch) {
		batch.Queue(statement, args...).Query(func(rows pgx.Rows) (err error) {
			found, err = pgx.CollectRows(rows, scan)
			return err
		})
	})
	return found, err
}

// scan reads one row of select.sql.
func scan(from pgx.CollectableRow) (s Summary, err error) {
	var (
		pii    []byte
		erased *time.Time
	)
	err = from.Scan(&s.CustomerID, &s.Currency, &s.Orders, &s.Canceled, &s.Expired, &s.Units, &s.Gross, &s.Discounts,
		&s.Cancellations, &s.Refunds, &s.FirstOrderAt, &s.FirstOrderID, &s.LastOrderAt, &s.LastOrderID, &pii, &erased, &s.Position)
	s.FirstOrderAt, s.LastOrderAt, s.PII = s.FirstOrderAt.UTC(), s.LastOrderAt.UTC(), pii
	if erased != nil {
		s.ErasedAt = erased.UTC()
	}
	return s, err
}
