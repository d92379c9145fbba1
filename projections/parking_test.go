package projections_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ordermill/ordermill/projections"
)

// A poisonous event parks its stream, others flow, and the stream comes back in order.
func TestRun_parks(t *testing.T) {
	t.Parallel()

	s := openShop(t, 4)
	m := &tally{name: "parks"}
	set := s.set(m)
	fault := failOnPoison
	m.fault.Store(&fault)
	bad := s.streams[0]
	s.fill(40)
	s.receive(bad, poison)
	s.fill(40)
	stop := running(t, set, projections.RunOptions{})
	s.reach(set, "parks")
	s.receive(bad, 5) // follows while it runs
	s.receive(s.streams[1], 5)
	s.reach(set, "parks")

	parked, err := set.Parked(t.Context(), 10)
	if err != nil || len(parked) != 1 {
		t.Fatalf("Parked = %v, %v; want one", parked, err)
	}
	if p := parked[0]; p.Stream != bad || p.Position != 41 || p.Events != 12 || !strings.Contains(p.Reason, "666") {
		t.Errorf("Parked = %+v; want 12 events of %s from 41 on", p, bad)
	}
	want, got := s.logCounts(), s.liveCounts("parks")
	for _, stream := range s.streams[1:] {
		if got[stream] != want[stream] {
			t.Errorf("stream %s = %v; want %v", stream, got[stream], want[stream])
		}
	}
	if got[bad] != [2]int64{10, 10} {
		t.Errorf("the parked stream = %v; want what came before, 10 and 10", got[bad])
	}
	found, err := set.Verify(t.Context(), projections.VerifyOptions{})
	if err != nil || len(found) != 1 || found[0].Key != bad.String() || found[0].Position != 41 || !strings.Contains(found[0].Problem, "666") {
		t.Errorf("Verify = %v, %v; want the parked stream, since it is missing, and nothing else", found, err)
	}

	if err := set.Unpark(t.Context(), "parks", bad); err == nil || !strings.Contains(err.Error(), "666") {
		t.Errorf("Unpark before the repair = %v; want the reason", err)
	}
	m.fault.Store(nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := set.Unpark(ctx, "parks", bad); err != nil {
		t.Fatal(err)
	}
	s.receive(bad, 1)
	s.reach(set, "parks")
	s.assertExact("parks")
	stop()
	if err := set.Unpark(t.Context(), "parks", bad); err == nil {
		t.Error("Unpark of a stream that is not parked = nil; want an error")
	}
}

// An event that this build cannot read parks its stream too, and nobody has to run for it to be tried again.
func TestRun_parksUnreadable(t *testing.T) {
	t.Parallel()

	s := openShop(t, 2)
	set := s.set(&tally{name: "unreadable"})
	s.receive(s.streams[0], 1)
	s.append(s.streams[0], "stock.teleported.v1", []byte(`{}`))
	s.receive(s.streams[0], 2)
	s.receive(s.streams[1], 3)
	stop := running(t, set, projections.RunOptions{})
	s.reach(set, "unreadable")
	stop()
	got := s.liveCounts("unreadable")
	if got[s.streams[0]] != [2]int64{1, 1} || got[s.streams[1]] != [2]int64{1, 3} {
		t.Errorf("counts = %v; want 1 and 1, 1 and 3", got)
	}
	if err := set.Unpark(t.Context(), "unreadable", s.streams[0]); err == nil || !strings.Contains(err.Error(), "teleported") {
		t.Errorf("Unpark = %v; want the reason", err)
	}
	if _, err := s.pool.Exec(t.Context(), "update events set type = 'stock.received.v1', data = $1 where position = 2", received(t, 9)); err != nil {
		t.Fatal(err)
	}
	if err := set.Unpark(t.Context(), "unreadable", s.streams[0]); err != nil {
		t.Fatal(err)
	}
	s.store = openStore(t, s.pool) // the other one remembers what it has appended
	s.assertExact("unreadable")
}

// A panic is the event's fault; trouble of the database is not, however long it lasts.
func TestRun_parksPanicsOnly(t *testing.T) {
	t.Parallel()

	s := openShop(t, 2)
	m := &tally{name: "panics"}
	set := s.set(m)
	fault := func(e *projections.Event) error {
		err := failOnPoison(e)
		if err != nil {
			panic("out of cheese")
		}
		return err
	}
	m.fault.Store(&fault)
	running(t, set, projections.RunOptions{})
	s.receive(s.streams[0], poison)
	s.receive(s.streams[1], 1)
	s.reach(set, "panics")
	if parked, err := set.Parked(t.Context(), 10); err != nil || len(parked) != 1 || !strings.Contains(parked[0].Reason, "out of cheese") {
		t.Errorf("Parked = %v, %v; want the panic", parked, err)
	}

	for _, trouble := range []error{context.DeadlineExceeded, context.Canceled, projections.ErrFenced} {
		calls := make(chan struct{}, 1000)
		fault := func(*projections.Event) error {
			calls <- struct{}{}
			return fmt.Errorf("looking something up: %w", trouble)
		}
		m.fault.Store(&fault)
		s.receive(s.streams[1], 1)
		for range 2 {
			select {
			case <-calls:
			case <-time.After(10 * time.Second):
				t.Fatalf("%v: not tried again", trouble)
			}
		}
		m.fault.Store(nil)
		s.reach(set, "panics")
	}
	if got := s.liveCounts("panics")[s.streams[1]]; got != [2]int64{4, 4} {
		t.Errorf("the healthy stream = %v; want 4 and 4", got)
	}
	if parked, err := set.Parked(t.Context(), 10); err != nil || len(parked) != 1 {
		t.Errorf("Parked = %v, %v; want the panic alone", parked, err)
	}
}

// A model whose values depend on the order across streams is rebuilt instead.
func TestUnpark_needsRebuild(t *testing.T) {
	t.Parallel()

	s := openShop(t, 2)
	m := &tally{name: "ordered", sensitive: true}
	set := s.set(m)
	fault := failOnPoison
	m.fault.Store(&fault)
	s.receive(s.streams[0], poison)
	s.receive(s.streams[1], 1)
	running(t, set, projections.RunOptions{})
	s.reach(set, "ordered")
	m.fault.Store(nil)
	if err := set.Unpark(t.Context(), "ordered", s.streams[0]); !errors.Is(err, projections.ErrRebuildNeeded) {
		t.Fatalf("Unpark = %v; want ErrRebuildNeeded", err)
	}
	if status, err := set.Status(t.Context()); err != nil || status[0].State != "rebuild_needed" {
		t.Errorf("Status = %+v, %v; want rebuild_needed", status, err)
	}
	if _, err := set.Rebuild(t.Context(), projections.RebuildOptions{}); err != nil {
		t.Fatal(err)
	}
	s.reach(set, "ordered")
	s.assertExact("ordered")
	if status, err := set.Status(t.Context()); err != nil || status[0].State != "live" || status[0].Logs[0].ParkedStreams != 0 {
		t.Errorf("Status = %+v, %v; want live, nothing parked", status, err)
	}
}
