package documents

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/projections"
)

// pointersEvery is how often a reader looks which generations are live. The old ones stay for much longer.
const pointersEvery = time.Second

// pointers say which generations are live, and which past the log has.
type pointers struct {
	epoch int64
	live  map[string]projections.Generation // by projection; absent: none
}

// Run keeps the reader up to date until ctx ends: which generations are live. A database that does not answer leaves
// everything as it was.
func (r *Reader) Run(ctx context.Context) error {
	tick := time.NewTicker(pointersEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			bounded, cancel := context.WithTimeout(ctx, r.config.Timeout)
			_, _ = r.refresh(bounded) // what was known stays
			cancel()
		}
	}
}

// pointers returns what is known, and asks if nothing is.
func (r *Reader) pointers(ctx context.Context) (*pointers, error) {
	if p := r.live.Load(); p != nil {
		return p, nil
	}
	return r.refresh(ctx)
}

// refresh asks the database.
func (r *Reader) refresh(ctx context.Context) (*pointers, error) {
	rows, err := r.config.Postgres.Query(ctx, `select l.epoch, coalesce(p.name, ''), coalesce(p.live_generation, 0)
		from logs l left join projections p on p.live_generation is not null where l.log_id = $1`, r.config.Log)
	if err != nil {
		return nil, fmt.Errorf("live generations: %w", err)
	}
	p := &pointers{live: make(map[string]projections.Generation)}
	var name string
	var g projections.Generation
	if _, err := pgx.ForEachRow(rows, []any{&p.epoch, &name, &g}, func() error {
		if g > 0 {
			p.live[name] = g
		}
		return nil
	}); err != nil {
		return nil, fmt.Errorf("live generations: %w", err)
	}
	if p.epoch == 0 {
		return nil, fmt.Errorf("live generations: there is no log %d; apply the migrations or create the log", r.config.Log)
	}
	r.live.Store(p)
	return p, nil
}
