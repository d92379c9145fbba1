package eventstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// Of two writers that saw the same version one wins, whatever the timing; the other is told where the stream is now.
func TestAppend_conflict(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	stream := uuid.New()
	appends := []Append{first("a", stream), first("a", stream)}
	subs := submitTogether(t, s, appends...)
	_, err := subs[0].wait(t)
	if err != nil {
		t.Fatalf("first = %v; want nil", err)
	}
	_, err = subs[1].wait(t)
	var conflict *ConflictError
	if !errors.As(err, &conflict) || !errors.Is(err, ErrConflict) {
		t.Fatalf("second = %v; want a ConflictError", err)
	}
	if want := (ConflictError{Stream: stream, Version: 1, Event: appends[0].Events[0].ID}); *conflict != want {
		t.Errorf("conflict = %+v; want %+v", *conflict, want)
	}
	if got := s.Stats(); got.Conflicts != 1 || got.Batches != 1 || got.Appends != 2 {
		t.Errorf("Stats = %+v; want one conflict in one batch of two", got)
	}
}

// A stream that is read and not written to must not have moved either.
func TestAppend_conflictOnReadOnly(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	read, written := uuid.New(), uuid.New()
	before := first("a", read)
	mustAppend(t, s, before)
	stale := Append{Tenant: "a", Reads: []Expectation{{Stream: read}, {Stream: written}}, Events: []NewEvent{fact(written, "1")}}
	if _, err := s.Append(t.Context(), stale); !errors.Is(err, ErrConflict) {
		t.Errorf("Append on a stale read = %v; want ErrConflict", err)
	}
	stale.Reads[0] = after(before, read)
	mustAppend(t, s, stale)
}

// An append may rely on what earlier appends of its batch write, over several streams.
func TestAppend_chainInBatch(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	order, stock := uuid.New(), uuid.New()
	one := first("a", stock)
	two := Append{Tenant: "a", Reads: []Expectation{after(one, stock), {Stream: order}}, Events: []NewEvent{fact(order, "o"), fact(stock, "2")}}
	three := onto("a", after(two, stock), "3")
	subs := submitTogether(t, s, one, two, three)
	for i, want := range []Position{1, 3, 4} {
		if r, err := subs[i].wait(t); err != nil || r.Position != want || r.Known {
			t.Errorf("append %d = %+v, %v; want position %d", i, r, err, want)
		}
	}
	if got := s.Stats().Batches; got != 1 {
		t.Errorf("%d batches; want one", got)
	}
	events, err := s.Load(t.Context(), "a", stock, 0)
	if err != nil || len(events) != 3 {
		t.Fatalf("Load = %d events, %v; want 3", len(events), err)
	}
	for i, e := range events {
		if e.Version != Version(i+1) || string(e.Data) != fmt.Sprint(i+1) {
			t.Errorf("event %d is version %d with %s", i+1, e.Version, e.Data)
		}
	}
}

// Somebody else's event takes the very version that a decision on a speculated state expects. Its number is right and
// its id is not: the whole chain is refused.
func TestAppend_halfAcceptedBatch(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	mine, other := openStore(t, pool, Config{}), openStore(t, pool, Config{})
	stream := uuid.New()
	one := first("a", stream)
	two := onto("a", after(one, stream), "2") // decided on one, which is not stored yet
	theirs := first("a", stream)
	mustAppend(t, other, theirs)

	for i, sub := range submitTogether(t, mine, one, two) {
		_, err := sub.wait(t)
		var conflict *ConflictError
		if !errors.As(err, &conflict) || conflict.Event != theirs.Events[0].ID || conflict.Version != 1 {
			t.Errorf("append %d = %v; want a conflict with version 1 of the other process", i+1, err)
		}
	}
	if events, err := mine.Load(t.Context(), "a", stream, 0); err != nil || len(events) != 1 || events[0].ID != theirs.Events[0].ID {
		t.Errorf("Load = %+v, %v; want the other's event alone", events, err)
	}
}

