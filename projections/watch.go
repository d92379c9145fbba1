package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/eventstore"
)

const (
	// watchEvery is how often a process looks whether a rebuild has switched, or a lease has come free. It is one small
	// statement for all projections; without it a log in which nothing happens would tell of a switch only when a lease
	// is renewed.
	watchEvery = 100 * time.Millisecond

	// sweepEvery is how often a process looks for generations that readers have left long ago.
	sweepEvery = 30 * time.Second

	watchSQL = `select p.name, coalesce(p.live_generation, 0), coalesce(l.epoch, 0), coalesce(l.expires_at <= clock_timestamp(), true)
		from projections p left join projection_leases l on l.name = p.name and l.log_id = $1`
)

// watched is what is seen of a projection.
type watched struct {
	live  Generation
	epoch int64 // of the lease
	free  bool  // the lease is
}

// watch tells the followers of a log what happens to their projections, until ctx ends.
func (s *Set) watch(ctx context.Context, log eventstore.LogID, followers []*follow) {
	for sleep(ctx, watchEvery) {
		seen, err := s.look(ctx, log)
		if err != nil {
			continue // whoever renews a lease says what the matter is
		}
		for _, f := range followers {
			if w, ok := seen[f.of.name]; ok {
				f.noticed(w)
			}
		}
	}
}

func (s *Set) look(ctx context.Context, log eventstore.LogID) (map[string]watched, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*watchEvery)
	defer cancel()
	rows, err := s.pool.Query(ctx, watchSQL, log)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]watched)
	var name string
	var w watched
	_, err = pgx.ForEachRow(rows, []any{&name, &w.live, &w.epoch, &w.free}, func() error {
		seen[name] = w
		return nil
	})
	return seen, err
}

// noticed ends a session that a rebuild or another process has ended already, and wakes a follower that waits for a
// lease.
func (f *follow) noticed(w watched) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if before := f.live; before != w.live {
		f.live = w.live
		select {
		case f.news <- struct{}{}:
		default:
		}
	}
	switch s := f.session; {
	case s == nil && w.free:
		select {
		case f.free <- struct{}{}:
		default:
		}
	case s == nil:
	case w.epoch > s.consumer.lease.epoch:
		s.fail(fmt.Errorf("lease of %s: %w", f.of.name, ErrFenced))
	case w.live > s.consumer.g:
		s.heard(news{live: w.live})
	}
}

// await waits for the lease to come free, though not for long.
func (f *follow) await(ctx context.Context, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-f.free:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// sweep removes generations that readers have left, until ctx ends, so that the next rebuild need not.
func (s *Set) sweep(ctx context.Context) {
	for sleep(ctx, sweepEvery) {
		for _, p := range s.projections {
			if err := s.sweepOne(ctx, p); err != nil && !errors.Is(err, ErrRebuilding) && ctx.Err() == nil {
				s.logger.Warn("an old generation stays for now", "projection", p.name, "error", err)
			}
		}
	}
}

func (s *Set) sweepOne(ctx context.Context, p *projection) (err error) {
	var due bool
	err = s.pool.QueryRow(ctx, `select exists (select from projection_generations
		where name = $1 and state = 'retired' and changed_at < now() - $2::interval)`, p.name, keepRetired).Scan(&due)
	if err != nil || !due {
		return err
	}
	conn, err := s.lockRebuilds(ctx, []*projection{p})
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, conn.Close(closing)) // the lock goes with it
	}()
	return s.clean(ctx, []*projection{p}, nil, keepRetired)
}
