package eventstore

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
)

// A stream is read up to a moment, however it is told, across pages.
func TestLoadUntil(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	stream, other := uuid.New(), uuid.New()
	begin := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	reads := []Expectation{{Stream: stream}, {Stream: other}}
	var recorded [3]time.Time
	for part := range 3 { // 2,400 events of the stream, at every second position
		a := Append{Tenant: "a", Reads: reads}
		for i := range 800 {
			n := 800*part + i
			mine, theirs := fact(stream, fmt.Sprint(n)), fact(other, "x")
			mine.OccurredAt, theirs.OccurredAt = begin.Add(time.Duration(n)*time.Second), begin
			if n == 2000 {
				mine.OccurredAt = begin // entered late
			}
			a.Events = append(a.Events, mine, theirs)
		}
		reads = []Expectation{after(a, stream), after(a, other)}
		recorded[part] = mustAppend(t, s, a).RecordedAt
	}
	for name, tt := range map[string]struct {
		until Until
		want  int
	}{
		"for ever":                 {Until{}, 2400},
		"before its first":         {Until{OccurredAt: begin.Add(-1)}, 0},
		"a position of its own":    {Until{Position: 1999}, 1000},
		"a position of another's":  {Until{Position: 2000}, 1000},
		"the next position":        {Until{Position: 2001}, 1001},
		"beyond the head":          {Until{Position: 1 << 60}, 2400},
		"recorded first":           {Until{RecordedAt: recorded[0]}, 800},
		"recorded just before":     {Until{RecordedAt: recorded[1].Add(-time.Microsecond)}, 800},
		"recorded second":          {Until{RecordedAt: recorded[1]}, 1600},
		"occurred":                 {Until{OccurredAt: begin.Add(99 * time.Second)}, 100},
		"occurred, late one after": {Until{OccurredAt: begin.Add(2100 * time.Second)}, 2101},
		"the first of two bounds":  {Until{OccurredAt: begin.Add(99 * time.Second), Position: 11}, 6},
	} {
		events, err := s.LoadUntil(t.Context(), "a", stream, tt.until)
		if err != nil || len(events) != tt.want {
			t.Errorf("%s: %d events, %v; want %d", name, len(events), err, tt.want)
		}
		for i, e := range events {
			if e.Version != Version(i+1) || string(e.Data) != fmt.Sprint(i) {
				t.Fatalf("%s: event %d is %+v", name, i+1, e)
			}
		}
	}
	for tenant, id := range map[string]uuid.UUID{"b": stream, "a": uuid.New()} {
		if events, err := s.LoadUntil(t.Context(), tenant, id, Until{}); err != nil || len(events) != 0 {
			t.Errorf("tenant %s, stream %s: %d events, %v; want none", tenant, id, len(events), err)
		}
	}
}

// Whoever has claimed a value is found, by its tenant and scope only.
func TestClaimed(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	a := first("a", uuid.New())
	a.Claims = []Claim{{"number", "1001", a.Reads[0].Stream}}
	mustAppend(t, s, a)
	for _, tt := range []struct {
		tenant, scope, value string
		want                 bool
	}{
		{"a", "number", "1001", true},
		{"a", "number", "1002", false},
		{"a", "external", "1001", false},
		{"b", "number", "1001", false},
		{"a", "number", "\x00", false},
		{"a", "number", "\xff", false},
	} {
		owner, found, err := s.Claimed(t.Context(), tt.tenant, tt.scope, tt.value)
		if err != nil || found != tt.want || (owner == a.Reads[0].Stream) != tt.want {
			t.Errorf("Claimed(%q, %q, %q) = %s, %v, %v; want found %v", tt.tenant, tt.scope, tt.value, owner, found, err, tt.want)
		}
	}
}
