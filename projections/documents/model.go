package documents

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// Model keeps every document of a kind in a Postgres table: (tenant, stream), version, position of the last event, and
// the document. It implements projections.Model.
type Model struct {
	kind *Kind

	mu     sync.Mutex
	recent map[projections.Generation]*recent // the newest generations only
}

// NewModel returns the Postgres model of a kind.
func NewModel(kind *Kind) *Model {
	return &Model{kind: kind, recent: make(map[projections.Generation]*recent)}
}

// Name implements projections.Model.
func (m *Model) Name() string { return m.kind.table }

// Create implements projections.Model. A document is kept in one piece with lz4, where the server has it: the default
// costs a write several times as much.
func (m *Model) Create(g projections.Generation) []string {
	table := g.Table(m.kind.table)
	return []string{
		fmt.Sprintf(`create table %s (
			tenant_id text collate "C" not null,
			%s uuid not null,
			version bigint not null,
			position bigint not null,
			doc bytea not null
		) with (fillfactor = 85)`, table, m.kind.id),
		fmt.Sprintf(`do $$ begin
			alter table %s alter column doc set compression lz4;
		exception when others then
			null; -- a server without lz4
		end $$`, table),
		"alter table " + table + " alter column doc set statistics 0", // nobody looks for one by what is in it
	}
}

// Index implements projections.Model.
func (m *Model) Index(g projections.Generation) []string {
	return []string{fmt.Sprintf(`alter table %s add primary key (tenant_id, %s)`, g.Table(m.kind.table), m.kind.id)}
}

// StreamTypes implements projections.StreamTyped.
func (m *Model) StreamTypes() []string { return []string{m.kind.streamType} }

// FoldName implements projections.SharedFold.
func (m *Model) FoldName() string { return m.kind.foldName() }

// NewFold implements projections.Model.
func (m *Model) NewFold() projections.Fold { return newFold(m.kind) }

// Apply implements projections.Model. It reads the documents that it does not remember in one query and writes those
// that have changed in one statement.
func (m *Model) Apply(ctx context.Context, tx pgx.Tx, g projections.Generation, events []projections.Event) error {
	touched := group(m.kind, events)
	if len(touched.keys) == 0 {
		return nil
	}
	memory := m.memory(g)
	for _, key := range touched.keys {
		h := memory.take(key)
		if before := touched.events[key][0].Version - 1; h != nil && h.version == before {
			touched.held[key] = h // else a transaction that was rolled back, or another owner's, came in between
		} else if before == 0 {
			touched.held[key] = &holding{state: m.kind.empty()}
		}
	}
	if err := m.read(ctx, tx, g, touched); err != nil {
		return err
	}
	if err := touched.fold(); err != nil {
		return err
	}
	if err := m.write(ctx, tx, g, touched); err != nil {
		return err
	}
	for key, h := range touched.held {
		memory.put(key, h)
	}
	return nil
}

// memory returns what is remembered of a generation. Of more than two the oldest is forgotten: it is not read any more.
func (m *Model) memory(g projections.Generation) *recent {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.recent[g]
	if !ok {
		r = newRecent(m.kind.recentBytes())
		m.recent[g] = r
		maps.DeleteFunc(m.recent, func(old projections.Generation, _ *recent) bool { return old < g-1 })
	}
	return r
}

// read gets the documents that are not held yet. Each lookup is a lateral with a limit, which cannot become a join over
// the whole table.
func (m *Model) read(ctx context.Context, tx pgx.Tx, g projections.Generation, t *touched) error {
	missing := t.missing()
	if len(missing) == 0 {
		return nil
	}
	tenants, streams := columns(missing)
	rows, err := tx.Query(ctx, fmt.Sprintf(`select k.tenant, k.stream, d.version, d.position, d.doc
		from unnest($1::text[], $2::uuid[]) as k(tenant, stream)
		cross join lateral (select version, position, doc from %s where tenant_id = k.tenant and %s = k.stream limit 1) d`,
		g.Table(m.kind.table), m.kind.id), tenants, streams)
	if err != nil {
		return fmt.Errorf("read %d documents: %w", len(missing), err)
	}
	var key Key
	var d Document
	_, err = pgx.ForEachRow(rows, []any{&key.Tenant, &key.Stream, &d.Version, &d.Position, &d.Body}, func() error {
		h, err := m.kind.hold(d)
		t.held[key] = h
		return err
	})
	if err != nil {
		return fmt.Errorf("read %d documents: %w", len(missing), err)
	}
	for _, key := range missing {
		if h := t.held[key]; h == nil || h.version != t.events[key][0].Version-1 {
			return fmt.Errorf("%w: stream %s of tenant %s continues with version %d, which %s does not have the one before of",
				errBroken, key.Stream, key.Tenant, t.events[key][0].Version, m.kind.table)
		}
	}
	return nil
}

func (m *Model) write(ctx context.Context, tx pgx.Tx, g projections.Generation, t *touched) error {
	tenants, streams := columns(t.keys)
	versions, positions := make([]int64, len(t.keys)), make([]int64, len(t.keys))
	bodies := make([][]byte, len(t.keys))
	for i, key := range t.keys {
		d := t.documents[key]
		versions[i], positions[i], bodies[i] = int64(d.Version), int64(d.Position), d.Body
	}
	_, err := tx.Exec(ctx, fmt.Sprintf(`insert into %s (tenant_id, %s, version, position, doc)
		select * from unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bytea[])
		on conflict (tenant_id, %[2]s) do update
			set version = excluded.version, position = excluded.position, doc = excluded.doc`,
		g.Table(m.kind.table), m.kind.id), tenants, streams, versions, positions, bodies)
	if err != nil {
		return fmt.Errorf("write %d documents: %w", len(t.keys), err)
	}
	return nil
}

// touched are the documents that some events change, with the events of each. Its keys are in the order of their first
// event.
type touched struct {
	keys      []Key
	events    map[Key][]*projections.Event
	held      map[Key]*holding
	documents map[Key]Document
}

// group sorts the events of a kind by stream.
func group(kind *Kind, events []projections.Event) *touched {
	t := &touched{
		events: make(map[Key][]*projections.Event), held: make(map[Key]*holding), documents: make(map[Key]Document),
	}
	for i := range events {
		e := &events[i]
		if e.StreamType != kind.streamType {
			continue
		}
		key := Key{e.Tenant, e.Stream}
		if t.events[key] == nil {
			t.keys = append(t.keys, key)
		}
		t.events[key] = append(t.events[key], e)
	}
	return t
}

// missing returns the keys of which no document is held.
func (t *touched) missing() []Key {
	var keys []Key
	for _, key := range t.keys {
		if t.held[key] == nil {
			keys = append(keys, key)
		}
	}
	return keys
}

// fold applies the events to what is held and writes it down.
func (t *touched) fold() error {
	for _, key := range t.keys {
		h := t.held[key]
		for _, e := range t.events[key] {
			if err := h.add(e); err != nil {
				return err
			}
		}
		var err error
		if t.documents[key], err = h.document(); err != nil {
			return fmt.Errorf("document of stream %s: %w", key.Stream, err)
		}
	}
	return nil
}

func columns(keys []Key) (tenants []string, streams []uuid.UUID) {
	tenants, streams = make([]string, len(keys)), make([]uuid.UUID, len(keys))
	for i, key := range keys {
		tenants[i], streams[i] = key.Tenant, key.Stream
	}
	return tenants, streams
}

// first is the version of the first event of a stream among those touched.
func (t *touched) first(key Key) eventstore.Version { return t.events[key][0].Version }
