package main

import (
	"log/slog"
	"math"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// limitMemory makes the garbage collector work harder near a limit: that of the container, or most bytes if that is less
// and not 0. GOMEMLIMIT wins over both. As long as the limit is far, the collector works less hard than usual, since a
// fifth of what a command costs would be its work; GOGC wins over that.
func (p *program) limitMemory(log *slog.Logger, most int64) {
	limit, err := memlimit.Set(memlimit.WithLogger(log))
	if err != nil {
		log.Debug("no memory limit was found", "error", err) // outside a container there is none
	}
	if _, set := p.environ["GOMEMLIMIT"]; !set && most > 0 && (err != nil || limit > most) {
		debug.SetMemoryLimit(most)
	}
	if _, set := p.environ["GOGC"]; !set && debug.SetMemoryLimit(-1) < math.MaxInt64 {
		debug.SetGCPercent(collectorLazy)
	}
}

// shares are how many bytes the caches of a process may take. They are bounded by bytes and give way before the limit of
// memory does: near that the collector runs all the time, and whatever a cache saves is lost many times over.
type shares struct {
	states    int // of the command engine, in memory
	tail      int // of the log's newest events; half as much for older ones
	decoded   int // of stored events whose bodies are kept, which take about twice as much
	recent    int // of JSON of documents, for each of two kinds in each of two stores; in memory it is two to three times that
	documents int // of the read API's answers
}

// sharesOf divides the memory: all caches together take two fifths of it, if it is scarce, or as much as serves a purpose.
func sharesOf(limit int64) shares {
	share := func(part, most int64) int { return int(min(limit/part, most)) }
	return shares{
		states: share(6, 128<<20), tail: share(16, 32<<20), decoded: share(64, 16<<20), recent: share(128, 8<<20), documents: share(16, 32<<20),
	}
}

// sum is what the caches take when they are full.
func (s shares) sum() int { return s.states + s.tail*3/2 + s.decoded*2 + s.recent*4*5/2 + s.documents }
