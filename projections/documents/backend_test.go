package documents

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/internal/local/redistest"
	"github.com/ordermill/ordermill/projections"
)

// Verification finds a document that was changed, one that an event did not reach, and one that nothing accounts for.
// Absent and unreadable ones are none of its business.
func TestBackend_Verify(t *testing.T) {
	t.Parallel()

	s := newShop(t, 80)
	client := redistest.New(t)
	b := NewBackend(StockLevels(), client, s.store, BackendConfig{})
	ctx, l := t.Context(), b.layout(1, 1)
	if err := b.Sink(1, 1).Apply(ctx, 1, s.at(0), s.at(s.head()), s.events); err != nil {
		t.Fatal(err)
	}
	verify := func() []projections.Difference {
		t.Helper()
		differences, err := b.Verify(ctx, 1, 1, s.foldTo(b.kind))
		if err != nil {
			t.Fatal(err)
		}
		return differences
	}
	if got := verify(); len(got) > 0 {
		t.Fatalf("differences in a right model: %+v", got)
	}
	want := s.documents(t, b.kind, s.head())
	moved := streamWith(t, s, b.kind, 3)
	stale, err := b.kind.Fold(Document{}, slices.DeleteFunc(slices.Clone(s.events), func(e projections.Event) bool {
		return e.Stream != moved.Stream || e.Version == want[moved].Version
	}))
	if err != nil {
		t.Fatal(err)
	}
	foreign := Key{"nobody", moved.Stream}
	changed := want[moved]
	changed.Body = append([]byte(" "), changed.Body...)
	for name, tt := range map[string]struct {
		key     Key
		value   string
		problem string
	}{
		"changed":    {moved, string(encodeValue(l.document(moved), s.epoch, changed)), "different"},
		"stale":      {moved, string(encodeValue(l.document(moved), s.epoch, stale)), "different"},
		"unexpected": {foreign, string(encodeValue(l.document(foreign), s.epoch, want[moved])), "unexpected"},
		"unreadable": {moved, "rubbish", ""},
		"copied":     {foreign, string(encodeValue(l.document(moved), s.epoch, want[moved])), ""},
		"other past": {moved, string(encodeValue(l.document(moved), s.epoch+1, stale)), ""},
	} {
		if err := client.Set(ctx, l.document(tt.key), tt.value, 0).Err(); err != nil {
			t.Fatal(err)
		}
		got := verify()
		if tt.problem == "" && len(got) > 0 || tt.problem != "" && (len(got) != 1 || got[0].Problem != tt.problem) {
			t.Errorf("%s: %+v; want %q", name, got, tt.problem)
		}
		if err := client.Del(ctx, l.document(tt.key)).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBackend_Drop(t *testing.T) {
	t.Parallel()

	s := newShop(t, 60)
	for name, client := range servers(t) {
		b := NewBackend(Orders(), client, s.store, BackendConfig{})
		for _, g := range []projections.Generation{1, 11} {
			if err := b.Sink(1, g).Apply(t.Context(), 1, s.at(0), s.at(s.head()), s.events); err != nil {
				t.Fatal(err)
			}
		}
		want := check(t, s, b, 11)
		if err := b.Drop(t.Context(), 1); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := check(t, s, b, 1); n != 0 {
			t.Errorf("%s: %d documents are left", name, n)
		}
		if at, err := b.Sink(1, 1).Checkpoint(t.Context()); err != nil || at != (projections.Checkpoint{}) {
			t.Errorf("%s: Checkpoint = %+v, %v; want none", name, at, err)
		}
		if n := check(t, s, b, 11); n != want {
			t.Errorf("%s: another generation has %d documents; want %d", name, n, want)
		}
	}
}

// Readers that saw the database at some time leave what they saw in Redis much later, while the projection moves on and
// documents vanish. A stale one never gets in.
func TestFill_neverStale(t *testing.T) {
	t.Parallel()

	s := newShop(t, 100)
	b := NewBackend(StockLevels(), redistest.New(t), s.store, BackendConfig{})
	history := make([]map[Key]Document, s.head()+1)
	for p := range history {
		history[p] = s.documents(t, b.kind, eventstore.Position(p))
	}
	g := projections.Generation(0)
	rapid.Check(t, func(t *rapid.T) {
		g++
		fillRace(t, s, b, g, history)
	})
}

func fillRace(t *rapid.T, s *shop, b *Backend, g projections.Generation, history []map[Key]Document) {
	ctx := context.Background()
	r := &Reader{config: ReaderConfig{Log: 1, TTL: b.ttl}, cache: newRedisReader(b.client, 20*breakerPause)}
	live := &pointers{epoch: s.epoch, live: map[string]projections.Generation{b.kind.cache: g}}
	sink, at := b.Sink(1, g), eventstore.Position(0)
	keys := slices.Collect(maps.Keys(history[s.head()]))
	slices.SortFunc(keys, func(a, b Key) int { // the busiest three
		return cmp.Or(cmp.Compare(history[s.head()][b].Version, history[s.head()][a].Version), bytes.Compare(a.Stream[:], b.Stream[:]))
	})
	keys = keys[:min(3, len(keys))]
	var read []Answer // on their way
	filled := 0
	versions := make(map[Key]eventstore.Version) // of what is there
	for range rapid.IntRange(30, 60).Draw(t, "steps") {
		switch rapid.IntRange(0, 4).Draw(t, "step") {
		case 0: // the projection moves on
			to := min(at+eventstore.Position(rapid.IntRange(1, 15).Draw(t, "frame")), s.head())
			if to == at {
				continue
			}
			if err := sink.Apply(ctx, 1, s.at(at), s.at(to), s.between(at, to)); err != nil {
				t.Fatal(err)
			}
			at = to
		case 1, 2: // somebody reads elsewhere, behind or ahead of Redis
			proven := eventstore.Position(rapid.IntRange(0, int(min(at+40, s.head()))).Draw(t, "read at"))
			for _, key := range keys {
				read = append(read, Answer{Document: history[proven][key], Key: key, Epoch: s.epoch, Proven: proven})
			}
		case 3: // what was read arrives, in any order
			for range min(len(read), 2*len(keys)) {
				i := rapid.IntRange(0, len(read)-1).Draw(t, "arrives")
				r.fill(ctx, live, b.kind, &read[i])
				filled++
			}
		case 4: // documents expire
			for _, key := range keys {
				b.client.Del(ctx, b.layout(1, g).document(key))
			}
		}
		check(t, s, b, g)
		versions = forward(t, s, b, g, versions)
	}
	if r.stats.failures.Load() > 0 {
		t.Fatalf("%d of %d fills failed", r.stats.failures.Load(), filled)
	}
}

// forward fails if a document is older than it was. It returns the versions that are there.
func forward(t *rapid.T, s *shop, b *Backend, g projections.Generation, before map[Key]eventstore.Version) map[Key]eventstore.Version {
	now := make(map[Key]eventstore.Version)
	for key := range s.documents(t, b.kind, s.head()) {
		value, err := b.client.Get(context.Background(), b.layout(1, g).document(key)).Result()
		if err != nil {
			continue // it is absent
		}
		d, _ := decodeValue(b.layout(1, g).document(key), s.epoch, value)
		if d.Version < before[key] {
			t.Fatalf("%s went back from version %d to %d", key.Stream, before[key], d.Version)
		}
		now[key] = d.Version
	}
	return now
}

// A document that is proven gets in, so that the test above tests something.
func TestFill_proven(t *testing.T) {
	t.Parallel()

	s := newShop(t, 60)
	b := NewBackend(Orders(), redistest.New(t), s.store, BackendConfig{})
	r := &Reader{config: ReaderConfig{Log: 1, TTL: b.ttl}, cache: newRedisReader(b.client, 20*breakerPause)}
	live := &pointers{epoch: s.epoch, live: map[string]projections.Generation{b.kind.cache: 1}}
	half := s.head() / 2
	documents := s.documents(t, b.kind, s.head())
	fill := func() int {
		for key, d := range documents {
			r.fill(t.Context(), live, b.kind, &Answer{Document: d, Key: key, Epoch: s.epoch, Proven: s.head()})
		}
		return check(t, s, b, 1)
	}
	if n := fill(); n != 0 {
		t.Errorf("%d documents got into buckets without a checkpoint", n)
	}
	if err := b.Sink(1, 1).Apply(t.Context(), 1, s.at(0), s.at(half), s.between(0, half)); err != nil {
		t.Fatal(err)
	}
	if n := fill(); n != len(documents) {
		t.Errorf("%d of %d proven documents are there", n, len(documents))
	}
	if err := b.Sink(1, 1).Apply(t.Context(), 1, s.at(half), s.at(s.head()), s.between(half, s.head())); err != nil {
		t.Fatal(err)
	}
	if n := check(t, s, b, 1); n != len(documents) {
		t.Errorf("%d of %d documents after the projection has caught up", n, len(documents))
	}
}

// A document that is ahead of its bucket stays, whoever comes with an older one.
func TestFill_newerStays(t *testing.T) {
	t.Parallel()

	s := newShop(t, 80)
	b := NewBackend(StockLevels(), redistest.New(t), s.store, BackendConfig{})
	r := &Reader{config: ReaderConfig{Log: 1, TTL: b.ttl}, cache: newRedisReader(b.client, 20*breakerPause)}
	live := &pointers{epoch: s.epoch, live: map[string]projections.Generation{b.kind.cache: 1}}
	key := streamWith(t, s, b.kind, 4)
	var changes []eventstore.Position
	for _, e := range s.events {
		if e.Stream == key.Stream {
			changes = append(changes, e.Position)
		}
	}
	sink := b.Sink(1, 1)
	apply := func(from, to eventstore.Position) {
		t.Helper()
		if err := sink.Apply(t.Context(), 1, s.at(from), s.at(to), s.between(from, to)); err != nil {
			t.Fatal(err)
		}
	}
	fill := func(at eventstore.Position) {
		r.fill(t.Context(), live, b.kind, &Answer{Document: s.documents(t, b.kind, at)[key], Key: key, Epoch: s.epoch, Proven: at})
	}
	expect := func(after string) {
		t.Helper()
		value, err := b.client.Get(t.Context(), b.layout(1, 1).document(key)).Result()
		d, _ := decodeValue(b.layout(1, 1).document(key), s.epoch, value)
		if want := s.documents(t, b.kind, changes[3])[key]; err != nil || !sameDocument(d, want) {
			t.Errorf("after %s: version %d, %v; want %d", after, d.Version, err, want.Version)
		}
	}
	apply(0, changes[0])
	fill(changes[3])
	expect("a fill that is ahead")
	fill(changes[1])
	expect("a fill that is older")
	apply(changes[0], changes[2])
	expect("a frame that is older")
	sink = b.Sink(1, 1)
	apply(changes[2], changes[3])
	expect("a frame that is as far")
	if r.stats.fills.Load() != 1 {
		t.Errorf("%d fills; want 1", r.stats.fills.Load())
	}
}
