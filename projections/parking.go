package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/eventstore"
)

// redriveEvents is how many parked events one transaction takes up.
const redriveEvents = 1000

// maxReason bounds the text that says why a stream was parked.
const maxReason = 4000

// ErrRebuildNeeded says that a parked stream cannot be taken up again where it is: the projection's values depend on
// the order of events, or its store cannot take up old ones. A rebuild does.
var ErrRebuildNeeded = errors.New("projections: the projection must be rebuilt, run ordermill replay")

// parking is the part of the parking table that belongs to one generation and log.
type parking struct {
	log        eventstore.LogID
	name       string
	generation Generation
	streams    map[uuid.UUID]eventstore.Position // parked now, from which event on
}

// follower is an event that goes to the parking table: it failed, or an earlier one of its stream did.
type follower struct {
	position eventstore.Position
	stream   uuid.UUID
	tenant   string
	reason   string // of the first one of a stream
}

// loadParking reads which streams are parked.
func loadParking(ctx context.Context, db queryer, log eventstore.LogID, name string, g Generation) (*parking, error) {
	p := &parking{log: log, name: name, generation: g, streams: make(map[uuid.UUID]eventstore.Position)}
	rows, err := db.Query(ctx, "select stream_id, position from parked_streams where log_id = $1 and name = $2 and generation = $3", log, name, g)
	if err != nil {
		return nil, fmt.Errorf("parked streams of %s: %w", name, err)
	}
	var stream uuid.UUID
	var from eventstore.Position
	if _, err := pgx.ForEachRow(rows, []any{&stream, &from}, func() error {
		p.streams[stream] = from
		return nil
	}); err != nil {
		return nil, fmt.Errorf("parked streams of %s: %w", name, err)
	}
	return p, nil
}

// queryer is a pool or a transaction.
type queryer interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// has reports whether an event belongs to the parked part of its stream.
func (p *parking) has(rec *eventstore.Recorded) bool {
	if len(p.streams) == 0 {
		return false
	}
	from, ok := p.streams[rec.Stream]
	return ok && rec.Position >= from
}

// add stores followers, in order, inside tx. Those that are there already stay as they are, so that a repetition does
// no harm. The caller tells remember once tx is committed.
func (p *parking) add(ctx context.Context, tx pgx.Tx, followers []follower) error {
	positions, streams := make([]int64, len(followers)), make([]uuid.UUID, len(followers))
	tenants, reasons := make([]string, len(followers)), make([]string, len(followers))
	for i, f := range followers {
		positions[i], streams[i], tenants[i], reasons[i] = int64(f.position), f.stream, f.tenant, f.reason
	}
	_, err := tx.Exec(ctx, `insert into parked_streams (log_id, name, generation, stream_id, tenant_id, position, reason)
		select $1, $2, $3, e.stream, e.tenant, e.position, e.reason
		from unnest($4::bigint[], $5::uuid[], $6::text[], $7::text[]) as e(position, stream, tenant, reason)
		where e.reason <> '' on conflict do nothing`,
		p.log, p.name, p.generation, positions, streams, tenants, reasons)
	if err != nil {
		return fmt.Errorf("park streams: %w", err)
	}
	_, err = tx.Exec(ctx, `insert into parked_events (log_id, name, generation, position, stream_id, tenant_id)
		select $1, $2, $3, e.position, e.stream, e.tenant
		from unnest($4::bigint[], $5::uuid[], $6::text[]) as e(position, stream, tenant) on conflict do nothing`,
		p.log, p.name, p.generation, positions, streams, tenants)
	if err != nil {
		return fmt.Errorf("park %d events: %w", len(followers), err)
	}
	return nil
}

func (p *parking) remember(followers []follower) {
	for _, f := range followers {
		if from, ok := p.streams[f.stream]; !ok || f.position < from {
			p.streams[f.stream] = f.position
		}
	}
}

// reasonOf shortens an error to what the parking table keeps. Postgres takes no zero bytes and no broken text.
func reasonOf(err error) string {
	reason := []rune(err.Error())
	if len(reason) > maxReason {
		reason = reason[:maxReason]
	}
	return string(slices.DeleteFunc(reason, func(r rune) bool { return r == 0 }))
}

