package eventstore

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// What shows a read to hold: an earlier append of the batch, an earlier batch of the session, a unique index, or the table.
func TestChain_next(t *testing.T) {
	t.Parallel()

	at := func(stream, version uint64) Expectation {
		if version == 0 {
			return Expectation{Stream: id(stream)}
		}
		return Expectation{Stream: id(stream), Version: Version(version), Event: id(100*stream + version)} //nolint:gosec // small
	}
	of := func(tenant string, writes uint64, reads ...Expectation) *pending {
		p := &pending{prepared: prepared{Append: Append{Tenant: tenant, Reads: reads}}}
		for _, r := range reads {
			if r.Stream == id(writes) {
				p.Events = []NewEvent{{ID: id(100*writes + uint64(r.Version) + 1), Stream: r.Stream}} //nolint:gosec // small
				p.versions = []Version{r.Version + 1}
			}
		}
		return p
	}
	before := []*pending{of("a", 1, at(1, 1), at(2, 5)), of("a", 0, at(9, 0))} // leaves stream 1 at version 2
	for name, tt := range map[string]struct {
		way, want        way
		batch            []*pending
		unknown, vouched []int
	}{
		"not met before":      {lookFirst, lookFirst, []*pending{of("a", 3, at(3, 1))}, []int{1}, nil},
		"met before":          {lookFirst, lookFirst, []*pending{of("a", 3, at(1, 2), at(3, 1), at(2, 5), at(9, 0))}, []int{2}, []int{1, 3, 4}},
		"was elsewhere":       {lookFirst, lookFirst, []*pending{of("a", 0, at(1, 1), at(2, 4), at(9, 1))}, []int{1, 2, 3}, nil},
		"another tenant's":    {lookFirst, lookFirst, []*pending{of("b", 0, at(2, 5))}, []int{1}, nil},
		"written in it":       {lookFirst, lookFirst, []*pending{of("a", 3, at(3, 1)), of("a", 3, at(3, 2))}, []int{1}, nil},
		"written otherwise":   {insertFirst, oneByOne, []*pending{of("a", 3, at(3, 1)), of("a", 3, at(3, 1))}, []int{1}, nil},
		"read in it":          {lookFirst, lookFirst, []*pending{of("a", 0, at(3, 1)), of("a", 4, at(4, 1), at(3, 1))}, []int{1, 2}, nil},
		"read otherwise":      {lookFirst, lookFirst, []*pending{of("a", 0, at(3, 1)), of("a", 0, at(3, 2))}, []int{1, 2}, nil},
		"read by another":     {lookFirst, lookFirst, []*pending{of("a", 0, at(3, 1)), of("b", 0, at(3, 1))}, []int{1, 2}, nil},
		"new":                 {insertFirst, insertFirst, []*pending{of("a", 3, at(3, 0))}, nil, nil},
		"new, and looked for": {lookFirst, lookFirst, []*pending{of("a", 3, at(3, 0))}, []int{1}, nil},
		"new, not written":    {insertFirst, insertFirst, []*pending{of("a", 0, at(3, 0))}, []int{1}, nil},
		"new, begun twice":    {insertFirst, oneByOne, []*pending{of("a", 3, at(3, 0)), of("a", 3, at(3, 0))}, nil, nil},
	} {
		c := newChain()
		first := c.next(before, lookFirst)
		got := c.next(tt.batch, tt.way)
		if got.way != tt.want || !slices.Equal(got.unknown, tt.unknown) || !slices.Equal(got.vouched, tt.vouched) {
			t.Errorf("%s: %+v; want way %d, unknown %v, vouched %v", name, got, tt.want, tt.unknown, tt.vouched)
		}
		if len(tt.vouched) > 0 && got.since != first.serial || got.serial != first.serial+1 {
			t.Errorf("%s: batch %d relies on %d; the one before was %d", name, got.serial, got.since, first.serial)
		}
		c = newChain()
		c.since.Store(c.next(before, lookFirst).serial + 1) // somebody else was there
		if got := c.next(tt.batch, tt.way); len(got.vouched) > 0 {
			t.Errorf("%s: vouched %v on what proves nothing any more", name, got.vouched)
		}
	}
}

// A session that has seen a stream does not take it to be there still after another session has appended.
func TestChain_otherSession(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	mine, others := openStore(t, pool, Config{}), openStore(t, pool, Config{})
	watched := uuid.New()
	begun := first("a", watched)
	mustAppend(t, others, begun)
	watching := func(data string) Append { // a decision that depends on the stream and writes elsewhere
		own := uuid.New()
		return Append{
			Tenant: "a", Reads: []Expectation{after(begun, watched), {Stream: own}},
			Events: []NewEvent{fact(own, data), fact(own, data)},
		}
	}
	for i := range 3 {
		mustAppend(t, mine, watching(fmt.Sprint(i)))
	}
	next := onto("a", after(begun, watched), "2")
	mustAppend(t, others, next)
	for range 3 {
		_, err := mine.Append(t.Context(), watching("stale"))
		if conflict := new(ConflictError); !errors.As(err, &conflict) || conflict.Stream != watched || conflict.Version != 2 {
			t.Fatalf("Append on what another session has moved on = %v; want a conflict on the stream at version 2", err)
		}
	}
	mine.appender.mu.Lock()
	since := mine.appender.lane.chain.since.Load()
	mine.appender.mu.Unlock()
	if since == 0 {
		t.Error("the session does not know since when its batches follow each other")
	}
	own := uuid.New()
	mustAppend(t, mine, Append{
		Tenant: "a", Reads: []Expectation{{Stream: watched, Version: 2, Event: next.Events[0].ID}, {Stream: own}}, Events: []NewEvent{fact(own, "1")},
	})
}

