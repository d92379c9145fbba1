package topskus_test

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/modeltest"
	"github.com/ordermill/ordermill/projections/query"
	"github.com/ordermill/ordermill/projections/topskus"
)

func prepared(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.Pool(t)
	modeltest.Prepare(t, pool)
	return pool
}

// Whatever happens in the shops, and however it is cut into frames, the table holds what a plain fold holds.
func TestModel_equalsFold(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	rapid.Check(t, func(r *rapid.T) {
		modeltest.Compare(t.Context(), r, pool, topskus.Model{}, modeltest.Any(r, 90))
	})
}

// An order that is taxed anew leaves the rows of one that was placed at those taxes, whatever happens afterwards.
func TestModel_requote(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		requoted, placed := modeltest.Requoted(r)
		modeltest.Same(r, topskus.Model{}, requoted, placed)
	})
}

// No SKU is worth anything once all that was taxed anew is canceled or sent back.
func TestModel_requoteUndone(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		history := modeltest.Undone(r)
		for i := range history { // all at one time, so that each SKU has one row in each span and currency
			history[i].OccurredAt = history[0].OccurredAt
		}
		tables, err := modeltest.Fold(topskus.Model{}, history, 1)
		if err != nil {
			r.Fatal(err)
		}
		if net := modeltest.Column(r, tables[0], "net"); slices.ContainsFunc(net, func(n int64) bool { return n != 0 }) {
			r.Fatalf("%d is left; want 0 of all", net)
		}
	})
}

// The answer is that of a plain count, for any time, order and limit.
func TestQuery_againstPlainCount(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	rapid.Check(t, func(r *rapid.T) {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = tx.Rollback(t.Context()) }() // nothing of it is needed any more
		history := modeltest.Any(r, 120)
		if err := modeltest.Build(t.Context(), tx, topskus.Model{}, history, len(history)/3, 9, 40); err != nil {
			r.Fatal(err)
		}
		for range 10 {
			quarters := rapid.IntRange(0, 80*96)
			begin := time.Date(2026, time.January, 25, 0, 0, 0, 0, time.UTC)
			request := topskus.Request{
				By: rapid.SampledFrom([]topskus.Order{topskus.ByUnits, topskus.ByNet}).Draw(r, "by"), Limit: rapid.IntRange(1, 7).Draw(r, "limit"),
				Now: begin.AddDate(1, 0, 0), Currency: rapid.SampledFrom([]string{"EUR", "JPY"}).Draw(r, "currency"),
			}
			if request.By == topskus.ByUnits && rapid.Bool().Draw(r, "all currencies") {
				request.Currency = ""
			}
			if rapid.Bool().Draw(r, "bounded") {
				request.From = begin.Add(time.Duration(quarters.Draw(r, "from")) * 15 * time.Minute)
				request.To = request.From.Add(time.Duration(1+quarters.Draw(r, "length")) * 15 * time.Minute)
			}
			tenant := rapid.SampledFrom(modeltest.Tenants).Draw(r, "tenant")
			got, err := topskus.Query(t.Context(), tx, 1, tenant, request)
			if err != nil {
				r.Fatal(err)
			}
			if want := plain(history, tenant, request); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
				r.Fatalf("Query = %+v; want %+v", got, want)
			}
		}
	})
}

