package eventstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// maxSnapshot bounds the data of one snapshot, and maxSnapshots how many are saved at once.
const (
	maxSnapshot  = 16 << 20
	maxSnapshots = 1000
)

// worthSnapshot is how many events a snapshot must spare who has a state already: reading a few costs less than the
// snapshot does.
const worthSnapshot = 256

// Snapshot is what a stream's events come to up to one of them, in whatever form the code that folds them likes. A
// stream has one at most. It is a cache: it may be gone at any time, and then all events are read.
type Snapshot struct {
	Tenant      string
	Stream      uuid.UUID
	Version     Version   // of the last event in it
	Event       uuid.UUID // that event's id
	Fingerprint [32]byte  // of the code that folds, not zero: code with another one does not see the snapshot
	Data        []byte
	TakenAt     time.Time // set by the database
}

// StreamFrom names a stream to be read by LoadSnapshots, and what is known of it.
type StreamFrom struct {
	Stream      uuid.UUID
	After       Version   // of the state that the caller has; 0: none
	Event       uuid.UUID // of version After, which the log must have for the state to be of use; zero: that is not checked
	Fingerprint [32]byte  // of snapshots that the caller can read; zero: none
}

// StreamRest is what leads to a stream's end. Its events follow Snapshot if there is one, else the state that the caller
// has if After is the version of that, else nothing: then After is 0 although the caller has a state, and that state
// is of another past and to be thrown away.
type StreamRest struct {
	After    Version // what Events follow
	Snapshot *Snapshot
	Events   []Recorded
}

const (
	// saveSnapshotsSQL stores snapshots whose event the log has. It does not wait for the disk, since a snapshot that is
	// lost in a crash was a cache. Rows are locked in the order of their key, so that two processes do not deadlock.
	saveSnapshotsSQL = `with unsynced as materialized (select set_config('synchronous_commit', 'off', true)),
		given as (
			select distinct on (g.stream) g.* from unnest($2::uuid[], $3::text[], $4::bigint[], $5::uuid[], $6::bytea[], $7::bytea[])
				as g(stream, tenant, version, event, fingerprint, data)
			order by g.stream, g.version desc
		)
		insert into snapshots as k (log_id, stream_id, tenant_id, version, event_id, fingerprint, data)
		select $1, g.stream, g.tenant, g.version, g.event, g.fingerprint, g.data from unsynced cross join given g
		cross join lateral (
			select from events e where e.log_id = $1 and e.stream_id = g.stream and e.version between g.version and g.version
				and e.event_id = g.event and e.tenant_id = g.tenant order by e.version limit 1
		) stored
		order by g.stream
		on conflict (log_id, stream_id) do update set tenant_id = excluded.tenant_id, version = excluded.version,
			event_id = excluded.event_id, fingerprint = excluded.fingerprint, data = excluded.data, taken_at = now()
		where k.version < excluded.version or k.fingerprint <> excluded.fingerprint
			or k.event_id is distinct from (select e.event_id from events e where e.log_id = $1 and e.stream_id = k.stream_id
				and e.version between k.version and k.version order by e.version limit 1)`

	// loadSnapshotsSQL gives for each stream one row of position 0 that says what the events follow, with the snapshot as
	// its data, and then the events. A snapshot counts only if the log has its event: one that a restore has brought
	// from another past does not.
	//
	// The planner is not told more than it needs. It does not see parameters in subselects, so it has no reason to plan
	// anew each time, which takes longer than the query. It does not know the bound above the versions, so it expects a
	// short tail. And an event is looked up in the order of its version: only the index of streams has that, however
	// small the table was when the plan was made.
	loadSnapshotsSQL = `select s.n, r.* from unnest((select $2::uuid[]), (select $3::bigint[]), (select $4::uuid[]), (select $5::bytea[])) with ordinality as s(stream, after, event, fingerprint, n)
		cross join lateral (
			select case when s.after = 0 or s.event = '00000000-0000-0000-0000-000000000000' or s.event = (
				select e.event_id from events e where e.log_id = $1 and e.stream_id = s.stream and e.version between s.after and s.after
					and e.tenant_id = (select $6::text) order by e.version limit 1
			) then s.after else 0 end as version offset 0
		) known
		left join lateral (
			select k.version, k.event_id, k.data, k.taken_at from snapshots k
			where k.log_id = $1 and k.stream_id = s.stream and k.tenant_id = (select $6::text) and k.fingerprint = s.fingerprint
				and (known.version = 0 or k.version >= known.version + $7::bigint)
				and k.event_id = (select e.event_id from events e where e.log_id = $1 and e.stream_id = k.stream_id
					and e.version between k.version and k.version and e.tenant_id = (select $6::text) order by e.version limit 1)
			limit 1
		) k on true
		cross join lateral (
			select 0::bigint as position, ''::text as tenant_id, s.stream as stream_id, ''::text as stream_type,
				coalesce(k.version, known.version) as version, coalesce(k.event_id, '00000000-0000-0000-0000-000000000000') as event_id,
				''::text as type, 0::smallint as schema_version, coalesce(k.data, '') as data, ''::bytea as metadata,
				coalesce(k.taken_at, '-infinity') as occurred_at, '-infinity'::timestamptz as recorded_at
			union all
			(select ` + recordedColumns + ` from events e
			where e.log_id = $1 and e.stream_id = s.stream and e.version > coalesce(k.version, known.version)
				and e.version <= (select 9223372036854775807) and e.tenant_id = (select $6::text)
			order by e.version offset 0)
		) r`
)

