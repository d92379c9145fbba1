package projections

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ordermill/ordermill/eventstore"
)

// Bounds of asking the database how far other processes' projections are.
const (
	pollInterval = 50 * time.Millisecond // while somebody waits
	staleAfter   = 5 * time.Second       // an answer older than that is asked for anew: generations go away later
)

// Positions is what a process knows of the projections' progress in one log. Runners of the process tell it at once;
// of other processes it hears by asking, only while somebody wants to know: the database for what is in it, and other
// stores only for what is in them. What it says goes back only when the log's past ends. It is safe for concurrent use.
type Positions struct {
	set   *Set
	store *eventstore.Store

	mu            sync.Mutex
	past          *eventstore.Past // of which all of it is
	known         map[string]*progress
	tables, aside *question // about what is in Postgres, and in other stores
}

type progress struct {
	generation Generation
	position   eventstore.Position
	stranger   error         // the generation is not of the log's past
	changed    chan struct{} // closed and replaced by each change
}

// question is one that is asked again and again.
type question struct {
	asked   time.Time
	pending chan struct{} // closed when the question under way is answered; nil: there is none
}

func newPositions(set *Set, store *eventstore.Store) *Positions {
	p := &Positions{set: set, store: store}
	p.forget(store.Past())
	return p
}

// lock returns with the lock held, and nothing known of another past.
func (p *Positions) lock() {
	past := p.store.Past()
	p.mu.Lock()
	if p.past != past {
		p.forget(past)
	}
}

func (p *Positions) forget(past *eventstore.Past) {
	for _, now := range p.known {
		close(now.changed) // who waits looks again
	}
	p.past, p.known, p.tables, p.aside = past, make(map[string]*progress), &question{}, &question{}
}

// Set says that a generation of a projection, which was live, has got to a position. Older news than what are known are
// of no effect.
func (p *Positions) Set(name string, g Generation, position eventstore.Position) {
	p.lock()
	defer p.mu.Unlock()
	p.advance(name, progress{generation: g, position: position})
}

func (p *Positions) advance(name string, news progress) {
	now := p.of(name)
	if news.generation < now.generation || (news.generation == now.generation && news.position <= now.position && (news.stranger == nil) == (now.stranger == nil)) {
		return
	}
	now.generation, now.position, now.stranger = news.generation, max(news.position, now.position), news.stranger
	close(now.changed)
	now.changed = make(chan struct{})
}

func (p *Positions) of(name string) *progress {
	now := p.known[name]
	if now == nil {
		now = &progress{changed: make(chan struct{})}
		p.known[name] = now
	}
	return now
}

// get returns what is known of a projection, and when that was asked for.
func (p *Positions) get(name string) (now progress, asked time.Time) {
	p.lock()
	defer p.mu.Unlock()
	return *p.of(name), p.about(name).asked
}

// about returns the question that tells of a projection. The caller holds mu.
func (p *Positions) about(name string) *question {
	if p.set.elsewhere(name) {
		return p.aside
	}
	return p.tables
}

// Get returns the last known position of a projection. It asks nobody.
func (p *Positions) Get(name string) eventstore.Position {
	now, _ := p.get(name)
	return now.position
}

// Live returns the generation that a reader should use, and a position that it has reached. It asks the database when
// what is known is more than a few seconds old, so a generation that it returns still exists for at least a minute. It
// fails with an eventstore.ErrAnotherPast when what the generation shows is not what the log says.
func (p *Positions) Live(ctx context.Context, name string) (Generation, eventstore.Position, error) {
	now, asked := p.get(name)
	if now.generation == 0 || now.stranger != nil || time.Since(asked) > staleAfter {
		if err := p.refresh(ctx, name); err != nil {
			return 0, 0, err
		}
		now, _ = p.get(name)
	}
	switch {
	case now.stranger != nil:
		return 0, 0, now.stranger
	case now.generation == 0:
		return 0, 0, fmt.Errorf("projection %s has no generation yet: start a projector", name)
	}
	return now.generation, now.position, nil
}

