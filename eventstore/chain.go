package eventstore

import (
	"math/rand/v2"
	"sync/atomic"

	"github.com/google/uuid"
)

// way is how far a batch relies on all going well.
type way int16

const (
	insertFirst way = iota // keys and claims are taken to be free; else nothing is stored and the batch is sent again
	lookFirst              // they are looked up
	oneByOne               // an append contradicts an earlier one
)

const (
	fewAppends   = 4      // fewer are not worth the risk of being sent again
	waryBatches  = 256    // are looked up first after one that had to be sent again, so that hardly any is
	knownStreams = 16_384 // are remembered at least, unless tenants are too many
	knownTenants = 4_096  // are told apart at most
)

// chain is what a session knows of streams from the batches that it has sent, so that the server need not look them up
// for every read: nobody else has appended to the log since, unless it ends elsewhere than this session left it. That is
// for the server to say; a batch tells it what its reads rely on.
//
// way and refused, and the field since, are safe for concurrent use; everything else is for one goroutine at a time.
type chain struct {
	serial     int64                  // of the last batch; begins at random, so that a session that is used again matches nothing
	young, old map[uuid.UUID]standing // without pointers, so that the garbage collector passes by
	tenants    map[string]int32       // by number from 1
	since      atomic.Int64           // batches before this one prove nothing
	wary       atomic.Int32           // batches to be looked up first
}

// standing is where a stream was when a batch was sent, provided that it and those before went well.
type standing struct {
	serial  int64 // of the batch
	written bool  // by that batch
	version Version
	event   uuid.UUID
	tenant  int32
}

func newChain() *chain {
	c := &chain{serial: 1 + rand.Int64N(1<<40)} //nolint:gosec // no secret
	c.forget()
	return c
}

func (c *chain) forget() {
	c.young, c.old, c.tenants = make(map[uuid.UUID]standing), nil, make(map[string]int32)
}

// plan is what the server is told of a batch's reads.
type plan struct {
	way     way
	serial  int64
	since   int64 // the earliest batch that a vouched read relies on
	unknown []int // ordinals, from 1, of reads that the server has to look up
	vouched []int // of those that it has to look up if the log is not where this session left it
}

// way chooses how a batch is sent.
func (c *chain) way(batch []*pending) way {
	if c.wary.Load() > 0 {
		c.wary.Add(-1)
		return lookFirst
	}
	if len(batch) < fewAppends {
		return lookFirst
	}
	for _, p := range batch {
		if p.doubt || p.looked { // it may be there already
			return lookFirst
		}
	}
	return insertFirst
}

// refused says that something was not as free as it was taken to be.
func (c *chain) refused() { c.wary.Store(waryBatches) }

// next takes note of the batch that is sent next.
func (c *chain) next(batch []*pending, w way) plan {
	c.serial++
	known := plan{way: w, serial: c.serial, since: c.serial}
	n, least := 0, c.since.Load()
	c.makeRoom(len(batch))
	for _, p := range batch {
		tenant := c.tenant(p.Tenant)
		for i := range p.Reads {
			n++
			c.read(&known, n, tenant, p, i, least)
		}
		for i := range p.Events {
			e := &p.Events[i]
			c.put(e.Stream, standing{c.serial, true, p.versions[i], e.ID, tenant})
		}
	}
	return known
}

// read decides what shows that a read holds.
func (c *chain) read(known *plan, n int, tenant int32, p *pending, i int, least int64) {
	r := &p.Reads[i]
	s, met := c.get(r.Stream)
	same := met && s.version == r.Version && s.event == r.Event && s.tenant == tenant
	switch {
	case same && s.serial == c.serial:
		return // an earlier append of the batch leaves it so, or reads the same
	case met && s.serial == c.serial && s.written:
		known.way = oneByOne
	case same && s.serial >= least:
		known.vouched = append(known.vouched, n)
		known.since = min(known.since, s.serial)
	case known.way == insertFirst && r.Version == 0 && len(p.Events) > 0 && p.Events[0].Stream == r.Stream:
		// its first version is unique
	default:
		known.unknown = append(known.unknown, n)
	}
	c.put(r.Stream, standing{c.serial, false, r.Version, r.Event, tenant})
}

func (c *chain) tenant(name string) int32 {
	number, ok := c.tenants[name]
	if !ok {
		number = int32(len(c.tenants)) + 1 //nolint:gosec // bounded
		c.tenants[name] = number
	}
	return number
}

func (c *chain) get(stream uuid.UUID) (standing, bool) {
	if s, ok := c.young[stream]; ok {
		return s, true
	}
	s, ok := c.old[stream]
	return s, ok
}

// makeRoom forgets streams that were not met for long. Nothing is forgotten within a batch: what its appends have written
// is known from nowhere else.
func (c *chain) makeRoom(appends int) {
	switch {
	case len(c.tenants)+appends > knownTenants:
		c.forget()
	case len(c.young) >= knownStreams:
		c.young, c.old = make(map[uuid.UUID]standing, knownStreams), c.young
	}
}

func (c *chain) put(stream uuid.UUID, s standing) { c.young[stream] = s }
