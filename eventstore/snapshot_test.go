package eventstore

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// longStream appends n events to a new stream of tenant a and returns the ids: that of version 1 is the first.
func longStream(t *testing.T, s *Store, n int) (stream uuid.UUID, ids []uuid.UUID) {
	t.Helper()
	stream = uuid.New()
	a := Append{Tenant: "a", Reads: []Expectation{{Stream: stream}}}
	for range n {
		a.Events = append(a.Events, fact(stream, "x"))
		ids = append(ids, a.Events[len(a.Events)-1].ID)
	}
	mustAppend(t, s, a)
	return stream, ids
}

func snapshotAt(stream uuid.UUID, ids []uuid.UUID, version Version, code, data string) Snapshot {
	return Snapshot{Tenant: "a", Stream: stream, Version: version, Event: ids[version-1], Fingerprint: hash(code), Data: []byte(data)}
}

func mustSave(t *testing.T, s *Store, snapshots ...Snapshot) {
	t.Helper()
	if err := s.SaveSnapshots(t.Context(), snapshots); err != nil {
		t.Fatal(err)
	}
}

// loadOne loads one stream of tenant a and checks that its events lead from where they follow to version end.
func loadOne(t *testing.T, from StreamFrom, end Version, load func(context.Context, string, []StreamFrom) ([]StreamRest, error)) StreamRest {
	t.Helper()
	rests, err := load(t.Context(), "a", []StreamFrom{from})
	if err != nil || len(rests) != 1 {
		t.Fatalf("LoadSnapshots = %d results, %v; want one", len(rests), err)
	}
	r := rests[0]
	if got := r.After + Version(len(r.Events)); got != end {
		t.Errorf("%d events after version %d lead to %d; want %d", len(r.Events), r.After, got, end)
	}
	for i, e := range r.Events {
		if e.Version != r.After+Version(i)+1 || e.Stream != from.Stream || e.Position == 0 || string(e.Data) != "x" {
			t.Fatalf("event %d after version %d is %+v", i+1, r.After, e)
		}
	}
	return r
}

