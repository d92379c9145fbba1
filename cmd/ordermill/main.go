// Command ordermill is the order backend: all its roles, the tools beside them, and a whole private installation for
// development (`ordermill dev`).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "dev"

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// program is one run of ordermill and all that it has of the world outside.
type program struct {
	environ map[string]string
	stdout  io.Writer
	stderr  io.Writer
	now     func() time.Time
	daemon  *slog.Logger       // of a command that runs for long: how it ends is a line of its log; nil: it is a message
	capture func(*slog.Logger) // has the libraries write into the log, too; nil: they write as they like
}

func main() {
	ctx, end := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, endSignals()...)
	go func() { // it lives as long as the program
		<-signals
		end()
		<-signals
		slog.Warn("ended at once") //nolint:sloglint // the log of whatever runs
		os.Exit(exitFailed)        // what it has started ends with it
	}()
	p := &program{environ: environment(os.Environ()), stdout: os.Stdout, stderr: os.Stderr, now: time.Now, capture: captureLibraries}
	os.Exit(p.main(ctx, os.Args[1:]))
}

// endSignals are the signals that end the program in good order. A terminal that closes is one of them, unless the
// program was started to outlive it (nohup).
func endSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// main runs the command that args name and returns the exit code.
func (p *program) main(ctx context.Context, args []string) int {
	running := false
	root := p.root(&running)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	var wrong *usageError
	if errors.As(err, &wrong) || !running { // cobra itself has refused the command line
		p.complain(err)
		if !running {
			fmt.Fprintln(p.stderr, "ordermill --help lists the commands, ordermill COMMAND --help a command's flags")
		}
		return exitUsage
	}
	if !errors.Is(err, errReported) {
		p.complain(explain(err))
	}
	return exitFailed
}

// root builds the command line. running becomes true once a command was understood and begins.
func (p *program) root(running *bool) *cobra.Command {
	root := &cobra.Command{
		Use:           "ordermill",
		Short:         "An order backend: commands in, events kept, read models served",
		Long:          "ordermill takes orders by a write API, keeps every event, and serves read models that can be rebuilt by replay.\n\nStart with `ordermill dev`. Settings come from the environment, and flags override them: `ordermill help settings` explains them, `ordermill config` shows those that hold.",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRun: func(*cobra.Command, []string) {
			*running = true
		},
	}
	root.SetVersionTemplate(versionLine() + "\n")
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	addSettingFlags(root.PersistentFlags())
	completeSettings(root)
	root.AddCommand(
		p.settingsTopic(),
		p.devCommand(), p.serveCommand(), p.migrateCommand(), p.importCommand(),
		p.replayCommand(), p.verifyCommand(), p.recoverCommand(), p.projectionsCommand(), p.eventsCommand(),
		p.tokenCommand(), p.configCommand(), p.benchCommand(), p.versionCommand(),
	)
	return root
}
