package customers_test

import (
	"bytes"
	"cmp"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/customers"
	"github.com/ordermill/ordermill/projections/modeltest"
	"github.com/ordermill/ordermill/projections/query"
)

func prepared(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.Pool(t)
	modeltest.Prepare(t, pool)
	return pool
}

// Whatever happens in the shops, and however it is cut into frames, the tables hold what a plain fold holds.
func TestModel_equalsFold(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	rapid.Check(t, func(r *rapid.T) {
		modeltest.Compare(t.Context(), r, pool, customers.Model{}, modeltest.Any(r, 90))
	})
}

// Events of different streams may come in any sequence: one stream after the other, the last ones first, leave the same
// rows.
func TestModel_anySequenceOfStreams(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		history := modeltest.Any(r, 90)
		streams := map[uuid.UUID]int{}
		for _, e := range history {
			if _, known := streams[e.Stream]; !known {
				streams[e.Stream] = len(streams)
			}
		}
		turned := slices.Clone(history)
		slices.SortStableFunc(turned, func(a, b projections.Event) int { return cmp.Compare(streams[b.Stream], streams[a.Stream]) })
		want, err := modeltest.Fold(customers.Model{}, history, 1)
		if err != nil {
			r.Fatal(err)
		}
		got, err := modeltest.Fold(customers.Model{}, turned, 1)
		if err != nil {
			r.Fatal(err)
		}
		for i := range want {
			wanted := bytesOf(want[i])
			if rows := bytesOf(got[i]); !slices.EqualFunc(rows, wanted, bytes.Equal) {
				r.Fatalf("%s holds %q; want %q", want[i].Name, rows, wanted)
			}
		}
	})
}

func bytesOf(table projections.Table) [][]byte {
	var rows [][]byte
	for row := range table.Rows {
		rows = append(rows, bytes.Clone(row.Copied()))
	}
	return rows
}

// An order that is taxed anew leaves the row of one that was placed at those taxes, whatever happens afterwards.
func TestModel_requote(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		requoted, placed := modeltest.Requoted(r)
		modeltest.Same(r, customers.Model{}, requoted, placed)
	})
}

// A customer has spent nothing once all that was taxed anew is canceled or sent back.
func TestModel_requoteUndone(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		tables, err := modeltest.Fold(customers.Model{}, modeltest.Undone(r), 1)
		if err != nil {
			r.Fatal(err)
		}
		column := func(name string) []int64 { return modeltest.Column(r, tables[0], name) }
		gross, discounts, cancellations, refunds := column("gross"), column("discounts"), column("cancellations"), column("refunds")
		for i := range gross {
			if left := gross[i] - discounts[i] - cancellations[i] - refunds[i]; left != 0 {
				r.Fatalf("%d is left of row %d; want 0", left, i)
			}
		}
	})
}

// Pages in every sort, walked forward and backward, hold each summary once and as the orders themselves add up to; so
// does Get.
func TestQuery(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	rapid.Check(t, func(r *rapid.T) {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = tx.Rollback(t.Context()) }() // nothing of it is needed any more
		history := modeltest.Any(r, 90)
		if err := modeltest.Build(t.Context(), tx, customers.Model{}, history, 0, 5, 20); err != nil {
			r.Fatal(err)
		}
		limit := rapid.IntRange(1, 3).Draw(r, "limit")
		for _, tenant := range modeltest.Tenants {
			want := plain(history, tenant)
			for _, text := range []string{"", "-last_order_at", "last_order_at", "customer_id", "-customer_id"} {
				walk(t, r, tx, tenant, text, limit, want)
			}
			for _, id := range []string{"c-1", "c-2", "never ordered", "\xff", "\x00"} {
				got, err := customers.Get(t.Context(), tx, 1, tenant, id)
				var own []customers.Summary
				for _, s := range want {
					if s.CustomerID == id {
						own = append(own, s)
					}
				}
				if err != nil || !same(got, own) {
					r.Fatalf("Get(%q) = %+v, %v; want %+v", id, got, err, own)
				}
			}
		}
	})
}

