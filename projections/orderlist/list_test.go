package orderlist_test

import (
	"bytes"
	"cmp"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/modeltest"
	"github.com/ordermill/ordermill/projections/orderlist"
	"github.com/ordermill/ordermill/projections/query"
)

// prepared returns a pool whose database holds nothing but the schema.
func prepared(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.Pool(t)
	modeltest.Prepare(t, pool)
	return pool
}

// built draws a history and returns a transaction that sees its list. The transaction ends with the check.
func built(t *testing.T, r *rapid.T, pool *pgxpool.Pool) (pgx.Tx, []projections.Event) {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = tx.Rollback(t.Context()) })
	history := modeltest.Any(r, 150)
	if err := modeltest.Build(t.Context(), tx, orderlist.Model{}, history, 0, 9, 40); err != nil {
		r.Fatal(err)
	}
	return tx, history
}

// plain folds a tenant's orders with the domain alone.
func plain(history []projections.Event, tenant string) []orderlist.Order {
	states, last := map[uuid.UUID]*order.Order{}, map[uuid.UUID]projections.Event{}
	for _, e := range history {
		if fact, ok := e.Body.(order.Event); ok && e.Tenant == tenant {
			if states[e.Stream] == nil {
				states[e.Stream] = &order.Order{}
			}
			states[e.Stream].Apply(fact)
			last[e.Stream] = e
		}
	}
	all := []orderlist.Order{}
	for id, o := range states {
		all = append(all, expected(o, last[id]))
	}
	return all
}

// expected is the row of an order whose last event is e.
func expected(o *order.Order, e projections.Event) orderlist.Order {
	row := orderlist.Order{
		ID: e.Stream, Number: o.Number, ExternalID: o.ExternalID, Channel: o.Channel, Currency: o.Currency,
		CustomerID: o.CustomerID, Country: o.Country, Status: o.Status, Payment: o.PaymentStatus(),
		Fulfillment: o.FulfillmentStatus(), Return: o.ReturnStatus(), Total: o.Totals.Total, TotalNow: o.Total(),
		AmountDue: o.AmountDue(), AmountOwed: o.AmountOwedToCustomer(), Lines: len(o.Lines), PlacedAt: o.PlacedAt,
		ConfirmedAt: o.ConfirmedAt, CompletedAt: o.CompletedAt, CanceledAt: o.CanceledAt, ExpiresAt: o.ExpiresAt,
		ArchivedAt: o.ArchivedAt, UpdatedAt: o.UpdatedAt, Version: int64(e.Version), Position: int64(e.Position),
	}
	if len(o.Tags) > 0 {
		row.Tags = o.Tags
	}
	row.SKUs = []string{}
	for _, l := range o.Lines {
		row.Units += l.Counters.Ordered
		row.Canceled += l.Counters.Canceled
		row.Returned += l.Counters.Returned
		row.Backordered += l.Counters.Backordered
		if l.RequiresShipping {
			row.ToShip += l.Counters.Live()
			row.Open += l.Counters.Live() - l.Counters.Shipped
		}
		row.SKUs = append(row.SKUs, l.SKU)
	}
	slices.Sort(row.SKUs)
	row.SKUs = slices.Compact(row.SKUs)
	for _, f := range o.Fulfillments {
		if f.State == order.FulfillmentStatePlanned && !f.ShipBy.IsZero() && (row.ShipBy.IsZero() || f.ShipBy.Before(row.ShipBy)) {
			row.ShipBy = f.ShipBy
		}
	}
	// An order is due exactly if the domain would let it expire then.
	if events, err := order.Decide(o, order.Expire{At: o.ExpiresAt}, order.Terms{At: o.ExpiresAt}); err == nil && len(events) > 0 {
		row.DueAt, row.DueKind = o.ExpiresAt, orderlist.DueOrder
	}
	for _, h := range o.Holds {
		row.HoldReasons = append(row.HoldReasons, string(h.Reason))
		if !h.Until.IsZero() && (row.DueAt.IsZero() || h.Until.Before(row.DueAt)) {
			row.DueAt, row.DueKind, row.DueHold = h.Until, orderlist.DueHold, h.HoldID
		}
	}
	slices.Sort(row.HoldReasons)
	row.HoldReasons = slices.Compact(row.HoldReasons)
	return row
}

