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
	restInterval = time.Second           // while somebody reads
	staleAfter   = 5 * time.Second       // an answer older than that is asked for anew: generations go away later
)

// Positions is what a process knows of the projections' progress in one log. Runners of the process tell it at once;
// of other processes it hears by asking the database, only while somebody wants to know. What it says never goes back.
// It is safe for concurrent use.
type Positions struct {
	set *Set
	log eventstore.LogID

	mu      sync.Mutex
	known   map[string]*progress
	asked   time.Time
	polling chan struct{} // closed when the question under way is answered; nil: there is none
}

type progress struct {
	generation Generation
	position   eventstore.Position
	changed    chan struct{} // closed and replaced by each change
}

func newPositions(set *Set, log eventstore.LogID) *Positions {
	return &Positions{set: set, log: log, known: make(map[string]*progress)}
}

// Set says that a generation of a projection, which was live, has got to a position. Older news than what is known are
// of no effect.
func (p *Positions) Set(name string, g Generation, position eventstore.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.advance(name, g, position)
}

func (p *Positions) advance(name string, g Generation, position eventstore.Position) {
	now := p.of(name)
	if g < now.generation || (g == now.generation && position <= now.position) {
		return
	}
	now.generation, now.position = g, max(position, now.position)
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

// Get returns the last known position of a projection. It asks nobody.
func (p *Positions) Get(name string) eventstore.Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of(name).position
}

// Live returns the generation that a reader should use, and a position that it has reached. It asks the database when
// what is known is more than a few seconds old, so a generation that it returns still exists for at least a minute.
func (p *Positions) Live(ctx context.Context, name string) (Generation, eventstore.Position, error) {
	p.mu.Lock()
	now, age := *p.of(name), time.Since(p.asked)
	p.mu.Unlock()
	if now.generation == 0 || age > staleAfter {
		if err := p.refresh(ctx); err != nil {
			return 0, 0, err
		}
		p.mu.Lock()
		now = *p.of(name)
		p.mu.Unlock()
		if now.generation == 0 {
			return 0, 0, fmt.Errorf("projection %s has no generation yet: start a projector", name)
		}
	}
	return now.generation, now.position, nil
}

// Wait returns once a projection has reached a position: at once if it has, else as soon as a runner of this process
// says so or the database does. It fails when ctx ends before.
func (p *Positions) Wait(ctx context.Context, name string, position eventstore.Position) error {
	for {
		p.mu.Lock()
		now := *p.of(name)
		p.mu.Unlock()
		if now.position >= position {
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
		if err := p.refresh(ctx); err != nil && ctx.Err() == nil {
			p.set.logger.Debug("positions are not known", "error", err) // the next try may find them
		}
	}
}

// Refresh asks the database now, unless it was asked a moment ago.
func (p *Positions) Refresh(ctx context.Context) error {
	p.mu.Lock()
	fresh := time.Since(p.asked) < restInterval
	p.mu.Unlock()
	if fresh {
		return nil
	}
	return p.refresh(ctx)
}

// refresh asks the database, or waits for the answer to a question that is under way. However many want to know, one
// asks at a time and none more often than pollInterval.
func (p *Positions) refresh(ctx context.Context) error {
	p.mu.Lock()
	if p.polling != nil {
		polling := p.polling
		p.mu.Unlock()
		select {
		case <-polling:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if time.Since(p.asked) < pollInterval {
		p.mu.Unlock()
		return nil
	}
	p.polling = make(chan struct{})
	p.mu.Unlock()

	found, err := p.set.progress(ctx, p.log)

	p.mu.Lock()
	defer p.mu.Unlock()
	for name, f := range found {
		p.advance(name, f.generation, f.position)
	}
	if err == nil {
		p.asked = time.Now()
	}
	close(p.polling)
	p.polling = nil
	return err
}

// progress reads how far the live generations are.
func (s *Set) progress(ctx context.Context, log eventstore.LogID) (map[string]progress, error) {
	rows, err := s.pool.Query(ctx, `select p.name, p.live_generation, coalesce(c.position, 0) from projections p
		left join projection_checkpoints c on c.log_id = $1 and c.name = p.name and c.generation = p.live_generation
		where p.live_generation is not null`, log)
	if err != nil {
		return nil, fmt.Errorf("read progress: %w", err)
	}
	defer rows.Close()
	found := make(map[string]progress)
	for rows.Next() {
		var name string
		var now progress
		if err := rows.Scan(&name, &now.generation, &now.position); err != nil {
			return nil, fmt.Errorf("read progress: %w", err)
		}
		found[name] = now
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read progress: %w", err)
	}
	rows.Close()
	for _, p := range s.projections {
		now, ok := found[p.name]
		if !ok || p.backend == nil {
			continue
		}
		c, err := p.checkpoint(ctx, log, now.generation)
		if err != nil {
			delete(found, p.name) // its store is not there; that of the others is
			continue
		}
		now.position = c.Position
		found[p.name] = now
	}
	return found, nil
}
