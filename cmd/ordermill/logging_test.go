package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sharedLog is a log's text that timers write to as well.
type sharedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *sharedLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// take returns what was written since the last take.
func (l *sharedLog) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

// lines are the messages that a log has, each with how many it stands for.
func lines(t *testing.T, text string) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(text) {
		var r struct {
			Msg    string
			N      int
			Folded int
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, fmt.Sprintf("%s %d %d", r.Msg, r.N, r.Folded))
	}
	return all
}

// A message that comes again and again is written at a bounded rate, with how often it came; what differs is not lost
// sight of, and what answers for a request never is.
func TestFolding(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var out sharedLog
		logger := slog.New(newFolding(logHandler(&out, false, slog.LevelInfo)))
		want := func(what string, expected ...string) {
			t.Helper()
			synctest.Wait()
			if got := lines(t, out.take()); strings.Join(got, "|") != strings.Join(expected, "|") {
				t.Errorf("%s: %q; want %q", what, got, expected)
			}
		}
		for range 5 {
			logger.Info("equal", "n", 1)
		}
		want("equal lines", "equal 1 0")
		time.Sleep(foldWindow)
		want("at the window's end", "equal 1 4")
		for range 3 {
			logger.Info("equal", "n", 1)
		}
		want("as long as it goes on", []string{}...)
		time.Sleep(foldWindow)
		want("at the second window's end", "equal 1 3")
		time.Sleep(2 * foldWindow)
		logger.Info("equal", "n", 1)
		want("after a while", "equal 1 0")
		logger.With("projection", "a").Info("equal", "n", 1)
		logger.With("projection", "b").Info("equal", "n", 1)
		logger.Warn("equal", "n", 1)
		want("of others", "equal 1 0", "equal 1 0", "equal 1 0")

		for n := range 100 {
			logger.Info("different", "n", n)
		}
		if got := lines(t, out.take()); len(got) != foldBurst {
			t.Errorf("%d lines of one message, want %d", len(got), foldBurst)
		}
		time.Sleep(foldWindow)
		want("the last of many", "different 99 90")

		for range 100 {
			logger.Error("request failed", "n", 1, "request_id", "r")
		}
		if got := lines(t, out.take()); len(got) != 100 {
			t.Errorf("%d lines of 100 requests", len(got))
		}
		time.Sleep(3 * foldWindow)
	})
}

// Durations are written with a unit in both formats.
func TestReadable(t *testing.T) {
	t.Parallel()

	for d, want := range map[time.Duration]string{
		1_010_123_456 * time.Nanosecond: "1.01s", 215 * time.Microsecond: "215µs", 12_345 * time.Millisecond: "12.3s", 0: "0s", -3 * time.Hour: "-3h0m0s",
	} {
		for _, text := range []bool{false, true} {
			var out bytes.Buffer
			slog.New(logHandler(&out, text, slog.LevelInfo)).Info("x", "took", d, slog.Group("in", "took", d))
			if strings.Count(out.String(), want) != 2 {
				t.Errorf("%s: %s; want %s", d, &out, want)
			}
		}
	}
}

// lastLine returns the last line of a log. What comes before it depends on the machine.
func lastLine(text string) string {
	text = strings.TrimRight(text, "\n")
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// How a daemon ends is a line of its log, whatever was wrong.
func TestDaemon_endsWithALine(t *testing.T) {
	t.Parallel()

	for _, args := range [][]string{{"serve"}, {"serve", "--write-addr", "x"}, {"serve", "--roles", "king"}, {"dev", "--order-ttl", "soon"}} {
		code, stdout, stderr := run(t, map[string]string{"DEV_DIR": t.TempDir()}, args...)
		var line struct{ Level, Msg, Error string }
		if err := json.Unmarshal([]byte(lastLine(stderr)), &line); err != nil || line.Level != "ERROR" || line.Error == "" || code != exitUsage || stdout != "" {
			t.Errorf("%v: exit %d, %q, %q", args, code, stdout, stderr)
		}
		code, _, stderr = run(t, map[string]string{"DEV_DIR": t.TempDir(), "LOG_FORMAT": "text"}, args...)
		if code != exitUsage || !strings.Contains(lastLine(stderr), "level=ERROR") {
			t.Errorf("%v: exit %d, %q", args, code, stderr)
		}
	}
}

// What libraries print comes as lines of the log. It changes what the whole process does, so it is not parallel.
func TestCaptureLibraries(t *testing.T) { //nolint:paralleltest // see above
	flags, before := log.Flags(), slog.Default()
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetFlags(flags)
	})
	var out bytes.Buffer
	logger := slog.New(logHandler(&out, false, slog.LevelInfo))
	captureLibraries(logger)
	log.Printf("http: %v", errors.New("superfluous response.WriteHeader call"))
	redisLog{logger}.Printf(t.Context(), "connection pool: failed to dial after %d attempts", 5)
	if got := lines(t, out.String()); len(got) != 2 || !strings.Contains(out.String(), "failed to dial after 5 attempts") {
		t.Errorf("lines = %q", out.String())
	}
}
