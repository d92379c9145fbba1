package documents

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/internal/local"
	"github.com/ordermill/ordermill/internal/local/redistest"
	"github.com/ordermill/ordermill/projections"
)

// check fails unless every document that is in Redis is what the log says where it is proven. It returns how many
// there are.
func check(tb interface {
	Fatal(...any)
	Fatalf(string, ...any)
}, s *shop, b *Backend, g projections.Generation,
) int {
	l, n := b.layout(1, g), 0
	proofs := make(map[eventstore.Position]map[Key]Document)
	for key := range s.documents(tb, b.kind, s.head()) {
		pair, err := b.client.MGet(context.Background(), l.checkpoint(bucketOf(key.Stream)), l.document(key)).Result()
		if err != nil {
			tb.Fatal(err)
		}
		d, proven, ok := interpret(l.document(key), pair, s.epoch)
		if !ok {
			continue
		}
		n++
		if proofs[proven] == nil {
			proofs[proven] = s.documents(tb, b.kind, proven)
		}
		if want := proofs[proven][key]; !sameDocument(d, want) {
			tb.Fatalf("%s at %d is version %d at %d: %s; want version %d at %d: %s",
				key.Stream, proven, d.Version, d.Position, d.Body, want.Version, want.Position, want.Body)
		}
	}
	return n
}

// servers are what documents may be kept in.
func servers(t *testing.T) map[string]redis.UniversalClient {
	t.Helper()
	stand, err := local.StartMiniRedis(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stand.Stop(context.Background()) }) // runs after the test's context has ended
	options, err := redis.ParseURL(stand.URL())
	if err != nil {
		t.Fatal(err)
	}
	standIn := redis.NewClient(options)
	t.Cleanup(func() { _ = standIn.Close() })
	return map[string]redis.UniversalClient{"server": redistest.New(t), "cluster": cluster(t), "stand-in": standIn}
}

// cluster returns a cluster of one node, which refuses whatever crosses slots.
func cluster(t *testing.T) *redis.ClusterClient {
	t.Helper()
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", ":0") // a node wants a port for other nodes
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(free.Addr().String())
	if err := errors.Join(err, free.Close()); err != nil {
		t.Fatal(err)
	}
	server := redistest.Start(t, map[string]string{"cluster-enabled": "yes", "cluster-port": port})
	node := server.Client(t)
	if err := node.Do(t.Context(), "cluster", "addslotsrange", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	socket := node.Options().Addr
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
		ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) {
			return []redis.ClusterSlot{{Start: 0, End: 16383, Nodes: []redis.ClusterNode{{Addr: "node:1"}}}}, nil
		},
	})
	t.Cleanup(func() { _ = client.Close() })
	eventually(t, func() error { return client.Set(t.Context(), "ready", 1, 0).Err() })
	return client
}

// Frames come cut anyhow, some twice, some overlapping, through sinks that forget; documents vanish, are overwritten
// with rubbish, or are served from memory. Whatever is there is always right.
func TestSink_anyFrames(t *testing.T) {
	t.Parallel()

	s := newShop(t, 120)
	for name, client := range servers(t) {
		if name == "stand-in" {
			continue // it takes too long for this many
		}
		for _, kind := range []*Kind{Orders(), StockLevels()} {
			t.Run(name+" "+kind.name, func(t *testing.T) {
				t.Parallel()

				b, g := NewBackend(kind, client, s.store, BackendConfig{}), projections.Generation(0)
				rapid.Check(t, func(t *rapid.T) {
					g++
					anyFrames(t, s, b, g)
				})
			})
		}
	}
}