// keyed makes an append under key k.
func keyed(stream uuid.UUID, k, body string) Append {
	a := first("a", stream)
	a.Key = &Key{Client: "c", Hash: hash(k), Fingerprint: hash(body)}
	a.Answer = Answer{Request: "POST /things", Resource: stream.String(), Status: 201, Headers: []byte("h"), Body: []byte(body)}
	return a
}

// Of two requests under one key the first is carried out; the same request gets its answer, another one is refused.
func TestAppend_keys(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	s, other := openStore(t, pool, Config{}), openStore(t, pool, Config{})
	subs := submitTogether(t, s, keyed(uuid.New(), "k", "one"), keyed(uuid.New(), "k", "two"), keyed(uuid.New(), "k", "one"))
	r, err := subs[0].wait(t)
	if err != nil || r.Known {
		t.Fatalf("first use = %+v, %v; want it carried out", r, err)
	}
	again := keyed(uuid.New(), "k", "one")
	known := func(what string, got Result, err error) {
		t.Helper()
		if err != nil || !got.Known || got.Position != r.Position || string(got.Answer.Body) != "one" || got.Answer.Status != 201 {
			t.Errorf("%s = %+v, %v; want the first answer", what, got, err)
		}
	}
	reused := func(what string, err error) {
		t.Helper()
		var e *KeyReusedError
		if !errors.As(err, &e) || e.Request != "POST /things" || !errors.Is(err, ErrKeyReused) {
			t.Errorf("%s = %v; want a KeyReusedError", what, err)
		}
	}
	_, err = subs[1].wait(t)
	reused("another body in the same batch", err)
	got, err := subs[2].wait(t)
	known("the same body in the same batch", got, err)
	got, err = other.Append(t.Context(), again)
	known("the same body by another process", got, err)
	_, err = other.Append(t.Context(), keyed(uuid.New(), "k", "two"))
	reused("another body by another process", err)
	head, _, err := s.Head(t.Context())
	if err != nil || head != 1 {
		t.Errorf("head = %d, %v; want 1: one effect", head, err)
	}
}

// Two processes use one key at the same moment: one effect, and both get the same answer or a refusal.
func TestAppend_keyRace(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	stores := []*Store{openStore(t, pool, Config{}), openStore(t, pool, Config{})}
	for round := range 50 {
		var subs []*submission
		for i, s := range stores {
			subs = append(subs, submit(t, s, keyed(uuid.New(), fmt.Sprint(round), fmt.Sprint(i))))
		}
		_, one := subs[0].wait(t)
		_, two := subs[1].wait(t)
		if (one == nil) == (two == nil) || !errors.Is(errors.Join(one, two), ErrKeyReused) {
			t.Fatalf("errors = %v, %v; want one nil and one ErrKeyReused", one, two)
		}
	}
}

// A refusal is stored under its key only if what it was decided on still holds.
func TestAppend_staleRefusal(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	stream := uuid.New()
	refusal := keyed(stream, "k", "out of stock")
	refusal.Events, refusal.Answer.Status = nil, 409
	mustAppend(t, s, first("a", stream))
	if _, err := s.Append(t.Context(), refusal); !errors.Is(err, ErrConflict) {
		t.Fatalf("stale refusal = %v; want ErrConflict", err)
	}
	refusal.Reads = []Expectation{refusal.Reads[0]}
	events, err := s.Load(t.Context(), "a", stream, 0)
	if err != nil {
		t.Fatal(err)
	}
	refusal.Reads[0] = Expectation{Stream: stream, Version: 1, Event: events[0].ID}
	if r := mustAppend(t, s, refusal); r.Known || r.Position != 1 {
		t.Errorf("refusal = %+v; want it stored at position 1", r)
	}
	if r := mustAppend(t, s, refusal); !r.Known || r.Answer.Status != 409 {
		t.Errorf("refusal again = %+v; want it known", r)
	}
}

