package eventstore

import (
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// bounds of the appender's patience, and of an append inside the server. A lock or statement that takes longer is given
// up there and reported, so a session that stalls while it holds the log's row hangs nobody for ever.
type bounds struct {
	connect   time.Duration
	lock      time.Duration // for the log's row
	statement time.Duration
	lane      time.Duration // without an answer until then the connection is given up
	patience  time.Duration // how long an append is kept waiting or tried again
	resolve   time.Duration // how long an unclear outcome is looked into before its callers are told
	tick      time.Duration // how often the patience of those who wait is looked at
}

func defaultBounds() bounds {
	return bounds{
		connect: 5 * time.Second, lock: 5 * time.Second, statement: 10 * time.Second, lane: 15 * time.Second,
		patience: 10 * time.Second, resolve: 30 * time.Second, tick: time.Second,
	}
}

// pending is an append on its way to the log.
type pending struct {
	prepared
	done   func(Result, error) // called once, from the appender; it must not block
	since  time.Time
	tries  int
	alone  bool // shares no batch: it or a neighbour made the last one fail
	looked bool // is looked up before it is inserted: something in its batch was not as free as it seemed
	doubt  bool // was sent and not answered: no failure proves any more that it is not stored
	state  atomic.Int32
}

// The states of a pending append: only a waiting one can be taken back.
const (
	waiting int32 = iota
	sent
	withdrawn
)

// claim makes p the appender's own, unless its caller has withdrawn it.
func (p *pending) claim() bool {
	return p.state.CompareAndSwap(waiting, sent) || p.state.Load() == sent
}

// withdraw takes p back, unless it was sent.
func (p *pending) withdraw() bool { return p.state.CompareAndSwap(waiting, withdrawn) }

// inFlight is a batch that was sent and not answered.
type inFlight struct {
	appends []*pending
	way     way
	past    *Past // of the log that it is for
	sentAt  time.Time
}

// cut splits off the next batch: within the limits, with no key, no claim and no decision twice, leaving out what was
// withdrawn. It forgets what was seen before.
func cut(queue []*pending, seen *values) (batch, rest []*pending) {
	seen.clear()
	batch = make([]*pending, 0, min(len(queue), maxBatchAppends))
	events, size, n := 0, 0, 0
	for _, p := range queue {
		if len(batch) > 0 && (len(batch) >= maxBatchAppends || events+len(p.Events) > maxBatchEvents ||
			size+p.bytes > maxBatchBytes || p.alone || batch[0].alone || seen.hasAny(p)) {
			break
		}
		n++
		if !p.claim() {
			continue
		}
		seen.add(p)
		batch = append(batch, p)
		events, size = events+len(p.Events), size+p.bytes
	}
	if n == len(queue) {
		clear(queue)
		return batch, queue[:0]
	}
	clear(queue[:n]) // the array lives on, what was sent need not
	return batch, queue[n:]
}

// values are the keys, claims and decisions of a batch.
type values struct {
	keys      map[keyValue]struct{}
	claims    map[claimValue]struct{}
	decisions map[decisionValue]struct{}
}

type keyValue struct {
	tenant, client string
	hash           [32]byte
}

type claimValue struct{ tenant, scope, value string }

type decisionValue struct {
	tenant string
	id     uuid.UUID
}

// clear forgets all values, and the memory of many too.
func (v *values) clear() {
	if len(v.keys)+len(v.claims)+len(v.decisions) > 8*maxBatchAppends {
		*v = values{}
	}
	clear(v.keys)
	clear(v.claims)
	clear(v.decisions)
}

func (v *values) hasAny(p *pending) bool {
	if p.Key != nil {
		if _, ok := v.keys[keyValue{p.Tenant, p.Key.Client, p.Key.Hash}]; ok {
			return true
		}
	}
	for _, c := range p.Claims {
		if _, ok := v.claims[claimValue{p.Tenant, c.Scope, c.Value}]; ok {
			return true
		}
	}
	if p.Decision != nil {
		_, ok := v.decisions[decisionValue{p.Tenant, p.Decision.ID}]
		return ok
	}
	return false
}

func (v *values) add(p *pending) {
	if p.Key != nil {
		if v.keys == nil {
			v.keys = make(map[keyValue]struct{})
		}
		v.keys[keyValue{p.Tenant, p.Key.Client, p.Key.Hash}] = struct{}{}
	}
	for _, c := range p.Claims {
		if v.claims == nil {
			v.claims = make(map[claimValue]struct{})
		}
		v.claims[claimValue{p.Tenant, c.Scope, c.Value}] = struct{}{}
	}
	if p.Decision != nil {
		if v.decisions == nil {
			v.decisions = make(map[decisionValue]struct{})
		}
		v.decisions[decisionValue{p.Tenant, p.Decision.ID}] = struct{}{}
	}
}
