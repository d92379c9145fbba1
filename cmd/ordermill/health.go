package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of looking after oneself.
const (
	lookEvery      = 500 * time.Millisecond
	lookTimeout    = time.Second     // of one look
	lookStale      = 4 * time.Second // without a finished look it is the look that hangs
	stuckAfter     = 30 * time.Second
	healthPatience = 10 * time.Second // how long a start waits for everything to be well
	namedAgain     = 30 * time.Second // how often the log names what is still missing
)

// look says what one part of the process cannot promise right now, in words for an operator; nothing when all is well.
type look func(ctx context.Context) []string

// health judges all the time what the process can promise. Each part is looked at in a goroutine of its own, so that one
// that hangs hides none of the others; whoever asks is answered from memory.
type health struct {
	log   *slog.Logger
	stuck func() string // what only a restart mends; empty: nothing

	mu     sync.Mutex
	parts  []*watchedPart
	opened bool      // the process has been ready: what it lacks from now on is news
	beaten time.Time // when it has last judged
	since  time.Time // of what is stuck; zero: nothing is
	why    string
}

// watchedPart is something that is looked at.
type watchedPart struct {
	name     string
	optional bool // without it everything is promised all the same, only slower
	look     look

	mu      sync.Mutex
	at      time.Time // of the last finished look, or when the first began
	looked  bool      // one has finished
	missing []string
}

func newHealth(log *slog.Logger) *health {
	return &health{log: log, stuck: func() string { return "" }, beaten: time.Now()}
}

// watch adds a part, before run.
func (h *health) watch(name string, l look) { h.add(&watchedPart{name: name, look: l}) }

// watchOptional adds a part that readiness does not depend on.
func (h *health) watchOptional(name string, l look) {
	h.add(&watchedPart{name: name, look: l, optional: true})
}

func (h *health) add(p *watchedPart) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parts = append(h.parts, p)
}

func (h *health) list() []*watchedPart {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.parts)
}

// run looks until ctx ends.
func (h *health) run(ctx context.Context) error {
	var running sync.WaitGroup
	for _, part := range h.list() {
		running.Go(func() { part.run(ctx) })
	}
	h.judge(ctx)
	running.Wait()
	return nil
}

func (p *watchedPart) run(ctx context.Context) {
	p.mu.Lock()
	p.at = time.Now()
	p.mu.Unlock()
	for {
		looking, cancel := context.WithTimeout(ctx, lookTimeout)
		missing := p.look(looking)
		cancel()
		p.mu.Lock()
		p.at, p.looked, p.missing = time.Now(), true, missing
		p.mu.Unlock()
		if !pause(ctx, lookEvery) {
			return
		}
	}
}

// now returns what is missing, and whether anything is known at all.
func (p *watchedPart) now() (missing []string, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if age := time.Since(p.at); !p.at.IsZero() && age > lookStale {
		return []string{fmt.Sprintf("has not answered for %s", age.Round(time.Second))}, true
	}
	return p.missing, p.looked
}

// missing lists what is missing, a line each: what readiness depends on, and what it does not. known is false until
// every part was looked at.
func (h *health) missing() (needed, optional []string, known bool) {
	known = true
	for _, part := range h.list() {
		missing, looked := part.now()
		for _, text := range missing {
			if line := part.name + ": " + text; part.optional {
				optional = append(optional, line)
			} else {
				needed = append(needed, line)
			}
		}
		known = known && (looked || part.optional)
	}
	return needed, optional, known
}

// judge tells the log when readiness goes, what is missing, and when it is back. What is stuck must be so for a while: a
// process that was itself frozen finds everything late when it wakes.
func (h *health) judge(ctx context.Context) {
	var named string // parts that the log knows to miss something
	var at, lost time.Time
	for {
		needed, _, known := h.missing()
		names := partsOf(needed)
		switch now := time.Now(); {
		case !known || !h.isOpen():
		case names == "" && lost.IsZero():
		case names == "":
			h.log.Info("ready again", "after", now.Sub(lost).Round(time.Millisecond))
			named, lost = "", time.Time{}
		case names != named || now.Sub(at) > namedAgain:
			if lost.IsZero() {
				lost = now
			}
			h.log.Warn("not ready", "missing", needed)
			named, at = names, now
		}
		h.beat(h.stuck())
		if !pause(ctx, lookEvery) {
			return
		}
	}
}

// open says that the process has come to be ready, or should have.
func (h *health) open() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.opened = true
}

func (h *health) isOpen() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.opened
}

// partsOf names the parts that lines are about.
func partsOf(lines []string) string {
	var names []string
	for _, line := range lines {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
	return strings.Join(slices.Compact(names), ", ")
}

// await waits until nothing is missing, but not for ever.
func (h *health) await(ctx context.Context, most time.Duration) {
	for deadline := time.Now().Add(most); time.Now().Before(deadline); {
		if needed, _, known := h.missing(); known && len(needed) == 0 {
			return
		}
		if !pause(ctx, lookEvery/10) {
			return
		}
	}
}

func (h *health) beat(stuck string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.beaten, h.why = time.Now(), stuck
	switch {
	case stuck == "":
		h.since = time.Time{}
	case h.since.IsZero():
		h.since = h.beaten
	}
}

// alive returns why the process should be started again; nothing as long as it works by itself.
func (h *health) alive() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if silent := time.Since(h.beaten); silent > stuckAfter {
		return fmt.Sprintf("the process has not looked after itself for %s", silent.Round(time.Second))
	}
	if h.why != "" && h.beaten.Sub(h.since) > lookStale {
		return h.why
	}
	return ""
}

// ok reports whether a named part misses nothing; neither does a part that is not there.
func (h *health) ok(name string) bool {
	for _, part := range h.list() {
		if part.name == name {
			missing, known := part.now()
			return known && len(missing) == 0
		}
	}
	return true
}
