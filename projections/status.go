package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/ordermill/ordermill/eventstore"
)

// Status is where a projection is, in the shape that the API shows.
type Status struct {
	Name          string      `json:"name"`
	Store         string      `json:"store"`
	Generation    Generation  `json:"generation"`
	State         string      `json:"state"` // live, building (beside the live one), stopped, rebuild_needed, missing
	Building      Generation  `json:"building,omitempty"`
	RebuildNeeded string      `json:"rebuild_needed,omitempty"` // why
	Logs          []LogStatus `json:"logs"`
}

// LogStatus is where a projection is in one log.
type LogStatus struct {
	Log           eventstore.LogID    `json:"log"`
	Position      eventstore.Position `json:"position"`
	Head          eventstore.Position `json:"head"`
	LagEvents     int64               `json:"lag_events"`
	LagMs         int64               `json:"lag_ms"`          // age of the first event that is not applied
	Owner         string              `json:"owner,omitempty"` // who has the lease
	Problem       string              `json:"problem,omitempty"`
	ParkedStreams int64               `json:"parked_streams"`
}

// Status returns where every projection is, in the order of their configuration.
func (s *Set) Status(ctx context.Context) ([]Status, error) {
	out := make([]Status, 0, len(s.projections))
	for _, p := range s.projections {
		status, err := s.status(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("status of %s: %w", p.name, err)
		}
		out = append(out, status)
	}
	return out, nil
}

const statusSQL = `select coalesce(p.live_generation, 0), coalesce(p.rebuild_needed, ''), coalesce(g.definition, ''),
		coalesce((select max(b.generation) from projection_generations b where b.name = $1 and b.state = 'building'), 0)
	from (select) one left join projections p on p.name = $1
	left join projection_generations g on g.name = p.name and g.generation = p.live_generation`

const leaseSQL = `select case when l.expires_at > clock_timestamp() then l.owner else '' end, coalesce(l.problem, ''),
		(select count(*) from parked_streams s where s.log_id = $1 and s.name = $2 and s.generation = $3)
	from (select) one left join projection_leases l on l.log_id = $1 and l.name = $2`

func (s *Set) status(ctx context.Context, p *projection) (Status, error) {
	status := Status{Name: p.name, Store: p.store, State: "live"}
	var definition string
	err := s.pool.QueryRow(ctx, statusSQL, p.name).Scan(&status.Generation, &status.RebuildNeeded, &definition, &status.Building)
	if err != nil {
		return status, err
	}
	if status.Generation > 0 && definition != p.definition {
		status.RebuildNeeded = errOutdated.Error() + " " + p.name
	}
	for _, store := range s.stores {
		l, err := s.logStatus(ctx, p, status.Generation, store.Log())
		if err != nil {
			return status, err
		}
		if l.Problem != "" {
			status.State = "stopped"
		}
		status.Logs = append(status.Logs, l)
	}
	switch {
	case status.Generation == 0:
		status.State = "missing"
	case status.State == "stopped":
	case status.RebuildNeeded != "":
		status.State = "rebuild_needed"
	case status.Building > 0:
		status.State = "building"
	}
	return status, nil
}

func (s *Set) logStatus(ctx context.Context, p *projection, g Generation, log eventstore.LogID) (LogStatus, error) {
	l := LogStatus{Log: log}
	var owner *string
	if err := s.pool.QueryRow(ctx, leaseSQL, log, p.name, g).Scan(&owner, &l.Problem, &l.ParkedStreams); err != nil {
		return l, err
	}
	if owner != nil {
		l.Owner = *owner
	}
	asking, cancel := ctx, context.CancelFunc(func() {})
	if p.model == nil {
		asking, cancel = context.WithTimeout(ctx, storeTimeout)
	}
	at, err := p.checkpoint(asking, log, g)
	cancel()
	if err != nil && p.model == nil {
		l.Problem = err.Error() // its store is away; that of the others is not
	} else if err != nil {
		return l, err
	}
	l.Position = at.Position
	var waiting *time.Duration
	err = s.pool.QueryRow(ctx, "select head, clock_timestamp() - waiting_since from log_progress($1, $2)", log, at.Position).Scan(&l.Head, &waiting)
	if err != nil {
		return l, err
	}
	l.LagEvents = max(0, int64(l.Head-l.Position))
	if waiting != nil {
		l.LagMs = max(0, waiting.Milliseconds())
	}
	return l, nil
}

// PositionAt returns the position of the last event of a log that was recorded up to a moment; 0 is before the first.
func (s *Set) PositionAt(ctx context.Context, log eventstore.LogID, moment time.Time) (eventstore.Position, error) {
	var last eventstore.Position
	err := s.pool.QueryRow(ctx, "select head from log_progress($1, 0)", log).Scan(&last)
	for first := eventstore.Position(0); err == nil && first < last; { // times only grow along a log
		middle := first + (last-first+1)/2
		var earlier bool
		err = s.pool.QueryRow(ctx, "select recorded_at <= $3 from events where log_id = $1 and position = $2", log, middle, moment).Scan(&earlier)
		if earlier {
			first = middle
		} else {
			last = middle - 1
		}
	}
	if err != nil {
		return 0, fmt.Errorf("position of log %d at %s: %w", log, moment.UTC().Format(time.RFC3339), err)
	}
	return last, nil
}
