package main

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	collectorLazy = 300 // percent that the heap grows from one collection to the next where a limit bounds it

	// collectorRoom is how much a replay may allocate from one garbage collection to the next, at least: what it holds
	// grows all the time, and walking through it at each doubling would take as long as folding. A limit of memory is
	// kept all the same.
	collectorRoom  = 1 << 30
	collectorLeast = 4 << 20 // what the collector takes a smaller heap for
	collectorEvery = 20 * time.Millisecond
)

// easeCollector lets the garbage collector run less often while the heap is small, until stop is called. GOGC wins over
// it.
func (p *program) easeCollector() (stop func()) {
	if _, set := p.environ["GOGC"]; set {
		return func() {}
	}
	const usual = 100
	ended, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(collectorEvery)
		defer tick.Stop()
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for percent := 0; ; {
			metrics.Read(live)
			now := max(usual, int(collectorRoom/max(collectorLeast, live[0].Value.Uint64())*100)) //nolint:gosec // small
			if now != percent {
				debug.SetGCPercent(now)
				percent = now
			}
			select {
			case <-tick.C:
			case <-ended:
				return
			}
		}
	}()
	return func() {
		close(ended)
		<-stopped
		debug.SetGCPercent(usual)
	}
}
