package metrics_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/metrics"
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
		modeltest.Compare(t.Context(), r, pool, metrics.Model{}, modeltest.Any(r, 90))
	})
}

// zones include switches to summer time in the middle of the histories: at night, at midnight (Beirut) and by half an
// hour (Lord Howe, in April).
var zones = []string{"UTC", "Europe/Berlin", "Asia/Beirut", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe", "America/Santiago"}

func zoneOf(r *rapid.T, name string) *time.Location {
	in, err := metrics.Zone(name)
	if err != nil {
		r.Fatal(err)
	}
	return in
}

// Every metric in every bucket and zone is what a plain count over the history gives.
func TestQuery_againstPlainCount(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	rapid.Check(t, func(r *rapid.T) {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = tx.Rollback(t.Context()) }() // nothing of it is needed any more
		history := modeltest.Any(r, 150)
		if err := modeltest.Build(t.Context(), tx, metrics.Model{}, history, len(history)/3, 9, 40); err != nil {
			r.Fatal(err)
		}
		for range 4 {
			request := metrics.Request{
				Name:     rapid.SampledFrom(metrics.Names()).Draw(r, "metric"),
				From:     time.Date(2026, time.March, 10, 7, 20, 0, 0, time.UTC),
				To:       time.Date(2026, time.April, 1, rapid.IntRange(0, 23).Draw(r, "to"), 40, 0, 0, time.UTC),
				Bucket:   rapid.SampledFrom([]metrics.Bucket{metrics.Hour, metrics.Day, metrics.Week, metrics.Month}).Draw(r, "bucket"),
				Zone:     zoneOf(r, rapid.SampledFrom(zones).Draw(r, "zone")),
				Currency: rapid.SampledFrom([]string{"EUR", "JPY", ""}).Draw(r, "currency"),
				Channel:  rapid.SampledFrom([]string{"", "", "web", "import"}).Draw(r, "channel"),
				GroupBy:  rapid.SampledFrom([]string{"", metrics.GroupChannel}).Draw(r, "group by"),
			}
			tenant := rapid.SampledFrom(modeltest.Tenants).Draw(r, "tenant")
			got, err := metrics.Query(t.Context(), tx, 1, tenant, request)
			if perCurrency(request.Name) && request.Currency == "" {
				fault, refused := errors.AsType[*query.Error](err)
				if refused && several(history, tenant, time.Time{}, request.To.AddDate(1, 0, 0)) && slices.Equal(fault.Allowed, []string{"EUR", "JPY"}) {
					continue
				}
				if several(history, tenant, request.From, request.To) {
					r.Fatalf("money of several currencies: %v; want a fault that names them", err)
				}
			}
			if err != nil {
				r.Fatal(err)
			}
			check(r, &request, got, history, tenant)
		}
	})
}

func perCurrency(name string) bool {
	return slices.ContainsFunc(metrics.Catalogue(), func(m metrics.Metric) bool { return m.Name == name && m.PerCurrency })
}

// several reports that a tenant has sold in more than one currency in a time.
func several(history []projections.Event, tenant string, from, to time.Time) bool {
	currencies := map[string]bool{}
	for _, e := range history {
		if fact, ok := e.Body.(order.Event); ok && e.Tenant == tenant && !e.OccurredAt.Before(from) && e.OccurredAt.Before(to) {
			if currency, _ := seriesOf(fact); currency != "" {
				currencies[currency] = true
			}
		}
	}
	return len(currencies) > 1
}

// check holds every point and total against the plain count.
func check(r *rapid.T, request *metrics.Request, got metrics.Result, history []projections.Event, tenant string) {
	channels := []string{request.Channel}
	if request.GroupBy != "" {
		channels = nil
		for _, s := range got.Series {
			channels = append(channels, s.Channel)
		}
		if !slices.IsSorted(channels) {
			r.Fatalf("channels %q are not sorted", channels)
		}
	}
	if len(got.Series) != len(channels) {
		r.Fatalf("%d series; want one", len(got.Series))
	}
	for i, s := range got.Series {
		for n, p := range s.Points {
			until := upper(request.Bucket, p.Start)
			if n+1 < len(s.Points) && !s.Points[n+1].Start.Equal(until) {
				r.Fatalf("the point after %s begins at %s; want %s", p.Start, s.Points[n+1].Start, until)
			}
			if want := plain(history, tenant, request, channels[i], p.Start, until); p.Value != money.TotalOf(want) {
				r.Fatalf("%s %s of %s = %s; want %d", channels[i], request.Name, p.Start, p.Value, want)
			}
		}
		first, last := s.Points[0].Start, upper(request.Bucket, s.Points[len(s.Points)-1].Start)
		if first.After(request.From) || last.Before(request.To) {
			r.Fatalf("points from %s to %s; want %s to %s covered", first, last, request.From, request.To)
		}
		if want := plain(history, tenant, request, channels[i], first, last); s.Total != money.TotalOf(want) {
			r.Fatalf("total = %s; want %d", s.Total, want)
		}
	}
}

