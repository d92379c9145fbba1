package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// until runs work, which ends early when ctx does or when a part of the process fails.
func (p *process) until(ctx context.Context, work func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	select {
	case err := <-done:
		return err
	case err := <-p.group.failed:
		cancel()
		if late := <-done; !errors.Is(late, context.Canceled) {
			err = errors.Join(err, late)
		}
		return err
	}
}

// takenUp waits as long as the log has another past than was seen of it: until ordermill recover was run.
func (p *process) takenUp(ctx context.Context) error {
	for past := p.store.Past(); past.Err() != nil; past = p.store.Past() {
		select {
		case <-past.Ended():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// drain tells clients to leave, while they are still served.
func (p *process) drain() {
	if p.writeHost != nil {
		p.writeHost.Drain()
	}
	if p.readHost != nil {
		p.readHost.Drain()
	}
}

// serve returns when ctx ends, after readiness is off and has been for a moment, or when a part of the process fails.
func (p *process) serve(ctx context.Context, a *admin) error {
	var failure error
	select {
	case <-ctx.Done():
		p.log.Info("draining: a second signal ends at once")
	case failure = <-p.group.failed:
		p.log.Error("ending", "error", failure, slog.String("roles", p.roles.String()))
	}
	a.state.Store(draining)
	p.drain()
	if failure == nil {
		pause(context.WithoutCancel(ctx), p.config.DrainDelay) // load balancers have to notice
		return nil
	}
	return fmt.Errorf("a part of the program has failed: %w", failure)
}
