package httpx

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Bounds of logging refused tokens.
const (
	refusalBurst = 20
	refusalEvery = 3 * time.Second // one more line
)

// refusalLog logs why tokens are refused, at a bounded rate: anybody can send any number of bad ones. Those that a trusted
// issuer has signed have a bound of their own, so that forged ones do not hide what an honest client's token lacks. It is
// safe for concurrent use.
type refusalLog struct {
	log            *slog.Logger
	now            func() time.Time
	mu             sync.Mutex
	signed, forged budget
}

// budget is how many lines may be written right now.
type budget struct {
	lines   float64
	since   time.Time
	leftOut int
}

func newRefusalLog(log *slog.Logger, now func() time.Time) *refusalLog {
	return &refusalLog{log: log, now: now, signed: budget{lines: refusalBurst}, forged: budget{lines: refusalBurst}}
}

func (l *refusalLog) note(ctx context.Context, requestID string, r *RefusedToken) {
	l.mu.Lock()
	b := &l.forged
	if r.Signed {
		b = &l.signed
	}
	now := l.now()
	if !b.since.IsZero() {
		b.lines = min(refusalBurst, b.lines+float64(now.Sub(b.since))/float64(refusalEvery))
	}
	b.since = now
	if b.lines < 1 {
		b.leftOut++
		l.mu.Unlock()
		return
	}
	b.lines--
	leftOut := b.leftOut
	b.leftOut = 0
	l.mu.Unlock()
	l.log.WarnContext(ctx, "token refused", "reasons", r.Reasons, "signed", r.Signed, "request_id", requestID, "left_out", leftOut)
}
