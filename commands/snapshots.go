package commands

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/ordermill/ordermill/eventstore"
)

const (
	snapshotEvery   = 1000             // events of a stream between two snapshots
	snapshotQueue   = 64               // snapshots that may wait to be stored; further ones are dropped, another will come
	snapshotTimeout = 30 * time.Second // for one
	snapshotSize    = 64 << 10         // bytes; of a state n times as large only each nth snapshot is taken
	maxSpared       = 1024             // states of which that is remembered
)

// snapshots makes snapshots of long streams, of the states that commands are decided on. Such a state is ahead of the log:
// its snapshot is stored, beside the commands, once the log has the state's last event. They are a cache: after one that is
// dropped or fails the next one that is due is as good.
type snapshots struct {
	store  *eventstore.Store
	logger *slog.Logger
	queue  chan eventstore.Snapshot
	spared map[ref]int // of large states: how many more times none is taken; of the engine's goroutine
	saved  atomic.Int64
}

func newSnapshots(store *eventstore.Store, logger *slog.Logger) *snapshots {
	return &snapshots{store: store, logger: logger, queue: make(chan eventstore.Snapshot, snapshotQueue), spared: make(map[ref]int)}
}

// take makes snapshots of aggregates as they are now, to be offered once their events are stored.
func (s *snapshots) take(due []*aggregate) []eventstore.Snapshot {
	var taken []eventstore.Snapshot
	for _, a := range due {
		if s.spare(a.ref) {
			continue
		}
		a.long = false
		data := a.kind.save(a.state)
		taken = append(taken, eventstore.Snapshot{
			Tenant: a.tenant, Stream: a.stream, Version: a.version, Event: a.event, Fingerprint: a.kind.format, Data: data,
		})
		if n := len(data) / snapshotSize; n > 1 && len(s.spared) < maxSpared {
			s.spared[a.ref] = n - 1
		}
	}
	return taken
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

// offer lets snapshots be stored. It never waits.
func (s *snapshots) offer(taken []eventstore.Snapshot) {
	for _, snapshot := range taken {
		select {
		case s.queue <- snapshot:
		default:
			return
		}
	}
}

// run stores snapshots until ctx ends.
func (s *snapshots) run(ctx context.Context) {
	for {
		select {
		case snapshot := <-s.queue:
			if err := s.save(ctx, snapshot); err != nil && ctx.Err() == nil {
				s.logger.Warn("a snapshot was not stored", "stream", snapshot.Stream, "version", snapshot.Version, "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

func (s *snapshots) save(ctx context.Context, snapshot eventstore.Snapshot) error {
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	if err := s.store.SaveSnapshots(ctx, []eventstore.Snapshot{snapshot}); err != nil {
		return err
	}
	s.saved.Add(1)
	return nil
}
