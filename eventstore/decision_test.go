package eventstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// refusal makes an append that notes a decision made on what was read, and changes nothing.
func refusal(read Expectation, code string) Append {
	return Append{Tenant: "a", Reads: []Expectation{read}, Decision: &Decision{
		ID: uuid.Must(uuid.NewV7()), Command: "take", Code: code, Reason: "there is none", ActorType: "staff", ActorID: "ada",
		Resource: read.Stream.String(), RequestID: "r1", Details: []byte(`{"requested":2}`),
	}}
}

// noted returns all decisions of tenant a, newest first.
func noted(t *testing.T, s *Store) []RecordedDecision {
	t.Helper()
	got, err := s.Decisions(t.Context(), "a", DecisionFilter{}, DecisionCursor{}, maxDecisions)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A decision is noted as it was given, with the place in the log that it was made at.
func TestAppend_decision(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	one := first("a", uuid.New())
	mustAppend(t, s, one)
	a := refusal(after(one, one.Reads[0].Stream), "insufficient")
	r := mustAppend(t, s, a)
	got := noted(t, s)
	if len(got) != 1 {
		t.Fatalf("%d decisions; want 1", len(got))
	}
	want := RecordedDecision{Decision: *a.Decision, Log: 1, Tenant: "a", Position: 1, DecidedAt: r.RecordedAt}
	if g := got[0]; fmt.Sprint(g) != fmt.Sprint(want) || !g.DecidedAt.Equal(r.RecordedAt) || r.Position != 1 || r.Known {
		t.Errorf("decision = %+v of %+v; want %+v", g, r, want)
	}
	if foreign, err := s.Decisions(t.Context(), "b", DecisionFilter{}, DecisionCursor{}, 10); err != nil || len(foreign) != 0 {
		t.Errorf("another tenant sees %v, %v; want none", foreign, err)
	}
	bare := Append{Tenant: "a", Decision: &Decision{ID: uuid.New()}} // alone, and with nothing in it
	if r := mustAppend(t, s, bare); r.Known || r.Position != 1 {
		t.Errorf("a bare decision = %+v; want it noted at 1", r)
	}
	if n := len(noted(t, s)); n != 2 {
		t.Errorf("%d decisions; want 2", n)
	}
}

// However often it is sent, a decision is noted once: under a key, by its own id, and not at all when it no longer holds.
func TestAppend_decisionOnce(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	stream := uuid.New()
	withKey := refusal(Expectation{Stream: stream}, "keyed")
	withKey.Key = &Key{Client: "c", Hash: hash("k"), Fingerprint: hash("f")}
	withKey.Answer = Answer{Request: "POST /things", Status: 409, Body: []byte("no")}
	mustAppend(t, s, withKey)
	decidedAgain := withKey
	decidedAgain.Decision = refusal(Expectation{Stream: stream}, "keyed again").Decision
	if r := mustAppend(t, s, decidedAgain); !r.Known || string(r.Answer.Body) != "no" {
		t.Errorf("under a known key: %+v; want the stored answer", r)
	}
	without := refusal(Expectation{Stream: stream}, "without a key")
	mustAppend(t, s, without)
	one := first("a", stream)
	for i, sub := range submitTogether(t, s, without, one, refusal(Expectation{Stream: stream}, "too late"), without) {
		r, err := sub.wait(t)
		switch {
		case i == 2 && !errors.Is(err, ErrConflict):
			t.Errorf("a decision on what has moved on: %v; want ErrConflict", err)
		case i != 2 && (err != nil || r.Known != (i != 1)):
			t.Errorf("append %d = %+v, %v", i, r, err)
		}
	}
	mustAppend(t, s, without) // its read set no longer holds, which is no matter
	var codes []string
	for _, d := range noted(t, s) {
		codes = append(codes, d.Code)
	}
	if want := []string{"without a key", "keyed"}; !slices.Equal(codes, want) {
		t.Errorf("decisions = %q; want %q", codes, want)
	}
}

// Under the lock a decision is noted if the lock's transaction is committed.
func TestWithLock_decision(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	changed := errors.New("changed my mind")
	a := refusal(Expectation{Stream: uuid.New()}, "locked")
	for _, want := range []error{changed, nil} {
		err := s.WithLock(t.Context(), func(ctx context.Context, l *Locked) error {
			if _, err := l.Append(ctx, a); err != nil {
				t.Error(err)
			}
			return want
		})
		if !errors.Is(err, want) {
			t.Errorf("WithLock = %v; want %v", err, want)
		}
	}
	if got := noted(t, s); len(got) != 1 || got[0].Code != "locked" {
		t.Errorf("decisions = %+v; want the second attempt's", got)
	}
}

// Pages follow each other without a hole or a repetition, newest first, whatever is chosen.
func TestDecisions_pages(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	streams := []uuid.UUID{uuid.New(), uuid.New(), uuid.New()}
	var appends []Append
	for i := range 60 { // each batch of ten at one moment
		appends = append(appends, refusal(Expectation{Stream: streams[i%3]}, []string{"rare", "common", "common", "common", "common"}[i%5]))
	}
	for batch := range slices.Chunk(appends, 10) {
		for _, sub := range submitTogether(t, s, batch...) {
			if _, err := sub.wait(t); err != nil {
				t.Fatal(err)
			}
		}
	}
	all := noted(t, s)
	if len(all) != 60 || !slices.IsSortedFunc(all, func(a, b RecordedDecision) int {
		return -compareCursors(a.Cursor(), b.Cursor())
	}) {
		t.Fatalf("%d decisions, or they are not newest first", len(all))
	}
	middle := all[30].DecidedAt
	for name, tt := range map[string]struct {
		filter DecisionFilter
		chosen func(d RecordedDecision) bool
	}{
		"all":         {DecisionFilter{}, func(RecordedDecision) bool { return true }},
		"by code":     {DecisionFilter{Code: "rare"}, func(d RecordedDecision) bool { return d.Code == "rare" }},
		"by resource": {DecisionFilter{Resource: streams[1].String()}, func(d RecordedDecision) bool { return d.Resource == streams[1].String() }},
		"by both": {DecisionFilter{Code: "common", Resource: streams[2].String()}, func(d RecordedDecision) bool {
			return d.Code == "common" && d.Resource == streams[2].String()
		}},
		"from":      {DecisionFilter{From: middle}, func(d RecordedDecision) bool { return !d.DecidedAt.Before(middle) }},
		"before":    {DecisionFilter{Before: middle, Code: "common"}, func(d RecordedDecision) bool { return d.DecidedAt.Before(middle) && d.Code == "common" }},
		"no match":  {DecisionFilter{Code: "never"}, func(RecordedDecision) bool { return false }},
		"not text":  {DecisionFilter{Code: "\x00"}, func(RecordedDecision) bool { return false }},
		"inclusive": {DecisionFilter{From: middle, Before: middle.Add(time.Microsecond)}, func(d RecordedDecision) bool { return d.DecidedAt.Equal(middle) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var got, want []uuid.UUID
			for _, d := range all {
				if tt.chosen(d) {
					want = append(want, d.ID)
				}
			}
			var cursor DecisionCursor
			for {
				page, err := s.Decisions(t.Context(), "a", tt.filter, cursor, 7)
				if err != nil {
					t.Fatal(err)
				}
				for i := range page {
					got, cursor = append(got, page[i].ID), page[i].Cursor()
				}
				if len(page) < 7 {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d decisions over pages; want %d, the same ones", len(got), len(want))
			}
		})
	}
}

func compareCursors(a, b DecisionCursor) int {
	if c := a.DecidedAt.Compare(b.DecidedAt); c != 0 {
		return c
	}
	return slices.Compare(a.ID[:], b.ID[:])
}

// Every way to choose decisions has an index: a page of a million costs what one of ten does.
func TestDecisions_indexes(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	s := openStore(t, pool, Config{})
	_, err := pool.Exec(t.Context(), `insert into decisions select 1, case when n % 10 = 0 then 'a' else 'b' end, gen_random_uuid(), n,
		now() - n * interval '1 s', 'take', 'c' || n % 5000, '', '', '', 'r' || n % 2000, '', '' from generate_series(1, 30000) n`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), "analyze decisions"); err != nil {
		t.Fatal(err)
	}
	for name, filter := range map[string]DecisionFilter{"all": {}, "code": {Code: "c10"}, "resource": {Resource: "r10"}} {
		cursor := DecisionCursor{DecidedAt: time.Now().Add(-time.Hour), ID: uuid.Max}
		sql, args := decisionsSQL(s.log, "a", filter, cursor, 50)
		var plan []struct {
			Plan struct {
				Hit  float64 `json:"Shared Hit Blocks"`
				Read float64 `json:"Shared Read Blocks"`
			}
		}
		if err := pool.QueryRow(t.Context(), "explain (analyze, buffers, format json) "+sql, args...).Scan(&plan); err != nil {
			t.Fatal(err)
		}
		if pages := plan[0].Plan.Hit + plan[0].Plan.Read; pages > 200 { // the table has hundreds
			t.Errorf("%s: a page of decisions reads %.0f pages of the table and its indexes; want few", name, pages)
		}
	}
}

// Old decisions go in small steps, of all tenants; the application's role has no other way to them.
func TestDeleteDecisions(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	pool := poolAs(t, url, "ordermill_write")
	s := openStore(t, pool, Config{})
	owner := pgtest.PoolOf(t, url)
	_, err := owner.Exec(t.Context(), `insert into decisions select 1, 't' || n % 3, gen_random_uuid(), n, now() - n * interval '1 hour',
		'take', 'c', '', '', '', '', '', '' from generate_series(1, 100) n`)
	if err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-40*time.Hour - 30*time.Minute) // 41 to 100
	var steps []int
	for {
		n, err := s.DeleteDecisions(t.Context(), before, 25)
		if err != nil {
			t.Fatal(err)
		}
		if steps = append(steps, n); n < 25 {
			break
		}
	}
	if !slices.Equal(steps, []int{25, 25, 10}) {
		t.Errorf("steps = %v; want 25, 25, 10", steps)
	}
	var left, oldest int
	if err := owner.QueryRow(t.Context(), "select count(*), max(position) from decisions").Scan(&left, &oldest); err != nil || left != 40 || oldest != 40 {
		t.Errorf("%d left, the oldest is %d, %v; want 40 and 40", left, oldest, err)
	}
	if n, err := s.DeleteDecisions(t.Context(), time.Now(), 0); n != 0 || err != nil {
		t.Errorf("DeleteDecisions of none = %d, %v", n, err)
	}
	for _, statement := range []string{"delete from decisions", "update decisions set code = ''", "insert into decisions select * from decisions", "truncate decisions"} {
		if _, err := pool.Exec(t.Context(), statement); !denied(err) {
			t.Errorf("%s: %v; want permission denied", statement, err)
		}
	}
	reader := poolAs(t, url, "ordermill_read")
	for tenant, want := range map[string]int{"t0": 13, "t9": 0, "": 0} {
		var n int
		if err := asTenant(t.Context(), reader, tenant, countOf("decisions", &n)); err != nil || n != want {
			t.Errorf("as tenant %q: %d decisions, %v; want %d", tenant, n, err, want)
		}
	}
}

func TestPrepare_invalidDecision(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("x", maxDecisionText+1)
	for name, spoil := range map[string]func(*Decision){
		"no id":            func(d *Decision) { d.ID = uuid.Nil },
		"code too long":    func(d *Decision) { d.Code = long[:maxName+1] },
		"command no text":  func(d *Decision) { d.Command = "\xff" },
		"actor too long":   func(d *Decision) { d.ActorID = long[:maxClaim+1] },
		"resource no text": func(d *Decision) { d.Resource = "\x00" },
		"reason too long":  func(d *Decision) { d.Reason = long },
		"details too long": func(d *Decision) { d.Details = []byte(long) },
	} {
		a := refusal(Expectation{Stream: uuid.New()}, "c")
		spoil(a.Decision)
		var invalid *InvalidError
		if _, err := prepare(a); !errors.As(err, &invalid) || invalid.Reason == "" {
			t.Errorf("%s: prepare = %v; want an InvalidError", name, err)
		}
	}
}
