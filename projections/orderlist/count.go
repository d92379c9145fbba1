package orderlist

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/query"
)

// CountMode says whether a list is counted, and how well.
type CountMode string

// The ways to count. An exact count ends at MaxCount, an estimate is exact for short lists and the planner's guess for
// others. As long as the planner has no statistics to guess from, an estimate is an exact count.
const (
	CountNone     CountMode = "none" // as is the empty mode
	CountEstimate CountMode = "estimate"
	CountExact    CountMode = "exact"
)

// MaxCount is where counting ends, and countedExactly where an estimate begins to be one.
const (
	MaxCount       = 10_000
	countedExactly = 1_000
)

// Relation says what a count is to the number of orders.
type Relation string

// The relations.
const (
	Equal   Relation = "eq"
	AtLeast Relation = "gte"
	About   Relation = "approx"
)

// Count is how many orders a filter picks.
type Count struct {
	Value    int64
	Relation Relation
}

// counter counts in the batch that reads the page.
type counter struct {
	mode      CountMode
	limit     int64
	statement string
	explain   string
	args      []any
	counted   int64
	planned   int64
	unplanned bool
}

// newCounter returns a counter for what w picks, or a *query.Error for an unknown mode.
func newCounter(g projections.Generation, mode CountMode, w *where) (*counter, error) {
	c := &counter{mode: mode, args: w.args}
	switch mode {
	case "", CountNone:
		return c, nil
	case CountExact:
		c.limit = MaxCount
	case CountEstimate:
		c.limit = countedExactly
		c.explain = in(g, "explain (format json) select from {table} as t where ") + w.String()
	default:
		return nil, query.Unknown("count", "count", string(mode), names(CountNone, CountEstimate, CountExact))
	}
	limit := strconv.FormatInt(c.limit+1, 10)
	if mode == CountEstimate { // a planner that knows nothing of the table yet has nothing to guess from
		limit = in(g, "case when "+unplanned+" then ") + strconv.FormatInt(MaxCount+1, 10) + " else " + limit + " end"
	}
	c.statement = in(g, "select count(*), "+unplanned+" from (select from {table} as t where ") + w.String() + " limit " + limit + ") as counted"
	return c, nil
}

// unplanned says whether the planner has no statistics of the table: nobody has analysed it since it was made.
const unplanned = "(select reltuples < 0 from pg_class where oid = '{table}'::regclass)"

func (c *counter) queue(batch *pgx.Batch) {
	if c.statement != "" {
		batch.Queue(c.statement, c.args...).QueryRow(func(row pgx.Row) error { return row.Scan(&c.counted, &c.unplanned) })
	}
	if c.explain != "" {
		batch.Queue(c.explain, c.args...).QueryRow(func(row pgx.Row) error {
			var text []byte
			if err := row.Scan(&text); err != nil {
				return err
			}
			var plans []struct {
				Plan struct {
					Rows float64 `json:"Plan Rows"`
				}
			}
			if err := json.Unmarshal(text, &plans); err != nil {
				return fmt.Errorf("estimate: %w", err)
			}
			for _, p := range plans {
				c.planned = int64(p.Plan.Rows)
			}
			return nil
		})
	}
}

func (c *counter) result() *Count {
	switch {
	case c.statement == "":
		return nil
	case c.counted <= c.limit, c.unplanned && c.counted <= MaxCount:
		return &Count{c.counted, Equal}
	case c.mode == CountExact, c.unplanned:
		return &Count{MaxCount, AtLeast}
	default:
		return &Count{max(c.planned, c.counted), About}
	}
}
