package projections_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections"
)

func TestRun_keepsCurrent(t *testing.T) {
	t.Parallel()

	s := openShop(t, 5)
	s.fill(3000)
	set := s.set(&tally{name: "one"}, &tally{name: "two"})
	stop := running(t, set, projections.RunOptions{})
	s.reach(set, "one", "two")
	for i := range 20 {
		s.receive(s.streams[i%5], 3)
		s.reach(set, "one") // each alone: an idle projection wakes up
	}
	s.reach(set, "two")
	stop()
	s.assertExact("one")
	s.assertExact("two")
	status, err := set.Status(t.Context())
	if err != nil || len(status) != 2 {
		t.Fatalf("Status = %v, %v; want two", status, err)
	}
	l := status[0].Logs[0]
	if status[0].State != "live" || l.Position != s.head || l.Head != s.head || l.LagEvents != 0 || l.LagMs != 0 || l.Owner != "" {
		t.Errorf("Status = %+v; want live, at the head, lease handed back", status[0])
	}
}

// Whatever dies at whatever moment, the process or its connections, every event counts once.
func TestRun_exactlyOnceUnderKills(t *testing.T) {
	t.Parallel()

	s := openShop(t, 7)
	m := &tally{name: "kills"}
	m.delay.Store(int64(3 * time.Millisecond))
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	appended := make(chan struct{})
	go func() {
		defer close(appended)
		for ctx.Err() == nil {
			s.fill(70)
			s.receive(s.streams[rand.IntN(7)], 2)
		}
	}()
	kills := 0
	for ; ctx.Err() == nil; kills++ {
		victims := pgtest.PoolOf(t, strings.ReplaceAll(s.pool.Config().ConnString(), "\n", ""))
		set := newSet(t, projections.Config{Pool: victims, Stores: []*eventstore.Store{s.store}, Models: []projections.Model{m}, Logger: logger(t)})
		stop := running(t, set, projections.RunOptions{LeaseTime: 200 * time.Millisecond, DrainTime: time.Nanosecond})
		time.Sleep(rand.N(150 * time.Millisecond)) // a random moment is the point
		if kills%2 == 0 {
			if _, err := s.pool.Exec(t.Context(), `select pg_terminate_backend(pid) from pg_stat_activity
				where datname = current_database() and query like '%projection_checkpoints%' and pid <> pg_backend_pid()`); err != nil {
				t.Fatal(err)
			}
			time.Sleep(rand.N(50 * time.Millisecond))
		}
		stop()
		victims.Close()
	}
	<-appended
	set := s.set(m)
	running(t, set, projections.RunOptions{})
	s.reach(set, "kills")
	s.assertExact("kills")
	if kills < 5 {
		t.Errorf("%d kills; want at least 5", kills)
	}
}

// Of two processes one writes; the other takes over when it ends, at once after a clean end.
func TestRun_oneOwner(t *testing.T) {
	t.Parallel()

	s := openShop(t, 3)
	m := &tally{name: "owned"}
	first, second := s.set(m), s.set(m)
	stopFirst := running(t, first, projections.RunOptions{Owner: "first"})
	s.receive(s.streams[0], 1)
	s.reach(first, "owned")
	running(t, second, projections.RunOptions{Owner: "second"})
	for i := range 10 {
		s.receive(s.streams[i%3], 1)
	}
	s.reach(second, "owned") // from the database: the first one writes
	if owner := ownerOf(t, second); owner != "first" {
		t.Errorf("owner = %q; want first", owner)
	}
	stopFirst()
	s.receive(s.streams[0], 1)
	s.reach(second, "owned")
	if owner := ownerOf(t, second); owner != "second" {
		t.Errorf("owner = %q; want second", owner)
	}
	s.assertExact("owned")
}

func ownerOf(t *testing.T, set *projections.Set) string {
	t.Helper()
	status, err := set.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return status[0].Logs[0].Owner
}

// A writer that has lost its lease, without having noticed, is refused.
func TestSink_fenced(t *testing.T) {
	t.Parallel()

	s := openShop(t, 1)
	m := &tally{name: "fenced"}
	set := s.set(m)
	if err := set.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.receive(s.streams[0], 1)
	}
	recorded, err := s.store.Read(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var events []projections.Event
	var points []projections.Checkpoint
	for _, rec := range recorded {
		e, err := projections.Decode(rec)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
		points = append(points, projections.Checkpoint{Epoch: 1, Position: rec.Position, Event: rec.ID})
	}
	sink := projections.SinkOf(set, "fenced", 1, 1)
	if err := sink.Apply(t.Context(), 7, projections.Checkpoint{}, points[0], events[:1]); err != nil {
		t.Fatal(err)
	}
	if err := sink.Apply(t.Context(), 8, points[0], points[1], events[1:2]); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		fence int64
		from  projections.Checkpoint
	}{
		"older lease":               {7, points[1]},
		"checkpoint has moved":      {8, points[0]},
		"checkpoint of another one": {9, projections.Checkpoint{Position: 2, Event: uuid.New()}},
	} {
		if err := sink.Apply(t.Context(), tt.fence, tt.from, points[2], events[2:]); !errors.Is(err, projections.ErrFenced) {
			t.Errorf("%s: Apply = %v; want ErrFenced", name, err)
		}
	}
	if at, err := sink.Checkpoint(t.Context()); err != nil || at != points[1] {
		t.Errorf("Checkpoint = %v, %v; want %v", at, err, points[1])
	}
	if got := s.liveCounts("fenced")[s.streams[0]]; got != [2]int64{2, 2} {
		t.Errorf("counts = %v; want 2 events: a refused step must leave nothing", got)
	}
}

