package documents

import (
	"container/list"
	"sync"
)

// recentBytes bounds what one recent keeps unless its kind says otherwise, measured in JSON; as states in memory it is
// some two to three times that.
const recentBytes = 8 << 20

// recent keeps the documents that were changed last, so that a projector need not read back what it has just written.
// Whoever takes a holding owns it, until it is put back. It is safe for concurrent use.
type recent struct {
	most int // bytes

	mu    sync.Mutex
	size  int
	order list.List // of *recentEntry, the newest first
	byKey map[Key]*list.Element
}

type recentEntry struct {
	key  Key
	held *holding
	cost int
}

func newRecent(most int) *recent {
	return &recent{most: most, byKey: make(map[Key]*list.Element)}
}

// take removes and returns a document, or nil.
func (r *recent) take(key Key) *holding {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.byKey[key]
	if !ok {
		return nil
	}
	return r.remove(e).held
}

// put keeps a document and forgets the oldest ones that no longer fit.
func (r *recent) put(key Key, h *holding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.byKey[key]; ok {
		r.remove(e)
	}
	entry := &recentEntry{key: key, held: h, cost: h.size + 256}
	r.byKey[key] = r.order.PushFront(entry)
	r.size += entry.cost
	for r.size > r.most && r.order.Len() > 1 {
		r.remove(r.order.Back())
	}
}

// clear forgets everything.
func (r *recent) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.order.Init()
	clear(r.byKey)
	r.size = 0
}

func (r *recent) remove(e *list.Element) *recentEntry {
	entry, _ := r.order.Remove(e).(*recentEntry) // it holds nothing else
	delete(r.byKey, entry.key)
	r.size -= entry.cost
	return entry
}
