package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"
)

// logger returns the program's logger: JSON lines, or text for a person, on standard error. Lines that come again and
// again are folded.
func (p *program) logger(c config) *slog.Logger {
	logger := slog.New(newFolding(logHandler(p.stderr, c.LogFormat == "text" || c.LogFormat != "json" && isTerminal(p.stderr), c.LogLevel)))
	if p.capture != nil {
		p.capture(logger)
	}
	return logger
}

func logHandler(w io.Writer, text bool, level slog.Level) slog.Handler {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: readableAttr}
	if text {
		return slog.NewTextHandler(w, options)
	}
	return slog.NewJSONHandler(w, options)
}

// readableAttr writes durations with their unit, such as 1.25s or 380µs.
func readableAttr(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(rounded(a.Value.Duration()))
	}
	return a
}

// rounded rounds a duration to what matters of it.
func rounded(d time.Duration) string {
	switch size := d.Abs(); {
	case size >= 10*time.Second:
		d = d.Round(100 * time.Millisecond)
	case size >= 10*time.Millisecond:
		d = d.Round(time.Millisecond)
	case size >= 10*time.Microsecond:
		d = d.Round(time.Microsecond)
	}
	return d.String()
}

// captureLibraries has everything that libraries would print come as lines of the log: what the standard library logs,
// and the Redis client. It is for main, once in a process.
func captureLibraries(logger *slog.Logger) {
	slog.SetDefault(logger) // takes the package log with it, which net/http uses where it has no logger of its own
	log.SetFlags(0)
	redis.SetLogger(redisLog{logger})
}

// redisLog is the log of the Redis client. What it says is no failure: whoever asks Redis has another way, and says so.
type redisLog struct{ *slog.Logger }

// Printf implements what the client wants of a logger.
func (l redisLog) Printf(ctx context.Context, format string, values ...any) {
	l.WarnContext(ctx, "redis client", "says", fmt.Sprintf(format, values...))
}

// configureDaemon is configure for a command whose standard error is a log from its first line to its last.
func (p *program) configureDaemon(cmd *cobra.Command) (config, *slog.Logger, error) {
	c, err := p.configure(cmd)
	logger := p.logger(c)
	if !isTerminal(p.stderr) {
		p.daemon = logger
	}
	return c, logger, err
}

// complain says why the program ends.
func (p *program) complain(err error) {
	if p.daemon != nil {
		p.daemon.Error("ended", "error", err)
		return
	}
	fmt.Fprintf(p.stderr, "ordermill: %v\n", err)
}
