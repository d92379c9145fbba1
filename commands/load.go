package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/ordermill/ordermill/eventstore"
)

// loader reads streams: the store, or the store under the lock.
type loader interface {
	LoadSnapshots(ctx context.Context, tenant string, streams []eventstore.StreamFrom) ([]eventstore.StreamRest, error)
}

// load reads aggregates to their ends: on from where the states have them if the log has that event, else from a snapshot
// or from their first event.
func (e *Engine) load(ctx context.Context, from loader, refs []ref) error {
	byTenant := make(map[string][]*aggregate)
	seen := make(map[ref]bool, len(refs))
	for _, r := range refs {
		if seen[r] {
			continue
		}
		seen[r] = true
		a := e.states.get(r)
		if a == nil {
			a = newAggregate(r)
		}
		byTenant[r.tenant] = append(byTenant[r.tenant], a)
	}
	for tenant, wanted := range byTenant {
		if err := e.readOn(ctx, from, tenant, wanted); err != nil {
			for _, a := range wanted {
				e.states.drop(a.ref) // it may have been moved on in part
			}
			return err
		}
		for _, a := range wanted {
			e.states.put(a)
		}
	}
	return nil
}

func (e *Engine) readOn(ctx context.Context, from loader, tenant string, wanted []*aggregate) error {
	streams := make([]eventstore.StreamFrom, len(wanted))
	for i, a := range wanted {
		streams[i] = eventstore.StreamFrom{Stream: a.stream, After: a.version, Event: a.event, Fingerprint: a.kind.format}
	}
	rests, err := from.LoadSnapshots(ctx, tenant, streams)
	if err != nil {
		return err
	}
	for i, a := range wanted {
		e.stats.loaded.Add(int64(len(rests[i].Events)))
		err := a.follow(&rests[i])
		if errors.Is(err, errSnapshot) {
			e.config.Logger.Warn("a snapshot cannot be read; the events are folded instead", "stream", a.stream, "type", a.kind.streamType, "error", err)
			err = e.fold(ctx, from, tenant, a)
		}
		if err != nil {
			return err
		}
		a.long = a.long || len(rests[i].Events) >= snapshotEvery
	}
	return nil
}

// fold reads an aggregate from its first event.
func (e *Engine) fold(ctx context.Context, from loader, tenant string, a *aggregate) error {
	a.reset()
	rests, err := from.LoadSnapshots(ctx, tenant, []eventstore.StreamFrom{{Stream: a.stream}})
	if err != nil {
		return err
	}
	e.stats.loaded.Add(int64(len(rests[0].Events)))
	if err := a.follow(&rests[0]); err != nil {
		return fmt.Errorf("fold from the first event: %w", err)
	}
	a.long = true
	return nil
}
