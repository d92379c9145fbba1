package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/ordermill/ordermill/eventstore"
)

var (
	// ErrRebuilding says that somebody else rebuilds the projection at this moment.
	ErrRebuilding = errors.New("projections: a rebuild is under way")

	// ErrNotEqual is matched by a *NotEqualError: a new generation is not what the log says, so nothing was switched.
	ErrNotEqual = errors.New("projections: the rebuilt tables differ from a fold of the log")
)

// NotEqualError tells how a new generation differs from what the log says. The live one serves on.
type NotEqualError struct {
	Projection  string
	Differences []Difference // the first ones
}

// Error implements error.
func (e *NotEqualError) Error() string {
	var first string
	if len(e.Differences) > 0 {
		d := e.Differences[0]
		first = fmt.Sprintf(", first %s %s: %s", d.Table, d.Key, d.Problem)
	}
	return fmt.Sprintf("projection %s was not switched: the rebuilt rows differ from a fold of the log%s; its Apply and its Fold disagree", e.Projection, first)
}

// Is reports that every NotEqualError is an ErrNotEqual.
func (e *NotEqualError) Is(target error) bool { return target == ErrNotEqual }

// Phase is a step of a rebuild.
type Phase string

// The phases of a rebuild, in their order. Reading is for all projections at once, the others are for each.
const (
	PhaseRead    Phase = "read"
	PhaseLoad    Phase = "load"
	PhaseCatchUp Phase = "catch up"
	PhaseCompare Phase = "compare"
	PhaseSwitch  Phase = "switch"
	PhaseDone    Phase = "done"
)

// Progress is how far a rebuild has got.
type Progress struct {
	Phase      Phase
	Projection string           // empty while reading
	Log        eventstore.LogID // while reading
	Done       int64            // events read
	Total      int64            // events to read
}

// RebuildOptions says what to rebuild. Zero fields mean the documented defaults.
type RebuildOptions struct {
	Names    []string            // default: all projections
	DryRun   bool                // build and switch nothing: report how the live generation differs from a fold
	Until    eventstore.Position // build the state after this event aside and switch nothing; default: the log's end
	Progress func(Progress)      // called from one goroutine at a time; it must not block long
	// Keep is how long a generation that readers have left is kept at least. Default 1 min. After that it is removed by
	// this rebuild, or before by a process that runs projections.
	Keep time.Duration
}

const keepRetired = time.Minute

// RebuildReport says what became of one projection.
type RebuildReport struct {
	Projection string              `json:"projection"`
	Generation Generation          `json:"generation"`
	Switched   bool                `json:"switched"`
	Tables     []string            `json:"tables,omitempty"`
	Position   eventstore.Position `json:"position"` // of the last log, when it was switched
	Events     int64               `json:"events"`   // read
	Rows       int64               `json:"rows"`     // loaded
	Parked     int                 `json:"parked"`   // streams
	Took       time.Duration       `json:"took"`

	Differences []Difference `json:"differences,omitempty"` // of a dry run
}

// Rebuild builds projections anew beside the live ones: it reads the logs once, folds them in memory, loads the next
// generation's tables, catches up with what was appended meanwhile, compares what is stored with a fold, and only if
// they are equal has readers switch, by one row. Reads and live projections go on throughout, and what a reader sees
// never goes back. Whatever fails, at any point, leaves the live generation as it is; the next rebuild removes what is
// left over. Projections fail each for itself: the reports are those of the ones that did not.
func (s *Set) Rebuild(ctx context.Context, o RebuildOptions) ([]RebuildReport, error) {
	of, err := s.named(o.Names)
	if err != nil {
		return nil, err
	}
	if o.Keep <= 0 {
		o.Keep = keepRetired
	}
	if err := s.Ensure(ctx); err != nil {
		return nil, err
	}
	if o.DryRun {
		return s.dryRun(ctx, of, o)
	}
	conn, err := s.lockRebuilds(ctx, of)
	if err != nil {
		return nil, err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_, _ = conn.Exec(closing, "select pg_advisory_unlock_all()") // at once: the server notices a close a moment later
		_ = conn.Close(closing)                                      // the locks would go with it
	}()
	r := &rebuild{set: s, options: o, began: time.Now(), at: make(map[eventstore.LogID]Checkpoint)}
	if err := r.begin(ctx, of); err != nil {
		return nil, err
	}
	if err := r.read(ctx); err != nil {
		return nil, errors.Join(err, r.abandon(ctx, r.jobs))
	}
	return r.finish(ctx)
}

