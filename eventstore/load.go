package eventstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const recordedColumns = `position, tenant_id, stream_id, stream_type, version, event_id, type, schema_version, data, metadata, occurred_at, recorded_at`

const (
	loadSQL = `select ` + recordedColumns + ` from events
		where log_id = $1 and stream_id = $2 and version > $3 and tenant_id = $4 order by version`
	loadManySQL = `select e.* from unnest($2::uuid[], $3::bigint[]) with ordinality as s(stream, after, n)
		cross join lateral (select ` + recordedColumns + ` from events
			where log_id = $1 and stream_id = s.stream and version > s.after and tenant_id = $4 order by version offset 0) e
		order by s.n, e.version`
	// readSQL gives events only if the log still has the place that the reader knows: all or nothing of one past.
	readSQL = `select ` + recordedColumns + ` from events where log_id = $1 and position > $2
		and ($4::bigint = 0 or exists (select from events k where k.log_id = $1 and k.position = $4 and k.event_id = $5)) order by position limit $3`
	headSQL = `select position, event_id from events where log_id = $1 order by position desc limit 1`
	atSQL   = `select event_id from events where log_id = $1 and position = $2`
)

// queryer is a pool, a connection or a transaction.
type queryer interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// StreamAfter names a stream and the version that is known of it.
type StreamAfter struct {
	Stream uuid.UUID
	After  Version
}

// Load returns a stream's events after a version, oldest first. An unknown stream, or another tenant's, is empty.
func (s *Store) Load(ctx context.Context, tenant string, stream uuid.UUID, after Version) ([]Recorded, error) {
	events, err := collect(ctx, s.pool, s.log, loadSQL, s.log, stream, after, tenant)
	if err != nil {
		return nil, fmt.Errorf("load stream %s: %w", stream, err)
	}
	return events, nil
}

// LoadMany is Load of several streams of a tenant in one round trip. The events come stream by stream in the order
// asked for.
func (s *Store) LoadMany(ctx context.Context, tenant string, streams []StreamAfter) ([]Recorded, error) {
	return loadMany(ctx, s.pool, s.log, tenant, streams)
}

func loadMany(ctx context.Context, db queryer, log LogID, tenant string, streams []StreamAfter) ([]Recorded, error) {
	if len(streams) == 0 {
		return nil, nil
	}
	ids, after := make([]uuid.UUID, len(streams)), make([]int64, len(streams))
	for i, st := range streams {
		ids[i], after[i] = st.Stream, int64(st.After)
	}
	events, err := collect(ctx, db, log, loadManySQL, log, ids, after, tenant)
	if err != nil {
		return nil, fmt.Errorf("load %d streams: %w", len(streams), err)
	}
	return events, nil
}

// Read returns at most limit events of the log after a position, in commit order. Positions are dense: the first one
// returned is after + 1, so a reader that keeps its last position skips none and would notice a loss. The newest
// events come from memory when this process appended them.
func (s *Store) Read(ctx context.Context, after Position, limit int) ([]Recorded, error) {
	if after = max(after, 0); limit < 1 {
		return nil, nil
	}
	if events, ok := s.tail.after(after, limit); ok {
		return events, nil
	}
	return s.readStored(ctx, after, limit)
}

// readStored is Read past the memory: what it returns is all that was committed when it began, up to the limit.
func (s *Store) readStored(ctx context.Context, after Position, limit int) ([]Recorded, error) {
	past := s.Past()
	known := past.Known()
	events, err := collect(ctx, s.pool, s.log, readSQL, s.log, after, limit, known.Position, known.Event)
	if err != nil {
		return nil, fmt.Errorf("read log %d after %d: %w", s.log, after, err)
	}
	for i := range events {
		if want := after + Position(i) + 1; events[i].Position != want {
			return nil, fmt.Errorf("read log %d: position %d follows %d: events are missing, restore the table from a backup",
				s.log, events[i].Position, want-1)
		}
	}
	if len(events) == 0 && known.Position > after {
		s.pasts.doubt()
		return nil, fmt.Errorf("read log %d after %d: %w", s.log, after, ErrAnotherPast)
	}
	past.seeAll(events)
	return events, nil
}

