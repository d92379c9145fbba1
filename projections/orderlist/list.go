package orderlist

import (
	"context"
	_ "embed" // the statements
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

//go:embed select.sql
var selectStatement string

// Order is one order of a list. Sums are minor units of its currency, times UTC and zero where they do not apply.
type Order struct {
	ID          uuid.UUID
	Number      string
	ExternalID  string
	Channel     string
	Currency    string
	CustomerID  string // empty for a guest
	Country     string
	Status      order.Status
	Payment     order.PaymentStatus
	Fulfillment order.FulfillmentStatus
	Return      order.ReturnStatus
	Total       int64 // as placed; sort and filter go by it
	TotalNow    int64 // after edits, cancellations and returns
	AmountDue   int64
	AmountOwed  int64 // to the customer
	Lines       int
	Units       int64    // ordered in all, those that edits have added included
	Canceled    int64    // units
	Returned    int64    // units
	ToShip      int64    // live units that need a parcel, delivered ones included
	Open        int64    // of those, the ones that have not left
	Backordered int64    // units that wait for stock
	SKUs        []string // sorted bytewise, each once
	Tags        []string // sorted bytewise
	HoldReasons []string // sorted, each once; none if nothing is held
	PlacedAt    time.Time
	ConfirmedAt time.Time
	CompletedAt time.Time
	CanceledAt  time.Time
	ExpiresAt   time.Time
	ShipBy      time.Time // the earliest of the planned fulfilments
	DueAt       time.Time // when it expires, or a hold ends, whichever is first
	DueKind     DueKind   // which of them
	DueHold     uuid.UUID // the hold
	ArchivedAt  time.Time
	UpdatedAt   time.Time
	Version     int64 // of the order's stream
	Position    int64 // of its last event
}

// OnHold reports whether the order, or some of its lines, are held.
func (o *Order) OnHold() bool { return len(o.HoldReasons) > 0 }

// Sort is the sequence of a list. Orders with equal keys follow by id. The zero value means the newest first.
type Sort struct {
	Field      string // one of SortFields
	Descending bool
}

// SortFields are the fields that a list can be sorted by. Each has an index.
var sortFields = []string{"placed_at", "updated_at", "order_number", "total"}

// SortFields returns the fields that a list can be sorted by.
func SortFields() []string { return append([]string(nil), sortFields...) }

// ParseSort reads a sort such as -placed_at, in which the minus means descending. It fails with a *query.Error that
// names the fields there are. The empty text is the default.
func ParseSort(text string) (Sort, error) {
	if text == "" {
		text = "-placed_at"
	}
	name, descending := strings.CutPrefix(text, "-")
	for _, known := range sortFields {
		if name == known {
			return Sort{Field: name, Descending: descending}, nil
		}
	}
	var allowed []string
	for _, known := range sortFields {
		allowed = append(allowed, known, "-"+known)
	}
	return Sort{}, query.Unknown("sort", "sort", text, allowed)
}

// Request asks for a page of a list.
type Request struct {
	Filter Filter
	Sort   Sort
	Page   query.Page
	Count  CountMode
}

// List is a page of orders.
type List struct {
	Orders   []Order
	Next     *query.Cursor // nil: there is no such page
	Previous *query.Cursor
	Count    *Count // nil with CountNone
}

// Query returns a page of a tenant's orders. It fails with a *query.Error if the request is at fault. Walking the
// pages in either direction shows each order once that keeps its place meanwhile.
func Query(ctx context.Context, db query.DB, g projections.Generation, tenant string, request Request) (List, error) {
	if err := request.Page.Check(); err != nil {
		return List{}, err
	}
	if request.Sort == (Sort{}) {
		request.Sort = Sort{Field: "placed_at", Descending: true}
	}
	w := &where{}
	w.add("t.tenant_id = " + w.arg(tenant))
	if err := request.Filter.add(w); err != nil {
		return List{}, err
	}
	counter, err := newCounter(g, request.Count, w)
	if err != nil {
		return List{}, err
	}
	statement, args, err := request.statement(g, *w)
	if err != nil {
		return List{}, err
	}
	var orders []Order
	err = query.Send(ctx, db, tenant, func(batch *pgx.Batch) {
		// A plan made for any filter value would suit none: most statuses are rare and one is not.
		batch.Queue("select set_config('plan_cache_mode', 'force_custom_plan', true)")
		batch.Queue(statement, args...).Query(func(rows pgx.Rows) error {
			orders, err = scan(rows, request.Page.Limit)
			return err
		})
		counter.queue(batch)
	})
	if err != nil {
		return List{}, fmt.Errorf("order list: %w", err)
	}
	list := List{Count: counter.result()}
	list.Orders, list.Next, list.Previous = query.Turn(request.Page, orders, request.Sort.place)
	return list, nil
}

// statement returns the page's statement. One row more than the page has tells whether there is another page.
func (r *Request) statement(g projections.Generation, w where) (string, []any, error) {
	column := "t." + r.Sort.Field
	descending := r.Sort.Descending != r.Page.Back()
	if from := r.Page.From; from != nil {
		edge, err := r.Sort.key(from.Key)
		if err != nil {
			return "", nil, err
		}
		comparison := map[bool]string{false: " > ", true: " < "}[descending]
		w.add("(" + column + ", t.order_id)" + comparison + "(" + w.arg(edge) + ", " + w.arg(from.ID) + ")")
	}
	direction := map[bool]string{true: " desc"}[descending]
	statement := in(g, selectStatement) + "where " + w.String() +
		" order by " + column + direction + ", t.order_id" + direction + " limit " + w.arg(r.Page.Limit+1)
	return statement, w.args, nil
}

// key reads a cursor's key.
func (s Sort) key(text string) (any, error) {
	if s.Field == "order_number" {
		return text, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return nil, &query.Error{Parameter: "cursor", Message: "the cursor does not belong to this sort; begin again without it"}
	case s.Field == "total":
		return n, nil
	default:
		return time.UnixMicro(n).UTC(), nil
	}
}

// place returns the cursor of an order.
func (s Sort) place(o *Order) query.Cursor {
	c := query.Cursor{ID: o.ID}
	switch s.Field {
	case "order_number":
		c.Key = o.Number
	case "total":
		c.Key = strconv.FormatInt(o.Total, 10)
	case "updated_at":
		c.Key = strconv.FormatInt(o.UpdatedAt.UnixMicro(), 10)
	default:
		c.Key = strconv.FormatInt(o.PlacedAt.UnixMicro(), 10)
	}
	return c
}

func scan(rows pgx.Rows, limit int) ([]Order, error) {
	orders := make([]Order, 0, limit+1)
	for rows.Next() {
		var (
			o     Order
			t     times
			r     row
			facts []byte
			hold  *uuid.UUID
		)
		if err := rows.Scan(&o.ID, &o.Number, &o.ExternalID, &o.Channel, &o.Currency, &o.CustomerID, &o.Country, &o.Status,
			&o.Payment, &o.Fulfillment, &o.Return, &o.Total, &o.Open, &o.Backordered, &o.SKUs, &o.Tags, &o.HoldReasons, &facts,
			&r.placedAt, &t.confirmed, &t.shipBy, &t.due, &hold, &t.archived, &r.updatedAt, &o.Version, &o.Position); err != nil {
			return nil, err
		}
		t.into(&r)
		d, err := r.readFacts(facts)
		if err != nil {
			return nil, fmt.Errorf("order %s: %w", o.ID, err)
		}
		o.TotalNow, o.AmountDue, o.AmountOwed = money.Clamped(o.Total, r.added, -r.released, -r.credited), d.due, d.owed
		o.Lines, o.Units, o.Canceled, o.Returned, o.ToShip = int(r.lines), r.units, r.unitsCanceled, r.unitsReturned, r.unitsToShip
		o.PlacedAt, o.ConfirmedAt, o.CompletedAt = r.placedAt, r.confirmedAt, r.completedAt
		o.CanceledAt, o.ExpiresAt, o.UpdatedAt = r.canceledAt, r.expiresAt, r.updatedAt
		o.ShipBy, o.DueAt, o.ArchivedAt = utc(t.shipBy), utc(t.due), utc(t.archived)
		o.DueKind, o.DueHold = dueKind(t.due, hold)
		orders = append(orders, o)
	}
	return orders, rows.Err()
}