func plain(history []projections.Event, tenant string, request topskus.Request) []topskus.SKU {
	if request.To.IsZero() {
		request.To = request.Now
	}
	sold := map[string]topskus.SKU{}
	count := func(currency, sku string, units, net int64) {
		if request.Currency != "" && currency != request.Currency {
			return
		}
		s, again := sold[sku]
		if again && s.Currency != currency {
			currency = ""
		}
		s.SKU, s.Currency = sku, currency
		s.Units.Add(units)
		s.Net.Add(net)
		sold[sku] = s
	}
	canceled := func(currency string, lines ...order.CanceledLine) {
		for _, l := range lines {
			count(currency, l.SKU, 0, -l.Amount)
		}
	}
	for _, e := range history {
		if e.Tenant != tenant || e.OccurredAt.Before(request.From) || !e.OccurredAt.Before(request.To) {
			continue
		}
		switch f := e.Body.(type) {
		case order.Placed:
			for _, l := range f.Lines {
				count(f.Currency, l.SKU, l.Quantity, l.NetTotal())
			}
		case order.Imported:
			for _, l := range f.Lines {
				count(f.Currency, l.SKU, l.Quantity, l.NetTotal())
			}
		case order.Canceled:
			canceled(f.Currency, f.Lines...)
		case order.LinesCanceled:
			canceled(f.Currency, f.Lines...)
		case order.Expired:
			canceled(f.Currency, f.Lines...)
		case order.EditCommitted:
			for _, c := range f.LineChanges {
				if c.Removed != nil {
					canceled(f.Currency, *c.Removed)
				}
				if c.Added != nil {
					added := order.Line{TaxLines: c.Added.TaxLines, Total: c.Added.Total}
					count(f.Currency, c.SKU, c.Added.Quantity, added.NetTotal())
				}
			}
			for _, l := range f.LinesAdded {
				count(f.Currency, l.SKU, l.Quantity, l.NetTotal())
			}
		case order.ShippingAddressChanged:
			if f.Requote == nil {
				continue
			}
			for _, l := range f.Requote.Lines {
				if l.NetTotalChange != 0 {
					count(f.Currency, l.SKU, 0, l.NetTotalChange)
				}
			}
		case order.ReturnResolved:
			var worth []int64
			for _, l := range f.Lines {
				worth = append(worth, l.Amount)
			}
			for i, part := range money.Allocate(f.Refund+f.TakenOffDue-f.RefundTax-(f.RefundShipping-f.RefundShippingTax)-f.RefundGoodwill, worth) {
				count(f.Currency, f.Lines[i].SKU, 0, -part)
			}
		case order.ReturnImported:
			for _, l := range f.Lines {
				count(f.Currency, l.SKU, 0, -l.Amount)
			}
		}
	}
	var all []topskus.SKU
	for _, s := range sold {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b topskus.SKU) int {
		if request.By == topskus.ByNet {
			return cmp.Or(cmp.Compare(b.Net.Clamp(), a.Net.Clamp()), cmp.Compare(a.SKU, b.SKU))
		}
		return cmp.Or(cmp.Compare(b.Units.Clamp(), a.Units.Clamp()), cmp.Compare(a.SKU, b.SKU))
	})
	return all[:min(len(all), request.Limit)]
}

func TestQuery_currencies(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }() // nothing of it is needed any more
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	var events []projections.Event
	for _, sold := range [][2]string{{"one", "EUR"}, {"one", "EUR"}, {"two", "JPY"}, {"two", "EUR"}, {"two", "GBP"}} {
		var e projections.Event
		e.Tenant, e.OccurredAt = sold[0], now
		e.Body = order.Placed{Contents: order.Contents{Currency: sold[1], Lines: []order.Line{{SKU: "MUG", Quantity: 2, Total: 300}}}}
		events = append(events, e)
	}
	if err := modeltest.Build(t.Context(), tx, topskus.Model{}, events, 0); err != nil {
		t.Fatal(err)
	}
	for tenant, want := range map[string][]topskus.SKU{
		"one": {{SKU: "MUG", Units: money.TotalOf(4), Currency: "EUR", Net: money.TotalOf(600)}},
		"two": {{SKU: "MUG", Units: money.TotalOf(6), Net: money.TotalOf(900)}}, "nobody": nil,
	} {
		if got, err := topskus.Query(t.Context(), tx, 1, tenant, topskus.Request{Now: now}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", tenant, got, err, want)
		}
	}
	_, err = topskus.Query(t.Context(), tx, 1, "two", topskus.Request{By: topskus.ByNet, Now: now})
	if fault, ok := errors.AsType[*query.Error](err); !ok || !slices.Equal(fault.Allowed, []string{"EUR", "GBP", "JPY"}) {
		t.Errorf("several currencies: %v; want a fault that names them", err)
	}
}

func TestQuery_refuses(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		request   topskus.Request
		parameter string
		words     string
	}{
		"an unknown order":   {topskus.Request{By: "gross"}, "by", "units, net"},
		"a negative limit":   {topskus.Request{Limit: -1}, "limit", "1 to 250"},
		"too high a limit":   {topskus.Request{Limit: 251}, "limit", "1 to 250"},
		"no such currency":   {topskus.Request{Currency: "euro"}, "currency", "EUR"},
		"times turned round": {topskus.Request{From: now, To: now}, "from", "not before"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			tt.request.Now = now
			_, err := topskus.Query(t.Context(), pool, 1, "demo", tt.request)
			fault, ok := errors.AsType[*query.Error](err)
			if !ok || fault.Parameter != tt.parameter || !strings.Contains(fault.Message, tt.words) {
				t.Errorf("Query = %v; want a fault of %s that says %q", err, tt.parameter, tt.words)
			}
		})
	}
}

// Whatever a log holds, no sum overflows: the tables hold what a fold holds, merged from parts or not.
func TestModel_beyond64Bits(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	rapid.Check(t, func(r *rapid.T) {
		modeltest.Compare(t.Context(), r, pool, topskus.Model{}, modeltest.Huge(r))
	})
}