func sorted(orders []orderlist.Order, s orderlist.Sort) []orderlist.Order {
	slices.SortFunc(orders, func(a, b orderlist.Order) int {
		c := map[string]int{
			"placed_at": a.PlacedAt.Compare(b.PlacedAt), "updated_at": a.UpdatedAt.Compare(b.UpdatedAt),
			"order_number": cmp.Compare(a.Number, b.Number), "total": cmp.Compare(a.Total, b.Total),
		}[s.Field]
		if c = cmp.Or(c, bytes.Compare(a.ID[:], b.ID[:])); s.Descending {
			return -c
		}
		return c
	})
	return orders
}

// Under every sort the pages, walked forward and then backward, hold each order once and in place, as the domain
// itself folds it.
func TestQuery_pages(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	rapid.Check(t, func(r *rapid.T) {
		tx, history := built(t, r, pool)
		request := orderlist.Request{Page: query.Page{Limit: rapid.IntRange(1, 5).Draw(r, "limit")}}
		request.Sort.Field = rapid.SampledFrom(orderlist.SortFields()).Draw(r, "sort")
		request.Sort.Descending = rapid.Bool().Draw(r, "descending")
		for _, tenant := range modeltest.Tenants {
			want := sorted(plain(history, tenant), request.Sort)
			var forward, backward []orderlist.Order
			var last orderlist.List
			for request.Page.From = nil; ; request.Page.From = last.Next {
				last = page(t, r, tx, tenant, request)
				if forward = append(forward, last.Orders...); last.Next == nil {
					break
				}
			}
			compare(r, forward, want)
			for backward = last.Orders; last.Previous != nil; backward = slices.Concat(last.Orders, backward) {
				request.Page.From = last.Previous
				last = page(t, r, tx, tenant, request)
			}
			compare(r, backward, want)
		}
	})
}

func page(t *testing.T, r *rapid.T, tx pgx.Tx, tenant string, request orderlist.Request) orderlist.List {
	t.Helper()
	list, err := orderlist.Query(t.Context(), tx, 1, tenant, request)
	if err != nil {
		r.Fatal(err)
	}
	if len(list.Orders) > request.Page.Limit {
		r.Fatalf("%d orders on a page of %d", len(list.Orders), request.Page.Limit)
	}
	return list
}

func compare(r *rapid.T, got, want []orderlist.Order) {
	if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		r.Fatalf("the list holds\n%+v; want\n%+v", got, want)
	}
}