// Head returns the log's last position and that event's id; both are zero in an empty log.
func (s *Store) Head(ctx context.Context) (Position, uuid.UUID, error) {
	var position Position
	var event uuid.UUID
	err := s.pool.QueryRow(ctx, headSQL, s.log).Scan(&position, &event)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, uuid.Nil, fmt.Errorf("head of log %d: %w", s.log, err)
	}
	return position, event, nil
}

// EventAt returns the id of the event at a position, or the zero UUID when there is none. A checkpoint that finds
// another id than its own belongs to another past of the log. What this process knows is not asked for.
func (s *Store) EventAt(ctx context.Context, position Position) (uuid.UUID, error) {
	past := s.Past()
	event, ok := past.eventAt(position)
	if ok || position < 1 {
		return event, nil
	}
	err := s.pool.QueryRow(ctx, atSQL, s.log, position).Scan(&event)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return uuid.Nil, nil
	case err != nil:
		return uuid.Nil, fmt.Errorf("event at %d of log %d: %w", position, s.log, err)
	}
	if past.lost == nil {
		past.keep(position, event)
	}
	return event, nil
}

// Grown returns a channel that is closed when the log may have grown. Take it before reading, wait on it after.
func (s *Store) Grown() <-chan struct{} { return s.tail.signal() }

// Wake tells the readers of this process that another process may have appended.
func (s *Store) Wake() { s.tail.wake() }

// collect runs a query for recordedColumns. Rows are decoded from the wire directly: a replay reads millions of them.
func collect(ctx context.Context, db queryer, log LogID, sql string, args ...any) ([]Recorded, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var events []Recorded
	var d decoder
	for rows.Next() {
		raw := rows.RawValues()
		if events == nil {
			if err := checkColumns(rows.FieldDescriptions()); err != nil {
				return nil, err
			}
		}
		events = append(events, d.decode(log, raw))
	}
	return events, rows.Err()
}

// checkColumns refuses what decode cannot read.
func checkColumns(columns []pgconn.FieldDescription) error {
	if len(columns) != 12 {
		return fmt.Errorf("%d columns, want 12", len(columns))
	}
	for _, c := range columns {
		if c.Format != pgx.BinaryFormatCode && c.DataTypeOID != oidText {
			return fmt.Errorf("column %s is not in binary format: the pool must not use the simple protocol", c.Name)
		}
	}
	return nil
}

// decoder copies rows out of the connection's buffer. Bodies share a few large allocations and names are kept once.
type decoder struct {
	arena []byte
	names map[string]string
}

func (d *decoder) decode(log LogID, raw [][]byte) Recorded {
	return Recorded{
		Log: log, Position: Position(wireInt64(raw[0])), Tenant: d.name(raw[1]), Stream: wireUUID(raw[2]),
		StreamType: d.name(raw[3]), Version: Version(wireInt64(raw[4])), ID: wireUUID(raw[5]), Type: d.name(raw[6]),
		Schema: int16(binary.BigEndian.Uint16(raw[7])), //nolint:gosec // two's complement
		Data:   d.copy(raw[8]), Metadata: d.copy(raw[9]), OccurredAt: wireTime(raw[10]), RecordedAt: wireTime(raw[11]),
	}
}

// Bounds of one allocation for bodies: small for short reads, larger as more rows come.
const (
	firstArena = 1 << 10
	lastArena  = 64 << 10
)

func (d *decoder) copy(b []byte) []byte {
	if len(b) > lastArena/4 {
		return append([]byte(nil), b...)
	}
	if len(d.arena)+len(b) > cap(d.arena) {
		d.arena = make([]byte, 0, max(len(b), firstArena, min(2*cap(d.arena), lastArena)))
	}
	start := len(d.arena)
	d.arena = append(d.arena, b...)
	return d.arena[start:len(d.arena):len(d.arena)]
}

func (d *decoder) name(b []byte) string {
	if s, ok := d.names[string(b)]; ok {
		return s
	}
	if d.names == nil {
		d.names = make(map[string]string)
	}
	s := string(b)
	d.names[s] = s
	return s
}