func TestAppend_claims(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	claiming := func(tenant string) Append {
		a := first(tenant, uuid.New())
		a.Claims = []Claim{{Scope: "number", Value: "2026-1", Owner: a.Reads[0].Stream}}
		return a
	}
	one, two, three := claiming("a"), claiming("a"), claiming("b")
	mustAppend(t, s, one)
	_, err := s.Append(t.Context(), two)
	var claimed *ClaimedError
	if !errors.As(err, &claimed) || !errors.Is(err, ErrClaimed) {
		t.Fatalf("second claim = %v; want a ClaimedError", err)
	}
	if want := (ClaimedError{"number", "2026-1", one.Reads[0].Stream}); *claimed != want {
		t.Errorf("claimed = %+v; want %+v", *claimed, want)
	}
	mustAppend(t, s, three) // another tenant's numbers are its own
	twice := submitTogether(t, s, claimOf("x"), claimOf("x"))
	_, first := twice[0].wait(t)
	_, second := twice[1].wait(t)
	if first != nil || !errors.Is(second, ErrClaimed) {
		t.Errorf("two claims at once = %v, %v; want nil and ErrClaimed", first, second)
	}
}

func claimOf(value string) Append {
	a := first("a", uuid.New())
	a.Claims = []Claim{{Scope: "number", Value: value, Owner: a.Reads[0].Stream}}
	return a
}

// Another tenant's stream can be neither read nor written to, nor is it described, in a batch with its owner's append
// or after it.
func TestAppend_tenants(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	stream := uuid.New()
	owners := first("a", stream)
	blind, knowing := first("b", stream), onto("b", after(owners, stream), "2")
	subs := submitTogether(t, s, owners, blind, knowing)
	if _, err := subs[0].wait(t); err != nil {
		t.Fatal(err)
	}
	_, err1 := subs[1].wait(t)
	_, err2 := subs[2].wait(t)
	_, err3 := s.Append(t.Context(), first("b", stream))
	_, err4 := s.Append(t.Context(), onto("b", after(owners, stream), "2"))
	for i, err := range []error{err1, err2, err3, err4} {
		var conflict *ConflictError
		if !errors.As(err, &conflict) || *conflict != (ConflictError{Stream: stream}) {
			t.Errorf("append %d of another tenant = %v; want a conflict without details", i+1, err)
		}
	}
	if events, err := s.Load(t.Context(), "b", stream, 0); err != nil || len(events) != 0 {
		t.Errorf("Load by another tenant = %d events, %v; want none", len(events), err)
	}
	if events, err := s.LoadMany(t.Context(), "b", []StreamAfter{{Stream: stream}}); err != nil || len(events) != 0 {
		t.Errorf("LoadMany by another tenant = %d events, %v; want none", len(events), err)
	}
}

// An append that the server cannot store fails alone, whatever is in its batch.
func TestAppend_poison(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	if _, err := pool.Exec(t.Context(), `
		create function refuse_poison() returns trigger language plpgsql as $$ begin
			if new.type = 'thing.poisoned.v1' then raise exception 'poison' using errcode = '22023'; end if;
			return new;
		end $$;
		create trigger poison before insert on events for each row execute function refuse_poison()`); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, pool, Config{})
	var appends []Append
	for range 5 {
		appends = append(appends, first("a", uuid.New()))
	}
	appends[2].Events[0].Type = "thing.poisoned.v1"
	for i, sub := range submitTogether(t, s, appends...) {
		_, err := sub.wait(t)
		var pgErr *pgconn.PgError
		switch {
		case i == 2 && (!errors.As(err, &pgErr) || pgErr.Code != "22023"):
			t.Errorf("poison = %v; want the server's error", err)
		case i != 2 && err != nil:
			t.Errorf("neighbour %d = %v; want nil", i, err)
		}
	}
	if head, _, err := s.Head(t.Context()); err != nil || head != 4 {
		t.Errorf("head = %d, %v; want 4: a rollback leaves no hole", head, err)
	}
}