func TestQuery_refuses(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	one := query.Page{Limit: 1}
	filter := func(field string, op orderlist.Op, values ...string) orderlist.Request {
		return orderlist.Request{Page: one, Filter: orderlist.Filter{{Field: field, Op: op, Values: values}}}
	}
	tests := map[string]struct {
		request   orderlist.Request
		parameter string
		words     string
	}{
		"an unknown field":            {filter("colour", "eq", "red"), "filter[colour][eq]", "placed_at"},
		"an operator it has not":      {filter("status", "gte", "x"), "filter[status][gte]", "eq, ne, in"},
		"an unknown status":           {filter("status", "", "lost"), "filter[status][eq]", "pending"},
		"a broken time":               {filter("placed_at", "gte", "yesterday"), "filter[placed_at][gte]", "2026-"},
		"a broken sum":                {filter("total", "eq", "12.50"), "filter[total][eq]", "minor units"},
		"a sum beyond 64 bits":        {filter("total", "eq", "9223372036854775808"), "filter[total][eq]", "whole number"},
		"a text with a zero":          {filter("sku", "eq", "a\x00"), "filter[sku][eq]", "UTF-8"},
		"text that is not UTF-8":      {filter("channel", "in", "web", "\xff"), "filter[channel][in]", "UTF-8"},
		"two values for one":          {filter("status", "eq", "pending", "canceled"), "filter[status][eq]", "one value"},
		"exists, neither true nor no": {filter("country", "exists", "maybe"), "filter[country][exists]", "true or false"},
		"archived, neither":           {filter("archived", "eq", "maybe"), "filter[archived][eq]", "true or false"},
		"something it cannot have":    {filter("has", "in", "hold", "fun"), "filter[has][in]", "backorder"},
		"an unknown reason":           {filter("hold_reason", "eq", "rain"), "filter[hold_reason][eq]", "fraud_review"},
		"a page without rows":         {orderlist.Request{}, "limit", "1 to 250"},
		"a cursor of another sort":    {orderlist.Request{Page: query.Page{Limit: 1, From: &query.Cursor{Key: "7K3M"}}}, "cursor", "begin again"},
		"an unknown count":            {orderlist.Request{Page: one, Count: "all"}, "count", "estimate"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := orderlist.Query(t.Context(), pool, 1, "demo", tt.request)
			fault, ok := errors.AsType[*query.Error](err)
			if !ok || fault.Parameter != tt.parameter || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("Query = %v; want a fault of %s that says %q", err, tt.parameter, tt.words)
			}
		})
	}
	if _, err := orderlist.ParseSort("-colour"); err == nil || !strings.Contains(err.Error(), "-updated_at") {
		t.Errorf("ParseSort = %v; want an error that names the sorts", err)
	}
}

// A count beyond the limit says so, and an estimate goes on where it gives up.
func TestQuery_countsMany(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	if err := many(t, pool, orderlist.MaxCount+5); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[orderlist.CountMode]orderlist.Relation{orderlist.CountExact: orderlist.AtLeast, orderlist.CountEstimate: orderlist.About} {
		list, err := orderlist.Query(t.Context(), pool, 1, "demo", orderlist.Request{Page: query.Page{Limit: 3}, Count: mode})
		if err != nil {
			t.Fatal(err)
		}
		if c := list.Count; c.Relation != want || c.Value < orderlist.MaxCount || c.Value > orderlist.MaxCount+5 {
			t.Errorf("%s: %+v; want about %d, %s", mode, *c, orderlist.MaxCount, want)
		}
	}
	table := projections.Generation(1).Table("order_list")
	_, err := pool.Exec(t.Context(), "alter table "+table+" set (autovacuum_enabled = false); create temporary table copy as select * from "+table+
		"; truncate "+table+"; insert into "+table+" select * from copy") // of which the planner knows nothing
	if err != nil {
		t.Fatal(err)
	}
	list, err := orderlist.Query(t.Context(), pool, 1, "demo", orderlist.Request{Page: query.Page{Limit: 3}, Count: orderlist.CountEstimate})
	if err != nil {
		t.Fatal(err)
	}
	if c := list.Count; *c != (orderlist.Count{Value: orderlist.MaxCount, Relation: orderlist.AtLeast}) {
		t.Errorf("an estimate without statistics: %+v", *c)
	}
}

// many builds generation 1 with that many orders.
func many(t *testing.T, pool *pgxpool.Pool, number int) error {
	t.Helper()
	events := make([]projections.Event, number)
	for i := range events {
		id := uuid.NewSHA1(uuid.NameSpaceOID, []byte(strconv.Itoa(i)))
		e := &events[i]
		e.Tenant, e.Stream, e.Position, e.Version = "demo", id, 1, 1
		e.Body = order.Placed{Contents: order.Contents{OrderID: id}, PlacedAt: time.Unix(int64(i), 0).UTC()}
	}
	return pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		if err := modeltest.Build(t.Context(), tx, orderlist.Model{}, events, number); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), "analyze "+projections.Generation(1).Table(orderlist.Name))
		return err
	})
}
