package eventstore

import (
	"errors"
	"sync"
	"time"
)

// keyCache keeps unwrapped keys for a while. It has two generations of half its size: when the younger one is full the
// older one is dropped, which bounds it without any bookkeeping a key. It is safe for concurrent use.
type keyCache struct {
	half int
	ttl  time.Duration

	mu     sync.Mutex
	young  map[person]cachedKey
	old    map[person]cachedKey
	erased int // keys that this process knows to be destroyed meanwhile
}

type cachedKey struct {
	personKey
	until time.Time
}

func newKeyCache(size int, ttl time.Duration) *keyCache {
	return &keyCache{half: max(1, size/2), ttl: ttl, young: make(map[person]cachedKey)}
}

func (c *keyCache) get(p person, now time.Time) (personKey, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.young[p]
	if !ok {
		k, ok = c.old[p]
	}
	return k.personKey, ok && now.Before(k.until)
}

// erasures counts the keys that this process was told are destroyed.
func (c *keyCache) erasures() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.erased
}

// put keeps what was read since there were that many erasures. After another one it is not certain to hold still, and
// is read again next time. Faults are not kept: a repaired one is noticed at once.
func (c *keyCache) put(keys map[person]personKey, now time.Time, erasures int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.erased != erasures {
		return
	}
	for p, k := range keys {
		if k.err == nil || errors.Is(k.err, ErrErased) {
			c.keep(p, cachedKey{k, now.Add(c.ttl)})
		}
	}
}

func (c *keyCache) keep(p person, k cachedKey) {
	if len(c.young) >= c.half {
		c.young, c.old = make(map[person]cachedKey), c.young
	}
	c.young[p] = k
}

// clear forgets all keys.
func (c *keyCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erased++
	c.young, c.old = make(map[person]cachedKey), nil
}

// drop forgets a key, so that it is read again.
func (c *keyCache) drop(p person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, p)
	delete(c.old, p)
}

// erase replaces a key by the knowledge that it is destroyed.
func (c *keyCache) erase(p person, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erased++
	c.keep(p, cachedKey{personKey{err: ErrErased}, now.Add(c.ttl)})
}