// Wait returns once a projection has reached a position: at once if it has, else as soon as a runner of this process
// says so or the database does. It fails when ctx ends before.
func (p *Positions) Wait(ctx context.Context, name string, position eventstore.Position) error {
	for {
		now, _ := p.get(name)
		if now.stranger == nil && now.position >= position {
			return nil
		}
		timer := time.NewTimer(pollInterval)
		select {
		case <-now.changed:
			timer.Stop()
			continue
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("wait for %s to reach %d: %w", name, position, ctx.Err())
		case <-timer.C:
		}
		if err := p.refresh(ctx, name); err != nil && ctx.Err() == nil {
			p.set.logger.Debug("positions are not known", "error", err) // the next try may find them
		}
	}
}

// refresh asks about a projection, or waits for the answer to a question that is under way. However many want to know,
// one asks at a time and none more often than pollInterval.
func (p *Positions) refresh(ctx context.Context, name string) error {
	p.lock()
	q, past := p.about(name), p.past
	if pending := q.pending; pending != nil {
		p.mu.Unlock()
		select {
		case <-pending:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if time.Since(q.asked) < pollInterval {
		p.mu.Unlock()
		return nil
	}
	q.pending = make(chan struct{})
	p.mu.Unlock()

	found, err := p.set.progress(ctx, p.store, p.set.elsewhere(name))

	p.lock()
	defer p.mu.Unlock()
	if p.past == past {
		for name, f := range found {
			p.advance(name, f)
		}
	}
	if err == nil {
		q.asked = time.Now()
	}
	close(q.pending)
	q.pending = nil
	return err
}

// elsewhere reports whether a projection is in another store than Postgres.
func (s *Set) elsewhere(name string) bool {
	for _, p := range s.projections {
		if p.name == name {
			return p.backend != nil
		}
	}
	return false
}

// progress reads how far the live generations are, of the tables or of those in other stores, and whether they are of
// the log's past.
func (s *Set) progress(ctx context.Context, store *eventstore.Store, elsewhere bool) (map[string]progress, error) {
	rows, err := s.pool.Query(ctx, `select p.name, p.live_generation, coalesce(c.position, 0), coalesce(c.event_id, '00000000-0000-0000-0000-000000000000'),
			coalesce(c.log_epoch, l.epoch), coalesce(c.position = 0 or c.log_epoch = l.epoch and log_has(c.log_id, c.position, c.event_id), true)
		from projections p join logs l on l.log_id = $1
		left join projection_checkpoints c on c.log_id = $1 and c.name = p.name and c.generation = p.live_generation
		where p.live_generation is not null`, store.Log())
	if err != nil {
		return nil, fmt.Errorf("read progress: %w", err)
	}
	defer rows.Close()
	found, seen := make(map[string]progress), make(map[string]Checkpoint)
	for rows.Next() {
		var name string
		var now progress
		var at Checkpoint
		var proven bool
		if err := rows.Scan(&name, &now.generation, &at.Position, &at.Event, &at.Epoch, &proven); err != nil {
			return nil, fmt.Errorf("read progress: %w", err)
		}
		if s.elsewhere(name) != elsewhere {
			continue
		}
		now.position = at.Position
		found[name] = now
		if !proven {
			seen[name] = at
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read progress: %w", err)
	}
	rows.Close()
	if elsewhere {
		s.progressAside(ctx, store, found, seen)
	}
	for name, at := range seen {
		now := found[name]
		if now.stranger = store.Compare(ctx, name, at); now.stranger != nil {
			now.position = 0
		}
		found[name] = now
	}
	return found, nil
}

// progressAside asks the other stores. One that is not there is left out.
func (s *Set) progressAside(ctx context.Context, store *eventstore.Store, found map[string]progress, seen map[string]Checkpoint) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	for _, p := range s.projections {
		now, ok := found[p.name]
		if !ok {
			continue
		}
		at, err := p.checkpoint(ctx, store.Log(), now.generation)
		if err != nil {
			delete(found, p.name)
			continue
		}
		now.position = at.Position
		found[p.name], seen[p.name] = now, at
	}
}
