package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/spf13/cobra"
)

// beside builds a process that serves nothing, on the database of a running dev or of the environment, and has do work
// with it.
func (p *program) beside(cmd *cobra.Command, r roles, do func(context.Context, *process) error) (err error) {
	c, err := p.configureBeside(cmd)
	if err != nil {
		return err
	}
	if err := needDatabase(c); err != nil {
		return err
	}
	log := p.logger(c)
	if _, source := p.overlay(cmd); isTerminal(p.stderr) && source["LOG_LEVEL"] == fromDefault {
		c.LogLevel = slog.LevelWarn // a person sees the bars
		log = p.logger(c)
	}
	p.limitMemory(log, 0)
	ctx := cmd.Context()
	if err := checkSessions(ctx, c.DatabaseURL); err != nil {
		return err
	}
	process, err := newProcess(ctx, c, options{roles: r, log: log, now: p.now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, process.stop(ctx)) }()
	return do(ctx, process)
}
