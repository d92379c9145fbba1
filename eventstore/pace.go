package eventstore

import "time"

// pace is what a batch costs the server: a fixed part, most of it the sync to disk, and so much for an append. It
// decides whether a second batch is sent while one is on its way. Then the server never waits for the client; but two
// batches have two syncs where one would do.
type pace struct {
	fixed, each time.Duration // moving averages
	last        time.Time     // when the last answer came
}

// overlap says whether to send n appends as two batches, the second while the first is on its way. That hides the time
// the client takes for them, about as much as the server does, and costs a second fixed part.
func (p *pace) overlap(n int) bool { return p.fixed <= time.Duration(n)*p.each }

// landed notes that f was answered and how long the server has worked on it before the commit.
func (p *pace) landed(f *inFlight, worked time.Duration) {
	now, begun := time.Now(), f.sentAt
	if p.last.After(begun) {
		begun = p.last // it worked on the batch before until then
	}
	p.last = now
	if worked <= 0 {
		return
	}
	const weight = 16
	p.fixed += (max(0, now.Sub(begun)-worked) - p.fixed) / weight
	p.each += (worked/time.Duration(len(f.appends)) - p.each) / weight
}

// worked is how long the server took for the batch of which o is the last outcome, all but the commit; 0 when that
// cannot be told from it, because it repeats an earlier outcome.
func (o *outcome) worked() time.Duration {
	if o.kind == "known" || o.kind == "reused" || o.kind == "already" {
		return 0
	}
	return o.finished.Sub(o.recorded)
}
