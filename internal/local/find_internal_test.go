package local

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFind_nothingInstalled(t *testing.T) {
	t.Parallel()

	var missing *MissingError
	if _, err := findIn(t.Context(), []string{"/nowhere", t.TempDir()}, 0); !errors.As(err, &missing) || missing.What != "PostgreSQL" {
		t.Errorf("findIn = %v; want a MissingError", err)
	}
	if text := missing.Error(); !strings.Contains(text, "install it with: "+installCommand(system())) {
		t.Errorf("message %q lacks the command", text)
	}
}

// Giving up is no reason to tell people to install something.
func TestFindIn_cancelled(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := findIn(ctx, []string{installation(t, "postgres (PostgreSQL) 16.2")}, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("findIn = %v; want canceled", err)
	}
}

func TestFindRedis_nothingInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())

	var missing *MissingError
	if _, err := findRedis(); !errors.As(err, &missing) || missing.What != "Redis" {
		t.Errorf("findRedis = %v; want a MissingError", err)
	}
}

func TestFindIn_versions(t *testing.T) {
	t.Parallel()

	old, fitting := installation(t, "postgres (PostgreSQL) 13.4"), installation(t, "postgres (PostgreSQL) 16.2 (Debian 16.2-1)")
	newer := installation(t, "postgres (PostgreSQL) 19beta1")
	tests := map[string]struct {
		dirs  []string
		major int
		want  string // the directory, or part of the message
	}{
		"the first":                    {[]string{newer, fitting}, 0, newer},
		"that of the data":             {[]string{newer, fitting}, 16, fitting},
		"too old ones are passed over": {[]string{old, fitting}, 0, fitting},
		"too old":                      {[]string{old}, 0, "at least 15 is needed"},
		"none that fits the data":      {[]string{newer}, 16, "point ORDERMILL_PG_BIN to the old version"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			found, err := findIn(t.Context(), tt.dirs, tt.major)
			if found.Dir != tt.want && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("findIn = %v, %v; want %s", found, err, tt.want)
			}
		})
	}
}

// installation makes a directory with the binaries of a version. A shell does it: see copyOfSelf.
func installation(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	const script = `cd "$1"; for name in initdb postgres; do printf '#!/bin/sh\necho "%s"\n' "$2" > $name; chmod 755 $name; done`
	if out, err := exec.CommandContext(t.Context(), "sh", "-euc", script, "sh", dir, version).CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v: %s", dir, err, out)
	}
	return dir
}

func TestAccount_unknownUser(t *testing.T) {
	t.Parallel()

	stranger := dropTo("user 54321", 54321, 54321)
	if err := stranger.check(t.Context()); err == nil || !strings.Contains(err.Error(), "has no entry in /etc/passwd") {
		t.Errorf("check = %v; want it to name the missing entry", err)
	}
	if err := (account{uid: uint32(os.Geteuid())}).check(t.Context()); err != nil {
		t.Errorf("check of this user = %v; want nil", err)
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil { // a directory is to be entered by its owner
		t.Fatal(err)
	}
	inside := filepath.Join(closed, "inside")
	if err := os.Mkdir(inside, 0o755); err != nil { // the parent is what is closed
		t.Fatal(err)
	}
	if err := stranger.reach(inside); err == nil || !strings.Contains(err.Error(), "cannot enter "+closed) {
		t.Errorf("reach = %v; want it to name %s", err, closed)
	}
}

// A server that goes on after its program was killed is ended, and no other process is: not even the one that a
// stale pid file happens to name.
func TestEndLeftover(t *testing.T) {
	t.Parallel()

	dir, err := os.MkdirTemp("/tmp", "ordermill-local-") //nolint:usetesting // short, and open to the server's user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // the first failure is told already
	server, err := StartPostgres(t.Context(), PostgresConfig{Dir: dir, Binaries: os.Getenv("ORDERMILL_PG_BIN")})
	if err != nil {
		t.Fatal(err)
	}
	if err := endLeftover(t.Context(), server.data(), 50*time.Millisecond, server.log); err != nil {
		t.Fatal(err)
	}
	if !server.process.within(t.Context(), time.Second) {
		t.Error("the server runs on")
	}
	if err := server.Stop(t.Context()); err != nil { // frees the directory
		t.Fatal(err)
	}
	bystander := startBystander(t, server)
	again, err := StartPostgres(t.Context(), PostgresConfig{Dir: dir, Binaries: os.Getenv("ORDERMILL_PG_BIN")})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	if err := bystander.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the bystander: %v; want it alive", err)
	}
}

// startBystander runs a process of the server's user and writes its id into a stale pid file.
func startBystander(t *testing.T, server *Postgres) *os.Process {
	t.Helper()
	as, err := serverAccount(server.data())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sleep", "600")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as.credential}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // the test's context has ended it
		_ = cmd.Wait()         // says that it was killed
	})
	text := strconv.Itoa(cmd.Process.Pid) + "\n" + server.data() + "\n1\n5432\n" + server.socketDir + "\n\n0 0\nready\n"
	path := filepath.Join(server.data(), "postmaster.pid")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if as.credential != nil {
		if err := os.Chown(path, int(as.uid), int(as.gid)); err != nil {
			t.Fatal(err)
		}
	}
	return cmd.Process
}
