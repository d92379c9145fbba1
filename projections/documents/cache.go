package documents

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"

	"github.com/ordermill/ordermill/eventstore"
)

// Cache keeps what the API makes of documents, such as rendered answers, in this process. It is told of every event of
// the log and never gives out what it knows to be outdated.
//
// What it knows of changes is a table of positions, one for many keys: the last change of any of them. A key's slot can
// therefore be too new, which makes an entry look outdated that is not, but never too old. The table has a fixed size,
// forgets nothing, and a change is one comparison.
//
// An entry holds the position that it was proven at when it was filled. It is valid as long as its slot is not beyond
// that, and is then proven at everything that was seen. Cache is safe for concurrent use.
type Cache[V any] struct {
	entries *otter.Cache[Key, *entry[V]]
	seed    maphash.Seed
	changed []atomic.Int64 // by slot: the last position that changed a key of it, or that a key of it was served at
	base    atomic.Int64   // changes up to here are not known
	seen    atomic.Int64   // changes up to here are
	hits    atomic.Int64
	misses  atomic.Int64
}

type entry[V any] struct {
	value    V
	position int64 // of the last event in it
	proven   int64 // when it was filled
	weight   uint32
}

// CacheConfig sets a Cache up. Zero fields mean the documented defaults.
type CacheConfig struct {
	MaxBytes int // of all values, by the sizes that Put is told, and 200 for each; default 32 MiB
	Slots    int // of the table of changes, rounded up to a power of two; default 131,072, which take 1 MiB
}

// NewCache returns an empty cache. It keeps nothing until Restart has told it where its events begin.
func NewCache[V any](config CacheConfig) (*Cache[V], error) {
	if config.MaxBytes <= 0 {
		config.MaxBytes = 32 << 20
	}
	if config.Slots <= 0 {
		config.Slots = 1 << 17
	}
	slots := 1
	for slots < config.Slots {
		slots *= 2
	}
	entries, err := otter.New(&otter.Options[Key, *entry[V]]{
		MaximumWeight: uint64(config.MaxBytes),
		Weigher:       func(key Key, e *entry[V]) uint32 { return e.weight + uint32(len(key.Tenant)) + 200 }, //nolint:gosec // short
	})
	if err != nil {
		return nil, fmt.Errorf("documents: cache: %w", err)
	}
	c := &Cache[V]{entries: entries, seed: maphash.MakeSeed(), changed: make([]atomic.Int64, slots)}
	c.base.Store(1<<63 - 1)
	return c, nil
}

// Restart says that the events after position follow from here on; what came before is not known. It forgets all
// entries. Call it before the first Frame and whenever frames do not follow each other.
func (c *Cache[V]) Restart(position eventstore.Position) {
	c.base.Store(1<<63 - 1) // nothing is put meanwhile
	c.entries.InvalidateAll()
	raise(&c.seen, int64(position))
	c.base.Store(int64(position))
}

// Frame takes note of consecutive events of the log. One goroutine calls it, in order.
func (c *Cache[V]) Frame(events []eventstore.Recorded) {
	for i := range events {
		c.Changed(events[i].Tenant, events[i].Stream, events[i].Position)
	}
	if n := len(events); n > 0 {
		c.Seen(events[n-1].Position)
	}
}

// Changed says that the stream has an event at position.
func (c *Cache[V]) Changed(tenant string, stream uuid.UUID, position eventstore.Position) {
	raise(c.slot(Key{tenant, stream}), int64(position))
}

// Seen says that all changes up to position were told.
func (c *Cache[V]) Seen(position eventstore.Position) { raise(&c.seen, int64(position)) }

// Position returns up to where all changes were told.
func (c *Cache[V]) Position() eventstore.Position { return eventstore.Position(c.seen.Load()) }

// Get returns a value that is proven at need or beyond, the position that it is proven at, and the position of the last
// event in it. It makes no garbage.
func (c *Cache[V]) Get(key Key, need eventstore.Position) (value V, proven, position eventstore.Position, ok bool) {
	seen := c.seen.Load() // before the slot: changes up to here are in it
	e, ok := c.entries.GetIfPresent(key)
	if !ok || c.slot(key).Load() > e.proven || max(seen, e.proven) < int64(need) {
		c.misses.Add(1)
		return value, 0, 0, false
	}
	c.hits.Add(1)
	return e.value, eventstore.Position(max(seen, e.proven)), eventstore.Position(e.position), true
}

// Floor returns the position that an answer about a key must be proven at, so that this process neither takes back what
// it has served nor answers without a change that it has seen. Pass it to Reader as what is needed, if it is more than
// the client's token asks for.
func (c *Cache[V]) Floor(key Key) eventstore.Position { return eventstore.Position(c.slot(key).Load()) }

// Put offers a value that was read elsewhere: proven is where the log certainly was when it was read, position that of
// the last event in it, size its bytes. It is not kept when a change beyond proven was seen meanwhile, and it is served
// to nobody once one is. Either way Floor now keeps this process from serving less.
func (c *Cache[V]) Put(key Key, value V, size int, position, proven eventstore.Position) bool {
	slot := c.slot(key)
	raise(slot, int64(position))
	if int64(proven) < c.base.Load() || slot.Load() > int64(proven) {
		return false
	}
	c.entries.Set(key, &entry[V]{value: value, position: int64(position), proven: int64(proven), weight: uint32(min(size, 1<<30))}) //nolint:gosec // bounded
	if int64(proven) < c.base.Load() {                                                                                              // a restart came in between
		c.entries.Invalidate(key)
		return false
	}
	return true
}

// CacheStats counts the answers of a cache.
type CacheStats struct {
	Hits, Misses int64
	Seen         eventstore.Position
	Bytes        uint64
}

// Stats returns the counters.
func (c *Cache[V]) Stats() CacheStats {
	return CacheStats{c.hits.Load(), c.misses.Load(), eventstore.Position(c.seen.Load()), c.entries.WeightedSize()}
}

// slot returns the place of a key in the table of changes.
func (c *Cache[V]) slot(key Key) *atomic.Int64 {
	h := maphash.String(c.seed, key.Tenant) ^ binary.LittleEndian.Uint64(key.Stream[8:])*0x9E3779B97F4A7C15 ^
		binary.LittleEndian.Uint64(key.Stream[:8])*0xC2B2AE3D27D4EB4F
	h ^= h >> 32
	return &c.changed[h&uint64(len(c.changed)-1)]
}

// raise sets a to v unless it is there or beyond.
func raise(a *atomic.Int64, v int64) {
	for {
		old := a.Load()
		if old >= v || a.CompareAndSwap(old, v) {
			return
		}
	}
}