func walk(t *testing.T, r *rapid.T, tx pgx.Tx, tenant, sort string, limit int, want []customers.Summary) {
	t.Helper()
	want = slices.Clone(want)
	slices.SortFunc(want, func(a, b customers.Summary) int {
		if strings.HasSuffix(sort, "customer_id") {
			return cmp.Or(cmp.Compare(a.CustomerID, b.CustomerID), cmp.Compare(a.Currency, b.Currency))
		}
		return cmp.Or(a.LastOrderAt.Compare(b.LastOrderAt), bytes.Compare(a.LastOrderID[:], b.LastOrderID[:]))
	})
	if sort == "" || strings.HasPrefix(sort, "-") {
		slices.Reverse(want)
	}
	by, err := customers.ParseSort(sort)
	if err != nil {
		r.Fatal(err)
	}
	next := func(from *query.Cursor) customers.List {
		list, err := customers.Query(t.Context(), tx, 1, tenant, by, query.Page{Limit: limit, From: from})
		if err != nil {
			r.Fatal(err)
		}
		return list
	}
	var forward, backward []customers.Summary
	last := next(nil)
	for forward = last.Customers; last.Next != nil; forward = append(forward, last.Customers...) {
		last = next(last.Next)
	}
	for backward = last.Customers; last.Previous != nil; backward = slices.Concat(last.Customers, backward) {
		last = next(last.Previous)
	}
	if !same(forward, want) || !same(backward, want) {
		r.Fatalf("sorted by %q: forward %+v, backward %+v; want %+v", sort, forward, backward, want)
	}
}

func same(got, want []customers.Summary) bool {
	return len(got) == 0 && len(want) == 0 || reflect.DeepEqual(got, want)
}

// past is what is known of one order: its state, and what the last state does not tell.
type past struct {
	order.Order
	begun   projections.Event // that placed it
	refunds int64             // without tax
	touched int64             // position of the last event that counts
}

// plain sums a tenant's orders up from their last states, by the rules of the domain alone: what is left of an order
// without tax is what its live units cost, less what was paid back.
func plain(history []projections.Event, tenant string) []customers.Summary {
	orders, erased := map[uuid.UUID]*past{}, map[string]projections.Event{}
	for _, e := range history {
		if e.Tenant != tenant {
			continue
		}
		switch fact := e.Body.(type) {
		case customer.Erased:
			erased[fact.CustomerID] = e
		case order.Event:
			p := orders[e.Stream]
			if p == nil {
				p = &past{}
				orders[e.Stream] = p
			}
			p.take(e, fact)
		}
	}
	type key struct{ customer, currency string }
	sums := map[key]*customers.Summary{}
	for _, id := range slices.SortedFunc(keys(orders), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }) {
		p := orders[id]
		if p.CustomerID == "" || p.begun.Position == 0 {
			continue
		}
		k := key{p.CustomerID, p.Currency}
		if sums[k] == nil {
			sums[k] = &customers.Summary{CustomerID: k.customer, Currency: k.currency}
		}
		p.addTo(sums[k], orders)
	}
	var all []customers.Summary
	for k, s := range sums {
		if e, gone := erased[k.customer]; gone {
			s.PII, s.ErasedAt, s.Position = nil, e.OccurredAt, max(s.Position, int64(e.Position))
		}
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b customers.Summary) int {
		return cmp.Or(cmp.Compare(a.CustomerID, b.CustomerID), cmp.Compare(a.Currency, b.Currency))
	})
	return all
}

