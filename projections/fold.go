package projections

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/ordermill/ordermill/eventstore"
)

// folding is one projection's part in reading the log, or that of several which share a fold: which events it takes,
// what comes of them, and which could not be taken.
type folding struct {
	of     *projection
	to     map[eventstore.LogID]eventstore.Position // the last event that it takes
	at     map[eventstore.LogID]Checkpoint          // of the generation that it is compared with
	until  func(stream uuid.UUID) eventstore.Position
	skip   map[eventstore.LogID]map[eventstore.Position]struct{} // parked events
	fold   Fold
	parked map[eventstore.LogID][]follower
	failed error // why there is no fold; that of others is none of it

	poison map[eventstore.LogID]map[uuid.UUID]follower // events that made the fold panic, the first of each stream
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

// maxPasses bounds how often a log is read for a fold that panics. Each time more streams are left out.
const maxPasses = 4

// run reads the logs up to the furthest position that a folding wants, and returns the faults of the logs themselves. An
// event that a fold cannot take parks its stream, as it does in a live projection. One that makes it panic may have left
// half of itself behind, so that fold, and no other, is made anew without it.
func (r *replay) run(ctx context.Context) ([]Difference, error) {
	faults, err := r.pass(ctx)
	again := r
	for pass := 1; err == nil; pass++ {
		if again = again.spoiled(); len(again.foldings) == 0 {
			break
		}
		if pass == maxPasses {
			for _, f := range again.foldings {
				f.failed = fmt.Errorf("fold of %s: it panics on events of too many streams", f.of.name)
			}
			break
		}
		_, err = again.pass(ctx)
	}
	return faults, err
}

// spoiled returns the replay of the foldings whose folds have panicked.
func (r *replay) spoiled() *replay {
	again := &replay{set: r.set}
	for _, f := range r.foldings {
		if f.fold == nil && f.failed == nil {
			f.parked = make(map[eventstore.LogID][]follower)
			again.foldings = append(again.foldings, f)
		}
	}
	return again
}

// pass is run, once.
func (r *replay) pass(ctx context.Context) ([]Difference, error) {
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
				f.poisoned(store.Log(), w.poison[i])
			}
			w.next()
		}
	}
	r.merge(workers)
	return faults, nil
}

// poisoned notes events that made the fold panic.
func (f *folding) poisoned(log eventstore.LogID, events []follower) {
	if len(events) == 0 {
		return
	}
	if f.poison == nil {
		f.poison = make(map[eventstore.LogID]map[uuid.UUID]follower)
	}
	if f.poison[log] == nil {
		f.poison[log] = make(map[uuid.UUID]follower)
	}
	for _, e := range events {
		f.poison[log][e.stream] = e
	}
}

func (r *replay) newWorker(number, of int) *worker {
	w := &worker{
		replay: r, number: number, of: of, ordinals: newOrdinals(), spoiled: make([]bool, len(r.foldings)), failed: make([]error, len(r.foldings)),
	}
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
		g.Go(func() error {
			w.work(queues[i])
			return nil
		})
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

// merge seals the workers' folds, all cores at once, and joins them, the projections side by side. A fold that fails is
// one projection's failure; one that has panicked stays away.
func (r *replay) merge(workers []*worker) {
	var sealing, merging sync.WaitGroup
	for _, w := range workers {
		sealing.Go(w.seal)
	}
	sealing.Wait()
	for i, f := range r.foldings {
		merging.Go(func() {
			if slices.ContainsFunc(workers, func(w *worker) bool { return w.spoiled[i] }) {
				return
			}
			f.failed = safely(func() error { return f.merge(workers, i) })
			if f.failed != nil {
				f.fold, f.failed = nil, fmt.Errorf("fold of %s: %w", f.of.name, f.failed)
			}
			for _, followers := range f.parked {
				slices.SortFunc(followers, func(a, b follower) int { return int(a.position - b.position) })
			}
		})
	}
	merging.Wait()
}

func (f *folding) merge(workers []*worker, i int) error {
	for _, w := range workers {
		if w.failed[i] != nil {
			return w.failed[i]
		}
	}
	f.fold = workers[0].folds[i]
	for _, w := range workers[1:] {
		if err := f.fold.Merge(w.folds[i]); err != nil {
			return fmt.Errorf("merge: %w", err)
		}
		w.folds[i] = nil
	}
	return nil
}

// errPanic marks the failure of what has panicked: it may have left half of its work behind.
var errPanic = errors.New("panic")

// safely turns a panic of do into an error.
func safely(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errPanic, r)
		}
	}()
	return do()
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
	poison     [][]follower // of this log
	spoiled    []bool       // folds that have panicked
	failed     []error      // of sealing
	ordinals   *ordinals
	seen       []eventstore.Version // by ordinal
	faults     []Difference

	event Event // the one at hand
}

// wanted says which foldings take the events of a stream type.
type wanted struct {
	streamType string
	foldings   []int
}

// next prepares a worker for another log.
func (w *worker) next() {
	w.broken = make([]map[uuid.UUID]struct{}, len(w.foldings))
	w.followers, w.poison = make([][]follower, len(w.foldings)), make([][]follower, len(w.foldings))
	w.seen, w.faults = nil, nil
}

// work folds the events of the streams that fall to this worker, in order.
func (w *worker) work(queue <-chan *eventstore.Batch) {
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
			e.Body, failure = decodeSafely(rec)
			decoded = true
		}
		err := failure
		if err == nil {
			err = w.add(i, e)
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

// add has a fold take an event, unless that has made it panic before.
func (w *worker) add(i int, e *Event) error {
	f := w.foldings[i]
	if len(f.poison) > 0 {
		if bad, ok := f.poison[w.log][e.Stream]; ok && e.Position >= bad.position {
			return errors.New(bad.reason)
		}
	}
	err := addSafely(w.folds[i], e)
	if errors.Is(err, errPanic) {
		w.spoiled[i] = true
		w.poison[i] = append(w.poison[i], follower{e.Position, e.Stream, e.Tenant, reasonOf(err)})
	}
	return err
}

// addSafely is fold.Add with its panics as errors. It allocates nothing, as it is called for every event of the log.
func addSafely(fold Fold, e *Event) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s at position %d: %w: %v", e.Type, e.Position, errPanic, r)
		}
	}()
	return fold.Add(e)
}

// decodeSafely is decodeBody with its panics as errors.
func decodeSafely(rec *eventstore.Recorded) (body any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("event at position %d: %w: %v", rec.Position, errPanic, r)
		}
	}()
	return decodeBody(rec)
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

// seal seals the folds that have not panicked.
func (w *worker) seal() {
	for i, fold := range w.folds {
		if sealer, ok := fold.(Sealer); ok && !w.spoiled[i] {
			w.failed[i] = safely(sealer.Seal)
		}
	}
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
