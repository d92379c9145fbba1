package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// group runs the parts of a process. A part uses only those that were started before it, so they are stopped in
// reverse.
type group struct {
	parts  []*part
	failed chan error // what made a part end before it was stopped; the first counts
}

// part is something that runs until its context ends, then finishes what it has begun, and returns.
type part struct {
	name  string
	stop  context.CancelFunc
	ended chan struct{}
	err   error // once ended
}

func newGroup() *group { return &group{failed: make(chan error, 1)} }

// start begins a part. It outlives ctx: only stop ends it.
func (g *group) start(ctx context.Context, name string, run func(context.Context) error) {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	p := &part{name: name, stop: stop, ended: make(chan struct{})}
	g.parts = append(g.parts, p)
	go func() {
		defer close(p.ended)
		err := run(running)
		if err != nil {
			p.err = fmt.Errorf("%s: %w", name, err)
		}
		if running.Err() != nil {
			return
		}
		if err == nil {
			p.err = fmt.Errorf("%s ended by itself", name)
		}
		select {
		case g.failed <- p.err:
		default:
		}
	}()
}

// stop ends all parts, the last one first, and gives each as long as ctx allows. A part that does not end in time is
// left behind and named in the error.
func (g *group) stop(ctx context.Context) error {
	var errs []error
	for _, p := range slices.Backward(g.parts) {
		p.stop()
		select {
		case <-p.ended:
			errs = append(errs, p.err)
		case <-ctx.Done():
			errs = append(errs, fmt.Errorf("%s did not end in time", p.name))
		}
	}
	g.parts = nil
	return errors.Join(errs...)
}

// closing is a context for closing things after the one that was waited for has ended.
func closing(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), d)
}
