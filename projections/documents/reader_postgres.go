package documents

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/query"
)

// undefinedTable is the SQLSTATE of a table that is not there: its generation went away.
const undefinedTable = "42P01"

// fromPostgres gets the document and its generation's checkpoint in one statement, so that they belong together. The
// answer has no source when it proves nothing: the table is of another past, the stream is parked, or there is no table.
func (r *Reader) fromPostgres(ctx context.Context, live *pointers, kind *Kind, key Key) (Answer, error) {
	a, err := r.lookUp(ctx, live.live[kind.table], kind, key)
	if pgErr := new(pgconn.PgError); errors.As(err, &pgErr) && pgErr.Code == undefinedTable {
		if live, err = r.refresh(ctx); err == nil {
			a, err = r.lookUp(ctx, live.live[kind.table], kind, key)
		}
	}
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %w", kind.table, err)
	}
	return a, nil
}

func (r *Reader) lookUp(ctx context.Context, g projections.Generation, kind *Kind, key Key) (Answer, error) {
	a := Answer{Key: key}
	if g == 0 {
		return a, nil
	}
	sql := fmt.Sprintf(`select c.position, c.log_epoch = l.epoch and log_has(c.log_id, c.position, c.event_id), l.epoch,
			exists (select from parked_streams s
				where s.log_id = $1 and s.name = $2 and s.generation = $3 and s.stream_id = $5),
			coalesce(d.version, 0), coalesce(d.position, 0), d.doc
		from projection_checkpoints c
		join logs l on l.log_id = c.log_id
		left join lateral (select version, position, doc from %s where tenant_id = $4 and %s = $5 limit 1) d on true
		where c.log_id = $1 and c.name = $2 and c.generation = $3`, g.Table(kind.table), kind.id)
	var position eventstore.Position
	var proven, parked bool
	found := false
	err := query.Send(ctx, r.config.Postgres, key.Tenant, func(batch *pgx.Batch) {
		batch.Queue(sql, r.config.Log, kind.table, g, key.Tenant, key.Stream).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				found = true
				if err := rows.Scan(&position, &proven, &a.Epoch, &parked, &a.Version, &a.Position, &a.Body); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	})
	switch {
	case err != nil:
		return Answer{}, err
	case !found || !proven:
		return Answer{Key: key}, nil
	case parked:
		return a, nil // right as far as it goes, which proves nothing
	}
	a.Proven, a.Source = max(position, a.Position), SourcePostgres
	return a, nil
}

// eventsSQL reads what comes after a document. The head is read first: whatever was committed before it is in the
// events.
const (
	headSQL   = `select l.epoch, p.head from logs l cross join lateral log_progress($1, 0) p where l.log_id = $1`
	eventsSQL = `select position, version, event_id, type, schema_version, data, metadata, occurred_at, recorded_at from events
		where log_id = $1 and stream_id = $2 and version > $3 and tenant_id = $4 and stream_type = $5 order by version`
)

// catchUp folds the stream's own events on top of what was found, which may be nothing.
func (r *Reader) catchUp(ctx context.Context, kind *Kind, found Answer) (Answer, error) {
	a := Answer{Key: found.Key, Source: SourceLog}
	var events []projections.Event
	var undecoded error
	err := query.Send(ctx, r.config.Postgres, found.Key.Tenant, func(batch *pgx.Batch) {
		batch.Queue(headSQL, r.config.Log).QueryRow(func(row pgx.Row) error { return row.Scan(&a.Epoch, &a.Proven) })
		batch.Queue(eventsSQL, r.config.Log, found.Key.Stream, found.Version, found.Key.Tenant, kind.streamType).Query(func(rows pgx.Rows) error {
			rec := eventstore.Recorded{Log: r.config.Log, Tenant: found.Key.Tenant, Stream: found.Key.Stream, StreamType: kind.streamType}
			_, err := pgx.ForEachRow(rows, []any{
				&rec.Position, &rec.Version, &rec.ID, &rec.Type, &rec.Schema, &rec.Data, &rec.Metadata, &rec.OccurredAt, &rec.RecordedAt,
			}, func() error {
				e, err := projections.Decode(rec)
				events = append(events, e)
				undecoded = errors.Join(undecoded, err)
				return nil
			})
			return err
		})
	})
	switch {
	case err != nil:
		return Answer{}, fmt.Errorf("%w: fold: %w", ErrUnavailable, err)
	case undecoded != nil:
		return Answer{}, fmt.Errorf("%w: %w", ErrUnreadable, undecoded)
	case found.Epoch != 0 && found.Epoch != a.Epoch:
		return Answer{}, fmt.Errorf("%w: the log was restored meanwhile", ErrUnavailable)
	}
	if a.Document, err = kind.Fold(found.Document, events); err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	a.Proven = max(a.Proven, a.Position)
	r.stats.log.Add(1)
	return a, nil
}

// asked is the Places of a reader that has no others.
type asked struct {
	database Database
	log      eventstore.LogID
}

// Compare implements Places.
func (a asked) Compare(ctx context.Context, who string, seen eventstore.Place) error {
	rows, err := a.database.Query(ctx, "select l.epoch = $2 and log_has(l.log_id, $3, $4) from logs l where l.log_id = $1", a.log, seen.Epoch, seen.Position, seen.Event)
	if err != nil {
		return err
	}
	has, err := pgx.CollectOneRow(rows, pgx.RowTo[bool])
	if err == nil && !has {
		err = &eventstore.PastError{Who: who, Seen: seen}
	}
	return err
}