func anyFrames(t *rapid.T, s *shop, b *Backend, g projections.Generation) {
	ctx := context.Background()
	sink := b.Sink(1, g)
	keys := s.documents(t, b.kind, s.head())
	for at := eventstore.Position(0); at < s.head(); {
		from := at - eventstore.Position(rapid.IntRange(0, min(5, int(at))).Draw(t, "again"))
		to := from + eventstore.Position(rapid.IntRange(1, 40).Draw(t, "frame"))
		to = min(to, s.head())
		if err := sink.Apply(ctx, 1, s.at(from), s.at(to), s.between(from, to)); err != nil {
			t.Fatal(err)
		}
		at = max(at, to)
		if got, err := sink.Checkpoint(ctx); err != nil || got != s.at(at) {
			t.Fatalf("Checkpoint = %+v, %v; want %+v", got, err, s.at(at))
		}
		if rapid.IntRange(0, 3).Draw(t, "forget") == 0 {
			sink = b.Sink(1, g)
		}
		for key := range keys {
			name := b.layout(1, g).document(key)
			switch (int(key.Stream[3]) + int(at)) % 9 {
			case 0:
				b.client.Del(ctx, name)
			case 1:
				b.client.Set(ctx, name, "rubbish", 0)
			case 2:
				b.client.Del(ctx, name)
				b.client.LPush(ctx, name, "of another type")
			}
		}
	}
	check(t, s, b, g)
}

// Without interference every document is there, and equals a rebuild byte for byte.
func TestSink_equalsLoad(t *testing.T) {
	t.Parallel()

	s := newShop(t, 150)
	for name, client := range servers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for _, kind := range []*Kind{Orders(), StockLevels()} {
				b := NewBackend(kind, client, s.store, BackendConfig{})
				sink := b.Sink(1, 1)
				for from := eventstore.Position(0); from < s.head(); from += 7 {
					to := min(from+7, s.head())
					if err := sink.Apply(t.Context(), 3, s.at(from), s.at(to), s.between(from, to)); err != nil {
						t.Fatal(err)
					}
				}
				f := b.NewFold()
				for i := range s.events {
					if err := f.Add(&s.events[i]); err != nil {
						t.Fatal(err)
					}
				}
				if err := b.Load(t.Context(), 2, f, map[eventstore.LogID]projections.Checkpoint{1: s.at(s.head())}); err != nil {
					t.Fatal(err)
				}
				want := len(s.documents(t, kind, s.head()))
				for _, g := range []projections.Generation{1, 2} {
					if n := check(t, s, b, g); n != want {
						t.Errorf("generation %d has %d documents; want %d", g, n, want)
					}
					if at, err := b.Sink(1, g).Checkpoint(t.Context()); err != nil || at != s.at(s.head()) {
						t.Errorf("Checkpoint of generation %d = %+v, %v", g, at, err)
					}
				}
			}
		})
	}
}