// upper returns the end of a bucket, found by walking on until the clock on the wall shows another one.
func upper(bucket metrics.Bucket, start time.Time) time.Time {
	label := func(at time.Time) string {
		switch bucket {
		case metrics.Hour:
			return "" // not told by a label: see below
		case metrics.Week:
			year, week := at.ISOWeek()
			return fmt.Sprint(year, week)
		case metrics.Month:
			return at.Format("2006-01")
		default:
			return at.Format("2006-01-02")
		}
	}
	at := start.Add(15 * time.Minute)
	for label(at) == label(start) && (bucket != metrics.Hour || at.Minute() != 0) {
		at = at.Add(15 * time.Minute)
	}
	return at
}

func TestQuery_defaults(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	id := uuid.MustParse("01955000-0000-7000-8123-456789abcdef")
	events := make([]projections.Event, 1)
	e := &events[0]
	e.Tenant, e.Stream, e.OccurredAt = "demo", id, time.Date(2026, time.March, 1, 12, 59, 59, 0, time.UTC)
	e.Body = order.Confirmed{OrderID: id, Channel: "web", Currency: "EUR"}
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }() // nothing of it is needed any more
	if err := modeltest.Build(t.Context(), tx, metrics.Model{}, events, 0); err != nil {
		t.Fatal(err)
	}
	for bucket, points := range map[metrics.Bucket]int{"": 30, metrics.Hour: 24, metrics.Week: 12, metrics.Month: 12} {
		got, err := metrics.Query(t.Context(), tx, 1, "demo", metrics.Request{Name: "orders_confirmed", Now: e.OccurredAt, Bucket: bucket})
		if err != nil {
			t.Fatal(err)
		}
		if s := got.Series[0]; len(s.Points) != points || s.Points[points-1].Value != money.TotalOf(1) || s.Total != money.TotalOf(1) {
			t.Errorf("bucket %q: %d points, total %s; want %d and the last one 1", bucket, len(s.Points), s.Total, points)
		}
	}
	// The only currency need not be named; a shop without sales has none.
	for tenant, currency := range map[string]string{"demo": "EUR", "empty": ""} {
		got, err := metrics.Query(t.Context(), tx, 1, tenant, metrics.Request{Name: "aov", Now: e.OccurredAt})
		if err != nil || got.Currency != currency || len(got.Series[0].Points) != 30 {
			t.Errorf("%s: %+v, %v; want currency %q and 30 points", tenant, got, err, currency)
		}
	}
}

func TestQuery_refuses(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		request   metrics.Request
		parameter string
		words     string
	}{
		"an unknown metric":   {metrics.Request{Name: "profit"}, "name", "net_revenue"},
		"an unknown bucket":   {metrics.Request{Name: "units", Bucket: "minute"}, "bucket", "hour, day, week, month"},
		"no such currency":    {metrics.Request{Name: "aov", Currency: "euro"}, "currency", "EUR"},
		"an unknown grouping": {metrics.Request{Name: "units", GroupBy: "moon"}, "group_by", "channel"},
		"a broken channel":    {metrics.Request{Name: "units", Channel: "\x00"}, "channel", "UTF-8"},
		"times turned round":  {metrics.Request{Name: "units", From: now, To: now}, "from", "not before"},
		"too many points":     {metrics.Request{Name: "units", From: now.AddDate(-2, 0, 0), To: now, Bucket: metrics.Hour}, "bucket", "10000 points"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			tt.request.Now = now
			_, err := metrics.Query(t.Context(), pool, 1, "demo", tt.request)
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
		modeltest.Compare(t.Context(), r, pool, metrics.Model{}, modeltest.Huge(r))
	})
}

// Figures of such a log are answered exactly, in every point and in total.
func TestQuery_beyond64Bits(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }() // nothing of it is needed any more
	var events []projections.Event
	for i, channel := range []string{"web", "app", "web", "app"} {
		var e projections.Event
		e.Tenant, e.Stream, e.OccurredAt = "demo", uuid.New(), time.Date(2026, time.March+time.Month(i/2), 1, 12, 0, 0, 0, time.UTC)
		e.Body = order.Placed{Contents: order.Contents{Channel: channel, Currency: "EUR", Lines: []order.Line{{
			SKU: "X", Quantity: 1, Subtotal: 5_000_000_000_000_000_000, Total: 5_000_000_000_000_000_000,
		}}}}
		events = append(events, e)
	}
	if err := modeltest.Build(t.Context(), tx, metrics.Model{}, events, 1, 1); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][3]string{
		"gross_sales": {"10000000000000000000", "10000000000000000000", "20000000000000000000"},
		"net_revenue": {"10000000000000000000", "10000000000000000000", "20000000000000000000"},
		"refund_rate": {"0", "0", "0"}, "orders_placed": {"2", "2", "4"}, "units_per_order": {"1000000", "1000000", "1000000"},
	} {
		got, err := metrics.Query(t.Context(), tx, 1, "demo", metrics.Request{
			Name: name, Bucket: metrics.Month, From: time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC),
		})
		if err != nil {
			t.Fatal(err)
		}
		if s := got.Series[0]; (s.Points[0].Value.String() != want[0]) || s.Points[1].Value.String() != want[1] || s.Total.String() != want[2] {
			t.Errorf("%s = %s, %s, in all %s; want %s", name, s.Points[0].Value, s.Points[1].Value, s.Total, want)
		}
	}
}
