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
	streams    map[uuid.UUID]struct{} // parked now
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
	p := &parking{log: log, name: name, generation: g, streams: make(map[uuid.UUID]struct{})}
	rows, err := db.Query(ctx, "select stream_id from parked_streams where log_id = $1 and name = $2 and generation = $3", log, name, g)
	if err != nil {
		return nil, fmt.Errorf("parked streams of %s: %w", name, err)
	}
	streams, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("parked streams of %s: %w", name, err)
	}
	for _, stream := range streams {
		p.streams[stream] = struct{}{}
	}
	return p, nil
}

// queryer is a pool or a transaction.
type queryer interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// has reports whether a stream is parked.
func (p *parking) has(stream uuid.UUID) bool {
	if len(p.streams) == 0 {
		return false
	}
	_, ok := p.streams[stream]
	return ok
}

// add stores followers, in order, inside tx. Those that are there already stay as they are, so that a repetition does
// no harm. The caller tells remember once tx is committed.
func (p *parking) add(ctx context.Context, tx pgx.Tx, followers []follower) error {
	positions, streams := make([]int64, len(followers)), make([]uuid.UUID, len(followers))
	tenants := make([]string, len(followers))
	for i, f := range followers {
		positions[i], streams[i], tenants[i] = int64(f.position), f.stream, f.tenant
		if f.reason == "" {
			continue
		}
		_, err := tx.Exec(ctx, `insert into parked_streams (log_id, name, generation, stream_id, tenant_id, position, reason)
			values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
			p.log, p.name, p.generation, f.stream, f.tenant, f.position, f.reason)
		if err != nil {
			return fmt.Errorf("park stream %s: %w", f.stream, err)
		}
	}
	_, err := tx.Exec(ctx, `insert into parked_events (log_id, name, generation, position, stream_id, tenant_id)
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
		p.streams[f.stream] = struct{}{}
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
