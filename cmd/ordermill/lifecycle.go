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
	if failure == nil {
		pause(context.WithoutCancel(ctx), p.config.DrainDelay) // load balancers have to notice
		return nil
	}
	return fmt.Errorf("a part of the program has failed: %w", failure)
}