func keys(m map[uuid.UUID]*past) func(func(uuid.UUID) bool) {
	return func(yield func(uuid.UUID) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (p *past) take(e projections.Event, fact order.Event) {
	wasPlaced := p.begun.Position > 0
	p.Apply(fact)
	counts := wasPlaced
	switch f := fact.(type) {
	case order.Placed, order.Imported:
		p.begun, counts = e, true
	case order.ReturnImported:
		for _, l := range f.Lines {
			p.refunds += l.Amount
		}
	case order.ReturnResolved:
		p.refunds += f.Refund + f.TakenOffDue - f.RefundTax - (f.RefundShipping - f.RefundShippingTax) - f.RefundGoodwill
	case order.Canceled, order.LinesCanceled, order.Expired, order.EditCommitted, order.ContactChanged,
		order.ShippingAddressChanged, order.BillingAddressChanged:
	default:
		counts = false
	}
	if counts {
		p.touched = int64(e.Position)
	}
}

// addTo adds an order to the sums of its customer.
func (p *past) addTo(s *customers.Summary, others map[uuid.UUID]*past) {
	s.Orders.Add(1)
	switch p.Status { //nolint:exhaustive // the others count as orders only
	case order.StatusCanceled:
		s.Canceled.Add(1)
	case order.StatusExpired:
		s.Expired.Add(1)
	}
	var ordered, discounted int64 // without tax
	for i := range p.Lines {
		l := &p.Lines[i]
		s.Units.Add(l.Counters.Ordered)
		ordered += l.NetSubtotal(p.Rounding.Mode)
		discounted += l.NetSubtotal(p.Rounding.Mode) - l.NetTotal()
		for n := range l.Batches {
			if n > 0 { // added by an edit, without a discount
				ordered += l.Batches[n].Total - l.Batches[n].Tax
			}
		}
	}
	live := p.LiveTotals()
	left := live.Total - live.Tax
	for i := range p.ShippingLines {
		if p.Status != order.StatusCanceled && p.Status != order.StatusExpired {
			left -= p.ShippingLines[i].NetTotal()
		}
	}
	s.Gross.Add(ordered)
	s.Discounts.Add(discounted)
	s.Cancellations.Add(ordered - discounted - left)
	s.Refunds.Add(p.refunds)
	s.Position = max(s.Position, p.touched)
	first, last := others[s.FirstOrderID], others[s.LastOrderID]
	if first == nil || p.before(first) {
		s.FirstOrderID, s.FirstOrderAt = p.ID, p.PlacedAt
	}
	if last == nil || last.before(p) {
		s.LastOrderID, s.LastOrderAt, s.PII = p.ID, p.PlacedAt, p.PII
	}
}

func (p *past) before(other *past) bool {
	if !p.PlacedAt.Equal(other.PlacedAt) {
		return p.PlacedAt.Before(other.PlacedAt)
	}
	return p.begun.Position < other.begun.Position
}

func TestQuery_refuses(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	for name, tt := range map[string]struct {
		sort      string
		page      query.Page
		parameter string
	}{
		"no rows":                      {"", query.Page{}, "limit"},
		"an unknown sort":              {"net", query.Page{Limit: 1}, "sort"},
		"a cursor of the other sort":   {"", query.Page{Limit: 1, From: &query.Cursor{Key: "EURc-1"}}, "cursor"},
		"a cursor without a customer":  {"customer_id", query.Page{Limit: 1, From: &query.Cursor{Key: "EUR"}}, "cursor"},
		"a cursor that is no text":     {"-customer_id", query.Page{Limit: 1, From: &query.Cursor{Key: "EUR\xff"}}, "cursor"},
		"a cursor with the zero in it": {"-customer_id", query.Page{Limit: 1, From: &query.Cursor{Key: "EUR\x00"}}, "cursor"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			sort, err := customers.ParseSort(tt.sort)
			if err == nil {
				_, err = customers.Query(t.Context(), pool, 1, "demo", sort, tt.page)
			}
			if fault, ok := errors.AsType[*query.Error](err); !ok || fault.Parameter != tt.parameter {
				t.Errorf("%v; want a fault of %s", err, tt.parameter)
			}
		})
	}
}

// Whatever a log holds, no sum overflows: the tables hold what a fold holds, merged from parts or not.
func TestModel_beyond64Bits(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	rapid.Check(t, func(r *rapid.T) {
		modeltest.Compare(t.Context(), r, pool, customers.Model{}, modeltest.Huge(r))
	})
}
