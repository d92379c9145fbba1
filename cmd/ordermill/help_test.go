package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jedib0t/go-pretty/v6/table"
)

// A command's help shows its own flags. What all share is explained in one place, in full.
func TestHelp(t *testing.T) {
	t.Parallel()

	for _, args := range [][]string{{"--help"}, {"replay", "--help"}, {"help", "serve"}, {"projections", "unpark", "--help"}} {
		code, stdout, _ := run(t, nil, args...)
		for _, s := range settings {
			if strings.Contains(stdout, "--"+s.flag()+" ") {
				t.Errorf("%v shows --%s", args, s.flag())
			}
		}
		if code != exitDone || stdout == "" {
			t.Errorf("%v: exit %d, %q", args, code, stdout)
		}
	}
	if _, stdout, _ := run(t, nil, "--help"); !strings.Contains(stdout, "help settings") {
		t.Error("the program's help does not lead to that of the settings")
	}
	for _, args := range [][]string{{"help", "settings"}, {"settings"}} {
		_, stdout, _ := run(t, nil, args...)
		for _, s := range settings {
			if !strings.Contains(stdout, prefix+s.name) || !s.secret && !strings.Contains(stdout, "--"+s.flag()) {
				t.Errorf("%v does not explain %s", args, s.name)
			}
		}
	}
	// the flags work all the same
	if code, stdout, stderr := run(t, map[string]string{"DEV_DIR": t.TempDir()}, "config", "--read-addr", "127.0.0.1:7"); code != exitDone || !strings.Contains(stdout, "127.0.0.1:7") {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
}

func TestVersionFlag(t *testing.T) {
	t.Parallel()

	_, want, _ := run(t, nil, "version")
	if code, stdout, stderr := run(t, nil, "--version"); code != exitDone || stdout != want || stderr != "" {
		t.Errorf("exit %d, %q, %q; want %q", code, stdout, stderr, want)
	}
}

// What has a list of values is completed from it.
func TestCompletion(t *testing.T) {
	t.Parallel()

	for line, want := range map[string]string{
		"replay ":                "order_list",
		"replay metrics ":        "top_skus",
		"verify ":                "order_cache",
		"projections unpark ":    "metrics",
		"token --role ":          "warehouse",
		"serve --roles ":         "project",
		"replay --output ":       "json",
		"bench --only ":          "aging",
		"serve --log-format ":    "text",
		"verify --log-level ":    "debug",
		"import online-retail x": "",
	} {
		_, stdout, _ := run(t, nil, append([]string{"__complete"}, strings.Split(line, " ")...)...)
		if !strings.Contains("\n"+stdout, "\n"+want) {
			t.Errorf("%q is completed by %q; want %s among them", line, stdout, want)
		}
	}
	if _, stdout, _ := run(t, nil, "__complete", "replay", "metrics", ""); strings.Contains(stdout, "metrics") {
		t.Errorf("a name is offered twice: %q", stdout)
	}
}

// No table is wider than a page, whatever is in it, and nothing that is for copying is broken.
func TestTables(t *testing.T) {
	t.Parallel()

	long, id := strings.Repeat("something is wrong here, ", 20), uuid.NewString()
	for columns, limit := range map[string]int{"": tableWidth, "80": 80, "300": tableWidth, "none": tableWidth} {
		var out bytes.Buffer
		p := &program{environ: map[string]string{"COLUMNS": columns}, stdout: &out}
		p.printTable(table.Row{"projection", "stream", "position", "reason"}, []table.Row{
			{"order_list", id, 12, long}, {"stock_cache", id, 7_000_000, strings.Repeat("x", 300)},
		}, "position")
		for line := range strings.Lines(out.String()) {
			if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > limit || line != strings.TrimRight(line, " ") {
				t.Errorf("COLUMNS=%s: %d columns: %q", columns, utf8.RuneCountInString(line), line)
			}
		}
		if strings.Count(out.String(), id) != 2 {
			t.Errorf("COLUMNS=%s: an id is broken:\n%s", columns, &out)
		}
	}
	code, stdout, _ := run(t, map[string]string{"DEV_DIR": t.TempDir() + "/" + strings.Repeat("long/", 30)}, "config")
	for line := range strings.Lines(stdout) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > tableWidth || code != exitDone {
			t.Errorf("config: exit %d, %d columns: %q", code, n, line)
		}
	}
}

// A bar whose work is done is full, whatever was reported of it.
func TestBar_endsFull(t *testing.T) {
	t.Parallel()

	for _, progress := range [][2]int64{{0, 0}, {1, 5}, {5, 5}, {7, 0}} {
		b := (&bars{}).bar("work", 0)
		b.set(progress[0], progress[1])
		b.done(nil)
		if percent := b.tracker.PercentDone(); percent != 100 {
			t.Errorf("%v ends at %s %%", progress, fmt.Sprint(percent))
		}
	}
}
