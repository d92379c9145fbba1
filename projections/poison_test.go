package projections_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// flood puts events of that many streams of one tenant into the log, and now and then one of another tenant.
func (s *shop) flood(streams int, name string, data []byte) {
	s.t.Helper()
	const each = 10
	for range streams / each {
		some := eventstore.Append{Tenant: "flood"}
		for range each {
			id := uuid.New()
			some.Reads = append(some.Reads, eventstore.Expectation{Stream: id})
			some.Events = append(some.Events, eventstore.NewEvent{
				ID: uuid.New(), Stream: id, StreamType: stock.StreamType, Type: name, Data: data, Metadata: []byte("{}"), OccurredAt: time.Now(),
			})
		}
		if _, err := s.store.Append(s.t.Context(), some); err != nil {
			s.t.Fatal(err)
		}
		s.receive(s.streams[0], 1)
	}
}

// However many events of one tenant cannot be read or applied, the others' are there soon, and none of theirs is parked.
func TestRun_manyPoisonedOfOneTenant(t *testing.T) {
	t.Parallel()

	const streams = 1010
	for name, stored := range map[string]string{"what cannot be applied": "stock.received.v1", "what cannot be read": "stock.teleported.v1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := openShop(t, 1)
			s.flood(streams, stored, received(t, poison))
			m := &tally{name: "flooded"}
			fault := failOnPoison
			m.fault.Store(&fault)
			set := s.set(m)
			running(t, set, projections.RunOptions{})
			began := time.Now()
			s.reach(set, "flooded")
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("the others were behind for %s", took)
			}
			if got := s.liveCounts("flooded"); len(got) != 1 || got[s.streams[0]] != [2]int64{streams / 10, streams / 10} {
				t.Errorf("counts = %v; want all of the other tenant", got)
			}
			parked, err := set.Parked(t.Context(), 2*streams)
			if err != nil || len(parked) != streams {
				t.Fatalf("%d streams are parked, %v; want %d", len(parked), err, streams)
			}
			for _, p := range parked {
				if p.Tenant != "flood" || p.Events != 1 || !strings.Contains(p.Reason, "666") && !strings.Contains(p.Reason, "teleported") {
					t.Fatalf("parked: %+v", p)
				}
			}
			found, err := set.Verify(t.Context(), projections.VerifyOptions{})
			if err != nil || len(found) != 21 || found[20].Problem != fmt.Sprintf("%d more streams are parked", streams-20) {
				t.Errorf("Verify = %v, %v; want the first 20 streams and how many more there are", found, err)
			}
		})
	}
}

// An event of a schema version that this build does not know is not read as one that it knows: its stream is parked, in
// live projections, in rebuilds and in what verification folds.
func TestRun_parksUnknownSchema(t *testing.T) {
	t.Parallel()

	s := openShop(t, 2)
	s.fill(10)
	if _, err := s.pool.Exec(t.Context(), "update events set schema_version = 99 where position = 3"); err != nil {
		t.Fatal(err)
	}
	s.store = openStore(t, s.pool) // the other one remembers what it has appended
	m := &tally{name: "future"}
	set := s.set(m)
	stop := running(t, set, projections.RunOptions{})
	s.reach(set, "future")
	check := func(what string) {
		t.Helper()
		if got := s.liveCounts("future"); got[s.streams[0]] != [2]int64{2, 2} || got[s.streams[1]] != [2]int64{5, 5} {
			t.Errorf("%s: counts = %v; want 2 before the unknown version, and 5", what, got)
		}
		found, err := set.Verify(t.Context(), projections.VerifyOptions{})
		if err != nil || len(found) != 1 || found[0].Position != 3 || !strings.Contains(found[0].Problem, "schema version 99") {
			t.Errorf("%s: Verify = %v, %v; want the parked stream alone", what, found, err)
		}
	}
	check("live")
	stop()
	if reports, err := set.Rebuild(t.Context(), projections.RebuildOptions{}); err != nil || reports[0].Parked != 1 {
		t.Fatalf("Rebuild = %+v, %v; want one parked stream", reports, err)
	}
	check("rebuilt")
	if _, err := s.pool.Exec(t.Context(), "delete from parked_events; delete from parked_streams"); err != nil {
		t.Fatal(err)
	}
	found, err := set.Verify(t.Context(), projections.VerifyOptions{})
	if err != nil || len(found) != 1 || !strings.Contains(found[0].Problem, "not parked, but cannot be folded") {
		t.Errorf("Verify of what is not parked = %v, %v; want that it cannot be folded", found, err)
	}
}

// A fold that fails or panics at an event parks its stream in the rebuild, as a live projection does, and neither other
// streams nor other read models notice.
func TestRebuild_parksFaultsOfTheFold(t *testing.T) {
	t.Parallel()

	for name, fault := range map[string]func(e *projections.Event) error{
		"errors": failOnPoison,
		"panics": func(e *projections.Event) error {
			if err := failOnPoison(e); err != nil {
				panic(err)
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := openShop(t, 4)
			s.fill(40)
			for _, stream := range s.streams[:3] {
				s.receive(stream, poison)
				s.receive(stream, 1)
			}
			faulty, sound := &tally{name: "faulty"}, &tally{name: "sound"}
			faulty.folding.Store(&fault)
			set := s.set(faulty, sound)
			reports, err := set.Rebuild(t.Context(), projections.RebuildOptions{})
			if err != nil || len(reports) != 2 || !reports[0].Switched || !reports[1].Switched {
				t.Fatalf("Rebuild = %+v, %v; want both switched", reports, err)
			}
			s.assertExact("sound")
			got := s.liveCounts("faulty")
			for i, stream := range s.streams {
				want := [2]int64{10, 10}
				if got[stream] != want {
					t.Errorf("stream %d = %v; want %v", i, got[stream], want)
				}
			}
			parked, err := set.Parked(t.Context(), 10)
			if err != nil || len(parked) != 3 || parked[0].Events != 2 || !strings.Contains(parked[0].Reason, "666") {
				t.Errorf("Parked = %+v, %v; want three streams with two events each", parked, err)
			}
			found, err := set.Verify(t.Context(), projections.VerifyOptions{})
			if err != nil || len(found) != 3 || found[0].Projection != "faulty" {
				t.Errorf("Verify = %+v, %v; want the parked streams", found, err)
			}
		})
	}
}
