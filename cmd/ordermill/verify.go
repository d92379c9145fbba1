package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/ordermill/ordermill/projections"
)

func (p *program) verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		ValidArgsFunction: completeModels(0),
		Use:               "verify [NAME…]",
		Short:             "Compare read models with the log, while everything runs",
		Long: "Folds the log anew and compares every stored row and document with the result, each at the very position it is at; checks that " +
			"the log has no hole. Nothing is changed. The exit code is 1 if anything differs.",
	}
	format := addOutputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, names []string) error { return p.verifyNames(cmd, names, format) }
	return cmd
}

// verifyNames verifies the named read models, or all.
func (p *program) verifyNames(cmd *cobra.Command, names []string, format *outputFormat) error {
	return p.beside(cmd, roles{}, func(ctx context.Context, process *process) error {
		if err := process.known(names); err != nil {
			return err
		}
		began := p.now()
		bars := p.newBars()
		var reading *bar
		found, err := process.set.Verify(ctx, projections.VerifyOptions{Names: names, Progress: func(now projections.Progress) {
			if reading == nil {
				reading = bars.bar("read the log", now.Total)
			}
			reading.set(now.Done, now.Total)
		}})
		if reading != nil {
			reading.done(err)
		}
		bars.close()
		if err != nil {
			return err
		}
		if len(names) == 0 {
			names = process.set.Names()
		}
		return p.printDifferences(names, found, p.now().Sub(began), format)
	})
}

func (p *program) printDifferences(names []string, found []projections.Difference, took time.Duration, format *outputFormat) error {
	took = took.Round(time.Millisecond)
	if format.json() {
		err := p.printJSON(map[string]any{"verified": names, "differences": orEmpty(found), "took_ms": took.Milliseconds()})
		if len(found) > 0 {
			err = errors.Join(err, errReported)
		}
		return err
	}
	if len(found) == 0 {
		_, err := fmt.Fprintf(p.stdout, "%d read models equal the log (%s)\n", len(names), took)
		return err
	}
	rows := make([]table.Row, len(found))
	for i, d := range found {
		rows[i] = table.Row{d.Projection, d.Table, d.Key, d.Position, d.Problem}
	}
	p.printTable(table.Row{"projection", "table", "key", "position", "problem"}, rows, "position")
	return fmt.Errorf("%d differences; `ordermill replay NAME` builds a read model anew, and `ordermill projections unpark NAME` tries again what is parked", len(found))
}
