package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// replayOptions are the flags of replay.
type replayOptions struct {
	all, dryRun bool
	until       int64
}

func (p *program) replayCommand() *cobra.Command {
	var o replayOptions
	cmd := &cobra.Command{
		Use:   "replay NAME… | --all",
		Short: "Rebuild read models from the log, beside the live ones",
		Long: "Reads the log, builds the named read models anew beside the live ones, compares the result with a fold of the log, and only " +
			"then has readers switch. Reads go on throughout. It runs beside a dev or a serve. Read models fail each for itself.",
		Example:           "  ordermill replay order_list\n  ordermill replay --all --dry-run",
		ValidArgsFunction: completeModels(0),
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "rebuild all read models")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "change nothing: report how what is stored differs from the log, as verify does")
	cmd.Flags().Int64Var(&o.until, "until", 0, "build the state after this position aside, and switch nothing")
	format := addOutputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		if o.all == (len(names) > 0) {
			return usagef("give the names of read models, or --all; `ordermill projections` lists them")
		}
		if o.until < 0 || o.dryRun && o.until > 0 {
			return usagef("--until takes a position of 1 or more, and does not go with --dry-run")
		}
		if o.dryRun {
			return p.verifyNames(cmd, names, format)
		}
		return p.beside(cmd, roles{}, func(ctx context.Context, process *process) error {
			return p.replay(ctx, process, names, o, format)
		})
	}
	return cmd
}

func (p *program) replay(ctx context.Context, process *process, names []string, o replayOptions, format *outputFormat) error {
	if err := process.known(names); err != nil {
		return err
	}
	reports, err := p.rebuild(ctx, process, names, o)
	if format.json() {
		return errors.Join(p.printJSON(map[string]any{"rebuilt": orEmpty(reports), "error": message(err)}), err)
	}
	p.printRebuilt(reports)
	return err
}

// rebuild builds read models anew, all for no names, and shows how far it is.
func (p *program) rebuild(ctx context.Context, process *process, names []string, o replayOptions) ([]projections.RebuildReport, error) {
	defer p.easeCollector()()
	bars := p.newBars()
	defer bars.close()
	shown := &replayBars{bars: bars}
	reports, err := process.set.Rebuild(ctx, projections.RebuildOptions{
		Names: names, Until: eventstore.Position(o.until), Progress: shown.progress,
	})
	shown.end(err)
	return reports, err
}

func (p *program) printRebuilt(reports []projections.RebuildReport) {
	rows := make([]table.Row, len(reports))
	for i, r := range reports {
		what := "switched"
		if !r.Switched {
			what = "aside: " + strings.Join(r.Tables, ", ")
		}
		rows[i] = table.Row{r.Projection, r.Generation, r.Position, r.Events, r.Rows, r.Parked, r.Took.Round(time.Millisecond), what}
	}
	if len(rows) > 0 {
		p.printTable(table.Row{"projection", "generation", "position", "events", "rows", "parked", "took", "readers"}, rows,
			"generation", "position", "events", "rows", "parked", "took")
	}
}

// known refuses names of no projection.
func (p *process) known(names []string) error {
	for _, name := range names {
		if !slices.Contains(p.set.Names(), name) {
			return usagef("there is no projection %q; there are %s", name, strings.Join(p.set.Names(), ", "))
		}
	}
	return nil
}

// message is an error for JSON.
func message(err error) *string {
	if err == nil {
		return nil
	}
	text := err.Error()
	return &text
}

// orEmpty is an empty list rather than null in JSON.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// replayBars shows a rebuild: a bar for reading and one for each projection after that. progress is called from one
// goroutine at a time.
type replayBars struct {
	bars *bars
	read *bar
	each map[string]*bar
}

func (r *replayBars) progress(now projections.Progress) {
	if now.Phase == projections.PhaseRead {
		if r.read == nil {
			r.read, r.each = r.bars.bar("read the log", now.Total), make(map[string]*bar)
		}
		r.read.set(now.Done, now.Total)
		return
	}
	if r.read != nil {
		r.read.done(nil)
	}
	b := r.each[now.Projection]
	if b == nil {
		b = r.bars.bar(now.Projection, 0) // how long a phase takes is not known beforehand, so there are no per cent
		r.each[now.Projection] = b
	}
	b.message(fmt.Sprintf("%s: %s", now.Projection, now.Phase))
	if now.Phase == projections.PhaseDone {
		b.done(nil)
	}
}

// end marks what did not come to its end.
func (r *replayBars) end(err error) {
	if r.read != nil {
		r.read.done(err)
	}
	for _, b := range r.each {
		if !b.tracker.IsDone() {
			b.done(err)
		}
	}
}
