package orderlist

import (
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/query"
)

// CountMode says whether a list is counted, and how well.
type CountMode string

// The ways to count. An exact count ends at MaxCount, an estimate is exact for short lists and the planner's guess for
// others.
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
	c.statement = in(g, "select count(*) from (select from {table} as t where ") + w.String() +
		fmt.Sprintf(" limit %d) as counted", c.limit+1)
	return c, nil
}

func (c *counter) queue(batch *pgx.Batch) {
	if c.statement != "" {
		batch.Queue(c.statement, c.args...).QueryRow(func(row pgx.Row) error { return row.Scan(&c.counted) })
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
	case c.counted <= c.limit:
		return &Count{c.counted, Equal}
	case c.mode == CountExact:
		return &Count{c.limit, AtLeast}
	default:
		return &Count{max(c.planned, c.counted), About}
	}
}
