package metrics

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/zone"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/query"
)

// GroupChannel makes a series of each channel.
const GroupChannel = "channel"

// Request asks for a metric over time. Whole buckets are counted: those that begin before To and end after From.
type Request struct {
	Name     string    // one of Names
	From     time.Time // zero: 24 hours, 30 days, 12 weeks or 12 months before To
	To       time.Time // exclusive; zero: the end of the bucket that Now lies in
	Now      time.Time
	Bucket   Bucket         // empty: Day
	Zone     *time.Location // in which days begin; nil: UTC
	Currency string         // empty: all, or the only one in that time if the metric is made of money
	Channel  string         // empty: all
	GroupBy  string         // empty or GroupChannel
}

// Result is a metric over time.
type Result struct {
	Metric   Metric
	Currency string // empty if the metric is not made of money, or nothing was ever sold
	Bucket   Bucket
	Zone     *time.Location
	Series   []Series // one, or with GroupChannel one for each channel by name, of which there may be none
}

// Series is a metric's points: one for each bucket in sequence, zero where nothing happened.
type Series struct {
	Channel string // with GroupChannel
	Points  []Point
	Total   money.Total // of all points together
}

// Point is the value of one bucket.
type Point struct {
	Start time.Time   // in the zone
	Value money.Total // minor units, a count, or parts per million
}

// currenciesStatement lists the currencies of a time, or those that were ever sold in when nothing was sold then.
const currenciesStatement = `with known as (
		select distinct m.currency from {metrics} as m where m.tenant_id = $1 and m.bucket_start >= $2 and m.bucket_start < $3
	)
	select currency from known
	union all
	(select distinct s.currency from {metrics_series} as s where s.tenant_id = $1 and not exists (select from known))
	order by 1`

// Query returns a metric of a tenant. It fails with a *query.Error if the request is at fault: an unknown name or bucket,
// too many points, or money of several currencies.
func Query(ctx context.Context, db query.DB, g projections.Generation, tenant string, r Request) (Result, error) {
	metric, err := r.check()
	if err != nil {
		return Result{}, err
	}
	from, to := r.span()
	bounds, err := r.Bucket.boundaries(from, to, r.Zone)
	if err != nil {
		return Result{}, err
	}
	sums := newSums(metric, bounds)
	var known []string
	err = query.Send(ctx, db, tenant, func(batch *pgx.Batch) {
		batch.Queue(in(g, currenciesStatement), tenant, bounds[0], bounds[len(bounds)-1]).Query(func(rows pgx.Rows) (err error) {
			known, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
		statement, args := r.statement(g, tenant, metric, bounds)
		batch.Queue(statement, args...).Query(sums.read)
	})
	if err != nil {
		return Result{}, fmt.Errorf("metric %s: %w", r.Name, err)
	}
	result := Result{Metric: metric, Currency: r.Currency, Bucket: r.Bucket, Zone: r.Zone}
	if metric.PerCurrency && r.Currency == "" && len(known) > 0 {
		if len(known) > 1 {
			return Result{}, &query.Error{
				Parameter: "currency", Allowed: known,
				Message: r.Name + " is money of several currencies, which do not add up; name one of " + strings.Join(known, ", "),
			}
		}
		result.Currency = known[0]
	}
	result.Series = sums.series(r.GroupBy == "")
	return result, nil
}

// check completes the request and returns its metric.
func (r *Request) check() (Metric, error) {
	i := slices.IndexFunc(catalogue, func(m Metric) bool { return m.Name == r.Name })
	if i < 0 {
		return Metric{}, query.Unknown("name", "metric", r.Name, Names())
	}
	if r.Bucket == "" {
		r.Bucket = Day
	}
	if r.GroupBy != "" && r.GroupBy != GroupChannel {
		return Metric{}, query.Unknown("group_by", "grouping", r.GroupBy, []string{GroupChannel})
	}
	if r.Currency = strings.ToUpper(r.Currency); r.Currency != "" && !money.Readable(r.Currency) {
		return Metric{}, &query.Error{Parameter: "currency", Message: fmt.Sprintf("%q is not an ISO 4217 code such as EUR", r.Currency)}
	}
	if !query.Storable(r.Channel) {
		return Metric{}, &query.Error{Parameter: "channel", Message: "a channel is UTF-8 text without the character zero"}
	}
	if r.Zone == nil {
		r.Zone = time.UTC
	}
	return catalogue[i], r.Bucket.check()
}

// span returns the request's times with its defaults.
func (r *Request) span() (from, to time.Time) {
	from, to = r.From, r.To
	if to.IsZero() {
		to = r.Bucket.next(r.Bucket.floor(r.Now, r.Zone))
	}
	if !from.IsZero() {
		return from, to
	}
	last := to.Add(-time.Nanosecond).In(r.Zone)
	year, month, day := last.Date()
	switch r.Bucket {
	case Hour:
		return last.Add(-23 * time.Hour), to
	case Week:
		return zone.DayStart(year, month, day-7*11, r.Zone), to
	case Month:
		return zone.DayStart(year, month-11, 1, r.Zone), to
	default:
		return zone.DayStart(year, month, day-29, r.Zone), to
	}
}

// statement sums the stored buckets up to those that are asked for.
func (r *Request) statement(g projections.Generation, tenant string, m Metric, bounds []time.Time) (string, []any) {
	var b strings.Builder
	args := []any{tenant, bounds, bounds[0], bounds[len(bounds)-1]}
	channel := "''"
	if r.GroupBy == GroupChannel {
		channel = "channel"
	}
	b.WriteString("select width_bucket(bucket_start, $2::timestamptz[]), " + channel)
	for _, f := range m.inputs {
		b.WriteString(", sum(" + figureColumns[f] + ")")
	}
	b.WriteString(in(g, " from {metrics} where tenant_id = $1 and bucket_start >= $3 and bucket_start < $4"))
	for _, only := range [...]struct{ column, value string }{{"currency", r.Currency}, {"channel", r.Channel}} {
		if only.value != "" {
			args = append(args, only.value)
			b.WriteString(" and " + only.column + " = $" + strconv.Itoa(len(args)))
		}
	}
	b.WriteString(" group by 1, 2")
	return b.String(), args
}
