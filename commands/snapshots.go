package commands

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/ordermill/ordermill/eventstore"
)

const (
	snapshotEvery   = 1000             // events of a stream between two snapshots
	snapshotQueue   = 64               // snapshots that may wait to be made; further ones are dropped, another will come
	snapshotTimeout = 30 * time.Second // for one
	snapshotSize    = 64 << 10         // bytes; of a state n times as large only each nth snapshot is taken
	maxSpared       = 1024             // states of which that is remembered
)

// snapshots makes snapshots of long streams, beside the commands and from what the log has: a state in memory may be ahead
// of it, or be changed meanwhile. They are a cache; one that is dropped or fails is made a thousand events later.
type snapshots struct {
	store  *eventstore.Store
	logger *slog.Logger
	queue  chan ref
	spared map[ref]int // of large states: how many more times none is taken
	saved  atomic.Int64
}

func newSnapshots(store *eventstore.Store, logger *slog.Logger) *snapshots {
	return &snapshots{store: store, logger: logger, queue: make(chan ref, snapshotQueue), spared: make(map[ref]int)}
}

// offer asks for a snapshot. It never waits.
func (s *snapshots) offer(r ref) {
	if r.kind.save == nil {
		return
	}
	select {
	case s.queue <- r:
	default:
	}
}

// run makes snapshots until ctx ends.
func (s *snapshots) run(ctx context.Context) {
	for {
		select {
		case r := <-s.queue:
			if s.spare(r) {
				continue
			}
			if err := s.take(ctx, r); err != nil && ctx.Err() == nil {
				s.logger.Warn("no snapshot was taken", "stream", r.stream, "type", r.kind.streamType, "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// spare says that it is too soon for another snapshot of a large state: writing it each time would cost more than all that
// its events do.
func (s *snapshots) spare(r ref) bool {
	left, large := s.spared[r]
	switch {
	case !large:
		return false
	case left == 1:
		delete(s.spared, r)
	default:
		s.spared[r] = left - 1
	}
	return true
}

// take reads a stream to its end and saves what it comes to, unless there is a snapshot that is almost as new.
func (s *snapshots) take(ctx context.Context, r ref) error {
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	a := newAggregate(r)
	events, err := s.read(ctx, a, r.kind.format)
	if errors.Is(err, errSnapshot) {
		a.reset()
		events, err = s.read(ctx, a, [32]byte{})
	}
	if err != nil || events < snapshotEvery/2 {
		return err
	}
	data := r.kind.save(a.state)
	err = s.store.SaveSnapshots(ctx, []eventstore.Snapshot{{
		Tenant: r.tenant, Stream: r.stream, Version: a.version, Event: a.event, Fingerprint: r.kind.format, Data: data,
	}})
	if err != nil {
		return err
	}
	s.saved.Add(1)
	if n := len(data) / snapshotSize; n > 1 && len(s.spared) < maxSpared {
		s.spared[r] = n - 1
	}
	return nil
}

func (s *snapshots) read(ctx context.Context, a *aggregate, format [32]byte) (events int, err error) {
	rests, err := s.store.LoadSnapshots(ctx, a.tenant, []eventstore.StreamFrom{{Stream: a.stream, Fingerprint: format}})
	if err != nil {
		return 0, err
	}
	return len(rests[0].Events), a.follow(&rests[0])
}
