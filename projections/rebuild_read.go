package projections

import (
	"context"
	"fmt"

	"github.com/ordermill/ordermill/eventstore"
)

// read folds the logs for all jobs.
func (r *rebuild) read(ctx context.Context) error {
	var total int64
	replay := &replay{set: r.set, versions: true, foldings: r.foldings()}
	for _, store := range r.set.stores {
		at, err := r.endOf(ctx, store)
		if err != nil {
			return err
		}
		r.at[store.Log()] = at
		for _, f := range replay.foldings {
			f.to[store.Log()] = at.Position
		}
		total += int64(at.Position)
	}
	var done int64 // of logs that are read
	var current eventstore.LogID
	var last int64
	r.report(Progress{Phase: PhaseRead, Total: total})
	replay.progress = func(log eventstore.LogID, at eventstore.Position) {
		if log != current {
			done, current, last = done+last, log, 0
		}
		last = int64(at)
		r.report(Progress{Phase: PhaseRead, Log: log, Done: done + last, Total: total})
	}
	faults, err := replay.run(ctx)
	if err == nil && len(faults) > 0 {
		err = fmt.Errorf("the log is damaged: stream %s at position %d: %s", faults[0].Key, faults[0].Position, faults[0].Problem)
	}
	for _, j := range r.jobs {
		j.fold = j.folding.fold
	}
	r.events = total
	return err
}

// endOf returns where reading a log ends.
func (r *rebuild) endOf(ctx context.Context, store *eventstore.Store) (at Checkpoint, err error) {
	if at.Position, at.Event, err = store.Head(ctx); err != nil {
		return at, err
	}
	if r.options.Until > at.Position {
		return at, fmt.Errorf("position %d is not in log %d, which ends at %d", r.options.Until, store.Log(), at.Position)
	}
	if r.options.Until > 0 {
		at.Position = r.options.Until
		if at.Event, err = store.EventAt(ctx, at.Position); err != nil {
			return at, err
		}
	}
	at.Epoch, err = store.Epoch(ctx)
	return at, err
}
