package eventstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
)

// operation is one append as its caller saw it.
type operation struct {
	Events    []uuid.UUID
	Stream    uuid.UUID // the one that was contended for
	Begin     time.Time
	End       time.Time
	Outcome   string // "stored", "conflict", "refused" or "unknown"
	Position  Position
	Again     bool // sent again after an unknown outcome: that it is refused now says nothing of the first sending
	NowAt     Version
	NowLast   uuid.UUID
	Complaint string // an error that no writer should see
}

// writer appends to shared streams, each time on what it knows, and learns from conflicts.
type writer struct {
	store  *Store
	shared []uuid.UUID
	known  map[uuid.UUID]Expectation
	random *rand.Rand
}

func newWriter(s *Store, shared []uuid.UUID, seed uint64) *writer {
	return &writer{store: s, shared: shared, known: make(map[uuid.UUID]Expectation), random: rand.New(rand.NewPCG(seed, 0))}
}

// run makes n appends and tells what became of each.
func (w *writer) run(ctx context.Context, n int) []operation {
	var ops []operation
	for range n {
		stream := w.shared[w.random.IntN(len(w.shared))]
		read, ok := w.known[stream]
		if !ok {
			read.Stream = stream
		}
		a := onto("a", read, "shared")
		if w.random.IntN(3) == 0 { // over two streams
			own := uuid.New()
			a.Reads = append(a.Reads, Expectation{Stream: own})
			a.Events = append(a.Events, fact(own, "own"))
		}
		if w.random.IntN(4) == 0 {
			a.Key = &Key{Client: "c", Hash: hash(a.Events[0].ID.String()), Fingerprint: hash("f")}
		}
		op := w.append(ctx, stream, a)
		for tries := 0; op.Outcome == "unknown" && tries < 20 && w.random.IntN(4) > 0; tries++ { // some never find out
			ops = append(ops, op)
			op = w.append(ctx, stream, a)
			op.Again = true
		}
		ops = append(ops, op)
	}
	return ops
}

func (w *writer) append(ctx context.Context, stream uuid.UUID, a Append) operation {
	op := operation{Stream: stream, Begin: time.Now()}
	for _, e := range a.Events {
		op.Events = append(op.Events, e.ID)
	}
	r, err := w.store.Append(ctx, a)
	op.End = time.Now()
	var conflict *ConflictError
	switch {
	case err == nil:
		op.Outcome, op.Position = "stored", r.Position
		w.known[stream] = after(a, stream)
	case errors.As(err, &conflict):
		op.Outcome, op.NowAt, op.NowLast = "conflict", conflict.Version, conflict.Event
		w.known[stream] = Expectation{Stream: stream, Version: conflict.Version, Event: conflict.Event}
		if conflict.Stream != stream {
			op.Complaint = fmt.Sprintf("conflict on %s, which nobody else writes to", conflict.Stream)
		}
	case errors.Is(err, ErrOutcomeUnknown):
		op.Outcome = "unknown"
	case errors.Is(err, ErrUnavailable):
		op.Outcome = "refused"
	default:
		op.Outcome, op.Complaint = "unknown", err.Error()
	}
	return op
}

// count counts the operations with an outcome.
func count(ops []operation, outcome string) (n int) {
	for _, op := range ops {
		if op.Outcome == outcome {
			n++
		}
	}
	return n
}

// checkHistory checks that the log is the order in which the operations took effect, each at one moment between its
// begin and its end: what was stored is there once, as it was said; what was refused is not there; nothing else is.
func checkHistory(t *testing.T, ops []operation, events []Recorded) {
	t.Helper()
	at, owners := make(map[uuid.UUID]int, len(events)), make(map[uuid.UUID][]operation)
	for i, e := range events {
		at[e.ID] = i
	}
	for _, op := range ops {
		if op.Complaint != "" {
			t.Errorf("%s", op.Complaint)
		}
		for _, id := range op.Events {
			owners[id] = append(owners[id], op)
		}
		checkStored(t, op, at, events)
	}
	for _, e := range events {
		possible := false
		for _, op := range owners[e.ID] {
			possible = possible || op.Outcome == "stored" || op.Outcome == "unknown"
		}
		if !possible {
			t.Errorf("position %d: nobody was told that it might be stored: %+v", e.Position, owners[e.ID])
		}
	}
	checkTime(t, ops, at, events, owners)
}

// checkStored checks that all of an append is there, together, or nothing of it.
func checkStored(t *testing.T, op operation, at map[uuid.UUID]int, events []Recorded) {
	t.Helper()
	first, found := at[op.Events[0]]
	for i, id := range op.Events {
		if place, ok := at[id]; ok != found || (ok && place != first+i) {
			t.Errorf("%d events of an append are not stored as one: %+v", len(op.Events), op)
		}
	}
	switch {
	case op.Outcome == "stored" && !found:
		t.Errorf("lost: %+v", op)
	case op.Outcome == "stored" && events[first+len(op.Events)-1].Position != op.Position:
		t.Errorf("stored at %d; was told %d", events[first+len(op.Events)-1].Position, op.Position)
	case found && (op.Outcome == "conflict" || op.Outcome == "refused" && !op.Again):
		t.Errorf("refused, and stored all the same: %+v", op)
	}
}

// checkTime checks that what ended before something else began has the lower position, and that a conflict showed a
// state which the stream had between the begin and the end of the append.
func checkTime(t *testing.T, ops []operation, at map[uuid.UUID]int, events []Recorded, owners map[uuid.UUID][]operation) {
	t.Helper()
	ended := time.Time{} // the earliest end of anything at a higher position
	begun := make([]time.Time, len(events))
	end := make([]time.Time, len(events))
	for id, place := range at {
		begun[place] = owners[id][0].Begin
		for _, op := range owners[id] {
			if op.Outcome == "stored" && (end[place].IsZero() || op.End.Before(end[place])) {
				end[place] = op.End
			}
		}
	}
	for i := len(events) - 1; i >= 0; i-- {
		if !ended.IsZero() && begun[i].After(ended) {
			t.Errorf("position %d began after a higher one was told", events[i].Position)
		}
		if !end[i].IsZero() && (ended.IsZero() || end[i].Before(ended)) {
			ended = end[i]
		}
	}
	next := make(map[uuid.UUID]uuid.UUID) // the event that follows in the stream
	last := make(map[uuid.UUID]uuid.UUID)
	for _, e := range events {
		next[last[e.Stream]] = e.ID
		last[e.Stream] = e.ID
	}
	for _, op := range ops {
		if op.Outcome != "conflict" || op.NowLast == uuid.Nil {
			continue
		}
		place, ok := at[op.NowLast]
		if !ok || events[place].Stream != op.Stream || events[place].Version != op.NowAt || begun[place].After(op.End) {
			t.Errorf("a conflict showed a state that never was: %+v", op)
		}
		if follower, ok := at[next[op.NowLast]]; ok && !end[follower].IsZero() && end[follower].Before(op.Begin) {
			t.Errorf("a conflict showed a state that had passed: %+v", op)
		}
	}
}
