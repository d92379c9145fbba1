package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

func (p *program) recoverCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Take up a log that was restored: what the database has now is the past",
		Long: "Run it after the database was restored to an earlier time, whether ordermill runs or not. It raises the log's epoch, so that " +
			"consistency tokens, caches and read models of the past that was lost count no more; drops stored answers and claims of what the log " +
			"no longer has; and rebuilds all read models, those in Redis too. From then on orders are taken again. Running it once more does no harm.",
		Args: cobra.NoArgs,
	}
	format := addOutputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return p.beside(cmd, roles{}, func(ctx context.Context, process *process) error {
			recovered, err := process.set.Recover(ctx)
			if err != nil {
				return err
			}
			if !format.json() {
				for _, r := range recovered {
					fmt.Fprintf(p.stdout, "the log ends at %d and is of epoch %d now; dropped: %d answers, %d decisions, %d claims of what it no longer has\n",
						r.Head, r.Epoch, r.Answers, r.Decided, r.Claims)
				}
			}
			reports, err := p.rebuild(ctx, process, nil, replayOptions{})
			if format.json() {
				return errors.Join(p.printJSON(map[string]any{"recovered": recovered, "rebuilt": orEmpty(reports), "error": message(err)}), err)
			}
			p.printRebuilt(reports)
			if err != nil {
				return fmt.Errorf("the log is taken up, but not all read models are rebuilt; run ordermill replay for these: %w", err)
			}
			return nil
		})
	}
	return cmd
}