// What is taken back in time is never sent, and its done never called.
func TestSubmit_withdraw(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	s.appender.sending.Lock()
	kept, taken := submit(t, s, first("a", uuid.New())), submit(t, s, first("a", uuid.New()))
	if !taken.withdraw() {
		t.Error("withdraw = false; want true while nothing was sent")
	}
	s.appender.sending.Unlock()
	s.appender.nudge()
	if _, err := kept.wait(t); err != nil {
		t.Fatal(err)
	}
	if kept.withdraw() {
		t.Error("withdraw = true of what is stored")
	}
	r := mustAppend(t, s, first("a", uuid.New()))
	if r.Position != 2 || taken.calls != 0 {
		t.Errorf("position %d, %d calls of what was withdrawn; want 2 and none", r.Position, taken.calls)
	}
}

// A caller that goes away before its append is sent leaves nothing behind.
func TestAppend_callerGone(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.appender.sending.Lock()
	errs := make(chan error, 1)
	go func() {
		_, err := s.Append(ctx, first("a", uuid.New()))
		errs <- err
	}()
	eventually(t, "the append waits", func() bool { return !s.appender.idle() })
	cancel()
	err := <-errs
	s.appender.sending.Unlock()
	s.appender.nudge()
	if !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("Append = %v; want ErrUnavailable because of the context", err)
	}
	if r := mustAppend(t, s, first("a", uuid.New())); r.Position != 1 {
		t.Errorf("position %d; want 1", r.Position)
	}
}

// Close stores what was submitted before it and refuses the rest.
func TestStore_Close(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	var subs []*submission
	for range 2000 {
		subs = append(subs, submit(t, s, first("a", uuid.New())))
	}
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for i, sub := range subs {
		select {
		case <-sub.done:
		default:
			t.Fatalf("append %d has no outcome after Close", i)
		}
		if sub.err != nil {
			t.Errorf("append %d = %v; want nil", i, sub.err)
		}
	}
	if _, err := s.Append(ctx, first("a", uuid.New())); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Close = %v; want ErrClosed", err)
	}
	if err := s.WithLock(ctx, func(context.Context, *Locked) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("WithLock after Close = %v; want ErrClosed", err)
	}
}

// What the log gives back is what it was given, by stream, by position and from memory.
func TestStore_reads(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	s, other := openStore(t, pool, Config{}), openStore(t, pool, Config{})
	a := first("a", uuid.New())
	a.Events[0].Data, a.Events[0].Metadata = []byte{0, 1, 255}, []byte{}
	a.Events[0].Type = "thing.changed.v12"
	a.Events[0].OccurredAt = time.Date(1, 1, 1, 0, 0, 0, 123456789, time.UTC)
	r := mustAppend(t, s, a)
	want := Recorded{
		Log: 1, Position: 1, Tenant: "a", Stream: a.Reads[0].Stream, StreamType: "thing", Version: 1, ID: a.Events[0].ID,
		Type: "thing.changed.v12", Schema: 12, Data: []byte{0, 1, 255}, Metadata: []byte{},
		OccurredAt: time.Date(1, 1, 1, 0, 0, 0, 123456000, time.UTC), RecordedAt: r.RecordedAt,
	}
	reads := map[string]func() ([]Recorded, error){
		"Load":          func() ([]Recorded, error) { return s.Load(t.Context(), "a", want.Stream, 0) },
		"LoadMany":      func() ([]Recorded, error) { return s.LoadMany(t.Context(), "a", []StreamAfter{{Stream: want.Stream}}) },
		"Read, memory":  func() ([]Recorded, error) { return s.Read(t.Context(), 0, 10) },
		"Read, table":   func() ([]Recorded, error) { return other.Read(t.Context(), 0, 10) },
		"Read, from -5": func() ([]Recorded, error) { return other.Read(t.Context(), -5, 10) },
	}
	for name, read := range reads {
		got, err := read()
		if err != nil || len(got) != 1 || fmt.Sprintf("%+v", got[0]) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s = %+v, %v; want %+v", name, got, err, want)
		}
	}
	for name, read := range map[string]func() ([]Recorded, error){
		"Load after 1": func() ([]Recorded, error) { return s.Load(t.Context(), "a", want.Stream, 1) },
		"Read after 1": func() ([]Recorded, error) { return s.Read(t.Context(), 1, 10) },
		"Read none":    func() ([]Recorded, error) { return s.Read(t.Context(), 0, 0) },
	} {
		if got, err := read(); err != nil || len(got) != 0 {
			t.Errorf("%s = %+v, %v; want nothing", name, got, err)
		}
	}
}