// SaveSnapshots stores snapshots of any tenants in place of what their streams have, if that is older, was made by code
// with another fingerprint, or is of another past. A snapshot whose event the log does not have (yet) is passed over.
// They are lost in a crash of the server unless it has come to write them.
func (s *Store) SaveSnapshots(ctx context.Context, snapshots []Snapshot) error {
	for len(snapshots) > 0 {
		n, bytes := 0, 0
		for n < len(snapshots) && n < maxSnapshots && (n == 0 || bytes+len(snapshots[n].Data) <= maxSnapshot) {
			bytes += len(snapshots[n].Data)
			n++
		}
		if err := s.saveSnapshots(ctx, snapshots[:n]); err != nil {
			return fmt.Errorf("save %d snapshots: %w", n, err)
		}
		snapshots = snapshots[n:]
	}
	return nil
}

func (s *Store) saveSnapshots(ctx context.Context, snapshots []Snapshot) error {
	n := len(snapshots)
	streams, tenants, versions := make([]uuid.UUID, n), make([]string, n), make([]int64, n)
	events, fingerprints, data := make([]uuid.UUID, n), make([][]byte, n), make([][]byte, n)
	for i := range snapshots {
		k := &snapshots[i]
		if k.Version < 1 || k.Fingerprint == [32]byte{} || !validName(k.Tenant) || len(k.Data) > maxSnapshot {
			return &InvalidError{fmt.Sprintf("the snapshot of %s needs a version, a fingerprint and at most %d bytes", k.Stream, maxSnapshot)}
		}
		streams[i], tenants[i], versions[i] = k.Stream, k.Tenant, int64(k.Version)
		events[i], fingerprints[i], data[i] = k.Event, k.Fingerprint[:], k.Data
		if k.Data == nil {
			data[i] = []byte{} // not null
		}
	}
	_, err := s.pool.Exec(ctx, saveSnapshotsSQL, s.log, streams, tenants, versions, events, fingerprints, data)
	return err
}

// LoadSnapshots reads streams of a tenant to their ends in one round trip, each from a snapshot if there is one that
// spares more than it costs, else from what the caller has, else from its first event. There is one result a stream,
// in the order asked for. An unknown stream, or another tenant's, is empty.
func (s *Store) LoadSnapshots(ctx context.Context, tenant string, streams []StreamFrom) ([]StreamRest, error) {
	return loadSnapshots(ctx, s.pool, s.log, tenant, streams)
}

// LoadSnapshots is Store.LoadSnapshots, as of the lock.
func (l *Locked) LoadSnapshots(ctx context.Context, tenant string, streams []StreamFrom) ([]StreamRest, error) {
	return loadSnapshots(ctx, l.tx, l.store.log, tenant, streams)
}

func loadSnapshots(ctx context.Context, db queryer, log LogID, tenant string, streams []StreamFrom) ([]StreamRest, error) {
	if len(streams) == 0 {
		return nil, nil
	}
	n := len(streams)
	ids, after, events, fingerprints := make([]uuid.UUID, n), make([]int64, n), make([]uuid.UUID, n), make([][]byte, n)
	for i := range streams {
		st := &streams[i]
		ids[i], after[i], events[i], fingerprints[i] = st.Stream, int64(st.After), st.Event, st.Fingerprint[:]
	}
	rows, err := db.Query(ctx, loadSnapshotsSQL, log, ids, after, events, fingerprints, tenant, worthSnapshot)
	if err != nil {
		return nil, fmt.Errorf("load %d streams: %w", n, err)
	}
	defer rows.Close()
	rests := make([]StreamRest, n)
	var d decoder
	checked := false
	for rows.Next() {
		if !checked {
			if err := checkColumns(rows.FieldDescriptions()[1:]); err != nil {
				return nil, fmt.Errorf("load %d streams: %w", n, err)
			}
			checked = true
		}
		raw := rows.RawValues()
		at := wireInt64(raw[0]) - 1
		rests[at].add(d.decode(log, raw[1:]), tenant, &streams[at])
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("load %d streams: %w", n, err)
	}
	for i := range rests {
		if err := rests[i].check(); err != nil {
			return nil, fmt.Errorf("load stream %s: %w", ids[i], err)
		}
	}
	return rests, nil
}

// add takes in a row: an event, or what the events follow.
func (r *StreamRest) add(rec Recorded, tenant string, from *StreamFrom) {
	if rec.Position > 0 {
		r.Events = append(r.Events, rec)
		return
	}
	r.After = rec.Version
	if rec.ID != uuid.Nil {
		r.Snapshot = &Snapshot{
			Tenant: tenant, Stream: from.Stream, Version: rec.Version, Event: rec.ID, Fingerprint: from.Fingerprint,
			Data: rec.Data, TakenAt: rec.OccurredAt,
		}
	}
}

// check puts the events in order, which they are in, and notices one that is missing.
func (r *StreamRest) check() error {
	byVersion := func(a, b Recorded) int { return int(a.Version - b.Version) }
	if !slices.IsSortedFunc(r.Events, byVersion) {
		slices.SortFunc(r.Events, byVersion)
	}
	for i := range r.Events {
		if want := r.After + Version(i) + 1; r.Events[i].Version != want {
			return fmt.Errorf("version %d follows %d: events are missing, restore the table from a backup", r.Events[i].Version, want-1)
		}
	}
	return nil
}
