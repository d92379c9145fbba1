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
)

// snapshots makes snapshots of long streams, beside the commands and from what the log has: a state in memory may be ahead
// of it, or be changed meanwhile. They are a cache; one that is dropped or fails is made a thousand events later.
type snapshots struct {
	store  *eventstore.Store
	logger *slog.Logger
	queue  chan ref
	saved  atomic.Int64
}

func newSnapshots(store *eventstore.Store, logger *slog.Logger) *snapshots {
	return &snapshots{store: store, logger: logger, queue: make(chan ref, snapshotQueue)}
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
			if err := s.take(ctx, r); err != nil && ctx.Err() == nil {
				s.logger.Warn("no snapshot was taken", "stream", r.stream, "type", r.kind.streamType, "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
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
	err = s.store.SaveSnapshots(ctx, []eventstore.Snapshot{{
		Tenant: r.tenant, Stream: r.stream, Version: a.version, Event: a.event, Fingerprint: r.kind.format, Data: r.kind.save(a.state),
	}})
	if err == nil {
		s.saved.Add(1)
	}
	return err
}

func (s *snapshots) read(ctx context.Context, a *aggregate, format [32]byte) (events int, err error) {
	rests, err := s.store.LoadSnapshots(ctx, a.tenant, []eventstore.StreamFrom{{Stream: a.stream, Fingerprint: format}})
	if err != nil {
		return 0, err
	}
	return len(rests[0].Events), a.follow(&rests[0])
}