// The account of an application may append and read; it may touch no event otherwise.
func TestAppend_role(t *testing.T) {
	t.Parallel()

	owner := pgtest.Pool(t)
	name := "app_" + uuid.NewString()[:8]
	if _, err := owner.Exec(t.Context(), "create role "+name+" login in role ordermill_write"); err != nil {
		t.Fatal(err)
	}
	config := owner.Config()
	config.ConnConfig.User = name
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s := openStore(t, pool, Config{})
	a := first("a", uuid.New())
	mustAppend(t, s, a)
	b := onto("a", after(a, a.Reads[0].Stream), "2")
	err = s.WithLock(t.Context(), func(ctx context.Context, l *Locked) error {
		_, err := l.Append(ctx, b)
		return err
	})
	if err != nil {
		t.Errorf("WithLock = %v; want nil", err)
	}
	if events, err := s.Load(t.Context(), "a", a.Reads[0].Stream, 0); err != nil || len(events) != 2 {
		t.Errorf("Load = %d events, %v; want 2", len(events), err)
	}
	if _, err := s.Blockers(t.Context()); err != nil {
		t.Errorf("Blockers = %v; want nil", err)
	}
	for _, statement := range []string{
		"insert into events select log_id, position + 1, tenant_id, gen_random_uuid(), stream_type, version, event_id, type, schema_version, data, metadata, occurred_at, recorded_at from events limit 1",
		"update events set data = ''", "delete from events", "truncate events", "update logs set epoch = 2", "delete from logs",
		"delete from command_results", "update command_results set status = 200", "delete from claims", "drop table events",
		"insert into claims values (1, 'a', 's', 'v', gen_random_uuid())", "create table public.mine (id int)",
		"select append_one_by_one(1, 0, 1, now(), " + nulls(37) + ")",
	} {
		_, err := pool.Exec(t.Context(), statement)
		var pgErr *pgconn.PgError
		if !errors.As(err, &pgErr) || pgErr.Code != "42501" {
			t.Errorf("%s: %v; want permission denied", statement, err)
		}
	}
}

func nulls(n int) string {
	s := "null"
	for range n - 1 {
		s += ", null"
	}
	return s
}

// Whoever appends in order is stored in order, however the batches fall.
func TestSubmit_order(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	stream := uuid.New()
	last := Expectation{Stream: stream}
	var subs []*submission
	for i := range 3000 { // each decided on the one before, which is still on its way
		a := onto("a", last, fmt.Sprint(i))
		last = after(a, stream)
		subs = append(subs, submit(t, s, a))
	}
	for i, sub := range subs {
		if r, err := sub.wait(t); err != nil || r.Position != Position(i+1) {
			t.Fatalf("append %d = %+v, %v; want position %d", i, r, err, i+1)
		}
	}
}

// A store that is swamped refuses at once rather than grow without bound.
func TestSubmit_full(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	s.appender.sending.Lock()
	var accepted sync.WaitGroup
	for i := range maxWaiting {
		accepted.Add(1)
		if _, err := s.Submit(first("a", uuid.New()), func(Result, error) { accepted.Done() }); err != nil {
			t.Fatalf("append %d: %v", i, err)
		}
	}
	if _, err := s.Submit(first("a", uuid.New()), func(Result, error) {}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("one too many = %v; want ErrUnavailable", err)
	}
	s.appender.sending.Unlock()
	s.appender.nudge()
	accepted.Wait()
}
