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
	Currency string // empty: all for ByUnits, the only one in that time for ByNet
}

// SKU is how one SKU sold.
type SKU struct {
	SKU      string
	Units    money.Total
	Currency string      // empty if it sold in several: then there is no net value
	Net      money.Total // minor units
}

// Query returns what sold best in a tenant's shop, the first first, ties by SKU bytewise. It fails with a *query.Error
// if the request is at fault, such as one for net values without a currency where there are several.
func Query(ctx context.Context, db query.DB, g projections.Generation, tenant string, r Request) ([]SKU, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	currencies, err := r.currencies(ctx, db, g, tenant)
	if err != nil || len(currencies) == 0 {
		return nil, err
	}
	args := []any{tenant, currencies, r.Limit}
	statement := "select p.sku, sum(p.units) as units, case when min(p.currency) = max(p.currency) then min(p.currency) else '' end," +
		" sum(p.net) as net from (" + r.pieces(g, &args) + ") as p group by p.sku order by " + string(r.By) + " desc, p.sku limit $3"
	var skus []SKU
	err = query.Send(ctx, db, tenant, func(batch *pgx.Batch) {
		batch.Queue(statement, args...).Query(func(rows pgx.Rows) (err error) {
			skus, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s SKU, err error) {
				return s, row.Scan(&s.SKU, &s.Units, &s.Currency, &s.Net)
			})
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("top SKUs: %w", err)
	}
	return skus, nil
}

// currencies returns the ones that are counted: the one asked for, else those of the sales in the time asked for. Values
// in several do not add up.
func (r *Request) currencies(ctx context.Context, db query.DB, g projections.Generation, tenant string) ([]string, error) {
	if r.Currency != "" {
		return []string{r.Currency}, nil
	}
	known, err := collect(ctx, db, tenant, in(g, currenciesStatement), tenant, int16(month))
	if err != nil || len(known) <= 1 {
		return known, err
	}
	args := []any{tenant, known}
	known, err = collect(ctx, db, tenant, "select distinct p.currency from ("+r.pieces(g, &args)+") as p order by 1", args...)
	if err == nil && len(known) > 1 && r.By == ByNet {
		err = &query.Error{
			Parameter: "currency", Allowed: known,
			Message: "there are sales in several currencies, which do not add up; name one of " + strings.Join(known, ", "),
		}
	}
	return known, err
}

func collect(ctx context.Context, db query.DB, tenant, statement string, args ...any) (names []string, err error) {
	err = query.Send(ctx, db, tenant, func(batch *pgx.Batch) {
		batch.Queue(statement, args...).Query(func(rows pgx.Rows) (err error) {
			names, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("top SKUs: currencies: %w", err)
	}
	return names, nil
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
	if r.Currency = strings.ToUpper(r.Currency); r.Currency != "" && !money.Readable(r.Currency) {
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

// pieces selects the rows of the time that is asked for: the tenant is $1, the currencies $2.
func (r *Request) pieces(g projections.Generation, args *[]any) string {
	arg := func(value any) string {
		*args = append(*args, value)
		return "$" + strconv.Itoa(len(*args))
	}
	to := r.To.Unix()
	if r.To.Nanosecond() > 0 {
		to++
	}
	to = quarter.floor(to + 15*60 - 1) // the end of the quarter
	var pieces []string
	for _, p := range split(quarter.floor(r.From.Unix()), to) {
		pieces = append(pieces, in(g, "select t.currency, t.sku, t.units, t.net from {table} as t where t.tenant_id = $1 and t.currency = any ($2)")+
			fmt.Sprintf(" and t.span = %d", p.span)+
			" and t.bucket_start >= "+arg(time.Unix(p.from, 0).UTC())+" and t.bucket_start < "+arg(time.Unix(p.to, 0).UTC()))
	}
	return strings.Join(pieces, " union all ")
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
