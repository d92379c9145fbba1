package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// What is too long for a part to be well.
const (
	longWait     = 3 * time.Second  // of appends without any being answered, or of the engine with the same commands
	longUnowned  = 15 * time.Second // of a projection that nobody builds: its lease is handed over in less
	longSilence  = 15 * time.Second // of a projection of this process, which beats every other second
	longBehind   = 15 * time.Second // of a projection that has something to apply and does not move
	databasePart = "database"
)

// watchHealth says what the roles of the process need. It opens connections of its own, so that what hangs elsewhere does
// not hide what the matter is.
func (p *process) watchHealth(ctx context.Context, h *health) error {
	pool, err := newPool(ctx, p.config, projectRole, 2)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, func(ctx context.Context) error { return closePool(ctx, "health", pool) })
	h.watch(databasePart, func(ctx context.Context) []string { return lookAtDatabase(ctx, pool) })
	h.watch("past", func(context.Context) []string { return reasons(p.store.Past().Err()) })
	if p.roles.write {
		p.blocked = &blockedLog{store: p.store, health: h}
		h.watch("log", p.blocked.look)
		h.watch("commands", func(context.Context) []string { return lookAtEngine(p) })
	}
	if p.roles.read || p.roles.project {
		w := &projectionWatch{set: p.set, pool: pool, log: p.store.Log(), at: make(map[string]progressMark)}
		h.watch("projections", func(ctx context.Context) []string { return w.look(ctx, false) })
		caches := &projectionWatch{set: p.set, pool: pool, log: p.store.Log(), at: make(map[string]progressMark)}
		h.watchOptional("cache", func(ctx context.Context) []string { return caches.look(ctx, true) })
	}
	if p.config.RedisURL != "" {
		client, err := newRedis(p.config)
		if err != nil {
			return err
		}
		p.closers = append(p.closers, func(context.Context) error { return client.Close() })
		h.watchOptional("redis", func(ctx context.Context) []string { return reasons(checkRedis(ctx, client)) })
	}
	if p.auth != nil {
		h.watch("access tokens", func(ctx context.Context) []string { return reasons(p.auth.Ready(ctx)) })
	}
	h.stuck = func() string { return p.hangs(h) }
	return nil
}

// hangs says what does not go on although the database answers: only a restart mends that.
func (p *process) hangs(h *health) string {
	if !h.ok(databasePart) {
		return ""
	}
	silences := p.set.Silences()
	for _, name := range p.models { // those in Redis may wait for that
		if silent := silences[name]; silent > stuckAfter {
			return fmt.Sprintf("projection %s has shown no sign of life for %s", name, silent.Round(time.Second))
		}
	}
	if p.engine != nil && h.ok("log") {
		if working := p.engine.Working(); working > stuckAfter {
			return fmt.Sprintf("the command engine has worked on the same commands for %s", working.Round(time.Second))
		}
	}
	return ""
}