// dryRun tells what a rebuild would change.
func (s *Set) dryRun(ctx context.Context, of []*projection, o RebuildOptions) ([]RebuildReport, error) {
	began := time.Now()
	var reports []RebuildReport
	var names []string
	for _, p := range of {
		names = append(names, p.name)
	}
	found, err := s.Verify(ctx, VerifyOptions{Names: names, Progress: o.Progress})
	if err != nil {
		return nil, err
	}
	for _, p := range of {
		report := RebuildReport{Projection: p.name, Took: time.Since(began).Round(time.Millisecond)}
		for _, d := range found {
			if d.Projection == p.name || d.Projection == "log" {
				report.Differences = append(report.Differences, d)
			}
		}
		reports = append(reports, report)
	}
	return reports, nil
}

// lockRebuilds keeps other rebuilds of the projections out for as long as the connection lives. A process that dies
// lets go at once.
func (s *Set) lockRebuilds(ctx context.Context, of []*projection) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("rebuild: %w", err)
	}
	for _, p := range of {
		var free bool
		err := conn.QueryRow(ctx, "select pg_try_advisory_lock(hashtextextended('ordermill rebuild ' || $1, 0))", p.name).Scan(&free)
		if err == nil && !free {
			err = fmt.Errorf("%w for %s: wait for its end, or stop it", ErrRebuilding, p.name)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("rebuild: %w", err), conn.Close(context.WithoutCancel(ctx)))
		}
	}
	return conn, nil
}

// rebuild is one call of Rebuild.
type rebuild struct {
	set     *Set
	options RebuildOptions
	began   time.Time
	jobs    []*job
	at      map[eventstore.LogID]Checkpoint // the end of what is read
	events  int64

	mu sync.Mutex // around options.Progress
}

// job is one projection in it.
type job struct {
	of        *projection
	folding   *folding // perhaps other jobs' too
	shared    bool     // it is, and this job has added nothing to the fold so far
	fold      Fold     // what the generation should be
	g         Generation
	consumers []*consumer
	tables    []*loadedTable
	rows      int64
}

func (r *rebuild) report(p Progress) {
	if r.options.Progress == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.options.Progress(p)
}

// begin removes what earlier generations have left and numbers the new ones. Projections that share a fold get one.
func (r *rebuild) begin(ctx context.Context, of []*projection) error {
	if err := r.set.clean(ctx, of, []string{"building", "failed", "aside"}, r.options.Keep); err != nil {
		return err
	}
	err := pgx.BeginFunc(ctx, r.set.pool, func(tx pgx.Tx) error {
		foldings := make(map[string]*folding)
		for _, p := range of {
			g, err := newGeneration(ctx, tx, p, "building")
			if err != nil {
				return fmt.Errorf("rebuild %s: %w", p.name, err)
			}
			f := foldings[p.foldName]
			if f == nil || p.foldName == "" {
				f = &folding{of: p, to: make(map[eventstore.LogID]eventstore.Position), parked: make(map[eventstore.LogID][]follower)}
				foldings[p.foldName] = f
			}
			r.jobs = append(r.jobs, &job{of: p, g: g, folding: f})
		}
		return nil
	})
	if err != nil {
		r.jobs = nil // nothing was made
		return fmt.Errorf("rebuild: %w", err)
	}
	for i, j := range r.jobs {
		j.shared = slices.ContainsFunc(r.jobs, func(other *job) bool { return other != r.jobs[i] && other.folding == j.folding })
	}
	return nil
}

