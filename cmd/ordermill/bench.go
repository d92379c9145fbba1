package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/ordermill/ordermill/cmd/ordermill/bench"
)

// benchMemory is the limit of memory that what is measured inside this process has, like a server's.
const benchMemory = 1 << 30

// benchCommand measures the program beside the limits of the machine.
func (p *program) benchCommand() *cobra.Command {
	var o bench.Options
	var output, books string
	var bare bool
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure speed beside the limits of this machine",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if bare {
				return bench.ServeBare(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
			}
			var err error
			if o.Books, err = filepath.Glob(books); err != nil {
				return fmt.Errorf("--books: %w", err)
			}
			if o.Binary, err = os.Executable(); err != nil {
				return fmt.Errorf("find the program: %w", err)
			}
			o.Log = cmd.ErrOrStderr()
			p.limitMemory(slog.New(slog.DiscardHandler), benchMemory)
			return runBench(cmd, o, output == "json")
		},
	}
	flags := cmd.Flags()
	flags.DurationVar(&o.Round, "round", 3*time.Second, "length of one measurement")
	flags.IntVar(&o.Rounds, "rounds", 5, "how often each figure is measured, in turn with its limit")
	flags.IntVar(&o.Events, "events", 1_000_000, "events of the replay")
	flags.IntVar(&o.Orders, "orders", 38_000, "orders that the program is aged by")
	flags.StringVar(&books, "books", "", "pattern of Online Retail files to import; none: a generated year")
	flags.StringVar(&o.Only, "only", "", "measure only this: appends, orders, long, import, reads, replay or aging")
	flags.StringVar(&output, "output", "table", "table or json")
	flags.BoolVar(&bare, "bare-echo", false, "serve standard input by a bare Echo handler")
	_ = flags.MarkHidden("bare-echo") // it exists
	completeFlag(cmd, "only", "appends", "orders", "long", "import", "reads", "replay", "aging")
	completeFlag(cmd, "output", asTable, asJSON)
	return cmd
}

// runBench measures in a directory of its own and fails when a promise is not kept.
func runBench(cmd *cobra.Command, o bench.Options, asJSON bool) (err error) {
	if o.Dir, err = os.MkdirTemp("", "ordermill-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	if err := os.Chmod(o.Dir, 0o711); err != nil { //nolint:gosec // the database's own user must be able to enter it
		return err
	}
	figures, err := bench.Run(cmd.Context(), o)
	if err != nil {
		return err
	}
	if asJSON {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(figures)
	} else {
		bench.Print(cmd.OutOrStdout(), figures)
	}
	for i := range figures {
		if !figures[i].Held() {
			err = errors.Join(err, fmt.Errorf("%s: the promise is not held", figures[i].Name))
		}
	}
	return err
}