// A runner that is frozen while its lease expires and another takes over writes nothing when it wakes up.
func TestRun_lostLeaseWhileWriting(t *testing.T) {
	t.Parallel()

	s := openShop(t, 2)
	slow, quick := &tally{name: "stolen"}, &tally{name: "stolen"}
	frozen := make(chan struct{})
	entered := make(chan struct{}, 100)
	wait := func(e *projections.Event) error {
		entered <- struct{}{}
		<-frozen
		return failOnPoison(e)
	}
	slow.fault.Store(&wait)
	first := s.set(slow)
	running(t, first, projections.RunOptions{Owner: "first", DrainTime: 100 * time.Millisecond})
	s.receive(s.streams[0], 1)
	<-entered // it holds a transaction open
	if _, err := s.pool.Exec(t.Context(), "update projection_leases set expires_at = clock_timestamp(), owner = 'nobody', epoch = epoch + 1"); err != nil {
		t.Fatal(err)
	}
	second := s.set(quick)
	running(t, second, projections.RunOptions{Owner: "second"})
	s.receive(s.streams[1], 1)
	close(frozen)
	s.reach(second, "stolen")
	s.assertExact("stolen")
}

// scrambled is a transport that loses, doubles, cuts anew and reorders frames and sends rubbish in between.
type scrambled struct {
	store *eventstore.Store
	out   chan *message.Message
	stop  chan struct{}
}

func (s *scrambled) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	go func() {
		defer close(s.out)
		for ctx.Err() == nil {
			head, _, err := s.store.Head(ctx)
			if err != nil || head == 0 {
				continue
			}
			first := eventstore.Position(rand.N(int64(head)))
			events, err := s.store.Read(ctx, first, 1+rand.IntN(40))
			if err != nil || len(events) == 0 {
				continue
			}
			frame := eventstore.Frame{Log: 1, Epoch: 1, First: first + 1, Last: events[len(events)-1].Position, Events: events}
			msg, err := eventstore.MessageOf(frame)
			if err != nil {
				return
			}
			msg = message.NewMessage(msg.UUID, msg.Payload) // as from a broker
			if rand.IntN(10) == 0 {
				msg = message.NewMessage(watermill.NewUUID(), []byte("rubbish"))
			}
			select {
			case s.out <- msg:
			case <-s.stop:
				return
			case <-ctx.Done():
				return
			}
			select {
			case <-msg.Acked():
			case <-msg.Nacked():
			case <-s.stop:
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	return s.out, nil
}

func (s *scrambled) Close() error {
	close(s.stop)
	return nil
}

func TestRun_transportIsAHint(t *testing.T) {
	t.Parallel()

	s := openShop(t, 5)
	s.fill(1000)
	set := s.set(&tally{name: "hint"})
	running(t, set, projections.RunOptions{
		Subscriber: func(store *eventstore.Store, _ string, _ func(context.Context) (eventstore.Position, error)) (message.Subscriber, error) {
			return &scrambled{store: store, out: make(chan *message.Message), stop: make(chan struct{})}, nil
		},
	})
	for range 50 {
		s.receive(s.streams[0], 4)
	}
	s.reach(set, "hint")
	s.assertExact("hint")
}

// A log that is not the one that a projection was built from is noticed before an event is applied.
func TestRun_anotherPast(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct{ restore, want string }{
		"checkpoint beyond the head": {"delete from events where position > 20", "it ends at 20"},
		"another event there":        {"update events set event_id = gen_random_uuid() where position = 30", "it has"},
		"another epoch":              {"update logs set epoch = 2", "built before the log was recovered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := openShop(t, 3)
			s.fill(30)
			set := s.set(&tally{name: "past"})
			stop := running(t, set, projections.RunOptions{})
			s.reach(set, "past")
			stop()
			before := s.liveCounts("past")
			if _, err := s.pool.Exec(t.Context(), tt.restore); err != nil {
				t.Fatal(err)
			}
			s.store = openStore(t, s.pool) // a process that starts after the restore
			set = s.set(&tally{name: "past"})
			running(t, set, projections.RunOptions{LeaseTime: 300 * time.Millisecond})
			eventually(t, "the status says why", func() bool {
				status, err := set.Status(t.Context())
				return err == nil && status[0].State == "stopped" && strings.Contains(status[0].Logs[0].Problem, tt.want) &&
					strings.Contains(status[0].Logs[0].Problem, "ordermill recover")
			})
			lost := name != "another epoch" // then it was recovered
			if err := set.Judge(t.Context()); errors.Is(err, eventstore.ErrAnotherPast) != lost || (s.store.Past().Err() != nil) != lost {
				t.Errorf("Judge = %v, the store says %v; want another past: %t", err, s.store.Past().Err(), lost)
			}
			if got := s.liveCounts("past"); len(got) != len(before) || got[s.streams[0]] != before[s.streams[0]] {
				t.Errorf("counts = %v; want %v: nothing may be applied", got, before)
			}
			if _, err := set.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.store.Past().Err(); err != nil {
				t.Errorf("after Recover the store still says %v", err)
			}
			if _, err := set.Rebuild(t.Context(), projections.RebuildOptions{}); err != nil {
				t.Fatal(err)
			}
			s.assertExact("past")
			eventually(t, "it runs again", func() bool {
				status, err := set.Status(t.Context())
				return err == nil && status[0].State == "live" && status[0].Logs[0].Owner != ""
			})
		})
	}
}