// parkedEvents returns the first parked events of a stream, decoded.
func (s *Set) parkedEvents(ctx context.Context, store *eventstore.Store, p *parking, stream uuid.UUID) ([]Event, error) {
	rows, err := s.pool.Query(ctx, `select position, tenant_id from parked_events
		where log_id = $1 and name = $2 and generation = $3 and stream_id = $4 order by position limit $5`,
		p.log, p.name, p.generation, stream, redriveEvents)
	if err != nil {
		return nil, fmt.Errorf("parked events of %s: %w", stream, err)
	}
	type place struct {
		Position eventstore.Position
		Tenant   string
	}
	places, err := pgx.CollectRows(rows, pgx.RowToStructByPos[place])
	if err != nil || len(places) == 0 {
		return nil, err
	}
	all, err := store.Load(ctx, places[0].Tenant, stream, 0)
	if err != nil {
		return nil, err
	}
	events := make([]Event, 0, len(places))
	for _, rec := range all {
		_, wanted := slices.BinarySearchFunc(places, rec.Position, func(at place, want eventstore.Position) int { return int(at.Position - want) })
		if !wanted {
			continue
		}
		e, err := Decode(rec)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalidEvent, err)
		}
		events = append(events, e)
	}
	if len(events) != len(places) {
		return nil, fmt.Errorf("stream %s has %d of %d parked events", stream, len(events), len(places))
	}
	return events, nil
}

// ParkedStream is a stream whose events wait in the parking table of a live generation.
type ParkedStream struct {
	Projection string              `json:"projection"`
	Log        eventstore.LogID    `json:"log"`
	Stream     uuid.UUID           `json:"stream"`
	Tenant     string              `json:"tenant"`
	Position   eventstore.Position `json:"position"` // of the event that failed
	Reason     string              `json:"reason"`
	ParkedAt   time.Time           `json:"parked_at"`
	Events     int64               `json:"events"` // that wait
}

const parkedSQL = `select s.name, s.log_id, s.stream_id, s.tenant_id, s.position, s.reason, s.parked_at,
		(select count(*) from parked_events e where e.log_id = s.log_id and e.name = s.name and e.generation = s.generation and e.stream_id = s.stream_id)
	from parked_streams s join projections p on p.name = s.name and p.live_generation = s.generation
	order by s.name, s.log_id, s.position limit $1`

// parkedOf lists the parked streams of one projection's live generation, at most limit of them, and counts them all.
func (s *Set) parkedOf(ctx context.Context, name string, limit int) (streams []ParkedStream, total int64, err error) {
	rows, err := s.pool.Query(ctx, `select s.stream_id, s.tenant_id, s.position, s.reason, count(*) over ()
		from parked_streams s join projections p on p.name = s.name and p.live_generation = s.generation
		where s.name = $1 order by s.log_id, s.position limit $2`, name, limit)
	if err != nil {
		return nil, 0, fmt.Errorf("parked streams of %s: %w", name, err)
	}
	var p ParkedStream
	_, err = pgx.ForEachRow(rows, []any{&p.Stream, &p.Tenant, &p.Position, &p.Reason, &total}, func() error {
		streams = append(streams, p)
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("parked streams of %s: %w", name, err)
	}
	return streams, total, nil
}

// ParkedStreams calls yield with the tenant and the stream of all that is parked in live generations.
func (s *Set) ParkedStreams(ctx context.Context, yield func(tenant string, stream uuid.UUID)) error {
	rows, err := s.pool.Query(ctx, `select distinct s.tenant_id, s.stream_id
		from parked_streams s join projections p on p.name = s.name and p.live_generation = s.generation`)
	if err != nil {
		return fmt.Errorf("parked streams: %w", err)
	}
	var tenant string
	var stream uuid.UUID
	if _, err := pgx.ForEachRow(rows, []any{&tenant, &stream}, func() error {
		yield(tenant, stream)
		return nil
	}); err != nil {
		return fmt.Errorf("parked streams: %w", err)
	}
	return nil
}

// Parked lists the parked streams of the live generations, at most limit of them.
func (s *Set) Parked(ctx context.Context, limit int) ([]ParkedStream, error) {
	rows, err := s.pool.Query(ctx, parkedSQL, limit)
	if err != nil {
		return nil, fmt.Errorf("parked streams: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ParkedStream])
	if err != nil {
		return nil, fmt.Errorf("parked streams: %w", err)
	}
	return found, nil
}