// What an append of a batch has written is known to the later ones, however many streams lie between them.
func TestChain_largeBatch(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	watched := uuid.New()
	begun := first("a", watched)
	mustAppend(t, s, begun)
	appends := []Append{onto("a", after(begun, watched), "2")}
	for range 1 + 2*knownStreams/9000 {
		a := first("a", uuid.New())
		for range 9000 {
			a.Reads = append(a.Reads, Expectation{Stream: uuid.New()})
		}
		appends = append(appends, a)
	}
	stale := first("a", uuid.New())
	stale.Reads = append(stale.Reads, after(begun, watched))
	appends = append(appends, stale)
	subs := submitTogether(t, s, appends...)
	for i, sub := range subs {
		if _, err := sub.wait(t); (i == len(subs)-1) != errors.Is(err, ErrConflict) {
			t.Errorf("append %d of %d = %v; want a conflict for the last alone", i+1, len(subs), err)
		}
	}
}

// A session's batches follow each other as long as they are its own, of one log and epoch, none is missing, and nobody
// else has appended.
func TestChain_begins(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	if _, err := pool.Exec(t.Context(), "insert into logs (log_id) values (2)"); err != nil {
		t.Fatal(err)
	}
	config := pool.Config().ConnConfig
	laneConfig(&config.Config, defaultBounds())
	l, err := openLane(t.Context(), &config.Config, defaultBounds())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.close(true) })
	other := openStore(t, pool, Config{})
	begins := func(log LogID) bool {
		t.Helper()
		p, err := prepare(keyed(uuid.New(), uuid.NewString(), "1"))
		if err != nil {
			t.Fatal(err)
		}
		known := l.chain.next([]*pending{{prepared: p}}, lookFirst)
		if err := l.sendPlanned(log, []*pending{{prepared: p}}, &known, Place{}); err != nil {
			t.Fatal(err)
		}
		l.expect(time.Now().Add(patient))
		rows, err := l.receive()
		if err != nil || !whole(rows) {
			t.Fatalf("%+v, %v; want all stored", rows, err)
		}
		return rows[0].since == known.serial
	}
	if !begins(1) || begins(1) || begins(1) {
		t.Error("a session's batches do not follow each other")
	}
	for _, tt := range []struct {
		what   string
		happen func()
	}{
		{"another session has appended", func() { mustAppend(t, other, first("a", uuid.New())) }},
		{"a batch is missing", func() { l.chain.serial++ }},
		{"the last event is another", func() {
			if _, err := pool.Exec(t.Context(), `update events set event_id = gen_random_uuid() where position = (select max(position) from events)`); err != nil {
				t.Fatal(err)
			}
		}},
		{"the epoch is another", func() {
			if _, err := pool.Exec(t.Context(), "update logs set epoch = epoch + 1 where log_id = 1"); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		tt.happen()
		if !begins(1) {
			t.Errorf("the chain goes on although %s", tt.what)
		}
		if begins(1) {
			t.Errorf("after %s: the chain does not begin anew", tt.what)
		}
	}
	// The other log gets to the same end, so that nothing but its number tells it from the first.
	var head int
	if err := pool.QueryRow(t.Context(), "select max(position) from events where log_id = 1").Scan(&head); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `insert into events select 2, n, 'a', gen_random_uuid(), 'thing', 1, gen_random_uuid(), 'thing.changed.v1', 1, '', '', now(), now()
		from generate_series(1, $1::int) n`, head); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), "update logs set epoch = (select epoch from logs where log_id = 1) where log_id = 2"); err != nil {
		t.Fatal(err)
	}
	if !begins(2) {
		t.Error("the chain goes on in another log")
	}
}

// A batch that relies on a key to be free and finds it used is sent again: the key's answer stands, the neighbours are
// stored, and for a while batches are looked through first.
func TestChain_sentAgain(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	used := keyed(uuid.New(), "used", "1")
	mustAppend(t, s, used)
	var appends []Append
	for i := range 2 * fewAppends {
		a := keyed(uuid.New(), fmt.Sprint(i), "1")
		if i == fewAppends {
			a.Key = used.Key
		}
		appends = append(appends, a)
	}
	for i, sub := range submitTogether(t, s, appends...) {
		r, err := sub.wait(t)
		if err != nil || r.Known != (i == fewAppends) {
			t.Errorf("append %d: %+v, %v; want that only the used key is known", i, r, err)
		}
	}
	if got := s.Stats(); got.Retries != int64(len(appends)) || got.Batches != 2 {
		t.Errorf("Stats = %+v; want %d appends sent again, in one batch", got, len(appends))
	}
	for i := range appends {
		appends[i].Key = &Key{Client: "other", Hash: hash(fmt.Sprint("other", i%2)), Fingerprint: hash("1")} // twins
		appends[i].Reads[0].Stream = uuid.New()
		appends[i].Events = []NewEvent{fact(appends[i].Reads[0].Stream, "1")}
	}
	before := s.Stats()
	for _, sub := range submitTogether(t, s, appends...) {
		if _, err := sub.wait(t); err != nil {
			t.Error(err)
		}
	}
	if got := s.Stats(); got.Retries != before.Retries {
		t.Errorf("Stats = %+v; want that nothing is sent again for a while", got)
	}
}
