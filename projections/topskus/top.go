package topskus

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/query"
)

// Order says what makes a SKU the first.
type Order string

// The orders. Units sold are those of placed orders, with canceled and returned ones; the net value is that of the
// lines without tax, after discounts, cancellations and refunds.
const (
	ByUnits Order = "units"
	ByNet   Order = "net"
)

// MaxLimit is the most SKUs of one answer, and DefaultLimit what is meant by none.
const (
	MaxLimit     = 250
	DefaultLimit = 10
)

// Request asks for the SKUs that sold best. Whole quarters of an hour are counted: those that begin before To and end
// after From.
type Request struct {
	By       Order // empty: ByUnits
	Limit    int   // 0: DefaultLimit
	From     time.Time
	To       time.Time // exclusive; zero: the end of the quarter that Now lies in
	Now      time.Time
	Currency string // empty: the only one there is
}

// Result is the SKUs that sold best, the first first, ties by SKU bytewise.
type Result struct {
	Currency string // empty if nothing was ever sold
	SKUs     []SKU
}

// SKU is how one SKU sold.
type SKU struct {
	SKU   string
	Units int64
	Net   int64 // minor units
}

// Query returns what sold best in a tenant's shop. It fails with a *query.Error if the request is at fault, such as
// one without a currency where there are several.
func Query(ctx context.Context, db query.DB, g projections.Generation, tenant string, r Request) (Result, error) {
	if err := r.check(); err != nil {
		return Result{}, err
	}
	result := Result{Currency: r.Currency}
	if r.Currency == "" {
		known, err := currencies(ctx, db, g, tenant)
		switch {
		case err != nil:
			return Result{}, fmt.Errorf("top SKUs: %w", err)
		case len(known) == 0:
			return result, nil
		case len(known) > 1:
			return Result{}, &query.Error{
				Parameter: "currency", Allowed: known,
				Message: "there are sales in several currencies, which do not add up; name one of " + strings.Join(known, ", "),
			}
		}
		result.Currency = known[0]
	}
	statement, args := r.statement(g, tenant, result.Currency)
	err := query.Send(ctx, db, tenant, func(batch *pgx.Batch) {
		batch.Queue(statement, args...).Query(func(rows pgx.Rows) (err error) {
			result.SKUs, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s SKU, err error) {
				return s, row.Scan(&s.SKU, &s.Units, &s.Net)
			})
			return err
		})
	})
	if err != nil {
		return Result{}, fmt.Errorf("top SKUs: %w", err)
	}
	return result, nil
}

// check completes the request or says what is wrong with it.
func (r *Request) check() error {
	switch r.By {
	case "":
		r.By = ByUnits
	case ByUnits, ByNet:
	default:
		return query.Unknown("by", "order", string(r.By), []string{string(ByUnits), string(ByNet)})
	}
	if r.Limit == 0 {
		r.Limit = DefaultLimit
	}
	if r.Limit < 1 || r.Limit > MaxLimit {
		return &query.Error{Parameter: "limit", Message: fmt.Sprintf("1 to %d SKUs can be asked for, not %d", MaxLimit, r.Limit)}
	}
	if r.Currency != "" && !money.Known(r.Currency) {
		return &query.Error{Parameter: "currency", Message: fmt.Sprintf("%q is not an ISO 4217 code such as EUR", r.Currency)}
	}
	if r.To.IsZero() {
		r.To = r.Now.Add(1)
	}
	if !r.From.Before(r.To) {
		return &query.Error{Parameter: "from", Message: fmt.Sprintf("%s is not before to, which is %s",
			r.From.UTC().Format(time.RFC3339), r.To.UTC().Format(time.RFC3339))}
	}
	return nil
}

func currencies(ctx context.Context, db query.DB, g projections.Generation, tenant string) (known []string, err error) {
	err = query.Send(ctx, db, tenant, func(batch *pgx.Batch) {
		batch.Queue(in(g, currenciesStatement), tenant, int16(month)).Query(func(rows pgx.Rows) (err error) {
			known, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	return known, err
}

// statement sums up the pieces of the time that is asked for.
func (r *Request) statement(g projections.Generation, tenant, currency string) (string, []any) {
	args := []any{tenant, currency, r.Limit}
	arg := func(value any) string {
		args = append(args, value)
		return "$" + strconv.Itoa(len(args))
	}
	to := r.To.Unix()
	if r.To.Nanosecond() > 0 {
		to++
	}
	to = quarter.floor(to + 15*60 - 1) // the end of the quarter
	var pieces []string
	for _, p := range split(quarter.floor(r.From.Unix()), to) {
		pieces = append(pieces, in(g, "select t.sku, t.units, t.net from {table} as t where t.tenant_id = $1 and t.currency = $2")+
			fmt.Sprintf(" and t.span = %d", p.span)+
			" and t.bucket_start >= "+arg(time.Unix(p.from, 0).UTC())+" and t.bucket_start < "+arg(time.Unix(p.to, 0).UTC()))
	}
	return "select p.sku, sum(p.units)::bigint as units, sum(p.net)::bigint as net from (" + strings.Join(pieces, " union all ") +
		") as p group by p.sku order by " + string(r.By) + " desc, p.sku limit $3", args
}

// piece is a time that whole buckets of a span make up, in seconds since 1970.
type piece struct {
	span     span
	from, to int64
}

// split cuts a time, which begins and ends with a quarter, into pieces of the longest spans: at most five, quarters,
// days, months, days and quarters.
func split(from, to int64) []piece {
	var before, after []piece
	for s := quarter; s < month; s++ {
		longer := s + 1
		begin := longer.floor(from)
		if begin < from {
			begin = longer.next(begin)
		}
		end := longer.floor(to)
		if begin >= end { // no whole bucket of the longer span: the pieces of this one meet
			return append(append(before, piece{s, from, to}), after...)
		}
		if from < begin {
			before = append(before, piece{s, from, begin})
		}
		if end < to {
			after = append([]piece{{s, end, to}}, after...)
		}
		from, to = begin, end
	}
	return append(append(before, piece{month, from, to}), after...)
}

// next returns the beginning of the bucket after the one that begins at begin.
func (s span) next(begin int64) int64 {
	if s == month {
		return time.Unix(begin, 0).UTC().AddDate(0, 1, 0).Unix()
	}
	return begin + 24*60*60
}
