package documents

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/eventstore"
)

// The value of a key is the position of its last change. Whatever the order of changes, reads and fills, the cache
// answers with what the log says at the position that it calls proven.
func TestCache_model(t *testing.T) {
	t.Parallel()

	for range 20 { // it needs no server, so there may be many
		rapid.Check(t, checkCache)
	}
}

func checkCache(t *rapid.T) {
	c, err := NewCache[eventstore.Position](CacheConfig{Slots: 8})
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]Key, 6)
	for i := range keys {
		keys[i] = Key{"t", uuid.UUID{15: byte(i)}}
	}
	var log []Key // position i+1 changes log[i]
	valueAt := func(key Key, at eventstore.Position) (value eventstore.Position) {
		for i, changed := range log[:at] {
			if changed == key {
				value = eventstore.Position(i + 1)
			}
		}
		return value
	}
	told, started := 0, false
	t.Repeat(map[string]func(*rapid.T){
		"append": func(t *rapid.T) { log = append(log, rapid.SampledFrom(keys).Draw(t, "key")) },
		"restart": func(t *rapid.T) {
			started = true
			told = rapid.IntRange(told, len(log)).Draw(t, "to")
			c.Restart(eventstore.Position(told))
		},
		"tell": func(*rapid.T) {
			if started && told < len(log) {
				c.Frame([]eventstore.Recorded{{Tenant: "t", Stream: log[told].Stream, Position: eventstore.Position(told + 1)}})
				told++
			}
		},
		"fill": func(t *rapid.T) {
			key := rapid.SampledFrom(keys).Draw(t, "key")
			proven := eventstore.Position(rapid.IntRange(0, len(log)).Draw(t, "read at"))
			floor := c.Floor(key)
			kept := c.Put(key, valueAt(key, proven), 10, valueAt(key, proven), proven)
			if kept && (!started || proven < floor) {
				t.Fatalf("kept a value of %d; a change at %d was seen", proven, floor)
			}
		},
		"get": func(t *rapid.T) {
			key := rapid.SampledFrom(keys).Draw(t, "key")
			need := eventstore.Position(rapid.IntRange(0, len(log)).Draw(t, "need"))
			value, proven, position, ok := c.Get(key, need)
			if !ok {
				return
			}
			if want := valueAt(key, proven); value != want || position != want || proven < need || proven < eventstore.Position(told) {
				t.Fatalf("%d of %d at %d, needed %d; want %d", value, position, proven, need, want)
			}
		},
	})
}

// Changes, fills and reads at the same time: no reader ever goes back, and none is behind what was told before it asked.
func TestCache_concurrent(t *testing.T) {
	t.Parallel()

	c, err := NewCache[int64](CacheConfig{})
	if err != nil {
		t.Fatal(err)
	}
	c.Restart(0)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	key := Key{"t", uuid.New()}
	var committed atomic.Int64 // every position changes the key
	var hits atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			p := committed.Add(1)
			c.Changed(key.Tenant, key.Stream, eventstore.Position(p))
			c.Seen(eventstore.Position(p))
			time.Sleep(50 * time.Microsecond) // lets entries live for a moment
		}
	})
	for range 4 {
		wg.Go(func() {
			last := int64(0)
			for ctx.Err() == nil {
				floor := int64(c.Floor(key))
				value, _, _, ok := c.Get(key, 0)
				if ok {
					hits.Add(1)
					if value < last || value < floor {
						t.Errorf("%d after %d, floor %d", value, last, floor)
						return
					}
					last = value
					continue
				}
				now := committed.Load()
				c.Put(key, now, 8, eventstore.Position(now), eventstore.Position(now))
				if f := int64(c.Floor(key)); now >= f {
					last = max(last, now)
				}
			}
		})
	}
	wg.Wait()
	if hits.Load() == 0 {
		t.Error("the cache never answered")
	}
}

func TestCache_bounded(t *testing.T) {
	t.Parallel()

	c, err := NewCache[[]byte](CacheConfig{MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	c.Restart(0)
	for i := range 10_000 {
		c.Put(Key{"t", uuid.New()}, nil, 1000, 1, eventstore.Position(i+1))
	}
	eventually(t, func() error {
		c.entries.CleanUp()
		if bytes := c.Stats().Bytes; bytes > 1<<20 {
			return errTooLarge(bytes)
		}
		return nil
	})
}

type errTooLarge uint64

func (errTooLarge) Error() string { return "the cache is larger than it may be" }

// It counts the allocations of the whole process, so it runs alone.
func TestCache_Get_makesNoGarbage(t *testing.T) { //nolint:paralleltest // see above
	c, key := filled(t)
	if n := testing.AllocsPerRun(1000, func() { c.Get(key, 0) }); n != 0 {
		t.Errorf("%v allocations a Get; want none", n)
	}
}

func BenchmarkCache_Get(b *testing.B) {
	c, key := filled(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, _, ok := c.Get(key, 1); !ok {
			b.Fatal("miss")
		}
	}
}

func BenchmarkCache_Changed(b *testing.B) {
	c, key := filled(b)
	p := eventstore.Position(10)
	for b.Loop() {
		p++
		c.Changed(key.Tenant, key.Stream, p)
	}
}

func filled(tb testing.TB) (*Cache[[]byte], Key) {
	tb.Helper()
	c, err := NewCache[[]byte](CacheConfig{})
	if err != nil {
		tb.Fatal(err)
	}
	c.Restart(0)
	var key Key
	for range 1000 {
		key = Key{"demo", uuid.New()}
		c.Put(key, []byte("{}"), 2, 1, 1)
	}
	return c, key
}
