package projections

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/ordermill/ordermill/eventstore"
)

// folding is one projection's part in reading the log: which events it takes, what comes of them, and which could not
// be taken.
type folding struct {
	of     *projection
	to     map[eventstore.LogID]eventstore.Position // the last event that it takes
	until  func(stream uuid.UUID) eventstore.Position
	skip   map[eventstore.LogID]map[eventstore.Position]struct{} // parked events
	fold   Fold
	parked map[eventstore.LogID][]follower
}

// replay reads each log once and folds it into every folding. Each core decodes and folds the streams that fall to it;
// in the end the parts are merged.
type replay struct {
	set      *Set
	foldings []*folding
	progress func(log eventstore.LogID, at eventstore.Position)
	versions bool // check that streams are dense too
}

// worker is what one core has.
type worker struct {
	*replay
	number, of int
	log        eventstore.LogID
	folds      []Fold
	broken     []map[uuid.UUID]struct{} // streams that cannot go on, by folding
	followers  [][]follower
	seen       map[uuid.UUID]eventstore.Version
	faults     []Difference
	event      Event // the one at hand
}

// run reads the logs up to the furthest position that a folding wants, and returns the faults of the logs themselves.
func (r *replay) run(ctx context.Context) ([]Difference, error) {
	workers := make([]*worker, runtime.GOMAXPROCS(0))
	for i := range workers {
		workers[i] = r.newWorker(i, len(workers))
	}
	var faults []Difference
	for _, store := range r.set.stores {
		if err := r.read(ctx, store, workers); err != nil {
			return nil, err
		}
		for _, w := range workers {
			faults = append(faults, w.faults...)
			for i, f := range r.foldings {
				f.parked[store.Log()] = append(f.parked[store.Log()], w.followers[i]...)
			}
			w.next()
		}
	}
	return faults, r.merge(workers)
}

func (r *replay) newWorker(number, of int) *worker {
	w := &worker{replay: r, number: number, of: of}
	for _, f := range r.foldings {
		w.folds = append(w.folds, f.of.newFold())
	}
	w.next()
	return w
}

// next prepares a worker for another log.
func (w *worker) next() {
	w.broken = make([]map[uuid.UUID]struct{}, len(w.foldings))
	w.followers = make([][]follower, len(w.foldings))
	w.seen, w.faults = nil, nil
	if w.versions {
		w.seen = make(map[uuid.UUID]eventstore.Version)
	}
}

func (r *replay) read(ctx context.Context, store *eventstore.Store, workers []*worker) error {
	var to eventstore.Position
	for _, f := range r.foldings {
		to = max(to, f.to[store.Log()])
	}
	g, ctx := errgroup.WithContext(ctx)
	queues := make([]chan []eventstore.Recorded, len(workers))
	for i, w := range workers {
		w.log = store.Log()
		queues[i] = make(chan []eventstore.Recorded, 4)
		g.Go(func() error { return w.work(queues[i]) })
	}
	g.Go(func() error {
		defer func() {
			for _, q := range queues {
				close(q)
			}
		}()
		return store.Scan(ctx, 0, to, func(events []eventstore.Recorded) error {
			for _, q := range queues {
				select {
				case q <- events:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			if r.progress != nil {
				r.progress(store.Log(), events[len(events)-1].Position)
			}
			return nil
		})
	})
	return g.Wait()
}

// work folds the events of the streams that fall to this worker, in order.
func (w *worker) work(queue <-chan []eventstore.Recorded) (err error) {
	for events := range queue {
		for i := range events {
			rec := &events[i]
			if w.of > 1 && int(binary.BigEndian.Uint32(rec.Stream[12:]))%w.of != w.number {
				continue
			}
			if err := w.take(rec); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *worker) take(rec *eventstore.Recorded) error {
	if w.versions {
		if before := w.seen[rec.Stream]; rec.Version != before+1 {
			w.faults = append(w.faults, Difference{
				Projection: "log", Position: rec.Position, Key: rec.Stream.String(),
				Problem: fmt.Sprintf("version %d of the stream follows version %d", rec.Version, before),
			})
		}
		w.seen[rec.Stream] = rec.Version
	}
	e := &w.event
	var err error
	*e, err = Decode(*rec)
	for i, f := range w.foldings {
		if rec.Position > f.to[w.log] || (f.until != nil && rec.Position > f.until(rec.Stream)) {
			continue
		}
		if len(f.skip[w.log]) > 0 {
			if _, skip := f.skip[w.log][rec.Position]; skip {
				continue
			}
		}
		if _, follows := w.broken[i][rec.Stream]; follows {
			w.followers[i] = append(w.followers[i], follower{position: rec.Position, stream: rec.Stream, tenant: rec.Tenant})
			continue
		}
		failure := err
		if failure == nil {
			failure = w.add(w.folds[i], e)
		}
		var panicked *panicError
		if errors.As(failure, &panicked) {
			return fmt.Errorf("fold of %s at position %d: %w", f.of.name, rec.Position, failure)
		}
		if failure != nil {
			if w.broken[i] == nil {
				w.broken[i] = make(map[uuid.UUID]struct{})
			}
			w.broken[i][rec.Stream] = struct{}{}
			w.followers[i] = append(w.followers[i], follower{rec.Position, rec.Stream, rec.Tenant, reasonOf(failure)})
		}
	}
	return nil
}

// panicError is a fold's panic: unlike an error it may leave half of an event behind.
type panicError struct{ value any }

// Error implements error.
func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

func (w *worker) add(fold Fold, e *Event) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicError{r}
		}
	}()
	return fold.Add(e)
}

// merge joins the workers' folds, the projections side by side.
func (r *replay) merge(workers []*worker) error {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range r.foldings {
		g.Go(func() error {
			f.fold = workers[0].folds[i]
			for _, w := range workers[1:] {
				if err := f.fold.Merge(w.folds[i]); err != nil {
					return fmt.Errorf("merge folds of %s: %w", f.of.name, err)
				}
				w.folds[i] = nil
			}
			for _, followers := range f.parked {
				slices.SortFunc(followers, func(a, b follower) int { return int(a.position - b.position) })
			}
			return nil
		})
	}
	return g.Wait()
}
