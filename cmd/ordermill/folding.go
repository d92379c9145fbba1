package main

import (
	"context"
	"hash/maphash"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Bounds of what a log says again.
const (
	foldWindow = 10 * time.Second
	foldBurst  = 10    // lines of one message in a window, if they differ; of equal ones there is one
	foldMost   = 1_000 // messages that are watched; beyond them nothing is folded
)

// folding is a handler that bounds how often a message is written. The first lines of a message are written as they come;
// those that follow within the window are counted, and the last of them is written at its end with their number. As long
// as a message goes on, that is all that is written of it. A line that answers for one request is always written, and so
// is what is logged for debugging.
type folding struct {
	next  slog.Handler
	with  uint64 // what WithAttrs and WithGroup have added
	folds *folds
}

// folds is shared by all handlers that were made from one.
type folds struct {
	seed maphash.Seed
	mu   sync.Mutex
	open map[uint64]*fold
}

// fold is a message within its window.
type fold struct {
	written int
	last    uint64 // the line written last
	kept    []slog.Record
	folded  int
	handler slog.Handler
}

func newFolding(next slog.Handler) slog.Handler {
	return &folding{next: next, folds: &folds{seed: maphash.MakeSeed(), open: make(map[uint64]*fold)}}
}

// Enabled implements slog.Handler.
func (f *folding) Enabled(ctx context.Context, level slog.Level) bool {
	return f.next.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (f *folding) WithAttrs(attrs []slog.Attr) slog.Handler {
	var h maphash.Hash
	h.SetSeed(f.folds.seed)
	maphash.WriteComparable(&h, f.with)
	for _, a := range attrs {
		hashAttr(&h, a)
	}
	return &folding{next: f.next.WithAttrs(attrs), with: h.Sum64(), folds: f.folds}
}

// WithGroup implements slog.Handler.
func (f *folding) WithGroup(name string) slog.Handler {
	return &folding{next: f.next.WithGroup(name), with: maphash.Comparable(f.folds.seed, [2]any{f.with, name}), folds: f.folds}
}

func hashAttr(h *maphash.Hash, a slog.Attr) {
	_, _ = h.WriteString(a.Key)
	_ = h.WriteByte('=')
	_, _ = h.WriteString(a.Value.Resolve().String())
	_ = h.WriteByte('\n')
}

// Handle implements slog.Handler.
func (f *folding) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelInfo {
		return f.next.Handle(ctx, r)
	}
	single := false
	var line maphash.Hash
	line.SetSeed(f.folds.seed)
	r.Attrs(func(a slog.Attr) bool {
		single = a.Key == "request_id"
		hashAttr(&line, a)
		return !single
	})
	if single || f.folds.takes(maphash.Comparable(f.folds.seed, messageKey{f.with, r.Level, r.Message}), line.Sum64(), &r, f.next) {
		return f.next.Handle(ctx, r)
	}
	return nil
}

type messageKey struct {
	with    uint64
	level   slog.Level
	message string
}

// takes reports whether a line is to be written now.
func (f *folds) takes(message, line uint64, r *slog.Record, h slog.Handler) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.open[message]
	switch {
	case m == nil && len(f.open) >= foldMost:
		return true
	case m == nil:
		f.open[message] = &fold{written: 1, last: line, handler: h}
		time.AfterFunc(foldWindow, func() { f.turn(message) })
		return true
	case m.written < foldBurst && m.last != line:
		m.written, m.last = m.written+1, line
		return true
	}
	m.folded++
	m.kept = append(m.kept[:0], r.Clone())
	return false
}

// turn ends a window. If lines were folded in it, the next begins, in which none is written.
func (f *folds) turn(message uint64) {
	f.mu.Lock()
	m := f.open[message]
	kept, folded := slices.Clone(m.kept), m.folded
	if folded == 0 {
		delete(f.open, message)
	} else {
		m.written, m.folded, m.kept = foldBurst, 0, nil
		time.AfterFunc(foldWindow, func() { f.turn(message) })
	}
	f.mu.Unlock()
	for _, r := range kept {
		if folded > 1 {
			r.AddAttrs(slog.Int("folded", folded))
		}
		_ = m.handler.Handle(context.Background(), r) // nobody is left to be told
	}
}
