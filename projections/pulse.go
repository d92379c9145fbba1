package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
)

// pulseSQL is one small statement for all projections, so that it can be asked twice a second for ever.
const pulseSQL = `select wanted.name, coalesce(l.problem, ''), coalesce(extract(epoch from clock_timestamp() - l.expires_at)::float8, 0), l.name is not null,
		coalesce(c.position, 0), log.head
	from unnest($2::text[]) wanted (name)
	cross join log_progress($1, 0) log
	left join projections p using (name)
	left join projection_leases l on l.log_id = $1 and l.name = wanted.name
	left join projection_checkpoints c on c.log_id = $1 and c.name = wanted.name and c.generation = p.live_generation`

// Pulse is how a projection of a log does, whoever builds it.
type Pulse struct {
	Name     string
	Store    string
	Problem  string        // why it does not go on until somebody does something; empty: it does
	Begun    bool          // somebody has built it at some time
	Unowned  time.Duration // for how long nobody has built it; 0: somebody does
	Position eventstore.Position
	Head     eventstore.Position // of the log; Position is behind it for as long as events are being applied
}

// Pulses returns how every projection does, in no particular order. Positions are known of those in Postgres only: for
// the others Position is 0.
func (s *Set) Pulses(ctx context.Context, pool *pgxpool.Pool, log eventstore.LogID) ([]Pulse, error) {
	rows, err := pool.Query(ctx, pulseSQL, log, s.Names())
	if err != nil {
		return nil, fmt.Errorf("pulse of projections: %w", err)
	}
	stores := make(map[string]string, len(s.projections))
	for _, p := range s.projections {
		stores[p.name] = p.store
	}
	pulses, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Pulse, error) {
		var p Pulse
		var unowned float64
		err := row.Scan(&p.Name, &p.Problem, &unowned, &p.Begun, &p.Position, &p.Head)
		p.Store, p.Unowned = stores[p.Name], max(0, time.Duration(unowned*float64(time.Second)))
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("pulse of projections: %w", err)
	}
	return pulses, nil
}
