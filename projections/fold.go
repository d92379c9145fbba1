package projections

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/ordermill/ordermill/eventstore"
)

// folding is one projection's part in reading the log, or that of several which share a fold: which events it takes,
// what comes of them, and which could not be taken.
type folding struct {
	of     *projection
	to     map[eventstore.LogID]eventstore.Position // the last event that it takes
	until  func(stream uuid.UUID) eventstore.Position
	skip   map[eventstore.LogID]map[eventstore.Position]struct{} // parked events
	fold   Fold
	parked map[eventstore.LogID][]follower
}

// readAhead is how many batches wait for each core at most.
const readAhead = 16

// replay reads each log once and folds it into every folding. Each core decodes and folds the streams that fall to it;
// in the end the parts are merged.
type replay struct {
	set      *Set
	foldings []*folding
	progress func(log eventstore.LogID, at eventstore.Position)
	versions bool // check that streams are dense too
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
	w := &worker{replay: r, number: number, of: of, ordinals: newOrdinals()}
	for _, f := range r.foldings {
		w.folds = append(w.folds, f.of.newFold())
	}
	w.next()
	return w
}

func (r *replay) read(ctx context.Context, store *eventstore.Store, workers []*worker) error {
	var to eventstore.Position
	for _, f := range r.foldings {
		to = max(to, f.to[store.Log()])
	}
	g, ctx := errgroup.WithContext(ctx)
	queues := make([]chan *eventstore.Batch, len(workers))
	for i, w := range workers {
		w.log = store.Log()
		queues[i] = make(chan *eventstore.Batch, readAhead)
		g.Go(func() error { return w.work(queues[i]) })
	}
	g.Go(func() error {
		defer func() {
			for _, q := range queues {
				close(q)
			}
		}()
		return store.Scan(ctx, 0, to, func(batch *eventstore.Batch) error {
			batch.Share(len(queues))
			last := batch.Events[len(batch.Events)-1].Position
			for _, q := range queues {
				select {
				case q <- batch:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			if r.progress != nil {
				r.progress(store.Log(), last)
			}
			return nil
		})
	})
	return g.Wait()
}

// merge seals the workers' folds, all cores at once, and joins them, the projections side by side.
func (r *replay) merge(workers []*worker) error {
	var g errgroup.Group
	for _, w := range workers {
		g.Go(w.seal)
	}
	if err := g.Wait(); err != nil {
		return err
	}
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

// worker is what one core has.
type worker struct {
	*replay
	number, of int
	log        eventstore.LogID
	folds      []Fold
	wanted     []wanted
	broken     []map[uuid.UUID]struct{} // streams that cannot go on, by folding
	followers  [][]follower
	ordinals   *ordinals
	seen       []eventstore.Version // by ordinal
	faults     []Difference

	event Event // the one at hand
	at    int   // the folding at hand
}

// wanted says which foldings take the events of a stream type.
type wanted struct {
	streamType string
	foldings   []int
}

// next prepares a worker for another log.
func (w *worker) next() {
	w.broken = make([]map[uuid.UUID]struct{}, len(w.foldings))
	w.followers = make([][]follower, len(w.foldings))
	w.seen, w.faults = nil, nil
}

// work folds the events of the streams that fall to this worker, in order.
func (w *worker) work(queue <-chan *eventstore.Batch) (err error) {
	defer func() {
		if r := recover(); r != nil { // unlike an error it may leave half of an event behind
			err = fmt.Errorf("fold of %s at position %d: panic: %v", w.foldings[w.at].of.name, w.event.Position, r)
		}
	}()
	for batch := range queue {
		for i := range batch.Events {
			rec := &batch.Events[i]
			if w.of > 1 && int(binary.BigEndian.Uint32(rec.Stream[12:]))%w.of != w.number {
				continue
			}
			w.take(rec)
		}
		batch.Release()
		runtime.Gosched() // the goroutine that reads on may wait for this core, and the server for it
	}
	return nil
}

func (w *worker) take(rec *eventstore.Recorded) {
	e := &w.event
	e.Recorded, e.ordinal = *rec, w.ordinals.of(rec.Stream)
	if w.versions {
		w.follows(e)
	}
	decoded, failure := false, error(nil)
	for _, i := range w.wantedOf(rec.StreamType) {
		f := w.foldings[i]
		w.at = i
		if rec.Position > f.to[w.log] || (f.until != nil && rec.Position > f.until(rec.Stream)) {
			continue
		}
		if len(f.skip) > 0 {
			if _, skip := f.skip[w.log][rec.Position]; skip {
				continue
			}
		}
		if len(w.broken[i]) > 0 {
			if _, follows := w.broken[i][rec.Stream]; follows {
				w.followers[i] = append(w.followers[i], follower{position: rec.Position, stream: rec.Stream, tenant: rec.Tenant})
				continue
			}
		}
		if !decoded {
			e.Body, failure = decodeBody(rec)
			decoded = true
		}
		err := failure
		if err == nil {
			err = w.folds[i].Add(e)
		}
		if err == nil {
			continue
		}
		if w.broken[i] == nil {
			w.broken[i] = make(map[uuid.UUID]struct{})
		}
		w.broken[i][rec.Stream] = struct{}{}
		w.followers[i] = append(w.followers[i], follower{rec.Position, rec.Stream, rec.Tenant, reasonOf(err)})
	}
}

// follows notes a version that does not follow the one before.
func (w *worker) follows(e *Event) {
	for len(w.seen) <= int(e.ordinal) {
		w.seen = append(w.seen, 0)
	}
	if before := w.seen[e.ordinal]; e.Version != before+1 {
		w.faults = append(w.faults, Difference{
			Projection: "log", Position: e.Position, Key: e.Stream.String(),
			Problem: fmt.Sprintf("version %d of the stream follows version %d", e.Version, before),
		})
	}
	w.seen[e.ordinal] = e.Version
}

func (w *worker) wantedOf(streamType string) []int {
	for i := range w.wanted {
		if w.wanted[i].streamType == streamType {
			return w.wanted[i].foldings
		}
	}
	of := wanted{streamType: streamType}
	for i, f := range w.foldings {
		if f.of.takes(streamType) {
			of.foldings = append(of.foldings, i)
		}
	}
	w.wanted = append(w.wanted, of)
	return of.foldings
}

func (w *worker) seal() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("seal the fold of %s: panic: %v", w.foldings[w.at].of.name, r)
		}
	}()
	for i, fold := range w.folds {
		w.at = i
		if sealer, ok := fold.(Sealer); ok {
			if err := sealer.Seal(); err != nil {
				return fmt.Errorf("seal the fold of %s: %w", w.foldings[i].of.name, err)
			}
		}
	}
	return nil
}

// ordinals number the streams that a worker meets, from 1.
type ordinals struct {
	known  map[uuid.UUID]int32
	recent [256]struct { // those met last, by the last byte of their id
		id      uuid.UUID
		ordinal int32
	}
}

func newOrdinals() *ordinals { return &ordinals{known: make(map[uuid.UUID]int32)} }

func (o *ordinals) of(id uuid.UUID) int32 {
	recent := &o.recent[id[15]]
	if recent.id == id && recent.ordinal > 0 {
		return recent.ordinal
	}
	n, ok := o.known[id]
	if !ok {
		n = int32(len(o.known) + 1) //nolint:gosec // memory ends sooner
		o.known[id] = n
	}
	recent.id, recent.ordinal = id, n
	return n
}
