package httpx

import (
	"strings"
	"sync"
	"time"
)

// Bounds of remembered tokens: about 4 MB at the very most.
const (
	verifiedTokens = 1024 // in each of two halves
	verifiedBytes  = 2 << 10
	verifiedFor    = 5 * time.Minute // a key that was taken away is noticed by then
)

// verified remembers tokens whose signature was checked, since checking costs more than most requests. It keeps two
// halves: what is found in the older one moves to the younger one, and when that is full the older one is forgotten.
// It is safe for concurrent use.
type verified struct {
	mu           sync.RWMutex
	young, older map[string]remembered
}

type remembered struct {
	identity   Identity
	until      time.Time
	generation uint64
}

func newVerified() *verified {
	return &verified{young: make(map[string]remembered), older: make(map[string]remembered)}
}

func (v *verified) get(token string, generation uint64, now time.Time) (Identity, bool) {
	v.mu.RLock()
	entry, young := v.young[token]
	ok := young
	if !ok {
		entry, ok = v.older[token]
	}
	v.mu.RUnlock()
	if !ok || entry.generation != generation || !now.Before(entry.until) {
		return Identity{}, false
	}
	if !young {
		v.store(strings.Clone(token), entry)
	}
	return entry.identity, true
}

func (v *verified) put(token string, id Identity, generation uint64, now time.Time) {
	if len(token) > verifiedBytes {
		return
	}
	until := now.Add(verifiedFor)
	if end := id.Expires.Add(clockSkew); end.Before(until) {
		until = end
	}
	v.store(strings.Clone(token), remembered{id, until, generation}) // a header's string may belong to a larger buffer
}

func (v *verified) store(token string, entry remembered) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.young) >= verifiedTokens {
		v.young, v.older = make(map[string]remembered, verifiedTokens), v.young
	}
	v.young[token] = entry
}
