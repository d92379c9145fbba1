package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
)

// replays measures the rebuild of all read models from a log of small events against a bare binary COPY of the same
// rows out of the table.
func replays(ctx context.Context, o Options) (figures []Figure, err error) {
	s, err := start(ctx, o, "replays")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	conn, err := pgx.Connect(ctx, s.database)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }() // it was only read
	if err := fill(ctx, conn, o.Events); err != nil {
		return nil, fmt.Errorf("fill the log: %w", err)
	}
	began := time.Now()
	if err := s.caughtUp(ctx, 10*time.Minute); err != nil {
		return nil, err
	}
	live := float64(o.Events) / time.Since(began).Seconds()
	_, _ = fmt.Fprintf(o.Log, "the live projections took in %.0f events/s\n", live)
	var events float64
	f, err := pair(o.Rounds,
		func() (float64, error) {
			began := time.Now()
			_, err := s.command(ctx, "replay", "--all", "--output", "json")
			return events / time.Since(began).Seconds(), err
		},
		func() (float64, error) {
			began := time.Now()
			tag, err := conn.PgConn().CopyTo(ctx, io.Discard, "copy events to stdout (format binary)")
			events = float64(tag.RowsAffected())
			return events / time.Since(began).Seconds(), err
		})
	f.Name, f.Unit, f.Limit, f.Promise = "replay into all read models", "events/s", "bare binary COPY of the events", Promise{Ratio: 0.25}
	return []Figure{f}, err
}

// caughtUp waits until no projection lags.
func (s *system) caughtUp(ctx context.Context, patience time.Duration) error {
	var status struct {
		Data []struct {
			Name string `json:"name"`
			Logs []struct {
				Lag int64 `json:"lag_events"`
			} `json:"logs"`
		} `json:"data"`
	}
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		if err := s.call(ctx, "GET", s.read+"/v1/projections", nil, &status); err != nil {
			return err
		}
		lag := int64(0)
		for _, p := range status.Data {
			for _, l := range p.Logs {
				lag += l.Lag
			}
		}
		if len(status.Data) > 0 && lag == 0 {
			return nil
		}
		if time.Since(began) > patience {
			state, _ := json.Marshal(status)
			return fmt.Errorf("projections still lag after %v: %s", patience, state)
		}
	}
}