func TestSink_refuses(t *testing.T) {
	t.Parallel()

	s := newShop(t, 60)
	client := redistest.New(t)
	b := NewBackend(StockLevels(), client, s.store, BackendConfig{})
	ctx, sink := t.Context(), b.Sink(1, 1)
	apply := func(fence int64, from, to eventstore.Position) error {
		return sink.Apply(ctx, fence, s.at(from), s.at(to), s.between(from, to))
	}
	for _, err := range []error{apply(5, 0, 20), apply(6, 20, 30)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	other := s.at(30)
	other.Event[0]++
	restored := s.at(40)
	restored.Epoch++
	refused := map[string]error{
		"an older writer":           apply(5, 30, 40),
		"a writer that is ahead":    apply(6, 31, 40),
		"another event at its end":  sink.Apply(ctx, 6, other, s.at(40), s.between(30, 40)),
		"another epoch of the log":  sink.Apply(ctx, 6, s.at(30), restored, s.between(30, 40)),
		"another past, same length": sink.Apply(ctx, 6, s.at(20), other, s.between(20, 30)),
	}
	for name, err := range refused {
		if !errors.Is(err, projections.ErrFenced) {
			t.Errorf("%s: %v; want ErrFenced", name, err)
		}
	}
	if at, err := sink.Checkpoint(ctx); err != nil || at != s.at(30) {
		t.Errorf("Checkpoint = %+v, %v; want that of 30", at, err)
	}
	if err := apply(6, 30, s.head()); err != nil {
		t.Error(err)
	}
	check(t, s, b, 1)
}

// A flushed server is noticed, and filled again by beginning before the first event. Losing one checkpoint is enough.
func TestSink_lost(t *testing.T) {
	t.Parallel()

	s := newShop(t, 60)
	client := redistest.New(t)
	b := NewBackend(Orders(), client, s.store, BackendConfig{})
	ctx, sink := t.Context(), b.Sink(1, 1)
	half := s.head() / 2
	lose := map[string]func() error{
		"everything": func() error { return client.FlushAll(ctx).Err() },
		"one":        func() error { return client.Del(ctx, b.layout(1, 1).checkpoint(9)).Err() },
		"rubbish":    func() error { return client.Set(ctx, b.layout(1, 1).checkpoint(9), "rubbish", 0).Err() },
		"type":       func() error { return client.Do(ctx, "copy", "list", b.layout(1, 1).checkpoint(9), "replace").Err() },
	}
	for name, loss := range lose {
		if err := client.FlushAll(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		if err := client.LPush(ctx, "list", 1).Err(); err != nil {
			t.Fatal(err)
		}
		if err := sink.Apply(ctx, 1, s.at(0), s.at(half), s.between(0, half)); err != nil {
			t.Fatal(err)
		}
		if err := loss(); err != nil {
			t.Fatal(err)
		}
		if at, err := sink.Checkpoint(ctx); err != nil || at != (projections.Checkpoint{}) {
			t.Errorf("%s: Checkpoint = %+v, %v; want the beginning", name, at, err)
		}
		if err := sink.Apply(ctx, 1, s.at(half), s.at(s.head()), s.between(half, s.head())); !errors.Is(err, projections.ErrFenced) {
			t.Errorf("%s: Apply = %v; want ErrFenced", name, err)
		}
		if err := sink.Apply(ctx, 2, s.at(0), s.at(s.head()), s.events); err != nil {
			t.Errorf("%s: from the beginning: %v", name, err)
		}
		if n := check(t, s, b, 1); n != len(s.documents(t, b.kind, s.head())) {
			t.Errorf("%s: %d documents after the refill", name, n)
		}
	}
}

// A frame that reached some buckets of a cluster only is completed by its repetition, in whatever cut it comes.
func TestSink_partialFrame(t *testing.T) {
	t.Parallel()

	s := newShop(t, 100)
	b := NewBackend(StockLevels(), cluster(t), s.store, BackendConfig{})
	ctx, sink := t.Context(), &Sink{backend: b, layout: b.layout(1, 1), recent: newRecent(recentBytes)}
	if err := sink.Apply(ctx, 1, s.at(0), s.at(30), s.between(0, 30)); err != nil {
		t.Fatal(err)
	}
	for i, to := range []eventstore.Position{60, 90} {
		touched, err := sink.fold(ctx, s.epoch, s.between(30, to))
		if err != nil {
			t.Fatal(err)
		}
		calls := sink.calls(touched, 1, s.at(30), s.at(to), "set")
		if len(calls) != Buckets {
			t.Fatalf("%d calls; want one a bucket", len(calls))
		}
		if err := sink.run(ctx, calls[:20*(i+1)]); err != nil {
			t.Fatal(err)
		}
		if at, err := sink.Checkpoint(ctx); err != nil || at != s.at(30) {
			t.Errorf("Checkpoint = %+v, %v; want that of the bucket that is least far", at, err)
		}
		check(t, s, b, 1)
	}
	fresh := b.Sink(1, 1)
	for from := eventstore.Position(30); from < s.head(); from += 25 {
		to := min(from+25, s.head())
		if err := fresh.Apply(ctx, 2, s.at(from), s.at(to), s.between(from, to)); err != nil {
			t.Fatal(err)
		}
		check(t, s, b, 1)
	}
	if at, err := fresh.Checkpoint(ctx); err != nil || at != s.at(s.head()) {
		t.Errorf("Checkpoint = %+v, %v; want the head", at, err)
	}
}

// A full server loses documents, never the truth: the projection goes on.
func TestSink_fullServer(t *testing.T) {
	t.Parallel()

	s := newShop(t, 80)
	client := redistest.New(t)
	b := NewBackend(Orders(), client, s.store, BackendConfig{})
	ctx, sink := t.Context(), b.Sink(1, 1)
	half := s.head() / 2
	if err := sink.Apply(ctx, 1, s.at(0), s.at(half), s.between(0, half)); err != nil {
		t.Fatal(err)
	}
	before := check(t, s, b, 1)
	if err := client.ConfigSet(ctx, "maxmemory", "100kb").Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.Set(ctx, "anything", "x", 0).Err(); !outOfMemory(err) {
		t.Fatalf("the server is not full: %v", err)
	}
	if err := sink.Apply(ctx, 1, s.at(half), s.at(s.head()), s.between(half, s.head())); err != nil {
		t.Fatal(err)
	}
	if at, err := sink.Checkpoint(ctx); err != nil || at != s.at(s.head()) {
		t.Errorf("Checkpoint = %+v, %v; want the head", at, err)
	}
	if after := check(t, s, b, 1); after >= before {
		t.Errorf("%d documents; want fewer than the %d before", after, before)
	}
	f := b.NewFold()
	for i := range s.events {
		if err := f.Add(&s.events[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Load(ctx, 2, f, map[eventstore.LogID]projections.Checkpoint{1: s.at(s.head())}); err != nil {
		t.Errorf("Load: %v", err)
	}
	if at, err := b.Sink(1, 2).Checkpoint(ctx); err != nil || at != s.at(s.head()) {
		t.Errorf("Checkpoint after Load = %+v, %v; want the head", at, err)
	}
}

// A stream that was parked is written when its events come at last, and not when a newer owner is there.
func TestSink_Redrive(t *testing.T) {
	t.Parallel()

	s := newShop(t, 80)
	b := NewBackend(StockLevels(), redistest.New(t), s.store, BackendConfig{})
	ctx, sink := t.Context(), &Sink{backend: b, layout: b.layout(1, 1), recent: newRecent(recentBytes)}
	parked := streamWith(t, s, b.kind, 4)
	var others, late []projections.Event
	for _, e := range s.events {
		if e.Stream == parked.Stream && e.Version > 2 {
			late = append(late, e)
		} else {
			others = append(others, e)
		}
	}
	if err := sink.Apply(ctx, 4, s.at(0), s.at(s.head()), others); err != nil {
		t.Fatal(err)
	}
	if err := sink.Redrive(ctx, 3, late); !errors.Is(err, projections.ErrFenced) {
		t.Errorf("Redrive by an older owner = %v; want ErrFenced", err)
	}
	if err := sink.Redrive(ctx, 4, late); err != nil {
		t.Fatal(err)
	}
	if n := check(t, s, b, 1); n != len(s.documents(t, b.kind, s.head())) {
		t.Errorf("%d documents are right", n)
	}
}

// An event that does not follow is marked as such, so that its stream is parked and nothing else stops.
func TestSink_invalidEvent(t *testing.T) {
	t.Parallel()

	s := newShop(t, 80)
	b := NewBackend(StockLevels(), redistest.New(t), s.store, BackendConfig{})
	sink := b.Sink(1, 1)
	wrong := s.events[:20:20]
	for i := range wrong {
		if e := wrong[i]; e.StreamType == b.kind.streamType {
			e.Version += 5
			err := sink.Apply(t.Context(), 1, s.at(0), s.at(20), []projections.Event{e})
			if !errors.Is(err, projections.ErrInvalidEvent) {
				t.Errorf("Apply = %v; want ErrInvalidEvent", err)
			}
			return
		}
	}
	t.Fatal("no event of the kind")
}

// streamWith returns a stream with at least so many events.
func streamWith(tb testing.TB, s *shop, kind *Kind, version eventstore.Version) Key {
	tb.Helper()
	for key, d := range s.documents(tb, kind, s.head()) {
		if d.Version >= version {
			return key
		}
	}
	tb.Fatalf("no stream has %d events", version)
	return Key{}
}