// A stream is read from its snapshot, from what the caller knows or from its first event, whichever is right and
// cheapest; under the lock as well.
func TestLoadSnapshots(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	stream, ids := longStream(t, s, 1000)
	mustSave(t, s, snapshotAt(stream, ids, 700, "v1", "state"))
	tests := map[string]struct {
		from     StreamFrom
		after    Version
		snapshot bool
	}{
		"nothing known":                      {StreamFrom{Fingerprint: hash("v1")}, 700, true},
		"other code":                         {StreamFrom{Fingerprint: hash("v2")}, 0, false},
		"no snapshot wanted":                 {StreamFrom{}, 0, false},
		"much to spare":                      {StreamFrom{After: 10, Event: ids[9], Fingerprint: hash("v1")}, 700, true},
		"as much as it is worth":             {StreamFrom{After: 700 - worthSnapshot, Fingerprint: hash("v1")}, 700, true},
		"not worth it":                       {StreamFrom{After: 701 - worthSnapshot, Fingerprint: hash("v1")}, 701 - worthSnapshot, false},
		"behind what is known":               {StreamFrom{After: 900, Event: ids[899], Fingerprint: hash("v1")}, 900, false},
		"all is known":                       {StreamFrom{After: 1000, Event: ids[999], Fingerprint: hash("v1")}, 1000, false},
		"known, of another past":             {StreamFrom{After: 900, Event: ids[898], Fingerprint: hash("v1")}, 700, true},
		"known, of another past, other code": {StreamFrom{After: 900, Event: ids[898]}, 0, false},
		"known, beyond the end":              {StreamFrom{After: 1001, Event: uuid.New(), Fingerprint: hash("v1")}, 700, true},
	}
	check := func(t *testing.T, load func(context.Context, string, []StreamFrom) ([]StreamRest, error)) {
		t.Helper()
		for name, tt := range tests {
			tt.from.Stream = stream
			got := loadOne(t, tt.from, 1000, load)
			if got.After != tt.after || (got.Snapshot != nil) != tt.snapshot {
				t.Errorf("%s: after %d with snapshot %v; want after %d, %v", name, got.After, got.Snapshot, tt.after, tt.snapshot)
			}
			if k := got.Snapshot; k != nil && (k.Version != 700 || k.Event != ids[699] || string(k.Data) != "state" ||
				k.Stream != stream || k.Tenant != "a" || k.Fingerprint != hash("v1") || time.Since(k.TakenAt).Abs() > time.Hour) {
				t.Errorf("%s: snapshot %+v", name, k)
			}
		}
	}
	check(t, s.LoadSnapshots)
	err := s.WithLock(t.Context(), func(_ context.Context, l *Locked) error {
		check(t, l.LoadSnapshots)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Many streams come in the order asked for, also unknown ones, the same one twice and another tenant's.
func TestLoadSnapshots_many(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	long, ids := longStream(t, s, 400)
	short, _ := longStream(t, s, 2)
	foreign := first("b", uuid.New())
	mustAppend(t, s, foreign)
	mustSave(t, s, snapshotAt(long, ids, 390, "v1", ""))
	got, err := s.LoadSnapshots(t.Context(), "a", []StreamFrom{
		{Stream: short, After: 1},
		{Stream: uuid.New(), Fingerprint: hash("v1")},
		{Stream: long, Fingerprint: hash("v1")},
		{Stream: foreign.Reads[0].Stream},
		{Stream: long, After: 399},
		{Stream: short},
	})
	if err != nil {
		t.Fatal(err)
	}
	var shape [][3]int
	for _, r := range got {
		snapshot := 0
		if r.Snapshot != nil {
			snapshot = int(r.Snapshot.Version)
		}
		shape = append(shape, [3]int{int(r.After), snapshot, len(r.Events)})
	}
	if want := [][3]int{{1, 0, 1}, {0, 0, 0}, {390, 390, 10}, {0, 0, 0}, {399, 0, 1}, {0, 0, 2}}; !slices.Equal(shape, want) {
		t.Errorf("after, snapshot and events = %v; want %v", shape, want)
	}
	if k := got[2].Snapshot; k == nil || k.Data == nil || len(k.Data) != 0 {
		t.Errorf("snapshot = %+v; want one with empty data", k)
	}
	if none, err := s.LoadSnapshots(t.Context(), "a", nil); none != nil || err != nil {
		t.Errorf("LoadSnapshots of nothing = %v, %v", none, err)
	}
}

// What a stream has is replaced by what is newer or of other code, and by nothing that the log does not know.
func TestSaveSnapshots(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	stream, ids := longStream(t, s, 20)
	elsewhere := snapshotAt(stream, ids, 12, "v1", "another's")
	elsewhere.Tenant = "b"
	early := snapshotAt(stream, ids, 12, "v1", "not appended yet")
	early.Version, early.Event = 21, uuid.New()
	otherEvent := snapshotAt(stream, ids, 13, "v1", "of another past")
	otherEvent.Event = uuid.New()
	steps := []struct {
		name    string
		save    []Snapshot
		version Version
		data    string
	}{
		{"the first", []Snapshot{snapshotAt(stream, ids, 10, "v1", "ten")}, 10, "ten"},
		{"an older one", []Snapshot{snapshotAt(stream, ids, 9, "v1", "nine")}, 10, "ten"},
		{"the same again", []Snapshot{snapshotAt(stream, ids, 10, "v1", "ten again")}, 10, "ten"},
		{"another tenant's", []Snapshot{elsewhere}, 10, "ten"},
		{"one ahead of the log", []Snapshot{early}, 10, "ten"},
		{"one of another past", []Snapshot{otherEvent}, 10, "ten"},
		{"several", []Snapshot{snapshotAt(stream, ids, 12, "v1", "12"), snapshotAt(stream, ids, 15, "v1", "15"), snapshotAt(stream, ids, 14, "v1", "14")}, 15, "15"},
		{"an older one of other code", []Snapshot{snapshotAt(stream, ids, 5, "v2", "five")}, 5, "five"},
		{"none", nil, 5, "five"},
	}
	for _, step := range steps {
		mustSave(t, s, step.save...)
		var version Version
		var data string
		err := s.pool.QueryRow(t.Context(), "select version, convert_from(data, 'UTF8') from snapshots where stream_id = $1 and tenant_id = 'a'", stream).Scan(&version, &data)
		if err != nil || version != step.version || data != step.data {
			t.Errorf("after %s: version %d with %q, %v; want %d with %q", step.name, version, data, err, step.version, step.data)
		}
	}
}

// A snapshot of another past, which a restore may have left behind, is neither used nor in the way of the next; and one
// that is gone is no loss.
func TestSnapshots_anotherPast(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	stream, ids := longStream(t, s, 10)
	for _, version := range []int{7, 5000} {
		_, err := s.pool.Exec(t.Context(), `insert into snapshots (log_id, tenant_id, stream_id, version, event_id, fingerprint, data)
			values (1, 'a', $1, $2, gen_random_uuid(), $3, 'ghost')
			on conflict (log_id, stream_id) do update set version = excluded.version, event_id = excluded.event_id, data = excluded.data`,
			stream, version, hashOf("v1"))
		if err != nil {
			t.Fatal(err)
		}
		from := StreamFrom{Stream: stream, Fingerprint: hash("v1")}
		if got := loadOne(t, from, 10, s.LoadSnapshots); got.Snapshot != nil {
			t.Errorf("the ghost of version %d was used", version)
		}
		mustSave(t, s, snapshotAt(stream, ids, 6, "v1", "real"))
		if got := loadOne(t, from, 10, s.LoadSnapshots); got.Snapshot == nil || got.After != 6 || string(got.Snapshot.Data) != "real" {
			t.Errorf("beside the ghost of version %d: snapshot %+v; want the real one", version, got.Snapshot)
		}
		if _, err := s.pool.Exec(t.Context(), "delete from snapshots"); err != nil {
			t.Fatal(err)
		}
		if got := loadOne(t, from, 10, s.LoadSnapshots); got.Snapshot != nil || got.After != 0 {
			t.Errorf("without any: %+v", got.Snapshot)
		}
	}
}

func hashOf(s string) []byte {
	h := hash(s)
	return h[:]
}

func TestSaveSnapshots_invalid(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	stream, ids := longStream(t, s, 1)
	for name, spoil := range map[string]func(*Snapshot){
		"no version":         func(k *Snapshot) { k.Version = 0 },
		"no fingerprint":     func(k *Snapshot) { k.Fingerprint = [32]byte{} },
		"too large":          func(k *Snapshot) { k.Data = make([]byte, maxSnapshot+1) },
		"tenant not as text": func(k *Snapshot) { k.Tenant = "a\x00" },
	} {
		k := snapshotAt(stream, ids, 1, "v1", "x")
		spoil(&k)
		var invalid *InvalidError
		if err := s.SaveSnapshots(t.Context(), []Snapshot{k}); !errors.As(err, &invalid) {
			t.Errorf("%s: SaveSnapshots = %v; want an InvalidError", name, err)
		}
	}
}

// The roles of the application save and load; the one that serves reads sees its tenant's only.
func TestSnapshots_rights(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	s := openStore(t, poolAs(t, url, "ordermill_write"), Config{})
	stream, ids := longStream(t, s, 3)
	mustSave(t, s, snapshotAt(stream, ids, 2, "v1", "two"))
	mustSave(t, s, snapshotAt(stream, ids, 3, "v1", "three"))
	if got := loadOne(t, StreamFrom{Stream: stream, Fingerprint: hash("v1")}, 3, s.LoadSnapshots); got.After != 3 {
		t.Errorf("loaded from version %d; want 3", got.After)
	}
	reader := poolAs(t, url, "ordermill_read")
	for tenant, want := range map[string]int{"a": 1, "b": 0, "": 0} {
		var n int
		err := asTenant(t.Context(), reader, tenant, countOf("snapshots", &n))
		if err != nil || n != want {
			t.Errorf("tenant %q sees %d snapshots, %v; want %d", tenant, n, err, want)
		}
	}
	for role, pool := range map[string]*pgxpool.Pool{"read": reader, "project": poolAs(t, url, "ordermill_project")} {
		if _, err := pool.Exec(t.Context(), "delete from snapshots"); !denied(err) {
			t.Errorf("%s deletes: %v; want permission denied", role, err)
		}
	}
}