// reasons lists an error's lines.
func reasons(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func lookAtDatabase(ctx context.Context, pool *pgxpool.Pool) []string {
	err := pool.Ping(ctx)
	if err != nil && ctx.Err() != nil {
		return []string{fmt.Sprintf("no answer in %s", lookTimeout)}
	}
	if err != nil {
		return reasons(innermost(err))
	}
	return nil
}

func lookAtEngine(p *process) []string {
	if working := p.engine.Working(); working > longWait {
		return []string{fmt.Sprintf("the command engine has worked on the same commands for %s", working.Round(time.Second))}
	}
	return nil
}

// blockedLog watches whether the log can be appended to, and remembers who has kept it since when.
type blockedLog struct {
	store  *eventstore.Store
	health *health

	mu    sync.Mutex
	since map[int]time.Time // by the process id of the session
	held  []heldLog
}

// heldLog is a session that keeps the log.
type heldLog struct {
	eventstore.Blocker
	since time.Time
}

func (b *blockedLog) look(ctx context.Context) []string {
	c := b.store.Condition(ctx)
	b.remember(c.Blockers)
	var missing []string
	for _, held := range b.sessions() {
		missing = append(missing, fmt.Sprintf("held by %s, for %s", held.Blocker, time.Since(held.since).Round(time.Second)))
	}
	switch {
	case len(missing) > 0:
	case c.Err != nil && ctx.Err() != nil:
		missing = append(missing, fmt.Sprintf("no answer in %s", lookTimeout))
	case c.Err != nil:
		missing = reasons(c.Err)
	}
	if c.Waiting > longWait {
		missing = append(missing, fmt.Sprintf("appends have waited for an answer for %s", c.Waiting.Round(time.Second)))
	}
	return missing
}

// remember notes who keeps the log, and tells the program's own log when somebody begins or ends to.
func (b *blockedLog) remember(blockers []eventstore.Blocker) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, before := time.Now(), b.since
	b.since, b.held = make(map[int]time.Time, len(blockers)), b.held[:0:0]
	for _, blocker := range blockers {
		since, known := before[blocker.PID]
		if !known {
			since = now
			if blocker.Since != nil && blocker.Since.Before(now) {
				since = *blocker.Since
			}
			b.health.log.Warn("another session keeps the log from being appended to", "log", b.store.Log(), "pid", blocker.PID,
				"user", blocker.User, "application", blocker.Application, "address", blocker.Address, "state", blocker.State,
				"since", since.UTC().Format(time.RFC3339))
		}
		b.since[blocker.PID], b.held = since, append(b.held, heldLog{blocker, since})
	}
	for pid, since := range before {
		if _, still := b.since[pid]; !still {
			b.health.log.Info("the session has let the log go", "log", b.store.Log(), "pid", pid, "after", now.Sub(since).Round(time.Millisecond))
		}
	}
}

// sessions returns who keeps the log.
func (b *blockedLog) sessions() []heldLog {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held
}

// projectionWatch watches the projections of a log, whoever builds them.
type projectionWatch struct {
	set  *projections.Set
	pool *pgxpool.Pool
	log  eventstore.LogID
	at   map[string]progressMark
}

// progressMark is how far a projection was, and since when it is there although there is more.
type progressMark struct {
	position eventstore.Position
	since    time.Time
}

// look looks at those in Redis, which answers can do without, or at the others.
func (w *projectionWatch) look(ctx context.Context, caches bool) []string {
	pulses, err := w.set.Pulses(ctx, w.pool, w.log)
	switch {
	case err != nil && caches:
		return nil // whoever looks at the others says so
	case err != nil && ctx.Err() != nil:
		return []string{fmt.Sprintf("not known: no answer in %s", lookTimeout)}
	case err != nil:
		return reasons(fmt.Errorf("not known: %w", innermost(err)))
	}
	var missing []string
	silences := w.set.Silences()
	for i := range pulses {
		if p := &pulses[i]; (p.Store != "postgres") == caches {
			missing = append(missing, w.judge(p, silences[p.Name])...)
		}
	}
	slices.Sort(missing)
	return missing
}

func (w *projectionWatch) judge(p *projections.Pulse, silent time.Duration) []string {
	mark, known := w.at[p.Name]
	if !known || mark.position != p.Position || p.Position >= p.Head || p.Store != "postgres" {
		mark = progressMark{p.Position, time.Now()}
	}
	w.at[p.Name] = mark
	switch stays := time.Since(mark.since); {
	case p.Problem != "":
		return reasons(fmt.Errorf("%s stopped: %w", p.Name, errors.New(p.Problem)))
	case !p.Begun:
		return []string{p.Name + " was never built: no process has the role project"}
	case p.Unowned > longUnowned:
		return []string{fmt.Sprintf("%s is built by nobody for %s", p.Name, p.Unowned.Round(time.Second))}
	case silent > longSilence:
		return []string{fmt.Sprintf("%s has shown no sign of life for %s", p.Name, silent.Round(time.Second))}
	case stays > longBehind:
		return []string{fmt.Sprintf("%s stays at position %d of %d for %s", p.Name, p.Position, p.Head, stays.Round(time.Second))}
	}
	return nil
}
