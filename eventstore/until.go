package eventstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// untilPage is how many events LoadUntil reads in one statement.
const untilPage = 1000

const (
	untilSQL = `select ` + recordedColumns + ` from events
		where log_id = $1 and stream_id = $2 and version > $3 and tenant_id = $4 order by version limit $5`
	claimedSQL = `select owner from claims where log_id = $1 and tenant_id = $2 and scope = $3 and value = $4`
)

// Until is a moment in a stream's history. Each field that is not zero bounds it.
type Until struct {
	Position   Position  // of the log: events up to it
	RecordedAt time.Time // events that the log had by then
	OccurredAt time.Time // events that had happened by then, as far as the log knew when it recorded what followed
}

func (u *Until) beyond(e *Recorded) bool {
	return (u.Position > 0 && e.Position > u.Position) ||
		(!u.RecordedAt.IsZero() && e.RecordedAt.After(u.RecordedAt)) ||
		(!u.OccurredAt.IsZero() && e.OccurredAt.After(u.OccurredAt))
}

// LoadUntil returns a stream's events before the first that is beyond a moment, oldest first: what the stream was then.
// Events that were recorded after one that is beyond do not count even if they happened earlier, since a fold needs
// all that came before. An unknown stream, or another tenant's, is empty.
//
// It reads along the index of streams, 1,000 events in one statement, and stops with the page that the moment is in. So
// it costs what Load of the returned events does, a round trip for each further thousand, and at most one page more.
func (s *Store) LoadUntil(ctx context.Context, tenant string, stream uuid.UUID, until Until) ([]Recorded, error) {
	var events []Recorded
	for {
		page, err := collect(ctx, s.pool, s.log, untilSQL, s.log, stream, len(events), tenant, untilPage)
		if err != nil {
			return nil, fmt.Errorf("load stream %s: %w", stream, err)
		}
		for i := range page {
			if until.beyond(&page[i]) {
				return append(events, page[:i]...), nil
			}
		}
		if events = append(events, page...); len(page) < untilPage {
			return events, nil
		}
	}
}

// Claimed returns the stream that has claimed a value, and whether one has. It sees what was committed before it began.
func (s *Store) Claimed(ctx context.Context, tenant, scope, value string) (owner uuid.UUID, found bool, err error) {
	if !validText(tenant) || !validText(scope) || !validText(value) {
		return uuid.Nil, false, nil // what is no text was never claimed
	}
	err = s.pool.QueryRow(ctx, claimedSQL, s.log, tenant, scope, value).Scan(&owner)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return uuid.Nil, false, nil
	case err != nil:
		return uuid.Nil, false, fmt.Errorf("%s %q: %w", scope, value, err)
	}
	return owner, true, nil
}