// foldings returns those of the jobs, each once.
func (r *rebuild) foldings() []*folding {
	var all []*folding
	for _, j := range r.jobs {
		if !slices.Contains(all, j.folding) {
			all = append(all, j.folding)
		}
	}
	return all
}

// finishing is how many jobs go to their end at a time: more than there are cores, since they often wait for a server.
const finishing = 4

// finish brings every job to its end.
func (r *rebuild) finish(ctx context.Context) ([]RebuildReport, error) {
	var g errgroup.Group
	g.SetLimit(finishing)
	slices.SortStableFunc(r.jobs, func(a, b *job) int { return b.weight() - a.weight() }) // what takes longest begins first
	reports, failures := make([]*RebuildReport, len(r.jobs)), make([]error, len(r.jobs))
	for i, j := range r.jobs {
		g.Go(func() error {
			switched, err := r.complete(ctx, j)
			if err != nil {
				failures[i] = errors.Join(err, r.abandon(ctx, []*job{j}))
				return nil
			}
			reports[i] = r.reportOf(j, switched)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var out []RebuildReport
	for _, report := range reports {
		if report != nil {
			out = append(out, *report)
		}
	}
	return out, errors.Join(failures...)
}

// weight guesses how long a load takes.
func (j *job) weight() int {
	sizer, ok := j.fold.(Sizer)
	if !ok {
		return 0
	}
	if j.of.model == nil {
		return 2 * sizer.Len()
	}
	return (1 + len(j.of.model.Index(j.g))) * sizer.Len()
}

// complete loads a job's fold, brings it up to date, and switches.
func (r *rebuild) complete(ctx context.Context, j *job) (switched bool, err error) {
	name := j.of.name
	if j.folding.failed != nil {
		return false, j.folding.failed
	}
	r.report(Progress{Phase: PhaseLoad, Projection: name})
	if err := r.load(ctx, j); err != nil {
		return false, err
	}
	aside := r.options.Until > 0
	r.report(Progress{Phase: PhaseCatchUp, Projection: name})
	if !aside {
		if err := r.follow(ctx, j); err != nil {
			return false, err
		}
	}
	r.report(Progress{Phase: PhaseCompare, Projection: name})
	if err := r.compare(ctx, j); err != nil {
		return false, err
	}
	j.fold, j.tables = nil, nil
	r.report(Progress{Phase: PhaseSwitch, Projection: name})
	if aside {
		err = r.setAside(ctx, j)
	} else {
		err = r.switchOver(ctx, j)
	}
	if err != nil {
		return false, err
	}
	r.report(Progress{Phase: PhaseDone, Projection: name})
	return !aside, nil
}

func (r *rebuild) reportOf(j *job, switched bool) *RebuildReport {
	report := &RebuildReport{
		Projection: j.of.name, Generation: j.g, Switched: switched, Events: r.events, Rows: j.rows, Took: time.Since(r.began).Round(time.Millisecond),
	}
	for _, c := range j.consumers {
		report.Position = c.at.Position
		report.Parked += len(c.parking.streams)
	}
	for _, t := range j.of.tables() {
		report.Tables = append(report.Tables, j.g.Table(t))
	}
	return report
}

// abandon removes what unfinished jobs have made, as far as it can: what it cannot, the next rebuild does.
func (r *rebuild) abandon(ctx context.Context, jobs []*job) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for _, j := range jobs {
		_, err := r.set.pool.Exec(ctx, `update projection_generations set state = 'failed', changed_at = now()
			where name = $1 and generation = $2 and state = 'building'`, j.of.name, j.g)
		if err == nil {
			err = r.set.drop(ctx, j.of, j.g)
		}
		if err != nil {
			return fmt.Errorf("generation %d of %s stays behind until the next rebuild: %w", j.g, j.of.name, err)
		}
	}
	return nil
}
