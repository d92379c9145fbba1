package eventstore

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// What can never be stored is refused before it is sent.
func TestPrepare_invalid(t *testing.T) {
	t.Parallel()

	stream := uuid.New()
	tests := map[string]func(a *Append){
		"no tenant":                  func(a *Append) { a.Tenant = "" },
		"tenant too long":            func(a *Append) { a.Tenant = strings.Repeat("x", maxName+1) },
		"tenant no text":             func(a *Append) { a.Tenant = "a\x00" },
		"nothing at all":             func(a *Append) { a.Events, a.Reads = nil, nil },
		"event without id":           func(a *Append) { a.Events[0].ID = uuid.Nil },
		"one id for two events":      func(a *Append) { a.Events = append(a.Events, a.Events[0]) },
		"write without a read":       func(a *Append) { a.Events[0].Stream = uuid.New() },
		"type without a version":     func(a *Append) { a.Events[0].Type = "thing.changed" },
		"type of version 0":          func(a *Append) { a.Events[0].Type = "thing.changed.v0" },
		"type of version 01":         func(a *Append) { a.Events[0].Type = "thing.changed.v01" },
		"type of version 10000":      func(a *Append) { a.Events[0].Type = "thing.changed.v10000" },
		"stream type no text":        func(a *Append) { a.Events[0].StreamType = "\xff" },
		"year 10000":                 func(a *Append) { a.Events[0].OccurredAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"version without event":      func(a *Append) { a.Reads[0].Version = 1 },
		"event without version":      func(a *Append) { a.Reads[0].Event = uuid.New() },
		"negative version":           func(a *Append) { a.Reads[0].Version, a.Reads[0].Event = -1, uuid.New() },
		"read twice":                 func(a *Append) { a.Reads = append(a.Reads, a.Reads[0]) },
		"read without stream":        func(a *Append) { a.Reads = append(a.Reads, Expectation{}) },
		"claimed twice":              func(a *Append) { a.Claims = []Claim{{"n", "1", stream}, {"n", "1", stream}} },
		"claim too long":             func(a *Append) { a.Claims = []Claim{{"n", strings.Repeat("x", maxClaim+1), stream}} },
		"scope no text":              func(a *Append) { a.Claims = []Claim{{"\xff", "1", stream}} },
		"client too long":            func(a *Append) { a.Key = &Key{Client: strings.Repeat("x", maxClient+1)} },
		"answer's resource no text":  func(a *Append) { a.Key, a.Answer.Resource = &Key{}, "\x00" },
		"body too large":             func(a *Append) { a.Events[0].Data = make([]byte, maxAppendBytes+1) },
		"more events than fit":       func(a *Append) { a.Events = make([]NewEvent, maxAppendEvents+1) },
		"read twice, of many":        func(a *Append) { a.Reads = append(manyReads(50), a.Reads[0], a.Reads[0]) },
		"write without read of many": func(a *Append) { a.Reads = manyReads(50) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			a := first("a", stream)
			a.Reads, a.Events = append([]Expectation(nil), a.Reads...), append([]NewEvent(nil), a.Events...)
			spoil(&a)
			_, err := prepare(a)
			var invalid *InvalidError
			if !errors.As(err, &invalid) || invalid.Reason == "" {
				t.Errorf("prepare = %v; want an InvalidError", err)
			}
		})
	}
}

func manyReads(n int) (reads []Expectation) {
	for range n {
		reads = append(reads, Expectation{Stream: uuid.New()})
	}
	return reads
}

// Events count on from the version that was read, each stream for itself, few or many.
func TestPrepare_versions(t *testing.T) {
	t.Parallel()

	for _, streams := range []int{1, 8, 9, 2000} {
		a := Append{Tenant: "a", Reads: manyReads(streams)}
		for i := range a.Reads {
			a.Reads[i].Version, a.Reads[i].Event = Version(i+1), uuid.New()
		}
		for i := range 2 * streams {
			a.Events = append(a.Events, fact(a.Reads[i%streams].Stream, "x"))
		}
		p, err := prepare(a)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range p.versions {
			if want := Version(i%streams + 1 + i/streams + 1); got != want {
				t.Fatalf("event %d of %d streams has version %d; want %d", i, streams, got, want)
			}
		}
	}
}

// Two batches are better than one where the work outweighs the sync, and only there.
func TestPace_overlap(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		sync time.Duration
		n    int
		want bool
	}{
		"fast disk":                {100 * time.Microsecond, 64, true},
		"slow disk":                {2 * time.Millisecond, 64, false},
		"slow disk, large batches": {2 * time.Millisecond, 512, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var p pace
			worked := time.Duration(tt.n) * 8 * time.Microsecond
			for range 100 {
				p.landed(&inFlight{appends: make([]*pending, tt.n), sentAt: time.Now().Add(-worked - tt.sync)}, worked)
				p.last = time.Time{} // nothing was on its way before
			}
			if got := p.overlap(tt.n); got != tt.want {
				t.Errorf("overlap = %v with %+v; want %v", got, p, tt.want)
			}
		})
	}
}
