package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// patience is how long a server that a killed program left may go on shutting down before it is told to, and how long
// each of the harder signals then gets.
const (
	patience     = 20 * time.Second
	signalWait   = 8 * time.Second // more than the 5 that Postgres gives its children after SIGQUIT
	leftoverPoll = 20 * time.Millisecond
)

// endLeftover returns once no process of an earlier server works on the data directory any more. The caller holds the
// directory's lock, so such a process belongs to a program that was killed: it is mostly shutting down already. One
// that goes on is ended, after making sure that it really is a server of this very directory. Then the pid file it
// may have left is removed, because its process id may belong to somebody else by now.
func endLeftover(ctx context.Context, data string, patience time.Duration, log *slog.Logger) error {
	if left, err := awaitLeftover(ctx, data, 0); err != nil || len(left) == 0 {
		return errors.Join(err, removePidFile(data))
	}
	log.InfoContext(ctx, "waiting for the postgres of a program that was killed", "data", data)
	left, err := awaitLeftover(ctx, data, patience)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err != nil || len(left) == 0 {
			break
		}
		log.WarnContext(ctx, "ending the postgres of a program that was killed", "pids", left, "signal", sig.String())
		for _, pid := range left {
			_ = syscall.Kill(pid, sig) // one that is gone needs none; the next look tells about the others
		}
		left, err = awaitLeftover(ctx, data, signalWait)
	}
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("processes %v still work on %s; end them", left, data)
	}
	if err != nil {
		return fmt.Errorf("server left by a killed program: %w", err)
	}
	return removePidFile(data)
}

// awaitLeftover polls until no server process of the data directory is left, at most for d, and returns those that are.
func awaitLeftover(ctx context.Context, data string, d time.Duration) ([]int, error) {
	deadline := time.NewTimer(d)
	defer deadline.Stop()
	tick := time.NewTicker(leftoverPoll)
	defer tick.Stop()
	for {
		left, err := serversOf(ctx, data)
		if err != nil || len(left) == 0 {
			return nil, err
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return left, nil
		case <-ctx.Done():
			return left, ctx.Err()
		}
	}
}

func removePidFile(data string) error {
	if err := os.Remove(filepath.Join(data, "postmaster.pid")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("stale pid file: %w", err)
	}
	return nil
}
