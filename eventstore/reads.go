package eventstore

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Bounds of what reads keeps: enough for consumers of one process that catch up more or less together.
const (
	readsEvents = 65_536
	readsAge    = 5 * time.Second
)

// reads keeps the ranges of a log that were read from the database last, so that the consumers of a process that are
// behind read each of them once and not each for itself. A range is kept only if more events followed it, so it is
// history and cannot change. It is safe for concurrent use.
type reads struct {
	most int // bytes

	mu     sync.Mutex
	ranges []*readRange // oldest first
	events int
	bytes  int
}

// readRange is some events after a position. They are there once done is closed, none if reading them failed.
type readRange struct {
	epoch  int64
	after  Position
	limit  int
	at     time.Time
	done   chan struct{}
	events []Recorded
	bytes  int
}

func (r *readRange) covers(epoch int64, position Position) bool {
	return r.epoch == epoch && position > r.after && position <= r.after+Position(r.limit)
}

// readTogether is readStored for consumers that go along the log. It returns at most limit events, and reports whether
// they are all there were: fewer than limit may also be what is left of a range that somebody else has read.
func (s *Store) readTogether(ctx context.Context, epoch int64, after Position, limit int) (events []Recorded, all bool, err error) {
	mine, theirs := s.tail.reads.claim(epoch, after, limit)
	if theirs != nil {
		select {
		case <-theirs.done:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
		if skip := int(after - theirs.after); skip < len(theirs.events) {
			rest := theirs.events[skip:]
			return rest[:min(limit, len(rest)):min(limit, len(rest))], false, nil
		} // else it failed, or ended with the log, which may have grown since
	}
	events, err = s.readStored(ctx, after, limit)
	if mine != nil {
		s.tail.reads.settle(mine, events)
	}
	return events, err == nil && len(events) < limit, err
}

// claim returns somebody's range that has, or will have, the event after a position, or else one for the caller to read.
func (r *reads) claim(epoch int64, after Position, limit int) (mine, theirs *readRange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for len(r.ranges) > 0 && (r.events > readsEvents || r.bytes > r.most || now.Sub(r.ranges[0].at) > readsAge) {
		r.remove(0)
	}
	for _, known := range r.ranges {
		if known.covers(epoch, after+1) {
			return nil, known
		}
	}
	mine = &readRange{epoch: epoch, after: after, limit: limit, at: now, done: make(chan struct{})}
	r.ranges = append(r.ranges, mine)
	return mine, nil
}

// settle says what came of a claim. Those who wait for it get what there is; nobody else gets a range that may go on.
func (r *reads) settle(mine *readRange, events []Recorded) {
	r.mu.Lock()
	defer r.mu.Unlock()
	mine.events = events
	for i := range events {
		mine.bytes += sizeOf(&events[i])
	}
	close(mine.done)
	if i := slices.Index(r.ranges, mine); i >= 0 {
		r.events, r.bytes = r.events+len(mine.events), r.bytes+mine.bytes
		if len(events) < mine.limit {
			r.remove(i)
		}
	}
}

// forget drops all ranges: the log may have become another one.
func (r *reads) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.ranges) > 0 {
		r.remove(0)
	}
}

// remove drops a range. The caller holds mu.
func (r *reads) remove(i int) {
	gone := r.ranges[i]
	select {
	case <-gone.done:
		r.events, r.bytes = r.events-len(gone.events), r.bytes-gone.bytes
	default: // it is being read and was not counted so far
	}
	r.ranges = slices.Delete(r.ranges, i, i+1)
}
