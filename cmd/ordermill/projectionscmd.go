package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/ordermill/ordermill/projections"
)

// unparkTimeout bounds the wait for one stream to be tried again.
const unparkTimeout = time.Minute

func (p *program) projectionsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "projections",
		Aliases: []string{"projection"},
		Short:   "Show read models: how far they are, who builds them, what is parked",
		Args:    cobra.NoArgs,
	}
	format := addOutputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return p.listProjections(cmd, format) }

	list := &cobra.Command{Use: "list", Short: "The same", Args: cobra.NoArgs}
	listFormat := addOutputFlag(list)
	list.RunE = func(cmd *cobra.Command, _ []string) error { return p.listProjections(cmd, listFormat) }
	cmd.AddCommand(list, p.parkedCommand(), p.unparkCommand())
	return cmd
}

func (p *program) listProjections(cmd *cobra.Command, format *outputFormat) error {
	return p.beside(cmd, roles{}, func(ctx context.Context, process *process) error {
		status, err := process.set.Status(ctx)
		if err != nil {
			return err
		}
		if format.json() {
			return p.printJSON(map[string]any{"data": status})
		}
		var rows []table.Row
		for _, s := range status {
			for _, l := range s.Logs {
				note := l.Problem
				if note == "" {
					note = s.RebuildNeeded
				}
				behind := strconv.FormatInt(l.LagEvents, 10)
				if l.LagMs > 0 {
					behind += " for " + rounded(time.Duration(l.LagMs)*time.Millisecond)
				}
				rows = append(rows, table.Row{s.Name, s.Store, s.Generation, s.State, l.Position, behind, l.ParkedStreams, l.Owner, note})
			}
		}
		p.printTable(table.Row{"projection", "store", "gen.", "state", "position", "behind", "parked", "built by", "note"}, rows,
			"gen.", "position", "behind", "parked")
		return nil
	})
}

func (p *program) parkedCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "parked",
		Short: "List the streams that wait because an event of theirs could not be applied",
		Args:  cobra.NoArgs,
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "at most so many")
	format := addOutputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if limit < 1 {
			return usagef("--limit takes 1 or more")
		}
		return p.beside(cmd, roles{}, func(ctx context.Context, process *process) error {
			found, err := process.set.Parked(ctx, limit)
			if err != nil {
				return err
			}
			if format.json() {
				return p.printJSON(map[string]any{"data": orEmpty(found)})
			}
			rows := make([]table.Row, len(found))
			for i, s := range found {
				rows[i] = table.Row{s.Projection, s.Stream, s.Tenant, s.Position, s.Events, s.ParkedAt.UTC().Format(time.RFC3339), s.Reason}
			}
			p.printTable(table.Row{"projection", "stream", "tenant", "position", "events", "since", "reason"}, rows, "position", "events")
			return nil
		})
	}
	return cmd
}

func (p *program) unparkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "unpark NAME [STREAM…]",
		Short:             "Try parked streams again: the named ones, or all of a read model",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeModels(1),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var streams []uuid.UUID
		for _, text := range args[1:] {
			id, err := uuid.Parse(text)
			if err != nil {
				return usagef("%q is not a stream's id; `ordermill projections parked` lists them", text)
			}
			streams = append(streams, id)
		}
		return p.beside(cmd, roles{}, func(ctx context.Context, process *process) error {
			if err := process.known(args[:1]); err != nil {
				return err
			}
			return p.unpark(ctx, process, args[0], streams)
		})
	}
	return cmd
}

// unpark tries each stream and says what became of it.
func (p *program) unpark(ctx context.Context, process *process, name string, streams []uuid.UUID) error {
	if len(streams) == 0 {
		parked, err := process.set.Parked(ctx, parkedLimit)
		if err != nil {
			return err
		}
		for _, s := range parked {
			if s.Projection == name {
				streams = append(streams, s.Stream)
			}
		}
	}
	var failed []error
	for _, stream := range streams {
		trying, cancel := context.WithTimeout(ctx, unparkTimeout)
		err := process.set.Unpark(trying, name, stream)
		cancel()
		if errors.Is(err, projections.ErrRebuildNeeded) {
			return fmt.Errorf("%w; run ordermill replay %s", err, name)
		}
		if err != nil {
			failed = append(failed, err)
			continue
		}
		fmt.Fprintf(p.stdout, "%s %s\n", name, stream)
	}
	if len(streams) == 0 {
		fmt.Fprintf(p.stdout, "nothing of %s is parked\n", name)
	}
	return errors.Join(failed...)
}
